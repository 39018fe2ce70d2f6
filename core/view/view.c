/* SPDX-License-Identifier: Apache-2.0 */
#include "view/view.h"

#include "base/util.h"

#include <string.h>

static struct rio_view *new_view(size_t nr_parts)
{
	struct rio_view *view = calloc(1, sizeof(*view) + (nr_parts + 1) * sizeof(view->parts[0]));

	if (view)
		view->nr_parts = nr_parts;
	return view;
}

void rio_view_destroy(struct rio_view *view)
{
	free(view);
}

void rio_view_destroyp(struct rio_view **view)
{
	rio_view_destroy(*view);
}

/* The texts of a file with records in which texts are numbered, or NULL. */
static const struct rio_sizes *numbered_texts(const struct rio_dataset *dataset)
{
	return rio_dataset_codes(dataset) && rio_dataset_nr_records(dataset)
		       ? rio_dataset_map(dataset)->sizes
		       : NULL;
}

/* A text must have one number throughout a file.  *texts are those of the files before. */
static int check_texts(const struct rio_sizes **texts, const struct rio_dataset *dataset,
	struct rio_error *err)
{
	const struct rio_sizes *here = numbered_texts(dataset);

	if (!here)
		return 0;
	if (!*texts)
		*texts = here;
	if (here->tables_bytes == (*texts)->tables_bytes &&
		memcmp(here->tables, (*texts)->tables, here->tables_bytes) == 0)
		return 0;
	return rio_fail(err, RIO_ESCHEMA, "text=map numbers the texts of each file by themselves, "
		"and those of the files to be joined differ; use text=hash:N");
}

int rio_view_create(const struct rio_view_member *members, size_t nr, struct rio_view **ret,
	struct rio_error *err)
{
	_cleanup_(rio_view_destroyp) struct rio_view *view = new_view(nr);
	const struct rio_sizes *texts = NULL;
	int r = 0;

	if (!view)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < nr && r == 0; i++) {
		const struct rio_dataset *dataset = members[i].dataset;
		struct rio_part *part = &view->parts[i];

		part->dataset = dataset;
		part->owner = members[i].owner;
		r = check_texts(&texts, dataset, err);
		part[1].record = part->record + rio_dataset_nr_records(dataset);
		if (!rio_add_ok(part->off, rio_dataset_len_bytes(dataset), &part[1].off) ||
			part[1].off > INT64_MAX)
			r = rio_fail(err, RIO_ESCHEMA, "the joined file would be too large");
	}
	if (r == 0)
		*ret = rio_steal(view);
	return r;
}

/* The part in which a record lies, which is before the view's end. */
static const struct rio_part *find_record(const struct rio_view *view, uint64_t record)
{
	size_t low = 0, high = view->nr_parts;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view->parts[middle].record <= record)
			low = middle;
		else
			high = middle;
	}
	return &view->parts[low];
}

const struct rio_part *rio_view_part_at(const struct rio_view *view, uint64_t off)
{
	size_t low = 0, high = view->nr_parts;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (view->parts[middle].off <= off)
			low = middle;
		else
			high = middle;
	}
	return &view->parts[low];
}

/* --- parts, with a source where one is needed --- */

/* Where records [first, first + nr) of a part's dataset begin there. */
static int part_offs(const struct rio_part *part, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t first, size_t nr, uint64_t *ret_offs,
	struct rio_error *err)
{
	const struct rio_dataset *dataset = part->dataset;
	struct rio_source *source;
	int r;

	if (rio_dataset_record_bytes(dataset) ||
		(nr == 1 && (first == 0 || first == rio_dataset_nr_records(dataset))))
		return rio_dataset_record_offs(dataset, NULL, NULL, first, nr, ret_offs, err);
	r = sources->take(sources->data, part, &source, err);
	if (r < 0)
		return r;
	r = rio_dataset_record_offs(dataset, source, scratch, first, nr, ret_offs, err);
	sources->give(sources->data, part, source);
	return r;
}

int rio_view_records_before(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t off, uint64_t *ret, struct rio_error *err)
{
	const struct rio_part *part;
	struct rio_source *source = NULL;
	uint64_t nr_before;
	int r = 0;

	if (off >= rio_view_len_bytes(view)) {
		*ret = rio_view_nr_records(view);
		return 0;
	}
	part = rio_view_part_at(view, off);
	if (!rio_dataset_record_bytes(part->dataset))
		r = sources->take(sources->data, part, &source, err);
	if (r < 0)
		return r;
	r = rio_dataset_records_before(part->dataset, source, scratch,
		part->first_off + (off - part->off), &nr_before, err);
	if (source)
		sources->give(sources->data, part, source);
	if (r == 0)
		*ret = part->record + (nr_before - part->first);
	return r;
}

int rio_view_record_offs(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t first, size_t nr, uint64_t *ret_offs,
	struct rio_error *err)
{
	int r = 0;

	while (nr && r == 0) {
		const struct rio_part *part = find_record(view, first);
		size_t n = (size_t)RIO_MIN((uint64_t)nr, part[1].record - first);

		r = part_offs(part, sources, scratch, part->first + (first - part->record), n,
			ret_offs, err);
		for (size_t i = 0; i < n && r == 0; i++)
			ret_offs[i] = part->off + (ret_offs[i] - part->first_off);
		first += n;
		nr -= n;
		ret_offs += n;
	}
	return r;
}

/* --- shards --- */

/* Where shard number shard begins: its first record. */
static uint64_t shard_begin(const struct rio_view *view, unsigned shard, unsigned nr_shards)
{
	return (uint64_t)((unsigned __int128)rio_view_nr_records(view) * shard / nr_shards);
}

/* What of a part is in records [first, end) of the view. */
static int cut_part(const struct rio_part *part, uint64_t first, uint64_t end,
	const struct rio_view_sources *sources, struct rio_scratch *scratch,
	struct rio_part *ret, struct rio_error *err)
{
	uint64_t from = RIO_MAX(first, part->record) - part->record;
	uint64_t to = RIO_MIN(end, part[1].record) - part->record;
	uint64_t end_off = part->first_off + (part[1].off - part->off);
	int r = 0;

	ret->dataset = part->dataset;
	ret->owner = part->owner;
	ret->first = part->first + from;
	ret->first_off = part->first_off;
	if (from)
		r = part_offs(part, sources, scratch, ret->first, 1, &ret->first_off, err);
	if (r == 0 && to < rio_part_nr_records(part))
		r = part_offs(part, sources, scratch, part->first + to, 1, &end_off, err);
	ret[1].record = ret->record + (to - from);
	ret[1].off = ret->off + (end_off - ret->first_off);
	return r;
}

int rio_view_shard(const struct rio_view *view, unsigned shard, unsigned nr_shards,
	const struct rio_view_sources *sources, struct rio_scratch *scratch,
	struct rio_view **ret, struct rio_error *err)
{
	uint64_t first = shard_begin(view, shard, nr_shards);
	uint64_t end = shard_begin(view, shard + 1, nr_shards);
	const struct rio_part *from, *to;
	struct rio_view *cut;
	int r = 0;

	/* A shard without records has no part. */
	from = to = view->parts;
	if (first < end) {
		from = find_record(view, first);
		to = find_record(view, end - 1) + 1;
	}
	cut = new_view((size_t)(to - from));
	if (!cut)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < cut->nr_parts && r == 0; i++)
		r = cut_part(from + i, first, end, sources, scratch, &cut->parts[i], err);
	if (r == 0)
		*ret = rio_steal(cut);
	rio_view_destroy(cut);
	return r;
}

/* --- reading --- */

uint64_t rio_part_to_view(const struct rio_part *part, uint64_t dataset_off)
{
	uint64_t len_bytes = part[1].off - part->off;

	if (dataset_off < part->first_off || dataset_off - part->first_off >= len_bytes)
		return RIO_NO_OFFSET;
	return part->off + (dataset_off - part->first_off);
}

/* Read [off, off + len_bytes), which lies in part. */
static int read_part(const struct rio_part *part, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_read_stats *stats, struct rio_error *err)
{
	struct rio_source *source;
	int r = sources->take(sources->data, part, &source, err);

	if (r < 0)
		return r;
	r = rio_dataset_read(part->dataset, source, scratch, part->first_off + (off - part->off),
		dst, len_bytes, ret_bytes, stats, err);
	sources->give(sources->data, part, source);
	/* A bad quote may stand before the part, and takes all that follows. */
	if (r == RIO_EROW && err)
		err->record_off = part->off + RIO_MAX(err->record_off, part->first_off) -
				  part->first_off;
	return r;
}

int rio_view_read(const struct rio_view *view, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_read_stats *stats, struct rio_error *err)
{
	uint64_t size = rio_view_len_bytes(view);
	uint64_t end = off < size ? off + RIO_MIN(len_bytes, size - off) : off;
	const struct rio_part *part = off < end ? rio_view_part_at(view, off) : NULL;
	uint64_t at = off;
	int r = 0;

	for (; at < end && r == 0; part++) {
		size_t wanted = (size_t)(RIO_MIN(end, part[1].off) - at), n = 0;

		if (wanted)
			r = read_part(part, sources, scratch, at, (uint8_t *)dst + (at - off),
				wanted, &n, stats, err);
		at += n;
	}
	if (r == 0 || r == RIO_EROW)
		*ret_bytes = (size_t)(at - off);
	return r;
}
