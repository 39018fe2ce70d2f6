/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The epochs that are being fed, a thread each, and the latest that were.
 *
 * Below it: channels, beneath, errors, status, thread, log, core/feed, core/map.  It knows no
 * FIFO: it is given the writing end of a pipe.  Safe from many threads.
 */
#ifndef RFS_FEEDS_H
#define RFS_FEEDS_H

#include "beneath.h"
#include "map/store.h"
#include "sagemaker/channels.h"
#include "status.h"

#include <stddef.h>
#include <stdint.h>

struct rfs_feeds;

/* All borrowed; store may be NULL. */
struct rfs_feeds_config {
	const struct rio_job *job;
	const struct rfs_channels *channels;
	const struct rfs_beneath *beneath;
	struct rio_store *store;
	struct rfs_counters *counters;
};

/* Called by a feed's own thread once its pipe is closed. */
typedef void rfs_feed_ended(void *data, const char *channel, uint64_t epoch);

/* Returns 0 or a positive errno. */
int rfs_feeds_create(const struct rfs_feeds_config *config, rfs_feed_ended *ended,
	void *ended_data, struct rfs_feeds **ret);
void rfs_feeds_destroy(struct rfs_feeds *feeds);

/*
 * Feed the epoch to fd, which is taken, by a thread of its own.  Where that cannot be, the
 * reader is left with what is no record, and the log says why.
 */
void rfs_feeds_begin(struct rfs_feeds *feeds, const char *channel, uint64_t epoch, int fd);

/* Stop all, and wait until all have ended.  None begins any more. */
void rfs_feeds_end(struct rfs_feeds *feeds);

/* The channel's first epoch that nobody has begun to read. */
uint64_t rfs_feeds_next(struct rfs_feeds *feeds, const char *channel);

/* Why the channel's latest epoch has failed; freed by the caller.  NULL: it has not. */
char *rfs_feeds_error(struct rfs_feeds *feeds, const char *channel);

/* Those that run, and the latest, oldest first; freed by the caller.  NULL without memory. */
struct rfs_feed_report *rfs_feeds_get(struct rfs_feeds *feeds, size_t *ret_nr);

#endif
