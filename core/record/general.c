/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A *plan*, made once, says for each entry of a record where its values come from:
 *
 *	cells        y  a  b  "x"  c  id
 *	             │  │  │   │   │   └─ text: the uid
 *	numbers      y  a  b   │   c      by type, columns in file order (kernels)
 *	texts                  x          its code, its bucket, or its bytes
 *	entries      features { a b code(x) c }   slots: places in the numbers or the texts
 *	             label    { y }
 *
 * Where an entry's slots follow one another, its values are used where they lie.
 * Everything that a row needs beside lies in an arena whose layout is the plan's.
 *
 * The record is put down field by field here and not by protobuf-c: sizing must not
 * build, and one allocation a value would cost more than all the rest.  A test holds
 * the bytes against those of protobuf's own packages.
 */
#include "record/plan.h"

#include "record/frame.h"
#include "record/shift.h"
#include "record/wire.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fields that are parsed at once. */
enum { BATCH_FIELDS = 4096 };

void rio_general_scratch_deinit(struct rio_general_scratch *s)
{
	for (size_t i = 0; i < RIO_NR_DTYPES; i++)
		free(s->numbers[i]);
	free(s->before);
	free(s->end);
	free(s->arena);
	free(s->text);
	free(s->hashed);
	free(s->plain);
	*s = (struct rio_general_scratch){0};
}

/* For nr numbers of each type. */
static bool make_numbers_room(struct rio_general_scratch *s, size_t nr)
{
	bool ok = rio_general_grow(&s->before, &(size_t){0}, nr * sizeof(uint32_t)) &&
		  rio_general_grow(&s->end, &(size_t){0}, nr * sizeof(uint32_t));

	for (enum rio_dtype i = 0; i < RIO_NR_DTYPES && ok; i++)
		ok = rio_general_grow(&s->numbers[i], &(size_t){0},
			nr * rio_value_bytes(i) + RIO_TENSOR_SLACK_BYTES);
	s->numbers_room = ok ? nr : 0;
	return ok;
}

static bool make_room(const struct rio_general *g, size_t nr_rows, struct rio_general_scratch *s)
{
	size_t nr = 0;

	for (size_t i = 0; i < RIO_NR_DTYPES; i++)
		nr = RIO_MAX(nr, g->groups[i].nr);
	nr = nr * nr_rows + 1;
	return (nr <= s->numbers_room || make_numbers_room(s, nr)) &&
	       rio_general_grow(&s->arena, &s->arena_room,
		       g->arena_bytes + RIO_TENSOR_SLACK_BYTES);
}

size_t rio_general_batch_rows(const struct rio_general *g)
{
	return RIO_MAX(BATCH_FIELDS / g->schema->nr_columns, (size_t)1);
}

static void gather(const struct group *group, size_t nr_columns, const uint32_t *end,
	size_t nr_rows, struct rio_general_scratch *s)
{
	uint32_t *before_out = s->before, *end_out = s->end;

	for (size_t row = 0; row < nr_rows; row++, end += nr_columns)
		for (size_t i = 0; i < group->nr; i++) {
			*end_out++ = end[group->columns[i]];
			*before_out++ = end[(ptrdiff_t)group->columns[i] - 1];
		}
}

/* Read a type's numbers. Returns the rows before the first that is refused. */
static size_t parse_group(const struct rio_general *g, enum rio_dtype dtype, const uint8_t *p,
	const uint32_t *end, size_t nr_rows, struct rio_general_scratch *s)
{
	const struct rio_kernel *kernel = rio_kernel();
	const struct group *group = &g->groups[dtype];
	struct rio_cell_rules rules = g->schema->rules;
	const uint32_t *before = end - 1;
	size_t nr = group->nr * nr_rows;

	if (!nr)
		return nr_rows;
	rules.nr_filled = &s->nr_filled_parsed;
	if (!group->all_columns) {
		gather(group, g->schema->nr_columns, end, nr_rows, s);
		before = s->before;
		end = s->end;
	}
	if (dtype == RIO_FLOAT32)
		nr = kernel->to_f32(&rules, p, before, end, nr, s->numbers[dtype]);
	else if (dtype == RIO_FLOAT64)
		nr = kernel->to_f64(&rules, p, before, end, nr, s->numbers[dtype]);
	else
		nr = kernel->to_i32(&rules, p, before, end, nr, s->numbers[dtype]);
	return nr / group->nr;
}

int rio_general_parse(const struct rio_general *g, const uint8_t *p, const uint32_t *end,
	size_t nr_rows, struct rio_general_scratch *s, size_t *ret_nr_fine, struct rio_error *err)
{
	size_t fine = nr_rows;

	if (!make_room(g, nr_rows, s))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	/* Once more where a row is refused, so that only cells of fine rows are counted. */
	do {
		nr_rows = fine;
		s->nr_filled_parsed = 0;
		for (enum rio_dtype i = 0; i < RIO_NR_DTYPES; i++)
			fine = parse_group(g, i, p, end, fine, s);
	} while (fine < nr_rows);
	s->nr_filled += s->nr_filled_parsed;
	*ret_nr_fine = fine;
	return 0;
}

int rio_general_parse_nan(const struct rio_general *g, struct rio_general_scratch *s,
	struct rio_error *err)
{
	float *f32;
	double *f64;

	assert(!g->groups[RIO_INT32].nr); /* which has none: bad_row=nan does not go with it */
	if (!make_room(g, 1, s))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	f32 = s->numbers[RIO_FLOAT32];
	f64 = s->numbers[RIO_FLOAT64];
	for (size_t i = 0; i < g->groups[RIO_FLOAT32].nr; i++)
		f32[i] = NAN;
	for (size_t i = 0; i < g->groups[RIO_FLOAT64].nr; i++)
		f64[i] = NAN;
	return 0;
}

static void add_one(enum rio_dtype dtype, void *values, size_t i)
{
	if (dtype == RIO_FLOAT32)
		((float *)values)[i] += 1;
	else if (dtype == RIO_FLOAT64)
		((double *)values)[i] += 1;
	else
		((int32_t *)values)[i] += 1;
}

#define TAKE(type)                                                                                 \
	do {                                                                                       \
		const type *in = (const void *)numbers;                                            \
		type *out = values;                                                                \
                                                                                                   \
		for (size_t k = 0; k < e->nr_slots; k++)                                           \
			out[k] = e->slots[k] & CODE_SLOT ? (type)codes[e->slots[k] & ~CODE_SLOT]   \
							 : in[e->slots[k]];                        \
	} while (0)

/* Whether int32 holds all codes that an entry has. */
static bool codes_are_int32(const struct entry *e, const double *codes)
{
	for (size_t i = 0; i < e->nr_slots; i++)
		if (e->slots[i] & CODE_SLOT && !rio_is_int32(codes[e->slots[i] & ~CODE_SLOT]))
			return false;
	return true;
}

/* The values of the entry's slots in row i, in its order; NULL where one is no int32. */
static const void *take_values(const struct rio_general *g, const struct entry *e, size_t i,
	struct rio_general_scratch *s)
{
	enum rio_dtype dtype = e->tensor.dtype;
	size_t each = rio_value_bytes(dtype), before = i * g->groups[dtype].nr;
	const uint8_t *numbers = (const uint8_t *)s->numbers[dtype] + before * each;
	const double *codes = rio_general_codes(g, s);
	void *values = s->arena + e->values_off;

	if (e->contiguous)
		return numbers + e->slots[0] * each;
	if (dtype == RIO_FLOAT32)
		TAKE(float);
	else if (dtype == RIO_FLOAT64)
		TAKE(double);
	else if (codes_are_int32(e, codes))
		TAKE(int32_t);
	else
		return NULL;
	return values;
}

/* Dense: all values, and behind them all buckets. */
static void make_dense(const struct entry *e, const void *values, const uint32_t *buckets,
	size_t nr_used, uint8_t *arena, struct rio_image *image)
{
	size_t each = rio_value_bytes(e->tensor.dtype);
	uint8_t *all = arena + e->values_off;

	image->values = values;
	image->nr_values = e->tensor.width;
	if (!e->nr_buckets)
		return;
	if (values != all)
		memcpy(all, values, e->nr_slots * each);
	memset(all + e->nr_slots * each, 0, e->nr_buckets * each);
	for (size_t i = 0; i < nr_used; i++)
		add_one(e->tensor.dtype, all, e->nr_slots + buckets[i]);
	image->values = all;
}

/* Sparse: what is not zero, and its place. */
static void make_sparse(const struct entry *e, const void *values, const uint32_t *buckets,
	size_t nr_used, uint8_t *arena, struct rio_image *image)
{
	size_t each = rio_value_bytes(e->tensor.dtype);
	uint8_t *kept = arena + e->values_off;
	uint32_t *keys = (uint32_t *)(void *)(arena + e->keys_off);
	size_t n = rio_tensor_compact(e->tensor.dtype, values, e->nr_slots, kept, keys);

	for (size_t i = 0; i < nr_used; i++) {
		if (i == 0 || buckets[i] != buckets[i - 1]) {
			memset(kept + n * each, 0, each);
			keys[n++] = (uint32_t)e->nr_slots + buckets[i];
		}
		add_one(e->tensor.dtype, kept, n - 1);
	}
	if (n == 0 && e->tensor.explicit_zero) {
		memset(kept, 0, each);
		keys[n++] = 0;
	}
	image->values = kept;
	image->keys = keys;
	image->nr_values = n;
}

/* What row i makes of an entry; false where a value is no int32. */
static bool make_image(const struct rio_general *g, const struct entry *e, size_t i,
	struct rio_general_scratch *s, struct rio_image *image)
{
	uint32_t *buckets = (uint32_t *)(void *)(s->arena + g->buckets_off);
	const void *values;
	size_t nr_used;

	if (e->tensor.is_bytes) {
		const struct rio_span *text = &rio_general_spans(g, s)[e->text];

		image->values = text->begin;
		image->nr_values = (size_t)(text->end - text->begin);
		return true;
	}
	values = take_values(g, e, i, s);
	if (!values)
		return false;
	image->varints = s->arena + e->varints_off;
	nr_used = e->nr_hashed ? rio_general_find_buckets(g, e, s, buckets) : 0;
	if (e->tensor.sparse)
		make_sparse(e, values, buckets, nr_used, s->arena, image);
	else
		make_dense(e, values, buckets, nr_used, s->arena, image);
	return true;
}

/* The cell that is no int32 says what is wrong with it. */
static enum rio_trouble trouble_of(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end)
{
	enum rio_trouble trouble = RIO_TROUBLE_NAN;

	if (end)
		rio_general_find_trouble(g, p, end, &trouble);
	return trouble;
}

static struct rio_span uid_of(const struct rio_general *g, uint64_t row,
	struct rio_general_scratch *s)
{
	const uint8_t *uid = (const uint8_t *)s->uid;

	if (g->uid_text)
		return rio_general_spans(g, s)[g->uid_text - 1];
	return (struct rio_span){uid, uid + snprintf(s->uid, sizeof(s->uid), "%ju",
		(uintmax_t)row)};
}

static bool has_uid(const struct rio_general *g)
{
	return g->uid_text || g->schema->uid_is_row;
}

static uint8_t *put_payload(const struct rio_general *g, struct rio_general_scratch *s,
	uint8_t *dst)
{
	const struct rio_image *images = rio_general_images(g, s);
	const uint8_t *end = dst + s->plain_bytes;

	for (size_t i = 0; i < g->nr_entries; i++)
		dst = rio_tensor_put(&g->entries[i].tensor, &images[i], dst, end);
	if (has_uid(g)) {
		size_t len_bytes = (size_t)(s->uid_text.end - s->uid_text.begin);

		dst = rio_field_put_head(dst, RECORD_UID, len_bytes);
		memcpy(dst, s->uid_text.begin, len_bytes);
		dst += len_bytes;
	}
	return dst;
}

/* Put the payload down plainly, and see how far it must be shifted. */
static enum rio_trouble find_shift(const struct rio_general *g, struct rio_general_scratch *s)
{
	if (!rio_general_grow(&s->plain, &s->plain_room, s->plain_bytes))
		return RIO_TROUBLE_MEMORY;
	put_payload(g, s, s->plain);
	s->payload_bytes = rio_shift_bytes(s->plain, s->plain_bytes);
	return s->payload_bytes ? RIO_NO_TROUBLE : RIO_TROUBLE_MAGIC;
}

static enum rio_trouble size_row(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, size_t i, uint64_t row, struct rio_general_scratch *s,
	size_t *ret_bytes)
{
	struct rio_image *images = rio_general_images(g, s);
	enum rio_trouble trouble = rio_general_read_texts(g, p, end, s);
	size_t payload_bytes = 0;

	if (trouble)
		return trouble;
	for (size_t k = 0; k < g->nr_entries; k++) {
		if (!make_image(g, &g->entries[k], i, s, &images[k]))
			return trouble_of(g, p, end);
		payload_bytes += rio_tensor_measure(&g->entries[k].tensor, &images[k]);
	}
	if (has_uid(g)) {
		s->uid_text = uid_of(g, row, s);
		payload_bytes += rio_field_bytes((size_t)(s->uid_text.end - s->uid_text.begin));
	}
	if (payload_bytes > RIO_FRAME_PAYLOAD_BYTES_MAX)
		return RIO_TROUBLE_LARGE;
	s->plain_bytes = s->payload_bytes = payload_bytes;
	if (g->schema->magic == RIO_MAGIC_SHIFT)
		trouble = find_shift(g, s);
	*ret_bytes = rio_frame_bytes(s->payload_bytes);
	return trouble == RIO_NO_TROUBLE && s->payload_bytes > RIO_FRAME_PAYLOAD_BYTES_MAX
		       ? RIO_TROUBLE_LARGE : trouble;
}

enum rio_trouble rio_general_size(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, size_t i, uint64_t row, struct rio_general_scratch *s,
	size_t *ret_bytes)
{
	uint64_t nr_filled = s->nr_filled;
	enum rio_trouble trouble = size_row(g, p, end, i, row, s, ret_bytes);

	if (trouble)
		s->nr_filled = nr_filled - rio_general_count_filled(g, p, end);
	return trouble;
}

void rio_general_build(const struct rio_general *g, struct rio_general_scratch *s, uint8_t *dst)
{
	size_t payload_bytes = s->payload_bytes;
	size_t pad = rio_frame_bytes(payload_bytes) - RIO_FRAME_HEAD_BYTES - payload_bytes;

	rio_frame_put_head(dst, payload_bytes);
	dst += RIO_FRAME_HEAD_BYTES;
	if (s->payload_bytes != s->plain_bytes)
		rio_shift_put(s->plain, s->plain_bytes, dst);
	else if (g->schema->magic == RIO_MAGIC_SHIFT)
		memcpy(dst, s->plain, payload_bytes);
	else
		put_payload(g, s, dst);
	memset(dst + payload_bytes, 0, pad);
}
