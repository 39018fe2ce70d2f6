/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FIFOs of all channels, and the epochs that are being written to those that somebody
 * has opened.
 *
 * Below it: channel, feed, tool/feed_folder, tool/tool.
 */
#ifndef RIO_TOOL_FEED_PIPES_H
#define RIO_TOOL_FEED_PIPES_H

#include "channel/objects.h"
#include "tool/feed_folder.h"
#include "tool/tool.h"

#include <stdbool.h>
#include <stdint.h>

/* A channel and its FIFOs, of which there is one more than epochs were opened. */
struct rio_fed_channel {
	char *name;
	char *folder; /* as given */
	struct rio_objects objects;
	struct rio_fed_epoch *epochs; /* [first, first + nr) of them have a FIFO */
	uint64_t first;
	size_t nr, room;
	uint64_t nr_read;
	char *told; /* the last error, which each epoch may meet again */
};

/* How all is fed.  All borrowed. */
struct rio_pipes_config {
	const struct rio_tool_call *call;
	const struct rio_feed_folder *folder;
	struct rio_fed_channel *channels;
	size_t nr_channels;
	uint64_t nr_epochs; /* of each channel; 0: no end */
	uint64_t bytes_per_second;
	uint64_t stall_ms;
};

struct rio_pipes {
	struct rio_pipes_config config;
	struct rio_feeder *feeders; /* at work */
	size_t epochs_max;          /* of a channel that have a FIFO at the same time */
	int watch_fd;               /* readable where a FIFO was opened … */
	int ended_fd;               /* … and where a feeder is done */
	int stop_fd;
	enum rio_exit code;         /* of what went wrong with the data */
};

/*
 * Make each channel's first FIFO.  ret must be deinitialised, on failure too, which ends
 * all readers' pipes and removes all FIFOs.
 */
int rio_pipes_init(struct rio_pipes *ret, const struct rio_pipes_config *config,
	struct rio_error *err);
void rio_pipes_deinit(struct rio_pipes *pipes);

/*
 * See who has opened a FIFO and which epochs are done; where there is nothing new, that is
 * no harm.  What is wrong with the data is told, and goes into code; RIO_ESYSTEM where it
 * cannot go on.
 */
int rio_pipes_serve(struct rio_pipes *pipes, struct rio_error *err);

/* No epoch but those being read are fed from now on. */
void rio_pipes_close(struct rio_pipes *pipes);

/* Whether all epochs that there are to be were read, and whether any is being. */
bool rio_pipes_are_read(const struct rio_pipes *pipes);
bool rio_pipes_are_busy(const struct rio_pipes *pipes);

#endif
