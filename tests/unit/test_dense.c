/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder against protobuf-c's own unpacking, value by value and bit for bit. */
#include "options.h"

#include "record/dense.h"
#include "record/frame.h"
#include "record.pb-c.h"

#include <math.h>

/* A scanned chunk with its schema, ready to encode. */
struct fixture {
	struct rio_schema *schema;
	struct rio_dense *dense;
	uint8_t *room;      /* the text lies RIO_PAD_BYTES behind it */
	uint32_t *ends;     /* the fields' lie one behind it */
	struct rio_fields fields;
	struct rio_dense_scratch scratch;
};

static const uint8_t *text_of(const struct fixture *f)
{
	return f->room + RIO_PAD_BYTES;
}

static struct fixture set_up(const char *csv, const char *option_text)
{
	struct fixture f = {0};
	struct rio_options options;
	struct rio_error err;
	size_t n = strlen(csv);

	set_options(&options, option_text);
	f.room = calloc(1, n + 2 * RIO_PAD_BYTES);
	f.ends = malloc((n + RIO_PAD_BYTES + 1) * sizeof(*f.ends));
	f.fields.end = f.ends + 1;
	memcpy(f.room + RIO_PAD_BYTES, csv, n);
	if (rio_schema_infer(&options, f.room + RIO_PAD_BYTES, n, true, &f.schema, &err) != 0)
		fail_msg("%s", err.message);
	assert_int_equal(f.schema->data_off, 0);
	assert_int_equal(rio_dense_create(f.schema, &f.dense, &err), 0);
	rio_kernel()->scan(&f.schema->rules.dialect, text_of(&f), n, &f.fields);
	rio_options_deinit(&options);
	return f;
}

static void tear_down(struct fixture *f)
{
	rio_dense_scratch_deinit(&f->scratch);
	rio_dense_destroy(f->dense);
	rio_schema_destroy(f->schema);
	free(f->ends);
	free(f->room);
}

/* What the cell in a row and column should be, by the reader of single cells. */
static double expected_value(const struct fixture *f, size_t row, size_t column)
{
	size_t field = row * f->schema->nr_columns + column;
	const uint8_t *begin = text_of(f) + (uint32_t)(f->fields.end[(ptrdiff_t)field - 1] + 1);
	double value;

	rio_cell_read(&f->schema->rules, begin, text_of(f) + f->fields.end[field], &value);
	return value;
}

static void check_tensor(const struct fixture *f, size_t row, const uint32_t *columns, size_t nr,
	enum rio_dtype dtype, const Aialgs__Data__Value *value)
{
	if (dtype == RIO_FLOAT64) {
		assert_int_equal(value->value_case, AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR);
		assert_int_equal(value->float64_tensor->n_values, nr);
		assert_int_equal(value->float64_tensor->n_keys, 0);
		assert_int_equal(value->float64_tensor->n_shape, 0);
	} else {
		assert_int_equal(value->value_case, AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR);
		assert_int_equal(value->float32_tensor->n_values, nr);
		assert_int_equal(value->float32_tensor->n_keys, 0);
		assert_int_equal(value->float32_tensor->n_shape, 0);
	}
	for (size_t i = 0; i < nr; i++) {
		double f64 = expected_value(f, row, columns[i]);
		float f32 = (float)f64;

		if (dtype == RIO_FLOAT64)
			assert_memory_equal(&value->float64_tensor->values[i], &f64, sizeof(f64));
		else
			assert_memory_equal(&value->float32_tensor->values[i], &f32, sizeof(f32));
	}
}

static void check_record(const struct fixture *f, size_t row, const uint8_t *record)
{
	const struct rio_schema *s = f->schema;
	size_t len, record_bytes = rio_dense_record_bytes(f->dense);
	Aialgs__Data__Record *r;

	assert_memory_equal(record, "\x0a\x23\xd7\xce", 4);
	len = (size_t)record[4] | (size_t)record[5] << 8 | (size_t)record[6] << 16;
	assert_int_equal(record[7], 0);
	assert_int_equal(rio_frame_bytes(len), record_bytes);
	for (size_t i = RIO_FRAME_HEAD_BYTES + len; i < record_bytes; i++)
		assert_int_equal(record[i], 0);
	r = aialgs__data__record__unpack(NULL, len, record + RIO_FRAME_HEAD_BYTES);
	assert_non_null(r);
	assert_null(r->base.unknown_fields);
	assert_int_equal(r->n_features, s->nr_keys);
	for (size_t i = 0; i < s->nr_keys; i++) {
		assert_string_equal(r->features[i]->key, s->keys[i].name);
		check_tensor(f, row, s->keys[i].columns, s->keys[i].nr_columns, s->dtype,
			r->features[i]->value);
	}
	assert_int_equal(r->n_label, s->nr_label > 0);
	if (s->nr_label) {
		assert_string_equal(r->label[0]->key, "values");
		check_tensor(f, row, s->label, s->nr_label, s->label_dtype, r->label[0]->value);
	}
	aialgs__data__record__free_unpacked(r, NULL);
}

/* Encode all rows, block of them at a time, into exactly as much memory as they take. */
static void check_all(const char *csv, const char *options, size_t block)
{
	struct fixture f = set_up(csv, options);
	size_t record_bytes = rio_dense_record_bytes(f.dense), nr = f.fields.nr_rows;
	size_t bad_row, bad_field;
	struct rio_error err;

	for (size_t row = 0; row < nr; row += block) {
		size_t n = RIO_MIN(block, nr - row);
		uint8_t *dst = malloc(n * record_bytes);

		if (rio_dense_encode(f.dense, text_of(&f),
			    f.fields.end + row * f.schema->nr_columns, n, dst, &f.scratch, &bad_row,
			    &bad_field, &err) != 0)
			fail_msg("%s: row %zu, field %zu", options, bad_row, bad_field);
		for (size_t i = 0; i < n; i++)
			check_record(&f, row + i, dst + i * record_bytes);
		free(dst);
	}
	tear_down(&f);
}

static const char *const option_texts[] = {
	"", "label=none", "label=5", "label=3:1", "dtype=float64", "label_dtype=float64",
	"dtype=float64 label_dtype=float32", "label=none dtype=float64", "drop=2", "drop=1:3:5",
	"features=5:4:3:2:1", "features=2:4:1", "features=3 label=4 label_dtype=float64",
	"label=5:0:3 label_dtype=float64 drop=1", "label=2-4 dtype=float64 label_dtype=float32",
	"features=1-5:0 label=none dtype=float64", "drop=0-4 label=none", "missing=-7",
	"keys=names", "keys=names dtype=float64 label=3", "keys=names label_dtype=float64 drop=4",
	"keys=z=5:3:a=1-2", "keys=b=2:a=4-5:1 label=none dtype=float64",
};

/* Six columns of numbers of every kind, from the shortest to what only float() reads. */
static char *make_csv(size_t nr_rows)
{
	static const char *const cells[] = {"0", "-0", "7", "-1.5", "12.34", "1e300", "-1e-300",
		"3.4028235e38", "3.5e38", "1.17549435e-38", "1e-45", "0.1", "16777217", "inf", "-inf",
		"nan", "-nan", "", "NA", " 5 ", "\"6\"", "\" 7.25\"", "1_000", "123456789012345678901",
		"2.00000011920928955078125", "-1804698880.0"};
	char *text = malloc(nr_rows * 6 * 40 + 1), *p = text;
	uint64_t seed = 99;

	for (size_t row = 0; row < nr_rows; row++)
		for (size_t c = 0; c < 6; c++)
			p += sprintf(p, "%s%s", cells[rnd(&seed) % RIO_ARRAY_SIZE(cells)],
				c < 5 ? "," : rnd(&seed) % 4 ? "\n" : "\r\n \n");
	return text;
}

static void encode__gives_what_protobuf_unpacks(void **state)
{
	static const size_t blocks[] = {1, 2, 17, 64 * 1024};
	char *csv = make_csv(150);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++)
		for (size_t b = 0; b < RIO_ARRAY_SIZE(blocks); b++) {
			char options[128];

			snprintf(options, sizeof(options), "header=no %s", option_texts[i]);
			check_all(csv, options, blocks[b]);
		}
	free(csv);
}

static void encode__takes_wide_rows(void **state)
{
	enum { NR = 3000 };
	char *csv = malloc(3 * NR * 8), *p = csv;

	for (size_t i = 0; i < 3 * NR; i++)
		p += sprintf(p, "%zu.5%c", i, (i + 1) % NR ? ',' : '\n');
	check_all(csv, "header=no", 3);
	check_all(csv, "header=no features=2999:1-2000 label_dtype=float64", 2);
	free(csv);
}

static const struct {
	const char *csv, *options;
	size_t row, field;
} refused[] = {
	{"1,2,3\n4,x,6\n7,8,y\n", "", 1, 4},
	{"x,2,3\n4,5,6\n7,8,9\n", "", 0, 0},
	{"1,2,3\n4,5,6\n7,8,z\n", "", 2, 8},
	/* Two groups: the label's comes second, but stands first in the file … */
	{"1,2,3\nx,5,y\n7,8,9\n", "label_dtype=float64", 1, 3},
	{"1,2,3\n4,5,6\nx,8,y\n", "label_dtype=float64", 2, 6},
	{"1,2,3\nx,5,6\n7,8,y\n", "label_dtype=float64", 1, 3},
	{"1,2,3\n4,5,y\nx,8,9\n", "label_dtype=float64", 1, 5},
	/* … or last. */
	{"1,2,3\n4,x,y\n7,8,9\n", "label=2 label_dtype=float64", 1, 4},
	{"1,2,y\nx,5,6\n7,8,9\n", "label=2 label_dtype=float64", 0, 2},
	/* Reordered features, and a column that nobody looks at. */
	{"1,2,3\n4,x,y\n7,8,9\n", "features=2:1 label=0", 1, 4},
	{"1,2,3\n4,x,y\n7,8,9\n", "drop=1", 1, 5},
	{"1,2,3\n,5,6\n7,8,\n", "missing=error drop=0 label=none", 2, 8},
};

static void encode__refuses_the_first_cell_in_file_order(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(refused); i++) {
		char options[128];
		struct fixture f;
		size_t bad_row = 77, bad_field = 77, record_bytes;
		struct rio_error err;
		uint8_t *dst;
		int r;

		snprintf(options, sizeof(options), "header=no %s", refused[i].options);
		f = set_up(refused[i].csv, options);
		record_bytes = rio_dense_record_bytes(f.dense);
		dst = malloc(3 * record_bytes);
		r = rio_dense_encode(f.dense, text_of(&f), f.fields.end, 3, dst, &f.scratch,
			&bad_row, &bad_field, &err);
		if (r != RIO_EROW || bad_row != refused[i].row || bad_field != refused[i].field)
			fail_msg("case %zu: %d, row %zu, field %zu", i, r, bad_row, bad_field);
		for (size_t row = 0; row < bad_row; row++)
			check_record(&f, row, dst + row * record_bytes);
		free(dst);
		tear_down(&f);
	}
}

static void encode_nan__makes_every_value_nan(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++) {
		char options[128];
		struct fixture f;
		uint8_t *dst;

		/* A row of empty cells becomes just that under missing=nan. */
		snprintf(options, sizeof(options), "header=no %s missing=nan", option_texts[i]);
		f = set_up(",,,,,\n", options);
		dst = malloc(rio_dense_record_bytes(f.dense));
		rio_dense_encode_nan(f.dense, dst);
		check_record(&f, 0, dst);
		free(dst);
		tear_down(&f);
	}
}

static void create__refuses_a_record_too_large_for_its_frame(void **state)
{
	struct rio_key key = {.name = (char *)"values", .nr_columns = 1 << 27};
	struct rio_schema schema = {.nr_columns = 1 << 27, .nr_features = 1 << 27, .keys = &key,
		.nr_keys = 1, .dtype = RIO_FLOAT32};
	struct rio_dense *dense = NULL;
	struct rio_error err;

	assert_int_equal(rio_dense_create(&schema, &dense, &err), RIO_ESCHEMA);
	assert_null(dense);
	rio_dense_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encode__gives_what_protobuf_unpacks),
		cmocka_unit_test(encode__takes_wide_rows),
		cmocka_unit_test(encode__refuses_the_first_cell_in_file_order),
		cmocka_unit_test(encode_nan__makes_every_value_nan),
		cmocka_unit_test(create__refuses_a_record_too_large_for_its_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
