/* SPDX-License-Identifier: Apache-2.0 */
/* What dataset's own files share. */
#ifndef RIO_DATASET_INTERNAL_H
#define RIO_DATASET_INTERNAL_H

#include "dataset/dataset.h"

#include "base/util.h"
#include "csv/locate.h"
#include "record/dense.h"
#include "record/general.h"
#include "source/packed.h"

struct rio_dataset {
	struct rio_schema *schema;
	struct rio_map *map; /* NULL: see rio_dataset_create_unmapped */
	const struct rio_codec *codec;     /* of a compressed source, or NULL */
	bool seek_is_kept;                 /* in the store: its seek index; else here: */
	struct rio_seek_index *seek_index;
	/* One of these, by what the schema says; none for a file without columns. */
	struct rio_dense *dense;     /* all records are equally long */
	struct rio_general *general; /* they are not: map->sizes tells */
	struct rio_codes *codes;     /* text=map; NULL: none */
	enum rio_map_origin map_origin;
	char map_reason[sizeof(((struct rio_error *)NULL)->message)];
};

/* The schema that the begin of a source in the state of that stamp shows. */
int rio_dataset_infer(struct rio_source *source, const struct rio_options *options,
	const struct rio_stamp *stamp, struct rio_schema **ret, struct rio_error *err);

/* Whether a map must say where each record is. */
bool rio_dataset_needs_sizes(const struct rio_schema *schema);

/*
 * A dataset without a map, for who reads the source from begin to end: what the schema
 * says of a source in the state of that stamp, and what encodes by it.  Not for text=map.
 */
int rio_dataset_create_unmapped(struct rio_source *source, const struct rio_options *options,
	const struct rio_stamp *stamp, struct rio_dataset **ret, struct rio_error *err);

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
	struct rio_general_scratch general;
};

/* Missing cells that became a value, in rows that were encoded or sized with it so far. */
static inline uint64_t rio_scratch_nr_filled(const struct rio_scratch *scratch)
{
	return scratch->dense.nr_filled + scratch->general.nr_filled;
}

/* Grow a buffer whose contents need not be kept; by far, as fresh memory is slow. */
int rio_scratch_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err);

/* A segment, or several in a row. */
struct rio_extent {
	struct rio_checkpoint begin;
	struct rio_checkpoint end;
};

/* One call of rio_dataset_read, or a pass over the source. */
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

/* See to it that a group of the map is there. */
int rio_dataset_fetch(const struct rio_dataset *dataset, struct rio_source *source, size_t group,
	struct rio_error *err);

/* Where row lies, and with it what else of [row, stop) can be read at once. */
int rio_extent_find(struct rio_reading *rd, uint64_t row, uint64_t stop, struct rio_extent *ret);

/*
 * Load rows [first, last) of an extent, and maybe some before and behind, valid until the
 * next load.  Fewer rows come out only where one is too long to be read.
 */
int rio_extent_load(struct rio_reading *rd, const struct rio_extent *extent, uint64_t first,
	uint64_t last, struct rio_segment *ret);

/* The same of segment k, its first nr_rows rows, one at least. */
int rio_segment_load(struct rio_reading *rd, size_t k, uint64_t nr_rows,
	struct rio_segment *ret);

void rio_reading_advance(struct rio_reading *rd, size_t len_bytes);

/* Make room for the ends that scanning len_bytes may find. */
int rio_scratch_make_ends(struct rio_scratch *scratch, size_t len_bytes, struct rio_error *err);

/*
 * Scan len_bytes, padded, that begin at a row start; every row in them ends with a line
 * feed.  The scratch has room for the ends, which are valid until its next use.
 */
void rio_segment_scan(const struct rio_dialect *dialect, const struct rio_checkpoint *begin,
	const uint8_t *bytes, size_t len_bytes, struct rio_scratch *scratch,
	struct rio_segment *ret);

/*
 * Encode rows [from, to) of a segment to dst, as dense records.  Where that fails,
 * *ret_done says how many rows are encoded all the same.  Of rd, source and range do not
 * matter.
 */
int rio_segment_encode(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to, uint8_t *dst, size_t *ret_done);

/* Whether every row of the segment has the right number of fields. */
bool rio_segment_is_regular(const struct rio_segment *segment, size_t nr_columns);

/* What a row becomes in the encoded file. */
struct rio_row {
	uint64_t row;            /* its number in the source */
	enum rio_trouble trouble;
	bool is_skipped;         /* it is not there */
	size_t record_bytes;     /* of its record, or what stands for one that cannot be made */
	const uint32_t *end;     /* of its first field; NULL where there is none */
	size_t nr_fields;
};

/*
 * Go through the first nr_rows rows of a segment.  visit may have the record of a row
 * without trouble built; where it returns other than 0, that ends it.
 */
typedef int rio_row_visitor(void *data, const struct rio_row *row);
int rio_rows_visit(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t nr_rows, struct rio_general_scratch *scratch, rio_row_visitor *visit, void *data,
	struct rio_error *err);

/* The rows of segment k that can be told apart; the wall of a bad quote is behind them. */
uint64_t rio_segment_rows(const struct rio_map *map, size_t k, bool *ret_has_wall);

/* Load segment k, and go through all of these. */
int rio_segment_visit(struct rio_reading *rd, size_t k, rio_row_visitor *visit, void *data,
	struct rio_segment *ret, bool *ret_has_wall);

/* Add the texts of the rows that have the right shape. */
int rio_rows_gather(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t nr_rows, struct rio_general_scratch *scratch, struct rio_codes *codes,
	struct rio_error *err);

/* Fail over a segment whose records do not end at record_off, where the map says they do. */
int rio_segment_fail_end(const struct rio_checkpoint *begin, uint64_t record_off,
	struct rio_error *err);

/*
 * Find what the records of a source take, all cores at once, into dataset->map->sizes;
 * makes dataset->codes and ->general on the way.
 */
int rio_dataset_size(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, struct rio_error *err);

/* dataset->codes and ->general, from map->sizes. */
int rio_dataset_use_sizes(struct rio_dataset *dataset, struct rio_error *err);

int rio_read_general(struct rio_reading *rd);

/* Fail over a row that makes trouble. */
int rio_explain_row(const struct rio_dataset *dataset, const struct rio_segment *segment,
	const struct rio_row *row, struct rio_error *err);

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

/* … having found it: in the cell at the locator's place, of which that much is shown at most. */
#define RIO_SHOWN_CELL_BYTES 64
int rio_explain_bad_quote(bool is_open, const uint8_t *cell, size_t cell_bytes,
	const struct rio_locator *at, uint64_t row, struct rio_error *err);

#endif
