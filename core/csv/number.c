/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading numbers fast, and never wrongly.
 *
 * Three readers, each for what the one before it leaves over:
 *
 *	number_fast.h    up to 8 bytes of digits and a point, inline
 *	this file        up to 16 in the same way; plain ASCII of any length
 *	number_exact.c   the rest of float()'s grammar, and what is too close to
 *	                 call here
 *
 * A number is w * 10^n, w being its first 19 significant digits, which fit 64
 * bits.  If w < 2^53 and |n| <= 22, or n = 0, doubles hold both factors and one
 * machine operation rounds correctly.  Otherwise 10^n comes from a table:
 *
 *	10^n = (T + t) * 2^k    T of 128 bits, its top bit set, 0 <= t < 1
 *
 * With w shifted up until its top bit is set, w * T has 191 or 192 bits, of
 * which P is the upper 128.  What P misses is less than 1 (the lower 64 bits of
 * w * T) and less than 1 again (w * t, as w < 2^64).  If P's top bit is not set,
 * P is doubled, and so is what it misses:
 *
 *	P <= w * 10^n / 2^k' < P + 4
 *
 *	P:  |1xxxxxxxxx 53 bits xxxxxxxxx|------------- 75 bits: low -------------|
 *
 * A double takes the upper 53 bits, rounded up if what follows is above half
 * of their unit.  If low is above half, so is the true rest: up.  If low + 4 is
 * at most half, the true rest is below it: down.  In between, four values of
 * 2^75, the error or a tie decides, and the exact reader is asked.  No case
 * analysis of ties is needed, nor a proof about which n and w the error hurts.
 *
 * If digits follow behind the 19th, w is short by less than 1, which w's shift,
 * T and the doubling make less than 2^(65 + shift) of P's units: the same
 * question with more slack.  What overflows, underflows or is subnormal is also
 * left to the exact reader.
 *
 * Rejected: a table of half the size that is corrected on use, since a file
 * touches only a few of its rows; long double, which is not everywhere.
 */
#include "csv/number.h"

#include "base/util.h"
#include "csv/number_exact.h"
#include "csv/number_fast.h"
#include "csv/number_tables.h"

#define DIGITS_MAX 19 /* that always fit a uint64_t */

const double rio_number_pow10[23] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* digits * 10^exponent; cut: further digits were left out. */
struct plain {
	uint64_t digits;
	int64_t exponent;
	bool negative;
	bool cut;
};

static inline bool is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') < 10;
}

static inline bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A sign and 9 to 16 bytes of digits with at most one point, as in number_fast.h. */
static inline bool read_sixteen(const uint8_t *p, const uint8_t *end, struct plain *plain)
{
	uint64_t lo, hi, points;
	unsigned shift;
	size_t len;

	*plain = (struct plain){.negative = *p == '-'};
	p += plain->negative;
	len = (size_t)(end - p);
	if (len - 9 >= 8)
		return false;
	shift = (unsigned)(128 - 8 * len);
	lo = rio_number_load8(p);
	hi = rio_number_load8(p + 8) << shift | lo >> 8 >> (56 - shift);
	lo <<= shift;

	points = rio_number_points(hi);
	if (points) {
		shift = (unsigned)__builtin_ctzll(points) - 7;
		hi = rio_number_squeeze(hi, shift) | lo >> 56;
		lo <<= 8;
		plain->exponent = (int)(shift / 8) - 7;
	} else if ((points = rio_number_points(lo))) {
		shift = (unsigned)__builtin_ctzll(points) - 7;
		lo = rio_number_squeeze(lo, shift);
		plain->exponent = (int)(shift / 8) - 15;
	}
	plain->digits = rio_number_fold8(lo) * 100000000 + rio_number_fold8(hi);
	return !(rio_number_others(lo) | rio_number_others(hi));
}

/*
 * Append the digits at p to *digits (modulo 2^64), and return where they end:
 * eight at a time, then what is left.  A branch that is foreseen costs less
 * than a length to wait for, so the last few are looped over.
 */
static inline const uint8_t *read_digits(const uint8_t *p, const uint8_t *end, uint64_t *digits)
{
	for (; end - p >= 8; p += 8) {
		uint64_t x = rio_number_load8(p);

		if (rio_number_others(x))
			break;
		*digits = *digits * 100000000 + rio_number_fold8(x);
	}
	for (; p < end && is_digit(*p); p++)
		*digits = *digits * 10 + (*p - '0');
	return p;
}

/* What is behind an e: NULL if that is no exponent, or too long a one to bother. */
static inline const uint8_t *read_exponent(const uint8_t *p, const uint8_t *end, int64_t *exponent)
{
	bool negative = *p == '-';
	const uint8_t *begin = p += negative | (*p == '+');
	int64_t value = 0;

	for (; p < end && is_digit(*p) && p - begin < 8; p++)
		value = value * 10 + (*p - '0');
	*exponent += (value ^ -(int64_t)negative) + negative;
	return p == begin ? NULL : p;
}

/* The first 19 significant ones of the digits at p; a point may be among them. */
static __attribute__((noinline)) uint64_t first_digits(
	const uint8_t *p, size_t nr_digits, size_t *ret_nr_cut)
{
	uint64_t digits = 0;
	size_t nr = 0;

	for (; nr_digits && nr < DIGITS_MAX; p++) {
		if (*p == '.')
			continue;
		digits = digits * 10 + (*p - '0');
		nr_digits--;
		nr += digits != 0;
	}
	*ret_nr_cut = nr_digits;
	return digits;
}

/*
 * Sign, digits, point, exponent; false for anything that needs another look.
 * The byte at end may be taken for a sign, here and behind an e: no digit then
 * follows, so that only a text without digits is refused for it.
 */
static inline bool read_plain(const uint8_t *p, const uint8_t *end, struct plain *plain)
{
	const uint8_t *begin;
	size_t nr_digits;

	*plain = (struct plain){.negative = *p == '-'};
	p += plain->negative | (*p == '+');
	begin = p;
	p = read_digits(p, end, &plain->digits);
	nr_digits = (size_t)(p - begin);
	if (p < end && *p == '.') {
		const uint8_t *behind = ++p;

		p = read_digits(p, end, &plain->digits);
		plain->exponent = behind - p;
		nr_digits += (size_t)(p - behind);
	}
	if (nr_digits == 0)
		return false;
	if (p < end && (*p | 0x20) == 'e') {
		p = read_exponent(p + 1, end, &plain->exponent);
		if (!p)
			return false;
	}
	if (p != end)
		return false;
	if (rio_unlikely(nr_digits > DIGITS_MAX)) {
		size_t nr_cut;

		plain->digits = first_digits(begin, nr_digits, &nr_cut);
		plain->exponent += (int64_t)nr_cut;
		plain->cut = nr_cut > 0;
	}
	return true;
}

/* Round by the table of powers, as drawn at the top; false where it cannot tell. */
static inline bool round_by_table(uint64_t w, int64_t n, bool cut, double *ret)
{
	const unsigned __int128 unit = (unsigned __int128)1 << 75, half = unit / 2;
	unsigned __int128 product, low, slack;
	int shift = __builtin_clzll(w), exponent;
	const struct rio_number_power *t;
	uint64_t bits;
	bool doubled;

	if (n < RIO_POW10_MIN || n > RIO_POW10_MAX)
		return false;
	t = &rio_number_powers[n - RIO_POW10_MIN];
	w <<= shift;
	product = (unsigned __int128)w * t->hi + ((unsigned __int128)w * t->lo >> 64);
	doubled = !(product >> 127);
	product += product & -(unsigned __int128)doubled;

	/* 217706 / 2^16 is log2(10): the table's maker checks it for every n. */
	exponent = (int)((217706 * n) >> 16) + 1087 - doubled - shift;
	if (exponent < 1 || exponent > 2046)
		return false;
	low = product % unit;
	slack = 3 + (cut ? (unsigned __int128)1 << (65 + shift) : 0);
	if (rio_unlikely(half - low <= slack))
		return false;

	/* The mantissa's hidden bit, and a carry out of it, add to the exponent. */
	bits = ((uint64_t)(exponent - 1) << 52) + (uint64_t)(product / unit) + (low > half);
	memcpy(ret, &bits, sizeof(bits));
	return true;
}

static inline bool round_plain(const struct plain *plain, double *ret)
{
	uint64_t w = plain->digits;
	int64_t n = plain->exponent;
	double value;

	if (w == 0)
		value = 0;
	else if (n == 0 && !plain->cut)
		value = (double)w;
	else if (w >> 53 == 0 && n >= -22 && n <= 22)
		value = n < 0 ? (double)w / rio_number_pow10[-n] : (double)w * rio_number_pow10[n];
	else if (!round_by_table(w, n, plain->cut, &value))
		return false;
	*ret = rio_number_signed(value, plain->negative);
	return true;
}

/* What is not so short and plain; apart, so that the rest needs no stack. */
static __attribute__((noinline)) bool read_any(
	const uint8_t *begin, const uint8_t *end, double *ret)
{
	struct plain plain;

	while (begin < end && is_space(*begin))
		begin++;
	while (begin < end && is_space(end[-1]))
		end--;
	return ((read_sixteen(begin, end, &plain) || read_plain(begin, end, &plain)) &&
		       round_plain(&plain, ret)) ||
	       rio_number_exact(begin, end, ret);
}

bool rio_number_parse(const uint8_t *begin, const uint8_t *end, double *ret)
{
	return rio_number_fast(begin, end, ret) || read_any(begin, end, ret);
}
