/* SPDX-License-Identifier: Apache-2.0 */
/* What dataset's own files share. */
#ifndef RIO_DATASET_INTERNAL_H
#define RIO_DATASET_INTERNAL_H

#include "dataset/dataset.h"

#include "base/util.h"
#include "record/dense.h"
#include "source/packed.h"

struct rio_dataset {
	struct rio_schema *schema;
	struct rio_map *map;
	const struct rio_codec *codec;     /* of a compressed source, or NULL */
	bool seek_is_kept;                 /* in the store: its seek index; else here: */
	struct rio_seek_index *seek_index;
	struct rio_dense *dense; /* NULL for a file without columns */
	enum rio_map_origin map_origin;
	char map_reason[sizeof(((struct rio_error *)NULL)->message)];
};

/*
 * The head of a segment, in memory and scanned: all of it, or as much as holds the
 * rows that are wanted.
 */
struct rio_segment {
	const struct rio_checkpoint *begin; /* begin[1] is where the next one begins */
	const uint8_t *bytes;               /* padded */
	size_t len_bytes;
	struct rio_fields fields;
};

/* Fail over the cell at field of the segment, in that column, which the rules refuse. */
int rio_explain_cell(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t column, uint64_t row, struct rio_error *err);

/* … over a row with nr_fields fields, the first of which is field. */
int rio_explain_length(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t nr_fields, uint64_t row, struct rio_error *err);

/* … over a cell with a NUL byte at segment->bytes[at]. */
int rio_explain_nul(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t at, uint64_t row, struct rio_error *err);

/* … over the row that begins behind the segment's last whole one, and does not end there. */
int rio_explain_too_long(const struct rio_segment *segment, uint64_t row,
	struct rio_error *err);

/* … over the quote after which rows cannot be told apart. */
int rio_explain_quote(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_error *err);

#endif
