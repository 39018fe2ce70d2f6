/* SPDX-License-Identifier: Apache-2.0 */
/* What number_tables.py computes when the library is built: see there. */
#ifndef RIO_CSV_NUMBER_TABLES_H
#define RIO_CSV_NUMBER_TABLES_H

#include <stddef.h>
#include <stdint.h>

/* Outside of these powers of ten, a number of 19 digits is no normal double. */
#define RIO_POW10_MIN (-327)
#define RIO_POW10_MAX 308

/* 10^n = (hi * 2^64 + lo + less than 1) * 2^k, with the top bit of hi set. */
struct rio_number_power {
	uint64_t hi;
	uint64_t lo;
};
extern const struct rio_number_power rio_number_powers[RIO_POW10_MAX - RIO_POW10_MIN + 1];

/*
 * The doubles nearest to 10^-115 … 10^99; that of 10^0 is at RIO_SCALE_ORIGIN.  A
 * mantissa of 16 digits, 0 to 16 of them before the point, needs them with a
 * two-digit exponent.
 */
#define RIO_SCALE_ORIGIN 115
extern const double rio_number_scales[RIO_SCALE_ORIGIN + 100];

/* The zeros of Unicode's decimal digits beyond ASCII; 1 to 9 follow each of them. */
extern const uint32_t rio_number_zeros[];
extern const size_t rio_number_nr_zeros;

/* Unicode's white space beyond ASCII. */
struct rio_number_range {
	uint32_t first;
	uint32_t last;
};
extern const struct rio_number_range rio_number_spaces[];
extern const size_t rio_number_nr_spaces;

#endif
