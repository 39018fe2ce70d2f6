/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtual file: an ordered list of ranges of records.  One file, the files of a folder
 * joined, and shard k of n of either differ only in that list.
 *
 *	datasets  |  a.csv: 0 … 5  |  b.csv: 0 … 3  |  c.csv: 0 … 4  |
 *	joined    [ a 0…5          ][ b 0…3         ][ c 0…4         ]
 *	shard 1/2                     [ b 1…3       ][ c 0…4         ]
 *
 * Each file is encoded by itself, its own header left out, so a joined file is what
 * concatenating the encoded ones gives.  A view never changes, and holds no source: one
 * is asked for when a part is read.
 *
 * Below it: dataset.  It knows neither names of files nor mounts.
 */
#ifndef RIO_VIEW_VIEW_H
#define RIO_VIEW_VIEW_H

#include "dataset/dataset.h"

struct rio_part {
	const struct rio_dataset *dataset; /* borrowed; NULL: the sentinel */
	void *owner;        /* the caller's own, to know it by */
	uint64_t first;     /* its first record, of the dataset's … */
	uint64_t first_off; /* … which begins there in the dataset's encoded file */
	uint64_t record;    /* the number of that record in the view … */
	uint64_t off;       /* … where it begins there */
};

struct rio_view {
	size_t nr_parts;
	struct rio_part parts[]; /* and a sentinel, whose record and off are the view's end */
};

/* Where a view's bytes come from.  Both are called from any thread. */
struct rio_view_sources {
	/* A source ready for reading part's dataset, in its state. */
	int (*take)(void *data, const struct rio_part *part, struct rio_source **ret,
		struct rio_error *err);
	void (*give)(void *data, const struct rio_part *part, struct rio_source *source);
	void *data;
};

/* Of a dataset and its owner. */
struct rio_view_member {
	const struct rio_dataset *dataset;
	void *owner;
};

/*
 * The whole of nr datasets, one behind the other.  RIO_ESCHEMA where that would be too
 * large, or where texts are numbered (text=map) and not alike in all of them.
 */
int rio_view_create(const struct rio_view_member *members, size_t nr, struct rio_view **ret,
	struct rio_error *err);
void rio_view_destroy(struct rio_view *view);
void rio_view_destroyp(struct rio_view **view);

/*
 * Shard number shard of nr_shards: they differ by one record at most, and joined they are
 * the view.  Where records differ in length, sources may be needed.
 */
int rio_view_shard(const struct rio_view *view, unsigned shard, unsigned nr_shards,
	const struct rio_view_sources *sources, struct rio_scratch *scratch,
	struct rio_view **ret, struct rio_error *err);

static inline uint64_t rio_view_len_bytes(const struct rio_view *view)
{
	return view->parts[view->nr_parts].off;
}

static inline uint64_t rio_view_nr_records(const struct rio_view *view)
{
	return view->parts[view->nr_parts].record;
}

/* The part in which a byte lies; off is before the view's end. */
const struct rio_part *rio_view_part_at(const struct rio_view *view, uint64_t off);

/* How many of its dataset's records the part has. */
static inline uint64_t rio_part_nr_records(const struct rio_part *part)
{
	return part[1].record - part->record;
}

/* Where a byte of the dataset's encoded file is in the view, or RIO_NO_OFFSET: not in this part. */
uint64_t rio_part_to_view(const struct rio_part *part, uint64_t dataset_off);

/* As rio_dataset_read, and err->record_off is the view's. */
int rio_view_read(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_read_stats *stats, struct rio_error *err);

/* As rio_dataset_record_offs, without the end; first + nr <= rio_view_nr_records. */
int rio_view_record_offs(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t first, size_t nr, uint64_t *ret_offs,
	struct rio_error *err);

/* As rio_dataset_records_before. */
int rio_view_records_before(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t off, uint64_t *ret, struct rio_error *err);

#endif
