/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From field positions to records.
 *
 * The used columns form one group, or two where features and label have
 * different types.  A kernel turns all of a group's fields, over many rows, into a
 * flat array of numbers (wide runs are what vector kernels want), and runs of
 * that array are then copied into the records:
 *
 *	fields  | y a b - c | y a b - c | …      - is dropped
 *	values  | y a b c   | y a b c   | …      group of 4, in file order
 *	record  | head  a b c  tags  y  pad |    runs {a b c}, {y}
 *
 * Where a group is all the columns, the positions serve as scan left them;
 * otherwise those of its columns are gathered first.
 */
#include "record/dense.h"

#include "base/util.h"
#include "record/template.h"

#include <math.h>
#include <string.h>

/* Values are copied as they lie in memory, and the format's are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian machines need a swap here");

/* Consecutive values of a group that lie consecutively in the record: one, where each
 * column has a key of its own. */
struct run {
	uint32_t value;     /* index of the first, within a row of the group */
	uint32_t len_bytes;
	size_t dst_off;
};

struct group {
	enum rio_dtype dtype;
	uint32_t *columns; /* rising */
	size_t nr;
	bool all_columns;
	struct run *runs;
	size_t nr_runs;
};

struct rio_dense {
	const struct rio_schema *schema;
	struct rio_template template;
	uint8_t *nan_record;
	struct group groups[2];
	size_t nr_groups;
};

/* A used column, and where its value goes. */
struct target {
	uint32_t column;
	size_t dst_off;
};

static int by_column(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->column > y->column) - (x->column < y->column);
}

static size_t put_targets(struct target *targets, const uint32_t *columns, size_t nr,
	size_t dst_off, enum rio_dtype dtype)
{
	for (size_t i = 0; i < nr; i++)
		targets[i] = (struct target){columns[i], dst_off + i * rio_dtype_bytes(dtype)};
	return nr;
}

/* Make a group of the targets, which are sorted by column. */
static int group_init(struct group *g, enum rio_dtype dtype, const struct target *targets,
	size_t nr, size_t nr_columns)
{
	size_t width = rio_dtype_bytes(dtype);

	*g = (struct group){.dtype = dtype, .nr = nr, .all_columns = nr == nr_columns};
	g->columns = calloc(nr, sizeof(*g->columns));
	g->runs = calloc(nr, sizeof(*g->runs));
	if (!g->columns || !g->runs)
		return -1;
	for (size_t i = 0; i < nr; i++) {
		struct run *last = i ? &g->runs[g->nr_runs - 1] : NULL;

		g->columns[i] = targets[i].column;
		if (last && last->dst_off + last->len_bytes == targets[i].dst_off)
			last->len_bytes += (uint32_t)width;
		else
			g->runs[g->nr_runs++] = (struct run){(uint32_t)i, (uint32_t)width,
				targets[i].dst_off};
	}
	return 0;
}

static int add_group(struct rio_dense *dense, enum rio_dtype dtype, struct target *targets,
	size_t nr)
{
	qsort(targets, nr, sizeof(*targets), by_column);
	return group_init(&dense->groups[dense->nr_groups++], dtype, targets, nr,
		dense->schema->nr_columns);
}

static int make_groups(struct rio_dense *dense, struct rio_error *err)
{
	const struct rio_schema *s = dense->schema;
	_cleanup_free_ struct target *targets =
		calloc(s->nr_features + s->nr_label, sizeof(*targets));
	size_t nr = 0;
	int r;

	if (!targets)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < s->nr_keys; i++)
		nr += put_targets(targets + nr, s->keys[i].columns, s->keys[i].nr_columns,
			dense->template.key_offs[i], s->dtype);
	put_targets(targets + nr, s->label, s->nr_label, dense->template.label_off,
		s->label_dtype);
	if (s->dtype == s->label_dtype || !s->nr_label) {
		r = add_group(dense, s->dtype, targets, nr + s->nr_label);
	} else {
		r = add_group(dense, s->dtype, targets, nr);
		if (r == 0)
			r = add_group(dense, s->label_dtype, targets + nr, s->nr_label);
	}
	return r < 0 ? rio_fail(err, RIO_ENOMEM, "out of memory") : 0;
}

static void fill_nan(uint8_t *dst, enum rio_dtype dtype, size_t nr)
{
	const float f32 = NAN;
	const double f64 = NAN;
	size_t width = rio_dtype_bytes(dtype);

	for (size_t i = 0; i < nr; i++)
		memcpy(dst + i * width, dtype == RIO_FLOAT64 ? (const void *)&f64 : &f32, width);
}

static int make_nan_record(struct rio_dense *dense, struct rio_error *err)
{
	const struct rio_schema *s = dense->schema;
	const struct rio_template *t = &dense->template;

	dense->nan_record = malloc(t->len_bytes);
	if (!dense->nan_record)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	memcpy(dense->nan_record, t->bytes, t->len_bytes);
	for (size_t i = 0; i < s->nr_keys; i++)
		fill_nan(dense->nan_record + t->key_offs[i], s->dtype, s->keys[i].nr_columns);
	fill_nan(dense->nan_record + t->label_off, s->label_dtype, s->nr_label);
	return 0;
}

int rio_dense_create(const struct rio_schema *schema, struct rio_dense **ret,
	struct rio_error *err)
{
	struct rio_dense *dense = calloc(1, sizeof(*dense));
	int r;

	if (!dense)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	dense->schema = schema;
	r = rio_template_init(&dense->template, schema, err);
	if (r == 0)
		r = make_groups(dense, err);
	if (r == 0)
		r = make_nan_record(dense, err);
	if (r < 0) {
		rio_dense_destroy(dense);
		return r;
	}
	*ret = dense;
	return 0;
}

void rio_dense_destroy(struct rio_dense *dense)
{
	if (!dense)
		return;
	for (size_t i = 0; i < dense->nr_groups; i++) {
		free(dense->groups[i].columns);
		free(dense->groups[i].runs);
	}
	free(dense->nan_record);
	rio_template_deinit(&dense->template);
	free(dense);
}

size_t rio_dense_record_bytes(const struct rio_dense *dense)
{
	return dense->template.len_bytes;
}

void rio_dense_scratch_deinit(struct rio_dense_scratch *scratch)
{
	free(scratch->before);
	free(scratch->end);
	free(scratch->values);
	*scratch = (struct rio_dense_scratch){.nr_filled = scratch->nr_filled};
}

static int make_room(struct rio_dense_scratch *s, size_t fields, struct rio_error *err)
{
	if (fields <= s->room)
		return 0;
	rio_dense_scratch_deinit(s);
	s->before = malloc(fields * sizeof(*s->before));
	s->end = malloc(fields * sizeof(*s->end));
	s->values = malloc(fields * sizeof(double));
	if (!s->before || !s->end || !s->values) {
		rio_dense_scratch_deinit(s);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	s->room = fields;
	return 0;
}

static void gather(const struct group *g, size_t nr_columns, const uint32_t *end,
	size_t nr_rows, struct rio_dense_scratch *s)
{
	uint32_t *before_out = s->before, *end_out = s->end;

	for (size_t row = 0; row < nr_rows; row++, end += nr_columns)
		for (size_t i = 0; i < g->nr; i++) {
			*end_out++ = end[g->columns[i]];
			*before_out++ = end[(ptrdiff_t)g->columns[i] - 1];
		}
}

/* As memcpy, which is only called for more than one value. */
static inline void copy_run(uint8_t *dst, const uint8_t *src, size_t len_bytes)
{
	if (len_bytes == sizeof(float))
		memcpy(dst, src, sizeof(float));
	else if (len_bytes == sizeof(double))
		memcpy(dst, src, sizeof(double));
	else
		memcpy(dst, src, len_bytes);
}

static void store(const struct group *g, const void *values, size_t nr_rows, uint8_t *dst,
	size_t record_bytes)
{
	size_t width = rio_dtype_bytes(g->dtype);
	const uint8_t *row_values = values;

	for (size_t row = 0; row < nr_rows; row++) {
		for (size_t i = 0; i < g->nr_runs; i++)
			copy_run(dst + g->runs[i].dst_off, row_values + g->runs[i].value * width,
				g->runs[i].len_bytes);
		row_values += g->nr * width;
		dst += record_bytes;
	}
}

/* Encode a group's values. Returns how many of its fields are fine, of nr * nr_rows. */
static size_t encode_group(const struct rio_dense *dense, const struct group *g,
	const uint8_t *p, const uint32_t *end, size_t nr_rows, uint8_t *dst,
	struct rio_dense_scratch *s)
{
	const struct rio_kernel *kernel = rio_kernel();
	struct rio_cell_rules rules = dense->schema->rules;
	const uint32_t *before = end - 1;
	size_t nr = g->nr * nr_rows, done;

	rules.nr_filled = &s->nr_filled;
	if (!g->all_columns) {
		gather(g, dense->schema->nr_columns, end, nr_rows, s);
		before = s->before;
		end = s->end;
	}
	done = g->dtype == RIO_FLOAT64
		       ? kernel->to_f64(&rules, p, before, end, nr, s->values)
		       : kernel->to_f32(&rules, p, before, end, nr, s->values);
	store(g, s->values, done / g->nr, dst, dense->template.len_bytes);
	return done;
}

int rio_dense_encode(const struct rio_dense *dense, const uint8_t *p, const uint32_t *end,
	size_t nr_rows, uint8_t *dst, struct rio_dense_scratch *scratch, size_t *ret_row,
	size_t *ret_field, struct rio_error *err)
{
	size_t nr_columns = dense->schema->nr_columns, bad_field = SIZE_MAX;
	int r = make_room(scratch, nr_rows * nr_columns, err);

	if (r < 0)
		return r;
	for (size_t row = 0; row < nr_rows; row++)
		memcpy(dst + row * dense->template.len_bytes, dense->template.bytes,
			dense->template.len_bytes);
	for (size_t i = 0; i < dense->nr_groups; i++) {
		const struct group *g = &dense->groups[i];
		size_t done = encode_group(dense, g, p, end, nr_rows, dst, scratch);

		if (done < g->nr * nr_rows)
			bad_field = RIO_MIN(bad_field,
				done / g->nr * nr_columns + g->columns[done % g->nr]);
	}
	if (bad_field == SIZE_MAX)
		return 0;
	*ret_row = bad_field / nr_columns;
	*ret_field = bad_field;
	return rio_fail_row(err, RIO_KIND_NUMBER, "a cell is refused");
}

void rio_dense_encode_nan(const struct rio_dense *dense, uint8_t *dst)
{
	memcpy(dst, dense->nan_record, dense->template.len_bytes);
}
