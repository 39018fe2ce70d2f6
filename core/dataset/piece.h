/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a text is cut into, so that many threads can encode it.
 *
 * Below it: base, csv, map (checkpoints).
 */
#ifndef RIO_DATASET_PIECE_H
#define RIO_DATASET_PIECE_H

#include "base/error.h"
#include "csv/kernel.h"
#include "map/map.h"

#include <stddef.h>
#include <stdint.h>

/* There are no more. */
#define RIO_STREAM_END 1

/*
 * Whole rows, as text.  Zeroed is empty; its memory is used again from cut to cut, of
 * this stream or another.
 */
struct rio_piece {
	struct rio_checkpoint *segments; /* where they begin; the last is the end */
	size_t nr_segments, segments_room;
	uint8_t *buffer; /* RIO_PAD_BYTES, the text, a line feed, RIO_PAD_BYTES */
	size_t buffer_room;
	size_t len_bytes; /* of the text */
	int wall;         /* a negative code: behind its rows none can be told apart */
	struct rio_error wall_error;
};
void rio_piece_deinit(struct rio_piece *piece);

#endif
