/* SPDX-License-Identifier: Apache-2.0 */
/* The blanks of a dialect as a table for byte shuffles. */
#ifndef RIO_CSV_BLANK_TABLE_H
#define RIO_CSV_BLANK_TABLE_H

#include "csv/dialect.h"

#include <immintrin.h>

/*
 * Each byte looks up, by its lower half, the only blank that it could be, and is then
 * compared with that: space 0x20, tab 0x09, CR 0x0d.  0xff is no byte's answer, since
 * bytes above 0x7f look up 0.
 */
static inline __m128i rio_blank_table(const struct rio_dialect *d)
{
	const char space = d->delimiter == ' ' ? '\xff' : ' ';
	const char tab = d->delimiter == '\t' ? '\xff' : '\t';

	return _mm_setr_epi8(space, -1, -1, -1, -1, -1, -1, -1, -1, tab, -1, -1, -1, '\r', -1, -1);
}

#endif
