/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread needs at hand to encode: core's scratch and room for one reply.  They
 * are lent, and the one given back last is lent first: its memory is in the cache, and
 * there are no more of them than threads that ever encoded at once.
 *
 * Below it: core/dataset.
 */
#ifndef RFS_BENCH_H
#define RFS_BENCH_H

#include "base/util.h"
#include "dataset/dataset.h"

#include <stdint.h>
#include <sys/queue.h>

/* The largest read that the kernel is allowed to ask for. */
#define RFS_READ_BYTES_MAX (1 * RIO_MIB)

struct rfs_bench {
	SLIST_ENTRY(rfs_bench) link; /* for the pool */
	struct rio_scratch *scratch;
	uint8_t *reply; /* RFS_READ_BYTES_MAX */
};

/* NULL without memory. */
struct rfs_bench *rfs_bench_take(void);

/* Takes NULL. */
void rfs_bench_give(struct rfs_bench *bench);
void rfs_bench_givep(struct rfs_bench **bench);

/*
 * Encode a made-up file, so that the first reader need not wait for code and memory to
 * be touched for the first time.
 */
void rfs_bench_warm_up(void);

/* Frees all; none may be lent. */
void rfs_bench_deinit(void);

#endif
