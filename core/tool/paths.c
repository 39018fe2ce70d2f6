/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/paths.h"

#include "base/util.h"
#include "csv/file_name.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static int append(struct rio_paths *paths, const char *path, const struct stat *st,
	struct rio_error *err)
{
	if (paths->nr == paths->room) {
		size_t room = paths->room ? 2 * paths->room : 64;
		char **more = reallocarray(paths->paths, room, sizeof(*more));

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
		paths->paths = more;
		paths->room = room;
	}
	paths->paths[paths->nr] = strdup(path);
	if (!paths->paths[paths->nr])
		return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
	paths->nr++;
	paths->total_bytes += (uint64_t)st->st_size;
	return 0;
}

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcmp(name + len - end_len, end) == 0;
}

bool rio_path_is_recordio(const char *name)
{
	return ends_in(name, ".recordio") || ends_in(name, ".rec") || ends_in(name, ".pbr");
}

static bool is_meant(const struct rio_paths *paths, const char *name)
{
	unsigned rank;

	if (name[0] == '.')
		return false;
	return rio_csv_stem(name, &rank) || (paths->with_recordio && rio_path_is_recordio(name));
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void ftsp(FTS **fts)
{
	if (*fts)
		fts_close(*fts);
}

/* What one step of the walk adds. */
static int visit(struct rio_paths *paths, FTS *fts, FTSENT *entry, struct rio_error *err)
{
	struct stat st;

	switch (entry->fts_info) {
	case FTS_D:
		if (entry->fts_level > 0 && entry->fts_name[0] == '.')
			fts_set(fts, entry, FTS_SKIP);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return rio_fail_file(err, entry->fts_errno, entry->fts_path, "cannot be read");
	case FTS_F:
	case FTS_SL:
		if (is_meant(paths, entry->fts_name) &&
			stat(entry->fts_accpath, &st) == 0 && S_ISREG(st.st_mode))
			return append(paths, entry->fts_path, &st, err);
		return 0;
	default:
		return 0;
	}
}

static int walk(struct rio_paths *paths, char *dir, struct rio_error *err)
{
	char *roots[] = {dir, NULL};
	_cleanup_(ftsp) FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR,
		compare_names);
	FTSENT *entry;
	int r = 0;

	if (!fts)
		return rio_fail_errno(err, errno, "cannot walk %s", dir);
	/* One closed folder does not hide the others: the first failure is told in the end. */
	while ((errno = 0, entry = fts_read(fts))) {
		int failed = visit(paths, fts, entry, r ? NULL : err);

		r = r ? r : failed;
	}
	if (!r && errno)
		r = rio_fail_errno(err, errno, "cannot walk %s", dir);
	return r;
}

int rio_paths_add(struct rio_paths *paths, char *path, struct rio_error *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return rio_fail_file(err, errno, path, "cannot be opened");
	return S_ISDIR(st.st_mode) ? walk(paths, path, err) : append(paths, path, &st, err);
}

void rio_paths_deinit(struct rio_paths *paths)
{
	for (size_t i = 0; i < paths->nr; i++)
		free(paths->paths[i]);
	free(paths->paths);
	*paths = (struct rio_paths){0};
}
