/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compressed format: members one behind the other, each decoded in one direction,
 * which may be entered at members' begins and perhaps at places within.
 *
 * Below it: base.  It knows no source: bytes are given to it, and taken from it.
 */
#ifndef RIO_SOURCE_CODEC_H
#define RIO_SOURCE_CODEC_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most of what was decoded that a decoder may look back at (deflate's window). */
#define RIO_WINDOW_BYTES_MAX (32 * 1024)

/* Enough of a member's begin to tell what it is. */
#define RIO_CODEC_HEAD_BYTES 4

/* Where and how a decoder is to begin. */
struct rio_codec_entry {
	const uint8_t *window; /* what was decoded just before; not needed where a member begins */
	size_t window_bytes;   /* 0: a member begins */
	unsigned skip_bits;    /* of the first byte */
};

enum rio_decoded {
	RIO_DECODED_SOME,   /* all input is used up, or all room */
	RIO_DECODED_ENTRY,  /* it stands where it could be entered, if that was asked for */
	RIO_DECODED_MEMBER, /* a member has ended, and its checks are right */
};

/* The head of every implementation.  in and out move on as bytes are used. */
struct rio_decoder {
	const struct rio_codec *codec;
	const uint8_t *in;
	size_t in_bytes;
	uint8_t *out;
	size_t out_bytes;
};

struct rio_codec {
	const char *name;   /* in messages */
	const char *ending; /* of names of such files */
	uint64_t id;        /* in kept indexes; never changes */
	size_t state_bytes; /* what a decoder takes at most, with its input */
	const char *remedy; /* for files in which points lie too far apart */
	const struct rio_codec *reader; /* quicker for what has been checked; NULL: itself */
	bool zeros_may_follow; /* padding behind the last member, as tapes leave it */

	/* Whether a member begins like this. */
	bool (*is_head)(const uint8_t *head, size_t len_bytes);

	/* RIO_ENOMEM.  It must be begun before its first step. */
	int (*create)(struct rio_decoder **ret, struct rio_error *err);
	void (*destroy)(struct rio_decoder *decoder);
	int (*begin)(struct rio_decoder *decoder, const struct rio_codec_entry *entry,
		struct rio_error *err);

	/*
	 * Decode from in to out.  Returns an enum rio_decoded; RIO_EDAMAGED, or
	 * RIO_ESCHEMA for what is right and beyond us, the message being only what is
	 * wrong; or RIO_ENOMEM.
	 */
	int (*step)(struct rio_decoder *decoder, bool stop_at_entries, struct rio_error *err);

	/*
	 * At RIO_DECODED_ENTRY: copy the window, and tell how many bits before in it
	 * stands.  NULL for a format that is never entered within a member.
	 */
	size_t (*window)(struct rio_decoder *decoder, uint8_t window[RIO_WINDOW_BYTES_MAX],
		unsigned *ret_bits_before);
};

extern const struct rio_codec rio_codec_gzip;
#ifdef RIO_HAVE_ISAL
extern const struct rio_codec rio_codec_igzip; /* gzip's reader */
#endif
#ifdef RIO_HAVE_ZSTD
extern const struct rio_codec rio_codec_zstd;
#endif

/* The codec whose members begin like this, or NULL. */
const struct rio_codec *rio_codec_of_head(const uint8_t *head, size_t len_bytes);

/* The name of a format that begins like this and that this program was built without, or NULL. */
const char *rio_codec_left_out(const uint8_t *head, size_t len_bytes);

/* The codec that a file name's ending speaks of, or NULL. */
const struct rio_codec *rio_codec_of_name(const char *name);

/* The codec with this id, or NULL. */
const struct rio_codec *rio_codec_of_id(uint64_t id);

#endif
