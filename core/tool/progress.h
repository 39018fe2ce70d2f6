/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far a long command is, on standard error: a bar on a terminal, else a
 * plain line now and then.
 *
 * Below it: base.
 */
#ifndef RIO_TOOL_PROGRESS_H
#define RIO_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct rio_progress {
	bool is_terminal;
	bool is_drawn;        /* a bar stands on the last line */
	uint64_t total_bytes; /* of all files */
	uint64_t done_bytes;  /* of the files done */
	struct timespec start;
	struct timespec shown;
};

void rio_progress_init(struct rio_progress *progress, uint64_t total_bytes);

/* As rio_dataset_config's progress: data is the struct rio_progress. */
int rio_progress_update(void *data, uint64_t done_bytes, uint64_t total_bytes);

/* A file is done.  Where nothing was counted, it leaves the sum. */
void rio_progress_file_done(struct rio_progress *progress, uint64_t len_bytes, bool counted);

/* Take the bar away, so that a line can be printed. */
void rio_progress_clear(struct rio_progress *progress);

#endif
