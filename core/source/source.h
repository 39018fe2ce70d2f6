/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bytes of a CSV come from: positional reads behind one interface,
 * with a file and a memory implementation.
 *
 * Below it: base.  It knows nothing of CSV.
 *
 * All calls are safe from many threads at once.
 */
#ifndef RIO_SOURCE_SOURCE_H
#define RIO_SOURCE_SOURCE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What identifies a state of a source.  Two equal stamps mean the same bytes:
 * ctime moves with every write and cannot be set back.
 *
 * It moves when a write begins, though, and for a file that is mapped only now and
 * then: while someone has the file open for writing it may change under the same
 * times.  So that is part of the state: what is read meanwhile belongs to another
 * stamp than what is there once the writer is gone.
 */
struct rio_stamp {
	uint64_t dev;
	uint64_t ino;
	uint64_t size_bytes;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint64_t written; /* 1: open for writing, and changed lately; else 0 */
};

static inline bool rio_stamp_equal(const struct rio_stamp *a, const struct rio_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size_bytes == b->size_bytes &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->written == b->written;
}

struct stat;

/* The stamp of a file that nobody has open for writing. */
struct rio_stamp rio_stamp_of_stat(const struct stat *st);

/* Whether the file changed so lately (10 minutes) that a writer may still be at it. */
bool rio_stamp_is_recent(const struct rio_stamp *stamp);

/*
 * Whether somebody has the regular file that fd is open on, for reading, open for
 * writing.  Only its owner and root are told.
 */
bool rio_fd_is_written(int fd);

struct rio_source;
struct rio_mapping;

/*
 * Called with the next piece of a source's bytes, in order, valid for the call; done_bytes
 * of the file (as its stamp counts them) are used up.  Negative, with err, stops.
 */
typedef int rio_visit_fn(void *data, const uint8_t *bytes, size_t len_bytes, uint64_t done_bytes,
	struct rio_error *err);

struct rio_source_ops {
	/* See rio_source_read_at, and so on. */
	int (*read_at)(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
		size_t *ret_bytes, struct rio_error *err);
	/* All of the stamp but written. */
	int (*stamp)(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err);
	/* See rio_source_map; NULL: nothing of such a source can be mapped. */
	bool (*map)(struct rio_source *source, uint64_t off, size_t len_bytes,
		struct rio_mapping *ret);
	/* Whether it is open for writing; NULL where that cannot be. */
	bool (*is_written)(struct rio_source *source);

	/* NULL, all three: the length is the stamp's, known at once. */
	int (*len)(struct rio_source *source, uint64_t *ret, struct rio_error *err);
	bool (*is_unread)(const struct rio_source *source);
	int (*read_through)(struct rio_source *source, rio_visit_fn *visit, void *data,
		struct rio_error *err);

	void (*destroy)(struct rio_source *source);
};

/* The head of every implementation; its fields are not for callers. */
struct rio_source {
	const struct rio_source_ops *ops;
	char *name; /* for messages, owned */
};

/*
 * Open the file at path.  Regular files only: else RIO_ESYSTEM (EISDIR, EINVAL).  Of a
 * compressed file the source is the text in it: see source/packed.h.
 */
int rio_source_open(const char *path, struct rio_source **ret, struct rio_error *err);

/* Takes fd, on failure too.  name (borrowed, copied) is what messages call it. */
int rio_source_from_fd(int fd, const char *name, struct rio_source **ret, struct rio_error *err);

/* The same of the file's own bytes, compressed or not. */
int rio_source_from_fd_as_it_is(int fd, const char *name, struct rio_source **ret,
	struct rio_error *err);

/* Borrows data until the source is destroyed.  The stamp has size_bytes and zeros. */
int rio_source_from_memory(const void *data, size_t len_bytes, const char *name,
	struct rio_source **ret, struct rio_error *err);

/* Takes NULL. */
void rio_source_destroy(struct rio_source *source);
void rio_source_destroyp(struct rio_source **source);

const char *rio_source_name(const struct rio_source *source);

/*
 * Copy [off, off + len_bytes) into dst.  *ret_bytes is smaller than len_bytes
 * only at the end of the source.  RIO_ESYSTEM on I/O errors.
 */
int rio_source_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err);

/*
 * How many bytes there are to read.  Of a compressed source that is not the stamp's
 * size, and RIO_ENOT_INDEXED until it was read through.
 */
int rio_source_len(struct rio_source *source, uint64_t *ret, struct rio_error *err);

/* Whether it must be read through before its length is known. */
bool rio_source_is_unread(const struct rio_source *source);

/*
 * Read a compressed source once from begin to end, in order, and check it; visit may
 * be NULL.  Afterwards its length is known and any part can be read.  RIO_EDAMAGED.
 * Nobody else may use the source meanwhile.
 */
int rio_source_read_through(struct rio_source *source, rio_visit_fn *visit, void *data,
	struct rio_error *err);

/* See rio_mapping_create.  False where that cannot be had: read then. */
bool rio_source_map(struct rio_source *source, uint64_t off, size_t len_bytes,
	struct rio_mapping *ret);

/* The stamp of the source as it is now: of a compressed one, the file's. */
int rio_source_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err);

/*
 * The stamp, after waiting (20 ms, and a few times that while it keeps changing)
 * until the source's last change lies so far back that another change must move
 * its ctime: the clock that stamps files ticks only every few milliseconds on
 * older kernels.
 */
int rio_source_settled_stamp(struct rio_source *source, struct rio_stamp *ret,
	struct rio_error *err);

/*
 * RIO_ESOURCE_CHANGED unless the source is still in the state that this stamp was
 * taken of.  Who has opened it for writing since then shows by the first byte that he
 * writes, which moves its ctime; so only of a stamp that is itself one of a written
 * source is it asked whether it still is.  err, which may hold what was found before, is
 * touched only then.
 */
int rio_source_check(struct rio_source *source, const struct rio_stamp *stamp,
	struct rio_error *err);

#endif
