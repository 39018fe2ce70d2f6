/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel's to_f32 and to_f64 against the reading of one field at a time. */
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
	size_t i = 0;
	bool agrees = true;

	for (; agrees && i < nr; i++) {
		float narrow;

		if (!rio_field_read(rules, p, before[i], end[i], &value))
			break;
		narrow = (float)value;
		agrees = i < nr32 && i < nr64 && memcmp(&narrow, &f32[i], sizeof(narrow)) == 0 &&
			 memcmp(&value, &f64[i], sizeof(value)) == 0;
	}
	*ret_field = agrees ? i : i - 1;
	free(f32);
	free(f64);
	return agrees && nr32 == i && nr64 == i;
}

#endif
