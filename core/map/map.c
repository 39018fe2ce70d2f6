/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

/* The last checkpoint whose field (an offset in the struct) is not above value, or 0. */
static size_t last_not_above(const struct rio_map *map, size_t field, uint64_t value)
{
	size_t low = 0, high = map->nr_checkpoints;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		const char *checkpoint = (const char *)&map->checkpoints[middle];

		if (*(const uint64_t *)(const void *)(checkpoint + field) <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t rio_map_find_row(const struct rio_map *map, uint64_t row)
{
	return last_not_above(map, offsetof(struct rio_checkpoint, row), row);
}

size_t rio_map_find_offset(const struct rio_map *map, uint64_t src_off)
{
	return last_not_above(map, offsetof(struct rio_checkpoint, src_off), src_off);
}

/*
 * From one checkpoint to the next the offset rises; rows and lines cannot rise
 * by more than the bytes between, and need not rise at all: a segment may
 * consist of blank lines.
 */
static int check_step(const struct rio_map *map, size_t k, struct rio_error *err)
{
	const struct rio_checkpoint *a = &map->checkpoints[k], *b = a + 1;
	uint64_t len_bytes = b->src_off - a->src_off;

	if (b->src_off <= a->src_off || b->src_off > map->stamp.size_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu lies at byte %ju, behind one at %ju", k + 1,
			(uintmax_t)b->src_off, (uintmax_t)a->src_off);
	if (b->row < a->row || b->row - a->row > len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu is row %ju, %ju bytes behind row %ju", k + 1,
			(uintmax_t)b->row, (uintmax_t)len_bytes, (uintmax_t)a->row);
	if (b->line < a->line || b->line - a->line > len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu is line %ju, %ju bytes behind line %ju", k + 1,
			(uintmax_t)b->line, (uintmax_t)len_bytes, (uintmax_t)a->line);
	return 0;
}

static int check_ends(const struct rio_map *map, struct rio_error *err)
{
	const struct rio_checkpoint *first = map->checkpoints;
	const struct rio_checkpoint *last = first + map->nr_checkpoints - 1;

	if (first->src_off != map->data_off || first->row != 0 || first->line != map->data_line)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: it begins at byte %ju, row %ju, and not at byte %ju, row 0",
			(uintmax_t)first->src_off, (uintmax_t)first->row,
			(uintmax_t)map->data_off);
	if (last->src_off != map->stamp.size_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: it ends at byte %ju of a source of %ju bytes",
			(uintmax_t)last->src_off, (uintmax_t)map->stamp.size_bytes);
	if (map->data_line > map->data_off)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: %ju lines in the first %ju bytes",
			(uintmax_t)map->data_line, (uintmax_t)map->data_off);
	return 0;
}

static int check_bad_quote(const struct rio_map *map, struct rio_error *err)
{
	if (map->bad_quote_off == RIO_NO_OFFSET)
		return 0;
	if (map->bad_quote_off < map->data_off || map->bad_quote_off >= map->stamp.size_bytes ||
		map->bad_quote_row > rio_map_nr_rows(map))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: a bad quote at byte %ju, row %ju, outside the data",
			(uintmax_t)map->bad_quote_off, (uintmax_t)map->bad_quote_row);
	return 0;
}

int rio_map_check(const struct rio_map *map, struct rio_error *err)
{
	int r;

	if (map->nr_checkpoints == 0)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: no checkpoint in it");
	r = check_ends(map, err);
	for (size_t k = 0; !r && k + 1 < map->nr_checkpoints; k++)
		r = check_step(map, k, err);
	if (!r && map->sizes && map->sizes->nr != map->nr_checkpoints)
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: %zu sizes of %zu checkpoints",
			map->sizes->nr, map->nr_checkpoints);
	return r ? r : check_bad_quote(map, err);
}

void rio_map_destroy(struct rio_map *map)
{
	if (!map)
		return;
	rio_sizes_destroy(map->sizes);
	free(map->checkpoints);
	free(map);
}
