/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number that a CSV file is full of, read without a call: a minus or
 * none, then one to eight bytes of digits with at most one point.
 *
 * Eight bytes are worked on in one register.  The text's last byte stands in
 * the top one, so a shorter text has zeros in front, as digits should:
 *
 *	"12.34"   bytes      . . . 1 2 . 3 4    (low … high; '.' here is nothing)
 *	          ^ '0'      0 0 0 1 2 P 3 4    P = '.' ^ '0' = 0x1e
 *	          P taken    0 0 0 0 1 2 3 4    what stood before it moves up
 *
 * and three multiplications fold neighbours: digits to pairs, to fours, to the
 * whole.  1234 and 10^2 are both exact as doubles, and a division rounds
 * correctly, so the quotient is the nearest double to 12.34.
 *
 * A single digit, most of all cells of some files, is spared even that.
 *
 * Below it: libc only.  Users outside of csv want csv/number.h.
 */
#ifndef RIO_CSV_NUMBER_FAST_H
#define RIO_CSV_NUMBER_FAST_H

#include <endian.h>
#include <float.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A division must round once, to double: true wherever there is SSE2 or better. */
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16,
	"double arithmetic must not carry extra bits");

#define RIO_NUMBER_BYTES(c) (0x0101010101010101U * (uint8_t)(c))

/* 10^0 … 10^22: those that a double holds exactly. */
extern const double rio_number_pow10[23];

/* Eight bytes at p, xor '0', the first one lowest: a digit is its value. */
static inline uint64_t rio_number_load8(const uint8_t *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x) ^ RIO_NUMBER_BYTES('0');
}

/* Not 0 where a byte of x is above 9; the lowest bit set is in the first such. */
static inline uint64_t rio_number_others(uint64_t x)
{
	return ((x + RIO_NUMBER_BYTES(0x7f - 9)) | x) & RIO_NUMBER_BYTES(0x80);
}

/* Eight digits, the first one lowest, as the number that they write. */
static inline uint64_t rio_number_fold8(uint64_t x)
{
	const uint64_t mask = 0x000000ff000000ff;

	x = x * 10 + (x >> 8);
	return ((x & mask) * (100 + (UINT64_C(1000000) << 32)) +
		       ((x >> 16) & mask) * (1 + (UINT64_C(10000) << 32))) >>
	       32;
}

/* Not 0 where a byte of x is a point; the lowest bit set is the top of the first. */
static inline uint64_t rio_number_points(uint64_t x)
{
	x ^= RIO_NUMBER_BYTES('.' ^ '0');
	return (x - RIO_NUMBER_BYTES(1)) & ~x & RIO_NUMBER_BYTES(0x80);
}

/* Take the byte at shift out of x: those before it, the lower ones, move up. */
static inline uint64_t rio_number_squeeze(uint64_t x, unsigned shift)
{
	uint64_t before = (UINT64_C(1) << shift) - 1;

	return (x & before) << 8 | (x & (~UINT64_C(0xff) << shift));
}

static inline double rio_number_signed(double value, bool negative)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	bits ^= (uint64_t)negative << 63;
	memcpy(&value, &bits, sizeof(bits));
	return value;
}

/*
 * Read [begin, end) if it is as plain as said above: true and *ret.  False
 * says nothing about the text: rio_number_parse must be asked.  Up to 8 bytes
 * behind begin are read whatever end is.
 */
static inline bool rio_number_fast(const uint8_t *begin, const uint8_t *end, double *ret)
{
	bool negative = begin[0] == '-';
	const uint8_t *p = begin + negative;
	size_t len = (size_t)(end - p), nr_behind = 0;
	uint64_t x, points;

	if (end - begin == 1 && (uint8_t)(*begin - '0') < 10) {
		*ret = *begin - '0';
		return true;
	}
	if (len - 1 >= 8)
		return false;
	x = rio_number_load8(p) << (64 - 8 * len);

	points = rio_number_points(x);
	if (points) {
		unsigned shift = (unsigned)__builtin_ctzll(points) - 7;

		if (len == 1)
			return false;
		nr_behind = 7 - shift / 8;
		x = rio_number_squeeze(x, shift);
	}
	if (rio_number_others(x))
		return false;
	*ret = rio_number_signed(
		(double)(int64_t)rio_number_fold8(x) / rio_number_pow10[nr_behind], negative);
	return true;
}

#endif
