/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen bytes from each of eight fields, in AVX-512: what is asked of them, and W. */
#ifndef RIO_CSV_LANES_AVX512_H
#define RIO_CSV_LANES_AVX512_H

#include "csv/constants_avx512.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/* Sixteen bytes from each field: even ones in x, odd ones in y. */
struct rio_lanes {
	__m512i x, y;
};

/* From a bit for each byte of x and y to a bit for each field. */
static inline __mmask8 rio_lanes_fields(uint64_t x, uint64_t y)
{
	const __m128i words = _mm_set_epi64x((long long)y, (long long)x);
	unsigned hit = _mm_test_epi16_mask(words, words);

	return (__mmask8)(_pdep_u32(hit, 0x55) | _pdep_u32(hit >> 4, 0xaa));
}

static inline bool rio_lanes_have_above_nine(struct rio_lanes digits)
{
	const __m512i nine = m8(9);

	return _mm512_cmpgt_epu8_mask(_mm512_max_epu8(digits.x, digits.y), nine) != 0;
}

/* The fields in which a byte is no digit. */
static inline __mmask8 rio_lanes_above_nine(struct rio_lanes digits)
{
	const __m512i nine = m8(9);

	return rio_lanes_fields(_mm512_cmpgt_epu8_mask(digits.x, nine),
		_mm512_cmpgt_epu8_mask(digits.y, nine));
}

/* Sixteen digits in each lane to a 64-bit number for each field, in order. */
static inline __m512i rio_lanes_fold(struct rio_lanes digits)
{
	const __m512i pairs = m16(0x010a), fours = m32(0x00010064);
	const __m512i eights = m32(0x00012710);
	__m512i x = _mm512_madd_epi16(_mm512_maddubs_epi16(digits.x, pairs), fours);
	__m512i y = _mm512_madd_epi16(_mm512_maddubs_epi16(digits.y, pairs), fours);
	__m512i halves = _mm512_madd_epi16(_mm512_packus_epi32(x, y), eights);

	return _mm512_add_epi64(_mm512_mul_epu32(halves, m64(100000000)),
		_mm512_srli_epi64(halves, 32));
}

#endif
