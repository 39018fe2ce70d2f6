/* SPDX-License-Identifier: Apache-2.0 */
/* Cells: quotes, blanks, missing values, text, under every rule. */
#include "csv/cell.h"

#include "base/util.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NAN_BITS       0x7ff8000000000000U
#define MINUS_NAN_BITS 0xfff8000000000000U
#define UNSET          4242.0

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static struct rio_cell_rules rules_with(enum rio_missing missing, double value, bool bad_is_nan)
{
	return (struct rio_cell_rules){
		.dialect = RIO_DIALECT_DEFAULT,
		.missing = missing,
		.missing_value = value,
		.bad_is_nan = bad_is_nan,
	};
}

/* A copy between separators, as the cell stands in a chunk. */
struct chunk {
	uint8_t bytes[256];
};

static uint8_t *put(struct chunk *chunk, const char *text, size_t len)
{
	memset(chunk->bytes, ',', sizeof(chunk->bytes));
	assert_true(len + 32 <= sizeof(chunk->bytes));
	return memcpy(chunk->bytes + 16, text, len);
}

static enum rio_cell_kind read_cell(
	const struct rio_cell_rules *rules, const char *text, double *ret)
{
	struct chunk chunk;
	size_t len = strlen(text);
	uint8_t *cell = put(&chunk, text, len);

	return rio_cell_read(rules, cell, cell + len, ret);
}

static void check(const struct rio_cell_rules *rules, const char *text, enum rio_cell_kind kind,
	uint64_t bits)
{
	double value = UNSET;
	enum rio_cell_kind got = read_cell(rules, text, &value);

	if (got != kind)
		fail_msg("'%s' is of kind %d, not %d", text, got, kind);
	if (bits_of(value) != bits)
		fail_msg(
			"'%s' is %#jx, not %#jx", text, (uintmax_t)bits_of(value), (uintmax_t)bits);
}

static const char *const missing_cells[] = {"", " ", "\t \r", "\n", "\n \r\n", "\"\"", " \"\" ",
	"NA", "\"NA\"", " NA\r", "\n\"N/A\"\r", "n/a", "NULL", "null", "None", "<NA>", "#N/A",
	"#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "1.#IND", "1.#QNAN"};

static const char *const nan_cells[] = {
	"nan", "NaN", "NAN", "+nan", " nan ", "\"NaN\"", "\" nan\"", "\nnan\r"};

static const char *const minus_nan_cells[] = {"-nan", "-NaN", "\"-nan\"", " -NAN\r"};

static const char *const text_cells[] = {"abc", "\"abc\"", "\"", "\"1", "1\"", "\"NA", "NA\"",
	"\"1\"\"2\"", "\"\"\"\"", "\"1\"2\"", "1\"2", "\"1\"x", "x\"1\"", "na", "N A", "none",
	"Null", "\" NA\"", "\" \"", "\"\"1\"\"", "'1'", "1 2", "-", "12:30", "0x10"};

static void cell__numbers_are_read_through_blanks_and_quotes(void **state)
{
	static const struct {
		const char *text;
		double value;
	} items[] = {
		{"7", 7},
		{"-1.087", -1.087},
		{"1.086538076400756836e+00", 1.086538076400756836},
		{" 7", 7},
		{"7\r", 7},
		{"\t7 \r", 7},
		{"\n\n7", 7},
		{"\r\n \r\n7\r", 7},
		{"\"7\"", 7},
		{" \"7\"", 7},
		{"\"7\" \r", 7},
		{"\" 7 \"", 7},
		{"\"\n7\"", 7},
		{"\n\"-0.5\"\r", -0.5},
		{"1_0", 10},
		{"inf", INFINITY},
		{"\"-Infinity\"", -INFINITY},
		{"\"\xd9\xa1\"", 1},
		{"-0", -0.0},
	};
	struct rio_cell_rules rules = rules_with(RIO_MISSING_ERROR, 0, false);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(items); i++)
		check(&rules, items[i].text, RIO_CELL_NUMBER, bits_of(items[i].value));
}

static void cell__missing_becomes_the_canonical_nan(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_NUMBER, -__builtin_nan("1"), false);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(missing_cells); i++)
		check(&rules, missing_cells[i], RIO_CELL_MISSING, NAN_BITS);
	assert_true(rio_cell_kind_ok(&rules, RIO_CELL_MISSING));
}

static void cell__a_written_nan_keeps_its_sign(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_NUMBER, __builtin_nan(""), false);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(nan_cells); i++)
		check(&rules, nan_cells[i], RIO_CELL_MISSING, NAN_BITS);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(minus_nan_cells); i++)
		check(&rules, minus_nan_cells[i], RIO_CELL_MISSING, MINUS_NAN_BITS);
}

static void check_missing(const struct rio_cell_rules *rules, uint64_t bits)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(missing_cells); i++)
		check(rules, missing_cells[i], RIO_CELL_MISSING, bits);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(nan_cells); i++)
		check(rules, nan_cells[i], RIO_CELL_MISSING, bits);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(minus_nan_cells); i++)
		check(rules, minus_nan_cells[i], RIO_CELL_MISSING, bits);
}

static void cell__missing_and_nan_become_the_users_number(void **state)
{
	static const double values[] = {0, -1, 1e300, INFINITY};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(values); i++) {
		struct rio_cell_rules rules = rules_with(RIO_MISSING_NUMBER, values[i], false);

		check_missing(&rules, bits_of(values[i]));
	}
}

static void cell__missing_can_be_an_error(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_ERROR, 0, false);

	check_missing(&rules, bits_of(UNSET));
	assert_false(rio_cell_kind_ok(&rules, RIO_CELL_MISSING));
	assert_false(rio_cell_kind_ok(&rules, RIO_CELL_TEXT));
	assert_true(rio_cell_kind_ok(&rules, RIO_CELL_NUMBER));
}

static void cell__text_is_refused(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_NUMBER, 0, false);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(text_cells); i++)
		check(&rules, text_cells[i], RIO_CELL_TEXT, bits_of(UNSET));
	assert_false(rio_cell_kind_ok(&rules, RIO_CELL_TEXT));
}

static void cell__bad_is_nan_makes_text_and_forbidden_missing_nan(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_ERROR, 0, true);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(text_cells); i++)
		check(&rules, text_cells[i], RIO_CELL_TEXT, NAN_BITS);
	check_missing(&rules, NAN_BITS);
	assert_true(rio_cell_kind_ok(&rules, RIO_CELL_TEXT));
	assert_true(rio_cell_kind_ok(&rules, RIO_CELL_MISSING));
}

static void cell__dialect_says_what_quotes(void **state)
{
	struct rio_cell_rules rules = rules_with(RIO_MISSING_NUMBER, 0, false);

	rules.dialect.quote = '\'';
	check(&rules, "'1.5'", RIO_CELL_NUMBER, bits_of(1.5));
	check(&rules, "\"1.5\"", RIO_CELL_TEXT, bits_of(UNSET));
	rules.dialect.quote = RIO_QUOTE_NONE;
	check(&rules, "'1.5'", RIO_CELL_TEXT, bits_of(UNSET));
	check(&rules,
		"\xff"
		"1\xff",
		RIO_CELL_TEXT, bits_of(UNSET));
	check(&rules, "1.5", RIO_CELL_NUMBER, bits_of(1.5));
}

static void check_trim(struct rio_dialect dialect, const char *text, const char *inside)
{
	struct chunk chunk;
	size_t len = strlen(text);
	uint8_t *cell = put(&chunk, text, len);
	struct rio_span span = rio_cell_trim(&dialect, cell, cell + len);
	size_t got = (size_t)(span.end - span.begin);

	if (got != strlen(inside) || memcmp(span.begin, inside, got) != 0)
		fail_msg("'%s' is trimmed to '%.*s', not '%s'", text, (int)got, span.begin, inside);
	assert_true(span.begin >= cell && span.end <= cell + len);
}

static void cell__trim_takes_blanks_then_quotes(void **state)
{
	static const char *const items[][2] = {
		{"", ""},
		{" ", ""},
		{"\n", ""},
		{"a", "a"},
		{" a b \r", "a b"},
		{"\r\n\n a", "a"},
		{"\"a\"", "a"},
		{" \"a\" ", "a"},
		{"\" a \"", " a "},
		{"\"\"", ""},
		{"\"", "\""},
		{"\"a", "\"a"},
		{"a\"", "a\""},
		{"\"a\"\"b\"", "a\"\"b"},
		{"\"a\nb\"", "a\nb"},
		{"\"\n\"", "\n"},
		{"\"\"\"\"", "\"\""},
		{"\va\f", "\va\f"},
	};
	struct rio_dialect tabs = {.delimiter = '\t', .quote = RIO_QUOTE_NONE};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(items); i++)
		check_trim(RIO_DIALECT_DEFAULT, items[i][0], items[i][1]);
	check_trim(tabs, " \"a\" ", "\"a\"");
	check_trim(tabs, "\ta", "\ta");
}

static bool is_missing(const char *text)
{
	struct chunk chunk;
	size_t len = strlen(text);
	uint8_t *cell = put(&chunk, text, len);

	return rio_cell_is_missing(cell, cell + len);
}

static void cell__is_missing_knows_pandas_spellings_and_nan(void **state)
{
	static const char *const yes[] = {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN",
		"-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA", "NULL", "NaN", "None",
		"n/a", "nan", "null", "NAN", "+nan"};
	static const char *const no[] = {"0", "1.5", "inf", "na", "N", "NAA", "none", "Null", "nul",
		"-", "#", "#N/A N/", "#N/A N/A ", "abc"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(yes); i++)
		if (!is_missing(yes[i]))
			fail_msg("'%s' is not missing", yes[i]);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(no); i++)
		if (is_missing(no[i]))
			fail_msg("'%s' is missing", no[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cell__numbers_are_read_through_blanks_and_quotes),
		cmocka_unit_test(cell__missing_becomes_the_canonical_nan),
		cmocka_unit_test(cell__a_written_nan_keeps_its_sign),
		cmocka_unit_test(cell__missing_and_nan_become_the_users_number),
		cmocka_unit_test(cell__missing_can_be_an_error),
		cmocka_unit_test(cell__text_is_refused),
		cmocka_unit_test(cell__bad_is_nan_makes_text_and_forbidden_missing_nan),
		cmocka_unit_test(cell__dialect_says_what_quotes),
		cmocka_unit_test(cell__trim_takes_blanks_then_quotes),
		cmocka_unit_test(cell__is_missing_knows_pandas_spellings_and_nan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
