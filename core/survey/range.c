/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a histogram's bins should lie is known once all numbers are; but two passes are
 * one too many.  So bins are 2^exponent wide and begin at multiples of that: when a
 * number lies outside, widths double, and each pair of neighbours becomes one bin,
 * which loses nothing:
 *
 *	exponent 0   | 0 | 1 | 2 | 3 | 4 | 5 |
 *	exponent 1   |   0   |   1   |   2   |
 *
 * The exponent is the smallest that holds all numbers in the bins that there are, and
 * large enough that a bin's number is an exact double.  It depends on the extremes
 * alone, so order does not matter.
 */
#include "survey/range.h"

#include <math.h>
#include <string.h>

/* Below this, 2^-exponent is no finite double. */
enum { EXPONENT_MIN = -1000 };

/* The smallest exponent at which bin numbers of that size are exact. */
static int exponent_of(double value)
{
	int exponent;

	frexp(value, &exponent);
	return value == 0 || exponent - 53 < EXPONENT_MIN ? EXPONENT_MIN : exponent - 53;
}

static void set_exponent(struct rio_range *range, int exponent)
{
	range->exponent = exponent;
	range->scale = ldexp(1, -exponent);
}

/* A tiny negative value, scaled down, is -0, and belongs below 0 all the same. */
static double bin_at(double scale, double value)
{
	double bin = floor(value * scale);

	return bin == 0 && value < 0 ? -1 : bin;
}

static int64_t bin_of(const struct rio_range *range, double value)
{
	return (int64_t)bin_at(range->scale, value);
}

/* Make bins twice as wide. */
static void widen(struct rio_range *range)
{
	int64_t first = range->first >= 0 ? range->first / 2 : -((1 - range->first) / 2);
	uint64_t bins[RIO_RANGE_BINS] = {0};

	for (int i = 0; i < RIO_RANGE_BINS; i++) {
		int64_t bin = range->first + i;

		bins[(bin >= 0 ? bin / 2 : -((1 - bin) / 2)) - first] += range->bins[i];
	}
	memcpy(range->bins, bins, sizeof(bins));
	range->first = first;
	set_exponent(range, range->exponent + 1);
}

/* Whether all from low to high fits the bins at some exponent. */
static bool fits(double low, double high, int exponent)
{
	double scale = ldexp(1, -exponent);

	return bin_at(scale, high) - bin_at(scale, low) < RIO_RANGE_BINS;
}

/* Widen until all from low to high fits; low's bin, at or below all in use, becomes the first. */
static void hold(struct rio_range *range, double low, double high, int exponent)
{
	int shift;

	while (!fits(low, high, exponent))
		exponent++;
	while (range->exponent < exponent)
		widen(range);
	shift = (int)(range->first - bin_of(range, low));
	memmove(range->bins + shift, range->bins,
		(size_t)(RIO_RANGE_BINS - shift) * sizeof(*range->bins));
	memset(range->bins, 0, (size_t)shift * sizeof(*range->bins));
	range->first -= shift;
}

static void begin(struct rio_range *range, double value)
{
	range->min = range->max = value;
	set_exponent(range, exponent_of(value));
	range->first = bin_of(range, value);
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

static void extend(struct rio_range *range, double value)
{
	double low = fmin(range->min, value), high = fmax(range->max, value);

	hold(range, low, high, max_int(range->exponent, exponent_of(value)));
	range->min = low;
	range->max = high;
}

void rio_range_add(struct rio_range *range, double value)
{
	if (isinf(value)) {
		range->nr_infinite++;
		return;
	}
	if (!range->nr_numbers)
		begin(range, value);
	else if (value < range->min || value > range->max)
		extend(range, value);
	range->nr_numbers++;
	range->bins[bin_of(range, value) - range->first]++;
}

static void merge_bins(struct rio_range *range, struct rio_range other)
{
	double low = fmin(range->min, other.min), high = fmax(range->max, other.max);
	int exponent = max_int(range->exponent, other.exponent);

	hold(range, low, high, exponent);
	hold(&other, low, high, range->exponent);
	for (int i = 0; i < RIO_RANGE_BINS; i++)
		range->bins[i] += other.bins[i];
	range->min = low;
	range->max = high;
	range->nr_numbers += other.nr_numbers;
}

void rio_range_merge(struct rio_range *range, const struct rio_range *other)
{
	struct rio_range counts = *range;

	if (other->nr_numbers && !range->nr_numbers)
		*range = *other;
	else if (other->nr_numbers)
		merge_bins(range, *other);
	range->nr_infinite = counts.nr_infinite + other->nr_infinite;
	range->nr_missing = counts.nr_missing + other->nr_missing;
	range->nr_text = counts.nr_text + other->nr_text;
}

unsigned rio_range_bins(const struct rio_range *range, const uint64_t **ret_bins)
{
	*ret_bins = range->bins;
	return range->nr_numbers ? (unsigned)(bin_of(range, range->max) - range->first) + 1 : 0;
}
