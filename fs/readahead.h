/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoding ahead of sequential readers, by a few workers, within one memory
 * budget.  Random readers never come here beyond a look at their own handle.
 *
 * Below it: thread, core/base.  It knows neither fuse nor what it is that is encoded:
 * a fill function makes the bytes.
 */
#ifndef RFS_READAHEAD_H
#define RFS_READAHEAD_H

#include "base/util.h"
#include "sequence.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/uio.h>

#define RFS_BLOCK_BYTES (1 * RIO_MIB)

/*
 * Make [off, off + len_bytes) of file in dst.  Returns how many of its bytes are
 * right: fewer than len_bytes where the rest cannot be made, and whoever asks for
 * that rest then finds out why by itself.
 */
typedef size_t rfs_fill_fn(void *file, uint64_t off, void *dst, size_t len_bytes);

struct rfs_readahead;
struct rfs_block;

/* Returns 0 or a positive errno.  A budget below one block: nothing is ever ahead. */
int rfs_readahead_create(uint64_t budget_bytes, unsigned nr_workers, rfs_fill_fn *fill,
	struct rfs_readahead **ret);

/* Every stream must be gone.  Takes NULL. */
void rfs_readahead_destroy(struct rfs_readahead *ra);

struct rfs_readahead_usage {
	uint64_t nr_blocks;    /* in use */
	uint64_t memory_bytes; /* touched, in use or kept for the next */
	uint64_t budget_bytes;
	uint64_t nr_hits;      /* blocks that were READY when a reader came, since the begin */
	uint64_t nr_misses;    /* … and those that were not */
};
void rfs_readahead_usage(struct rfs_readahead *ra, struct rfs_readahead_usage *ret);

/* One open file's reading. */
struct rfs_stream {
	struct rfs_readahead *ra;
	void *file; /* for fill */
	uint64_t len_bytes;

	struct rfs_sequence sequence;

	/* Guarded by the readahead's lock. */
	TAILQ_HEAD(rfs_blocks, rfs_block) blocks;
	uint64_t ahead;       /* the end of what has been given to workers */
	unsigned window;      /* blocks to be ahead by; 0: not counted as streaming */
};

/* Borrows ra and file until deinit. */
void rfs_stream_init(struct rfs_stream *stream, struct rfs_readahead *ra, void *file,
	uint64_t len_bytes);

/* Waits for what workers are making of this file, and for what is not put back yet. */
void rfs_stream_deinit(struct rfs_stream *stream);

/* Bytes in blocks, pinned until they are put back. */
enum { RFS_PIECES_MAX = 4 };
struct rfs_pieces {
	unsigned nr;
	struct iovec iov[RFS_PIECES_MAX];
	struct rfs_block *blocks[RFS_PIECES_MAX];
};

/*
 * Note that [off, off + len_bytes), which lies within the file, is being read,
 * and where that is in sequence pin all of it, made now where it is not there yet.
 * False where it is not, or no block is to be had: encode it yourself.  Safe from
 * many threads.
 */
bool rfs_stream_get(struct rfs_stream *stream, uint64_t off, size_t len_bytes,
	struct rfs_pieces *ret);
void rfs_stream_put(struct rfs_stream *stream, struct rfs_pieces *pieces);

#endif
