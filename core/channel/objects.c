/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A channel's folder as S3 lists a prefix: one sorted list of keys, whatever folders they
 * lie in.  '/' is a byte among others, so a.csv comes before a/b.csv, and the list is
 * sorted as a whole, not folder by folder.
 *
 * The walk keeps no folder open while it looks into those below, so that their depth
 * takes no descriptors.
 */
#include "channel/objects.h"

#include "base/util.h"
#include "csv/file_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The kernel asks to come again (EAGAIN) when a rename crossed a "..". */
#define RESOLVE_TRIES_MAX 64

int rio_objects_add(struct rio_objects *objects, const char *key, struct rio_error *err)
{
	if (objects->nr == objects->room) {
		size_t room = objects->room ? 2 * objects->room : 64;
		char **more = reallocarray(objects->keys, room, sizeof(*more));

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
		objects->keys = more;
		objects->room = room;
	}
	objects->keys[objects->nr] = strdup(key);
	if (!objects->keys[objects->nr])
		return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
	objects->nr++;
	return 0;
}

void rio_objects_deinit(struct rio_objects *objects)
{
	for (size_t i = 0; i < objects->nr; i++)
		free(objects->keys[i]);
	free(objects->keys);
	*objects = (struct rio_objects){0};
}

struct walk {
	int dir_fd;
	const char *folder;
	struct rio_objects *found;
};

/* A folder and those above it, on the way from the channel's. */
struct level {
	const struct level *up;
	struct stat st;
};

static int fail_at(const struct walk *walk, const char *rel, int e, struct rio_error *err)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s%s", walk->folder, *rel ? "/" : "", rel) < 0)
		path = NULL;
	return rio_fail_file(err, e, path ? path : walk->folder, "cannot be read");
}

/* A descriptor, or -1 with errno: EXDEV where the way leads out. */
static int open_beneath(const struct walk *walk, const char *rel, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	for (int i = 0; i < RESOLVE_TRIES_MAX; i++) {
		fd = syscall(SYS_openat2, walk->dir_fd, rel, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd < 0 && errno == ENOSYS)
		fd = openat(walk->dir_fd, rel, flags | O_CLOEXEC);
	return (int)fd;
}

/* What the entry is, links followed.  1: nothing that is there, or not below the folder. */
static int look_at(struct walk *walk, int fd, const char *name, const char *rel,
	struct stat *ret_st, struct rio_error *err)
{
	_cleanup_close_ int followed_fd = -1;
	unsigned rank;

	if (fstatat(fd, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 1 : fail_at(walk, rel, errno, err);
	if (!S_ISLNK(ret_st->st_mode))
		return 0;
	followed_fd = open_beneath(walk, rel, O_PATH);
	if (followed_fd < 0 && errno == EXDEV)
		walk->found->nr_outside += rio_csv_stem(name, &rank) > 0;
	if (followed_fd < 0 && (errno == EXDEV || errno == ENOENT || errno == ELOOP))
		return 1;
	if (followed_fd < 0 || fstat(followed_fd, ret_st) < 0)
		return fail_at(walk, rel, errno, err);
	return 0;
}

static int visit_entry(struct walk *walk, int fd, const char *above, const char *name,
	struct rio_objects *folders, struct rio_error *err)
{
	_cleanup_free_ char *rel = NULL;
	struct stat st;
	unsigned rank;
	int r;

	if (name[0] == '.')
		return 0;
	if (asprintf(&rel, "%s%s%s", above, *above ? "/" : "", name) < 0)
		return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
	r = look_at(walk, fd, name, rel, &st, err);
	if (r)
		return RIO_MIN(r, 0);
	if (S_ISDIR(st.st_mode))
		return rio_objects_add(folders, rel, err);
	return S_ISREG(st.st_mode) && rio_csv_stem(name, &rank)
		       ? rio_objects_add(walk->found, rel, err) : 0;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* What lies right in the folder rel; those below go to folders.  1: it leads in a circle. */
static int read_folder(struct walk *walk, const char *rel, struct level *level,
	struct rio_objects *folders, struct rio_error *err)
{
	_cleanup_close_ int fd = open_beneath(walk, *rel ? rel : ".", O_RDONLY | O_DIRECTORY);
	_cleanup_(close_dir) DIR *dir = NULL;
	struct dirent *entry;
	int r = 0;

	if (fd < 0 || fstat(fd, &level->st) < 0)
		return fail_at(walk, rel, errno, err);
	for (const struct level *up = level->up; up; up = up->up)
		if (up->st.st_dev == level->st.st_dev && up->st.st_ino == level->st.st_ino)
			return 1;
	dir = fdopendir(fd);
	if (!dir)
		return fail_at(walk, rel, errno, err);
	fd = -1; /* closed with dir */
	while (!r && (errno = 0, entry = readdir(dir)))
		r = visit_entry(walk, dirfd(dir), rel, entry->d_name, folders, err);
	return r || !errno ? r : fail_at(walk, rel, errno, err);
}

static int visit_folder(struct walk *walk, const char *rel, const struct level *up,
	struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects folders = {0};
	struct level level = {.up = up};
	int r = read_folder(walk, rel, &level, &folders, err);

	for (size_t i = 0; !r && i < folders.nr; i++)
		r = visit_folder(walk, folders.keys[i], &level, err);
	return RIO_MIN(r, 0);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void rio_objects_sort(struct rio_objects *objects)
{
	if (objects->nr)
		qsort(objects->keys, objects->nr, sizeof(*objects->keys), compare_keys);
}

bool rio_objects_has(const struct rio_objects *sorted, const char *key)
{
	return sorted->nr && bsearch(&key, sorted->keys, sorted->nr, sizeof(key), compare_keys);
}

/* Of files that differ in nothing but how they are compressed, the plainest stands for all. */
static int add_if_plainest(const struct rio_objects *sorted, const char *key,
	struct rio_objects *ret, struct rio_error *err)
{
	unsigned rank;
	size_t stem_bytes = rio_csv_stem(key, &rank);

	for (unsigned plainer = 0; plainer < rank; plainer++) {
		_cleanup_free_ char *other = NULL;

		if (asprintf(&other, "%.*s%s", (int)stem_bytes, key, rio_csv_ending(plainer)) < 0)
			return rio_fail(err, RIO_ENOMEM, "no memory for a list of files");
		if (rio_objects_has(sorted, other))
			return 0;
	}
	return rio_objects_add(ret, key, err);
}

int rio_objects_list(int dir_fd, const char *folder, struct rio_objects *ret,
	struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects all = {0}, kept = {0};
	struct walk walk = {.dir_fd = dir_fd, .folder = folder, .found = &all};
	int r = visit_folder(&walk, "", NULL, err);

	if (!r)
		rio_objects_sort(&all);
	for (size_t i = 0; !r && i < all.nr; i++)
		r = add_if_plainest(&all, all.keys[i], &kept, err);
	if (r)
		return r;
	*ret = kept;
	ret->nr_outside = all.nr_outside;
	kept = (struct rio_objects){0};
	return 0;
}
