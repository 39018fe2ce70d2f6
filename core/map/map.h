/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset map: where the rows of a source lie.  Checkpoints about every 16
 * KiB of source, a sentinel at the end; between two of them lies a *segment*,
 * which begins and ends at row starts and is the unit of all reading.
 *
 *	source  | header | row row row … | row row … | … | row |
 *	                 ^ checkpoint 0  ^ 1         ^ 2       ^ sentinel
 *
 * A row is found by counting from the checkpoint before it, so many of them make a
 * random read cheap; the map shall be a thousandth of the source at most.  Both is
 * had by packing: a checkpoint is kept as three 32-bit distances from the base of its
 * group, 12 bytes in 16 KiB.
 *
 *	groups  | base, first = 0 | base, first = 256 | …     few
 *	packed  | 0 | 1 | 2 | … | 255 | 256 | …                a checkpoint each
 *
 * A group ends where a distance would not fit, so any checkpoint can be added.
 *
 * Lookups are pure functions of the map: no I/O, safe from many threads.  Of a map that
 * was kept, groups may have been left in the file (map/rest.h): a checkpoint other than a
 * group's first one can be looked up when its group was fetched.
 *
 * Below it: base, source (for the stamp).
 */
#ifndef RIO_MAP_MAP_H
#define RIO_MAP_MAP_H

#include "base/error.h"
#include "base/util.h"
#include "map/sizes.h"
#include "source/source.h"

#include <stddef.h>
#include <stdint.h>

/* Source bytes between checkpoints, at least; more where rows or quotes are long. */
#define RIO_MAP_SPACING_BYTES (16 * RIO_KIB)

struct rio_checkpoint {
	uint64_t src_off; /* of a row start, or of a blank line before it */
	uint64_t row;     /* its number, from 0, header not counted */
	uint64_t line;    /* line feeds before src_off, from the file's begin */
};

/* Its fields less those of the group's base. */
struct rio_packed_checkpoint {
	uint32_t src_off;
	uint32_t row;
	uint32_t line;
};

struct rio_checkpoint_group {
	struct rio_checkpoint base; /* the first one, whose distances are 0 */
	uint64_t first;             /* its number */
	uint64_t seal;              /* of its checkpoints in the file that they are kept in */
};

/* A group has no more. */
#define RIO_MAP_GROUP_CHECKPOINTS 256

struct rio_map_rest;

struct rio_map {
	struct rio_stamp stamp; /* of the source as it was counted */
	uint64_t data_off;      /* where counting began: checkpoint 0 */
	uint64_t data_line;     /* line feeds before data_off */

	/* nr_checkpoints >= 1; the last is the sentinel: end of source, row count. */
	struct rio_packed_checkpoint *packed;
	size_t nr_checkpoints;
	struct rio_checkpoint_group *groups;
	size_t nr_groups;

	/*
	 * Quotes can make it impossible to say where rows begin: the source offset
	 * of the first misplaced or never closed quote, or RIO_NO_OFFSET, and the
	 * row that it stands in.  That row and all after it cannot be read.
	 */
	uint64_t bad_quote_off;
	uint64_t bad_quote_row;
	bool bad_quote_open; /* it is never closed (else: misplaced) */

	struct rio_sizes *sizes; /* owned; NULL: all records are equally long */
	struct rio_map_rest *rest; /* owned; NULL: no group is left in a file */
};

/* Put a checkpoint behind the last one.  RIO_ENOMEM: nothing was added. */
int rio_map_add(struct rio_map *map, struct rio_checkpoint at);

/* Take the last one off again. */
void rio_map_remove_last(struct rio_map *map);

/* Checkpoint number k, k < nr_checkpoints. */
struct rio_checkpoint rio_map_checkpoint(const struct rio_map *map, size_t k);

static inline struct rio_checkpoint rio_map_last(const struct rio_map *map)
{
	const struct rio_checkpoint *base = &map->groups[map->nr_groups - 1].base;
	const struct rio_packed_checkpoint *last = &map->packed[map->nr_checkpoints - 1];

	return (struct rio_checkpoint){base->src_off + last->src_off, base->row + last->row,
		base->line + last->line};
}

static inline uint64_t rio_map_nr_rows(const struct rio_map *map)
{
	return rio_map_last(map).row;
}

/* The end of the source's text; of a compressed source not the stamp's size. */
static inline uint64_t rio_map_src_end(const struct rio_map *map)
{
	return rio_map_last(map).src_off;
}

/* Bytes that its checkpoints take in memory, and what is known of each. */
static inline size_t rio_map_len_bytes(const struct rio_map *map)
{
	return map->nr_checkpoints * sizeof(*map->packed) +
	       map->nr_groups * sizeof(*map->groups) +
	       (map->sizes ? rio_sizes_len_bytes(map->sizes) : 0);
}

/* The number of the checkpoint behind the last one of a group. */
static inline size_t rio_map_group_end(const struct rio_map *map, size_t group)
{
	return group + 1 < map->nr_groups ? map->groups[group + 1].first : map->nr_checkpoints;
}

/* The group in which the segment of a row, or of a source offset, begins. */
size_t rio_map_group_of_row(const struct rio_map *map, uint64_t row);
size_t rio_map_group_of_offset(const struct rio_map *map, uint64_t src_off);

/* Whether both maps have the same groups, whatever lies in them. */
bool rio_map_groups_alike(const struct rio_map *a, const struct rio_map *b);

/*
 * How many records stand before checkpoint k's.  The row of a bad quote is one, which
 * cannot be read, and what is behind it is none.
 */
uint64_t rio_map_records_before(const struct rio_map *map, size_t k);

/* Whether both maps, of which nothing is left out, begin with the same nr checkpoints. */
bool rio_map_begin_alike(const struct rio_map *a, const struct rio_map *b, size_t nr);

/* The segment in which row lies: the largest k with checkpoint k's row <= row. */
size_t rio_map_find_row(const struct rio_map *map, uint64_t row);

/* The segment in which a source offset lies (for line numbers). */
size_t rio_map_find_offset(const struct rio_map *map, uint64_t src_off);

/*
 * RIO_EMAP_DAMAGED unless groups follow each other, offsets rise, rows and lines do not
 * fall, the begin fits, and every other field is within bounds.  Whether it ends where
 * the source does, only who has the source can tell.  Of a group that is left in a file
 * no more than its base is checked.
 */
int rio_map_check(const struct rio_map *map, struct rio_error *err);

/* What rio_map_check wants of the groups, before anything else is looked at … */
int rio_map_check_groups(const struct rio_map *map, struct rio_error *err);

/* … and, behind that, of the steps in a group and to the next one. */
int rio_map_check_group(const struct rio_map *map, size_t group, struct rio_error *err);

void rio_map_destroy(struct rio_map *map);

#endif
