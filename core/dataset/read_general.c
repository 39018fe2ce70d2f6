/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a range where records differ in length: the map tells in which segment it
 * begins and where that begins in the encoded file; from there on rows are sized, those
 * before the range passed over, and those in it built.
 *
 *	range              off ├───────────────────────┤ end
 *	segment k  | r0 | r1 | r2 | r3 | r4 |  k + 1  | …
 *	             sized     part  built
 *
 * A segment that is read to its end must be as long as the map says, and none may be
 * longer: a mistake in sizing is an error, and never wrong bytes.
 */
#include "dataset/internal.h"

#include <string.h>

/* What a row's visitor returns to say that it is enough. */
#define ENOUGH 1

struct copying {
	struct rio_reading *rd;
	const struct rio_segment *segment;
	uint64_t at;    /* where the next record begins in the encoded file */
	uint64_t limit; /* where the segment's end, says the map */
};

/* Build the record at c->at, of which a part is wanted. */
static int copy_part(struct copying *c, const struct rio_row *row)
{
	struct rio_reading *rd = c->rd;
	struct rio_scratch *s = rd->scratch;
	size_t skip = (size_t)(rd->off - c->at);
	size_t len = RIO_MIN(row->record_bytes - skip, rd->end - rd->off);
	int r = rio_scratch_grow(&s->record, &s->record_room, row->record_bytes, rd->err);

	if (r < 0)
		return r;
	rio_general_build(rd->dataset->general, &s->general, s->record);
	memcpy(rd->dst, s->record + skip, len);
	rio_reading_advance(rd, len);
	return 0;
}

static int copy_row(void *data, const struct rio_row *row)
{
	struct copying *c = data;
	struct rio_reading *rd = c->rd;
	uint64_t end = c->at + row->record_bytes;
	int r = 0;

	if (end > c->limit)
		return rio_segment_fail_end(&c->segment->begin, c->limit, rd->err);
	if (end > rd->off) {
		if (row->trouble) {
			r = rio_explain_row(rd->dataset, c->segment, row, rd->err);
			if (rd->err)
				rd->err->record_off = c->at;
			return r;
		}
		if (c->at == rd->off && end <= rd->end) {
			rio_general_build(rd->dataset->general, &rd->scratch->general, rd->dst);
			rio_reading_advance(rd, row->record_bytes);
		} else {
			r = copy_part(c, row);
		}
		if (rd->stats)
			rd->stats->nr_rows++;
	}
	c->at = end;
	return r < 0 ? r : rd->off == rd->end ? ENOUGH : 0;
}

/* What is behind a bad quote: its place, which nobody reads. */
static int meet_wall(struct copying *c)
{
	int r = rio_explain_quote(c->rd->dataset, c->rd->source, c->rd->err);

	if (c->rd->err)
		c->rd->err->record_off = c->at;
	return r;
}

/*
 * Read what is wanted of segment k, in which the next wanted byte lies; its records
 * stand at [off, end) of the encoded file.
 */
static int read_segment(struct rio_reading *rd, size_t k, uint64_t off, uint64_t end)
{
	struct rio_segment segment;
	struct copying c = {rd, &segment, off, end};
	bool has_wall;
	int r = rio_segment_visit(rd, k, copy_row, &c, &segment, &has_wall);

	if (r != 0)
		return r;
	if (has_wall && c.at + RIO_BAD_RECORD_BYTES == c.limit)
		return meet_wall(&c);
	return c.at == c.limit ? 0 : rio_segment_fail_end(&segment.begin, c.limit, rd->err);
}

int rio_read_general(struct rio_reading *rd)
{
	const struct rio_sizes *sizes = rd->dataset->map->sizes;
	size_t k = rio_sizes_find(sizes, rd->off);
	uint64_t off = rio_sizes_before(sizes, k).record_off, end;
	int r = 0;

	for (; r == 0 && rd->off < rd->end; k++, off = end) {
		end = rio_sizes_before(sizes, k + 1).record_off;
		r = read_segment(rd, k, off, end);
	}
	return r < 0 ? r : 0;
}
