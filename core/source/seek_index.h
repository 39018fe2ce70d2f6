/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a compressed source can be entered: *points*, about every 2 MiB of text, and a
 * sentinel at the end.  Between two of them lies a *span*, the unit of random access.
 *
 *	compressed  | member ……………………………… | member ………………… |
 *	            ^ point 0    ^ 1 (a bit)  ^ 2          ^ sentinel
 *	text        | span 0     | span 1     | span 2     |
 *
 * A point within a member takes the 32 KiB of text before it, its *window*, kept
 * deflated: in memory, or in a file where there is one to keep the index in.
 *
 * Below it: base, codec.  It knows no source and no folder.
 */
#ifndef RIO_SOURCE_SEEK_INDEX_H
#define RIO_SOURCE_SEEK_INDEX_H

#include "source/codec.h"

#include "base/util.h"

/* Text between points where the windows lie in a file, and where in memory. */
#define RIO_SEEK_SPACING_BYTES        (2 * RIO_MIB)
#define RIO_SEEK_SPACING_MEMORY_BYTES (8 * RIO_MIB)

/* Longer spans are refused: reading one byte could mean decoding all of it. */
#define RIO_SEEK_SPAN_BYTES_MAX (16 * RIO_MIB)

/* Five words in memory, as in a file. */
struct rio_seek_point {
	uint64_t bit;          /* of the compressed source */
	uint64_t off;          /* of the text */
	uint64_t window_off;   /* where the kept window lies */
	uint64_t window_bytes; /* kept; 0: a member begins here, and no window is needed */
	uint64_t window_seal;  /* XXH3-64 of the kept bytes, seeded with bit */
};

struct rio_seek_index {
	const struct rio_codec *codec;
	uint64_t spacing_bytes; /* text between points, at least; 1 or more */
	uint64_t id; /* what is the same for two of the same state of a source, and no others */

	/* nr_points >= 1; the last is the sentinel: the end of source and text. */
	struct rio_seek_point *points;
	size_t nr_points;
	size_t points_room;

	int windows_fd;   /* owned: window_off is an offset in this file; or -1: */
	uint8_t *windows; /* … in these bytes */
	uint64_t windows_off; /* of the first window … */
	uint64_t windows_end; /* … and behind the last */
	size_t windows_room;
};

/*
 * An empty one.  windows_fd (taken, on failure too) is a file to which windows are
 * written from windows_off on, or -1 for memory.
 */
int rio_seek_index_create(const struct rio_codec *codec, int windows_fd, uint64_t windows_off,
	struct rio_seek_index **ret, struct rio_error *err);
void rio_seek_index_destroy(struct rio_seek_index *index);
void rio_seek_index_destroyp(struct rio_seek_index **index);

/* Add a point behind the others; window_bytes 0: a member begins there. */
int rio_seek_index_add(struct rio_seek_index *index, uint64_t bit, uint64_t off,
	const uint8_t *window, size_t window_bytes, struct rio_error *err);

/* The text's length. */
static inline uint64_t rio_seek_index_len(const struct rio_seek_index *index)
{
	return index->points[index->nr_points - 1].off;
}

/* The span in which offset off of the text lies, which is not at or behind its end. */
size_t rio_seek_index_find(const struct rio_seek_index *index, uint64_t off);

/* The window of a point.  RIO_EMAP_DAMAGED where it is not what was kept. */
int rio_seek_index_window(const struct rio_seek_index *index, size_t point,
	uint8_t window[RIO_WINDOW_BYTES_MAX], size_t *ret_bytes, struct rio_error *err);

/* RIO_EMAP_DAMAGED where some window is not what was kept: reads all of them. */
int rio_seek_index_check_windows(const struct rio_seek_index *index, struct rio_error *err);

/*
 * RIO_EMAP_DAMAGED unless points rise from begin to end of a source of source_bytes,
 * no span is too long, and windows lie where windows are.
 */
int rio_seek_index_check(const struct rio_seek_index *index, uint64_t source_bytes,
	struct rio_error *err);

#endif
