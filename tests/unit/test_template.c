/* SPDX-License-Identifier: Apache-2.0 */
/* Templates against the sizes that the format's arithmetic gives, and against a known record. */
#include "unit.h"

#include "record/frame.h"
#include "record/template.h"

static size_t varint_bytes(size_t value)
{
	size_t n = 1;

	while (value >>= 7)
		n++;
	return n;
}

/* A tag of one byte, a length, and as many bytes. */
static size_t field_bytes(size_t len)
{
	return 1 + varint_bytes(len) + len;
}

/* A map entry: its key, then a Value with one packed tensor. */
static size_t keyed_bytes(const char *key, size_t nr, size_t width)
{
	size_t tensor = field_bytes(nr * width), value = field_bytes(tensor);

	return field_bytes(field_bytes(strlen(key)) + field_bytes(value));
}

static size_t entry_bytes(size_t nr, size_t width)
{
	return keyed_bytes("values", nr, width);
}

/* One key, in *key. */
static struct rio_schema schema_of(size_t nr_features, size_t nr_label, enum rio_dtype dtype,
	enum rio_dtype label_dtype, struct rio_key *key)
{
	*key = (struct rio_key){.name = (char *)"values", .nr_columns = nr_features};
	return (struct rio_schema){
		.keys = key,
		.nr_keys = 1,
		.nr_columns = nr_features + nr_label,
		.nr_features = nr_features,
		.nr_label = nr_label,
		.dtype = dtype,
		.label_dtype = label_dtype,
	};
}

static void check(size_t nr_features, size_t nr_label, enum rio_dtype dtype,
	enum rio_dtype label_dtype)
{
	struct rio_key key;
	struct rio_schema schema = schema_of(nr_features, nr_label, dtype, label_dtype, &key);
	size_t width = rio_dtype_bytes(dtype), label_width = rio_dtype_bytes(label_dtype);
	size_t features = entry_bytes(nr_features, width);
	size_t label = nr_label ? entry_bytes(nr_label, label_width) : 0;
	struct rio_template t;
	struct rio_error err;

	assert_int_equal(rio_template_init(&t, &schema, &err), 0);
	if (t.len_bytes != 8 + (features + label + 3) / 4 * 4)
		fail_msg("%zu+%zu columns: %zu bytes", nr_features, nr_label, t.len_bytes);
	assert_memory_equal(t.bytes, "\x0a\x23\xd7\xce", 4);
	assert_int_equal(t.bytes[4] | t.bytes[5] << 8 | t.bytes[6] << 16 | t.bytes[7] << 24,
		features + label);

	/* The values stand at the end of their entry, and there is nothing behind but padding. */
	assert_int_equal(t.key_offs[0], 8 + features - nr_features * width);
	if (nr_label)
		assert_int_equal(t.label_off, 8 + features + label - nr_label * label_width);
	for (size_t i = 8 + features + label; i < t.len_bytes; i++)
		assert_int_equal(t.bytes[i], 0);
	for (size_t i = 0; i < nr_features * width; i++)
		assert_int_equal(t.bytes[t.key_offs[0] + i], 0);
	rio_template_deinit(&t);
}

static void template__has_the_size_of_the_formula_for_any_width(void **state)
{
	for (size_t nr = 1; nr <= 5000; nr += nr < 300 ? 1 : 7)
		for (int types = 0; types < 4; types++) {
			check(nr, 0, types & 1, types >> 1);
			check(nr, 1, types & 1, types >> 1);
		}
}

static void template__takes_label_vectors(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 14, 15, 16, 29, 30, 31, 32, 33, 127, 128, 4095, 4096};

	for (size_t f = 0; f < RIO_ARRAY_SIZE(sizes); f++)
		for (size_t l = 0; l < RIO_ARRAY_SIZE(sizes); l++)
			for (int types = 0; types < 4; types++)
				check(sizes[f], sizes[l], types & 1, types >> 1);
}

static void template__knows_where_each_keys_values_go(void **state)
{
	struct rio_key keys[] = {{.name = (char *)"", .nr_columns = 1},
		{.name = (char *)"a", .nr_columns = 300}, {.name = (char *)"long name", .nr_columns = 1}};
	struct rio_schema schema = {
		.nr_features = 302,
		.keys = keys,
		.nr_keys = RIO_ARRAY_SIZE(keys),
		.nr_label = 2,
		.dtype = RIO_FLOAT64,
		.label_dtype = RIO_FLOAT32,
	};
	struct rio_template t;
	struct rio_error err;
	size_t end = RIO_FRAME_HEAD_BYTES;

	assert_int_equal(rio_template_init(&t, &schema, &err), 0);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(keys); i++) {
		end += keyed_bytes(keys[i].name, keys[i].nr_columns, 8);
		assert_int_equal(t.key_offs[i], end - keys[i].nr_columns * 8);
	}
	end += entry_bytes(2, 4);
	assert_int_equal(t.label_off, end - 2 * 4);
	assert_int_equal(t.len_bytes, (end + 3) / 4 * 4);
	rio_template_deinit(&t);
}

/* A label costs 20 bytes as float32, 24 as float64, before padding. */
static void template__of_the_worked_example_is_as_published(void **state)
{
	static const uint8_t expected[56] = {
		0x0a, 0x23, 0xd7, 0xce, 0x30, 0, 0, 0,
		0x0a, 0x1a, 0x0a, 0x06, 'v', 'a', 'l', 'u', 'e', 's', 0x12, 0x10, 0x12, 0x0e, 0x0a,
		0x0c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x12, 0x12, 0x0a, 0x06, 'v', 'a', 'l', 'u', 'e', 's', 0x12, 0x08, 0x12, 0x06, 0x0a,
		0x04, 0, 0, 0, 0};
	struct rio_key key;
	struct rio_schema schema = schema_of(3, 1, RIO_FLOAT32, RIO_FLOAT32, &key);
	struct rio_template t;
	struct rio_error err;

	assert_int_equal(entry_bytes(1, 4), 20);
	assert_int_equal(entry_bytes(1, 8), 24);
	assert_int_equal(rio_template_init(&t, &schema, &err), 0);
	assert_int_equal(t.len_bytes, sizeof(expected));
	assert_memory_equal(t.bytes, expected, sizeof(expected));
	rio_template_deinit(&t);
}

static void template__too_large_for_its_frame_is_refused(void **state)
{
	struct rio_key key;
	struct rio_schema schema = schema_of(RIO_FRAME_PAYLOAD_BYTES_MAX / 8, 0, RIO_FLOAT64,
		RIO_FLOAT64, &key);
	struct rio_template t;
	struct rio_error err;

	assert_int_equal(rio_template_init(&t, &schema, &err), RIO_ESCHEMA);
	assert_non_null(strstr(err.message, "is too large: the frame holds 536870911"));
	assert_null(t.bytes);
	assert_int_equal(rio_template_init(&t, &schema, NULL), RIO_ESCHEMA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(template__has_the_size_of_the_formula_for_any_width),
		cmocka_unit_test(template__takes_label_vectors),
		cmocka_unit_test(template__knows_where_each_keys_values_go),
		cmocka_unit_test(template__of_the_worked_example_is_as_published),
		cmocka_unit_test(template__too_large_for_its_frame_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
