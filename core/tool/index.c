/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building, listing and pruning kept maps, and having them verified.  Results go to standard
 * output, a line a file; how far it is goes to standard error (tool/progress).
 * A file that fails does not keep the others from their turn.
 */
#include "tool/paths.h"
#include "tool/progress.h"
#include "tool/tool.h"
#include "tool/verify.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_VERIFY, OPTION_LIST, OPTION_PRUNE };

/* A quote that makes rows unreadable is wrong data, though the map is right. */
static enum rio_exit tell_bad_quote(const struct rio_tool_input *input)
{
	const struct rio_map *map = rio_dataset_map(input->dataset);

	if (map->bad_quote_off == RIO_NO_OFFSET)
		return RIO_EXIT_DONE;
	fprintf(stderr, "recordio: %s: unreadable from row %ju on: a %s quote at byte %ju\n",
		input->name, (uintmax_t)map->bad_quote_row,
		map->bad_quote_open ? "never closed" : "misplaced",
		(uintmax_t)map->bad_quote_off);
	return RIO_EXIT_DATA;
}

static enum rio_exit tell_built(const struct rio_tool_call *call,
	const struct rio_tool_input *input)
{
	static const char *const texts[] = {
		[RIO_MAP_BUILT] = "map built",
		[RIO_MAP_LOADED] = "map is up to date",
		[RIO_MAP_EXTENDED] = "map extended",
		[RIO_MAP_REBUILT] = "map rebuilt",
	};
	const char *reason = rio_dataset_map_reason(input->dataset);
	uint64_t nr_rows = rio_dataset_nr_rows(input->dataset);
	struct rio_map *kept = NULL;
	struct rio_error err;

	if (!rio_tool_needs_no_map(input) && rio_tool_load_kept(call, input, &kept, &err)) {
		if (*reason)
			rio_fail(&err, RIO_ESYSTEM, "%s", reason);
		rio_error_set_file(&err, input->name);
		return rio_tool_report(&err);
	}
	printf("%s: %ju row%s, ", input->name, (uintmax_t)nr_rows, nr_rows == 1 ? "" : "s");
	if (rio_tool_needs_no_map(input))
		puts("too small to need a map");
	else
		printf("%s%s%s\n", texts[rio_dataset_map_origin(input->dataset)],
			*reason ? ": " : "", reason);
	rio_map_destroy(kept);
	return tell_bad_quote(input);
}

static enum rio_exit index_file(const struct rio_tool_call *call, const char *path,
	struct rio_progress *progress)
{
	_cleanup_(rio_tool_input_deinit) struct rio_tool_input input = {0};
	bool verify = call->values[OPTION_VERIFY];
	struct rio_error err;
	int r = rio_tool_input_open(path, &input, &err);

	if (!r)
		r = rio_tool_input_describe(&input, call, verify ? NULL : call->store, progress,
			&err);
	if (!r)
		rio_progress_file_done(progress, rio_dataset_stamp(input.dataset)->size_bytes,
			rio_dataset_map_origin(input.dataset) != RIO_MAP_LOADED);
	if (!r && verify)
		return rio_tool_verify(call, &input, progress);
	rio_progress_clear(progress);
	return r ? rio_tool_report(&err) : tell_built(call, &input);
}

static enum rio_exit index_paths(const struct rio_tool_call *call)
{
	_cleanup_(rio_paths_deinit) struct rio_paths paths = {0};
	enum rio_exit code = RIO_EXIT_DONE;
	struct rio_progress progress;
	struct rio_error err;

	for (size_t i = 0; i < call->nr_files; i++)
		if (rio_paths_add(&paths, call->files[i], &err))
			code = rio_tool_worse(code, rio_tool_report(&err));
	rio_progress_init(&progress, paths.total_bytes * (call->values[OPTION_VERIFY] ? 2 : 1));
	for (size_t i = 0; i < paths.nr; i++) {
		code = rio_tool_worse(code, index_file(call, paths.paths[i], &progress));
		fflush(stdout);
	}
	return code;
}

static const char *state_text(const struct rio_store_entry *entry)
{
	switch (entry->state) {
	case RIO_OK:
		return "ok";
	case RIO_EMAP_STALE:
		return "stale";
	case RIO_EMAP_DAMAGED:
		return "damaged";
	case RIO_ENOT_INDEXED:
		return entry->source_path ? "gone" : "left over";
	default:
		return "unknown";
	}
}

static int list_entry(void *data, const struct rio_store_entry *entry)
{
	bool *begun = data;

	if (!*begun)
		printf("%12s %16s %12s  %-9s  %s\n", "rows", "source bytes", "map bytes", "state",
			"source");
	*begun = true;
	if (entry->source_path && entry->is_seek_index)
		printf("%12s %16ju", "-", (uintmax_t)entry->source_bytes);
	else if (entry->source_path)
		printf("%12ju %16ju", (uintmax_t)entry->nr_rows, (uintmax_t)entry->source_bytes);
	else
		printf("%12s %16s", "-", "-");
	printf(" %12ju  %-9s  %s", (uintmax_t)entry->file_bytes, state_text(entry),
		entry->source_path ? entry->source_path : entry->file_name);
	if (entry->state != RIO_OK)
		printf(" (%s)", entry->why->message);
	else if (entry->is_seek_index)
		printf(" (seek index)");
	putchar('\n');
	return 0;
}

struct pruning {
	struct rio_store *store;
	char **paths; /* resolved; of nr_paths, where not 0, only what lies there is pruned */
	size_t nr_paths;
	size_t nr_files;
	uint64_t len_bytes;
	enum rio_exit code;
};

static char *make_absolute(const char *path)
{
	_cleanup_free_ char *cwd = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
	char *absolute;

	if (!cwd || asprintf(&absolute, "%s%s%s", cwd, *cwd ? "/" : "", path) < 0)
		return NULL;
	for (size_t len = strlen(absolute); len && absolute[len - 1] == '/'; len--)
		absolute[len - 1] = '\0';
	return absolute;
}

/* Absolute, links resolved as far as it exists: what is to be pruned may be gone; "" is "/". */
static char *resolve(const char *path)
{
	_cleanup_free_ char *absolute = make_absolute(path);
	char *joined;

	for (size_t cut = absolute ? strlen(absolute) + 1 : 0; cut-- > 0;) {
		_cleanup_free_ char *head = strndup(absolute, cut);
		_cleanup_free_ char *real = NULL;

		if (absolute[cut] && absolute[cut] != '/')
			continue;
		real = head ? realpath(cut ? head : "/", NULL) : NULL;
		if (real)
			return asprintf(&joined, "%s%s", cut ? real : "", absolute + cut) < 0
				       ? NULL
				       : joined;
	}
	return NULL;
}

static bool is_at_or_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static bool is_meant(const struct pruning *pruning, const struct rio_store_entry *entry)
{
	for (size_t i = 0; i < pruning->nr_paths && entry->source_path; i++)
		if (is_at_or_below(entry->source_path, pruning->paths[i]))
			return true;
	return pruning->nr_paths == 0;
}

static int prune_entry(void *data, const struct rio_store_entry *entry)
{
	struct pruning *pruning = data;
	struct rio_error err;

	/* A source that cannot be looked at just now may be there all the same. */
	if (entry->state == RIO_OK || entry->state == RIO_ESYSTEM || !is_meant(pruning, entry))
		return 0;
	if (rio_store_remove(pruning->store, entry->file_name, &err)) {
		pruning->code = rio_tool_worse(pruning->code, rio_tool_report(&err));
		return 0;
	}
	pruning->nr_files++;
	pruning->len_bytes += entry->file_bytes;
	printf("removed %s: %s, %ju bytes\n",
		entry->source_path ? entry->source_path : entry->file_name, entry->why->message,
		(uintmax_t)entry->file_bytes);
	return 0;
}

static enum rio_exit list_maps(const struct rio_tool_call *call)
{
	bool begun = false;
	struct rio_error err;

	return rio_store_list(call->store, list_entry, &begun, &err) ? rio_tool_report(&err)
								      : RIO_EXIT_DONE;
}

static void deinit_pruning(struct pruning *pruning)
{
	for (size_t i = 0; i < pruning->nr_paths; i++)
		free(pruning->paths[i]);
	free(pruning->paths);
}

static int init_pruning(const struct rio_tool_call *call, struct pruning *ret,
	struct rio_error *err)
{
	*ret = (struct pruning){
		.store = call->store, .paths = calloc(call->nr_files + 1, sizeof(char *))};
	while (ret->paths && ret->nr_paths < call->nr_files) {
		const char *path = call->files[ret->nr_paths];

		ret->paths[ret->nr_paths] = resolve(path);
		if (!ret->paths[ret->nr_paths])
			return rio_fail_errno(err, errno, "cannot resolve %s", path);
		ret->nr_paths++;
	}
	return ret->paths ? 0 : rio_fail(err, RIO_ENOMEM, "no memory for a list of paths");
}

static enum rio_exit prune_maps(const struct rio_tool_call *call)
{
	_cleanup_(deinit_pruning) struct pruning pruning = {0};
	struct rio_error err;

	if (init_pruning(call, &pruning, &err) ||
		rio_store_list(call->store, prune_entry, &pruning, &err))
		return rio_tool_report(&err);
	printf("removed %zu file%s, %ju bytes\n", pruning.nr_files,
		pruning.nr_files == 1 ? "" : "s", (uintmax_t)pruning.len_bytes);
	return pruning.code;
}

/* What is wrong with the call, or NULL. */
static const char *wrong_call(const struct rio_tool_call *call)
{
	bool list = call->values[OPTION_LIST], prune = call->values[OPTION_PRUNE];
	bool verify = call->values[OPTION_VERIFY];

	if (list + prune + verify > 1)
		return "--verify, --list and --prune do not go together";
	if (list && call->nr_files)
		return "--list is about the whole index folder and takes no PATH";
	if (!list && !prune && !call->nr_files)
		return "index needs a PATH; see recordio index --help";
	if (!call->store)
		return "index needs a folder to keep maps in: give it one with --index_dir";
	return NULL;
}

static enum rio_exit run_index(const struct rio_tool_call *call)
{
	const char *wrong = wrong_call(call);
	struct rio_error err;

	if (wrong) {
		rio_fail(&err, RIO_EOPTION, "%s", wrong);
		return rio_tool_report(&err);
	}
	if (call->values[OPTION_LIST])
		return list_maps(call);
	return call->values[OPTION_PRUNE] ? prune_maps(call) : index_paths(call);
}

const struct rio_tool_command rio_tool_index = {
	.name = "index",
	.arguments = "PATH...",
	.help = "Build and keep the offset maps of CSV files, and look after kept ones",
	.options = {
		[OPTION_VERIFY] = {"verify", NULL, "count again and compare with the kept maps"},
		[OPTION_LIST] = {"list", NULL, "list the kept maps"},
		[OPTION_PRUNE] = {"prune", NULL, "remove maps of gone or changed sources (of those at PATHs)"},
	},
	.run = run_index,
};
