/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment, packed, is one varint or two:
 *
 *	| by how much more its records take than the last one's, and whether rows are
 *	  skipped | how many, if any |
 *
 * The difference is folded (0, -1, 1, -2 … are 0, 1, 2, 3 …), doubled, and 1 is added
 * where rows are skipped.  Segments lie as far apart in the source, so they are much
 * alike, and the difference has 12 bits or fewer.  A group's first one is the difference
 * to 0, so that a group can be read by itself.
 *
 * As bytes: cells filled, the segments, the length of the tables and their bytes; all
 * numbers are varints.  proto/FORMAT.md has it, too.
 *
 * Rejected: a distance of 32 bits from a group's base, as checkpoints have them.  With
 * those of the rows skipped it is twice as long.
 */
#include "map/sizes.h"

#include "base/util.h"
#include "record/wire.h"

#include <string.h>

enum { GROUP_SEGMENTS = 32, VARINT_BYTES_MAX = 10 };

/* Of the encoded file: differences, folded and doubled, fit 64 bits. */
#define LEN_BYTES_MAX ((uint64_t)INT64_MAX / 4)

/* On the way through the packed segments. */
struct walk {
	const uint8_t *p, *end;
	size_t k; /* of the checkpoint that it stands at */
	uint64_t last_bytes;
	struct rio_sizes_sum before;
};

/* Go on to the next checkpoint; false where what is packed makes no sense. */
static bool step(struct walk *w)
{
	uint64_t word, folded, nr_skipped = 0;

	if (!rio_varint_take(&w->p, w->end, &word) ||
		((word & 1) && !rio_varint_take(&w->p, w->end, &nr_skipped)))
		return false;
	folded = word >> 1;
	if (w->k++ % GROUP_SEGMENTS == 0)
		w->last_bytes = 0;
	w->last_bytes += folded >> 1 ^ -(folded & 1);
	w->before.record_off += w->last_bytes;
	return w->last_bytes <= LEN_BYTES_MAX && w->before.record_off <= LEN_BYTES_MAX &&
	       rio_add_ok(w->before.nr_skipped, nr_skipped, &w->before.nr_skipped);
}

static uint8_t *put_segment(uint8_t *dst, const struct rio_segment_size *segment,
	uint64_t last_bytes)
{
	uint64_t more = segment->len_bytes - last_bytes;
	uint64_t folded = more << 1 ^ -(more >> 63);

	dst = rio_varint_put(dst, folded << 1 | (segment->nr_skipped > 0));
	return segment->nr_skipped ? rio_varint_put(dst, segment->nr_skipped) : dst;
}

static size_t nr_groups(size_t nr)
{
	return nr / GROUP_SEGMENTS + 1;
}

static struct rio_sizes *allocate(size_t nr, size_t packed_room)
{
	struct rio_sizes *sizes = calloc(1, sizeof(*sizes));

	if (!sizes)
		return NULL;
	sizes->nr = nr;
	sizes->packed = malloc(packed_room + 1);
	sizes->groups = calloc(nr_groups(nr), sizeof(*sizes->groups));
	if (sizes->packed && sizes->groups)
		return sizes;
	rio_sizes_destroy(sizes);
	return NULL;
}

/* Fill in groups and sums, from the packed segments at the begin of len_bytes. */
static bool sum_up(struct rio_sizes *sizes, size_t len_bytes)
{
	struct walk w = {.p = sizes->packed, .end = sizes->packed + len_bytes};

	for (;;) {
		if (w.k % GROUP_SEGMENTS == 0)
			sizes->groups[w.k / GROUP_SEGMENTS] = (struct rio_sizes_group){
				w.before, (size_t)(w.p - sizes->packed)};
		if (w.k + 1 == sizes->nr)
			break;
		if (!step(&w))
			return false;
	}
	sizes->all = w.before;
	sizes->packed_bytes = (size_t)(w.p - sizes->packed);
	return true;
}

/* Give back what was not needed. */
static void trim(struct rio_sizes *sizes)
{
	uint8_t *packed = realloc(sizes->packed, sizes->packed_bytes + 1);

	if (packed)
		sizes->packed = packed;
}

int rio_sizes_create(const struct rio_segment_size *segments, size_t nr_segments,
	struct rio_sizes **ret, struct rio_error *err)
{
	struct rio_sizes *sizes = allocate(nr_segments + 1, 2 * VARINT_BYTES_MAX * nr_segments);
	bool fits = true;
	uint8_t *out;

	if (!sizes)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	out = sizes->packed;
	for (size_t k = 0; k < nr_segments && fits; k++) {
		fits = segments[k].len_bytes <= LEN_BYTES_MAX;
		out = put_segment(out, &segments[k],
			k % GROUP_SEGMENTS ? segments[k - 1].len_bytes : 0);
	}
	if (!fits || !sum_up(sizes, (size_t)(out - sizes->packed))) {
		rio_sizes_destroy(sizes);
		return rio_fail(err, RIO_ESCHEMA, "the encoded file would be too large");
	}
	trim(sizes);
	*ret = sizes;
	return 0;
}

void rio_sizes_destroy(struct rio_sizes *sizes)
{
	if (!sizes)
		return;
	free(sizes->packed);
	free(sizes->groups);
	free(sizes->tables);
	free(sizes);
}

static bool bytes_equal(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
	return a_bytes == b_bytes && (!a_bytes || memcmp(a, b, a_bytes) == 0);
}

bool rio_sizes_equal(const struct rio_sizes *a, const struct rio_sizes *b)
{
	if (!a || !b)
		return a == b;
	return a->nr == b->nr && a->nr_filled == b->nr_filled &&
	       bytes_equal(a->packed, a->packed_bytes, b->packed, b->packed_bytes) &&
	       bytes_equal(a->tables, a->tables_bytes, b->tables, b->tables_bytes);
}

static struct walk walk_from(const struct rio_sizes *sizes, size_t group)
{
	return (struct walk){
		.p = sizes->packed + sizes->groups[group].packed_off,
		.end = sizes->packed + sizes->packed_bytes,
		.k = group * GROUP_SEGMENTS,
		.before = sizes->groups[group].before,
	};
}

struct rio_sizes_sum rio_sizes_before(const struct rio_sizes *sizes, size_t k)
{
	struct walk w = walk_from(sizes, k / GROUP_SEGMENTS);

	while (w.k < k && step(&w))
		;
	return w.before;
}

size_t rio_sizes_find(const struct rio_sizes *sizes, uint64_t off)
{
	size_t low = 0, high = (sizes->nr - 1) / GROUP_SEGMENTS + 1, k;
	struct walk w;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sizes->groups[middle].before.record_off <= off)
			low = middle;
		else
			high = middle;
	}
	w = walk_from(sizes, low);
	for (k = w.k; w.k + 1 < sizes->nr && step(&w) && w.before.record_off <= off;)
		k = w.k;
	return k;
}

size_t rio_sizes_len_bytes(const struct rio_sizes *sizes)
{
	return sizes->packed_bytes + nr_groups(sizes->nr) * sizeof(*sizes->groups);
}

int rio_sizes_pack(const struct rio_sizes *sizes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	uint8_t *bytes = malloc(sizes->packed_bytes + 2 * VARINT_BYTES_MAX + sizes->tables_bytes);
	uint8_t *out = bytes;

	if (!bytes)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	out = rio_varint_put(out, sizes->nr_filled);
	out = mempcpy(out, sizes->packed, sizes->packed_bytes);
	out = rio_varint_put(out, sizes->tables_bytes);
	if (sizes->tables_bytes)
		out = mempcpy(out, sizes->tables, sizes->tables_bytes);
	*ret = bytes;
	*ret_bytes = (size_t)(out - bytes);
	return 0;
}

static int unpack(const uint8_t *p, const uint8_t *end, struct rio_sizes *sizes)
{
	uint64_t tables_bytes;

	if (!rio_varint_take(&p, end, &sizes->nr_filled))
		return RIO_EMAP_DAMAGED;
	memcpy(sizes->packed, p, (size_t)(end - p));
	if (!sum_up(sizes, (size_t)(end - p)))
		return RIO_EMAP_DAMAGED;
	p += sizes->packed_bytes;
	if (!rio_varint_take(&p, end, &tables_bytes) || tables_bytes != (uint64_t)(end - p))
		return RIO_EMAP_DAMAGED;
	sizes->tables = tables_bytes ? malloc(tables_bytes) : NULL;
	if (tables_bytes && !sizes->tables)
		return RIO_ENOMEM;
	if (tables_bytes)
		memcpy(sizes->tables, p, tables_bytes);
	sizes->tables_bytes = tables_bytes;
	trim(sizes);
	return 0;
}

int rio_sizes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr, struct rio_sizes **ret,
	struct rio_error *err)
{
	struct rio_sizes *sizes = allocate(nr, len_bytes);
	int r = sizes ? unpack(bytes, bytes + len_bytes, sizes) : RIO_ENOMEM;

	if (r == 0) {
		*ret = sizes;
		return 0;
	}
	rio_sizes_destroy(sizes);
	return r == RIO_ENOMEM
		       ? rio_fail(err, RIO_ENOMEM, "out of memory")
		       : rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its sizes make no sense");
}
