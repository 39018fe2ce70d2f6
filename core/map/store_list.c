/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking through the index folder.  All of it is gathered first and told
 * sorted, so that a visitor may remove what it is told of.
 */
#include "map/store_dir.h"

#include "map/store_seek.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct found {
	struct rio_store_entry entry;
	struct rio_error why;
	char *file_name; /* owned, as the two below; entry borrows them */
	char *source_path;
	char *row_key;
};

struct listing {
	struct found *found;
	size_t nr;
	size_t room;
};

static void listing_deinit(struct listing *listing)
{
	for (size_t i = 0; i < listing->nr; i++) {
		free(listing->found[i].file_name);
		free(listing->found[i].source_path);
		free(listing->found[i].row_key);
	}
	free(listing->found);
}

static int listing_add(struct listing *listing, struct found *found, struct rio_error *err)
{
	if (listing->nr == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 64;
		struct found *more = reallocarray(listing->found, room, sizeof(*more));

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "no memory to list the index folder");
		listing->found = more;
		listing->room = room;
	}
	listing->found[listing->nr++] = *found;
	return 0;
}

/* How what is kept stands to the source as it is now. */
static enum rio_code compare_to_source(const char *path, const struct rio_stamp *was,
	struct rio_error *why)
{
	struct rio_stamp stamp;
	struct stat st;
	char text[256];

	if (stat(path, &st) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return rio_fail(why, RIO_ENOT_INDEXED, "the source is gone");
		return rio_fail_errno(why, errno, "cannot look at the source");
	}
	if (!S_ISREG(st.st_mode))
		return rio_fail(why, RIO_ENOT_INDEXED, "the source is no regular file any more");
	stamp = rio_stamp_of_stat(&st);
	if (rio_stamp_equal(&stamp, was))
		return RIO_OK;
	return rio_fail(why, RIO_EMAP_STALE, "%s",
		rio_store_compare(was, &stamp, text, sizeof(text)));
}

/*
 * Take path and row key (owned by found from here on), which must be those that the
 * file's name was made of.  0, or RIO_ENOMEM.
 */
static int identify(struct found *found, const char *ending, char *source_path, char *row_key,
	const struct rio_stamp *stamp, struct rio_error *err)
{
	char expected[RIO_STORE_NAME_BYTES];
	int r = rio_store_name(&(struct rio_store_key){source_path, row_key}, ending, expected,
		err);

	if (r == 0 && strcmp(expected, found->file_name) != 0) {
		found->entry.state = rio_fail(&found->why, RIO_EMAP_DAMAGED,
			"damaged map: it is that of %s under another's name", source_path);
		free(source_path);
		free(row_key);
		return 0;
	}
	found->source_path = source_path;
	found->row_key = row_key;
	if (r == 0) {
		found->entry.source_bytes = stamp->size_bytes;
		found->entry.state = compare_to_source(source_path, stamp, &found->why);
	}
	return r;
}

/* Fill found from the map file of that name.  0, or RIO_ENOMEM. */
static int look_at_map(struct rio_store *store, int dir_fd, struct found *found,
	struct rio_error *err)
{
	_cleanup_(rio_store_file_deinit) struct rio_store_file file = {0};
	int r = rio_store_read(store, dir_fd, found->file_name, false, &file, &found->why);

	found->entry.state = r;
	if (r)
		return 0;
	found->entry.nr_rows = rio_map_nr_rows(file.map);
	return identify(found, RIO_STORE_MAP, rio_steal(file.source_path),
		rio_steal(file.row_key), &file.map->stamp, err);
}

/* … from the seek index of that name; readers look at one window at a time, this at all. */
static int look_at_seek(struct rio_store *store, int dir_fd, struct found *found,
	struct rio_error *err)
{
	_cleanup_(rio_seek_file_deinit) struct rio_seek_file file = {0};
	int r = rio_store_open(store, dir_fd, found->file_name, &found->why);

	if (r >= 0)
		r = rio_seek_file_read(r, &file, &found->why);
	found->entry.state = r;
	found->entry.is_seek_index = true;
	if (r)
		return 0;
	r = identify(found, RIO_STORE_SEEK, rio_steal(file.source_path),
		rio_steal(file.row_key), &file.stamp, err);
	if (r == 0 && found->entry.state == RIO_OK)
		found->entry.state = rio_seek_index_check_windows(file.index, &found->why);
	return r;
}

/* A temporary or a lock: left over, unless a process holds it. */
static bool is_left_over(int dir_fd, struct found *found)
{
	_cleanup_close_ int fd = rio_store_hold(dir_fd, found->file_name, NULL);

	found->entry.state = rio_fail(&found->why, RIO_ENOT_INDEXED,
		"left over by a process that was killed");
	return fd >= 0;
}

static int look_at(struct rio_store *store, int dir_fd, const char *name, const char *ending,
	struct listing *listing, struct rio_error *err)
{
	struct found found = {.file_name = strdup(name)};
	struct stat st;
	bool wanted;
	int r = 0;

	if (!found.file_name)
		return rio_fail(err, RIO_ENOMEM, "no memory to list the index folder");
	wanted = fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (wanted && strcmp(ending, RIO_STORE_MAP) == 0)
		r = look_at_map(store, dir_fd, &found, err);
	else if (wanted && strcmp(ending, RIO_STORE_SEEK) == 0)
		r = look_at_seek(store, dir_fd, &found, err);
	else if (wanted)
		wanted = is_left_over(dir_fd, &found);
	if (!r && wanted) {
		found.entry.file_bytes = (uint64_t)st.st_size;
		r = listing_add(listing, &found, err);
	}
	if (r || !wanted) {
		free(found.file_name);
		free(found.source_path);
		free(found.row_key);
	}
	return r;
}

static int compare_found(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int r;

	if (!x->source_path || !y->source_path)
		r = !x->source_path - !y->source_path;
	else
		r = strcmp(x->source_path, y->source_path);
	return r ? r : strcmp(x->file_name, y->file_name);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int gather(struct rio_store *store, int dir_fd, struct listing *listing,
	struct rio_error *err)
{
	int copy_fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(closedirp) DIR *dir = copy_fd < 0 ? NULL : fdopendir(copy_fd);
	int r = 0;

	if (!dir)
		return rio_fail_errno(err, errno, "cannot read the index folder %s", store->dir);
	while (!r) {
		const struct dirent *dirent;
		const char *ending;

		errno = 0;
		dirent = readdir(dir);
		if (!dirent)
			return errno ? rio_fail_errno(err, errno, "cannot read the index folder %s",
					       store->dir)
				     : 0;
		ending = rio_store_ending(dirent->d_name);
		if (ending)
			r = look_at(store, dir_fd, dirent->d_name, ending, listing, err);
	}
	return r;
}

int rio_store_list(struct rio_store *store,
	int (*visit)(void *data, const struct rio_store_entry *entry), void *data,
	struct rio_error *err)
{
	_cleanup_(listing_deinit) struct listing listing = {0};
	_cleanup_close_ int dir_fd = rio_store_open_dir(store, false, err);
	int r;

	if (dir_fd < 0)
		return dir_fd == RIO_ENOT_INDEXED ? 0 : dir_fd;
	r = gather(store, dir_fd, &listing, err);
	if (listing.nr > 1)
		qsort(listing.found, listing.nr, sizeof(*listing.found), compare_found);
	for (size_t i = 0; !r && i < listing.nr; i++) {
		struct found *found = &listing.found[i];

		found->entry.file_name = found->file_name;
		found->entry.source_path = found->source_path;
		found->entry.row_key = found->row_key;
		found->entry.why = &found->why;
		r = visit(data, &found->entry);
	}
	return r;
}

int rio_store_remove(struct rio_store *store, const char *file_name, struct rio_error *err)
{
	const char *ending = rio_store_ending(file_name);
	_cleanup_close_ int dir_fd = -1;
	_cleanup_close_ int held_fd = -1;

	if (!ending)
		return rio_fail(err, RIO_EOPTION, "%s is no file of an index folder", file_name);
	dir_fd = rio_store_open_dir(store, false, err);
	if (dir_fd < 0)
		return dir_fd;
	if (strcmp(ending, RIO_STORE_MAP) != 0 && strcmp(ending, RIO_STORE_SEEK) != 0) {
		held_fd = rio_store_hold(dir_fd, file_name, err);
		if (held_fd < 0)
			return held_fd;
	}
	if (unlinkat(dir_fd, file_name, 0) < 0)
		return rio_fail_errno(err, errno, "cannot remove %s/%s", store->dir, file_name);
	return 0;
}
