/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What numbers a column holds: how many, from where to where, and a small histogram.
 * One pass, constant memory, and the same result in whatever order and in however many
 * parts the numbers came.
 *
 * Below it: libc only.
 */
#ifndef RIO_SURVEY_RANGE_H
#define RIO_SURVEY_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#define RIO_RANGE_BINS 16

/*
 * Bin i counts what lies in [(first + i) * 2^exponent, (first + i + 1) * 2^exponent).
 * Zeroed is empty.
 */
struct rio_range {
	uint64_t nr_numbers;  /* finite ones */
	uint64_t nr_infinite;
	uint64_t nr_missing;
	uint64_t nr_text;
	double min, max;      /* of the finite ones */
	int64_t first;
	double scale;         /* 2^-exponent */
	int exponent;
	uint64_t bins[RIO_RANGE_BINS];
};

/* Count a number that is not NaN. */
void rio_range_add(struct rio_range *range, double value);

/* Count all that other has. */
void rio_range_merge(struct rio_range *range, const struct rio_range *other);

/* The bins in use, from the one with the minimum to the one with the maximum; how many. */
unsigned rio_range_bins(const struct rio_range *range, const uint64_t **ret_bins);

#endif
