/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a map holds besides where records differ in length: for each checkpoint, where
 * its records begin in the encoded file and how many there are before; of the whole,
 * what was left out and filled in.
 *
 *	checkpoints  0        1              2     … sentinel
 *	record_offs  0        5120           9984  … length of the encoded file
 *	nr_records   0        101            187   … number of records
 *
 * Below it: base.  It knows nothing of options: tables are bytes to it.
 */
#ifndef RIO_MAP_SIZES_H
#define RIO_MAP_SIZES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rio_sizes {
	/* One a checkpoint, the sentinel included; owned. */
	uint64_t *record_offs;
	uint64_t *nr_records;
	size_t nr;

	uint64_t nr_skipped; /* rows that became no record */
	uint64_t nr_filled;  /* missing cells that became a value */

	uint8_t *tables;     /* texts and their numbers, packed; owned, NULL: none */
	size_t tables_bytes;
};

/* For nr checkpoints, all zero. */
int rio_sizes_create(size_t nr, struct rio_sizes **ret, struct rio_error *err);
void rio_sizes_destroy(struct rio_sizes *sizes);

/*
 * From what each segment holds (at its checkpoint) to sums of all before it.
 * RIO_ESCHEMA where the encoded file would be too large.
 */
int rio_sizes_sum(struct rio_sizes *sizes, struct rio_error *err);

/* Takes NULL. */
bool rio_sizes_equal(const struct rio_sizes *a, const struct rio_sizes *b);

/* The segment in which a byte of the encoded file lies: the last that begins not behind it. */
size_t rio_sizes_find(const struct rio_sizes *sizes, uint64_t off);

/* As bytes, freed by the caller, and back.  RIO_EMAP_DAMAGED unless they are of nr checkpoints. */
int rio_sizes_pack(const struct rio_sizes *sizes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err);
int rio_sizes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr, struct rio_sizes **ret,
	struct rio_error *err);

#endif
