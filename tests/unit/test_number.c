/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers: grammar and edges by table.  tests/property/compare_numbers.py compares
 * millions more with Python itself.
 */
#include "csv/number.h"

#include "base/util.h"
#include "csv/number_exact.h"
#include "csv/number_fast.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct item {
	const char *text;
	double value;
};

/* Of a literal that may hold NUL bytes. */
struct bytes {
	const char *text;
	size_t len;
};
#define BYTES(literal)                                                                             \
	{                                                                                          \
		literal, sizeof(literal) - 1                                                       \
	}

typedef bool reader(const uint8_t *begin, const uint8_t *end, double *ret);

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Read text between bytes that would change it if they were used. */
static bool read_among(reader *read, const char *text, size_t len, char around, double *ret)
{
	_cleanup_free_ uint8_t *bytes = malloc(len + 32);

	assert_non_null(bytes);
	memset(bytes, around, len + 32);
	memcpy(bytes + 16, text, len);
	return read(bytes + 16, bytes + 16 + len, ret);
}

static void check(const char *text, double value)
{
	static reader *const readers[] = {rio_number_parse, rio_number_exact};

	for (size_t r = 0; r < RIO_ARRAY_SIZE(readers); r++) {
		for (const char *around = "7.e-_ "; *around; around++) {
			double got;

			if (!read_among(readers[r], text, strlen(text), *around, &got))
				fail_msg("'%s' is refused among '%c'", text, *around);
			if (bits_of(got) != bits_of(value))
				fail_msg("'%s' is %a, not %a, among '%c'", text, got, value,
					*around);
		}
	}
}

static void check_all(const struct item *items, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		check(items[i].text, items[i].value);
}

static void number__plain_decimals_are_read(void **state)
{
	static const struct item items[] = {
		{"0", 0},
		{"7", 7},
		{"-7", -7},
		{"+7", 7},
		{"12.34", 12.34},
		{"-1.087", -1.087},
		{"0.123456", 0.123456},
		{".5", .5},
		{"5.", 5},
		{"-.5", -.5},
		{"+5.", 5},
		{"12345678", 12345678},
		{"1234567.", 1234567},
		{".1234567", .1234567},
		{"123456789", 123456789},
		{"-123.456789", -123.456789},
		{"1e3", 1000},
		{"1.086538076400756836e+00", 1.086538076400756836e+00},
		{"1E-3", .001},
		{"5.e1", 50},
		{".5e+1", 5},
		{"00012.5", 12.5},
		{"1e0000000000000000003", 1000},
		{"12345678.9", 12345678.9},
		{"-1234.56789", -1234.56789},
		{"1234567890123456", 1234567890123456},
		{"123456789012345.", 123456789012345},
		{"-.123456789012345", -.123456789012345},
		{"-9999999999999999", -1e16},
		{"12345678.12345678", 12345678.12345678},
		{"0.30000000000000004", 0.30000000000000004},
		{"1e23", 1e23},
		{"1e22", 1e22},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__zero_keeps_its_sign(void **state)
{
	static const struct item items[] = {
		{"-0", -0.0},
		{"-0.0", -0.0},
		{"-.0", -0.0},
		{"-0e9", -0.0},
		{"+0", 0},
		{"-0.0000000000000000000000000000", -0.0},
		{"-1e-999", -0.0},
		{"1e-999", 0},
		{"0e99999999999999999999", 0},
		{"-0e99999999999999999999", -0.0},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__edges_of_double_are_exact(void **state)
{
	static const struct item items[] = {
		{"1.7976931348623157e308", 0x1.fffffffffffffp+1023},
		{"1.7976931348623158e308", 0x1.fffffffffffffp+1023},
		{"1.7976931348623159e308", INFINITY},
		{"1e309", INFINITY},
		{"-1e400", -INFINITY},
		{"1e99999999999", INFINITY},
		{"1e-99999999999", 0},
		{"2.2250738585072014e-308", 0x1p-1022},
		{"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
		{"2.2250738585072012e-308", 0x1p-1022},
		{"5e-324", 0x1p-1074},
		{"2.4703282292062328e-324", 0x1p-1074},
		{"2.4703282292062327e-324", 0},
		{"1e-400", 0},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__ties_go_to_even(void **state)
{
	static const struct item items[] = {
		{"9007199254740993", 0x1p53},
		{"9007199254740995", 0x1.0000000000002p53},
		{"9007199254740993.0", 0x1p53},
		{"90071992547409930e-1", 0x1p53},
		{"9007199254740993.00000000000000000000000000000000000001", 0x1.0000000000001p53},
		{"9007199254740992.99999999999999999999999999999999999999", 0x1p53},
		{"18014398509481990", 0x1.0000000000002p54},
		{"1.00000000000000011102230246251565404236316680908203125", 1},
		{"1.00000000000000011102230246251565404236316680908203124", 1},
		{"1.00000000000000011102230246251565404236316680908203126", 0x1.0000000000001p0},
		{"1.00000000000000033306690738754696212708950042724609375", 0x1.0000000000002p0},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__words_are_read_in_any_case(void **state)
{
	const double nan = __builtin_nan("");
	const struct item items[] = {
		{"inf", INFINITY},
		{"-Inf", -INFINITY},
		{"+INFINITY", INFINITY},
		{"infinity", INFINITY},
		{"-iNfInItY", -INFINITY},
		{" inf ", INFINITY},
		{"nan", nan},
		{"NaN", nan},
		{"+nan", nan},
		{"-nan", -nan},
		{"-NAN", -nan},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__white_space_around_is_stripped(void **state)
{
	static const struct item items[] = {
		{" 1", 1},
		{"1 ", 1},
		{"\t\n\v\f\r 1.5 \r\n", 1.5},
		{"\n\n-12", -12},
		{"\xc2\xa0"
		 "1\xe3\x80\x80",
			1},
		{"\xe2\x80\x83"
		 "-2\xc2\x85",
			-2},
		{" \xe1\x9a\x80 \xe2\x80\xa8"
		 "3\xe2\x81\x9f",
			3},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__underscores_between_digits_are_skipped(void **state)
{
	static const struct item items[] = {
		{"1_000", 1000},
		{"1_0.0_1", 10.01},
		{"1e1_0", 1e10},
		{"0_0", 0},
		{"-1_2_3", -123},
		{"\xd9\xa1_\xd9\xa2", 12},
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__unicode_digits_are_digits(void **state)
{
	static const struct item items[] = {
		{"\xd9\xa1\xd9\xa2.\xd9\xa3", 12.3}, /* Arabic-Indic */
		{"\xef\xbc\x91\xef\xbc\x99"
		 "e\xef\xbc\x92",
			1900},                                /* full width */
		{"-\xf0\x9d\x9f\x98.\xf0\x9d\x9f\xbf", -0.9}, /* mathematical */
		{"1\xe0\xa5\xa6", 10},                        /* Devanagari */
	};

	check_all(items, RIO_ARRAY_SIZE(items));
}

static void number__anything_else_is_refused(void **state)
{
	static const struct bytes items[] = {
		BYTES(""),
		BYTES(" "),
		BYTES("."),
		BYTES("-"),
		BYTES("+"),
		BYTES("-."),
		BYTES("e5"),
		BYTES(".e5"),
		BYTES("1e"),
		BYTES("1e+"),
		BYTES("1e-"),
		BYTES("1e5.0"),
		BYTES("1.2.3"),
		BYTES(".."),
		BYTES("1..2"),
		BYTES("--1"),
		BYTES("+-1"),
		BYTES("1-"),
		BYTES("1 2"),
		BYTES("- 1"),
		BYTES("1e 5"),
		BYTES("abc"),
		BYTES("1a"),
		BYTES("0x10"),
		BYTES("0x1p3"),
		BYTES("1,5"),
		BYTES("1/2"),
		BYTES("1:2"),
		BYTES("1;"),
		BYTES("1d5"),
		BYTES("1f"),
		BYTES("_1"),
		BYTES("1_"),
		BYTES("1__0"),
		BYTES("1_.5"),
		BYTES("1._5"),
		BYTES("1_e5"),
		BYTES("1e_5"),
		BYTES("1e5_"),
		BYTES("_"),
		BYTES("-_1"),
		BYTES("in"),
		BYTES("infin"),
		BYTES("infinit"),
		BYTES("infinityy"),
		BYTES("inf1"),
		BYTES("na"),
		BYTES("nann"),
		BYTES("nan(1)"),
		BYTES("i_nf"),
		BYTES("--nan"),
		BYTES("\0"),
		BYTES("1\0"),
		BYTES("\0"
		      "1"),
		BYTES("1\0"
		      "2"),
		BYTES("12345678901\0"),
		BYTES("\x1c"
		      "1"),
		BYTES("1\x1f"),
		BYTES("\x7f"),
		BYTES("\"1\""),
		BYTES("'1'"),
		BYTES("\xff"),
		BYTES("1\xc2"),
		BYTES("\xc0\xb1"),
		BYTES("\xe0\x80\xb1"),
		BYTES("1\xa0"),
		BYTES("\xef\xbb\xbf"
		      "1"),
		BYTES("\xc2\xb2"),
		BYTES("\xe2\x85\xa0"),
		BYTES("\xd9"),
		BYTES("1\xd9\xa1\xd9"),
		BYTES("\xed\xa0\x80"),
		BYTES("\xf8\x80\x80\x80"),
		BYTES("\xe2\x88\x92"
		      "1"),
		BYTES("\xf0\x80\x80\xb1"),
		BYTES("\xe0\x99\xa1"),
		BYTES("\xf0\x80\x99\xa1"),
		BYTES("\xe0\x82\xa0"
		      "1"),
		BYTES("\xe2\x80\x8b"
		      "1"),
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(items); i++) {
		for (const char *around = "17.e-_ \xa1\x80"; *around; around++) {
			double got = 42;

			if (read_among(
				    rio_number_parse, items[i].text, items[i].len, *around, &got))
				fail_msg("'%s' is read as %g among '%c'", items[i].text, got,
					*around);
			assert_true(got == 42);
		}
	}
}

/* 1, then zeros, a 1 or nothing, and an exponent that takes the zeros back. */
static void check_long(size_t nr_zeros, bool one, const char *before, double value)
{
	_cleanup_free_ char *text = malloc(nr_zeros + 64);
	size_t n;

	assert_non_null(text);
	n = (size_t)sprintf(text, "%s", before);
	memset(text + n, '0', nr_zeros);
	n += nr_zeros;
	sprintf(text + n, "%se-%zu", one ? "1" : "", nr_zeros + one);
	check(text, value);
}

static void number__a_digit_far_behind_breaks_a_tie(void **state)
{
	for (size_t nr = 1; nr < 3000; nr += nr / 3 + 1) {
		check_long(nr, false, "9007199254740993", 0x1p53);
		check_long(nr, true, "9007199254740993", 0x1.0000000000001p53);
		check_long(nr, true, "9007199254740991", 0x1.fffffffffffffp52);
		check_long(nr, false, "-1", -1);
	}
}

static void number__locale_does_not_matter(void **state)
{
	static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8"};
	static const struct item items[] = {
		{"1.5", 1.5},
		{"-1234567890.125", -1234567890.125},
		{"INF", INFINITY},
		{"9007199254740993.5", 0x1.0000000000001p53},
		{"1.5e-310", 1.5e-310},
	};
	bool any = false;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(names); i++) {
		if (!setlocale(LC_ALL, names[i]))
			continue;
		any = true;
		check_all(items, RIO_ARRAY_SIZE(items));
	}
	setlocale(LC_ALL, "C");
	if (!any)
		skip();
}

static void number__fast_says_no_or_the_same(void **state)
{
	static const char *const texts[] = {"", "-", ".", "-.", "1", "-1", "1.", ".1", "12345678",
		"123456789", "-12345678", "1.2345678", "1.23456", "1..", "1.2.", "1-2", "+1", "1e3",
		" 1", "1/2", "1:2", "nan", "\xd9\xa1"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++) {
		double fast, exact;
		size_t len = strlen(texts[i]);

		if (!read_among(rio_number_fast, texts[i], len, '1', &fast))
			continue;
		assert_true(read_among(rio_number_exact, texts[i], len, '1', &exact));
		assert_int_equal(bits_of(fast), bits_of(exact));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number__plain_decimals_are_read),
		cmocka_unit_test(number__zero_keeps_its_sign),
		cmocka_unit_test(number__edges_of_double_are_exact),
		cmocka_unit_test(number__ties_go_to_even),
		cmocka_unit_test(number__words_are_read_in_any_case),
		cmocka_unit_test(number__white_space_around_is_stripped),
		cmocka_unit_test(number__underscores_between_digits_are_skipped),
		cmocka_unit_test(number__unicode_digits_are_digits),
		cmocka_unit_test(number__anything_else_is_refused),
		cmocka_unit_test(number__a_digit_far_behind_breaks_a_tie),
		cmocka_unit_test(number__locale_does_not_matter),
		cmocka_unit_test(number__fast_says_no_or_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
