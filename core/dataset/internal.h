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

/* Rows in memory, and scanned: some of a segment's, or those of several. */
struct rio_segment {
	struct rio_checkpoint begin; /* the place of the first one */
	const uint8_t *bytes;        /* padded */
	size_t len_bytes;
	struct rio_fields fields;
};

struct rio_scratch {
	uint8_t *buffer; /* RIO_PAD_BYTES, a segment, a line feed, RIO_PAD_BYTES */
	size_t buffer_room;
	uint32_t *ends;
	size_t ends_room;
	uint8_t *record; /* or a few */
	size_t record_room;
	struct rio_dense_scratch dense;
};

/* Grow a buffer whose contents need not be kept; by far, as fresh memory is slow. */
int rio_scratch_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err);

/* A segment, or several in a row. */
struct rio_extent {
	struct rio_checkpoint begin;
	struct rio_checkpoint end;
};

/* One call of rio_dataset_read. */
struct rio_reading {
	const struct rio_dataset *dataset;
	struct rio_source *source;
	struct rio_scratch *scratch;
	struct rio_read_stats *stats;
	struct rio_error *err;
	uint64_t off; /* of the next byte that is wanted … */
	uint64_t end; /* … and of the one behind the last */
	uint8_t *dst; /* where the next goes */
};

/* Where row lies, and with it what else of [row, stop) can be read at once. */
struct rio_extent rio_extent_find(const struct rio_map *map, uint64_t row, uint64_t stop);

/*
 * Load rows [first, last) of an extent, and maybe some before and behind, valid until the
 * next load.  Fewer rows come out only where one is too long to be read.
 */
int rio_extent_load(struct rio_reading *rd, const struct rio_extent *extent, uint64_t first,
	uint64_t last, struct rio_segment *ret);

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
