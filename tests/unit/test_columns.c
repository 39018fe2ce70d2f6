/* SPDX-License-Identifier: Apache-2.0 */
/* Column lists: names, numbers, ranges, and what is ambiguous. */
#include "unit.h"

#include "schema/columns.h"

/* Of the file in most cases; "1" is column 3, "2-3" column 4, "" column 5. */
static char *const names[] = {(char[]){"a"}, (char[]){"b c"}, (char[]){"dup"}, (char[]){"1"},
	(char[]){"2-3"}, (char[]){""}, (char[]){"dup"}, (char[]){"7"}, (char[]){"é\n"}};
enum { NR_NAMES = RIO_ARRAY_SIZE(names) };

struct good {
	const char *list;
	size_t nr;
	uint32_t columns[9];
};

static void check_good(const struct good *cases, size_t nr_cases, char *const header[])
{
	for (size_t i = 0; i < nr_cases; i++) {
		uint32_t *columns = NULL;
		struct rio_error err;
		size_t nr;

		if (rio_columns_resolve("label", cases[i].list, header, NR_NAMES, &columns, &nr,
			    &err) != 0)
			fail_msg("'%s': %s", cases[i].list, err.message);
		assert_int_equal(nr, cases[i].nr);
		assert_memory_equal(columns, cases[i].columns, nr * sizeof(*columns));
		free(columns);
	}
}

static void columns__are_named_in_the_order_of_the_list(void **state)
{
	static const struct good cases[] = {
		{"a", 1, {0}}, {"0", 1, {0}}, {"b c", 1, {1}}, {"8:a:4", 3, {8, 0, 4}},
		{"é\n:2", 2, {8, 2}}, {"7", 1, {7}}, {"007", 1, {7}}, {"", 1, {5}},
		{"a:", 2, {0, 5}}, {"1-1", 1, {1}}, {"3-3", 1, {3}}, {"0-8", 9,
			{0, 1, 2, 3, 4, 5, 6, 7, 8}},
		{"2-3", 1, {4}}, /* a name before it is a range */
		{"02-3", 2, {2, 3}}, {"6-7:0-1", 4, {6, 7, 0, 1}},
	};

	check_good(cases, RIO_ARRAY_SIZE(cases), names);
}

static void columns__of_a_file_without_a_header_are_numbers(void **state)
{
	static const struct good cases[] = {
		{"0", 1, {0}}, {"1", 1, {1}}, {"2-3", 2, {2, 3}}, {"8:0", 2, {8, 0}},
	};

	check_good(cases, RIO_ARRAY_SIZE(cases), NULL);
}

static void columns__that_are_not_clear_are_refused(void **state)
{
	static const struct {
		const char *list;
		bool no_header;
		const char *message;
	} cases[] = {
		{"9", false, "drop: there is no column 9, the file has 9 (numbers start at 0)"},
		{"0-9", false, "drop: there is no column 9, the file has 9 (numbers start at 0)"},
		{"4294967296", false, "drop: there is no column 4294967296, the file has 9 "
			"(numbers start at 0)"},
		{"0-42949672950", false, "drop: there is no column 9, the file has 9 "
			"(numbers start at 0)"},
		{"99999999999999999999999", false, "drop: no column is named "
			"\"99999999999999999999999\" (the first is \"a\", the last \"é\\x0a\")"},
		{"x", false, "drop: no column is named \"x\" (the first is \"a\", the last "
			"\"é\\x0a\")"},
		{"A", false, "drop: no column is named \"A\" (the first is \"a\", the last "
			"\"é\\x0a\")"},
		{" 0", false, "drop: no column is named \" 0\" (the first is \"a\", the last "
			"\"é\\x0a\")"},
		{"1-", false, "drop: no column is named \"1-\" (the first is \"a\", the last "
			"\"é\\x0a\")"},
		{"-1", false, "drop: no column is named \"-1\" (the first is \"a\", the last "
			"\"é\\x0a\")"},
		{"dup", false, "drop: more than one column is named \"dup\"; give its number"},
		{"a:0", false, "drop: column 0 is named twice"},
		{"4:3-5", false, "drop: column 4 is named twice"},
		{"5-4", false, "drop: the range 5-4 runs backwards"},
		{"1", false, "drop=1 is ambiguous: column 3 is named \"1\"; write 1-1 for column "
			"number 1, or 3-3 for the one of that name"},
		{"a", true, "drop: 'a' is no column number, and the file has no header to name "
			"columns"},
		{"", true, "drop: '' is no column number, and the file has no header to name "
			"columns"},
		{"0::1", true, "drop: '' is no column number, and the file has no header to name "
			"columns"},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		uint32_t *columns = NULL;
		struct rio_error err;
		size_t nr = 77;

		assert_int_equal(rio_columns_resolve("drop", cases[i].list,
					 cases[i].no_header ? NULL : names, NR_NAMES, &columns,
					 &nr, &err), RIO_ESCHEMA);
		assert_string_equal(err.message, cases[i].message);
		assert_null(columns);
		assert_int_equal(nr, 77);
	}
}

/* Quadratic work would take minutes here. */
static void columns__are_resolved_in_linear_time(void **state)
{
	enum { NR = 2000000 };
	uint32_t *columns;
	struct rio_error err;
	size_t nr;

	assert_int_equal(rio_columns_resolve("features", "1-1999999", NULL, NR, &columns, &nr,
				 &err), 0);
	assert_int_equal(nr, NR - 1);
	assert_int_equal(columns[NR - 2], NR - 1);
	free(columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns__are_named_in_the_order_of_the_list),
		cmocka_unit_test(columns__of_a_file_without_a_header_are_numbers),
		cmocka_unit_test(columns__that_are_not_clear_are_refused),
		cmocka_unit_test(columns__are_resolved_in_linear_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
