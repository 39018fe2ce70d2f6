/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIFOs of layout=sagemaker: an inode for each opening of a channel's epoch, and the
 * thread that waits for their readers.
 *
 * Below it: feeds, input_names, node, thread, log.  It knows no request of fuse's.
 * Safe from many threads.
 */
#ifndef RFS_FIFO_H
#define RFS_FIFO_H

#include "node.h"
#include "sagemaker/feeds.h"

#include <stdbool.h>
#include <stdint.h>

struct rfs_fifos;

/* Returns 0 or a positive errno.  Borrows feeds' config. */
int rfs_fifos_create(const struct rfs_feeds_config *config, struct rfs_fifos **ret);
/* With all nodes, wherever they are still known. */
void rfs_fifos_destroy(struct rfs_fifos *fifos);

struct rfs_feeds *rfs_fifos_feeds(struct rfs_fifos *fifos);

/* Lets the kernel forget the name in the folder data, so that it may forget the inode. */
typedef void rfs_expel(void *data, const char *name);

/* Wait for readers from now on.  mountpoint is absolute and borrowed.  0 or an errno. */
int rfs_fifos_start(struct rfs_fifos *fifos, const char *mountpoint, rfs_expel *expel,
	void *expel_data);

/*
 * Stop all feeds, and wait until their threads have ended.  served: the mount is, while this
 * runs; then those who wait for an epoch are let go first, with what no reader takes for one.
 * The first call counts; others wait for it.
 */
void rfs_fifos_end(struct rfs_fifos *fifos, bool served);

/*
 * A new node for name, with a reference, at which a reader is waited for from now on.
 * ENOTCONN once the mount ends.
 */
int rfs_fifos_lookup(struct rfs_fifos *fifos, const char *name, const char *channel,
	uint64_t epoch, mode_t mode, struct rfs_node **ret);

/* Whether the thread tid is our own; and the node that it is on its way to, or ENOENT. */
bool rfs_fifos_is_feeder(struct rfs_fifos *fifos, pid_t tid);
int rfs_fifos_lookup_own(struct rfs_fifos *fifos, const char *name, struct rfs_node **ret);

/* nr references fewer, after which it may be gone. */
void rfs_fifos_forget(struct rfs_fifos *fifos, struct rfs_node *node, uint64_t nr);

#endif
