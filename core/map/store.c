/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping maps: where, under which name, and one builder at a time.
 *
 * A map becomes visible by rename alone, so a reader sees a whole one or none,
 * and needs no lock.  Builders lock KEY.lock, and the holder removes it when
 * done, so that no litter stays.  Removing a lock file is the old trap: a waiter
 * may get the lock on a file that has no name any more, while a third process
 * makes a new one.  So whoever gets the lock looks whether the name still leads
 * to the file that it holds, and starts over if not.  The kernel drops the lock
 * with the process; a file left by a killed holder is taken over by the next.
 *
 * Rejected: locking the map file itself (it is replaced by rename, the same trap
 * without the cure), process ids in a file (they lie after a reboot), and
 * fcntl locks (lost when any descriptor of the file is closed, and no barrier
 * between the threads of a mount).
 */
#include "map/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

static const char *home_dir(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home && home[0] == '/')
		return home;
	user = getpwuid(geteuid());
	return user ? user->pw_dir : NULL;
}

/* The user's cache folder, or an absolute form of dir; NULL with errno set. */
static char *place_of(const char *dir)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home;
	_cleanup_free_ char *cwd = NULL;
	char *path = NULL;

	if (dir && dir[0] == '/')
		return strdup(dir);
	if (dir)
		return (cwd = getcwd(NULL, 0)) && asprintf(&path, "%s/%s", cwd, dir) > 0 ? path
											   : NULL;
	/* A relative one is to be ignored, says the standard of that variable. */
	if (cache && cache[0] == '/')
		return asprintf(&path, "%s/recordiofs", cache) > 0 ? path : NULL;
	if (geteuid() == 0)
		return strdup("/var/cache/recordiofs");
	home = home_dir();
	errno = ENOENT;
	return home && asprintf(&path, "%s/.cache/recordiofs", home) > 0 ? path : NULL;
}

int rio_store_create(const char *dir, struct rio_store **ret, struct rio_error *err)
{
	struct rio_store *store = calloc(1, sizeof(*store));

	if (!store)
		return rio_fail(err, RIO_ENOMEM, "no memory for the index folder");
	store->dir = place_of(dir);
	if (!store->dir) {
		free(store);
		return rio_fail_errno(err, errno, "no folder to keep maps in");
	}
	*ret = store;
	return 0;
}

void rio_store_destroy(struct rio_store *store)
{
	if (!store)
		return;
	free(store->dir);
	free(store);
}

const char *rio_store_dir(const struct rio_store *store)
{
	return store->dir;
}

int rio_store_path(const struct rio_store *store, const struct rio_store_key *key, char **ret,
	struct rio_error *err)
{
	char name[RIO_STORE_NAME_BYTES], *path;
	int r = rio_store_name(key, RIO_STORE_MAP, name, err);

	if (r)
		return r;
	if (asprintf(&path, "%s/%s", store->dir, name) < 0)
		return rio_fail(err, RIO_ENOMEM, "no memory for a path");
	*ret = path;
	return 0;
}

/* Add to text, behind a comma where something is there already. */
__attribute__((format(printf, 3, 4)))
static void add(char *text, size_t text_bytes, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len && len + 2 < text_bytes)
		len += (size_t)snprintf(text + len, text_bytes - len, ", ");
	va_start(args, format);
	vsnprintf(text + len, text_bytes - len, format, args);
	va_end(args);
}

static void add_time(char *text, size_t text_bytes, const char *what, int64_t ns)
{
	enum { NS = 1000000000 };
	int64_t rest = ((ns % NS) + NS) % NS;
	time_t seconds = (time_t)((ns - rest) / NS);
	char date[64] = "an unknown time";
	struct tm tm;

	if (gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	add(text, text_bytes, "%s %s.%09jd UTC", what, date, (intmax_t)rest);
}

char *rio_store_compare(const struct rio_stamp *was, const struct rio_stamp *is, char *text,
	size_t text_bytes)
{
	text[0] = '\0';
	if (was->dev != is->dev)
		add(text, text_bytes, "another file (device %ju → %ju)", (uintmax_t)was->dev,
			(uintmax_t)is->dev);
	if (was->ino != is->ino)
		add(text, text_bytes, "another file (inode %ju → %ju)", (uintmax_t)was->ino,
			(uintmax_t)is->ino);
	if (was->size_bytes != is->size_bytes)
		add(text, text_bytes, "source %s from %ju to %ju bytes",
			was->size_bytes < is->size_bytes ? "grew" : "shrank",
			(uintmax_t)was->size_bytes, (uintmax_t)is->size_bytes);
	if (was->mtime_ns != is->mtime_ns)
		add_time(text, text_bytes, "modified at", is->mtime_ns);
	/* It moves with the others, and says something by itself only alone. */
	else if (was->ctime_ns != is->ctime_ns)
		add_time(text, text_bytes, "status changed at", is->ctime_ns);
	return text;
}

/* Append-only growth: the same file, longer than it was. */
static bool has_grown(const struct rio_stamp *was, const struct rio_stamp *is)
{
	return was->dev == is->dev && was->ino == is->ino && was->size_bytes < is->size_bytes;
}

/* The map kept under key, whatever its stamp. */
static int read_kept(const struct rio_store *store, const struct rio_store_key *key, bool in_parts,
	struct rio_store_file *ret, struct rio_error *err)
{
	_cleanup_close_ int dir_fd = rio_store_open_dir(store, false, err);
	char name[RIO_STORE_NAME_BYTES];
	int r = dir_fd < 0 ? dir_fd : rio_store_name(key, RIO_STORE_MAP, name, err);

	if (!r)
		r = rio_store_read(store, dir_fd, name, in_parts, ret, err);
	if (r)
		return r;
	if (strcmp(ret->source_path, key->source_path) || strcmp(ret->row_key, key->row_key))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: it is that of %s",
			ret->source_path);
	return 0;
}

static int check_stamp(const struct rio_map *map, const struct rio_stamp *stamp,
	struct rio_error *err)
{
	char text[256];

	if (rio_stamp_equal(&map->stamp, stamp))
		return 0;
	return rio_fail(err, RIO_EMAP_STALE, "%s",
		rio_store_compare(&map->stamp, stamp, text, sizeof(text)));
}

int rio_store_load(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_map **ret, struct rio_map **ret_stale,
	struct rio_error *err)
{
	_cleanup_(rio_store_file_deinit) struct rio_store_file file = {0};
	int r = read_kept(store, key, false, &file, err);

	if (ret_stale)
		*ret_stale = NULL;
	if (!r)
		r = check_stamp(file.map, stamp, err);
	if (!r)
		*ret = rio_steal(file.map);
	else if (r == RIO_EMAP_STALE && file.map && ret_stale && has_grown(&file.map->stamp, stamp))
		*ret_stale = rio_steal(file.map);
	return r;
}

int rio_store_load_part(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_map **ret, struct rio_error *err)
{
	_cleanup_(rio_store_file_deinit) struct rio_store_file file = {0};
	int r = read_kept(store, key, true, &file, err);

	if (!r)
		r = check_stamp(file.map, stamp, err);
	if (!r)
		*ret = rio_steal(file.map);
	return r;
}

int rio_store_save(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_map *map, struct rio_error *err)
{
	struct rio_store_temporary temporary;
	int r = rio_store_temporary_create(store, key, RIO_STORE_MAP, &temporary, err);

	if (!r)
		r = rio_store_file_write(temporary.fd, key, map, err);
	if (!r)
		r = rio_store_temporary_publish(&temporary, err);
	if (r && temporary.path)
		rio_error_set_file(err, temporary.path);
	rio_store_temporary_destroy(&temporary);
	return r;
}

struct rio_store_lock {
	int dir_fd;
	int fd;
	char name[RIO_STORE_NAME_BYTES];
};

/*
 * Lock one file of that name, which may have lost its name by then.  Positive: it is
 * held by another, and how (of flock) says not to wait.
 */
static int lock_one(struct rio_store_lock *lock, int how, struct rio_error *err)
{
	lock->fd = openat(lock->dir_fd, lock->name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (lock->fd < 0)
		return rio_fail_errno(err, errno, "cannot make a lock in the index folder");
	while (flock(lock->fd, how) < 0) {
		if (errno == EWOULDBLOCK)
			return 1;
		if (errno != EINTR)
			return rio_fail_errno(err, errno, "cannot lock a map");
	}
	return 0;
}

static int acquire(struct rio_store_lock *lock, int how, struct rio_error *err)
{
	for (;;) {
		int r = lock_one(lock, how, err);

		if (r || rio_store_is_same(lock->dir_fd, lock->name, lock->fd))
			return r;
		close(lock->fd);
		lock->fd = -1;
	}
}

static void lock_destroy(struct rio_store_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	if (lock->dir_fd >= 0)
		close(lock->dir_fd);
	free(lock);
}

static int lock_key(struct rio_store *store, const struct rio_store_key *key, int how,
	struct rio_store_lock **ret, struct rio_error *err)
{
	struct rio_store_lock *lock = malloc(sizeof(*lock));
	int r;

	if (!lock)
		return rio_fail(err, RIO_ENOMEM, "no memory for a lock");
	lock->fd = -1;
	lock->dir_fd = r = rio_store_open_dir(store, true, err);
	if (r >= 0)
		r = rio_store_name(key, RIO_STORE_LOCK, lock->name, err);
	if (!r)
		r = acquire(lock, how, err);
	if (r) {
		lock_destroy(lock);
		return r;
	}
	*ret = lock;
	return 0;
}

int rio_store_lock(struct rio_store *store, const struct rio_store_key *key,
	struct rio_store_lock **ret, struct rio_error *err)
{
	return lock_key(store, key, LOCK_EX, ret, err);
}

int rio_store_try_lock(struct rio_store *store, const struct rio_store_key *key,
	struct rio_store_lock **ret, struct rio_error *err)
{
	return lock_key(store, key, LOCK_EX | LOCK_NB, ret, err);
}

void rio_store_unlock(struct rio_store_lock *lock)
{
	if (!lock)
		return;
	/* While it is held: nobody else may believe in this name. */
	unlinkat(lock->dir_fd, lock->name, 0);
	/* A child that was forked meanwhile has the descriptor too: closing is not enough. */
	flock(lock->fd, LOCK_UN);
	lock_destroy(lock);
}
