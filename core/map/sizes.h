/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a map holds besides where records differ in length: for each checkpoint, where
 * its records begin in the encoded file and how many rows before it became none; of the
 * whole, what was left out and filled in.
 *
 *	checkpoints   0        1              2     … sentinel
 *	record_off    0        5120           9984  … length of the encoded file
 *	nr_skipped    0        0              3     … rows that became no record
 *
 * A map shall be a thousandth of its source at most, and the checkpoints take three
 * quarters of that.  So this stays packed as it is in the file, two bytes or three a
 * segment, with the sums at every 32nd:
 *
 *	packed   | s0 | s1 | … | s31 | s32 | …     what each segment holds
 *	groups   | sums 0            | sums 32 …
 *
 * Below it: base.  It knows nothing of options: tables are bytes to it.
 */
#ifndef RIO_MAP_SIZES_H
#define RIO_MAP_SIZES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the rows of a segment become. */
struct rio_segment_size {
	uint64_t len_bytes;
	uint64_t nr_skipped;
};

/* The same of all segments before a checkpoint. */
struct rio_sizes_sum {
	uint64_t record_off;
	uint64_t nr_skipped;
};

struct rio_sizes_group {
	struct rio_sizes_sum before; /* its first checkpoint */
	size_t packed_off;           /* of its first segment */
};

struct rio_sizes {
	uint8_t *packed; /* owned */
	size_t packed_bytes;
	struct rio_sizes_group *groups; /* owned */
	size_t nr;       /* checkpoints, the sentinel included */
	struct rio_sizes_sum all;

	uint64_t nr_filled; /* missing cells that became a value */
	uint8_t *tables;    /* texts and their numbers, packed; owned, NULL: none */
	size_t tables_bytes;
};

/* Of nr_segments, one less than checkpoints.  RIO_ESCHEMA: the encoded file would be too large. */
int rio_sizes_create(const struct rio_segment_size *segments, size_t nr_segments,
	struct rio_sizes **ret, struct rio_error *err);
void rio_sizes_destroy(struct rio_sizes *sizes);

/* Takes NULL. */
bool rio_sizes_equal(const struct rio_sizes *a, const struct rio_sizes *b);

/* What lies before checkpoint k. */
struct rio_sizes_sum rio_sizes_before(const struct rio_sizes *sizes, size_t k);

/* The segment in which a byte of the encoded file lies: the last that begins not behind it. */
size_t rio_sizes_find(const struct rio_sizes *sizes, uint64_t off);

/* Bytes that it takes in memory, tables not counted. */
size_t rio_sizes_len_bytes(const struct rio_sizes *sizes);

/* As bytes, freed by the caller, and back.  RIO_EMAP_DAMAGED unless they are of nr checkpoints. */
int rio_sizes_pack(const struct rio_sizes *sizes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err);
int rio_sizes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr, struct rio_sizes **ret,
	struct rio_error *err);

#endif
