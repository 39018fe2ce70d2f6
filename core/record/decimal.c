/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decimal of 6 digits survives the way through a float32 (15: float64), so if the
 * shortest text has no more, printing 6 and dropping zeros gives it; else 7, 8 or 9 (16
 * or 17) are tried, and read back.  Below the normal range fewer digits may do, and all
 * counts are tried.
 *
 * Rounding to n digits gives the nearest of them, and if any reads back, that does; but
 * for powers of two, below which values lie twice as dense as above:
 *
 *	... x-d/2 . x ....... x+d ...       the nearest may be too low, and the
 *	        ^ nearest   ^ next          next one up still be within
 *
 * A table-driven algorithm (Ryu) would be ten times as fast and ten times as long.
 */
#include "record/decimal.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DIGITS = 17 };

static bool reads_back(const char *text, double value, bool is_f32)
{
	return is_f32 ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
}

/* "1.29e+05" -> "1.30e+05"; nines all through are left alone. */
static void step_up(char *text)
{
	char *p = strchr(text, 'e') - 1;

	for (; *p == '9' && p > text; p -= p[-1] == '.' ? 2 : 1)
		*p = '0';
	if (*p >= '0' && *p < '9')
		++*p;
}

static bool try_next(double value, int nr_digits, bool is_f32, char *text)
{
	int exponent;

	if (fabs(frexp(value, &exponent)) != 0.5)
		return false;
	snprintf(text, RIO_DECIMAL_BYTES, "%.*e", nr_digits - 1, value);
	step_up(text);
	return reads_back(text, value, is_f32);
}

static char *print(double value, bool is_f32, char *text)
{
	bool is_normal = fabs(value) >= (is_f32 ? FLT_MIN : DBL_MIN);
	int nr_digits = !is_normal ? 1 : is_f32 ? FLT_DIG : DBL_DIG;

	for (; nr_digits <= MOST_DIGITS; nr_digits++) {
		snprintf(text, RIO_DECIMAL_BYTES, "%.*g", nr_digits, value);
		if (reads_back(text, value, is_f32) || try_next(value, nr_digits, is_f32, text))
			break;
	}
	if (!strpbrk(text, ".e"))
		strcat(text, ".0");
	return text;
}

char *rio_decimal_f32(float value, char text[RIO_DECIMAL_BYTES])
{
	return print((double)value, true, text);
}

char *rio_decimal_f64(double value, char text[RIO_DECIMAL_BYTES])
{
	return print(value, false, text);
}
