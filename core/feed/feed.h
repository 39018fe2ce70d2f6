/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoch of a channel into a pipe: its objects back to back, as records, from the first
 * byte on without waiting for any map.
 *
 *	object ─ text ─► cut ─► pieces ─► encode, all cores ─► in order ─► pipe
 *	                                  (shuffle, gzip)
 *
 * Below it: base, source, dataset (stream), channel.  It knows neither mounts nor names of
 * FIFOs: it has a descriptor to write to.
 */
#ifndef RIO_FEED_FEED_H
#define RIO_FEED_FEED_H

#include "base/error.h"
#include "base/util.h"
#include "channel/job.h"
#include "channel/objects.h"
#include "schema/options.h"
#include "source/source.h"

#include <stdbool.h>
#include <stdint.h>

struct rio_store;

/* The text of a block under shuffle=rows: it decides the order of the records. */
#define RIO_SHUFFLE_BLOCK_BYTES (4 * RIO_MIB)

/* An object, opened to be streamed.  All owned by who asked for it. */
struct rio_feed_object {
	struct rio_source *source;
	struct rio_options options;
	char *store_path; /* absolute, names its map; NULL: none is kept */
};
void rio_feed_object_deinit(struct rio_feed_object *object);

struct rio_feed_config {
	const struct rio_job *job;
	const struct rio_objects *objects; /* all of the channel's */
	uint64_t epoch;
	/* Opens the object key; called by one thread at a time, in the epoch's order. */
	int (*open)(void *data, const char *key, struct rio_feed_object *ret,
		struct rio_error *err);
	void *open_data;
	struct rio_store *store;   /* for what cannot do without a map (text=map); may be NULL */
	unsigned nr_threads;       /* that encode, at most; 0: one a core */
	uint64_t bytes_per_second; /* --slow; 0: as fast as it goes */
	uint64_t stall_ms;         /* --stall: wait so long before the first byte; 0: do not */
	int stop_fd;               /* readable (an eventfd): end now; -1: none */
};

/* What became of it.  Set on failure, too. */
struct rio_feed_result {
	uint64_t len_bytes;   /* written */
	uint64_t nr_records;  /* or wrapped objects; of a reader that left: encoded for him */
	uint64_t nr_skipped;  /* rows, bad_row=skip */
	uint64_t nr_filled;   /* cells, missing= */
	bool reader_left;     /* it closed early: no failure */
	bool stopped;         /* by stop_fd: no failure */
};

/*
 * Write the epoch to fd, a pipe's writing end, which becomes non-blocking and as large as
 * the system lets it; it is not closed.  Returns when all is written, the reader has
 * closed, or stop_fd says so.  SIGPIPE must be ignored or blocked.  The bytes depend on
 * objects, job and epoch alone, not on threads and times.
 *
 * shuffle=rows: the records of each block of an object, RIO_SHUFFLE_BLOCK_BYTES of text
 * and the row that stands there, in the order that rio_permutation gives for it.
 *
 * compression=Gzip: one gzip member, an empty one for no records.
 *
 * record_wrapper=RecordIO: a frame for each object, whose payload is the file as it is
 * stored, compressed or not; its options do not matter, nor does shuffle=rows.
 *
 * RIO_EROW, RIO_ESCHEMA, RIO_ESOURCE_CHANGED, …: everything before the bad record was
 * written (under shuffle=rows: before its block), and behind it RIO_FEED_MARK, which no
 * reader takes for a frame, nor for the end of the data: the SDK, sagemaker-tensorflow, ml-io
 * and dmlc all fail there.  (The magic alone would not do: sagemaker-tensorflow makes a
 * record of memory out of it.)  A gzip stream that has begun ends without its trailer
 * instead, and a wrapped object within its frame.  Stopped between two records it puts the
 * mark there, too, also where the pipe is full: an epoch that was cut short is not to be
 * taken for a whole one.
 */
#define RIO_FEED_MARK "\xff\xff\xff\xff"
int rio_feed_epoch(const struct rio_feed_config *config, int fd, struct rio_feed_result *ret,
	struct rio_error *err);

/*
 * Into a pipe that nothing was written to, for what cannot begin: nobody is to take it for an
 * epoch without records.
 */
void rio_feed_reject(int fd);

#endif
