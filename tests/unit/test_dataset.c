/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset_unit.h"

#include <fcntl.h>
#include <math.h>

/* Short rows, and then a quote that swallows all the rest, more than a row may have. */
static char *make_swallowed(size_t nr_rows, size_t *ret_bytes)
{
	size_t swallowed_bytes = RIO_ROW_BYTES_MAX + RIO_MIB;
	char *text = malloc(4 * nr_rows + swallowed_bytes), *p = text;

	for (size_t i = 0; i < nr_rows; i++)
		p = mempcpy(p, "1,2\n", 4);
	for (size_t i = 0; i < swallowed_bytes; i++)
		p[i] = i % 64 ? '3' : '\n';
	memcpy(p, "4,\"", 3);
	*ret_bytes = 4 * nr_rows + swallowed_bytes;
	return text;
}

static void read__gives_what_is_before_a_quote_that_swallows_the_rest(void **state)
{
	const size_t nr_rows = 1000;
	size_t n, got;
	char *csv = make_swallowed(nr_rows, &n);
	struct fixture f = open_bytes(csv, n, "");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset);
	uint8_t *out;

	assert_int_equal(f.result, 0);
	for (uint64_t row = 0; row < nr_rows; row += 111) {
		struct rio_read_stats stats = {0};
		uint8_t record[256];

		assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch,
					 row * record_bytes, record, record_bytes, &got, &stats,
					 &f.err), 0);
		assert_true(stats.source_bytes <= RIO_MIB);
	}
	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_EROW);
	assert_int_equal(got, nr_rows * record_bytes);
	assert_int_equal(f.err.line, nr_rows + 1);
	assert_int_equal(f.err.column, 3);
	assert_non_null(strstr(f.err.message, "never closed"));
	free(out);
	close_csv(&f);
	free(csv);
}

/* Bad data: what is read before it, and what is said of it. */
struct bad {
	const char *csv;
	const char *options;
	uint64_t good_rows;
	uint64_t line, column;
	const char *message;
};

static const struct bad bads[] = {
	{"1,2\n3,abc\n5,6\n", "", 1, 2, 3, "'abc' is not a number (column 1)"},
	{"y,a\n1,2\n3,abc\n5,6\n7,8\n", "", 1, 3, 3, "'abc' is not a number (column 1, \"a\")"},
	{"y,\"a\nb\x1b\xff\"\n1,abc\n", "header=yes bad_row=error", 0, 3, 3,
		"'abc' is not a number (column 1, \"a\\x0ab\\x1b\\xff\"); "
		"drop=1 leaves the column out, text=map or hash:N makes numbers of it, "
		"bad_row=nan NaN"},
	{"1,abc\n2,def\n", "header=no", 0, 1, 3,
		"'abc' is not a number (column 1); drop=1 leaves the column out, "
		"text=map or hash:N makes numbers of it, bad_row=nan NaN"},
	{"abc,1\ndef,2\n", "header=no", 0, 1, 1,
		"'abc' is not a number (column 0); it is the label: label= chooses another, "
		"text=map numbers it"},
	{"1,2\n\n\r\n 3 ,\t\"x,\ny\" \n5,6\n", "", 1, 4, 6,
		"'\"x,\\x0ay\"' is not a number (column 1)"},
	{"a,b,c\n1\n2\n3\n4\n5\n6\n7\n8\n", "header=yes", 0, 2, 1,
		"the row has 1 field, not 3; it begins with '1'"},
	{"1,2\n3\n5,6\n", "", 1, 2, 1, "the row has 1 field, not 2; it begins with '3'"},
	{"1,2\n3,4,5\n5,6\n", "", 1, 2, 5, "the row has 3 fields, not 2; the first too many is '5'"},
	{"1,2\n3,4\n5,\n", "missing=error", 2, 3, 3,
		"an empty cell under missing=error (column 1)"},
	{"1,2\n\n \n  ,4\n5,\n", "missing=error", 1, 4, 1,
		"an empty cell under missing=error (column 0)"},
	{"1,2\n3,4\n5,NA\n", "missing=error", 2, 3, 3, "'NA' under missing=error (column 1)"},
	{"1,2\n3,4\n5, nan\n", "missing=error", 2, 3, 4, "'nan' under missing=error (column 1)"},
	{"1,2\n3,\"4\n5,6\n", "", 1, 2, 3,
		"'\"4\\x0a5,6\\x0a' begins with a quote that is never closed"},
	{"1,2\n3,4\" \n5,6\"\n7,8\n", "", 1, 2, 3,
		"'4\" \\x0a5,6\"\\x0a7,8\\x0a' has a quote that is neither at the begin nor at the "
		"end of the cell; quote=none takes quotes as they are"},
	{"1,2\n3, \"4\n4\"0\n5,6\n", "bad_row=nan", 1, 2, 4,
		"'\"4\\x0a4\"0\\x0a5,6\\x0a' has a quote that is neither at the begin nor at the "
		"end of the cell; quote=none takes quotes as they are"},
};

static void read__gives_what_is_before_a_bad_row_and_says_where_it_is(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(bads); i++) {
		const struct bad *bad = &bads[i];

		for (size_t b = 0; b < RIO_ARRAY_SIZE(block_sizes); b++) {
			struct fixture f = open_csv(bad->csv, bad->options);
			uint8_t *out;
			size_t got;

			assert_int_equal(f.result, 0);
			assert_int_equal(read_all(&f, block_sizes[b], &out, &got), RIO_EROW);
			assert_string_equal(f.err.message, bad->message);
			assert_string_equal(f.err.file, "t.csv");
			assert_int_equal(f.err.line, bad->line);
			assert_int_equal(f.err.column, bad->column);
			assert_int_equal(f.err.row, bad->good_rows);
			assert_int_equal(got, bad->good_rows * rio_dataset_record_bytes(f.dataset));
			assert_true(rio_dataset_len_bytes(f.dataset) > got);
			free(out);
			close_csv(&f);
		}
	}
}

static void read__finds_a_nul_byte_and_reads_around_it(void **state)
{
	static const char csv[] = "1,2\n3,4\n5, 6\0006\n7,8\n";
	struct fixture f = open_bytes(csv, sizeof(csv) - 1, "bad_row=nan");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset), got;
	uint8_t *out, record[256];

	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_EROW);
	assert_int_equal(got, 2 * record_bytes);
	assert_int_equal(f.err.line, 3);
	assert_int_equal(f.err.column, 4);
	assert_string_equal(f.err.message, "'6\\x006' holds a NUL byte: this is not text");

	/* A read that begins at that very row finds it too. */
	assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch, 2 * record_bytes, record,
				 record_bytes, &got, NULL, &f.err), RIO_EROW);
	assert_int_equal(got, 0);

	/* The row behind it has nothing to do with it. */
	assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch, 3 * record_bytes, record,
				 record_bytes, &got, NULL, &f.err), 0);
	assert_int_equal(got, record_bytes);
	free(out);
	close_csv(&f);
}

static void read__tells_of_the_first_error_not_of_a_later_nul_byte(void **state)
{
	static const char csv[] = "1,2\n3,x\n5,\0006\n";
	struct fixture f = open_bytes(csv, sizeof(csv) - 1, "header=no");
	uint8_t *out;
	size_t got;

	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_EROW);
	assert_string_equal(f.err.message, "'x' is not a number (column 1)");
	assert_int_equal(f.err.line, 2);
	free(out);
	close_csv(&f);
}

static void read__names_the_column_behind_rows_of_another_length(void **state)
{
	struct fixture f = open_csv("a,b,c\n1,2,3\n4\n5,6,7,8\n1,x,3\n", "label=none");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset), got;
	uint8_t record[256];

	assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch, 3 * record_bytes, record,
				 record_bytes, &got, NULL, &f.err), RIO_EROW);
	assert_string_equal(f.err.message, "'x' is not a number (column 1, \"b\")");
	assert_int_equal(f.err.line, 5);
	assert_int_equal(f.err.column, 3);
	close_csv(&f);
}

/* The same stamp, other bytes: what a map that is wrong for any reason looks like. */
static void read__notices_that_the_map_does_not_fit(void **state)
{
	static const struct {
		const char *csv, *options;
		size_t at;
		char byte;
	} cases[] = {
		{"1,2\n3,4\n5,6\n", "", 3, ' '},      /* one row fewer */
		{"1,2\n3,4\n5,6   7\n", "", 13, '\n'}, /* one more */
		{"1,2\n3,4\n5\",6\n", "", 3, ' '},    /* before a quote that makes rows uncertain */
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		char *csv = strdup(cases[i].csv);
		struct fixture f = open_csv(csv, cases[i].options);
		uint8_t *out;
		size_t got;

		assert_int_equal(f.result, 0);
		csv[cases[i].at] = cases[i].byte;
		if (read_all(&f, SIZE_MAX, &out, &got) != RIO_EMAP_DAMAGED)
			fail_msg("case %zu: %s", i, f.err.message);
		assert_non_null(strstr(f.err.message, "the map does not fit the file"));
		assert_string_equal(f.err.file, "t.csv");
		free(out);
		close_csv(&f);
		free(csv);
	}
}

static void read__gives_what_is_before_a_row_of_absurd_length(void **state)
{
	size_t n = RIO_ROW_BYTES_MAX + 100, got;
	char *csv = malloc(n);
	struct fixture f;
	uint8_t *out;

	memset(csv, ' ', n);
	memcpy(csv, "1,2\n3,4\n5,", 10);
	csv[n - 1] = '6';
	f = open_bytes(csv, n, "header=no");
	assert_int_equal(f.result, 0);
	assert_int_equal(rio_dataset_nr_rows(f.dataset), 3);
	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_EROW);
	assert_int_equal(got, 2 * rio_dataset_record_bytes(f.dataset));
	assert_string_equal(f.err.message, "a row longer than 16 MiB; a quote may not be closed");
	assert_int_equal(f.err.row, 2);
	assert_int_equal(f.err.line, 3);
	assert_int_equal(f.err.column, 1);
	free(out);
	close_csv(&f);
	free(csv);
}

/* The sample holds one whole row only, however large it is made. */
static void read__gives_the_first_row_of_a_file_whose_second_never_ends(void **state)
{
	size_t n = 2 * RIO_ROW_BYTES_MAX, got;
	char *csv = malloc(n);
	struct fixture f;
	uint8_t *out;

	memset(csv, 'x', n);
	memcpy(csv, "1,2\n3,\"", 7);
	f = open_bytes(csv, n, "header=no");
	assert_int_equal(f.result, 0);
	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_EROW);
	assert_int_equal(got, rio_dataset_record_bytes(f.dataset));
	assert_int_equal(f.err.line, 2);
	assert_int_equal(f.err.column, 3);
	free(out);
	close_csv(&f);
	free(csv);
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static struct fixture open_file(const char *path)
{
	struct fixture f = {0};
	struct rio_options options;
	const struct rio_dataset_config config = {.options = &options};

	set_options(&options, "header=no missing=error");
	assert_int_equal(rio_source_open(path, &f.source, &f.err), 0);
	assert_int_equal(rio_scratch_create(&f.scratch, &f.err), 0);
	assert_int_equal(rio_dataset_create(f.source, &config, &f.dataset, &f.err), 0);
	rio_options_deinit(&options);
	return f;
}

/* Whatever is found in a file that has changed, it is the change that counts. */
static void read__of_a_changed_source_fails_as_changed(void **state)
{
	static const struct {
		const char *now, *message;
	} cases[] = {
		{"1,2\n3,4\n5,7\n", "the file has changed since it was indexed"},
		{"1,2\n3,4\n5,x\n", "the file has changed since it was indexed"},
		{"1,2\n3,4\n5,\n\n", "the file has changed since it was indexed"},
		{"1,2\n3,4,5,6\n", "the file has changed since it was indexed"},
		{"1,2\n3,4\n5,6\n7,8\n", "the file has changed since it was indexed"},
		{"1,2\n3,4\n5,6", "the file was cut short"},
		{"", "the file was cut short"},
	};
	char path[] = "/tmp/rio-dataset-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(close(fd), 0);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct fixture f;
		uint8_t *out;
		size_t got;

		put_file(path, "1,2\n3,4\n5,6\n");
		f = open_file(path);
		put_file(path, cases[i].now);
		assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), RIO_ESOURCE_CHANGED);
		assert_string_equal(f.err.message, cases[i].message);
		assert_string_equal(f.err.file, path);
		free(out);
		close_csv(&f);
	}
	unlink(path);
}

static float value_at(const uint8_t *record, size_t off)
{
	float value;

	memcpy(&value, record + off, sizeof(value));
	return value;
}

static void bad_row_nan__keeps_every_row(void **state)
{
	struct fixture f = open_csv("1,2,3\n4,x,6\n7,8\n9,10,11,12\n,13,14\n", "bad_row=nan");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset), got;
	static const float expected[5][2] = {
		{2, 3}, {NAN, 6}, {NAN, NAN}, {NAN, NAN}, {13, 14}};
	uint8_t *out;

	assert_int_equal(read_all(&f, SIZE_MAX, &out, &got), 0);
	assert_int_equal(got, 5 * record_bytes);
	for (size_t row = 0; row < 5; row++)
		for (size_t i = 0; i < 2; i++) {
			/* Two features lie behind head, tags and key. */
			float value = value_at(out + row * record_bytes, 8 + 2 + 8 + 2 + 2 + 2 + 4 * i);

			if (isnan(expected[row][i]))
				assert_true(isnan(value));
			else
				assert_true(value == expected[row][i]);
		}
	free(out);
	close_csv(&f);
}

static void create__refuses_what_it_cannot_be_sure_of(void **state)
{
	static const struct {
		const char *csv, *options, *part;
	} cases[] = {
		{"a,b\n1,2\n", "label=c", "no column is named \"c\""},
		{"1,2\n", "label=a", "the file has no header"},
		{"1,2\n", "label=2", "there is no column 2"},
		{"1,2\n", "features=0-1", "both a feature and the label"},
		{"1,2\n", "drop=0", "both dropped and the label"},
		{"1\n2\n", "", "no column is left to be a feature; the file has one column: label=none?"},
		{"a;b\n1;2\n", "", "the file has one column: delimiter=';'?"},
		{"a\tb\n1\t2\n", "label=b", "delimiter=tab?"},
		{"\x1f\x8b\b", "", "gzip"},
		{"PK\x03\x04x", "", "zip archive"},
		{"a,a\n1,2\n", "label=a", "more than one column"},
		{"1,0\n1,2\n", "header=yes label=0", "ambiguous"},
		{"1,2,2\n3,4,5\n", "features=1:1", "named twice"},
		{"id,2019\n1,2\n3,4\n", "", "cannot tell whether the first row is a header"},
		{"\xff\xfe""1\0,\0", "", "UTF-16"},
		{"\"a,b\n1,2\n", "", "never closed"},
		{"a,b\"\n1,2\n3,4\"", "header=yes", "quote"},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct fixture f = open_csv(cases[i].csv, cases[i].options);

		if (f.result == 0 || !strstr(f.err.message, cases[i].part))
			fprintf(stderr, "case %zu: %d %s\n", i, f.result, f.err.message);
		assert_true(f.result == RIO_ESCHEMA || f.result == RIO_EROW);
		assert_non_null(strstr(f.err.message, cases[i].part));
		assert_string_equal(f.err.file, "t.csv");
		close_csv(&f);
	}
}

static void create__counts_rows_whatever_ends_them(void **state)
{
	static const struct {
		const char *csv, *options;
		uint64_t nr_rows;
	} cases[] = {
		{"", "", 0},
		{"\n\n", "", 0},
		{"a,b\n", "", 0},
		{"a,b", "", 0},
		{"\xef\xbb\xbf", "", 0},
		{"\xef\xbb\xbf""1,2\n3,4", "", 2},
		{"\xef\xbb\xbf\"a\",b\r\n1,2\r\n", "label=a", 1},
		{"1,2\r\n3,4\n\n5,6", "", 3},
		{"1,2\n3,4\n   ", "", 2},
		{"1,2\n3,4\n   \n\t\n", "", 2},
		{"1\n\n2\n", "label=none", 2},
		{"1 2\n3 4\n", "delimiter=tab label=none header=no bad_row=nan", 2},
		{"1\t2\n\t\n3\t4\n", "delimiter=tab", 3},
		{"a,\"b\nc\"\n1,2\n", "", 1},
		{"'1','2'\n'3','4'\n", "quote='", 2},
		{"x,y\nu,v\n", "header=no bad_row=nan", 2},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct fixture f = open_csv(cases[i].csv, cases[i].options);
		uint8_t *out;
		size_t got;

		if (f.result < 0 || rio_dataset_nr_rows(f.dataset) != cases[i].nr_rows)
			fprintf(stderr, "case %zu: %d %s\n", i, f.result, f.err.message);
		assert_int_equal(f.result, 0);
		assert_int_equal(rio_dataset_nr_rows(f.dataset), cases[i].nr_rows);
		assert_int_equal(read_all(&f, 17, &out, &got), 0);
		assert_int_equal(got, rio_dataset_len_bytes(f.dataset));
		free(out);
		close_csv(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read__gives_what_is_before_a_quote_that_swallows_the_rest),
		cmocka_unit_test(read__gives_what_is_before_a_bad_row_and_says_where_it_is),
		cmocka_unit_test(read__finds_a_nul_byte_and_reads_around_it),
		cmocka_unit_test(read__tells_of_the_first_error_not_of_a_later_nul_byte),
		cmocka_unit_test(read__names_the_column_behind_rows_of_another_length),
		cmocka_unit_test(read__notices_that_the_map_does_not_fit),
		cmocka_unit_test(read__gives_what_is_before_a_row_of_absurd_length),
		cmocka_unit_test(
			read__gives_the_first_row_of_a_file_whose_second_never_ends),
		cmocka_unit_test(read__of_a_changed_source_fails_as_changed),
		cmocka_unit_test(bad_row_nan__keeps_every_row),
		cmocka_unit_test(create__refuses_what_it_cannot_be_sure_of),
		cmocka_unit_test(create__counts_rows_whatever_ends_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
