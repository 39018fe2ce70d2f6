/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From rows to scanned bytes.
 *
 * Short segments that are wanted whole are read together, as an *extent*; of one that is
 * wanted in part no more is read than the wanted rows need, as far as that can be
 * guessed, and no more is scanned:
 *
 *	wanted                  ├──────────────────────────────┤
 *	segments  |       k              |     k + 1      |    k + 2   |
 *	                     ├ skip ┤├ scan ─── an extent ──┤├ scan ─┤
 *
 * Skipping is counting line feeds, several times as fast as scanning, and right where
 * the map counts as many rows as line feeds in a segment: each row ends with one, so
 * there each line feed ends a row, inside quotes or not, and no line is blank.  Then
 * rows can also be counted from the segment's end, so that reading begins near the
 * first one wanted where that is nearer to the end than to the begin.
 */
#include "dataset/internal.h"

#include "csv/lines.h"

#include <string.h>

/* Segments are read together up to this: what is made of them stays in a core's first cache. */
#define EXTENT_BYTES (24 * RIO_KIB)

/* A segment longer than this has a very long row in it. */
#define LONG_SEGMENT_BYTES RIO_MIB

int rio_scratch_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err)
{
	size_t new_room = 4 * RIO_KIB;
	void **p = buffer;

	if (wanted <= *room)
		return 0;
	while (new_room < wanted)
		new_room *= 2;
	free(*p);
	*room = 0;
	*p = malloc(new_room);
	if (!*p)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*room = new_room;
	return 0;
}

static int make_room(struct rio_scratch *s, size_t len_bytes, struct rio_error *err)
{
	int r = rio_scratch_grow(&s->buffer, &s->buffer_room,
		len_bytes + 1 + 2 * RIO_PAD_BYTES, err);

	if (r < 0)
		return r;
	memset(s->buffer, 0, RIO_PAD_BYTES);
	return rio_scratch_make_ends(s, len_bytes, err);
}

/* How many rows end in it: the map's count, unless a bad quote put that in doubt. */
static uint64_t extent_rows(const struct rio_extent *extent)
{
	return extent->end.row - extent->begin.row;
}

static bool is_sure(const struct rio_reading *rd, const struct rio_extent *extent)
{
	const struct rio_map *map = rd->dataset->map;

	return map->bad_quote_off == RIO_NO_OFFSET || extent->end.row <= map->bad_quote_row;
}

/* Whether every line feed ends a row.  The source's last row may end without one. */
static bool is_plain(const struct rio_reading *rd, const struct rio_extent *extent)
{
	return is_sure(rd, extent) &&
	       extent_rows(extent) == extent->end.line - extent->begin.line &&
	       extent->end.src_off < rio_map_src_end(rd->dataset->map);
}

/* Read [off, off + len_bytes) of the source to where it can be scanned. */
static int fetch(struct rio_reading *rd, uint64_t off, size_t len_bytes, uint8_t **ret)
{
	struct rio_scratch *s = rd->scratch;
	size_t got = 0;
	int r = make_room(s, len_bytes, rd->err);

	if (r < 0)
		return r;
	r = rio_source_read_at(rd->source, off, s->buffer + RIO_PAD_BYTES, len_bytes, &got,
		rd->err);
	if (r < 0)
		return r;
	if (got < len_bytes)
		return rio_fail(rd->err, RIO_ESOURCE_CHANGED, "the file was cut short");
	if (rd->stats)
		rd->stats->source_bytes += len_bytes;
	*ret = s->buffer + RIO_PAD_BYTES;
	return 0;
}

/* Scan what was fetched; begin is the place of its first byte, a row start. */
static void scan(const struct rio_reading *rd, const struct rio_checkpoint *begin, uint8_t *bytes,
	size_t len_bytes, struct rio_segment *ret)
{
	bool at_end = begin->src_off + len_bytes == rio_map_src_end(rd->dataset->map);

	/* A last row without a line feed is a row all the same. */
	if (at_end && len_bytes && bytes[len_bytes - 1] != '\n')
		bytes[len_bytes++] = '\n';
	memset(bytes + len_bytes, 0, RIO_PAD_BYTES);
	rio_segment_scan(&rd->dataset->schema->rules.dialect, begin, bytes, len_bytes, rd->scratch,
		ret);
}

/* Stands for all rows, where it is said how many are to be scanned. */
#define ALL_LINES UINT64_MAX

/* What the first nr_lines lines take. */
static size_t lines_bytes(const uint8_t *p, size_t len_bytes, uint64_t nr_lines)
{
	return nr_lines == ALL_LINES ? len_bytes
				     : RIO_MIN(rio_skip_lines(p, len_bytes, nr_lines), len_bytes);
}

/*
 * Read the first len_bytes of an extent, and scan nr_lines rows behind its first skip
 * ones, all of which are lines, or ALL_LINES, which need not be.  Too few come out
 * where not all of them are among what was read.
 */
static int load(struct rio_reading *rd, const struct rio_checkpoint *begin, size_t len_bytes,
	uint64_t skip, uint64_t nr_lines, struct rio_segment *ret)
{
	struct rio_checkpoint first = {.row = begin->row + skip, .line = begin->line + skip};
	size_t skip_bytes;
	uint8_t *bytes;
	int r = fetch(rd, begin->src_off, len_bytes, &bytes);

	if (r < 0)
		return r;
	skip_bytes = RIO_MIN(rio_skip_lines(bytes, len_bytes, skip), len_bytes);
	first.src_off = begin->src_off + skip_bytes;
	scan(rd, &first, bytes + skip_bytes,
		lines_bytes(bytes + skip_bytes, len_bytes - skip_bytes, nr_lines), ret);
	return 0;
}

/*
 * Read the last len_bytes of an extent, and scan nr_lines of its last nr_rows rows, which
 * are lines: they begin behind the line feed before them.  Positive if they are not all
 * among what was read.
 */
static int load_last(struct rio_reading *rd, const struct rio_checkpoint *end, size_t len_bytes,
	uint64_t nr_rows, uint64_t nr_lines, struct rio_segment *ret)
{
	struct rio_checkpoint first = {.row = end->row - nr_rows, .line = end->line - nr_rows};
	size_t nr_here, skip_bytes;
	uint8_t *bytes;
	int r = fetch(rd, end->src_off - len_bytes, len_bytes, &bytes);

	if (r < 0)
		return r;
	nr_here = rio_count_lines(bytes, len_bytes);
	if (nr_here <= nr_rows)
		return 1;
	skip_bytes = rio_skip_lines(bytes, len_bytes, nr_here - nr_rows);
	first.src_off = end->src_off - len_bytes + skip_bytes;
	scan(rd, &first, bytes + skip_bytes,
		lines_bytes(bytes + skip_bytes, len_bytes - skip_bytes, nr_lines), ret);
	return ret->fields.nr_rows == RIO_MIN(nr_lines, nr_rows) ? 0 : 1;
}

/* All of an extent behind skip rows, in which the map's count must come out again. */
static int load_whole(struct rio_reading *rd, const struct rio_extent *extent, uint64_t skip,
	uint64_t nr_rows, struct rio_segment *ret)
{
	int r = load(rd, &extent->begin, extent->end.src_off - extent->begin.src_off, skip,
		ALL_LINES, ret);

	if (r < 0)
		return r;
	if (is_sure(rd, extent) ? ret->fields.nr_rows == extent_rows(extent) - skip
			      : ret->fields.nr_rows >= nr_rows)
		return 0;
	return rio_fail(rd->err, RIO_EMAP_DAMAGED,
		"the map does not fit the file: %ju rows at byte %ju, not %ju",
		(uintmax_t)(skip + ret->fields.nr_rows), (uintmax_t)extent->begin.src_off,
		(uintmax_t)extent_rows(extent));
}

/* What nr_rows rows of an extent take, as far as can be guessed, and a little more. */
static uint64_t guess_bytes(const struct rio_extent *extent, uint64_t nr_rows)
{
	uint64_t len_bytes = extent->end.src_off - extent->begin.src_off;
	uint64_t guess = len_bytes / extent_rows(extent) * (nr_rows + 1) + RIO_KIB / 2;

	return len_bytes > LONG_SEGMENT_BYTES ? RIO_MIN(guess, LONG_SEGMENT_BYTES) : guess;
}

/*
 * Load the first rows of an extent, up to row last, behind skip ones: up to a guess from
 * the average length of its rows, and if that was too short, more, and then all of it.
 *
 * A quote that is never closed makes a segment of all the rest of the file, and
 * the average means nothing: such a one is tried from small pieces on.
 */
static int load_first(struct rio_reading *rd, const struct rio_extent *extent, uint64_t skip,
	uint64_t nr_lines, uint64_t last, struct rio_segment *ret)
{
	uint64_t len_bytes = extent->end.src_off - extent->begin.src_off;
	uint64_t most = RIO_MIN(len_bytes, RIO_ROW_BYTES_MAX);
	uint64_t nr_rows = last - extent->begin.row;

	for (uint64_t guess = guess_bytes(extent, nr_rows); guess < most; guess *= 4) {
		int r = load(rd, &extent->begin, guess, skip, nr_lines, ret);

		if (r < 0 || ret->fields.nr_rows >= nr_rows - skip)
			return r;
	}
	return most < len_bytes ? load(rd, &extent->begin, most, skip, nr_lines, ret)
				: load_whole(rd, extent, skip, nr_rows - skip, ret);
}

int rio_extent_load(struct rio_reading *rd, const struct rio_extent *extent, uint64_t first,
	uint64_t last, struct rio_segment *ret)
{
	bool plain = is_plain(rd, extent);
	uint64_t skip = plain ? first - extent->begin.row : 0;
	uint64_t nr_lines = plain && last < extent->end.row ? last - first : ALL_LINES;
	uint64_t behind = guess_bytes(extent, extent->end.row - first);

	if (skip && behind < guess_bytes(extent, last - extent->begin.row) &&
		behind < extent->end.src_off - extent->begin.src_off) {
		int r = load_last(rd, &extent->end, behind, extent->end.row - first, nr_lines, ret);

		if (r <= 0)
			return r;
	}
	return load_first(rd, extent, skip, nr_lines, last, ret);
}

int rio_segment_load(struct rio_reading *rd, size_t k, uint64_t nr_rows,
	struct rio_segment *ret)
{
	const struct rio_map *map = rd->dataset->map;
	const struct rio_extent extent = {rio_map_checkpoint(map, k),
		rio_map_checkpoint(map, k + 1)};

	return rio_extent_load(rd, &extent, extent.begin.row, extent.begin.row + nr_rows, ret);
}

int rio_dataset_scan(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, size_t k, uint64_t nr_rows, const uint8_t **ret_bytes,
	struct rio_fields *ret, struct rio_error *err)
{
	struct rio_reading rd = {.dataset = dataset, .source = source, .scratch = scratch,
		.err = err};
	struct rio_segment segment;
	int r = rio_segment_load(&rd, k, nr_rows, &segment);

	if (r < 0)
		return r;
	*ret_bytes = segment.bytes;
	*ret = segment.fields;
	return 0;
}

int rio_extent_find(struct rio_reading *rd, uint64_t row, uint64_t stop, struct rio_extent *ret)
{
	const struct rio_map *map = rd->dataset->map;
	size_t group = rio_map_group_of_row(map, row), end = rio_map_group_end(map, group), k;
	int r = rio_dataset_fetch(rd->dataset, rd->source, group, rd->err);

	if (r < 0)
		return r;
	k = rio_map_find_row(map, row);
	*ret = (struct rio_extent){rio_map_checkpoint(map, k), rio_map_checkpoint(map, k + 1)};
	/* Up to the next group's first checkpoint, which is there in any case. */
	for (k += 2; k <= end && k < map->nr_checkpoints; k++) {
		struct rio_checkpoint next = rio_map_checkpoint(map, k);

		if (next.row > stop || next.src_off - ret->begin.src_off > EXTENT_BYTES)
			break;
		ret->end = next;
	}
	return 0;
}
