/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a range of the encoded file.
 *
 * Records have one size, so the range is a range of rows; the map says in which
 * segments they lie; each segment is read, scanned and encoded on its own:
 *
 *	range        off ├──────────────────────────────┤ off + len
 *	records   |  r0  |  r1  |  r2  |  r3  |  r4  |  r5  |
 *	             └ part              whole            └ part
 *	segments  |      k       |     k + 1      |    k + 2    |
 *
 * Whole records are encoded where they belong; the two that may be wanted in
 * part go through the scratch.  Of a segment no more is read and scanned than
 * the wanted rows need, as far as that can be guessed.
 */
#include "dataset/internal.h"

#include <string.h>

/* A segment longer than this has a very long row in it. */
#define LONG_SEGMENT_BYTES RIO_MIB

int rio_scratch_create(struct rio_scratch **ret, struct rio_error *err)
{
	struct rio_scratch *scratch = calloc(1, sizeof(*scratch));

	if (!scratch)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*ret = scratch;
	return 0;
}

void rio_scratch_destroy(struct rio_scratch *scratch)
{
	if (!scratch)
		return;
	free(scratch->buffer);
	free(scratch->ends);
	free(scratch->record);
	rio_dense_scratch_deinit(&scratch->dense);
	rio_general_scratch_deinit(&scratch->general);
	free(scratch);
}

void rio_scratch_destroyp(struct rio_scratch **scratch)
{
	rio_scratch_destroy(*scratch);
}

/* Grow a buffer whose contents need not be kept. */
int rio_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err)
{
	void **p = buffer;

	if (wanted <= *room)
		return 0;
	free(*p);
	*room = 0;
	*p = malloc(wanted);
	if (!*p)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*room = wanted;
	return 0;
}

static int make_room(struct rio_scratch *s, size_t len_bytes, struct rio_error *err)
{
	int r = rio_grow(&s->buffer, &s->buffer_room, len_bytes + 1 + 2 * RIO_PAD_BYTES, err);

	if (r < 0)
		return r;
	memset(s->buffer, 0, RIO_PAD_BYTES);
	return rio_grow(&s->ends, &s->ends_room,
		(len_bytes + 2 + RIO_PAD_BYTES) * sizeof(*s->ends), err);
}

/* Read and scan the first len_bytes of the segment that begins at a checkpoint. */
static int load(struct rio_reading *rd, const struct rio_checkpoint *begin, size_t len_bytes,
	struct rio_segment *ret)
{
	struct rio_scratch *s = rd->scratch;
	bool at_end = begin->src_off + len_bytes == rd->dataset->map->stamp.size_bytes;
	uint8_t *bytes;
	size_t got = 0;
	int r = make_room(s, len_bytes, rd->err);

	if (r < 0)
		return r;
	bytes = s->buffer + RIO_PAD_BYTES;
	r = rio_source_read_at(rd->source, begin->src_off, bytes, len_bytes, &got, rd->err);
	if (r < 0)
		return r;
	if (got < len_bytes)
		return rio_fail(rd->err, RIO_ESOURCE_CHANGED, "the file was cut short");
	if (rd->stats)
		rd->stats->source_bytes += len_bytes;

	/* A last row without a line feed is a row all the same. */
	if (at_end && bytes[len_bytes - 1] != '\n')
		bytes[len_bytes++] = '\n';
	memset(bytes + len_bytes, 0, RIO_PAD_BYTES);
	*ret = (struct rio_segment){.begin = begin, .bytes = bytes, .len_bytes = len_bytes,
		.fields.end = s->ends + 1};
	rio_kernel()->scan(&rd->dataset->schema->rules.dialect, bytes, len_bytes, &ret->fields);
	return 0;
}

static uint64_t segment_rows(const struct rio_checkpoint *begin)
{
	return begin[1].row - begin[0].row;
}

/* The whole segment, in which the map's count must come out again where it is not in doubt. */
static int load_whole(struct rio_reading *rd, const struct rio_checkpoint *begin, uint64_t nr_rows,
	struct rio_segment *ret)
{
	const struct rio_map *map = rd->dataset->map;
	bool sure = map->bad_quote_off == RIO_NO_OFFSET || begin[1].row <= map->bad_quote_row;
	int r = load(rd, begin, begin[1].src_off - begin[0].src_off, ret);

	if (r < 0)
		return r;
	if (sure ? ret->fields.nr_rows == segment_rows(begin) : ret->fields.nr_rows >= nr_rows)
		return 0;
	return rio_fail(rd->err, RIO_EMAP_DAMAGED,
		"the map does not fit the file: %zu rows at byte %ju, not %ju",
		ret->fields.nr_rows, (uintmax_t)begin->src_off, (uintmax_t)segment_rows(begin));
}

/*
 * Load as much of a segment as holds its first nr_rows rows: a guess from the
 * average length of its rows, and if that was too short, more, and then all of it.
 * Fewer rows than that come out only where one is too long to be read.
 *
 * A quote that is never closed makes a segment of all the rest of the file, and
 * the average means nothing: such a one is tried from small pieces on.
 */
int rio_segment_load(struct rio_reading *rd, const struct rio_checkpoint *begin, uint64_t nr_rows,
	struct rio_segment *ret)
{
	uint64_t len_bytes = begin[1].src_off - begin[0].src_off;
	uint64_t most = RIO_MIN(len_bytes, RIO_ROW_BYTES_MAX);
	uint64_t guess = len_bytes / segment_rows(begin) * (nr_rows + 1) + RIO_KIB;

	if (len_bytes > LONG_SEGMENT_BYTES)
		guess = RIO_MIN(guess, LONG_SEGMENT_BYTES);
	for (; guess < most; guess *= 4) {
		int r = load(rd, begin, guess, ret);

		if (r < 0 || ret->fields.nr_rows >= nr_rows)
			return r;
	}
	return most < len_bytes ? load(rd, begin, most, ret) : load_whole(rd, begin, nr_rows, ret);
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

/* Whether every row of the segment has the right number of fields. */
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
		uint64_t file_row = segment->begin->row + row;

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

/*
 * Encode rows [from, to) of a segment to dst.  Where that fails, *ret_done says how
 * many rows are encoded all the same.
 */
static int encode(struct rio_reading *rd, const struct rio_segment *segment, size_t from, size_t to,
	uint8_t *dst, size_t *ret_done)
{
	size_t nr_columns = rd->dataset->schema->nr_columns;
	size_t stop = to, nul_at = 0;
	int r = 0;

	*ret_done = 0;
	if (rio_unlikely(segment->fields.has_nul))
		stop = find_nul(segment, from, to, &nul_at);
	if (stop > from && rio_segment_is_regular(segment, nr_columns))
		r = encode_regular(rd, segment, from * nr_columns, segment->begin->row + from,
			stop - from, dst, ret_done);
	else if (stop > from)
		r = encode_irregular(rd, segment, from, stop, dst, ret_done);
	if (rd->stats)
		rd->stats->nr_rows += *ret_done;
	if (r == 0 && stop < to)
		r = rio_explain_nul(rd->dataset, segment, nul_at, segment->begin->row + stop,
			rd->err);
	return r;
}

void rio_reading_advance(struct rio_reading *rd, size_t len_bytes)
{
	rd->off += len_bytes;
	rd->dst += len_bytes;
}

/* The next record, of which only a part is wanted. */
static int read_part(struct rio_reading *rd, const struct rio_segment *segment, size_t row)
{
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense), done;
	size_t skip = (size_t)(rd->off % record_bytes);
	size_t len = RIO_MIN(record_bytes - skip, rd->end - rd->off);
	int r = rio_grow(&rd->scratch->record, &rd->scratch->record_room, record_bytes, rd->err);

	if (r == 0)
		r = encode(rd, segment, row, row + 1, rd->scratch->record, &done);
	if (r < 0)
		return r;
	memcpy(rd->dst, rd->scratch->record + skip, len);
	rio_reading_advance(rd, len);
	return 0;
}

/* Encode rows [from, to) of a segment: whole ones, and a last one of which a part is wanted. */
static int read_records(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to)
{
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense), done;
	size_t whole = RIO_MIN(to - from, (rd->end - rd->off) / record_bytes);
	int r = 0;

	if (whole) {
		r = encode(rd, segment, from, from + whole, rd->dst, &done);
		rio_reading_advance(rd, done * record_bytes);
		from += done;
	}
	return r == 0 && from < to ? read_part(rd, segment, from) : r;
}

/* What is wanted of one segment; rows [first, last) of the file lie in it. */
static int read_segment(struct rio_reading *rd, const struct rio_checkpoint *begin, uint64_t first,
	uint64_t last)
{
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense);
	size_t from = (size_t)(first - begin->row), to = (size_t)(last - begin->row), stop;
	struct rio_segment segment;
	int r = rio_segment_load(rd, begin, to, &segment);

	if (r < 0)
		return r;
	stop = RIO_MIN(to, segment.fields.nr_rows);
	if (from < stop && rd->off % record_bytes)
		r = read_part(rd, &segment, from++);
	if (r == 0 && from < stop)
		r = read_records(rd, &segment, from, stop);
	if (r == 0 && stop < to)
		r = rio_explain_too_long(&segment, begin->row + stop, rd->err);
	return r;
}

static int read_rows(struct rio_reading *rd)
{
	const struct rio_map *map = rd->dataset->map;
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense);
	uint64_t row = rd->off / record_bytes;
	uint64_t last = (rd->end + record_bytes - 1) / record_bytes;
	uint64_t stop = map->bad_quote_off == RIO_NO_OFFSET ? last : map->bad_quote_row;

	stop = RIO_MIN(stop, last);
	while (row < stop) {
		const struct rio_checkpoint *begin =
			&map->checkpoints[rio_map_find_row(map, row)];
		uint64_t until = RIO_MIN(begin[1].row, stop);
		int r = read_segment(rd, begin, row, until);

		if (r < 0)
			return r;
		row = until;
	}
	return stop < last ? rio_explain_quote(rd->dataset, rd->source, rd->err) : 0;
}

int rio_dataset_read(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_read_stats *stats, struct rio_error *err)
{
	uint64_t file_bytes = rio_dataset_len_bytes(dataset);
	struct rio_reading rd = {
		.dataset = dataset,
		.source = source,
		.scratch = scratch,
		.stats = stats,
		.err = err,
		.off = RIO_MIN(off, file_bytes),
		.dst = dst,
	};
	int r = 0, checked;

	rd.end = rd.off + RIO_MIN(len_bytes, file_bytes - rd.off);
	if (rd.off < rd.end)
		r = dataset->general ? rio_read_general(&rd) : read_rows(&rd);
	if (r == RIO_EROW && err && !dataset->general)
		err->record_off = err->row * rio_dense_record_bytes(dataset->dense);

	/* Whatever was found counts only if the source is still the one that was indexed. */
	if (r == 0 || r == RIO_EROW || r == RIO_EMAP_DAMAGED) {
		struct rio_error changed;

		checked = rio_source_check(source, rio_dataset_stamp(dataset), &changed);
		if (checked < 0) {
			if (err)
				*err = changed;
			return checked;
		}
	}
	if (r < 0)
		rio_error_set_file(err, rio_source_name(source));
	if (r == 0 || r == RIO_EROW)
		*ret_bytes = (size_t)(rd.dst - (uint8_t *)dst);
	return r;
}
