/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a segment to its rows, one after the other, each with what it becomes: what the
 * sizing pass and every read of records of many lengths have in common.
 *
 *	rows     regular regular regular  short  regular …
 *	runs    [────────────────────────]      [───────── …   parsed at once, then one by one
 */
#include "dataset/internal.h"

#include <string.h>

struct visiting {
	const struct rio_dataset *dataset;
	const struct rio_segment *segment;
	struct rio_general_scratch *scratch;
	rio_row_visitor *visit;
	void *data;
	struct rio_error *err;
	uint64_t row; /* number of the next */
};

/* Tell of a row that is a record, or makes trouble. */
static int tell(struct visiting *v, enum rio_trouble trouble, size_t record_bytes,
	const uint32_t *end, size_t nr_fields)
{
	bool skips = v->dataset->schema->skips_bad_rows;
	struct rio_row row = {v->row++, trouble, .record_bytes = record_bytes, .end = end,
		.nr_fields = nr_fields};

	if (trouble == RIO_TROUBLE_MEMORY)
		return rio_fail(v->err, RIO_ENOMEM, "out of memory");
	if (trouble == RIO_TROUBLE_CODE)
		return rio_fail(v->err, RIO_EMAP_DAMAGED,
			"the map does not fit the file: a text in row %ju has no number",
			(uintmax_t)row.row);
	row.is_skipped = trouble && skips && trouble != RIO_TROUBLE_NUL &&
			 trouble != RIO_TROUBLE_TOO_LONG;
	if (trouble)
		row.record_bytes = row.is_skipped ? 0 : RIO_BAD_RECORD_BYTES;
	return v->visit(v->data, &row);
}

static int visit_parsed(struct visiting *v, const uint32_t *end, size_t nr_rows)
{
	const struct rio_general *general = v->dataset->general;
	size_t nr_columns = v->dataset->schema->nr_columns;
	int r = 0;

	for (size_t i = 0; i < nr_rows && r == 0; i++, end += nr_columns) {
		size_t bytes = 0;
		enum rio_trouble trouble = rio_general_size(general, v->segment->bytes, end, i,
			v->row, v->scratch, &bytes);

		r = tell(v, trouble, bytes, end, nr_columns);
	}
	return r;
}

/* Rows of the right shape, from field on. */
static int visit_run(struct visiting *v, size_t field, size_t nr_rows)
{
	const struct rio_general *general = v->dataset->general;
	const uint32_t *end = v->segment->fields.end + field;
	size_t nr_columns = v->dataset->schema->nr_columns;
	size_t most = rio_general_batch_rows(general);
	int r = 0;

	while (nr_rows && r == 0) {
		size_t n = RIO_MIN(nr_rows, most), fine;

		r = rio_general_parse(general, v->segment->bytes, end, n, v->scratch, &fine,
			v->err);
		if (r == 0)
			r = visit_parsed(v, end, fine);
		if (r == 0 && fine < n)
			r = tell(v, RIO_TROUBLE_CELL, 0, end + fine++ * nr_columns, nr_columns);
		end += fine * nr_columns;
		nr_rows -= fine;
	}
	return r;
}

/* A row of another length. */
static int visit_misshapen(struct visiting *v, const uint32_t *end, size_t nr_fields)
{
	size_t bytes = 0;
	enum rio_trouble trouble;
	int r;

	if (!v->dataset->schema->rules.bad_is_nan)
		return tell(v, RIO_TROUBLE_FIELDS, 0, end, nr_fields);
	r = rio_general_parse_nan(v->dataset->general, v->scratch, v->err);
	if (r < 0)
		return r;
	trouble = rio_general_size(v->dataset->general, NULL, NULL, 0, v->row, v->scratch, &bytes);
	return tell(v, trouble, bytes, end, nr_fields);
}

static bool has_nul(const struct rio_segment *segment, size_t field, size_t nr_fields)
{
	const uint32_t *end = segment->fields.end + field;
	uint32_t begin = end[-1] + 1;

	return segment->fields.has_nul &&
	       memchr(segment->bytes + begin, '\0', end[nr_fields - 1] - begin);
}

/* How many of nr_rows rows from field on are regular. */
static size_t regular_rows(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t nr_rows)
{
	size_t nr_columns = dataset->schema->nr_columns, n = 0;

	while (n < nr_rows &&
		rio_fields_in_row(&segment->fields, segment->bytes, field) == nr_columns &&
		!has_nul(segment, field, nr_columns)) {
		field += nr_columns;
		n++;
	}
	return n;
}

/* Runs of regular rows and single others. */
static int visit_mixed(struct visiting *v, size_t nr_rows)
{
	const struct rio_fields *f = &v->segment->fields;
	size_t nr_columns = v->dataset->schema->nr_columns, field = 0;
	int r = 0;

	while (nr_rows && r == 0) {
		size_t n = regular_rows(v->dataset, v->segment, field, nr_rows), nr_fields;

		if (n) {
			r = visit_run(v, field, n);
			field += n * nr_columns;
			nr_rows -= n;
			continue;
		}
		nr_fields = rio_fields_in_row(f, v->segment->bytes, field);
		if (has_nul(v->segment, field, nr_fields))
			r = tell(v, RIO_TROUBLE_NUL, 0, f->end + field, nr_fields);
		else
			r = visit_misshapen(v, f->end + field, nr_fields);
		field += nr_fields;
		nr_rows--;
	}
	return r;
}

int rio_rows_visit(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t nr_rows, struct rio_general_scratch *scratch, rio_row_visitor *visit, void *data,
	struct rio_error *err)
{
	struct visiting v = {dataset, segment, scratch, visit, data, err, segment->begin.row};
	size_t whole = RIO_MIN(nr_rows, segment->fields.nr_rows);
	bool regular = !segment->fields.has_nul &&
		       rio_segment_is_regular(segment, dataset->schema->nr_columns);
	int r = regular ? visit_run(&v, 0, whole) : visit_mixed(&v, whole);

	/* Rows are missing only where one is too long. */
	for (size_t i = whole; i < nr_rows && r == 0; i++)
		r = tell(&v, RIO_TROUBLE_TOO_LONG, 0, NULL, 0);
	return r;
}

uint64_t rio_segment_rows(const struct rio_map *map, size_t k, bool *ret_has_wall)
{
	uint64_t begin = rio_map_checkpoint(map, k).row;
	uint64_t bad_row = map->bad_quote_off == RIO_NO_OFFSET ? UINT64_MAX : map->bad_quote_row;

	*ret_has_wall = bad_row < rio_map_nr_rows(map) && rio_map_find_row(map, bad_row) == k;
	return bad_row <= begin ? 0 : RIO_MIN(rio_map_checkpoint(map, k + 1).row, bad_row) - begin;
}

int rio_segment_visit(struct rio_reading *rd, size_t k, rio_row_visitor *visit, void *data,
	struct rio_segment *ret, bool *ret_has_wall)
{
	const struct rio_dataset *d = rd->dataset;
	uint64_t nr_rows = rio_segment_rows(d->map, k, ret_has_wall);
	int r;

	*ret = (struct rio_segment){.begin = rio_map_checkpoint(d->map, k)};
	if (!nr_rows)
		return 0;
	r = rio_segment_load(rd, k, nr_rows, ret);
	return r < 0 ? r : rio_rows_visit(d, ret, nr_rows, &rd->scratch->general, visit, data,
				   rd->err);
}

int rio_rows_gather(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t nr_rows, struct rio_general_scratch *scratch, struct rio_codes *codes,
	struct rio_error *err)
{
	const struct rio_fields *f = &segment->fields;
	size_t nr_columns = dataset->schema->nr_columns, field = 0, nr_fields;
	int r = 0;

	nr_rows = RIO_MIN(nr_rows, f->nr_rows);
	for (size_t row = 0; row < nr_rows && r == 0; row++, field += nr_fields) {
		nr_fields = rio_fields_in_row(f, segment->bytes, field);
		if (nr_fields == nr_columns && !has_nul(segment, field, nr_fields))
			r = rio_general_gather(dataset->general, segment->bytes, f->end + field,
				scratch, codes, err);
	}
	return r;
}

int rio_segment_fail_end(const struct rio_checkpoint *begin, uint64_t record_off,
	struct rio_error *err)
{
	return rio_fail(err, RIO_EMAP_DAMAGED,
		"the map does not fit the file: the records of the segment at byte %ju do not "
		"end at %ju", (uintmax_t)begin->src_off, (uintmax_t)record_off);
}
