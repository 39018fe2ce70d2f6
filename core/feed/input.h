/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of an epoch, opened one after the other and cut into pieces.
 *
 *	order ─► open ─► stream ─► pieces of text, or
 *	              └► file ───► pieces of a frame's payload (record_wrapper)
 *
 * Below it: base, source, dataset (stream), channel.
 */
#ifndef RIO_FEED_INPUT_H
#define RIO_FEED_INPUT_H

#include "dataset/stream.h"
#include "feed/feed.h"

#include <stdatomic.h>

/* An object that is open: until all of it was cut, and every piece of it given back. */
struct rio_feed_open {
	const char *key; /* borrowed from the config */
	struct rio_feed_object object;
	struct rio_stream *stream; /* NULL: it is wrapped */
	struct rio_source *file;   /* wrapped: borrowed from object, compressed or not, … */
	struct rio_stamp stamp;    /* … its state, … */
	uint64_t off;              /* … and how much of it was cut */
	uint64_t nr_pieces;
	atomic_uint nr_users; /* one for the input, one for each piece */
};

struct rio_feed_input {
	const struct rio_feed_config *config;
	int (*interrupted)(void *data, struct rio_error *err); /* other than 0 ends it */
	void *data;
	size_t *order; /* indexes into the config's objects */
	size_t nr_objects, next;
	struct rio_feed_open *now; /* being cut, or NULL */
	uint64_t nr_pieces;        /* of all objects */
};

/* A piece of an object.  Zeroed is empty. */
struct rio_feed_piece {
	struct rio_feed_open *open; /* pinned; NULL: none */
	uint64_t block;             /* its number within the object, from 0 */
	struct rio_piece text;
	/* Wrapped, in place of text: as they are to be written, a frame's head and pad included. */
	uint8_t *raw;
	size_t raw_bytes, raw_room;
	bool ends_frame;
};

/* Borrows config for its life. */
int rio_feed_input_init(struct rio_feed_input *input, const struct rio_feed_config *config,
	struct rio_error *err);
void rio_feed_input_deinit(struct rio_feed_input *input);

/*
 * Cut the next piece; it must be released before it is used again.  RIO_STREAM_END: there
 * is none; what interrupted said, where it said so; or negative, as rio_stream_cut and as
 * opening says.  One thread at a time.
 */
int rio_feed_input_cut(struct rio_feed_input *input, struct rio_feed_piece *ret,
	struct rio_error *err);

/* Give the object back.  Safe from any thread. */
void rio_feed_piece_release(struct rio_feed_piece *piece);
void rio_feed_piece_deinit(struct rio_feed_piece *piece);

#endif
