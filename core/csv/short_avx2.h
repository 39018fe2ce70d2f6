/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short numbers in AVX2, four at a time, in the steps of short_avx512.h.
 */
#ifndef RIO_CSV_SHORT_AVX2_H
#define RIO_CSV_SHORT_AVX2_H

#include "csv/groups.h"
#include "csv/number_tables.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/* The eight bytes that begin at each offset, plus plus. */
static inline __attribute__((always_inline)) __m256i rio_short_load(const uint8_t *p,
	const uint32_t *at, uint32_t plus)
{
	__m128i low = _mm_loadl_epi64((const void *)(p + (at[0] + plus)));
	__m128i high = _mm_loadl_epi64((const void *)(p + (at[2] + plus)));

	low = _mm_unpacklo_epi64(low, _mm_loadl_epi64((const void *)(p + (at[1] + plus))));
	high = _mm_unpacklo_epi64(high, _mm_loadl_epi64((const void *)(p + (at[3] + plus))));
	return _mm256_set_m128i(high, low);
}

/*
 * Read four short fields without exponents and wrapping; a bit for each that is no plain
 * number.  False: there is a longer field, or an empty one.
 */
static inline __attribute__((always_inline)) bool rio_short_read(const struct rio_group *g,
	__m256d *ret, unsigned *ret_given_up)
{
	const __m256i eight = _mm256_set1_epi64x(8), nine = _mm256_set1_epi8(9);
	const __m256i zero = _mm256_setzero_si256();
	__m128i len32 = _mm_sub_epi32(_mm_loadu_si128((const void *)g->end),
		_mm_add_epi32(_mm_loadu_si128((const void *)g->before), _mm_set1_epi32(1)));
	__m256i first, negative, unused, digits, point, behind, scale, bad, w;
	__m256d value;

	if (_mm_movemask_epi8(_mm_cmpgt_epi32(len32, _mm_set1_epi32(9))))
		return false;
	first = _mm256_and_si256(rio_short_load(g->p, g->before, 1), _mm256_set1_epi64x(0xff));
	negative = _mm256_cmpeq_epi64(first, _mm256_set1_epi64x('-'));
	unused = _mm256_sub_epi64(eight,
		_mm256_add_epi64(_mm256_cvtepi32_epi64(len32), negative));
	if (!_mm256_testz_si256(unused, _mm256_set1_epi64x(~INT64_C(7))))
		return false;
	digits = _mm256_sub_epi8(rio_short_load(g->p - 8, g->end, 0), _mm256_set1_epi8('0'));
	digits = _mm256_srlv_epi64(digits, _mm256_slli_epi64(unused, 3));

	/* Ones from the first point on; the bytes there move down by one. */
	point = _mm256_cmpeq_epi8(digits, _mm256_set1_epi8('.' - '0'));
	behind = _mm256_or_si256(point, _mm256_sub_epi64(zero, point));
	scale = _mm256_max_epi32(unused, _mm256_sad_epu8(_mm256_abs_epi8(behind), zero));
	digits = _mm256_blendv_epi8(digits, _mm256_srli_epi64(digits, 8), behind);
	bad = _mm256_xor_si256(_mm256_cmpeq_epi64(_mm256_max_epu8(digits, nine), nine),
		_mm256_set1_epi8(-1));

	/* A lone point. */
	bad = _mm256_or_si256(bad, _mm256_and_si256(_mm256_cmpeq_epi64(scale, eight),
		_mm256_cmpeq_epi64(unused, _mm256_set1_epi64x(7))));
	*ret_given_up = (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(bad));

	w = _mm256_madd_epi16(_mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010a)),
		_mm256_set1_epi32(0x00010064));
	w = _mm256_add_epi64(_mm256_mul_epu32(w, _mm256_set1_epi64x(10000)),
		_mm256_srli_epi64(w, 32));

	/* 2^52 puts it into a mantissa. */
	w = _mm256_or_si256(w, _mm256_set1_epi64x(0x4330000000000000));
	value = _mm256_sub_pd(_mm256_castsi256_pd(w), _mm256_set1_pd(0x1p52));
	value = _mm256_div_pd(value, _mm256_i64gather_pd(rio_number_pow10, scale, 8));
	*ret = _mm256_or_pd(value, _mm256_castsi256_pd(_mm256_slli_epi64(negative, 63)));
	return true;
}

#endif
