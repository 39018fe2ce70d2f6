/* SPDX-License-Identifier: Apache-2.0 */
/* The mount's own options: their table, and what each takes. */
#include "options.h"

#include "base/util.h"
#include "view_names.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#define NR_THREADS_MAX 1024

/* A number in base, all of the text, no sign. */
static bool parse_number(const char *text, int base, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}

static bool parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	_cleanup_free_ char *digits = strdup(text);
	size_t len = strlen(text);
	unsigned shift = 0;
	uint64_t value;

	if (!digits || !len)
		return false;
	for (size_t i = 0; units[i]; i++)
		if (text[len - 1] == units[i] || text[len - 1] == units[i] + ('a' - 'A'))
			shift = 10 * (unsigned)(i + 1);
	if (shift)
		digits[len - 1] = '\0';
	if (!parse_number(digits, 10, (uint64_t)SSIZE_MAX >> shift, &value))
		return false;
	*ret = value << shift;
	return true;
}

static bool set_index_dir(struct rfs_options *options, const char *value)
{
	free(options->index_dir);
	options->keep_maps = strcmp(value, "none") != 0;
	options->index_dir = options->keep_maps ? strdup(value) : NULL;
	return value[0] && (options->index_dir || !options->keep_maps);
}

static bool set_config(struct rfs_options *options, const char *value)
{
	free(options->config);
	options->config = strdup(value);
	return value[0] && options->config;
}

static bool set_memory(struct rfs_options *options, const char *value)
{
	return parse_size(value, &options->memory_bytes);
}

static bool set_threads(struct rfs_options *options, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, NR_THREADS_MAX, &n) || n == 0)
		return false;
	options->nr_threads = (unsigned)n;
	return true;
}

/* The largest id stands for "no id" in system calls. */
static bool set_uid(struct rfs_options *options, const char *value)
{
	uint64_t id;

	options->has_uid = parse_number(value, 10, UINT32_MAX - 1, &id);
	if (options->has_uid)
		options->uid = (uid_t)id;
	return options->has_uid;
}

static bool set_gid(struct rfs_options *options, const char *value)
{
	uint64_t id;

	options->has_gid = parse_number(value, 10, UINT32_MAX - 1, &id);
	if (options->has_gid)
		options->gid = (gid_t)id;
	return options->has_gid;
}

static bool set_umask(struct rfs_options *options, const char *value)
{
	uint64_t mask;

	if (!parse_number(value, 8, 0777, &mask))
		return false;
	options->umask = (mode_t)mask;
	return true;
}

static bool set_layout(struct rfs_options *options, const char *value)
{
	bool mirror = strcmp(value, "mirror") == 0;

	options->layout = mirror ? RFS_MIRROR : RFS_SAGEMAKER;
	return mirror || strcmp(value, "sagemaker") == 0;
}

static bool set_allow_other(struct rfs_options *options, const char *value)
{
	options->allow_other = true;
	return true;
}

static bool set_direct_io(struct rfs_options *options, const char *value)
{
	options->direct_io = true;
	return true;
}

static bool set_passthrough(struct rfs_options *options, const char *value)
{
	options->passthrough = true;
	return true;
}

static bool set_concat(struct rfs_options *options, const char *value)
{
	options->concat = true;
	return true;
}

static bool set_shards(struct rfs_options *options, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, RFS_SHARDS_MAX, &n) || n == 0)
		return false;
	options->nr_shards = (unsigned)n;
	return true;
}

static bool set_idx(struct rfs_options *options, const char *value)
{
	options->idx = true;
	return true;
}

const struct rio_option_info rfs_option_table[] = {
	{"layout", "mirror|sagemaker", "SOURCE's folders, or those of a job at /opt/ml/input"},
	{"passthrough", NULL, "show SOURCE's other files, too, as they are"},
	{"concat", NULL, "beside each folder of CSV files, one file that is all of them"},
	{"shards", "N", "beside each file, N that are its parts, cut at records"},
	{"idx", NULL, "beside each file, MXNet's index of it"},
	{"config", "FILE|none", "settings by folder; else of the nearest recordiofs.ini"},
	{"index_dir", "DIR|none", "where offset maps are kept; else the user's cache folder"},
	{"memory", "SIZE", "for encoding ahead of sequential readers; else 64M, 0 is none"},
	{"threads", "COUNT", "requests worked on at the same time; else 16"},
	{"file_uid", "ID", "who owns files and folders; else each source's owner"},
	{"file_gid", "ID", "their group; else each source's group"},
	{"umask", "MASK", "permission bits to take away, in octal; else 0"},
	{"direct_io", NULL, "pass the kernel's page cache by: nothing is kept, large reads are fast"},
	{"allow_other", NULL, "let other users in, as permission bits allow"},
	{NULL, NULL, NULL},
};

/* In the table's order; takes says of a refused value what would do. */
static const struct {
	bool (*set)(struct rfs_options *options, const char *value);
	const char *takes;
} setters[] = {
	{set_layout, "mirror or sagemaker"},
	{set_passthrough, NULL},
	{set_concat, NULL},
	{set_shards, "a number from 1 to 99999"},
	{set_idx, NULL},
	{set_config, "a file, or none"},
	{set_index_dir, "a folder, or none"},
	{set_memory, "a number of bytes, as 64M or 1G; 0 is none"},
	{set_threads, "a number from 1 to 1024"},
	{set_uid, "a number, as id -u prints it"},
	{set_gid, "a number, as id -g prints it"},
	{set_umask, "octal digits, as 022"},
	{set_direct_io, NULL},
	{set_allow_other, NULL},
};

_Static_assert(RIO_ARRAY_SIZE(setters) + 1 == RIO_ARRAY_SIZE(rfs_option_table),
	"an option, a setter");

int rfs_option_set(struct rfs_options *options, const struct rio_option_info *info,
	const char *value, struct rio_error *err)
{
	size_t i = (size_t)(info - rfs_option_table);

	if (setters[i].set(options, value))
		return 0;
	return rio_fail(err, RIO_EOPTION, "%s=%s is not understood: %s takes %s", info->name,
		value, info->name, setters[i].takes);
}
