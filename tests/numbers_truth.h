/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's to_f32, to_f64 and to_i32 against the reading of one field at a time. */
#ifndef TESTS_NUMBERS_TRUTH_H
#define TESTS_NUMBERS_TRUTH_H

#include "csv/field.h"
#include "csv/kernel.h"

#include <stdlib.h>
#include <string.h>

/*
 * Whether the kernel reads the nr fields of the chunk at p, bit for bit, as they are
 * read one by one, and stops where they do; *ret_field is the first where it does not.
 */
static inline bool numbers_agree(const struct rio_kernel *k, const struct rio_cell_rules *rules,
	const uint8_t *p, const uint32_t *before, const uint32_t *end, size_t nr,
	size_t *ret_field)
{
	float *f32 = malloc((nr + 1) * sizeof(*f32));
	double *f64 = malloc((nr + 1) * sizeof(*f64)), value;
	size_t nr32 = k->to_f32(rules, p, before, end, nr, f32);
	size_t nr64 = k->to_f64(rules, p, before, end, nr, f64);
	int32_t *i32 = malloc((nr + 1) * sizeof(*i32)), whole;
	size_t nr_whole = k->to_i32(rules, p, before, end, nr, i32);
	size_t i = 0, i_whole = SIZE_MAX;
	bool agrees = true;

	for (; agrees && i < nr; i++) {
		float narrow;

		if (!rio_field_read(rules, p, before[i], end[i], &value))
			break;
		narrow = (float)value;
		agrees = i < nr32 && i < nr64 && memcmp(&narrow, &f32[i], sizeof(narrow)) == 0 &&
			 memcmp(&value, &f64[i], sizeof(value)) == 0;
		if (i_whole == SIZE_MAX && !rio_put_i32(&whole, 0, value))
			i_whole = i;
		if (i_whole == SIZE_MAX)
			agrees &= i < nr_whole && i32[i] == whole;
	}
	*ret_field = agrees ? i : i - 1;
	free(f32);
	free(f64);
	free(i32);
	return agrees && nr32 == i && nr64 == i && nr_whole == RIO_MIN(i, i_whole);
}

#endif
