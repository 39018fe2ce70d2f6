/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short whole numbers in AVX-512, eight at a time.
 *
 * A field of up to eight bytes, its sign counted, has a lane of eight bytes:
 *
 *	text         - 1 2 3          loaded up to its last byte, what is before it shifted out
 *	digits       0 1 2 3          '-' counts as a digit 0
 *	at the end   0 0 0 0 0 1 2 3
 *	value        123              three multiply-adds: pairs, fours, eights
 */
#ifndef RIO_CSV_WHOLE_AVX512_H
#define RIO_CSV_WHOLE_AVX512_H

#include "csv/short_avx512.h"

/* Read eight such fields; false: one is of another kind. */
static inline bool rio_whole_read(const struct rio_group *g, __m256i *ret)
{
	__m256i begin = _mm256_add_epi32(_mm256_loadu_si256((const void *)g->before),
		k32_half(1));
	__m256i len = _mm256_sub_epi32(_mm256_loadu_si256((const void *)g->end), begin);
	__m256i unused = _mm256_sub_epi32(k32_half(8), len);
	__mmask8 negative;
	__m512i text, shift;
	__m256i whole;

	if (_mm256_cmpgt_epu32_mask(unused, k32_half(7)))
		return false;
	shift = _mm512_slli_epi64(_mm512_cvtepu32_epi64(unused), 3);
	text = _mm512_srlv_epi64(rio_short_load(g->p - 8, g->end, 0), shift);
	negative = _mm512_cmpeq_epi64_mask(_mm512_and_si512(text, k64(0xff)), k64('-'));
	text = _mm512_mask_add_epi64(text, negative, text, k64('0' - '-'));
	text = _mm512_sllv_epi64(_mm512_sub_epi8(text, k8('0')), shift);

	/* Neither bytes that are no digits nor a lone '-'. */
	if (_mm512_cmpgt_epu8_mask(text, k8(9)) |
		_mm256_mask_cmpeq_epi32_mask(negative, unused, k32_half(7)))
		return false;
	text = _mm512_madd_epi16(_mm512_maddubs_epi16(text, k16(0x010a)), k32(0x00010064));
	text = _mm512_add_epi64(_mm512_mul_epu32(text, k64(10000)), _mm512_srli_epi64(text, 32));
	whole = _mm512_cvtepi64_epi32(text);
	*ret = _mm256_mask_sub_epi32(whole, negative, _mm256_setzero_si256(), whole);
	return true;
}

#endif
