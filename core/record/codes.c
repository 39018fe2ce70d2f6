/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of texts a column: their bytes one behind the other, where each lies, and a
 * table of places by hash (open addressing, at most half full).  Sealing sorts the
 * places and makes the table anew, so that a text's place in the list is its number.
 *
 * Packed:	a column after the other: nr of texts, and for each its length and its bytes,
 *		all numbers being varints.  In sorted order, which is checked on the way back.
 */
#include "record/codes.h"

#include "base/util.h"
#include "record/wire.h"

#include <string.h>
#include <xxhash.h>

struct text {
	uint64_t hash;
	uint32_t off;
	uint32_t len_bytes;
};

struct set {
	uint8_t *bytes;
	size_t nr_bytes, bytes_room;
	struct text *texts;
	size_t nr, room;
	uint32_t *table; /* 1 + a place in texts, or 0 */
	size_t table_room; /* a power of two */
};

struct rio_codes {
	size_t nr_columns;
	size_t used_bytes;
	struct set sets[];
};

int rio_codes_create(size_t nr_columns, struct rio_codes **ret, struct rio_error *err)
{
	struct rio_codes *codes = calloc(1, sizeof(*codes) + nr_columns * sizeof(struct set));

	if (!codes)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	codes->nr_columns = nr_columns;
	*ret = codes;
	return 0;
}

void rio_codes_destroy(struct rio_codes *codes)
{
	for (size_t i = 0; codes && i < codes->nr_columns; i++) {
		free(codes->sets[i].bytes);
		free(codes->sets[i].texts);
		free(codes->sets[i].table);
	}
	free(codes);
}

/* Where in the table the text is, or would be. */
static uint32_t *place_of(const struct set *s, uint64_t hash, const void *text, size_t len_bytes)
{
	size_t i = hash & (s->table_room - 1);

	for (; s->table[i]; i = (i + 1) & (s->table_room - 1)) {
		const struct text *t = &s->texts[s->table[i] - 1];

		if (t->hash == hash && t->len_bytes == len_bytes &&
			memcmp(s->bytes + t->off, text, len_bytes) == 0)
			break;
	}
	return &s->table[i];
}

static void fill_table(struct set *s)
{
	memset(s->table, 0, s->table_room * sizeof(*s->table));
	for (size_t i = 0; i < s->nr; i++) {
		size_t at = s->texts[i].hash & (s->table_room - 1);

		while (s->table[at])
			at = (at + 1) & (s->table_room - 1);
		s->table[at] = (uint32_t)i + 1;
	}
}

/* See to it that one more text fits. */
static bool grow(struct set *s, size_t len_bytes)
{
	if (s->nr_bytes + len_bytes > s->bytes_room || !s->bytes) {
		size_t room = 2 * (s->nr_bytes + len_bytes) + 64;
		void *bytes = realloc(s->bytes, room);

		if (!bytes)
			return false;
		s->bytes = bytes;
		s->bytes_room = room;
	}
	if (s->nr == s->room) {
		size_t room = s->room ? 2 * s->room : 16;
		void *texts = reallocarray(s->texts, room, sizeof(*s->texts));
		uint32_t *table = texts ? malloc(2 * room * sizeof(*table)) : NULL;

		if (texts)
			s->texts = texts;
		if (!table)
			return false;
		free(s->table);
		s->table = table;
		s->table_room = 2 * room;
		s->room = room;
		fill_table(s);
	}
	return true;
}

int rio_codes_add(struct rio_codes *codes, size_t column, const void *text, size_t len_bytes,
	struct rio_error *err)
{
	struct set *s = &codes->sets[column];
	uint64_t hash = XXH3_64bits(text, len_bytes);
	uint32_t *place = s->table ? place_of(s, hash, text, len_bytes) : NULL;

	if (place && *place)
		return 0;
	codes->used_bytes += len_bytes + sizeof(struct text) + 2 * sizeof(*s->table);
	if (codes->used_bytes > RIO_CODES_BYTES_MAX)
		return rio_fail(err, RIO_ESCHEMA,
			"too many different texts to number, in column %zu (%zu of them) among "
			"others: text=hash:N, or drop=%zu", column, s->nr, column);
	if (!grow(s, len_bytes))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	place = place_of(s, hash, text, len_bytes);
	memcpy(s->bytes + s->nr_bytes, text, len_bytes);
	s->texts[s->nr++] = (struct text){hash, (uint32_t)s->nr_bytes, (uint32_t)len_bytes};
	s->nr_bytes += len_bytes;
	*place = (uint32_t)s->nr;
	return 0;
}

int rio_codes_merge(struct rio_codes *codes, const struct rio_codes *more, struct rio_error *err)
{
	int r = 0;

	for (size_t c = 0; c < more->nr_columns; c++)
		for (size_t i = 0; i < more->sets[c].nr && r == 0; i++) {
			const struct text *t = &more->sets[c].texts[i];

			r = rio_codes_add(codes, c, more->sets[c].bytes + t->off, t->len_bytes,
				err);
		}
	return r;
}

static int compare_bytes(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
	int order = memcmp(a, b, RIO_MIN(a_bytes, b_bytes));

	return order ? order : (a_bytes > b_bytes) - (a_bytes < b_bytes);
}

static int by_bytes(const void *a, const void *b, void *bytes)
{
	const struct text *x = a, *y = b;

	return compare_bytes((const uint8_t *)bytes + x->off, x->len_bytes,
		(const uint8_t *)bytes + y->off, y->len_bytes);
}

void rio_codes_seal(struct rio_codes *codes)
{
	for (size_t c = 0; c < codes->nr_columns; c++) {
		struct set *s = &codes->sets[c];

		if (!s->nr)
			continue;
		qsort_r(s->texts, s->nr, sizeof(*s->texts), by_bytes, s->bytes);
		fill_table(s);
	}
}

uint32_t rio_codes_find(const struct rio_codes *codes, size_t column, const void *text,
	size_t len_bytes)
{
	const struct set *s = &codes->sets[column];

	return s->nr ? *place_of(s, XXH3_64bits(text, len_bytes), text, len_bytes) - 1
		     : RIO_NO_CODE;
}

size_t rio_codes_nr(const struct rio_codes *codes, size_t column)
{
	return codes->sets[column].nr;
}

const void *rio_codes_text(const struct rio_codes *codes, size_t column, size_t code,
	size_t *ret_bytes)
{
	const struct set *s = &codes->sets[column];

	*ret_bytes = s->texts[code].len_bytes;
	return s->bytes + s->texts[code].off;
}

int rio_codes_pack(const struct rio_codes *codes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	size_t most = 0;
	uint8_t *bytes, *out;

	for (size_t c = 0; c < codes->nr_columns; c++)
		most += 10 + codes->sets[c].nr_bytes + 10 * codes->sets[c].nr;
	bytes = out = malloc(most + 1);
	if (!bytes)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t c = 0; c < codes->nr_columns; c++) {
		const struct set *s = &codes->sets[c];

		out = rio_varint_put(out, s->nr);
		for (size_t i = 0; i < s->nr; i++) {
			out = rio_varint_put(out, s->texts[i].len_bytes);
			memcpy(out, s->bytes + s->texts[i].off, s->texts[i].len_bytes);
			out += s->texts[i].len_bytes;
		}
	}
	*ret = bytes;
	*ret_bytes = (size_t)(out - bytes);
	return 0;
}

static int unpack_column(struct rio_codes *codes, size_t column, const uint8_t **p,
	const uint8_t *end, struct rio_error *err)
{
	const uint8_t *last = NULL;
	uint64_t nr, len_bytes, last_bytes = 0;
	int r = 0;

	if (!rio_varint_take(p, end, &nr))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its texts end early");
	for (uint64_t i = 0; i < nr && r == 0; i++) {
		if (!rio_varint_take(p, end, &len_bytes) || len_bytes > (uint64_t)(end - *p))
			return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its texts end early");
		if (last && compare_bytes(last, last_bytes, *p, len_bytes) >= 0)
			return rio_fail(err, RIO_EMAP_DAMAGED,
				"damaged map: the texts of column %zu are not sorted", column);
		r = rio_codes_add(codes, column, *p, len_bytes, err);
		last = *p;
		last_bytes = len_bytes;
		*p += len_bytes;
	}
	return r;
}

int rio_codes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr_columns,
	struct rio_codes **ret, struct rio_error *err)
{
	const uint8_t *end = bytes + len_bytes;
	struct rio_codes *codes = NULL;
	int r = rio_codes_create(nr_columns, &codes, err);

	for (size_t c = 0; c < nr_columns && r == 0; c++)
		r = unpack_column(codes, c, &bytes, end, err);
	if (r == 0 && bytes != end)
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: more than texts");
	if (r < 0) {
		rio_codes_destroy(codes);
		return r;
	}
	*ret = codes;
	return 0;
}
