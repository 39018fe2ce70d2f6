/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of CSV files is often writable by people who may not read all that
 * the daemon may: a link x.csv -> /etc/shadow must not become x.recordio, and a
 * FIFO or a device called x.csv must not even be opened.  So every path is
 * resolved by openat2 with RESOLVE_BENEATH, and a file is first opened with
 * O_PATH, which touches nothing, looked at, and then opened through that
 * descriptor's entry in /proc.  Checking a path and opening it again was
 * rejected: it can be exchanged between the two.
 */
#include "beneath.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

/* The kernel asks to come again (EAGAIN) when a rename crossed a "..". */
#define RESOLVE_TRIES_MAX 64

int rfs_beneath_open(const struct rfs_beneath *beneath, const char *rel, int flags, int *ret_fd)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = beneath->resolve,
	};

	for (int i = 0; i < RESOLVE_TRIES_MAX; i++) {
		long fd = syscall(SYS_openat2, beneath->fd, rel, &how, sizeof(how));

		if (fd >= 0) {
			*ret_fd = (int)fd;
			return 0;
		}
		if (errno != EAGAIN && errno != EINTR)
			return errno;
	}
	return EAGAIN;
}

int rfs_beneath_open_dir(const struct rfs_beneath *beneath, const char *rel, DIR **ret)
{
	_cleanup_close_ int fd = -1;
	int e = rfs_beneath_open(beneath, rel, O_RDONLY | O_DIRECTORY, &fd);
	DIR *dir;

	if (e)
		return e;
	dir = fdopendir(fd);
	if (!dir)
		return errno;
	rio_steal_fd(&fd);
	*ret = dir;
	return 0;
}

int rfs_beneath_init(struct rfs_beneath *beneath, const char *path, bool holds_mountpoint)
{
	struct rfs_beneath b = {
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   (holds_mountpoint ? RESOLVE_NO_XDEV : 0),
	};
	_cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int trial_fd = -1;
	int e;

	if (fd < 0)
		return errno;
	b.fd = fd;
	e = rfs_beneath_open(&b, ".", O_PATH, &trial_fd);
	if (e)
		return e;
	b.path = strdup(path);
	if (!b.path)
		return ENOMEM;
	rio_steal_fd(&fd);
	*beneath = b;
	return 0;
}

void rfs_beneath_deinit(struct rfs_beneath *beneath)
{
	close(beneath->fd);
	free(beneath->path);
}

int rfs_beneath_probe(const struct rfs_beneath *beneath, const char *rel, int *ret_fd,
	struct stat *ret_st)
{
	_cleanup_close_ int fd = -1;
	int e = rfs_beneath_open(beneath, rel, O_PATH, &fd);

	if (e)
		return e;
	if (fstat(fd, ret_st) < 0)
		return errno;
	*ret_fd = rio_steal_fd(&fd);
	return 0;
}

/*
 * What lies right in SOURCE and is no link cannot lead out, so one call tells all of
 * it.  Where other file systems are left out, it cannot.
 */
static bool stat_plainly(const struct rfs_beneath *beneath, const char *rel, struct stat *ret_st)
{
	struct stat st;

	if ((beneath->resolve & RESOLVE_NO_XDEV) || strchr(rel, '/') || strcmp(rel, "..") == 0 ||
		fstatat(beneath->fd, rel, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
		return false;
	*ret_st = st;
	return true;
}

int rfs_beneath_stat(const struct rfs_beneath *beneath, const char *rel, struct stat *ret_st)
{
	_cleanup_close_ int fd = -1;

	if (stat_plainly(beneath, rel, ret_st))
		return 0;
	return rfs_beneath_probe(beneath, rel, &fd, ret_st);
}

int rfs_beneath_stat_in(const struct rfs_beneath *beneath, int dir_fd, const char *name,
	const char *rel, struct stat *ret_st)
{
	struct stat st;

	if ((beneath->resolve & RESOLVE_NO_XDEV) ||
		fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
		return rfs_beneath_stat(beneath, rel, ret_st);
	*ret_st = st;
	return 0;
}

bool rfs_beneath_leads_through(const struct rfs_beneath *beneath, const char *rel,
	const struct stat *st)
{
	_cleanup_free_ char *path = strdup(rel);

	while (path) {
		struct stat above;
		char *slash;

		if (rfs_beneath_stat(beneath, path, &above) == 0 && above.st_dev == st->st_dev &&
			above.st_ino == st->st_ino)
			return true;
		if (strcmp(path, ".") == 0)
			break;
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
		else
			strcpy(path, ".");
	}
	return false;
}

int rfs_beneath_reopen(int probed_fd, int *ret_fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", probed_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

char *rfs_beneath_join(const char *rel, const char *name)
{
	char *path;

	if (strcmp(rel, ".") == 0)
		return strdup(name);
	return asprintf(&path, "%s/%s", rel, name) < 0 ? NULL : path;
}

char *rfs_beneath_absolute(const struct rfs_beneath *beneath, const char *rel)
{
	const char *root = strcmp(beneath->path, "/") == 0 ? "" : beneath->path;
	char *path;

	if (strcmp(rel, ".") == 0)
		return strdup(beneath->path);
	return asprintf(&path, "%s/%s", root, rel) < 0 ? NULL : path;
}

const char *rfs_beneath_name(const struct rfs_beneath *beneath)
{
	return strrchr(beneath->path, '/') + 1;
}

struct rio_stamp rfs_beneath_stamp(int probed_fd, const struct stat *st)
{
	struct rio_stamp stamp = rio_stamp_of_stat(st);
	_cleanup_close_ int fd = -1;

	/* Only a real descriptor can ask for writers. */
	if (rio_stamp_is_recent(&stamp) && rfs_beneath_reopen(probed_fd, &fd) == 0)
		stamp.written = rio_fd_is_written(fd);
	return stamp;
}
