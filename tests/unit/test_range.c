/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges and their histograms: every number in its bin, whatever the order and the parts. */
#include "unit.h"

#include "survey/range.h"

#include <math.h>

static struct rio_range range_of(const double *values, size_t nr)
{
	struct rio_range range = {0};

	for (size_t i = 0; i < nr; i++)
		rio_range_add(&range, values[i]);
	return range;
}

static void range__counts_what_is_there(void **state)
{
	static const double values[] = {3, -1, 7.5, INFINITY, 0, -INFINITY, 3};
	struct rio_range range = range_of(values, RIO_ARRAY_SIZE(values));
	const uint64_t *bins;

	assert_int_equal(range.nr_numbers, 5);
	assert_int_equal(range.nr_infinite, 2);
	assert_true(range.min == -1 && range.max == 7.5);
	assert_int_equal(rio_range_bins(&(struct rio_range){0}, &bins), 0);
	/* Of width 1: -1, 0, …, 7. */
	assert_int_equal(rio_range_bins(&range, &bins), 9);
	assert_true(range.scale == 1 && range.first == -1);
	assert_true(bins[0] == 1 && bins[1] == 1 && bins[4] == 2 && bins[8] == 1);
}

static double any_number(uint64_t *seed, int kind)
{
	uint64_t bits = rnd(seed);
	double value;

	switch (kind) {
	case 0:
		memcpy(&value, &bits, sizeof(value));
		return isfinite(value) ? value : 1;
	case 1:
		return (double)(bits % 100) - 50;
	case 2:
		return (double)(bits % 1000000) / 1e3;
	case 3:
		return 1 + (double)(bits % 4) * 0x1p-52;
	default:
		return ldexp((double)(bits % 7) - 3, -1074 + (int)(bits / 7 % 3));
	}
}

static void check_bins(const struct rio_range *range, const double *values, size_t nr)
{
	const uint64_t *bins;
	unsigned nr_bins = rio_range_bins(range, &bins);

	assert_in_range(nr_bins, 1, RIO_RANGE_BINS);
	assert_true(bins[0] && bins[nr_bins - 1]);
	for (unsigned i = 0; i < nr_bins; i++) {
		double low = ldexp((double)(range->first + i), range->exponent);
		double high = ldexp((double)(range->first + i + 1), range->exponent);
		uint64_t count = 0;

		for (size_t k = 0; k < nr; k++)
			count += values[k] >= low && values[k] < high;
		assert_int_equal(bins[i], count);
	}
}

static void range__does_not_depend_on_order_or_parts(void **state)
{
	uint64_t seed = 88172645463325252ULL;

	for (int trial = 0; trial < 5000; trial++) {
		size_t nr = 1 + rnd(&seed) % 40;
		double values[40];
		struct rio_range whole, parts[2] = {{0}, {0}};

		for (size_t i = 0; i < nr; i++)
			values[i] = any_number(&seed, trial % 5);
		whole = range_of(values, nr);
		check_bins(&whole, values, nr);
		for (size_t i = nr; i-- > 0;)
			rio_range_add(&parts[i % 2], values[i]);
		rio_range_merge(&parts[1], &parts[0]);
		assert_memory_equal(&whole, &parts[1], sizeof(whole));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range__counts_what_is_there),
		cmocka_unit_test(range__does_not_depend_on_order_or_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
