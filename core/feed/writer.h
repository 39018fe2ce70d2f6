/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing into a pipe that may be full, may lose its reader, and may have to be left at
 * any time.
 *
 * Below it: base.  It knows nothing of what it writes.
 */
#ifndef RIO_FEED_WRITER_H
#define RIO_FEED_WRITER_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* Why nothing more is to be written: no failures, and not the end (RIO_STREAM_END). */
#define RIO_READER_LEFT 2
#define RIO_STOPPED     3

struct rio_writer {
	int fd;
	int stop_fd;               /* readable: end now; -1: none */
	uint64_t bytes_per_second; /* 0: as fast as it goes */
	int64_t next_ns;           /* on CLOCK_MONOTONIC: when the next bytes may go */
	uint64_t len_bytes;        /* written */
};

/*
 * Borrows both descriptors; fd becomes non-blocking, and a pipe as large as it may be, but
 * such that it may become larger still.
 */
int rio_writer_init(struct rio_writer *writer, int fd, int stop_fd, uint64_t bytes_per_second,
	struct rio_error *err);

/* 0, RIO_READER_LEFT, RIO_STOPPED, or RIO_ESYSTEM; in these cases a part may be written. */
int rio_writer_write(struct rio_writer *writer, const void *bytes, size_t len_bytes,
	struct rio_error *err);

/* The same after waiting so long, and as things are. */
int rio_writer_pause(struct rio_writer *writer, uint64_t ms, struct rio_error *err);
int rio_writer_look(const struct rio_writer *writer, struct rio_error *err);

/* Write a few bytes (PIPE_BUF at most) now, whatever stop_fd says; a full pipe is enlarged. */
void rio_writer_force(struct rio_writer *writer, const void *bytes, size_t len_bytes);

#endif
