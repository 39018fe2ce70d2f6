/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a range of the encoded file.
 *
 * Records have one size, so the range is a range of rows; the map says in which
 * segments they lie (dataset/load.c), and what was loaded of them is encoded:
 *
 *	range              off ├──────────────────────────────┤ off + len
 *	records         |  r0  |  r1  |  r2  |  r3  |  r4  |  r5  |
 *	                  └ part               whole            └ part
 *	segments  |       k       |     k + 1      |    k + 2   |
 *
 * Whole records are encoded where they belong.  Those of which a part is wanted go
 * through the scratch, and so do a few that begin or end with such a one: one call
 * of a kernel over all of them costs less than the copy.
 */
#include "dataset/internal.h"

#include <string.h>

/* So much is rather copied than encoded in several pieces. */
#define COPY_BYTES_MAX (16 * RIO_KIB)

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

void rio_reading_advance(struct rio_reading *rd, size_t len_bytes)
{
	rd->off += len_bytes;
	rd->dst += len_bytes;
}

/* Encode rows [from, to) of a segment to the scratch, and copy what is wanted of them. */
static int copy_records(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to)
{
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense), done = 0;
	size_t skip = (size_t)(rd->off % record_bytes);
	int r = rio_scratch_grow(&rd->scratch->record, &rd->scratch->record_room,
		(to - from) * record_bytes, rd->err);

	if (r == 0)
		r = rio_segment_encode(rd, segment, from, to, rd->scratch->record, &done);
	if (done) {
		size_t len = (size_t)RIO_MIN(done * record_bytes - skip, rd->end - rd->off);

		memcpy(rd->dst, rd->scratch->record + skip, len);
		rio_reading_advance(rd, len);
	}
	return r;
}

/*
 * Rows [from, to) of a segment, from the next byte that is wanted on: of the first and
 * the last one maybe only a part.
 */
static int read_records(struct rio_reading *rd, const struct rio_segment *segment, size_t from,
	size_t to)
{
	size_t record_bytes = rio_dense_record_bytes(rd->dataset->dense), done, whole;
	bool begins_whole = rd->off % record_bytes == 0;
	int r;

	if (begins_whole && (rd->end - rd->off) / record_bytes >= to - from) {
		r = rio_segment_encode(rd, segment, from, to, rd->dst, &done);
		rio_reading_advance(rd, done * record_bytes);
		return r;
	}
	if (to - from == 1 || (to - from) * record_bytes <= COPY_BYTES_MAX)
		return copy_records(rd, segment, from, to);
	whole = begins_whole ? to - 1 : from + 1;
	r = read_records(rd, segment, from, whole);
	return r < 0 ? r : read_records(rd, segment, whole, to);
}

/* What is wanted of an extent, in which rows [first, last) of the file lie. */
static int read_extent(struct rio_reading *rd, const struct rio_extent *extent, uint64_t first,
	uint64_t last)
{
	struct rio_segment segment;
	size_t from, to, stop;
	int r = rio_extent_load(rd, extent, first, last, &segment);

	if (r < 0)
		return r;
	from = (size_t)(first - segment.begin.row);
	to = (size_t)(last - segment.begin.row);
	stop = RIO_MIN(to, segment.fields.nr_rows);
	if (from < stop)
		r = read_records(rd, &segment, from, stop);
	if (r == 0 && stop < to)
		r = rio_explain_too_long(&segment, segment.begin.row + stop, rd->err);
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
		struct rio_extent extent;
		uint64_t until;
		int r = rio_extent_find(rd, row, stop, &extent);

		if (r < 0)
			return r;
		until = RIO_MIN(extent.end.row, stop);
		r = read_extent(rd, &extent, row, until);
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
	uint64_t slow_fields = rio_nr_slow_fields, nr_filled = scratch->dense.nr_filled;
	int r = 0;

	rd.end = rd.off + RIO_MIN(len_bytes, file_bytes - rd.off);
	if (rd.off < rd.end)
		r = dataset->general ? rio_read_general(&rd) : read_rows(&rd);
	if (stats) {
		stats->slow_fields += rio_nr_slow_fields - slow_fields;
		stats->nr_filled += scratch->dense.nr_filled - nr_filled;
	}
	if (r == RIO_EROW && err && !dataset->general)
		err->record_off = err->row * rio_dense_record_bytes(dataset->dense);

	/* Whatever was found counts only if the source is still the one that was indexed. */
	if (r == 0 || r == RIO_EROW || r == RIO_EMAP_DAMAGED) {
		int changed = rio_source_check(source, rio_dataset_stamp(dataset), err);

		if (changed)
			return changed;
	}
	if (r < 0)
		rio_error_set_file(err, rio_source_name(source));
	if (r == 0 || r == RIO_EROW)
		*ret_bytes = (size_t)(rd.dst - (uint8_t *)dst);
	return r;
}
