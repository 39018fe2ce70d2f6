/* SPDX-License-Identifier: Apache-2.0 */
/* The encoding options: what each takes, what it refuses, which share a map. */
#include "options.h"

#include <math.h>

static struct rio_options fresh(void)
{
	struct rio_options options;
	struct rio_error err;

	assert_int_equal(rio_options_init(&options, &err), 0);
	return options;
}

static void set(struct rio_options *options, const char *name, const char *value)
{
	struct rio_error err;

	if (rio_options_set(options, name, value, &err) != 0)
		fail_msg("%s=%s: %s", name, value, err.message);
}

static void options__begin_with_the_documented_defaults(void **state)
{
	struct rio_options o = fresh();

	assert_int_equal(o.header, RIO_HEADER_AUTO);
	assert_int_equal(o.dialect.delimiter, ',');
	assert_int_equal(o.dialect.quote, '"');
	assert_null(o.label);
	assert_null(o.features);
	assert_null(o.drop);
	assert_int_equal(o.dtype, RIO_FLOAT32);
	assert_int_equal(o.label_dtype, RIO_FLOAT32);
	assert_int_equal(o.missing, RIO_MISSING_NUMBER);
	assert_true(isnan(o.missing_value));
	assert_int_equal(o.bad_row, RIO_BAD_ROW_ERROR);
	assert_string_equal(o.suffix, "recordio");
	rio_options_deinit(&o);
}

/* What one field becomes; text ones are compared as text. */
#define FIELD(field) offsetof(struct rio_options, field), sizeof(((struct rio_options *)0)->field)

static const struct {
	const char *name, *value;
	size_t off, bytes;
	int64_t number;
	const char *text;
} accepted[] = {
	{"header", "auto", FIELD(header), RIO_HEADER_AUTO, NULL},
	{"header", "yes", FIELD(header), RIO_HEADER_YES, NULL},
	{"header", "no", FIELD(header), RIO_HEADER_NO, NULL},
	{"delimiter", ",", FIELD(dialect.delimiter), ',', NULL},
	{"delimiter", "tab", FIELD(dialect.delimiter), '\t', NULL},
	{"delimiter", "\t", FIELD(dialect.delimiter), '\t', NULL},
	{"delimiter", ";", FIELD(dialect.delimiter), ';', NULL},
	{"delimiter", "|", FIELD(dialect.delimiter), '|', NULL},
	{"delimiter", ":", FIELD(dialect.delimiter), ':', NULL},
	{"delimiter", " ", FIELD(dialect.delimiter), ' ', NULL},
	{"delimiter", "~", FIELD(dialect.delimiter), '~', NULL},
	{"delimiter", "[", FIELD(dialect.delimiter), '[', NULL},
	{"delimiter", "@", FIELD(dialect.delimiter), '@', NULL},
	{"quote", "\"", FIELD(dialect.quote), '"', NULL},
	{"quote", "'", FIELD(dialect.quote), '\'', NULL},
	{"quote", "none", FIELD(dialect.quote), RIO_QUOTE_NONE, NULL},
	{"label", "0", FIELD(label), 0, "0"},
	{"label", "none", FIELD(label), 0, "none"},
	{"label", "a:b:3-5", FIELD(label), 0, "a:b:3-5"},
	{"features", "1-10", FIELD(features), 0, "1-10"},
	{"drop", "id", FIELD(drop), 0, "id"},
	{"dtype", "float32", FIELD(dtype), RIO_FLOAT32, NULL},
	{"dtype", "float64", FIELD(dtype), RIO_FLOAT64, NULL},
	{"label_dtype", "float32", FIELD(label_dtype), RIO_FLOAT32, NULL},
	{"label_dtype", "float64", FIELD(label_dtype), RIO_FLOAT64, NULL},
	{"missing", "nan", FIELD(missing), RIO_MISSING_NUMBER, NULL},
	{"missing", "zero", FIELD(missing), RIO_MISSING_NUMBER, NULL},
	{"missing", "error", FIELD(missing), RIO_MISSING_ERROR, NULL},
	{"missing", "-1.5", FIELD(missing), RIO_MISSING_NUMBER, NULL},
	{"bad_row", "error", FIELD(bad_row), RIO_BAD_ROW_ERROR, NULL},
	{"bad_row", "skip", FIELD(bad_row), RIO_BAD_ROW_SKIP, NULL},
	{"bad_row", "nan", FIELD(bad_row), RIO_BAD_ROW_NAN, NULL},
	{"dtype", "int32", FIELD(dtype), RIO_INT32, NULL},
	{"label_dtype", "int32", FIELD(label_dtype), RIO_INT32, NULL},
	{"format", "dense", FIELD(format), RIO_DENSE, NULL},
	{"format", "sparse", FIELD(format), RIO_SPARSE, NULL},
	{"zero_row", "shape", FIELD(zero_row), RIO_ZERO_ROW_SHAPE, NULL},
	{"zero_row", "zero", FIELD(zero_row), RIO_ZERO_ROW_ZERO, NULL},
	{"text", "error", FIELD(text), RIO_TEXT_ERROR, NULL},
	{"text", "drop", FIELD(text), RIO_TEXT_DROP, NULL},
	{"text", "bytes", FIELD(text), RIO_TEXT_BYTES, NULL},
	{"text", "map", FIELD(text), RIO_TEXT_MAP, NULL},
	{"text", "hash:1", FIELD(text), RIO_TEXT_HASH, NULL},
	{"text", "hash:1000", FIELD(nr_buckets), 1000, NULL},
	{"text", "hash:1048576", FIELD(nr_buckets), 1048576, NULL},
	{"keys", "names", FIELD(keys), 0, "names"},
	{"keys", "source=1-3:target=a:b", FIELD(keys), 0, "source=1-3:target=a:b"},
	{"uid", "row", FIELD(uid), 0, "row"},
	{"uid", "id", FIELD(uid), 0, "id"},
	{"magic", "plain", FIELD(magic), RIO_MAGIC_PLAIN, NULL},
	{"magic", "shift", FIELD(magic), RIO_MAGIC_SHIFT, NULL},
	{"suffix", "recordio", FIELD(suffix), 0, "recordio"},
	{"suffix", "pbr", FIELD(suffix), 0, "pbr"},
	{"suffix", "rec", FIELD(suffix), 0, "rec"},
};

static void options__take_every_documented_value(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(accepted); i++) {
		struct rio_options o = fresh();
		const void *field = (const char *)&o + accepted[i].off;
		int64_t number = 0;

		set(&o, accepted[i].name, accepted[i].value);
		if (accepted[i].text) {
			assert_string_equal(*(char *const *)field, accepted[i].text);
		} else {
			memcpy(&number, field, accepted[i].bytes);
			if (accepted[i].bytes == sizeof(int16_t))
				number = (int16_t)number;
			if (number != accepted[i].number)
				fail_msg("%s=%s: %jd", accepted[i].name, accepted[i].value,
					(intmax_t)number);
		}
		rio_options_deinit(&o);
	}
}

static void options__in_the_table_are_all_tested(void **state)
{
	for (const struct rio_option_info *info = rio_option_table; info->name; info++) {
		bool found = false;

		for (size_t i = 0; i < RIO_ARRAY_SIZE(accepted); i++)
			found |= strcmp(accepted[i].name, info->name) == 0;
		if (!found)
			fail_msg("no test sets %s", info->name);
		assert_true(info->values[0] && info->help[0]);
		assert_int_not_equal(info->help[strlen(info->help) - 1], '.');
	}
}

static void missing__takes_any_number_that_a_cell_may_hold(void **state)
{
	static const struct {
		const char *value;
		double number;
	} cases[] = {
		{"zero", 0}, {"0", 0}, {"-1", -1}, {"1e3", 1000}, {" 5 ", 5}, {"inf", INFINITY},
		{"-0.1", -0.1}, {"0000000000000000000000000000000000000000000000000000000000000007", 7},
	};
	struct rio_options o = fresh();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		set(&o, "missing", "error");
		set(&o, "missing", cases[i].value);
		assert_int_equal(o.missing, RIO_MISSING_NUMBER);
		assert_true(o.missing_value == cases[i].number);
	}
	set(&o, "missing", "nan");
	assert_true(isnan(o.missing_value));
	set(&o, "missing", "NaN");
	assert_true(isnan(o.missing_value));
	rio_options_deinit(&o);
}

static const struct {
	const char *name, *value;
} refused[] = {
	{"header", ""}, {"header", "maybe"}, {"header", "Yes"}, {"header", "auto "},
	{"delimiter", ""}, {"delimiter", ",,"}, {"delimiter", "\n"}, {"delimiter", "\r"},
	{"delimiter", "0"}, {"delimiter", "9"}, {"delimiter", "-"}, {"delimiter", "+"},
	{"delimiter", "."}, {"delimiter", "_"}, {"delimiter", "e"}, {"delimiter", "A"},
	{"delimiter", "Z"}, {"delimiter", "z"}, {"delimiter", "\x7f"}, {"delimiter", "é"},
	{"delimiter", "\xe9"}, {"delimiter", "\x1f"}, {"delimiter", "none"},
	{"quote", ""}, {"quote", "\"\""}, {"quote", " "}, {"quote", "\t"}, {"quote", "tab"},
	{"quote", "1"}, {"quote", "x"}, {"quote", "\n"},
	{"label", ""}, {"features", ""}, {"drop", ""},
	{"dtype", ""}, {"dtype", "float"}, {"dtype", "float16"}, {"dtype", "FLOAT32"},
	{"label_dtype", "int8"}, {"label_dtype", ""},
	{"missing", ""}, {"missing", "NA"}, {"missing", "none"}, {"missing", "1,5"},
	{"missing", "00000000000000000000000000000000000000000000000000000000000000007"},
	{"bad_row", ""}, {"bad_row", "drop"},
	{"format", ""}, {"format", "csr"}, {"zero_row", ""}, {"zero_row", "none"},
	{"text", ""}, {"text", "hash"}, {"text", "hash:"}, {"text", "hash:0"}, {"text", "hash:x"},
	{"text", "hash:-1"}, {"text", "hash:1048577"}, {"text", "hash:5 "},
	{"text", "hash:99999999999999999999"},
	{"keys", ""}, {"keys", "name"}, {"keys", "1-3"}, {"keys", "=1"}, {"keys", "a="},
	{"keys", "a=1:"}, {"keys", ":a=1"}, {"keys", "a=1::b=2"}, {"keys", "1:a=2"},
	{"keys", "\xff=1"}, {"uid", ""}, {"uid", "1:2"}, {"magic", ""}, {"magic", "none"},
	{"suffix", ""}, {"suffix", ".rec"}, {"suffix", "csv"}, {"suffix", "../rec"},
};

static void options__that_are_refused_are_named_and_change_nothing(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(refused); i++) {
		struct rio_options o = fresh(), before = o;
		struct rio_error err;
		char expected[128];

		snprintf(expected, sizeof(expected), "%s=%s is not understood: %s takes ",
			refused[i].name, refused[i].value, refused[i].name);
		if (rio_options_set(&o, refused[i].name, refused[i].value, &err) != RIO_EOPTION)
			fail_msg("%s=%s is taken", refused[i].name, refused[i].value);
		assert_memory_equal(err.message, expected, strlen(expected));
		assert_memory_equal(&o, &before, sizeof(o));
		rio_options_deinit(&o);
	}
}

static void options__that_do_not_exist_are_named(void **state)
{
	static const char *const names[] = {"", "heade", "headers", "Header", "label "};
	struct rio_options o = fresh();
	struct rio_error err;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(names); i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "unknown option: %s", names[i]);
		assert_int_equal(rio_options_set(&o, names[i], "0", &err), RIO_EOPTION);
		assert_string_equal(err.message, expected);
	}
	rio_options_deinit(&o);
}

static void label_dtype__follows_dtype_until_it_is_set(void **state)
{
	struct rio_options o = fresh();

	set(&o, "dtype", "float64");
	assert_int_equal(o.label_dtype, RIO_FLOAT64);
	set(&o, "label_dtype", "float32");
	assert_int_equal(o.label_dtype, RIO_FLOAT32);
	assert_int_equal(o.dtype, RIO_FLOAT64);
	set(&o, "dtype", "float32");
	set(&o, "label_dtype", "float64");
	set(&o, "dtype", "float32");
	assert_int_equal(o.label_dtype, RIO_FLOAT64);
	rio_options_deinit(&o);
}

static void check__refuses_a_quote_that_delimits(void **state)
{
	struct rio_options o = fresh();
	struct rio_error err;

	assert_int_equal(rio_options_check(&o, &err), 0);
	set(&o, "quote", ",");
	assert_int_equal(rio_options_check(&o, &err), RIO_EOPTION);
	assert_string_equal(err.message, "delimiter and quote are both ','");
	set(&o, "delimiter", ";");
	assert_int_equal(rio_options_check(&o, &err), 0);
	set(&o, "quote", "none");
	assert_int_equal(rio_options_check(&o, &err), 0);
	rio_options_deinit(&o);
}

static const struct {
	const char *options, *why;
} contradictions[] = {
	{"bad_row=nan dtype=int32", "bad_row=nan: int32 has no NaN"},
	{"bad_row=nan label_dtype=int32", "bad_row=nan: int32 has no NaN"},
	{"bad_row=nan text=bytes", "bad_row=nan and text=bytes"},
	{"bad_row=nan uid=3", "bad_row=nan and a uid from a column"},
	{"dtype=int32 missing=0.5", "missing is not a whole number"},
	{"dtype=int32 missing=3e9", "missing is not a whole number"},
	{"zero_row=zero", "zero_row is about format=sparse"},
	{"format=sparse keys=names", "format=sparse and keys=names"},
	{"features=1 keys=a=1-3", "features and the groups of keys"},
};

static void check__refuses_what_contradicts_itself(void **state)
{
	static const char *const fine[] = {"", "bad_row=nan uid=row", "dtype=int32 missing=7",
		"dtype=int32 label_dtype=float32 missing=0.5", "format=sparse zero_row=zero",
		"format=sparse keys=a=1:b=2", "features=1 keys=names", "bad_row=nan text=map"};
	struct rio_error err;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(contradictions); i++) {
		struct rio_options o;

		set_options(&o, contradictions[i].options);
		if (rio_options_check(&o, &err) != RIO_EOPTION)
			fail_msg("%s is taken", contradictions[i].options);
		assert_non_null(strstr(err.message, contradictions[i].why));
		rio_options_deinit(&o);
	}
	for (size_t i = 0; i < RIO_ARRAY_SIZE(fine); i++) {
		struct rio_options o;

		set_options(&o, fine[i]);
		if (rio_options_check(&o, &err) != 0)
			fail_msg("%s: %s", fine[i], err.message);
		rio_options_deinit(&o);
	}
}

static char *row_key_with(const char *name, const char *value)
{
	struct rio_options o = fresh();
	struct rio_error err;
	char *key;

	set(&o, name, value);
	assert_int_equal(rio_options_row_key(&o, &key, &err), 0);
	rio_options_deinit(&o);
	return key;
}

static void row_key__differs_where_rows_may(void **state)
{
	static const struct {
		const char *name, *value;
		bool same; /* as that of the defaults */
	} cases[] = {
		{"header", "auto", true}, {"header", "yes", false}, {"header", "no", false},
		{"delimiter", ",", true}, {"delimiter", ";", false}, {"delimiter", "tab", false},
		{"quote", "\"", true}, {"quote", "'", false}, {"quote", "none", false},
		{"label", "none", true}, {"label", "3", true}, {"features", "1", true},
		{"drop", "1", true}, {"dtype", "float64", true}, {"label_dtype", "float64", true},
		{"missing", "error", true}, {"bad_row", "nan", true}, {"suffix", "rec", true},
		{"text", "drop", true}, {"zero_row", "zero", true},
		/* Where records differ in length, the map has that, too. */
		{"dtype", "int32", false}, {"label_dtype", "int32", false},
		{"format", "sparse", false}, {"keys", "names", false}, {"keys", "a=1", false},
		{"text", "bytes", false}, {"text", "map", false}, {"text", "hash:7", false},
		{"text", "hash:8", false}, {"bad_row", "skip", false}, {"uid", "row", false},
		{"uid", "3", false}, {"magic", "shift", false},
	};
	char *keys[RIO_ARRAY_SIZE(cases)], *usual = row_key_with("header", "auto");

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		keys[i] = row_key_with(cases[i].name, cases[i].value);
		if ((strcmp(keys[i], usual) == 0) != cases[i].same)
			fail_msg("%s=%s: %s", cases[i].name, cases[i].value, keys[i]);
		for (size_t k = 0; k < i && !cases[i].same; k++)
			assert_string_not_equal(keys[k], keys[i]);
	}
	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		free(keys[i]);
	free(usual);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options__begin_with_the_documented_defaults),
		cmocka_unit_test(options__take_every_documented_value),
		cmocka_unit_test(options__in_the_table_are_all_tested),
		cmocka_unit_test(missing__takes_any_number_that_a_cell_may_hold),
		cmocka_unit_test(options__that_are_refused_are_named_and_change_nothing),
		cmocka_unit_test(options__that_do_not_exist_are_named),
		cmocka_unit_test(label_dtype__follows_dtype_until_it_is_set),
		cmocka_unit_test(check__refuses_a_quote_that_delimits),
		cmocka_unit_test(check__refuses_what_contradicts_itself),
		cmocka_unit_test(row_key__differs_where_rows_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
