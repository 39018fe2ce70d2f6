/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What records are, as far as a training algorithm cares: types, widths, labels, keys,
 * and values that are no finite numbers.
 *
 * Below it: base, proto, survey/range.
 */
#ifndef RIO_SURVEY_FACTS_H
#define RIO_SURVEY_FACTS_H

#include "record.pb-c.h"
#include "survey/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bits of struct rio_side's types: one a kind of value. */
enum {
	RIO_TYPE_FLOAT32 = 1,
	RIO_TYPE_FLOAT64 = 2,
	RIO_TYPE_INT32 = 4,
	RIO_TYPE_BYTES = 8,
	RIO_TYPE_NONE = 16, /* a key without a value */
};

/* In how many records something is so, and the number of the first, from 0. */
struct rio_fact {
	uint64_t nr;
	uint64_t first;
};

/* The features of all records, or the labels. */
struct rio_side {
	unsigned types;
	struct rio_fact absent;        /* no value at all */
	struct rio_fact nan;
	struct rio_fact infinite;
	struct rio_fact negative;
	uint64_t nr_present;           /* records that have a value */
	uint64_t width_min, width_max; /* values in these, all keys; a sparse one's is its shape */
	struct rio_fact sparse;        /* keys or a shape */
	struct rio_fact empty_sparse;  /* a shape, and no value */
	struct rio_fact other_key;     /* than "values" */
	struct rio_fact not_seq2seq;   /* other keys than "source" and "target" */

	/* By position, or by key where sparse; of several keys, one behind the other. */
	struct rio_range *ranges; /* owned; NULL: not asked for */
	size_t nr_ranges, ranges_room;
};

struct rio_facts {
	uint64_t nr_records;
	struct rio_fact split; /* records in several frames */
	struct rio_side features, label;
	bool wants_ranges;
};

/* Columns beyond are not looked at one by one. */
#define RIO_FACTS_RANGES_MAX 65536

void rio_facts_init(struct rio_facts *facts, bool wants_ranges);
void rio_facts_deinit(struct rio_facts *facts);

/* Add record `number` of the file.  A range for which there is no memory is left out. */
void rio_facts_add(struct rio_facts *facts, uint64_t number, unsigned nr_parts,
	const Aialgs__Data__Record *record);

/* Add the facts of other records of the same file; ranges are not merged. */
void rio_facts_merge(struct rio_facts *facts, const struct rio_facts *other);

#endif
