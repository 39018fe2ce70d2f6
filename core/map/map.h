/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset map: where the rows of a source lie.  Checkpoints about every 32
 * KiB of source, a sentinel at the end; between two of them lies a *segment*,
 * which begins and ends at row starts and is the unit of all reading.
 *
 *	source  | header | row row row … | row row … | … | row |
 *	                 ^ checkpoint 0  ^ 1         ^ 2       ^ sentinel
 *
 * Lookups are pure functions of the map: no I/O, safe from many threads.
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
#define RIO_MAP_SPACING_BYTES (32 * RIO_KIB)

struct rio_checkpoint {
	uint64_t src_off; /* of a row start, or of a blank line before it */
	uint64_t row;     /* its number, from 0, header not counted */
	uint64_t line;    /* line feeds before src_off, from the file's begin */
};

struct rio_map {
	struct rio_stamp stamp; /* of the source as it was counted */
	uint64_t data_off;      /* where counting began: checkpoint 0 */
	uint64_t data_line;     /* line feeds before data_off */

	/* nr_checkpoints >= 1; the last is the sentinel: end of source, row count. */
	struct rio_checkpoint *checkpoints;
	size_t nr_checkpoints;

	/*
	 * Quotes can make it impossible to say where rows begin: the source offset
	 * of the first misplaced or never closed quote, or RIO_NO_OFFSET, and the
	 * row that it stands in.  That row and all after it cannot be read.
	 */
	uint64_t bad_quote_off;
	uint64_t bad_quote_row;
	bool bad_quote_open; /* it is never closed (else: misplaced) */

	struct rio_sizes *sizes; /* owned; NULL: all records are equally long */
};

static inline uint64_t rio_map_nr_rows(const struct rio_map *map)
{
	return map->checkpoints[map->nr_checkpoints - 1].row;
}

/* The segment in which row lies: the largest k with checkpoints[k].row <= row. */
size_t rio_map_find_row(const struct rio_map *map, uint64_t row);

/* The segment in which a source offset lies (for line numbers). */
size_t rio_map_find_offset(const struct rio_map *map, uint64_t src_off);

/*
 * RIO_EMAP_DAMAGED unless offsets rise, rows and lines do not fall, begin and
 * end match the stamp, and every other field is within bounds.
 */
int rio_map_check(const struct rio_map *map, struct rio_error *err);

void rio_map_destroy(struct rio_map *map);

#endif
