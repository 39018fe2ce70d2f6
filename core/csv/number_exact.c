/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The complete and slow reader of numbers.
 *
 * Grammar.  Python's float() first turns Unicode's decimal digits into ASCII's
 * and Unicode's white space into blanks, strips, and then reads ASCII.  So
 * does this, a character at a time: `struct text` shows one ASCII character,
 * and '?' for whatever can be no part of a number, invalid UTF-8 included.
 * Underscores are allowed between two digits, which is to say: only where a
 * run of digits goes on.
 *
 * Rounding.  libc's strtod is correctly rounded for any length of text, but
 * wants a terminated one, knows hexadecimal, and takes its point from the
 * locale.  It therefore gets a text of ours, which every locale reads alike:
 * digits and an exponent, as in "1234e-2".  That text is of bounded length,
 * so nothing is allocated and nothing can fail.
 *
 * Bounded, because rounding asks one question: on which side of a value
 * halfway between two neighbouring doubles does the number lie?  Such a value
 * is m * 2^-1075 at the finest, m < 2^54, and has at most 767 significant
 * digits.  A number is compared with it by its first 767 digits and by whether
 * anything but zeros follows; so beyond DIGITS_MAX all digits are replaced by a
 * single 1, unless they are all zeros.
 *
 * Rejected: big-integer arithmetic of our own, which would be a second exact
 * strtod for one text in millions.
 */
#include "csv/number_exact.h"

#include "base/util.h"
#include "csv/number_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	DIGITS_MAX = 800,
	END = -1,
};

/* What exponents are cut to while read, and when written: both beyond any sense. */
#define EXPONENT_READ_MAX    (INT64_MAX / 32)
#define EXPONENT_WRITTEN_MAX 100000

struct text {
	const uint8_t *next; /* behind c */
	const uint8_t *end;
	int c; /* ASCII, '?' for what is no part of a number, or END */
};

/* 0.d1d2d3… * 10^point, without zeros in front. */
struct decimal {
	char digits[DIGITS_MAX + 1 + sizeof("e-9223372036854775808")];
	size_t nr_digits;
	bool more; /* there were further digits, not all zeros */
	int64_t point;
};

/* Decode a well-formed UTF-8 sequence of two bytes or more, or return 0. */
static uint32_t decode(const uint8_t **p, const uint8_t *end)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *s = *p;
	int len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t code = s[0] & (0x7fU >> len);

	if (s[0] < 0xc0 || s[0] >= 0xf8 || end - s < len)
		return 0;
	for (int i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	*p += len;
	return code < least[len] ? 0 : code;
}

/* What float() sees in place of a character beyond ASCII. */
static int to_ascii(uint32_t code)
{
	for (size_t i = 0; i < rio_number_nr_spaces; i++)
		if (code >= rio_number_spaces[i].first && code <= rio_number_spaces[i].last)
			return ' ';
	for (size_t i = 0; i < rio_number_nr_zeros; i++)
		if (code - rio_number_zeros[i] < 10)
			return (int)('0' + (code - rio_number_zeros[i]));
	return '?';
}

static void advance(struct text *text)
{
	if (text->next == text->end)
		text->c = END;
	else if (*text->next < 0x80)
		text->c = *text->next++;
	else
		text->c = to_ascii(decode(&text->next, text->end));
}

static bool at_digit(const struct text *text)
{
	return text->c >= '0' && text->c <= '9';
}

static void skip_spaces(struct text *text)
{
	while (text->c == ' ' || (text->c >= '\t' && text->c <= '\r'))
		advance(text);
}

/* To the next digit of the run; false at its end, where text stands behind it. */
static bool next_digit(struct text *text, bool *bad)
{
	advance(text);
	if (text->c != '_')
		return at_digit(text);
	advance(text);
	*bad |= !at_digit(text);
	return at_digit(text);
}

static void push_digit(struct decimal *decimal, int c)
{
	if (decimal->nr_digits < DIGITS_MAX)
		decimal->digits[decimal->nr_digits++] = (char)c;
	else
		decimal->more |= c != '0';
}

/* Digits, with a point before, among or behind them. */
static bool read_mantissa(struct text *text, struct decimal *decimal)
{
	bool any = false, bad = false, behind = false;

	for (;;) {
		bool more = at_digit(text);

		for (; more; more = next_digit(text, &bad)) {
			bool zero_in_front = text->c == '0' && !decimal->nr_digits;

			any = true;
			if (!zero_in_front)
				push_digit(decimal, text->c);
			decimal->point += (!zero_in_front && !behind) - (zero_in_front && behind);
		}
		if (behind || text->c != '.')
			return any && !bad;
		behind = true;
		advance(text);
	}
}

/* "e", a sign or none, digits; or nothing. */
static bool read_exponent(struct text *text, struct decimal *decimal)
{
	bool negative, bad = false;
	int64_t exponent = 0;

	if (text->c != 'e' && text->c != 'E')
		return true;
	advance(text);
	negative = text->c == '-';
	if (negative || text->c == '+')
		advance(text);
	if (!at_digit(text))
		return false;
	do
		exponent = RIO_MIN(exponent * 10 + (text->c - '0'), EXPONENT_READ_MAX);
	while (next_digit(text, &bad));
	decimal->point += negative ? -exponent : exponent;
	return !bad;
}

static double round_decimal(struct decimal *decimal)
{
	size_t n = decimal->nr_digits;
	int64_t exponent;

	if (n == 0)
		return 0;
	if (decimal->more)
		decimal->digits[n++] = '1';
	exponent = decimal->point - (int64_t)n;
	exponent = RIO_MAX(RIO_MIN(exponent, EXPONENT_WRITTEN_MAX), -EXPONENT_WRITTEN_MAX);
	snprintf(decimal->digits + n, sizeof(decimal->digits) - n, "e%d", (int)exponent);
	return strtod(decimal->digits, NULL);
}

/* An ASCII word in small letters, written in any. */
static bool read_word(struct text *text, const char *word)
{
	for (; *word; word++, advance(text))
		if ((text->c | 0x20) != *word)
			return false;
	return true;
}

static bool read_value(struct text *text, double *ret)
{
	struct decimal decimal = {.nr_digits = 0};

	if (text->c == 'i' || text->c == 'I') {
		*ret = INFINITY;
		return read_word(text, "inf") &&
		       ((text->c != 'i' && text->c != 'I') || read_word(text, "inity"));
	}
	if (text->c == 'n' || text->c == 'N') {
		*ret = __builtin_nan("");
		return read_word(text, "nan");
	}
	if (!read_mantissa(text, &decimal) || !read_exponent(text, &decimal))
		return false;
	*ret = round_decimal(&decimal);
	return true;
}

bool rio_number_exact(const uint8_t *begin, const uint8_t *end, double *ret)
{
	struct text text = {.next = begin, .end = end};
	double value;
	bool negative;

	advance(&text);
	skip_spaces(&text);
	negative = text.c == '-';
	if (negative || text.c == '+')
		advance(&text);
	if (!read_value(&text, &value))
		return false;
	skip_spaces(&text);
	if (text.c != END)
		return false;
	*ret = copysign(value, negative ? -1.0 : 1.0);
	return true;
}
