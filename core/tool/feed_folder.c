/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FIFO must have its writer before it can be seen: who opens one without waiting, as
 * ml-io does, and reads before there is a writer, gets an end of file, and takes it for an
 * epoch without records.  A writer cannot open a FIFO that nobody reads, but it can one
 * that it reads itself.  So each is made in a folder of its own, opened for both, then for
 * writing alone, then closed for reading, and moved to where it belongs.
 *
 * What a user has put in the place of what was made here, or has changed, is his, and is
 * not removed.  An inode's number alone does not tell: it is used again at once.
 */
#include "tool/feed_folder.h"

#include "base/io.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define STAGING ".recordio-feed"

static int fail_there(const char *path, struct rio_error *err)
{
	rio_fail(err, RIO_EOPTION, "this is there already: recordio feed makes it, and removes it "
		"in the end");
	rio_error_set_file(err, path);
	return RIO_EOPTION;
}

static char *join(const char *folder, const char *name, struct rio_error *err)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) >= 0)
		return path;
	rio_fail(err, RIO_ENOMEM, "out of memory");
	return NULL;
}

/* Note that path was made, so that it will be removed. */
static int note(struct rio_feed_folder *folder, const char *path, struct rio_error *err)
{
	struct rio_made made = {0};

	if (folder->nr == folder->room) {
		size_t room = folder->room ? 2 * folder->room : 16;
		struct rio_made *more = reallocarray(folder->made, room, sizeof(*more));

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "out of memory");
		folder->made = more;
		folder->room = room;
	}
	if (lstat(path, &made.st) < 0)
		return rio_fail_file(err, errno, path, "cannot be looked at");
	made.path = strdup(path);
	if (!made.path)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	folder->made[folder->nr++] = made;
	return 0;
}

int rio_feed_folder_add(struct rio_feed_folder *folder, const char *path, struct rio_error *err)
{
	struct stat st;

	if (mkdir(path, 0777) == 0)
		return note(folder, path, err);
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return rio_fail_file(err, errno, path, "cannot be made");
}

static int add_below(struct rio_feed_folder *folder, const char *name, struct rio_error *err)
{
	_cleanup_free_ char *path = join(folder->path, name, err);

	return path ? rio_feed_folder_add(folder, path, err) : RIO_ENOMEM;
}

/* The folder that says that this one is fed: it must not be there. */
static int add_staging(struct rio_feed_folder *folder, struct rio_error *err)
{
	_cleanup_free_ char *path = join(folder->path, STAGING, err);

	if (!path)
		return RIO_ENOMEM;
	if (mkdir(path, 0700) == 0)
		return note(folder, path, err);
	if (errno != EEXIST)
		return rio_fail_file(err, errno, path, "cannot be made");
	rio_fail(err, RIO_EOPTION, "this is there already: the folder is fed by another recordio, "
		"or was by one that was killed; then remove it");
	rio_error_set_file(err, path);
	return RIO_EOPTION;
}

int rio_feed_folder_init(struct rio_feed_folder *ret, const char *path, struct rio_error *err)
{
	int r;

	*ret = (struct rio_feed_folder){0};
	r = rio_feed_folder_add(ret, path, err);
	if (r)
		return r;
	ret->path = realpath(path, NULL);
	if (!ret->path)
		return rio_fail_file(err, errno, path, "cannot be resolved");
	/* Where it was made just now, its name is the absolute one from here on. */
	if (ret->nr) {
		free(ret->made[0].path);
		ret->made[0].path = strdup(ret->path);
	}
	ret->data = join(ret->path, "data", err);
	if (!ret->data || (ret->nr && !ret->made[0].path))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	r = add_staging(ret, err);
	if (!r)
		r = add_below(ret, "config", err);
	return r ? r : add_below(ret, "data", err);
}

static void remove_made(const struct rio_made *made)
{
	const struct timespec *then = &made->st.st_ctim, *now;
	struct stat st;

	if (lstat(made->path, &st) < 0 || st.st_dev != made->st.st_dev ||
		st.st_ino != made->st.st_ino)
		return;
	now = &st.st_ctim;
	/* A folder is removed only where it is empty. */
	if (S_ISDIR(st.st_mode) ||
		(now->tv_sec == then->tv_sec && now->tv_nsec == then->tv_nsec))
		remove(made->path);
}

void rio_feed_folder_deinit(struct rio_feed_folder *folder)
{
	for (size_t i = folder->nr; i-- > 0;) {
		if (folder->made[i].path)
			remove_made(&folder->made[i]);
		free(folder->made[i].path);
	}
	free(folder->made);
	free(folder->path);
	free(folder->data);
	*folder = (struct rio_feed_folder){0};
}

int rio_feed_folder_write(struct rio_feed_folder *folder, const char *name, const char *text,
	struct rio_error *err)
{
	_cleanup_free_ char *config = join(folder->path, "config", err);
	_cleanup_free_ char *path = config ? join(config, name, err) : NULL;
	_cleanup_close_ int fd =
		path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
	int r;

	if (!path)
		return RIO_ENOMEM;
	if (fd < 0)
		return errno == EEXIST ? fail_there(path, err)
				       : rio_fail_file(err, errno, path, "cannot be made");
	r = rio_write_all(fd, text, strlen(text)) < 0
		    ? rio_fail_file(err, errno, path, "cannot be written")
		    : note(folder, path, err);
	if (r)
		unlink(path);
	return r;
}

/* The writing end of the FIFO at path, which nobody reads.  -1 with errno. */
static int open_writer(const char *path)
{
	_cleanup_close_ int both_fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return both_fd < 0 ? -1 : open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

static bool is_open_at(const char *path, int fd)
{
	struct stat named, open;

	return fd >= 0 && fstat(fd, &open) == 0 && lstat(path, &named) == 0 &&
	       named.st_dev == open.st_dev && named.st_ino == open.st_ino;
}

/* The new FIFO gets its name.  -1 with errno: EEXIST where that is another's. */
static int publish(const char *staged, const char *path, int old_fd)
{
	if (is_open_at(path, old_fd))
		return rename(staged, path);
	return link(staged, path) < 0 ? -1 : unlink(staged);
}

int rio_feed_folder_fifo(const struct rio_feed_folder *folder, const char *name, int old_fd,
	int *ret_fd, struct rio_error *err)
{
	_cleanup_free_ char *path = join(folder->data, name, err);
	_cleanup_free_ char *staging = join(folder->path, STAGING, err);
	_cleanup_free_ char *staged = path && staging ? join(staging, name, err) : NULL;
	_cleanup_close_ int fd = -1;
	int r = 0;

	if (!staged)
		return RIO_ENOMEM;
	if (mkfifo(staged, 0666) < 0)
		return rio_fail_file(err, errno, path, "cannot be made");
	fd = open_writer(staged);
	if (fd < 0)
		r = rio_fail_file(err, errno, path, "cannot be opened for writing");
	else if (publish(staged, path, old_fd) < 0)
		r = errno == EEXIST ? fail_there(path, err)
				    : rio_fail_file(err, errno, path, "cannot be made");
	if (r) {
		unlink(staged);
		return r;
	}
	*ret_fd = rio_steal_fd(&fd);
	return 0;
}

void rio_feed_folder_remove_fifo(const struct rio_feed_folder *folder, const char *name, int fd)
{
	_cleanup_free_ char *path = join(folder->data, name, NULL);

	if (path && is_open_at(path, fd))
		unlink(path);
}
