/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe is read once, from begin to end, and may be closed early: counting all rows before
 * the first record is given, as a map does, is work that its reader does not need and
 * waits for.  So a stream knows no map.  Pieces of whole rows are cut in order
 * (dataset/cut), and what a segment of a piece becomes is what a segment of a map would:
 * scanning and encoding are the same functions.
 *
 *	map path      map ─► segment ─┐
 *	                              ├─► scan ─► encode, or rows ─► records
 *	stream   cut ─► piece, segment┘
 *
 * What a map finds out beforehand is met here on the way: a quote that makes rows
 * untellable is a wall behind the last whole row; a row that never ends is one after
 * RIO_ROW_BYTES_MAX bytes.  (Of a quote that is never closed and swallows more than
 * that, the map can say that it is never closed; here nobody has read so far.)
 *
 * The source is checked after each piece was read and before it is given away, so no
 * record is made of a mixture of two states of a file.
 *
 * text=map is another matter: what a text's number is depends on all the others.  There
 * the dataset is made first, with its map and its table.
 */
#include "dataset/stream.h"

#include "base/grow.h"
#include "dataset/cut.h"
#include "dataset/internal.h"

#include <string.h>

struct rio_stream {
	struct rio_source *source;
	struct rio_dataset *dataset; /* without a map but for text=map */
	struct rio_stamp stamp;
	struct rio_cutter cutter;
	uint64_t row_bytes, record_bytes; /* of a short row, and of a long record, about */
};

void rio_records_deinit(struct rio_records *records)
{
	free(records->bytes);
	free(records->ends);
	*records = (struct rio_records){0};
}

/* The longest record that values alone can make, about: blocks of a shuffle depend on it. */
static uint64_t record_bytes(const struct rio_dataset *dataset)
{
	enum { VALUE_BYTES = 16, KEY_BYTES = 32 };
	const struct rio_schema *schema = dataset->schema;
	uint64_t values = schema->nr_label, names = 0;

	if (!dataset->general)
		return dataset->dense ? rio_dense_record_bytes(dataset->dense) : 0;
	for (size_t i = 0; i < schema->nr_keys; i++) {
		const struct rio_key *key = &schema->keys[i];
		bool is_wide = key->nr_hashed && schema->format == RIO_DENSE;

		values += key->nr_columns + key->nr_hashed + (is_wide ? schema->nr_buckets : 0);
		names += KEY_BYTES + strlen(key->name);
	}
	return VALUE_BYTES * values + names;
}

static int describe(struct rio_stream *stream, const struct rio_dataset_config *config,
	struct rio_error *err)
{
	int r;

	if (config->options->text == RIO_TEXT_MAP) {
		r = rio_dataset_create(stream->source, config, &stream->dataset, err);
		if (r == 0)
			stream->stamp = *rio_dataset_stamp(stream->dataset);
		return r;
	}
	r = rio_source_settled_stamp(stream->source, &stream->stamp, err);
	return r < 0 ? r : rio_dataset_create_unmapped(stream->source, config->options,
				   &stream->stamp, &stream->dataset, err);
}

static int make_ready(struct rio_stream *stream, struct rio_error *err)
{
	const struct rio_schema *schema = stream->dataset->schema;
	int r = rio_cutter_init(&stream->cutter, stream->source, &schema->rules.dialect,
		schema->data_off, schema->data_line, err);

	/* A file without a row has no columns. */
	stream->cutter.at_end = !schema->nr_columns;
	stream->row_bytes = RIO_MAX(schema->nr_columns, (size_t)2);
	stream->record_bytes = record_bytes(stream->dataset);
	return r;
}

int rio_stream_create(struct rio_source *source, const struct rio_dataset_config *config,
	struct rio_stream **ret, struct rio_error *err)
{
	_cleanup_(rio_stream_destroyp) struct rio_stream *stream = calloc(1, sizeof(*stream));
	int r;

	if (!stream)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	stream->source = source;
	r = describe(stream, config, err);
	if (r == 0)
		r = make_ready(stream, err);
	if (r < 0) {
		rio_error_set_file(err, rio_source_name(source));
		return r;
	}
	*ret = rio_steal(stream);
	return 0;
}

void rio_stream_destroy(struct rio_stream *stream)
{
	if (!stream)
		return;
	rio_cutter_deinit(&stream->cutter);
	rio_dataset_destroy(stream->dataset);
	free(stream);
}

void rio_stream_destroyp(struct rio_stream **stream)
{
	rio_stream_destroy(*stream);
}

int rio_stream_cut(struct rio_stream *stream, size_t piece_bytes, struct rio_piece *ret,
	struct rio_error *err)
{
	int r, changed;

	if (stream->record_bytes > RIO_STREAM_GROWTH * stream->row_bytes)
		piece_bytes = piece_bytes * RIO_STREAM_GROWTH * stream->row_bytes /
			      stream->record_bytes;
	r = rio_cutter_cut(&stream->cutter, RIO_MAX(piece_bytes, (size_t)1), ret, err);

	/* Whatever was found counts only if the source is still the one that was opened. */
	changed = r >= 0 || r == RIO_EDAMAGED
			  ? rio_source_check(stream->source, &stream->stamp, err) : 0;
	if (changed) {
		stream->cutter.at_end = true;
		return changed;
	}
	if (r < 0)
		rio_error_set_file(err, rio_source_name(stream->source));
	return r;
}

/* --- encoding --- */

struct encoding {
	struct rio_reading rd; /* of it, what rio_segment_encode wants */
	struct rio_segment segment;
	struct rio_records *records;
};

/* Have room for len_bytes more, and as many records. */
static int make_room(struct rio_records *records, size_t len_bytes, size_t nr,
	struct rio_error *err)
{
	int r = rio_grow(&records->bytes, &records->room, records->len_bytes + len_bytes, err);

	if (r == 0 && records->wants_ends)
		r = rio_grow(&records->ends, &records->ends_room,
			(records->nr + nr) * sizeof(*records->ends), err);
	return r;
}

static void add_record(struct rio_records *records, size_t len_bytes)
{
	records->len_bytes += len_bytes;
	if (records->wants_ends)
		records->ends[records->nr] = records->len_bytes;
	records->nr++;
}

/* All rows of the segment, and as many that are not there for want of an end. */
static int encode_dense(struct encoding *e, size_t nr_rows)
{
	const struct rio_dataset *d = e->rd.dataset;
	struct rio_records *records = e->records;
	size_t one = rio_dense_record_bytes(d->dense), done = 0;
	size_t whole = RIO_MIN(nr_rows, e->segment.fields.nr_rows);
	int r = make_room(records, whole * one, whole, e->rd.err);

	if (r == 0 && whole)
		r = rio_segment_encode(&e->rd, &e->segment, 0, whole,
			records->bytes + records->len_bytes, &done);
	for (size_t i = 0; i < done; i++)
		add_record(records, one);
	if (r == 0 && whole < nr_rows)
		r = rio_explain_too_long(&e->segment, e->segment.begin.row + whole, e->rd.err);
	return r;
}

static int encode_row(void *data, const struct rio_row *row)
{
	struct encoding *e = data;
	struct rio_records *records = e->records;
	int r;

	if (row->is_skipped) {
		records->nr_skipped++;
		return 0;
	}
	if (row->trouble)
		return rio_explain_row(e->rd.dataset, &e->segment, row, e->rd.err);
	r = make_room(records, row->record_bytes, 1, e->rd.err);
	if (r < 0)
		return r;
	rio_general_build(e->rd.dataset->general, &e->rd.scratch->general,
		records->bytes + records->len_bytes);
	add_record(records, row->record_bytes);
	return 0;
}

static int encode_segment(struct encoding *e, const struct rio_piece *piece, size_t k)
{
	const struct rio_dataset *d = e->rd.dataset;
	const struct rio_checkpoint *begin = &piece->segments[k];
	size_t nr_rows = (size_t)(begin[1].row - begin->row);
	size_t from = (size_t)(begin->src_off - piece->segments[0].src_off);
	size_t to = k + 1 < piece->nr_segments
			    ? (size_t)(begin[1].src_off - piece->segments[0].src_off)
			    : piece->len_bytes;
	int r = rio_scratch_make_ends(e->rd.scratch, to - from, e->rd.err);

	if (r < 0)
		return r;
	rio_segment_scan(&d->schema->rules.dialect, begin, piece->buffer + RIO_PAD_BYTES + from,
		to - from, e->rd.scratch, &e->segment);
	return d->general ? rio_rows_visit(d, &e->segment, nr_rows, &e->rd.scratch->general,
				    encode_row, e, e->rd.err)
			  : encode_dense(e, nr_rows);
}

int rio_stream_encode(const struct rio_stream *stream, const struct rio_piece *piece,
	struct rio_scratch *scratch, struct rio_records *ret, struct rio_error *err)
{
	struct encoding e = {
		.rd = {.dataset = stream->dataset, .scratch = scratch, .err = err},
		.records = ret,
	};
	uint64_t nr_filled = rio_scratch_nr_filled(scratch);
	int r = 0;

	ret->len_bytes = 0;
	ret->nr = ret->nr_skipped = 0;
	for (size_t k = 0; k < piece->nr_segments && r == 0; k++)
		r = encode_segment(&e, piece, k);
	ret->nr_filled = rio_scratch_nr_filled(scratch) - nr_filled;
	if (r == 0 && piece->wall) {
		r = piece->wall;
		if (err)
			*err = piece->wall_error;
	}
	if (r < 0)
		rio_error_set_file(err, rio_source_name(stream->source));
	return r;
}
