/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread needs at hand to encode: core's scratch and room for one reply.
 * Made when a thread first asks, kept until it ends, so that a read allocates
 * nothing.
 *
 * Below it: core/dataset.
 */
#ifndef RFS_BENCH_H
#define RFS_BENCH_H

#include "base/util.h"
#include "dataset/dataset.h"

#include <stdint.h>

/* The largest read that the kernel is allowed to ask for. */
#define RFS_READ_BYTES_MAX (1 * RIO_MIB)

struct rfs_bench {
	struct rio_scratch *scratch;
	uint8_t *reply; /* RFS_READ_BYTES_MAX */
};

/* The calling thread's own; NULL without memory. */
struct rfs_bench *rfs_bench(void);

#endif
