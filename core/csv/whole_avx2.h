/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short whole numbers in AVX2, four at a time, in the steps of whole_avx512.h.
 */
#ifndef RIO_CSV_WHOLE_AVX2_H
#define RIO_CSV_WHOLE_AVX2_H

#include "csv/short_avx2.h"

/* Read four such fields; false: one is of another kind. */
static inline __attribute__((always_inline)) bool rio_whole_read(const struct rio_group *g,
	__m128i *ret)
{
	const __m256i nine = _mm256_set1_epi8(9);
	__m128i len = _mm_sub_epi32(_mm_loadu_si128((const void *)g->end),
		_mm_add_epi32(_mm_loadu_si128((const void *)g->before), _mm_set1_epi32(1)));
	__m128i unused = _mm_sub_epi32(_mm_set1_epi32(8), len);
	__m256i text, shift, negative, lone;

	if (!_mm_testz_si128(unused, _mm_set1_epi32(~7)))
		return false;
	shift = _mm256_slli_epi64(_mm256_cvtepu32_epi64(unused), 3);
	text = _mm256_srlv_epi64(rio_short_load(g->p - 8, g->end, 0), shift);
	negative = _mm256_cmpeq_epi64(_mm256_and_si256(text, _mm256_set1_epi64x(0xff)),
		_mm256_set1_epi64x('-'));
	text = _mm256_add_epi64(text, _mm256_and_si256(negative, _mm256_set1_epi64x('0' - '-')));
	text = _mm256_sllv_epi64(_mm256_sub_epi8(text, _mm256_set1_epi8('0')), shift);

	/* Neither bytes that are no digits nor a lone '-'. */
	lone = _mm256_and_si256(negative, _mm256_cmpeq_epi64(shift, _mm256_set1_epi64x(56)));
	if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_max_epu8(text, nine), nine)) != -1 ||
		!_mm256_testz_si256(lone, lone))
		return false;
	text = _mm256_madd_epi16(_mm256_maddubs_epi16(text, _mm256_set1_epi16(0x010a)),
		_mm256_set1_epi32(0x00010064));
	text = _mm256_add_epi64(_mm256_mul_epu32(text, _mm256_set1_epi64x(10000)),
		_mm256_srli_epi64(text, 32));
	text = _mm256_sub_epi64(_mm256_xor_si256(text, negative), negative);
	text = _mm256_permutevar8x32_epi32(text, _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6));
	*ret = _mm256_castsi256_si128(text);
	return true;
}

#endif
