/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gzip member that is entered at a block, as both of its decoders see it: it begins
 * within a byte, and its trailer speaks of bytes that were not decoded.
 */
#ifndef RIO_SOURCE_GZIP_ENTRY_H
#define RIO_SOURCE_GZIP_ENTRY_H

#include "base/util.h"
#include "source/codec.h"

#define RIO_GZIP_TRAILER_BYTES 8

struct rio_gzip_entry {
	bool raw;              /* entered within a member */
	unsigned skip_bits;    /* of the next byte, before the first step */
	unsigned trailer_left; /* bytes of a trailer to step over */
};

static inline void rio_gzip_entry_begin(struct rio_gzip_entry *e,
	const struct rio_codec_entry *entry)
{
	*e = (struct rio_gzip_entry){
		.raw = entry->window_bytes > 0,
		.skip_bits = entry->skip_bits,
	};
}

/* Step over the trailer, as far as it is there. */
static inline int rio_gzip_skip_trailer(struct rio_gzip_entry *e, struct rio_decoder *d)
{
	size_t n = RIO_MIN(d->in_bytes, (size_t)e->trailer_left);

	d->in += n;
	d->in_bytes -= n;
	e->trailer_left -= (unsigned)n;
	return e->trailer_left ? RIO_DECODED_SOME : RIO_DECODED_MEMBER;
}

/* The rest of the byte within which the first block begins: returns how many bits. */
static inline int rio_gzip_take_bits(struct rio_gzip_entry *e, struct rio_decoder *d,
	unsigned *ret_bits)
{
	int nr = 8 - (int)e->skip_bits;

	*ret_bits = (unsigned)*d->in++ >> e->skip_bits;
	d->in_bytes--;
	e->skip_bits = 0;
	return nr;
}

#endif
