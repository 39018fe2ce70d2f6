/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as %e writes them in AVX-512, eight at a time: one digit, a point, more digits,
 * e, a sign and two digits, all eight of one length but for a minus in front.
 *
 * Counted from its begin or its end, each byte of such a field is at a known place.  So
 * one permutation of the 32 bytes up to its end makes both what is counted and what is
 * only checked, without the point, for two fields at once:
 *
 *	text       …  -  1  .  2  3  4  …  9  0  1  2  e  -  0  5
 *	digits     1  2  3  4  …  9  0     the first sixteen: W
 *	rest       1  2  0  0  0  0  0  0  what follows them
 *	form       -  .  e  0  0  -  0  5
 *
 * The value is W * 10^(exponent - 15).  The rest is left out: it is less than 1 of W, so
 * less than 10^-13 of the value once W >= 10^13, for which to_f32's guard has room ten
 * times over.  Where W is smaller and the rest is not 0, a field is given up.
 *
 * Anything else about one of the eight, and they all go the longer way.
 */
#ifndef RIO_CSV_SCIENTIFIC_AVX512_H
#define RIO_CSV_SCIENTIFIC_AVX512_H

#include "csv/groups.h"
#include "csv/lanes_avx512.h"
#include "csv/number_tables.h"

/* Without the minus: one digit behind the point; as many as digits and rest have room for. */
#define RIO_SCIENTIFIC_BYTES_MIN 7
#define RIO_SCIENTIFIC_BYTES_MAX 29

/* Eight numbers, without their signs. */
struct rio_scientific {
	__m512d value; /* off by less than 10^-13 of itself and two roundings */
	__m512i w;     /* 0 only where the value is */
	__mmask8 negative;
	__mmask8 given_up;
};

/*
 * What is made of 32 bytes and 32 more: digits of the one field and of the other, rest and
 * form of the one and of the other.
 */
static const struct {
	/* Which of the number's bytes it is, its sign not counted; at some places, of the 32. */
	uint8_t from[64];

	/* It is there if the number has more digits than that. */
	uint8_t digit[64];

	/* What is taken away from it. */
	uint8_t less[64];
} rio_scientific_split = {
	.from = {
		0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		32, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
		17, 18, 19, 20, 21, 22, 23, 24, 63, 1, 28, 0, 0, 29, 30, 31,
		49, 50, 51, 52, 53, 54, 55, 56, 31, 33, 60, 0, 0, 61, 62, 63,
	},
	.digit = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 0, 0, 0, 255, 255, 0, 0, 0,
		16, 17, 18, 19, 20, 21, 22, 23, 0, 0, 0, 255, 255, 0, 0, 0,
	},
	.less = {
		'0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
		'0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0', '0',
		'0', '0', '0', '0', '0', '0', '0', '0', '-', '.', 'E', 0, 0, '+', '0', '0',
		'0', '0', '0', '0', '0', '0', '0', '0', '-', '.', 'E', 0, 0, '+', '0', '0',
	},
};
/* The places where bytes are counted from the end. */
#define RIO_SCIENTIFIC_FROM_END UINT64_C(0xe400e40000000000)

/* Bytes of a form once that is taken away; the lowest is the sign. */
#define RIO_FORM_SIGN       UINT64_C(0x00000000000000ff)
#define RIO_FORM_LOWER_CASE UINT64_C(0x0000000000200000)
#define RIO_FORM_MINUS      UINT64_C(0x0000020000000000) /* '-' - '+' */
#define RIO_FORM_COMMA      UINT64_C(0x0000010000000000) /* ',' - '+' */
#define RIO_FORM_MOST       UINT64_C(0x09090200000000ff)
#define RIO_FORM_TENS       UINT64_C(0x010a000000000000)

struct rio_scientific_bytes {
	struct rio_lanes digits;
	__m512i rest, form; /* eight bytes of each field, in order */
};

static inline __m512i rio_scientific_load(const uint8_t *p, uint32_t a, uint32_t b)
{
	return _mm512_inserti64x4(
		_mm512_castsi256_si512(_mm256_loadu_si256((const void *)(p + a))),
		_mm256_loadu_si256((const void *)(p + b)), 1);
}

/* The bytes of eight numbers that have len each. */
static inline struct rio_scientific_bytes rio_scientific_take(const uint8_t *p,
	const uint32_t *end, uint32_t len)
{
	const __m512i less = _mm512_loadu_si512(rio_scientific_split.less);
	__m512i from = _mm512_loadu_si512(rio_scientific_split.from), v[4], x, y;
	__mmask64 has = _mm512_cmplt_epu8_mask(_mm512_loadu_si512(rio_scientific_split.digit),
		_mm512_set1_epi8((char)(len - 5)));

	from = _mm512_mask_add_epi8(from, ~RIO_SCIENTIFIC_FROM_END, from,
		_mm512_set1_epi8((char)(32 - len)));
	v[0] = rio_scientific_load(p - 32, end[0], end[2]);
	v[1] = rio_scientific_load(p - 32, end[4], end[6]);
	v[2] = rio_scientific_load(p - 32, end[1], end[3]);
	v[3] = rio_scientific_load(p - 32, end[5], end[7]);
	for (int i = 0; i < 4; i++)
		v[i] = _mm512_maskz_sub_epi8(has, _mm512_permutexvar_epi8(from, v[i]), less);
	x = _mm512_shuffle_i64x2(v[0], v[1], 0xee);
	y = _mm512_shuffle_i64x2(v[2], v[3], 0xee);
	return (struct rio_scientific_bytes){
		.digits.x = _mm512_shuffle_i64x2(v[0], v[1], 0x44),
		.digits.y = _mm512_shuffle_i64x2(v[2], v[3], 0x44),
		.rest = _mm512_unpacklo_epi64(x, y),
		.form = _mm512_andnot_si512(m64(RIO_FORM_LOWER_CASE), _mm512_unpackhi_epi64(x, y)),
	};
}

/* Whether all digits are digits and everything else is as it should be. */
static inline bool rio_scientific_is(const struct rio_scientific_bytes *b, __mmask8 negative)
{
	const __m512i most = m64(RIO_FORM_MOST), nine = m8(9);
	__mmask8 bad = _mm512_cmpneq_epi64_mask(_mm512_max_epu8(b->form, most), most) |
		       _mm512_cmpneq_epi64_mask(_mm512_max_epu8(b->rest, nine), nine) |
		       _mm512_test_epi64_mask(b->form, m64(RIO_FORM_COMMA)) |
		       _mm512_mask_test_epi64_mask(negative, b->form, m64(RIO_FORM_SIGN));

	return !bad && !rio_lanes_have_above_nine(b->digits);
}

/* 10^(exponent - 15); small exponents do without memory. */
static inline __m512d rio_scientific_power(__m512i form)
{
	const double *scales = rio_number_scales + RIO_SCALE_ORIGIN - 15;
	__m512i e = _mm512_srli_epi64(_mm512_maddubs_epi16(form, m64(RIO_FORM_TENS)), 48), near;

	e = _mm512_mask_sub_epi64(e, _mm512_test_epi64_mask(form, m64(RIO_FORM_MINUS)),
		_mm512_setzero_si512(), e);
	near = _mm512_add_epi64(e, m64(8));
	if (rio_likely(!_mm512_cmpgt_epu64_mask(near, m64(15))))
		return _mm512_permutex2var_pd(_mm512_loadu_pd(scales - 8), near,
			_mm512_loadu_pd(scales));
	return _mm512_i64gather_pd(e, scales, 8);
}

/* Read eight such numbers; false: they are not. */
static inline bool rio_scientific_read(const struct rio_group *g, struct rio_scientific *ret)
{
	__m256i lens = _mm256_sub_epi32(_mm256_loadu_si256((const void *)g->end),
		_mm256_add_epi32(_mm256_loadu_si256((const void *)g->before), k32_half(1)));
	uint32_t begin = g->before[0] + 1;
	uint32_t len = g->end[0] - begin - (g->p[begin] == '-');
	__mmask8 same = _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32((int)len));
	struct rio_scientific_bytes bytes;

	ret->negative = _mm256_cmpeq_epi32_mask(lens, _mm256_set1_epi32((int)len + 1));
	if (len < RIO_SCIENTIFIC_BYTES_MIN || len > RIO_SCIENTIFIC_BYTES_MAX ||
		(same | ret->negative) != 0xff)
		return false;
	bytes = rio_scientific_take(g->p, g->end, len);
	if (!rio_scientific_is(&bytes, ret->negative))
		return false;
	ret->w = rio_lanes_fold(bytes.digits);
	ret->value = _mm512_mul_pd(_mm512_cvtepu64_pd(ret->w), rio_scientific_power(bytes.form));
	ret->given_up = _mm512_cmplt_epu64_mask(ret->w, m64(10000000000000)) &
			_mm512_test_epi64_mask(bytes.rest, bytes.rest);
	return true;
}

#endif
