/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* The tick of the clock that stamps files is 10 ms at the most; twice that is safe. */
#define SETTLE_NS 20000000

/* A write that began longer ago than this has ended, and a mapping's changes have shown. */
#define RECENT_NS (INT64_C(600) * 1000000000)

/* A source that changes again during so many waits is being written to: time to go on. */
#define SETTLE_TRIES 5

static int64_t ns_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

struct rio_stamp rio_stamp_of_stat(const struct stat *st)
{
	return (struct rio_stamp){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size_bytes = (uint64_t)st->st_size,
		.mtime_ns = ns_of(&st->st_mtim),
		.ctime_ns = ns_of(&st->st_ctim),
	};
}

bool rio_stamp_is_recent(const struct rio_stamp *stamp)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ns_of(&now) - stamp->ctime_ns < RECENT_NS;
}

/*
 * A read lease is refused while a file is open for writing, or mapped so.  It is given
 * back at once; a writer who comes in between waits for as long, and the signal that
 * tells of him is one that nobody notices.
 */
bool rio_fd_is_written(int fd)
{
	if (fcntl(fd, F_SETSIG, SIGURG) < 0)
		return false;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
		return errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

void rio_source_destroy(struct rio_source *source)
{
	if (source)
		source->ops->destroy(source);
}

void rio_source_destroyp(struct rio_source **source)
{
	rio_source_destroy(*source);
}

const char *rio_source_name(const struct rio_source *source)
{
	return source->name;
}

int rio_source_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	return source->ops->read_at(source, off, dst, len_bytes, ret_bytes, err);
}

int rio_source_len(struct rio_source *source, uint64_t *ret, struct rio_error *err)
{
	struct rio_stamp stamp;
	int r;

	if (source->ops->len)
		return source->ops->len(source, ret, err);
	r = source->ops->stamp(source, &stamp, err);
	if (r == 0)
		*ret = stamp.size_bytes;
	return r;
}

bool rio_source_is_unread(const struct rio_source *source)
{
	return source->ops->is_unread && source->ops->is_unread(source);
}

int rio_source_read_through(struct rio_source *source, rio_visit_fn *visit, void *data,
	struct rio_error *err)
{
	return source->ops->read_through(source, visit, data, err);
}

bool rio_source_map(struct rio_source *source, uint64_t off, size_t len_bytes,
	struct rio_mapping *ret)
{
	return source->ops->map && source->ops->map(source, off, len_bytes, ret);
}

int rio_source_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	int r = source->ops->stamp(source, ret, err);

	if (r == 0)
		ret->written = rio_stamp_is_recent(ret) && source->ops->is_written &&
			       source->ops->is_written(source);
	return r;
}

int rio_source_settled_stamp(struct rio_source *source, struct rio_stamp *ret,
	struct rio_error *err)
{
	for (int tries = 0;; tries++) {
		struct timespec now;
		int64_t age_ns;
		int r = rio_source_stamp(source, ret, err);

		if (r < 0)
			return r;
		clock_gettime(CLOCK_REALTIME, &now);
		age_ns = ns_of(&now) - ret->ctime_ns;
		if (tries == SETTLE_TRIES)
			return 0;
		if ((age_ns < 0 || age_ns >= SETTLE_NS) && !ret->written)
			return 0;
		if (age_ns < 0 || age_ns >= SETTLE_NS)
			age_ns = 0;
		nanosleep(&(struct timespec){.tv_nsec = SETTLE_NS - age_ns}, NULL);
	}
}

int rio_source_check(struct rio_source *source, const struct rio_stamp *stamp,
	struct rio_error *err)
{
	struct rio_stamp now;
	int r = stamp->written ? rio_source_stamp(source, &now, err)
			       : source->ops->stamp(source, &now, err);

	if (r < 0)
		return r;
	if (rio_stamp_equal(&now, stamp))
		return 0;
	rio_fail(err, RIO_ESOURCE_CHANGED, "the file has changed since it was indexed");
	rio_error_set_file(err, source->name);
	return RIO_ESOURCE_CHANGED;
}
