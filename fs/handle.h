/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open encoded file or view: its node, its sources, and how it is being read.
 *
 * Below it: tree, sources, readahead, bench, status.  It knows no request of fuse's.
 */
#ifndef RFS_HANDLE_H
#define RFS_HANDLE_H

#include "bench.h"
#include "opened.h"
#include "readahead.h"
#include "sources.h"
#include "status.h"
#include "tree.h"

struct rfs_handle {
	struct rfs_opened opened; /* for whoever keeps the set */
	struct rfs_tree *tree;
	struct rfs_counters *counters;
	struct rfs_node *node; /* pinned, RFS_READY */
	struct rfs_sources sources;
	struct rio_view_sources from; /* them */
	bool direct;           /* not through the page cache: wanted, or a bad record is known */
	struct rfs_stream stream;
};

/* Where bytes from a file's begin on can be put, for reads to find them there. */
struct rfs_pages {
	void (*store)(void *data, const void *bytes, size_t len_bytes);
	void *data;
};

/*
 * Open node, which the caller holds; tree, readahead and counters are borrowed.
 * Returns 0 or a positive errno: ESTALE where the source changed, EIO or EACCES
 * where it is broken.
 */
int rfs_handle_open(struct rfs_tree *tree, struct rfs_readahead *readahead,
	struct rfs_counters *counters, struct rfs_node *node, const struct rfs_waiter *waiter,
	bool direct, const struct rfs_pages *pages, struct rfs_handle **ret);
void rfs_handle_close(struct rfs_handle *handle);

/* The bytes of an answer, valid until they are put back. */
struct rfs_answer {
	struct rfs_pieces pieces;
	struct rfs_bench *bench; /* that they lie on; NULL: in blocks, or there are none */
};

/*
 * Read [off, off + len_bytes), as much of it as the file has.  Fewer bytes come
 * back only at its end, or, for a direct handle, before a bad record.  A
 * positive errno: nothing is to be put back.
 */
int rfs_handle_read(struct rfs_handle *handle, uint64_t off, size_t len_bytes,
	struct rfs_answer *ret);
void rfs_handle_put(struct rfs_handle *handle, struct rfs_answer *answer);

/* What readahead calls to make a block of a handle's file. */
rfs_fill_fn rfs_handle_fill;

#endif
