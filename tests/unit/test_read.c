/* SPDX-License-Identifier: Apache-2.0 */
/* Any range of an encoded file is that slice of the whole. */
#include "dataset_unit.h"

/* A file of rows whose lengths, quotes and blank lines differ. */
static char *make_csv(size_t nr_rows, size_t *ret_bytes)
{
	char *text = malloc(nr_rows * 64), *p = text;
	uint64_t seed = 42;

	for (size_t i = 0; i < nr_rows; i++) {
		p += sprintf(p, "%zu,%.*f,\"%d\", %de-3", i % 7, (int)(rnd(&seed) % 15),
			(double)(int64_t)rnd(&seed) / 1e18, (int)(rnd(&seed) % 100000),
			(int)(rnd(&seed) % 1000));
		p += sprintf(p, "%s", rnd(&seed) % 3 ? "\n" : "\r\n");
		if (rnd(&seed) % 50 == 0)
			p += sprintf(p, "%s", rnd(&seed) % 2 ? "\n" : " \r\n\n");
	}
	*ret_bytes = (size_t)(p - text);
	return text;
}

static void read__gives_the_same_bytes_in_pieces_of_any_size(void **state)
{
	size_t n, whole_bytes, got;
	char *csv = make_csv(3000, &n);
	struct fixture f = open_bytes(csv, n, "");
	uint8_t *whole, *pieces;

	assert_int_equal(f.result, 0);
	assert_int_equal(rio_dataset_nr_rows(f.dataset), 3000);
	assert_int_equal(read_all(&f, SIZE_MAX, &whole, &whole_bytes), 0);
	assert_int_equal(whole_bytes, rio_dataset_len_bytes(f.dataset));
	for (size_t b = 1; b < RIO_ARRAY_SIZE(block_sizes); b++) {
		assert_int_equal(read_all(&f, block_sizes[b], &pieces, &got), 0);
		assert_int_equal(got, whole_bytes);
		assert_memory_equal(pieces, whole, whole_bytes);
		free(pieces);
	}
	free(whole);
	close_csv(&f);
	free(csv);
}

static void read__of_any_range_is_that_slice_of_the_whole(void **state)
{
	size_t n, whole_bytes, got;
	char *csv = make_csv(5000, &n);
	struct fixture f = open_bytes(csv, n, "label=3 features=1:0 dtype=float64 label_dtype=float32");
	uint8_t *whole, *slice = malloc(70000);
	uint64_t seed = 7;

	assert_int_equal(f.result, 0);
	assert_int_equal(read_all(&f, SIZE_MAX, &whole, &whole_bytes), 0);
	for (int i = 0; i < 3000; i++) {
		size_t off = rnd(&seed) % (whole_bytes + 100);
		size_t len = rnd(&seed) % (i % 10 ? 300 : 70000);
		size_t expected = off < whole_bytes ? RIO_MIN(len, whole_bytes - off) : 0;

		assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch, off, slice, len,
					 &got, NULL, &f.err), 0);
		assert_int_equal(got, expected);
		assert_memory_equal(slice, whole + RIO_MIN(off, whole_bytes), got);
	}
	free(slice);
	free(whole);
	close_csv(&f);
	free(csv);
}

static void read__of_a_record_takes_no_more_source_than_a_segment(void **state)
{
	size_t n, got;
	char *csv = make_csv(5000, &n);
	struct fixture f = open_bytes(csv, n, "");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset);
	struct rio_read_stats stats = {0};
	uint8_t *record = malloc(record_bytes);

	for (uint64_t row = 0; row < 5000; row += 97) {
		stats = (struct rio_read_stats){0};
		assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch,
					 row * record_bytes, record, record_bytes, &got, &stats,
					 &f.err), 0);
		assert_int_equal(got, record_bytes);
		assert_int_equal(stats.nr_rows, 1);
		assert_in_range(stats.source_bytes, 1, 2 * RIO_MAP_SPACING_BYTES);

		/* Nor more of it than the record's place in it makes necessary. */
		if (row == 0)
			assert_true(stats.source_bytes <= 2 * RIO_KIB);
	}
	free(record);
	close_csv(&f);
	free(csv);
}

/* How much of a segment is needed is guessed from average rows: here that is too little. */
static void read__of_a_row_is_whole_however_long_it_is(void **state)
{
	for (size_t width = 1; width < 9000; width += width / 2 + 1) {
		char *csv = malloc(40000), *p = csv;
		struct fixture f;
		size_t record_bytes, whole_bytes, got;
		uint8_t *whole, record[64];

		for (int i = 0; i < 300; i++)
			p += sprintf(p, i == 150 ? "%d,%0*d.5\n" : "%d,%*d\n", i,
				i == 150 ? (int)width : 1, i);
		f = open_csv(csv, "header=no");
		record_bytes = rio_dataset_record_bytes(f.dataset);
		assert_true(record_bytes <= sizeof(record));
		assert_int_equal(read_all(&f, SIZE_MAX, &whole, &whole_bytes), 0);
		assert_int_equal(whole_bytes, 300 * record_bytes);
		for (size_t row = 0; row < 300; row++) {
			assert_int_equal(rio_dataset_read(f.dataset, f.source, f.scratch,
						 row * record_bytes, record, record_bytes, &got,
						 NULL, &f.err), 0);
			assert_int_equal(got, record_bytes);
			assert_memory_equal(record, whole + row * record_bytes, record_bytes);
		}
		free(whole);
		free(csv);
		close_csv(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read__gives_the_same_bytes_in_pieces_of_any_size),
		cmocka_unit_test(read__of_any_range_is_that_slice_of_the_whole),
		cmocka_unit_test(read__of_a_record_takes_no_more_source_than_a_segment),
		cmocka_unit_test(read__of_a_row_is_whole_however_long_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
