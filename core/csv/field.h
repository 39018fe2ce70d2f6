/* SPDX-License-Identifier: Apache-2.0 */
/* One field as a number, by itself: what every kernel falls back on. */
#ifndef RIO_CSV_FIELD_H
#define RIO_CSV_FIELD_H

#include "base/util.h"
#include "csv/cell.h"
#include "csv/number_fast.h"

/* Read the field (before, end) of the chunk at p; false where the rules refuse it. */
static inline bool rio_field_read(const struct rio_cell_rules *rules, const uint8_t *p,
	uint32_t before, uint32_t end, double *ret)
{
	const uint8_t *begin = p + (uint32_t)(before + 1);

	if (__builtin_expect(rio_number_fast(begin, p + end, ret), 1))
		return true;
	return rio_cell_kind_ok(rules, rio_cell_read(rules, begin, p + end, ret));
}

/* Put a number where out[i] is, of one type or the other; false where that cannot hold it. */
typedef bool rio_number_put(void *out, size_t i, double value);

static inline bool rio_put_f32(void *out, size_t i, double value)
{
	((float *)out)[i] = (float)value;
	return true;
}

static inline bool rio_put_f64(void *out, size_t i, double value)
{
	((double *)out)[i] = value;
	return true;
}

static inline bool rio_put_i32(void *out, size_t i, double value)
{
	bool fits = rio_is_int32(value);

	((int32_t *)out)[i] = fits ? (int32_t)value : 0;
	return fits;
}

#endif
