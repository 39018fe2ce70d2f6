/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packed, all numbers are varints: rows skipped, cells filled; for each segment the
 * bytes and the number of its records; the length of the tables and their bytes.  A
 * segment takes some five bytes in this way.  proto/FORMAT.md has it, too.
 */
#include "map/sizes.h"

#include "base/util.h"
#include "record/wire.h"

#include <string.h>

#define VARINT_BYTES_MAX 10

int rio_sizes_create(size_t nr, struct rio_sizes **ret, struct rio_error *err)
{
	struct rio_sizes *sizes = calloc(1, sizeof(*sizes));

	if (sizes) {
		sizes->nr = nr;
		sizes->record_offs = calloc(nr, sizeof(*sizes->record_offs));
		sizes->nr_records = calloc(nr, sizeof(*sizes->nr_records));
	}
	if (!sizes || !sizes->record_offs || !sizes->nr_records) {
		rio_sizes_destroy(sizes);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	*ret = sizes;
	return 0;
}

void rio_sizes_destroy(struct rio_sizes *sizes)
{
	if (!sizes)
		return;
	free(sizes->record_offs);
	free(sizes->nr_records);
	free(sizes->tables);
	free(sizes);
}

int rio_sizes_sum(struct rio_sizes *sizes, struct rio_error *err)
{
	uint64_t off = 0, records = 0;

	for (size_t k = 0; k < sizes->nr; k++) {
		uint64_t len_bytes = sizes->record_offs[k], nr = sizes->nr_records[k];

		sizes->record_offs[k] = off;
		sizes->nr_records[k] = records;
		if (!rio_add_ok(off, len_bytes, &off) || off > INT64_MAX ||
			!rio_add_ok(records, nr, &records))
			return rio_fail(err, RIO_ESCHEMA, "the encoded file would be too large");
	}
	return 0;
}

bool rio_sizes_equal(const struct rio_sizes *a, const struct rio_sizes *b)
{
	if (!a || !b)
		return a == b;
	return a->nr == b->nr && a->nr_skipped == b->nr_skipped && a->nr_filled == b->nr_filled &&
	       memcmp(a->record_offs, b->record_offs, a->nr * sizeof(*a->record_offs)) == 0 &&
	       memcmp(a->nr_records, b->nr_records, a->nr * sizeof(*a->nr_records)) == 0 &&
	       a->tables_bytes == b->tables_bytes &&
	       (!a->tables_bytes || memcmp(a->tables, b->tables, a->tables_bytes) == 0);
}

size_t rio_sizes_find(const struct rio_sizes *sizes, uint64_t off)
{
	size_t low = 0, high = sizes->nr;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sizes->record_offs[middle] <= off)
			low = middle;
		else
			high = middle;
	}
	return low;
}

int rio_sizes_pack(const struct rio_sizes *sizes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	uint8_t *bytes = malloc((2 * sizes->nr + 3) * VARINT_BYTES_MAX + sizes->tables_bytes);
	uint8_t *out = bytes;

	if (!bytes)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	out = rio_varint_put(out, sizes->nr_skipped);
	out = rio_varint_put(out, sizes->nr_filled);
	for (size_t k = 0; k + 1 < sizes->nr; k++) {
		out = rio_varint_put(out, sizes->record_offs[k + 1] - sizes->record_offs[k]);
		out = rio_varint_put(out, sizes->nr_records[k + 1] - sizes->nr_records[k]);
	}
	out = rio_varint_put(out, sizes->tables_bytes);
	if (sizes->tables_bytes)
		memcpy(out, sizes->tables, sizes->tables_bytes);
	*ret = bytes;
	*ret_bytes = (size_t)(out - bytes) + sizes->tables_bytes;
	return 0;
}

static int unpack(const uint8_t *p, const uint8_t *end, struct rio_sizes *sizes)
{
	uint64_t tables_bytes;
	bool ok = rio_varint_take(&p, end, &sizes->nr_skipped) &&
		  rio_varint_take(&p, end, &sizes->nr_filled);

	for (size_t k = 0; k + 1 < sizes->nr && ok; k++)
		ok = rio_varint_take(&p, end, &sizes->record_offs[k]) &&
		     rio_varint_take(&p, end, &sizes->nr_records[k]);
	ok = ok && rio_varint_take(&p, end, &tables_bytes) && tables_bytes == (uint64_t)(end - p);
	if (!ok)
		return RIO_EMAP_DAMAGED;
	sizes->tables = tables_bytes ? malloc(tables_bytes) : NULL;
	if (tables_bytes && !sizes->tables)
		return RIO_ENOMEM;
	if (tables_bytes)
		memcpy(sizes->tables, p, tables_bytes);
	sizes->tables_bytes = tables_bytes;
	return 0;
}

int rio_sizes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr, struct rio_sizes **ret,
	struct rio_error *err)
{
	struct rio_sizes *sizes = NULL;
	int r = rio_sizes_create(nr, &sizes, err);

	if (r < 0)
		return r;
	r = unpack(bytes, bytes + len_bytes, sizes);
	if (r == RIO_ENOMEM)
		rio_fail(err, RIO_ENOMEM, "out of memory");
	else if (r < 0 || rio_sizes_sum(sizes, NULL) < 0)
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its sizes make no sense");
	if (r < 0) {
		rio_sizes_destroy(sizes);
		return r;
	}
	*ret = sizes;
	return 0;
}
