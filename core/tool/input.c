/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/load.h"
#include "tool/progress.h"
#include "tool/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int open_standard_input(struct rio_source **ret, struct rio_error *err)
{
	struct stat st;
	int fd;

	if (fstat(STDIN_FILENO, &st) < 0)
		return rio_fail_errno(err, errno, "cannot look at standard input");
	if (!S_ISREG(st.st_mode))
		return rio_fail(err, RIO_EOPTION,
			"standard input is no regular file: it is read at offsets, so save it");
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return rio_fail_errno(err, errno, "cannot open standard input");
	return rio_source_from_fd(fd, "standard input", ret, err);
}

int rio_tool_input_open(const char *name, struct rio_tool_input *ret, struct rio_error *err)
{
	struct rio_tool_input input = {.name = name};
	int r;

	if (strcmp(name, "-") == 0) {
		input.name = "standard input";
		r = open_standard_input(&input.source, err);
	} else {
		r = rio_source_open(name, &input.source, err);
	}
	if (r)
		return r;
	if (strcmp(name, "-") != 0) {
		input.store_path = realpath(name, NULL);
		if (!input.store_path) {
			r = rio_fail_file(err, errno, name, "cannot resolve the path");
			rio_tool_input_deinit(&input);
			return r;
		}
	}
	*ret = input;
	return 0;
}

/* The path as the user named it, absolute, with the links of its folders resolved. */
static char *named_path(const char *name, char **ret_folder)
{
	const char *slash = strrchr(name, '/');
	_cleanup_free_ char *given = slash ? strndup(name, RIO_MAX(slash - name, 1)) : strdup(".");
	_cleanup_free_ char *folder = given ? realpath(given, NULL) : NULL;
	char *path;

	if (!folder || asprintf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
			       slash ? slash + 1 : name) < 0)
		return NULL;
	*ret_folder = rio_steal(folder);
	return path;
}

static int find_options(struct rio_tool_input *input, const struct rio_tool_call *call,
	struct rio_error *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *path = input->store_path ? named_path(input->name, &folder) : NULL;
	int r = 0;

	if (input->store_path && !path)
		return rio_fail_errno(err, errno, "cannot resolve the path");
	if (call->find_config && path)
		r = rio_settings_find(folder, &input->found, err);
	input->file = input->found ? input->found : call->config;
	return r ? r : rio_settings_resolve(input->file, &call->given, path, &input->options,
				input->choices, err);
}

int rio_tool_input_resolve(struct rio_tool_input *input, const struct rio_tool_call *call,
	struct rio_error *err)
{
	int r = find_options(input, call, err);

	if (r)
		rio_error_set_file(err, input->name);
	return r;
}

int rio_tool_input_describe(struct rio_tool_input *input, const struct rio_tool_call *call,
	struct rio_store *store, struct rio_progress *progress, struct rio_error *err)
{
	const struct rio_dataset_config config = {
		.options = &input->options,
		.store = input->store_path ? store : NULL,
		.store_path = input->store_path,
		.progress = progress ? rio_progress_update : NULL,
		.progress_data = progress,
	};
	int r = rio_tool_input_resolve(input, call, err);

	return r ? r : rio_dataset_create(input->source, &config, &input->dataset, err);
}

void rio_tool_input_deinit(struct rio_tool_input *input)
{
	rio_dataset_destroy(input->dataset);
	rio_source_destroy(input->source);
	free(input->store_path);
	rio_options_deinit(&input->options);
	rio_settings_destroy(input->found);
	*input = (struct rio_tool_input){0};
}

char *rio_tool_size(uint64_t len_bytes, char text[RIO_TOOL_SIZE_BYTES])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double size = (double)len_bytes / 1024;
	size_t unit = 0;

	if (len_bytes < 1024) {
		snprintf(text, RIO_TOOL_SIZE_BYTES, "%ju bytes", (uintmax_t)len_bytes);
		return text;
	}
	for (; size >= 1023.95 && unit + 1 < RIO_ARRAY_SIZE(units); unit++)
		size /= 1024;
	snprintf(text, RIO_TOOL_SIZE_BYTES, "%.1f %s", size, units[unit]);
	return text;
}

bool rio_tool_read_size(const char **text, uint64_t *ret)
{
	static const char suffixes[] = "KMG";
	const char *p = *text, *suffix;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (!rio_mul_ok(value, (uint64_t)10, &value) ||
			!rio_add_ok(value, (uint64_t)(*p - '0'), &value))
			return false;
	suffix = *p ? strchr(suffixes, *p) : NULL;
	if (suffix) {
		p++;
		if (!rio_mul_ok(value, UINT64_C(1024) << (10 * (suffix - suffixes)), &value))
			return false;
	}
	*text = p;
	*ret = value;
	return true;
}
