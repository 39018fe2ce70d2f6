/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One gzip member, whose parts are deflated each by itself, on any thread, and put one
 * behind the other.
 *
 *	head | part: blocks, byte-aligned | part | … | empty last block, CRC-32, length
 *
 * A part does not look back into the one before: that costs about a hundredth in size, and
 * makes the bytes depend on the parts alone.
 *
 * Below it: base, zlib.
 */
#ifndef RIO_FEED_GZIP_H
#define RIO_FEED_GZIP_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

#define RIO_GZIP_HEAD_BYTES 10
#define RIO_GZIP_TAIL_BYTES 10

/* A head without name and time, so that it is the same each time. */
extern const uint8_t rio_gzip_head[RIO_GZIP_HEAD_BYTES];

struct rio_gzip_part {
	uint8_t *bytes; /* owned; used again */
	size_t len_bytes, room;
	uint32_t crc;        /* of the text … */
	uint64_t text_bytes; /* … and its length */
};

/* What deflates, one thread at a time. */
struct rio_deflater;
int rio_deflater_create(struct rio_deflater **ret, struct rio_error *err);
void rio_deflater_destroy(struct rio_deflater *deflater);

/* RIO_ENOMEM.  Of no text nothing is made. */
int rio_deflater_run(struct rio_deflater *deflater, const uint8_t *text, size_t text_bytes,
	struct rio_gzip_part *ret, struct rio_error *err);

/* What the parts so far amount to; zeroed is none. */
struct rio_gzip_sum {
	uint32_t crc;
	uint64_t text_bytes;
};
void rio_gzip_sum_add(struct rio_gzip_sum *sum, const struct rio_gzip_part *part);
void rio_gzip_sum_tail(const struct rio_gzip_sum *sum, uint8_t ret[RIO_GZIP_TAIL_BYTES]);

#endif
