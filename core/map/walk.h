/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting a piece of a source on its own, whatever came before it.
 *
 * The source is cut into chunks, and these into *stretches* of about
 * RIO_MAP_SPACING_BYTES.  All cuts are behind line feeds: a chunk's first stretch
 * begins behind the first line feed at or after the byte before the chunk, and its
 * last one ends where the next chunk's first begins.  So chunks fit together
 * without knowing of each other, and each stretch is tallied for both quote
 * states.
 *
 * Below it: base, source, csv.
 */
#ifndef RIO_MAP_WALK_H
#define RIO_MAP_WALK_H

#include "csv/kernel.h"
#include "map/map.h"
#include "source/window.h"

#define RIO_WALK_CHUNK_BYTES RIO_MIB
#define RIO_WALK_STRETCHES   (RIO_WALK_CHUNK_BYTES / RIO_MAP_SPACING_BYTES)

struct rio_stretch {
	uint64_t src_off; /* a line start */
	struct rio_tally tally;
};

/* A reader's window on the source. */
struct rio_walk {
	struct rio_dialect dialect;
	uint64_t data_off;   /* chunk 0 begins here */
	uint64_t size_bytes; /* of the source */
	struct rio_window window;
};

void rio_walk_init(struct rio_walk *walk, struct rio_source *source,
	const struct rio_dialect *dialect, uint64_t data_off, uint64_t size_bytes);
void rio_walk_deinit(struct rio_walk *walk);

/*
 * What the calls below say counts only when rio_window_verify has found the walk's window
 * sound; rio_walk_chunk does that itself.
 *
 * Tally chunk number chunk into stretches[RIO_WALK_STRETCHES].
 */
int rio_walk_chunk(struct rio_walk *walk, uint64_t chunk, struct rio_stretch *stretches,
	size_t *ret_nr, struct rio_error *err);

/* Add [off, end) to a tally. */
int rio_walk_tally(struct rio_walk *walk, uint64_t off, uint64_t end, struct rio_tally *tally,
	struct rio_error *err);

/* The offset of the last byte c in [begin, end), which must hold one. */
int rio_walk_find_last(struct rio_walk *walk, uint64_t begin, uint64_t end, uint8_t c,
	uint64_t *ret, struct rio_error *err);

#endif
