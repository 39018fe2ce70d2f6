/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a scanned segment to dense records: what reads of a range and the stream have in
 * common.  Rows of many lengths of record go through dataset/rows.
 */
#include "dataset/internal.h"

#include <string.h>

void rio_segment_scan(const struct rio_dialect *dialect, const struct rio_checkpoint *begin,
	const uint8_t *bytes, size_t len_bytes, struct rio_scratch *scratch,
	struct rio_segment *ret)
{
	*ret = (struct rio_segment){.begin = *begin, .bytes = bytes, .len_bytes = len_bytes,
		.fields.end = scratch->ends + 1};
	rio_kernel()->scan(dialect, bytes, len_bytes, &ret->fields);
}

int rio_scratch_make_ends(struct rio_scratch *scratch, size_t len_bytes, struct rio_error *err)
{
	return rio_scratch_grow(&scratch->ends, &scratch->ends_room,
		(len_bytes + 2 + RIO_PAD_BYTES) * sizeof(*scratch->ends), err);
}

/* Encode consecutive rows of the right length, the first of which begins at field. */
static int encode_regular(struct rio_reading *rd, const struct rio_segment *segment, size_t field,
	uint64_t row, size_t nr_rows, uint8_t *dst, size_t *ret_done)
{
	size_t bad_row, bad_field;
	int r = rio_dense_encode(rd->dataset->dense, segment->bytes, segment->fields.end + field,
		nr_rows, dst, &rd->scratch->dense, &bad_row, &bad_field, rd->err);

	*ret_done = r == 0 ? nr_rows : r == RIO_EROW ? bad_row : 0;
	if (r == RIO_EROW)
		return rio_explain_cell(rd->dataset, segment, field + bad_field,
			bad_field % rd->dataset->schema->nr_columns, row + bad_row, rd->err);
	return r;
}

bool rio_segment_is_regular(const struct rio_segment *segment, size_t nr_columns)
{
	const struct rio_fields *f = &segment->fields;
	const uint32_t *end = f->end + nr_columns - 1;

	/* As many row ends as rows, each where one belongs: none can be elsewhere. */
	if (f->nr_fields / nr_columns < f->nr_rows)
		return false;
	for (size_t row = 0; row < f->nr_rows; row++, end += nr_columns)
		if (segment->bytes[*end] != '\n')
			return false;
	return true;
}

/* Row by row, since some have the wrong length. */
static int encode_irregular(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to, uint8_t *dst, size_t *ret_done)
{
	const struct rio_dataset *d = rd->dataset;
	size_t field = 0, done, n;
	int r = 0;

	*ret_done = 0;
	for (size_t row = 0; row < to && r == 0; row++, field += n) {
		uint64_t file_row = segment->begin.row + row;

		n = rio_fields_in_row(&segment->fields, segment->bytes, field);
		if (row < from)
			continue;
		if (n == d->schema->nr_columns)
			r = encode_regular(rd, segment, field, file_row, 1, dst, &done);
		else if (d->schema->rules.bad_is_nan)
			rio_dense_encode_nan(d->dense, dst);
		else
			r = rio_explain_length(d, segment, field, n, file_row, rd->err);
		if (r == 0) {
			dst += rio_dense_record_bytes(d->dense);
			++*ret_done;
		}
	}
	return r;
}

/*
 * The first of rows [from, to) of the segment that holds a NUL byte, and where that
 * is; or to.
 */
static size_t find_nul(const struct rio_segment *segment, size_t from, size_t to,
	size_t *ret_at)
{
	const struct rio_fields *f = &segment->fields;
	uint32_t begin = 0;
	size_t row = 0;

	for (size_t i = 0; row < to && i < f->nr_fields; i++) {
		const uint8_t *nul;

		if (segment->bytes[f->end[i]] != '\n')
			continue;
		nul = memchr(segment->bytes + begin, '\0', f->end[i] - begin);
		if (row >= from && nul) {
			*ret_at = (size_t)(nul - segment->bytes);
			return row;
		}
		begin = f->end[i];
		row++;
	}
	return to;
}

int rio_segment_encode(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to, uint8_t *dst, size_t *ret_done)
{
	size_t nr_columns = rd->dataset->schema->nr_columns;
	size_t stop = to, nul_at = 0;
	int r = 0;

	*ret_done = 0;
	if (rio_unlikely(segment->fields.has_nul))
		stop = find_nul(segment, from, to, &nul_at);
	if (stop > from && rio_segment_is_regular(segment, nr_columns))
		r = encode_regular(rd, segment, from * nr_columns, segment->begin.row + from,
			stop - from, dst, ret_done);
	else if (stop > from)
		r = encode_irregular(rd, segment, from, stop, dst, ret_done);
	if (rd->stats)
		rd->stats->nr_rows += *ret_done;
	if (r == 0 && stop < to)
		r = rio_explain_nul(rd->dataset, segment, nul_at, segment->begin.row + stop,
			rd->err);
	return r;
}
