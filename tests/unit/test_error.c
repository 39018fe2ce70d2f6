/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: whole characters, one line, always terminated. */
#include "unit.h"

#include <errno.h>

static void fail__fills_the_error_and_returns_its_code(void **state)
{
	struct rio_error err;

	memset(&err, 'x', sizeof(err));
	assert_int_equal(rio_fail(&err, RIO_EPAST_END, "%d of %s", 3, "x"), RIO_EPAST_END);
	assert_int_equal(err.code, RIO_EPAST_END);
	assert_string_equal(err.message, "3 of x");
	assert_string_equal(err.file, "");
	assert_int_equal(err.sys_errno, 0);
	assert_int_equal(err.line, 0);
	assert_int_equal(rio_fail(NULL, RIO_EROW, "nobody asks"), RIO_EROW);
}

static void fail_errno__adds_the_systems_words(void **state)
{
	struct rio_error err;

	assert_int_equal(rio_fail_errno(&err, ENOENT, "cannot open %s", "x"), RIO_ESYSTEM);
	assert_int_equal(err.code, RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, ENOENT);
	assert_string_equal(err.message, "cannot open x: No such file or directory");
	assert_int_equal(rio_fail_errno(NULL, ENOENT, "nobody asks"), RIO_ESYSTEM);
}

/* Text of n ASCII bytes and then three-byte characters, longer than any room. */
static void fill(char *text, size_t bytes, size_t n)
{
	memset(text, 'a', n);
	for (; n + 4 < bytes; n += 3)
		memcpy(text + n, "€", 3);
	text[n] = '\0';
}

/* Whether text ends with "…" behind whole characters that fill expected. */
static void check_cut(const char *text, size_t room, size_t nr_ascii)
{
	size_t len = strlen(text), whole;

	assert_in_range(len, room - 1 - 3, room - 1);
	assert_string_equal(text + len - 3, "…");
	whole = len - 3;
	assert_int_equal((whole - nr_ascii) % 3, 0);
	for (size_t i = nr_ascii; i < whole; i += 3)
		assert_memory_equal(text + i, "€", 3);
}

static void error__long_texts_are_cut_behind_a_whole_character(void **state)
{
	char text[2000];

	for (size_t n = 0; n < 6; n++) {
		struct rio_error err = {0};

		fill(text, sizeof(text), n);
		rio_error_set_file(&err, text);
		check_cut(err.file, sizeof(err.file), n);
		rio_fail(&err, RIO_EROW, "%s", text);
		check_cut(err.message, sizeof(err.message), n);
		rio_fail_errno(&err, EIO, "%s", text);
		check_cut(err.message, sizeof(err.message), n);
	}
}

static void error__texts_that_just_fit_are_not_cut(void **state)
{
	char text[sizeof(((struct rio_error *)NULL)->message)];
	struct rio_error err = {0};

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	rio_error_set_file(&err, text);
	assert_string_equal(err.file, text);
	rio_fail(&err, RIO_EROW, "%s", text);
	assert_string_equal(err.message, text);

	/* A reason that lacks room for one byte is cut too. */
	text[sizeof(text) - 1 - strlen(": Input/output error")] = '\0';
	rio_fail_errno(&err, EIO, "%s", text);
	assert_string_equal(err.message + sizeof(err.message) - 7, " error");
	rio_fail_errno(&err, EIO, "a%s", text);
	assert_string_equal(err.message + sizeof(err.message) - 7, "t e…");
}

static void error__the_file_is_set_once(void **state)
{
	struct rio_error err = {0};

	rio_error_set_file(&err, "lower.csv");
	rio_error_set_file(&err, "upper.csv");
	assert_string_equal(err.file, "lower.csv");
	rio_error_set_file(NULL, "nobody asks");
}

static void format__says_as_much_of_the_place_as_is_known(void **state)
{
	struct rio_error err;
	char text[RIO_ERROR_TEXT_BYTES], tiny[4];

	rio_fail(&err, RIO_EROW, "bad");
	assert_string_equal(rio_error_format(&err, text, sizeof(text)), "bad");
	rio_error_set_file(&err, "a.csv");
	assert_string_equal(rio_error_format(&err, text, sizeof(text)), "a.csv: bad");
	err.line = UINT64_MAX;
	err.column = UINT64_MAX;
	assert_string_equal(rio_error_format(&err, text, sizeof(text)),
		"a.csv:18446744073709551615:18446744073709551615: bad");
	assert_string_equal(rio_error_format(&err, tiny, sizeof(tiny)), "a.c");
}

static void format__the_longest_error_fits(void **state)
{
	struct rio_error err = {.line = UINT64_MAX, .column = UINT64_MAX};
	char text[RIO_ERROR_TEXT_BYTES];

	memset(err.file, 'f', sizeof(err.file) - 1);
	memset(err.message, 'm', sizeof(err.message) - 1);
	rio_error_format(&err, text, sizeof(text));
	assert_string_equal(text + strlen(text) - 2, "mm");
	assert_true(strlen(text) < sizeof(text) - 1);
}

static const struct {
	const char *bytes;
	size_t len_bytes;
	const char *quoted; /* without the quotes */
} cells[] = {
	{"", 0, ""},
	{"abc", 3, "abc"},
	{"it's", 4, "it's"},
	{"a\0b", 3, "a\\x00b"},
	{"a\nb\r\t\x1b[0m\x7f", 10, "a\\x0ab\\x0d\\x09\\x1b[0m\\x7f"},
	{"é € 😀", 11, "é € 😀"},
	{"\xff", 1, "\\xff"},
	{"\x80", 1, "\\x80"},
	{"\xc3", 1, "\\xc3"},               /* cut off */
	{"\xc3(", 2, "\\xc3("},             /* no continuation */
	{"\xe2\x82", 2, "\\xe2\\x82"},
	{"\xf0\x9f\x98", 3, "\\xf0\\x9f\\x98"},
	{"\xc0\x80", 2, "\\xc0\\x80"},      /* overlong forms */
	{"\xc1\xbf", 2, "\\xc1\\xbf"},
	{"\xe0\x9f\xbf", 3, "\\xe0\\x9f\\xbf"},
	{"\xf0\x8f\xbf\xbf", 4, "\\xf0\\x8f\\xbf\\xbf"},
	{"\xed\xa0\x80", 3, "\\xed\\xa0\\x80"},           /* a surrogate */
	{"\xed\x9f\xbf\xee\x80\x80", 6, "\xed\x9f\xbf\xee\x80\x80"}, /* around them */
	{"\xf4\x8f\xbf\xbf", 4, "\xf4\x8f\xbf\xbf"},      /* the last of Unicode */
	{"\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80"},  /* behind it */
	{"\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80"},
	{"\xc2\x9b" "2J", 4, "\\xc2\\x9b" "2J"},          /* a control in two bytes */
	{"\xc2\xa0", 2, "\xc2\xa0"},
};

static void quote_cell__shows_bytes_as_a_reader_should_see_them(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(cells); i++) {
		char text[RIO_QUOTED_TEXT_BYTES], expected[RIO_QUOTED_TEXT_BYTES];
		uint8_t *exact = malloc(cells[i].len_bytes + 1);

		/* At the end of an allocation, so that a read behind it is seen. */
		memcpy(exact + 1, cells[i].bytes, cells[i].len_bytes);
		snprintf(expected, sizeof(expected), "'%s'", cells[i].quoted);
		rio_quote_cell(exact + 1, cells[i].len_bytes, text, sizeof(text));
		assert_string_equal(text, expected);
		free(exact);
	}
}

static void quote_cell__cuts_long_cells_between_characters(void **state)
{
	static const char *const units[] = {"a", "é", "€", "😀", "\n"};

	for (size_t u = 0; u < RIO_ARRAY_SIZE(units); u++) {
		size_t unit_bytes = strlen(units[u]);
		const char *shown = units[u][0] == '\n' ? "\\x0a" : units[u];
		char cell[396], text[RIO_QUOTED_TEXT_BYTES];
		size_t n;

		for (size_t i = 0; i < sizeof(cell); i += unit_bytes)
			memcpy(cell + i, units[u], unit_bytes);
		rio_quote_cell((const uint8_t *)cell, sizeof(cell), text, sizeof(text));
		n = strlen(text) - strlen("'…'");
		assert_in_range(n, 38, 44);
		assert_int_equal(text[0], '\'');
		assert_string_equal(text + 1 + n, "…'");
		assert_int_equal(n % strlen(shown), 0);
		for (size_t i = 0; i < n; i += strlen(shown))
			assert_memory_equal(text + 1 + i, shown, strlen(shown));
	}
}

static void quote_cell__stays_within_any_room(void **state)
{
	static const char *const texts[] = {"", "a", "abcdefghijklmnopqrst", "€€€€€€€€",
		"\n\n\n\n\n\n\n", "😀😀😀😀😀😀"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		for (size_t room = 0; room <= RIO_QUOTED_TEXT_BYTES; room++) {
			char *text = malloc(room + 1);

			memset(text, '~', room + 1);
			rio_quote_cell((const uint8_t *)texts[i], strlen(texts[i]), text, room);
			assert_int_equal(text[room], '~');
			if (room)
				assert_non_null(memchr(text, '\0', room));
			if (room && text[0])
				assert_int_equal(text[strlen(text) - 1], '\'');
			free(text);
		}
}

static void quote_name__uses_double_quotes(void **state)
{
	char text[RIO_QUOTED_TEXT_BYTES];

	assert_string_equal(rio_quote_name("price\n(€)", text, sizeof(text)),
		"\"price\\x0a(€)\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fail__fills_the_error_and_returns_its_code),
		cmocka_unit_test(fail_errno__adds_the_systems_words),
		cmocka_unit_test(error__long_texts_are_cut_behind_a_whole_character),
		cmocka_unit_test(error__texts_that_just_fit_are_not_cut),
		cmocka_unit_test(error__the_file_is_set_once),
		cmocka_unit_test(format__says_as_much_of_the_place_as_is_known),
		cmocka_unit_test(format__the_longest_error_fits),
		cmocka_unit_test(quote_cell__shows_bytes_as_a_reader_should_see_them),
		cmocka_unit_test(quote_cell__cuts_long_cells_between_characters),
		cmocka_unit_test(quote_cell__stays_within_any_room),
		cmocka_unit_test(quote_name__uses_double_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
