/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel for every machine, and the measure of all others. */
#include "csv/kernel.h"

#include "csv/block.h"
#include "csv/field.h"
#include "csv/scan.h"
#include "csv/tally.h"

static bool usable(void)
{
	return true;
}

static size_t to_f32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, float *out)
{
	for (size_t i = 0; i < nr; i++) {
		double value;

		if (!rio_field_read(rules, p, before[i], end[i], &value))
			return i;
		out[i] = (float)value;
	}
	return nr;
}

static size_t to_f64(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, double *out)
{
	for (size_t i = 0; i < nr; i++)
		if (!rio_field_read(rules, p, before[i], end[i], &out[i]))
			return i;
	return nr;
}

static size_t to_i32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, int32_t *out)
{
	for (size_t i = 0; i < nr; i++) {
		double value;

		if (!rio_field_read(rules, p, before[i], end[i], &value) ||
			!rio_put_i32(out, i, value))
			return i;
	}
	return nr;
}

const struct rio_kernel rio_kernel_portable = {
	.name = "portable",
	.usable = usable,
	.tally = rio_tally_bytes,
	.scan = rio_scan_bytes,
	.to_f32 = to_f32,
	.to_f64 = to_f64,
	.to_i32 = to_i32,
};
