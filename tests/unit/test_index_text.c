/* SPDX-License-Identifier: Apache-2.0 */
/* The index's text, against one that is printed line by line. */
#include "view_unit.h"

#include "view/index_text.h"

/* What a plain writer makes of the frames of a file. */
static char *write_naive(const uint64_t *offs, size_t nr, size_t *ret_bytes)
{
	char *text = malloc(nr * 42 + 1), *p = text;

	for (size_t i = 0; i < nr; i++)
		p += sprintf(p, "%zu\t%ju\n", i, (uintmax_t)offs[i]);
	*ret_bytes = (size_t)(p - text);
	return text;
}

static size_t read_at(const struct rio_index_text *text, const struct fixture *f, uint64_t off,
	char *dst, size_t len_bytes)
{
	struct rio_error err;
	size_t got = 0;

	assert_int_equal(rio_index_text_read(text, &from_memory, f->scratch, off, dst, len_bytes,
				 &got, &err), 0);
	return got;
}

static void check_text(const struct fixture *f, const struct rio_view *view, const char *expected,
	size_t len_bytes, uint64_t *seed)
{
	char *text = malloc(len_bytes + 10);
	struct rio_index_text index;

	assert_int_equal(rio_index_text_init(&index, view, &from_memory, f->scratch, NULL), 0);
	assert_int_equal(rio_index_text_len_bytes(&index), len_bytes);
	assert_int_equal(read_at(&index, f, 0, text, len_bytes + 10), len_bytes);
	assert_memory_equal(text, expected, len_bytes);
	for (int i = 0; i < 200; i++) {
		size_t off = rnd(seed) % (len_bytes + 5);
		size_t len = rnd(seed) % (i % 3 ? 50 : 30000);
		size_t wanted = off < len_bytes ? RIO_MIN(len, len_bytes - off) : 0;

		assert_int_equal(read_at(&index, f, off, text, len), wanted);
		assert_memory_equal(text, expected + RIO_MIN(off, len_bytes), wanted);
	}
	free(text);
}

/* Numbers of records, and so of bytes, around powers of ten. */
static void text__is_that_of_a_plain_writer(void **state)
{
	static const char *const option_texts[] = {
		"header=yes bad_row=nan text=drop",
		"header=yes bad_row=skip dtype=int32 missing=zero text=hash:9 format=sparse",
		"header=yes bad_row=skip text=bytes uid=row",
	};
	static const size_t nr_rows[] = {0, 1, 2, 9, 10, 11, 12, 99, 100, 101, 178, 179, 180, 181,
		999, 1000, 1001, 1785, 1786, 9999, 10000, 10001, 20000};
	uint64_t seed = 21;

	for (size_t i = 0; i < 3 * RIO_ARRAY_SIZE(nr_rows); i++) {
		char *csv = make_rows(&seed, nr_rows[i / 3]), *expected;
		struct fixture files[2] = {open_csv(csv, option_texts[i % 3]),
			open_csv(csv, option_texts[i % 3])};
		struct rio_view *view = join(files, 1 + i % 2);
		size_t n = rio_view_len_bytes(view), nr, got = 0, len_bytes;
		uint8_t *bytes = malloc(n + 1);
		uint64_t *offs;

		assert_int_equal(rio_view_read(view, &from_memory, files[0].scratch, 0, bytes, n,
					 &got, NULL, NULL), 0);
		offs = frame_offs(bytes, n, &nr);
		expected = write_naive(offs, nr, &len_bytes);
		check_text(&files[0], view, expected, len_bytes, &seed);
		free(expected);
		free(offs);
		free(bytes);
		rio_view_destroy(view);
		close_csv(&files[0]);
		close_csv(&files[1]);
		free(csv);
	}
	assert_int_equal(nr_taken, 0);
}

/* The same file many times over: 14 GB of which no byte is made. */
static void text__of_a_huge_file_is_exact(void **state)
{
	enum { NR_COLUMNS = 1000, NR_ROWS = 200, NR_FILES = 20000 };
	char *csv = malloc(NR_ROWS * NR_COLUMNS * 2 + 1);
	struct rio_view_member *members = calloc(NR_FILES, sizeof(*members));
	struct rio_index_text index;
	struct rio_view *view;
	struct fixture f;
	uint64_t record_bytes, nr, sum = 0, seed = 77;

	for (size_t i = 0; i < (size_t)NR_ROWS * NR_COLUMNS; i++)
		memcpy(csv + 2 * i, (i + 1) % NR_COLUMNS ? "1," : "1\n", 2);
	csv[NR_ROWS * NR_COLUMNS * 2] = '\0';
	f = open_csv(csv, "header=no");
	for (size_t i = 0; i < NR_FILES; i++)
		members[i] = (struct rio_view_member){f.dataset, &f};
	assert_int_equal(rio_view_create(members, NR_FILES, &view, NULL), 0);
	assert_int_equal(rio_index_text_init(&index, view, &from_memory, f.scratch, NULL), 0);
	record_bytes = rio_dataset_record_bytes(f.dataset);
	nr = rio_view_nr_records(view);
	assert_true(nr * record_bytes > 10000000000);
	for (uint64_t i = 0; i < nr; i++) {
		char line[64], got[64];
		size_t n = (size_t)sprintf(line, "%ju\t%ju\n", (uintmax_t)i,
			(uintmax_t)(i * record_bytes));

		if (rnd(&seed) % 1000 == 0 || i * record_bytes / 10000000 == 1000) {
			assert_int_equal(read_at(&index, &f, sum, got, n), n);
			assert_memory_equal(got, line, n);
		}
		sum += n;
	}
	assert_int_equal(rio_index_text_len_bytes(&index), sum);
	rio_view_destroy(view);
	close_csv(&f);
	free(members);
	free(csv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text__is_that_of_a_plain_writer),
		cmocka_unit_test(text__of_a_huge_file_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
