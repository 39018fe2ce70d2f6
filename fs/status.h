/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the daemon has done and holds, and the two texts that tell it:
 * .recordiofs/status for people, .recordiofs/metrics for Prometheus.
 *
 * Below it: core/dataset (for the cost of a read).  Counting is lock-free.
 */
#ifndef RFS_STATUS_H
#define RFS_STATUS_H

#include "dataset/dataset.h"

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

/* Counted as things happen; relaxed atomics, exact but not mutually in step. */
struct rfs_counters {
	atomic_uint_fast64_t open_files;
	atomic_uint_fast64_t requests;     /* reads asked for */
	atomic_uint_fast64_t served_bytes; /* of encoded files */
	atomic_uint_fast64_t source_bytes; /* read and scanned */
	atomic_uint_fast64_t rows;         /* encoded */
	atomic_uint_fast64_t slow_fields;  /* read by themselves, not in a vector */
	atomic_uint_fast64_t lone_reads;   /* requests that were encoded without a block */
	atomic_uint_fast64_t skipped_rows; /* in files that were looked up */
	atomic_uint_fast64_t filled_cells; /* likewise; of records of one size, in those encoded */
	atomic_uint_fast64_t feeds;        /* epochs that somebody began to read */
	atomic_uint_fast64_t failed_feeds;
	atomic_uint_fast64_t fed_bytes;    /* of feeds that have ended */
	atomic_uint_fast64_t fed_records;  /* likewise */
	atomic_uint_fast64_t errors;       /* requests that failed, for other reasons than
					      asking for what is not there */
};

static inline void rfs_count(atomic_uint_fast64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void rfs_count_read(struct rfs_counters *counters, const struct rio_read_stats *stats);

/* An epoch of a channel that is being fed, or was. */
struct rfs_feed_report {
	char channel[65];
	uint64_t epoch;
	const char *state;   /* feeding, done, reader left, failed or stopped */
	uint64_t nr_objects; /* opened so far; the figures below are there when it has ended */
	uint64_t len_bytes;
	uint64_t nr_records;
	uint64_t nr_skipped;
	uint64_t nr_filled;
};

/* What is looked up when a text is made. */
struct rfs_status {
	const char *source;
	const char *options;
	const char *settings; /* the settings file that counts for SOURCE; NULL: none */
	time_t uptime_seconds;
	const struct rfs_counters *counters;
	uint64_t files_known;
	uint64_t blocks; /* encoded ahead, or being encoded */
	uint64_t block_hits;
	uint64_t block_misses;
	uint64_t read_ahead_kib; /* the kernel's; 0: not known */
	uint64_t memory_bytes;
	uint64_t memory_budget_bytes;
	const struct rfs_feed_report *feeds; /* oldest first */
	size_t nr_feeds;
	char **errors; /* "PATH: message" of files that cannot be encoded, or not all of them */
	size_t nr_errors;
};

/* Freed by the caller; NULL without memory. */
char *rfs_status_text(const struct rfs_status *status);
char *rfs_status_metrics(const struct rfs_status *status);

#endif
