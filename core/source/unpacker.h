/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decoding a compressed source in one direction, from an entry on, member after
 * member.
 *
 * Below it: source, codec.  It knows no index: whoever has one says where to begin.
 */
#ifndef RIO_SOURCE_UNPACKER_H
#define RIO_SOURCE_UNPACKER_H

#include "source/codec.h"
#include "source/source.h"

struct rio_unpacker;

/* Begin at bit number bit of a source of that codec; window may be NULL at a member's begin. */
int rio_unpacker_create(const struct rio_codec *codec, uint64_t bit, const uint8_t *window,
	size_t window_bytes, struct rio_unpacker **ret, struct rio_error *err);
void rio_unpacker_destroy(struct rio_unpacker *unpacker);
void rio_unpacker_destroyp(struct rio_unpacker **unpacker);

enum rio_unpacked {
	RIO_UNPACKED_ROOM,   /* dst is full */
	RIO_UNPACKED_ENTRY,  /* it stands at a block's begin, within a member */
	RIO_UNPACKED_MEMBER, /* it stands at a member's begin */
	RIO_UNPACKED_END,    /* the source has ended where it should */
};

/*
 * Decode the next bytes into dst, len_bytes of them unless something stops it before;
 * the source (the same one each time, or another descriptor of it) is borrowed for the
 * call.  Stops at members' begins and entries only if asked to.
 *
 * RIO_EDAMAGED, with the place in words.  *ret_bytes is set in any case.
 */
int rio_unpacker_run(struct rio_unpacker *unpacker, struct rio_source *source, void *dst,
	size_t len_bytes, bool stop_at_entries, size_t *ret_bytes, struct rio_error *err);

/* The source's bytes that are used up. */
uint64_t rio_unpacker_off(const struct rio_unpacker *unpacker);

/*
 * Having stopped at RIO_UNPACKED_ENTRY: the bit of the source at which it can be
 * entered, and the window that it takes.  Returns the window's length; 0: it cannot.
 */
size_t rio_unpacker_entry(struct rio_unpacker *unpacker, uint64_t *ret_bit,
	uint8_t window[RIO_WINDOW_BYTES_MAX]);

#endif
