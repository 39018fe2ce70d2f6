/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short numbers in AVX-512, eight at a time.
 *
 * A field of up to eight bytes, its sign not counted, has a lane of eight bytes:
 *
 *	text         1 2 . 3 4     loaded up to its last byte, what is before it shifted out
 *	digits       1 2 P 3 4 0 0 0
 *	squeezed     1 2 3 4 0 0 0 0
 *	W            12340000
 *	value        W / 10^6      10^8, less a power for each digit before the point
 *
 * W < 10^8 and the power of ten are exact as doubles, so the one division gives the
 * double nearest to the text, and there is nothing to guard.
 */
#ifndef RIO_CSV_SHORT_AVX512_H
#define RIO_CSV_SHORT_AVX512_H

#include "csv/constants_avx512.h"
#include "csv/groups.h"
#include "csv/number_tables.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/* The eight bytes that begin at each offset, plus plus. */
static inline __m512i rio_short_load(const uint8_t *p, const uint32_t *at, uint32_t plus)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadl_epi64((const void *)(p + (at[0] + plus))));

	for (int i = 1; i < 8; i++)
		v = _mm512_mask_broadcastq_epi64(v, (__mmask8)(1 << i),
			_mm_loadl_epi64((const void *)(p + (at[i] + plus))));
	return v;
}

/*
 * Read eight short fields without exponents and wrapping; a bit for each that is no plain
 * number.  False: there is a longer field, or an empty one.
 */
static inline bool rio_short_read(const struct rio_group *g, __m512d *ret, unsigned *ret_given_up)
{
	const __m512i one = k64(1), eight = k64(8);
	const __m512i zero = _mm512_setzero_si512(), nine = k8(9);
	__m256i begin = _mm256_add_epi32(_mm256_loadu_si256((const void *)g->before),
		k32_half(1));
	__m256i len32 = _mm256_sub_epi32(_mm256_loadu_si256((const void *)g->end), begin);
	__m512i len, first, unused, digits, point, behind, scale, w;
	__mmask8 negative;
	__m512d value;

	if (_mm256_cmpgt_epi32_mask(len32, k32_half(9)))
		return false;
	first = _mm512_and_si512(rio_short_load(g->p, g->before, 1), k64(0xff));
	negative = _mm512_cmpeq_epi64_mask(first, k64('-'));
	len = _mm512_cvtepu32_epi64(len32);
	unused = _mm512_sub_epi64(eight, _mm512_mask_sub_epi64(len, negative, len, one));
	if (_mm512_test_epi64_mask(unused, k64(~INT64_C(7))))
		return false;
	digits = _mm512_sub_epi8(rio_short_load(g->p - 8, g->end, 0), k8('0'));
	digits = _mm512_srlv_epi64(digits, _mm512_slli_epi64(unused, 3));

	/* Ones from the first point on; the bytes there move down by one. */
	point = _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(digits, k8('.' - '0')));
	behind = _mm512_or_si512(point, _mm512_sub_epi64(zero, point));
	scale = _mm512_max_epi64(unused, _mm512_sad_epu8(_mm512_abs_epi8(behind), zero));
	digits = _mm512_ternarylogic_epi64(behind, _mm512_srli_epi64(digits, 8), digits, 0xca);
	/* Neither bytes that are no digits nor a lone point. */
	*ret_given_up = _mm512_cmpneq_epi64_mask(_mm512_max_epu8(digits, nine), nine) |
			(_mm512_cmpeq_epi64_mask(scale, eight) &
				_mm512_cmpeq_epi64_mask(unused, k64(7)));

	w = _mm512_madd_epi16(_mm512_maddubs_epi16(digits, k16(0x010a)),
		k32(0x00010064));
	w = _mm512_add_epi64(_mm512_mul_epu32(w, k64(10000)),
		_mm512_srli_epi64(w, 32));
	value = _mm512_div_pd(_mm512_cvtepu64_pd(w), _mm512_permutex2var_pd(
		_mm512_loadu_pd(rio_number_pow10), scale, _mm512_loadu_pd(rio_number_pow10 + 8)));
	*ret = _mm512_castsi512_pd(_mm512_mask_or_epi64(_mm512_castpd_si512(value), negative,
		_mm512_castpd_si512(value), k64(INT64_MIN)));
	return true;
}

#endif
