/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as a bug would leave them. */
#ifndef TESTS_SIZES_UNIT_H
#define TESTS_SIZES_UNIT_H

#include "unit.h"

#include "map/sizes.h"

/* The same sizes but that by bytes, and skipped rows, of one segment are the next one's. */
static inline struct rio_sizes *shifted(const struct rio_sizes *sizes, size_t segment, uint64_t by,
	uint64_t skipped)
{
	struct rio_segment_size *segments = calloc(sizes->nr, sizeof(*segments));
	struct rio_sizes *ret;
	struct rio_error err;

	for (size_t k = 0; k + 1 < sizes->nr; k++) {
		struct rio_sizes_sum at = rio_sizes_before(sizes, k);
		struct rio_sizes_sum next = rio_sizes_before(sizes, k + 1);

		segments[k].len_bytes = next.record_off - at.record_off;
		segments[k].nr_skipped = next.nr_skipped - at.nr_skipped;
	}
	segments[segment].len_bytes += by;
	segments[segment + 1].len_bytes -= by;
	segments[segment].nr_skipped += skipped;
	segments[segment + 1].nr_skipped -= skipped;
	assert_int_equal(rio_sizes_create(segments, sizes->nr - 1, &ret, &err), 0);
	ret->nr_filled = sizes->nr_filled;
	free(segments);
	return ret;
}

#endif
