/* SPDX-License-Identifier: Apache-2.0 */
/* What is inferred from the head of a file, and when more of it is asked for. */
#include "options.h"

#include "csv/kernel.h"
#include "schema/schema.h"

struct inferred {
	struct rio_schema *schema;
	struct rio_error err;
	int result;
};

/* Infer from a sample whose padding would do harm if it were read as data. */
static struct inferred infer_from(const void *csv, size_t n, bool whole, const char *option_text)
{
	static const char harm[] = {'\n', '"', ',', '\0'};
	struct inferred i = {0};
	struct rio_options options;
	uint8_t *room = malloc(n + 2 * RIO_PAD_BYTES), *sample = room + RIO_PAD_BYTES;

	set_options(&options, option_text);
	for (size_t k = 0; k < RIO_PAD_BYTES; k++)
		room[k] = sample[n + k] = (uint8_t)harm[k % 4];
	memcpy(sample, csv, n);
	i.result = rio_schema_infer(&options, sample, n, whole, &i.schema, &i.err);
	assert_memory_equal(sample, csv, n);
	for (size_t k = 0; k < RIO_PAD_BYTES; k++)
		assert_int_equal(sample[n + k], harm[k % 4]);
	assert_true((i.result == 0) == (i.schema != NULL));
	rio_options_deinit(&options);
	free(room);
	return i;
}

static struct inferred infer(const char *csv, const char *option_text)
{
	return infer_from(csv, strlen(csv), true, option_text);
}

static const struct {
	const char *csv;
	int header; /* -1: cannot tell */
	const char *said; /* then */
} headers[] = {
	{"1,2\n3,4\n", false, NULL},
	{"a,b\n1,2\n", true, NULL},
	{"\"a\",\"b\"\n\"1\",\"2\"\n", true, NULL},
	{"\"1\",\"2\"\n\"3\",\"4\"\n", false, NULL},
	{"2019,2020\n1,2\n", false, NULL},          /* numbers above numbers */
	{"a,1\nb,2\n", false, NULL},                /* a column of text says nothing */
	{"a,b\n1,x\n", true, NULL},                 /* one column suffices */
	{"a,b\n1,x\ny,2\n", true, NULL},
	{"a,b\n1,2\nx,3\n", true, NULL},            /* text among numbers: only b speaks */
	{"a\n1\nx\n", true, NULL},                  /* nothing speaks, all text */
	{"a,b\nc,d\n", true, NULL},
	{"a,b\n", true, NULL},
	{"a,b", true, NULL},
	{"a,1\n", false, NULL},                     /* nothing speaks, not all text */
	{"1,2\n", false, NULL},
	{"a,\n1,2\n", true, NULL},                  /* a name may be missing */
	{",\n1,2\n", false, NULL},                  /* but not all */
	{"NA,null\n1,2\n", false, NULL},
	{"a,NA\n", true, NULL},
	{"a,b\n,\n", true, NULL},
	{"a,b\nNA,\n1,2\n", true, NULL},
	{"nan,inf\n1,2\n", false, NULL},
	{"x,1\n,2\n", false, NULL},
	{"a,b\n1\n1,2,3\n", true, NULL},            /* rows of another length do not count */
	{"a,1\n1\n2,3,4\nb,2\n", false, NULL},
	{" a , b \n 1 , 2 \n", true, NULL},
	{"\n\r\n a,b\n\n1,2\n", true, NULL},
	{"\xef\xbb\xbf" "a,b\n1,2\n", true, NULL},
	{"\xef\xbb\xbf" "1,2\n3,4\n", false, NULL},
	{"1_0,b\n1,2\n", -1, "text in column 1, but a number in column 0;"},
	{"id,2019\n1,2\n", -1, "text in column 0, but a number in column 1;"},
	{"a,1,b\n1,2,3\n", -1, "text in column 0, but a number in column 1;"},
	{"x,y,1\nt,1,2\n", -1, "text in column 1, but a number in column 2;"},
};

static void header_auto__is_told_from_what_stands_below(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(headers); i++) {
		struct inferred f = infer(headers[i].csv, "label=none");
		int header = f.result < 0 ? -1 : f.schema->has_header;

		if (header != headers[i].header)
			fail_msg("case %zu: %d, not %d %s", i, header, headers[i].header,
				f.err.message);
		if (header < 0) {
			assert_int_equal(f.result, RIO_ESCHEMA);
			assert_non_null(strstr(f.err.message, headers[i].said));
			assert_non_null(strstr(f.err.message, "say header=yes or header=no"));
		}
		rio_schema_destroy(f.schema);
	}
}

static void header__given_is_not_argued_with(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(headers); i++) {
		struct inferred yes = infer(headers[i].csv, "header=yes label=none");
		struct inferred no = infer(headers[i].csv, "header=no label=none");

		assert_int_equal(yes.result, 0);
		assert_int_equal(no.result, 0);
		assert_true(yes.schema->has_header && yes.schema->names);
		assert_false(no.schema->has_header || no.schema->names);
		rio_schema_destroy(yes.schema);
		rio_schema_destroy(no.schema);
	}
}

static const struct {
	const char *csv, *options;
	size_t nr;
	const char *names[4];
	uint64_t header_off, data_off, data_line;
} heads[] = {
	{"a,b\n1,2\n", "", 2, {"a", "b"}, 0, 4, 1},
	{"a,b\r\n1,2\n", "", 2, {"a", "b"}, 0, 5, 1},
	{"\xef\xbb\xbf" "a,b\n1,2\n", "", 2, {"a", "b"}, 3, 7, 1},
	{"\xef\xbb\xbf\"a\",b\n1,2\n", "", 2, {"a", "b"}, 3, 9, 1},
	{" a\t, b \r\n1,2\n", "", 2, {"a", "b"}, 0, 9, 1},
	{"\" a \", \"b\" \n1,2\n", "", 2, {" a ", "b"}, 0, 12, 1},
	{"\"a \"\"x\"\"\",\"\"\"\"\n1,2\n", "", 2, {"a \"x\"", "\""}, 0, 15, 1},
	{"\"a,b\",\"\"\n1,2\n", "", 2, {"a,b", ""}, 0, 9, 1},
	{"\"a\r\n\nb\",c\n1,2\n", "", 2, {"a\r\n\nb", "c"}, 0, 10, 3},
	{"'a''b',\"c\"\n1,2\n", "quote='", 2, {"a'b", "\"c\""}, 0, 11, 1},
	{"\"a\"\"b\",'c'\n1,2\n", "quote=none", 2, {"\"a\"\"b\"", "'c'"}, 0, 11, 1},
	{"a\tb c\n1\t2\n", "delimiter=tab", 2, {"a", "b c"}, 0, 6, 1},
	{"größe,€\n1,2\n", "", 2, {"größe", "€"}, 0, 12, 1},
	{"\n \r\n\na,b\n\n1,2\n", "", 2, {"a", "b"}, 0, 9, 4},
	{"a,,b,\n1,2,3,4\n", "", 4, {"a", "", "b", ""}, 0, 6, 1},
	{"a\n1\n", "", 1, {"a"}, 0, 2, 1},
};

static void check_head(size_t i, const struct rio_schema *s)
{
	if (s->data_off != heads[i].data_off)
		fprintf(stderr, "case %zu\n", i);
	assert_int_equal(s->nr_columns, heads[i].nr);
	for (size_t c = 0; c < s->nr_columns; c++)
		assert_string_equal(s->names[c], heads[i].names[c]);
	assert_int_equal(s->header_off, heads[i].header_off);
	assert_int_equal(s->data_off, heads[i].data_off);
	assert_int_equal(s->data_line, heads[i].data_line);
}

static void header__gives_names_and_where_the_data_begins(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(heads); i++) {
		char options[64];
		size_t n = strlen(heads[i].csv);
		struct inferred f;

		snprintf(options, sizeof(options), "%s header=yes label=none", heads[i].options);
		f = infer(heads[i].csv, options);
		if (f.result != 0)
			fail_msg("case %zu: %s", i, f.err.message);
		check_head(i, f.schema);
		rio_schema_destroy(f.schema);

		/* A growing sample asks for more until two rows are in it, and then says the same. */
		for (size_t b = 0; b < RIO_ARRAY_SIZE(block_sizes); b++) {
			int r = RIO_SAMPLE_TOO_SHORT;

			for (size_t got = 0; r && got < n;) {
				got = RIO_MIN(n, got + block_sizes[b]);
				f = infer_from(heads[i].csv, got, false, options);
				r = f.result;
				assert_true(r == 0 || r == RIO_SAMPLE_TOO_SHORT);
				assert_true(r == 0 || got < n);
			}
			check_head(i, f.schema);
			rio_schema_destroy(f.schema);
		}
	}
}

static void header__alone_leaves_no_data(void **state)
{
	static const struct {
		const char *csv;
		uint64_t data_off, data_line;
	} cases[] = {{"a,b\n", 4, 1}, {"a,b", 3, 0}, {"a,b\r", 4, 0}, {"a,b\n\n", 4, 1},
		{"\xef\xbb\xbf" "a", 4, 0}, {"\n\na", 3, 2}};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct inferred f = infer(cases[i].csv, "label=none");

		assert_int_equal(f.result, 0);
		assert_true(f.schema->has_header);
		assert_int_equal(f.schema->data_off, cases[i].data_off);
		assert_int_equal(f.schema->data_line, cases[i].data_line);
		rio_schema_destroy(f.schema);
	}
}

static void schema__of_a_file_without_rows_has_no_columns(void **state)
{
	static const char *const texts[] = {"", "\n", " \r\n\t\n ", "\xef\xbb\xbf", "\xef\xbb\xbf\n"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++) {
		struct inferred f = infer(texts[i], "label=3");

		assert_int_equal(f.result, 0);
		assert_int_equal(f.schema->nr_columns, 0);
		assert_int_equal(f.schema->data_off, f.schema->header_off);
		rio_schema_destroy(f.schema);
	}
}

static void sample__that_holds_no_two_rows_is_too_short(void **state)
{
	static const char *const texts[] = {"", "\n", "a,b\n1,2", "a,b\n\n\n1,2", "\"a\nb\n\nc\n1\n",
		"a,\"b\n1\",2\n", "a,b\n1,\"2\n3\n"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		assert_int_equal(infer_from(texts[i], strlen(texts[i]), false, "").result,
			RIO_SAMPLE_TOO_SHORT);
}

/* Rows of 30 000 columns: the first sample does not hold two of them. */
static void sample__of_long_rows_is_read_when_large_enough(void **state)
{
	enum { NR = 30000 };
	char *csv = malloc(16 * NR), *p = csv, *second;
	struct inferred f;

	for (size_t i = 0; i < NR; i++)
		p += sprintf(p, "c%zu%c", i, i + 1 < NR ? ',' : '\n');
	second = p;
	for (size_t i = 0; i < NR; i++)
		p += sprintf(p, "%zu%c", i % 10, i + 1 < NR ? ',' : '\n');
	assert_true((size_t)(second - csv) > RIO_SAMPLE_BYTES);
	assert_int_equal(infer_from(csv, RIO_SAMPLE_BYTES, false, "").result, RIO_SAMPLE_TOO_SHORT);
	assert_int_equal(infer_from(csv, (size_t)(p - csv) - 1, false, "").result,
		RIO_SAMPLE_TOO_SHORT);
	f = infer_from(csv, (size_t)(p - csv), false, "label=c29999 features=c0:1-2");
	assert_int_equal(f.result, 0);
	assert_int_equal(f.schema->nr_columns, NR);
	assert_int_equal(f.schema->label[0], NR - 1);
	assert_int_equal(f.schema->data_off, second - csv);
	rio_schema_destroy(f.schema);
	free(csv);
}

static const struct {
	const char *options;
	size_t nr_label, nr_features;
	uint32_t label[4], features[4];
} roles[] = {
	{"", 1, 3, {0}, {1, 2, 3}},
	{"label=none", 0, 4, {0}, {0, 1, 2, 3}},
	{"label=d", 1, 3, {3}, {0, 1, 2}},
	{"label=d:b", 2, 2, {3, 1}, {0, 2}},
	{"label=0-2", 3, 1, {0, 1, 2}, {3}},
	{"features=d:b", 1, 2, {0}, {3, 1}},
	{"features=a:c label=none", 0, 2, {0}, {0, 2}},
	{"drop=b", 1, 2, {0}, {2, 3}},
	{"drop=b:c label=d", 1, 1, {3}, {0}},
	{"features=d:c:b drop=c", 1, 2, {0}, {3, 1}},
	{"drop=0 label=none", 0, 3, {0}, {1, 2, 3}},
};

static void roles__follow_label_features_and_drop(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(roles); i++) {
		struct inferred f = infer("a,b,c,d\n1,2,3,4\n", roles[i].options);

		if (f.result != 0)
			fail_msg("%s: %s", roles[i].options, f.err.message);
		assert_int_equal(f.schema->nr_label, roles[i].nr_label);
		assert_int_equal(f.schema->nr_features, roles[i].nr_features);
		assert_memory_equal(f.schema->features, roles[i].features,
			roles[i].nr_features * sizeof(uint32_t));
		if (roles[i].nr_label)
			assert_memory_equal(f.schema->label, roles[i].label,
				roles[i].nr_label * sizeof(uint32_t));
		rio_schema_destroy(f.schema);
	}
}

static void roles__that_collide_are_refused(void **state)
{
	static const struct {
		const char *options, *message;
	} cases[] = {
		{"label=e", "label: no column is named \"e\" (the first is \"a\", the last \"d\")"},
		{"features=4", "features: there is no column 4, the file has 4 (numbers start at 0)"},
		{"drop=4", "drop: there is no column 4, the file has 4 (numbers start at 0)"},
		{"features=a", "column 0 is both a feature and the label; say label=COLUMN or "
			"label=none"},
		{"drop=a:b", "column 0 is both dropped and the label; say label=COLUMN or label=none"},
		{"label=0-3", "no column is left to be a feature"},
		{"label=none drop=0-3", "no column is left to be a feature"},
		{"features=b drop=b", "no column is left to be a feature"},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct inferred f = infer("a,b,c,d\n1,2,3,4\n", cases[i].options);

		assert_int_equal(f.result, RIO_ESCHEMA);
		assert_string_equal(f.err.message, cases[i].message);
	}
}

static void schema__carries_types_and_rules(void **state)
{
	struct inferred f = infer("1,2\n3,4\n",
		"dtype=float64 label_dtype=float32 missing=-3 bad_row=nan quote=none");

	assert_int_equal(f.result, 0);
	assert_int_equal(f.schema->dtype, RIO_FLOAT64);
	assert_int_equal(f.schema->label_dtype, RIO_FLOAT32);
	assert_int_equal(f.schema->rules.missing, RIO_MISSING_NUMBER);
	assert_true(f.schema->rules.missing_value == -3);
	assert_true(f.schema->rules.bad_is_nan);
	assert_int_equal(f.schema->rules.dialect.quote, RIO_QUOTE_NONE);
	rio_schema_destroy(f.schema);
}

#define TEXT(literal) literal, sizeof(literal) - 1

static void first_row__that_cannot_be_read_is_an_error_with_a_place(void **state)
{
	static const struct {
		const char *csv;
		size_t n;
		const char *message;
		uint64_t src_off, line, column;
	} cases[] = {
		{TEXT("a,b\0c\n1,2\n"), "a NUL byte in the header", 2, 1, 3},
		{TEXT("\n\"a\nx\0\",b\n1,2\n"), "a NUL byte in the header", 1, 2, 1},
		{TEXT("a,b\"c\n1,2\"\n3,4\n"), "a quote stands inside a field of the header", 2, 1, 3},
		{TEXT("\"a\"b,c\n1,2\n"), "a quote stands inside a field of the header", 0, 1, 1},
		{TEXT("a,b\"c,d\n1,2\n"), "a quote stands inside a field of the first row", 2, 1, 3},
		{TEXT("\xef\xbb\xbf" "a,b\"c\"\n1,2\n"), "a quote stands inside a field of the header",
			5, 1, 3},
		{TEXT("\"a,b\n1,2\n"), "a quote is opened in the first row and never closed", 0, 1, 1},
		{TEXT("\n\na,\"b\n1,2\n"), "a quote is opened in the first row and never closed",
			4, 3, 3},
		{TEXT("\"a\",\"b\n1,2\n"), "a quote is opened in the first row and never closed",
			4, 1, 5},
		{TEXT("\xef\xbb\xbf" "x,\"y"), "a quote is opened in the first row and never closed",
			5, 1, 3},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct inferred f = infer_from(cases[i].csv, cases[i].n, true, "header=yes");

		if (f.result != RIO_EROW)
			fail_msg("case %zu: %d %s", i, f.result, f.err.message);
		assert_string_equal(f.err.message, cases[i].message);
		assert_int_equal(f.err.src_off, cases[i].src_off);
		assert_int_equal(f.err.line, cases[i].line);
		assert_int_equal(f.err.column, cases[i].column);
	}
}

static void first_row__failing_needs_no_error_to_fill(void **state)
{
	static const char *const texts[] = {"a,b\"c\n1,2\n", "a,\"b\n1,2\n"};
	struct rio_options options;

	set_options(&options, "header=yes");
	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++) {
		uint8_t room[2 * RIO_PAD_BYTES + 16] = {0};
		struct rio_schema *schema;
		size_t n = strlen(texts[i]);

		memcpy(room + RIO_PAD_BYTES, texts[i], n);
		assert_int_equal(rio_schema_infer(&options, room + RIO_PAD_BYTES, n, true, &schema,
					 NULL), RIO_EROW);
	}
	rio_options_deinit(&options);
}

static void schema__refuses_utf16(void **state)
{
	static const struct {
		const char *csv;
		size_t n;
	} cases[] = {{TEXT("\xff\xfe" "1\0,\0")}, {TEXT("\xfe\xff\0" "1\0,")}, {TEXT("\xff\xfe")}};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct inferred f = infer_from(cases[i].csv, cases[i].n, true, "");

		assert_int_equal(f.result, RIO_ESCHEMA);
		assert_non_null(strstr(f.err.message, "UTF-16"));
	}
}

static void schema__types_come_from_the_data_rows_of_the_sample(void **state)
{
	static const struct {
		const char *csv, *options;
		enum rio_column_type types[3];
	} cases[] = {
		{"a,b,c\n1,,x\n2,NA,3\n", "",
			{RIO_COLUMN_NUMBER, RIO_COLUMN_EMPTY, RIO_COLUMN_TEXT}},
		{"1,x,\n2,3,\n", "header=no",
			{RIO_COLUMN_NUMBER, RIO_COLUMN_TEXT, RIO_COLUMN_EMPTY}},
		{"1,x,\n2,3,\n", "header=yes",
			{RIO_COLUMN_NUMBER, RIO_COLUMN_NUMBER, RIO_COLUMN_EMPTY}},
		{"a,b,c\n1,2,3\nx,y\n", "",
			{RIO_COLUMN_NUMBER, RIO_COLUMN_NUMBER, RIO_COLUMN_NUMBER}},
	};

	for (size_t k = 0; k < RIO_ARRAY_SIZE(cases); k++) {
		struct inferred i = infer(cases[k].csv, cases[k].options);

		assert_int_equal(i.result, 0);
		assert_int_equal(i.schema->nr_columns, 3);
		assert_memory_equal(i.schema->types, cases[k].types, sizeof(cases[k].types));
		rio_schema_destroy(i.schema);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(schema__types_come_from_the_data_rows_of_the_sample),
		cmocka_unit_test(header_auto__is_told_from_what_stands_below),
		cmocka_unit_test(header__given_is_not_argued_with),
		cmocka_unit_test(header__gives_names_and_where_the_data_begins),
		cmocka_unit_test(header__alone_leaves_no_data),
		cmocka_unit_test(schema__of_a_file_without_rows_has_no_columns),
		cmocka_unit_test(sample__that_holds_no_two_rows_is_too_short),
		cmocka_unit_test(sample__of_long_rows_is_read_when_large_enough),
		cmocka_unit_test(roles__follow_label_features_and_drop),
		cmocka_unit_test(roles__that_collide_are_refused),
		cmocka_unit_test(schema__carries_types_and_rules),
		cmocka_unit_test(first_row__that_cannot_be_read_is_an_error_with_a_place),
		cmocka_unit_test(first_row__failing_needs_no_error_to_fill),
		cmocka_unit_test(schema__refuses_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
