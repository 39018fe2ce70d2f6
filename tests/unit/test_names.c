/* SPDX-License-Identifier: Apache-2.0 */
/* What a source is called in the mount, and back. */
#include "unit.h"

#include "fs/names.h"

static void names__csv_files_get_the_suffix_and_lose_it_again(void **state)
{
	static const struct {
		const char *suffix, *source, *virtual;
		unsigned rank;
	} cases[] = {
		{"recordio", "b.csv", "b.recordio", 0},
		{"rec", "b.csv", "b.rec", 0},
		{"pbr", "a.b.csv", "a.b.pbr", 0},
		{"recordio", "a.csv.csv", "a.csv.recordio", 0},
		{"recordio", " .csv", " .recordio", 0},
		{"recordio", "a\nb,c.csv", "a\nb,c.recordio", 0},
		{"recordio", "b.csv.gz", "b.recordio", 1},
		{"recordio", "a.csv.csv.gz", "a.csv.recordio", 1},
		{"gz", "a.csv.gz", "a.gz", 1},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		unsigned rank;
		rfs_name name;

		assert_int_equal(rfs_name_to_virtual(cases[i].suffix, cases[i].source, name, &rank),
			RFS_NAME_CSV);
		assert_string_equal(name, cases[i].virtual);
		assert_int_equal(rank, cases[i].rank);
		assert_true(rfs_name_to_source(cases[i].suffix, cases[i].virtual, rank, name));
		assert_string_equal(name, cases[i].source);
	}
}

static void names__all_else_is_not_shown(void **state)
{
	static const char *const others[] = {
		"", "csv", ".csv", ".a.csv", "a.CSV", "a.csv ", "acsv", "a.gz", "a.tsv", ".",
		".csv.gz", ".a.csv.gz", "a.csv.gz ", "a.csv.bz2", "a.csv.GZ", "a.tsv.gz"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++) {
		unsigned rank;
		rfs_name name;

		assert_int_equal(rfs_name_to_virtual("recordio", others[i], name, &rank),
			RFS_NAME_OTHER);
	}
}

static void names__what_is_not_shown_cannot_be_reached(void **state)
{
	static const char *const others[] = {
		"", "recordio", ".recordio", ".a.recordio", "a.csv", "a.rec", "a.recordiofs", "."};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++) {
		rfs_name name;

		assert_false(rfs_name_to_source("recordio", others[i], 0, name));
		assert_false(rfs_name_to_source("recordio", others[i], 1, name));
	}
	assert_true(rfs_name_is_hidden(".recordiofs"));
	assert_false(rfs_name_is_hidden("a."));
}

/* A stem of n letters and an ending. */
static const char *long_name(size_t n, const char *ending)
{
	static char name[2 * NAME_MAX];

	memset(name, 'x', n);
	strcpy(name + n, ending);
	return name;
}

static void names__no_name_exceeds_255_bytes(void **state)
{
	unsigned rank;
	rfs_name name;

	assert_int_equal(rfs_name_to_virtual("recordio", long_name(246, ".csv"), name, &rank),
		RFS_NAME_CSV);
	assert_int_equal(strlen(name), 255);
	assert_int_equal(rfs_name_to_virtual("recordio", long_name(247, ".csv"), name, &rank),
		RFS_NAME_TOO_LONG);
	assert_true(rfs_name_to_source("recordio", long_name(246, ".recordio"), 0, name));
	assert_int_equal(strlen(name), 250);
	/* A suffix shorter than csv: the source's name is the longer one. */
	assert_true(rfs_name_to_source("r", long_name(251, ".r"), 0, name));
	assert_false(rfs_name_to_source("r", long_name(252, ".r"), 0, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names__csv_files_get_the_suffix_and_lose_it_again),
		cmocka_unit_test(names__all_else_is_not_shown),
		cmocka_unit_test(names__what_is_not_shown_cannot_be_reached),
		cmocka_unit_test(names__no_name_exceeds_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
