/* SPDX-License-Identifier: Apache-2.0 */
#include "map/store_dir.h"

#include "map/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

int rio_store_name(const struct rio_store_key *key, const char *ending,
	char name[RIO_STORE_NAME_BYTES], struct rio_error *err)
{
	struct rio_store_hash hash;
	int r = rio_store_key_hash(key, &hash, err);

	if (!r)
		snprintf(name, RIO_STORE_NAME_BYTES, "%016" PRIx64 "%016" PRIx64 "%s", hash.high,
			hash.low, ending);
	return r;
}

const char *rio_store_ending(const char *name)
{
	static const char *const endings[] = {RIO_STORE_MAP, RIO_STORE_SEEK, RIO_STORE_LOCK,
		RIO_STORE_TMP};
	enum { RANDOM_CHARS = sizeof(".XXXXXX") - 1 };

	if (strspn(name, "0123456789abcdef") != RIO_STORE_HASH_CHARS)
		return NULL;
	name += RIO_STORE_HASH_CHARS;
	if (strlen(name) == RANDOM_CHARS + strlen(RIO_STORE_TMP))
		name += RANDOM_CHARS;
	for (size_t i = 0; i < RIO_ARRAY_SIZE(endings); i++)
		if (strcmp(name, endings[i]) == 0)
			return endings[i];
	return NULL;
}

/* mkdir -p. */
static int make_dir(const char *dir, struct rio_error *err)
{
	_cleanup_free_ char *path = strdup(dir);

	if (!path)
		return rio_fail(err, RIO_ENOMEM, "no memory to make a folder");
	for (char *slash = path; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return rio_fail_errno(err, errno, "cannot make the index folder %s", path);
		if (slash)
			*slash = '/';
	}
	return 0;
}

int rio_store_open_dir(const struct rio_store *store, bool make, struct rio_error *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, fd = open(store->dir, flags);

	if (fd < 0 && errno == ENOENT && make) {
		int r = make_dir(store->dir, err);

		if (r)
			return r;
		fd = open(store->dir, flags);
	}
	if (fd < 0 && errno == ENOENT && !make)
		return rio_fail(err, RIO_ENOT_INDEXED, "no map is kept: there is no folder %s",
			store->dir);
	if (fd < 0)
		return rio_fail_errno(err, errno, "cannot open the index folder %s", store->dir);
	return fd;
}

/* Say which file of the folder err is about. */
static void set_file(const struct rio_store *store, const char *name, struct rio_error *err)
{
	char path[sizeof(err->file)];

	snprintf(path, sizeof(path), "%s/%s", store->dir, name);
	rio_error_set_file(err, path);
}

int rio_store_open(const struct rio_store *store, int dir_fd, const char *name,
	struct rio_error *err)
{
	/* Without O_NONBLOCK a FIFO of that name would hold us forever. */
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return rio_fail(err, RIO_ENOT_INDEXED, "no map is kept");
	if (fd < 0) {
		rio_fail_errno(err, errno, "cannot open a map");
		set_file(store, name, err);
		return RIO_ESYSTEM;
	}
	return fd;
}

int rio_store_read(const struct rio_store *store, int dir_fd, const char *name, bool in_parts,
	struct rio_store_file *ret, struct rio_error *err)
{
	_cleanup_close_ int fd = rio_store_open(store, dir_fd, name, err);
	char path[PATH_MAX];
	int r = fd < 0 ? fd : 0;

	snprintf(path, sizeof(path), "%s/%s", store->dir, name);
	if (!r)
		r = rio_store_file_read(fd, in_parts ? path : NULL, ret, err);
	if (r && r != RIO_ENOT_INDEXED)
		set_file(store, name, err);
	return r;
}

bool rio_store_is_same(int dir_fd, const char *name, int fd)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && fstatat(dir_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int rio_store_hold(int dir_fd, const char *name, struct rio_error *err)
{
	_cleanup_close_ int fd = openat(dir_fd, name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return rio_fail(err, RIO_ENOT_INDEXED, "%s is gone", name);
	if (fd < 0)
		return rio_fail_errno(err, errno, "cannot open %s", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return rio_fail_errno(err, errno == EWOULDBLOCK ? EBUSY : errno,
			"cannot lock %s", name);
	if (!rio_store_is_same(dir_fd, name, fd))
		return rio_fail(err, RIO_ENOT_INDEXED, "%s is gone", name);
	return rio_steal_fd(&fd);
}

int rio_store_temporary_create(struct rio_store *store, const struct rio_store_key *key,
	const char *ending, struct rio_store_temporary *ret, struct rio_error *err)
{
	char name[RIO_STORE_NAME_BYTES];
	int r = 0;

	*ret = (struct rio_store_temporary){.fd = -1};
	ret->dir_fd = rio_store_open_dir(store, true, err);
	if (ret->dir_fd < 0)
		return ret->dir_fd;
	r = rio_store_name(key, ending, ret->name, err);
	if (!r)
		r = rio_store_name(key, ".XXXXXX" RIO_STORE_TMP, name, err);
	if (!r && asprintf(&ret->path, "%s/%s", store->dir, name) < 0) {
		ret->path = NULL;
		r = rio_fail(err, RIO_ENOMEM, "no memory for a path");
	}
	if (r)
		return r;
	ret->fd = mkostemps(ret->path, (int)strlen(RIO_STORE_TMP), O_CLOEXEC);
	if (ret->fd < 0) {
		free(rio_steal(ret->path));
		return rio_fail_errno(err, errno, "cannot make a map in %s", store->dir);
	}
	if (flock(ret->fd, LOCK_EX | LOCK_NB) < 0)
		return rio_fail_errno(err, errno, "cannot lock a new map");
	return 0;
}

/* Some filesystems cannot sync a folder; they say EINVAL, and there is no more to do. */
static int sync_dir(int dir_fd, struct rio_error *err)
{
	if (fsync(dir_fd) < 0 && errno != EINVAL)
		return rio_fail_errno(err, errno, "cannot sync the index folder");
	return 0;
}

int rio_store_temporary_publish(struct rio_store_temporary *t, struct rio_error *err)
{
	if (fsync(t->fd) < 0)
		return rio_fail_errno(err, errno, "cannot write a map");
	if (renameat(AT_FDCWD, t->path, t->dir_fd, t->name) < 0)
		return rio_fail_errno(err, errno, "cannot rename a new map");
	free(rio_steal(t->path));
	/* Another descriptor of it may stay open, and would hold the lock. */
	flock(t->fd, LOCK_UN);
	return sync_dir(t->dir_fd, err);
}

void rio_store_temporary_destroy(struct rio_store_temporary *t)
{
	if (t->path)
		unlink(t->path);
	free(t->path);
	if (t->fd >= 0)
		close(t->fd);
	if (t->dir_fd >= 0)
		close(t->dir_fd);
}
