/* SPDX-License-Identifier: Apache-2.0 */
/* Stepping over rows: whatever the segments hold, a range is that slice of the whole. */
#include "options.h"

#include "csv/lines.h"
#include "dataset/dataset.h"

static void lines__are_counted_and_skipped_at_every_length(void **state)
{
	uint8_t bytes[5 * RIO_LINES_BLOCK_BYTES];
	uint64_t seed = 3;

	for (int one_in = 1; one_in < 300; one_in = one_in * 3 + 1) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = rnd(&seed) % (uint64_t)one_in ? 'x' : '\n';
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			size_t nr = 0;

			assert_int_equal(rio_skip_lines(bytes, len, 0), 0);
			for (size_t i = 0; i < len; i++)
				if (bytes[i] == '\n' && rio_skip_lines(bytes, len, ++nr) != i + 1)
					fail_msg("line %zu of %zu bytes ends at %zu", nr, len, i);
			assert_int_equal(rio_count_lines(bytes, len), nr);
			assert_int_equal(rio_skip_lines(bytes, len, nr + 1), SIZE_MAX);
		}
	}
}

struct file {
	struct rio_source *source;
	struct rio_dataset *dataset;
	struct rio_scratch *scratch;
	struct rio_error err;
	uint8_t *whole;
	size_t whole_bytes;
};

static int read_range(struct file *f, uint64_t off, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_read_stats *stats)
{
	return rio_dataset_read(f->dataset, f->source, f->scratch, off, dst, len_bytes, ret_bytes,
		stats, &f->err);
}

static struct file open_bytes(const void *csv, size_t n, const char *option_text)
{
	struct file f = {0};
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};

	set_options(&options, option_text);
	assert_int_equal(rio_source_from_memory(csv, n, "t.csv", &f.source, &f.err), 0);
	assert_int_equal(rio_scratch_create(&f.scratch, &f.err), 0);
	if (rio_dataset_create(f.source, &config, &f.dataset, &f.err) < 0)
		fail_msg("%s", f.err.message);
	rio_options_deinit(&options);
	f.whole_bytes = rio_dataset_len_bytes(f.dataset);
	f.whole = malloc(f.whole_bytes + 1);
	return f;
}

static void close_file(struct file *f)
{
	free(f->whole);
	rio_scratch_destroy(f->scratch);
	rio_dataset_destroy(f->dataset);
	rio_source_destroy(f->source);
}

/* What may stand in some stretches of a file, and in others not. */
enum { BLANK_LINES = 1, LINES_IN_QUOTES = 2, LONG_ROWS = 4, NO_LAST_LINE_FEED = 8 };

static char *make_csv(unsigned kinds, size_t nr_rows, size_t *ret_bytes)
{
	char *text = malloc(nr_rows * 100 + 400000), *p = text;
	uint64_t seed = 11 + kinds;

	for (size_t i = 0; i < nr_rows; i++) {
		unsigned here = i / 1500 % 2 ? kinds : 0; /* by turns, over a few segments */

		if ((here & BLANK_LINES) && rnd(&seed) % 30 == 0)
			p += sprintf(p, " \r\n\n");
		p += sprintf(p, "%zu,%.*f", i, (int)(rnd(&seed) % 12), (double)(i % 9973) / 7);
		if ((here & LINES_IN_QUOTES) && rnd(&seed) % 30 == 0)
			p += sprintf(p, ",\"a\n\"\"\nb\"");
		else if ((here & LONG_ROWS) && rnd(&seed) % 700 == 0)
			p += sprintf(p, ",%40000s", "y");
		else
			p += sprintf(p, ",%.*s", (int)(rnd(&seed) % 30),
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
		p += sprintf(p, "%s", rnd(&seed) % 2 ? "\n" : "\r\n");
	}
	*ret_bytes = (size_t)(p - text) - (kinds & NO_LAST_LINE_FEED ? 1 : 0);
	return text;
}

static void read__of_any_range_of_any_file_is_that_slice_of_the_whole(void **state)
{
	for (unsigned kinds = 0; kinds < 16; kinds++) {
		size_t n, got;
		char *csv = make_csv(kinds, 9000, &n);
		struct file f = open_bytes(csv, n, "header=no features=1 drop=2");
		uint8_t *slice = malloc(70000);
		uint64_t seed = 7;

		assert_int_equal(rio_dataset_nr_rows(f.dataset), 9000);
		if (read_range(&f, 0, f.whole, f.whole_bytes, &got, NULL) < 0)
			fail_msg("kinds %u: %s (line %ju)", kinds, f.err.message, (uintmax_t)f.err.line);
		assert_int_equal(got, f.whole_bytes);
		for (int i = 0; i < 1500; i++) {
			size_t off = rnd(&seed) % f.whole_bytes;
			size_t len = rnd(&seed) % (i % 10 ? 5000 : 70000);

			assert_int_equal(read_range(&f, off, slice, len, &got, NULL), 0);
			assert_int_equal(got, RIO_MIN(len, f.whole_bytes - off));
			if (memcmp(slice, f.whole + off, got) != 0)
				fail_msg("kinds %u: [%zu, +%zu) is another", kinds, off, len);
		}
		free(slice);
		close_file(&f);
		free(csv);
	}
}

/* From either end of a segment, so from half of it at most. */
static void read__of_a_record_of_plain_rows_takes_half_a_segment(void **state)
{
	size_t n, got;
	char *csv = make_csv(0, 9000, &n);
	struct file f = open_bytes(csv, n, "header=no features=1 drop=2");
	size_t record_bytes = rio_dataset_record_bytes(f.dataset);
	struct rio_read_stats stats = {0};

	for (uint64_t row = 0; row + 800 < 9000; row += 13) {
		struct rio_read_stats one = {0};

		assert_int_equal(read_range(&f, row * record_bytes, f.whole, record_bytes, &got,
					 &one), 0);
		assert_in_range(one.source_bytes, 1, RIO_MAP_SPACING_BYTES / 2 + 2 * RIO_KIB);
		stats.source_bytes += one.source_bytes;
		stats.nr_rows += one.nr_rows;
	}
	assert_true(stats.source_bytes / stats.nr_rows < RIO_MAP_SPACING_BYTES / 3);
	close_file(&f);
	free(csv);
}

/* A bad cell behind rows that were skipped, or counted from the end, is told of as always. */
static void read__tells_the_place_of_a_bad_cell_wherever_it_lies(void **state)
{
	for (size_t bad = 0; bad < 3000; bad += 41) {
		char *csv = malloc(100000), *p = csv;
		struct file f;
		size_t got = 77;

		for (size_t row = 0; row < 3000; row++)
			p += sprintf(p, row == bad ? "%zu,  zz9\n" : "%zu,1.25\n", row);
		f = open_bytes(csv, (size_t)(p - csv), "header=no features=1");
		assert_int_equal(read_range(&f, bad * rio_dataset_record_bytes(f.dataset), f.whole,
					 1, &got, NULL), RIO_EROW);
		assert_int_equal(got, 0);
		assert_int_equal(f.err.row, bad);
		assert_int_equal(f.err.line, bad + 1);
		assert_int_equal(f.err.column, bad < 10 ? 5 : bad < 100 ? 6 : bad < 1000 ? 7 : 8);
		close_file(&f);
		free(csv);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines__are_counted_and_skipped_at_every_length),
		cmocka_unit_test(read__of_any_range_of_any_file_is_that_slice_of_the_whole),
		cmocka_unit_test(read__of_a_record_of_plain_rows_takes_half_a_segment),
		cmocka_unit_test(read__tells_the_place_of_a_bad_cell_wherever_it_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
