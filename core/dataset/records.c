/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where records begin.  Equally long ones are multiplied out.  Of others the map says
 * where the first of each segment begins, and the rows of one segment are sized for
 * those behind it: what a read does, without building anything.
 */
#include "dataset/internal.h"

/* What a visitor returns to say that it is enough. */
#define ENOUGH 1

/* Called with each record of a segment, in order: its number, and where it begins. */
typedef int record_visitor(void *data, uint64_t record, uint64_t off);

struct walking {
	uint64_t record; /* of the next one … */
	uint64_t at;     /* … and where it begins */
	uint64_t limit;  /* where the segment's last one ends, says the map */
	bool is_beyond;  /* that was not so */
	record_visitor *visit;
	void *data;
};

static int walk_record(struct walking *w, size_t record_bytes)
{
	int r;

	w->is_beyond = record_bytes > w->limit - w->at;
	if (w->is_beyond)
		return ENOUGH;
	r = w->visit(w->data, w->record, w->at);
	w->record++;
	w->at += record_bytes;
	return r;
}

static int walk_row(void *data, const struct rio_row *row)
{
	return row->is_skipped ? 0 : walk_record(data, row->record_bytes);
}

/* Visit the records of segment k.  Returns ENOUGH where the visitor did, or 0 behind all. */
static int walk_segment(struct rio_reading *rd, size_t k, record_visitor *visit, void *data)
{
	const struct rio_dataset *d = rd->dataset;
	struct walking w = {
		.record = rio_map_records_before(d->map, k),
		.at = rio_sizes_before(d->map->sizes, k).record_off,
		.limit = rio_sizes_before(d->map->sizes, k + 1).record_off,
		.visit = visit,
		.data = data,
	};
	struct rio_segment segment;
	bool has_wall;
	int r = rio_segment_visit(rd, k, walk_row, &w, &segment, &has_wall);

	if (r == 0 && has_wall)
		r = walk_record(&w, RIO_BAD_RECORD_BYTES);
	if (w.is_beyond ||
		(r == 0 && (w.at != w.limit || w.record != rio_map_records_before(d->map, k + 1))))
		return rio_segment_fail_end(&segment.begin, w.limit, rd->err);
	return r;
}

/* The segment in which a record lies: the last that begins not behind it. */
static size_t find_segment(const struct rio_map *map, uint64_t record)
{
	size_t low = 0, high = map->nr_checkpoints;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (rio_map_records_before(map, middle) <= record)
			low = middle;
		else
			high = middle;
	}
	return low;
}

struct gathering {
	uint64_t first; /* record that is still wanted … */
	uint64_t end;   /* … and the one behind the last of them */
	uint64_t *offs; /* where the first one's goes */
};

static int gather_off(void *data, uint64_t record, uint64_t off)
{
	struct gathering *g = data;

	if (record == g->first) {
		*g->offs++ = off;
		g->first++;
	}
	return g->first == g->end ? ENOUGH : 0;
}

static int gather_all(struct rio_reading *rd, struct gathering *g)
{
	const struct rio_map *map = rd->dataset->map;
	int r = 0;

	for (size_t k = find_segment(map, g->first); r == 0 && g->first < g->end; k++) {
		/* Segments without records are passed over, and the end is no segment. */
		bool begins = rio_map_records_before(map, k) == g->first;

		if (begins && (g->first + 1 == g->end || k + 1 == map->nr_checkpoints))
			r = gather_off(g, g->first,
				rio_sizes_before(map->sizes, k).record_off);
		else
			r = walk_segment(rd, k, gather_off, g);
	}
	return r;
}

/* What was found in a source counts only if it is still the one that was indexed. */
static int check_source(const struct rio_reading *rd, int r)
{
	int changed = 0;

	if (rd->source && (r >= 0 || r == RIO_EMAP_DAMAGED))
		changed = rio_source_check(rd->source, rio_dataset_stamp(rd->dataset), rd->err);
	r = changed ? changed : r;
	if (r < 0 && rd->source)
		rio_error_set_file(rd->err, rio_source_name(rd->source));
	return RIO_MIN(r, 0);
}

int rio_dataset_record_offs(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t first, size_t nr, uint64_t *ret_offs,
	struct rio_error *err)
{
	struct rio_reading rd = {.dataset = dataset, .source = source, .scratch = scratch,
		.err = err};
	struct gathering g = {first, first + nr, ret_offs};

	if (dataset->map->sizes)
		return check_source(&rd, gather_all(&rd, &g));
	for (size_t i = 0; i < nr; i++)
		ret_offs[i] = (first + i) * rio_dataset_record_bytes(dataset);
	return 0;
}

struct counting {
	uint64_t off;
	uint64_t nr_before;
};

static int count_before(void *data, uint64_t record, uint64_t off)
{
	struct counting *c = data;

	if (off >= c->off)
		return ENOUGH;
	c->nr_before = record + 1;
	return 0;
}

int rio_dataset_records_before(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t off, uint64_t *ret, struct rio_error *err)
{
	struct rio_reading rd = {.dataset = dataset, .source = source, .scratch = scratch,
		.err = err};
	const struct rio_sizes *sizes = dataset->map->sizes;
	size_t record_bytes = rio_dataset_record_bytes(dataset), k;
	struct counting c = {.off = off};
	int r = 0;

	if (!sizes) {
		*ret = record_bytes ? (off + record_bytes - 1) / record_bytes : 0;
		return 0;
	}
	k = rio_sizes_find(sizes, off);
	c.nr_before = rio_map_records_before(dataset->map, k);
	if (rio_sizes_before(sizes, k).record_off < off)
		r = check_source(&rd, walk_segment(&rd, k, count_before, &c));
	if (r == 0)
		*ret = c.nr_before;
	return r;
}
