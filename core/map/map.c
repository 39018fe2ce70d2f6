/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

#include "map/rest.h"

#include <string.h>

/* Room for one more entry of an array that has nr; it doubles when that is a power of two. */
static bool make_room(void *array, size_t nr, size_t entry_bytes)
{
	void **p = array, *grown;

	if (nr & (nr - 1))
		return true;
	grown = reallocarray(*p, nr ? 2 * nr : 1, entry_bytes);
	if (grown)
		*p = grown;
	return grown;
}

/* at less base; false where a distance does not fit (or would be negative). */
static bool pack(const struct rio_checkpoint *base, const struct rio_checkpoint *at,
	struct rio_packed_checkpoint *ret)
{
	const struct rio_checkpoint far = {at->src_off - base->src_off, at->row - base->row,
		at->line - base->line};

	*ret = (struct rio_packed_checkpoint){(uint32_t)far.src_off, (uint32_t)far.row,
		(uint32_t)far.line};
	return far.src_off <= UINT32_MAX && far.row <= UINT32_MAX && far.line <= UINT32_MAX;
}

static struct rio_checkpoint unpack(const struct rio_checkpoint_group *group,
	const struct rio_packed_checkpoint *packed)
{
	return (struct rio_checkpoint){group->base.src_off + packed->src_off,
		group->base.row + packed->row, group->base.line + packed->line};
}

int rio_map_add(struct rio_map *map, struct rio_checkpoint at)
{
	const struct rio_checkpoint_group *group =
		map->nr_groups ? &map->groups[map->nr_groups - 1] : NULL;
	struct rio_packed_checkpoint packed = {0};

	if (!make_room(&map->packed, map->nr_checkpoints, sizeof(*map->packed)))
		return RIO_ENOMEM;
	if (!group || map->nr_checkpoints - group->first == RIO_MAP_GROUP_CHECKPOINTS ||
		!pack(&group->base, &at, &packed)) {
		if (!make_room(&map->groups, map->nr_groups, sizeof(*map->groups)))
			return RIO_ENOMEM;
		map->groups[map->nr_groups++] =
			(struct rio_checkpoint_group){at, map->nr_checkpoints, 0};
		packed = (struct rio_packed_checkpoint){0};
	}
	map->packed[map->nr_checkpoints++] = packed;
	return 0;
}

void rio_map_remove_last(struct rio_map *map)
{
	map->nr_checkpoints--;
	map->nr_groups -= map->groups[map->nr_groups - 1].first == map->nr_checkpoints;
}

uint64_t rio_map_records_before(const struct rio_map *map, size_t k)
{
	uint64_t rows = rio_map_checkpoint(map, k).row;

	if (map->bad_quote_off != RIO_NO_OFFSET)
		rows = RIO_MIN(rows, map->bad_quote_row + 1);
	return rows - (map->sizes ? rio_sizes_before(map->sizes, k).nr_skipped : 0);
}

struct rio_checkpoint rio_map_checkpoint(const struct rio_map *map, size_t k)
{
	size_t low = 0, high = map->nr_groups;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (map->groups[middle].first <= k)
			low = middle;
		else
			high = middle;
	}
	/* The base alone is there before its group is. */
	return map->groups[low].first == k ? map->groups[low].base
					   : unpack(&map->groups[low], &map->packed[k]);
}

static bool groups_alike(const struct rio_map *a, const struct rio_map *b, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (memcmp(&a->groups[i].base, &b->groups[i].base, sizeof(a->groups[i].base)) ||
			a->groups[i].first != b->groups[i].first)
			return false;
	return true;
}

bool rio_map_groups_alike(const struct rio_map *a, const struct rio_map *b)
{
	return a->nr_groups == b->nr_groups && groups_alike(a, b, a->nr_groups);
}

bool rio_map_begin_alike(const struct rio_map *a, const struct rio_map *b, size_t nr)
{
	size_t nr_groups = 0;

	if (nr > a->nr_checkpoints || nr > b->nr_checkpoints)
		return false;
	while (nr_groups < a->nr_groups && a->groups[nr_groups].first < nr)
		nr_groups++;
	return nr_groups <= b->nr_groups &&
	       (nr == 0 || (groups_alike(a, b, nr_groups) &&
				   memcmp(a->packed, b->packed, nr * sizeof(*a->packed)) == 0));
}

/* A field of a checkpoint, packed or not. */
enum field { SRC_OFF, ROW };

static uint64_t base_of(const struct rio_map *map, size_t group, enum field field)
{
	const struct rio_checkpoint *base = &map->groups[group].base;

	return field == ROW ? base->row : base->src_off;
}

/* The last group whose base's field is not above value, or 0. */
static size_t group_not_above(const struct rio_map *map, enum field field, uint64_t value)
{
	size_t low = 0, high = map->nr_groups;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (base_of(map, middle, field) <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The last checkpoint whose field is not above value, or 0. */
static size_t last_not_above(const struct rio_map *map, enum field field, uint64_t value)
{
	size_t group = group_not_above(map, field, value);
	size_t low = map->groups[group].first, high = rio_map_group_end(map, group);
	uint64_t base = base_of(map, group, field);

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		const struct rio_packed_checkpoint *packed = &map->packed[middle];

		if (base + (field == ROW ? packed->row : packed->src_off) <= value)
			low = middle;
		else
			high = middle;
	}
	return low;
}

size_t rio_map_group_of_row(const struct rio_map *map, uint64_t row)
{
	return group_not_above(map, ROW, row);
}

size_t rio_map_group_of_offset(const struct rio_map *map, uint64_t src_off)
{
	return group_not_above(map, SRC_OFF, src_off);
}

size_t rio_map_find_row(const struct rio_map *map, uint64_t row)
{
	return last_not_above(map, ROW, row);
}

size_t rio_map_find_offset(const struct rio_map *map, uint64_t src_off)
{
	return last_not_above(map, SRC_OFF, src_off);
}

/*
 * From one checkpoint to the next the offset rises; rows and lines cannot rise
 * by more than the bytes between, and need not rise at all: a segment may
 * consist of blank lines.
 */
static int check_step(const struct rio_map *map, const struct rio_checkpoint *a,
	const struct rio_checkpoint *b, size_t k, struct rio_error *err)
{
	uint64_t len_bytes = b->src_off - a->src_off;

	if (b->src_off <= a->src_off || b->src_off > rio_map_src_end(map))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu lies at byte %ju, behind one at %ju", k,
			(uintmax_t)b->src_off, (uintmax_t)a->src_off);
	if (b->row < a->row || b->row - a->row > len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu is row %ju, %ju bytes behind row %ju", k,
			(uintmax_t)b->row, (uintmax_t)len_bytes, (uintmax_t)a->row);
	if (b->line < a->line || b->line - a->line > len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: checkpoint %zu is line %ju, %ju bytes behind line %ju", k,
			(uintmax_t)b->line, (uintmax_t)len_bytes, (uintmax_t)a->line);
	return 0;
}

/*
 * What check_step wants of all steps within a group, without a branch: a map has some
 * sixty thousand of them for each GB of source.
 */
static bool group_is_sound(const struct rio_packed_checkpoint *packed, size_t nr)
{
	int64_t signs = 0;

	for (size_t i = 1; i < nr; i++) {
		const struct rio_packed_checkpoint *a = &packed[i - 1], *b = &packed[i];
		int64_t bytes = (int64_t)b->src_off - a->src_off;
		int64_t rows = (int64_t)b->row - a->row, lines = (int64_t)b->line - a->line;

		signs |= (bytes - 1) | rows | lines | (bytes - rows) | (bytes - lines);
	}
	return signs >= 0;
}

/* Of a sound group the step from its first to its last one tells that no sum overflows. */
int rio_map_check_group(const struct rio_map *map, size_t group, struct rio_error *err)
{
	const struct rio_checkpoint_group *g = &map->groups[group];
	size_t k = g->first, end = rio_map_group_end(map, group), last = end - 1;
	const struct rio_packed_checkpoint *packed = &map->packed[k];
	bool sound = group_is_sound(packed, end - k);
	struct rio_checkpoint before = g->base, at;
	int r = 0;

	if (packed->src_off || packed->row || packed->line)
		r = rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: group %zu does not begin at its base", group);
	while (r == 0 && k < last) {
		k = sound ? last : k + 1;
		at = unpack(g, &map->packed[k]);
		r = check_step(map, &before, &at, k, err);
		before = at;
	}
	return r || end == map->nr_checkpoints ? r
					       : check_step(map, &before, &g[1].base, end, err);
}

static int check_steps(const struct rio_map *map, struct rio_error *err)
{
	int r = 0;

	for (size_t group = 0; r == 0 && group < map->nr_groups; group++)
		if (rio_map_is_here(map, group))
			r = rio_map_check_group(map, group, err);
		else
			r = check_step(map, &map->groups[group].base, &map->groups[group + 1].base,
				map->groups[group + 1].first, err);
	return r;
}

/* Each begins where the one before ends, and holds a checkpoint at least. */
int rio_map_check_groups(const struct rio_map *map, struct rio_error *err)
{
	if (map->nr_checkpoints == 0 || map->nr_groups == 0)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: no checkpoint in it");
	for (size_t group = 0; group < map->nr_groups; group++)
		if ((group == 0 && map->groups[group].first != 0) ||
			map->groups[group].first >= rio_map_group_end(map, group) ||
			rio_map_group_end(map, group) - map->groups[group].first >
				RIO_MAP_GROUP_CHECKPOINTS)
			return rio_fail(err, RIO_EMAP_DAMAGED,
				"damaged map: group %zu begins with checkpoint %ju", group,
				(uintmax_t)map->groups[group].first);
	return 0;
}

static int check_ends(const struct rio_map *map, struct rio_error *err)
{
	const struct rio_checkpoint first = rio_map_checkpoint(map, 0);

	if (first.src_off != map->data_off || first.row != 0 || first.line != map->data_line)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: it begins at byte %ju, row %ju, and not at byte %ju, row 0",
			(uintmax_t)first.src_off, (uintmax_t)first.row,
			(uintmax_t)map->data_off);
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
	if (map->bad_quote_off < map->data_off || map->bad_quote_off >= rio_map_src_end(map) ||
		map->bad_quote_row > rio_map_nr_rows(map))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: a bad quote at byte %ju, row %ju, outside the data",
			(uintmax_t)map->bad_quote_off, (uintmax_t)map->bad_quote_row);
	return 0;
}

int rio_map_check(const struct rio_map *map, struct rio_error *err)
{
	int r = rio_map_check_groups(map, err);

	if (!r)
		r = check_ends(map, err);
	if (!r)
		r = check_steps(map, err);
	if (!r && map->sizes && map->sizes->nr != map->nr_checkpoints)
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: %zu sizes of %zu checkpoints",
			map->sizes->nr, map->nr_checkpoints);
	if (!r && map->sizes && map->sizes->all.nr_skipped > rio_map_nr_rows(map))
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: of %ju rows %ju are skipped",
			(uintmax_t)rio_map_nr_rows(map), (uintmax_t)map->sizes->all.nr_skipped);
	return r ? r : check_bad_quote(map, err);
}

void rio_map_destroy(struct rio_map *map)
{
	if (!map)
		return;
	free(map->packed);
	free(map->groups);
	rio_sizes_destroy(map->sizes);
	rio_map_rest_destroy(map->rest);
	free(map);
}
