/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX-512: eight numbers at a time.
 *
 * A field that is a plain number of up to 32 bytes goes through these steps, in
 * 16 bytes (a lane) of its own:
 *
 *	text         - 1 2 . 3 4 e - 0 5 , …   loaded from its first byte
 *	mantissa     - 1 2 . 3 4               the rest masked off
 *	digits       0 1 2 P 3 4 0 0 0 0 …     '-' counts as a digit 0; P is the point
 *	squeezed     0 1 2 3 4 0 0 0 0 0 …     what is behind P moves down by one
 *	W            0123400000000000          three multiply-adds: pairs, fours, eights
 *	value        W * 10^(I - 16 + e)       I = 3 bytes stood before the point
 *
 * W has 16 digits and each number the same scale, so no digit is counted.  W
 * becomes a double, is multiplied by a power of ten from a table, and rounded to
 * float.
 *
 * Why that is right, or given up.  Asked is the float nearest to the double
 * nearest to the text.  Let u be the distance of two doubles near the value:
 *
 *	- W as a double and the power are each off by 2^-53 of themselves at most, which
 *	  is less than u in the product, and that is rounded once: less than 3 u together.
 *	- Bytes 16 … 31, if there are any, are checked to be digits and left out.  Where
 *	  they are not all 0 they change W by less than 10 (the 16th digit is not used
 *	  when there is a point); with W >= 10^13 that is less than 10^-12 of the value,
 *	  which is less than 9008 u, since u is more than 2^-53 of it.
 *	- Numbers that are all as %e writes them go a shorter way (scientific_avx512.h),
 *	  whose W has 16 digits without the point: what is left out is less than 1 of W.
 *
 * So the nearest double lies within 9012 u of what was computed.  Both round to the
 * same float unless the middle between two floats lies between them.  Floats keep
 * 24 of a double's 53 bits, so the middles are where the lower 29 bits are 2^28;
 * fields within GUARD = 16384 u of that are given up, one in sixteen thousand.
 * Below 2^-126, where floats have fewer bits, everything but 0 is given up.
 *
 * Given up is also every field with an unexpected byte: it is read by itself, as is a
 * missing value, text, or any of float()'s rarer forms.
 *
 * A double needs all its bits, so to_f64 divides.  W < 10^16 < 2^54 ends in a 0, since
 * where all 16 bytes are digits the field is given up; and even numbers up to 2^54 are
 * exact as doubles, like powers of ten up to 10^22.  A division of what is exact rounds
 * correctly.
 */
#include "csv/kernel.h"

#include "csv/block_avx512.h"
#include "csv/constants_avx512.h"
#include "csv/groups.h"
#include "csv/lanes_avx512.h"
#include "csv/number_tables.h"
#include "csv/scan.h"
#include "csv/scientific_avx512.h"
#include "csv/short_avx512.h"
#include "csv/tally.h"
#include "csv/whole_avx512.h"

#define GUARD 16384

/* Eight fields as offsets into the chunk, and what is known of them. */
struct group {
	__m256i begin;  /* first byte */
	__m256i len;    /* bytes of the mantissa */
	__m256i exponent;
	__mmask8 given_up;
};

static bool usable(void)
{
	return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vbmi") &&
	       __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512bitalg") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
}

static inline __m512i load_four(const uint8_t *a, const uint8_t *b, const uint8_t *c,
	const uint8_t *d)
{
	__m512i v = _mm512_castsi128_si512(_mm_loadu_si128((const void *)a));

	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)b), 1);
	v = _mm512_inserti32x4(v, _mm_loadu_si128((const void *)c), 2);
	return _mm512_inserti32x4(v, _mm_loadu_si128((const void *)d), 3);
}

static inline struct rio_lanes load_lanes(const uint8_t *p, __m256i begin)
{
	uint32_t at[8];

	_mm256_storeu_si256((void *)at, begin);
	return (struct rio_lanes){
		load_four(p + at[0], p + at[2], p + at[4], p + at[6]),
		load_four(p + at[1], p + at[3], p + at[5], p + at[7]),
	};
}

/* The four bytes that begin at each offset. */
static inline __m256i gather(const uint8_t *p, __m256i offsets)
{
	return _mm256_i32gather_epi32((const void *)p, offsets, 1);
}

static inline __m256i byte_of(__m256i dwords, int shift)
{
	return _mm256_and_si256(_mm256_srli_epi32(dwords, (unsigned)shift), k32_half(0xff));
}

static inline __mmask8 is_byte(__m256i bytes, uint8_t c)
{
	return _mm256_cmpeq_epi32_mask(bytes, k32_half(c));
}

/* Take one CR, one blank on either side, and one pair of quotes off each field. */
static inline __attribute__((always_inline)) void unwrap(struct group *g,
	const struct rio_dialect *d, const uint8_t *p)
{
	const __m256i one = k32_half(1);
	__m256i end = _mm256_add_epi32(g->begin, g->len);
	__m256i tail = gather(p - 4, end), head = gather(p, g->begin);
	__mmask8 long_enough = _mm256_cmpgt_epi32_mask(g->len, one);
	__mmask8 hit = is_byte(byte_of(tail, 24), '\r') & long_enough;

	end = _mm256_mask_sub_epi32(end, hit, end, one);
	tail = _mm256_mask_slli_epi32(tail, hit, tail, 8);
	hit = is_byte(byte_of(tail, 24), ' ') & long_enough;
	end = _mm256_mask_sub_epi32(end, hit, end, one);
	tail = _mm256_mask_slli_epi32(tail, hit, tail, 8);
	hit = is_byte(byte_of(head, 0), ' ') & long_enough;
	g->begin = _mm256_mask_add_epi32(g->begin, hit, g->begin, one);
	head = _mm256_mask_srli_epi32(head, hit, head, 8);
	g->len = _mm256_sub_epi32(end, g->begin);
	if (d->quote == RIO_QUOTE_NONE)
		return;
	hit = is_byte(byte_of(head, 0), (uint8_t)d->quote) &
	      is_byte(byte_of(tail, 24), (uint8_t)d->quote) &
	      _mm256_cmpgt_epi32_mask(g->len, one);
	g->begin = _mm256_mask_add_epi32(g->begin, hit, g->begin, one);
	g->len = _mm256_mask_sub_epi32(g->len, hit, g->len, k32_half(2));
}

/* Cut e+05 off the mantissas, where it is; other shapes are given up as bytes. */
static inline __attribute__((always_inline)) void take_exponents(struct group *g,
	const uint8_t *p)
{
	const __m256i zero = k32_half('0'), nine = k32_half(9);
	__m256i tail = gather(p - 4, _mm256_add_epi32(g->begin, g->len));
	__m256i tens = _mm256_sub_epi32(byte_of(tail, 16), zero);
	__m256i ones = _mm256_sub_epi32(byte_of(tail, 24), zero);
	__m256i value = _mm256_add_epi32(
		_mm256_mullo_epi32(tens, k32_half(10)), ones);
	__mmask8 minus = is_byte(byte_of(tail, 8), '-'), plus = is_byte(byte_of(tail, 8), '+');
	__mmask8 here = (is_byte(byte_of(tail, 0), 'e') | is_byte(byte_of(tail, 0), 'E')) &
			(minus | plus) & _mm256_cmple_epu32_mask(tens, nine) &
			_mm256_cmple_epu32_mask(ones, nine) &
			_mm256_cmpgt_epi32_mask(g->len, k32_half(4));

	value = _mm256_mask_sub_epi32(value, minus, _mm256_setzero_si256(), value);
	g->exponent = _mm256_maskz_mov_epi32(here, value);
	g->len = _mm256_mask_sub_epi32(g->len, here, g->len, k32_half(4));
}

/* Bits 0 … len - 1 of each field's sixteen. */
static inline void valid_bytes(__m256i len, uint64_t *x, uint64_t *y)
{
	const __m512i index = _mm512_broadcast_i32x4(
		_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
	const __m512i even = _mm512_set_epi64(0x1818181818181818, 0x1818181818181818,
		0x1010101010101010, 0x1010101010101010, 0x0808080808080808, 0x0808080808080808, 0,
		0);
	const __m512i odd = _mm512_add_epi8(even, k8(4));
	const __m512i lens = _mm512_castsi256_si512(len);

	*x = _mm512_cmplt_epu8_mask(index, _mm512_permutexvar_epi8(even, lens));
	*y = _mm512_cmplt_epu8_mask(index, _mm512_permutexvar_epi8(odd, lens));
}

static inline __mmask8 has_rest(const struct group *g)
{
	return _mm256_cmpgt_epi32_mask(g->len, k32_half(16));
}

/*
 * Bytes 16 … 31 of fields that have them must be digits, and in fields where they would
 * matter all 0, or the field is given up.
 */
static inline void check_rest(struct group *g, const uint8_t *p, __mmask8 matters)
{
	const __m256i sixteen = k32_half(16);
	const __m512i zero = k8('0');
	__mmask8 has = has_rest(g);
	__m256i len = _mm256_maskz_sub_epi32(has, g->len, sixteen);
	struct rio_lanes rest;
	uint64_t x, y;

	g->given_up |= _mm256_cmpgt_epi32_mask(len, sixteen);
	rest = load_lanes(p, _mm256_mask_add_epi32(g->begin, has, g->begin, sixteen));
	valid_bytes(len, &x, &y);
	rest.x = _mm512_maskz_sub_epi8(x, rest.x, zero);
	rest.y = _mm512_maskz_sub_epi8(y, rest.y, zero);
	if (rio_unlikely(rio_lanes_have_above_nine(rest)))
		g->given_up |= rio_lanes_above_nine(rest);
	if (rio_unlikely(matters & has))
		g->given_up |= matters & rio_lanes_fields(_mm512_test_epi8_mask(rest.x, rest.x),
						 _mm512_test_epi8_mask(rest.y, rest.y));
}

/* The mantissas as W, their signs, and how many bytes stand before the point. */
struct mantissas {
	__m512i w;
	__m256i before_point;
	__mmask8 negative;
};

static inline struct mantissas read_mantissas(struct group *g, const uint8_t *p)
{
	const uint64_t firsts = 0x0001000100010001;
	const __m512i zero = k8('0');
	const __m512i minus = k8('-'), point = k8('.');
	struct rio_lanes text = load_lanes(p, g->begin), digits;
	uint64_t x, y, minus_x, minus_y;
	__m128i points, behind, before;
	struct mantissas m;

	valid_bytes(g->len, &x, &y);
	minus_x = _mm512_mask_cmpeq_epi8_mask(x & firsts, text.x, minus);
	minus_y = _mm512_mask_cmpeq_epi8_mask(y & firsts, text.y, minus);
	points = _mm_set_epi64x((long long)_mm512_mask_cmpeq_epi8_mask(y, text.y, point),
		(long long)_mm512_mask_cmpeq_epi8_mask(x, text.x, point));
	digits.x = _mm512_maskz_sub_epi8(x & ~minus_x, text.x, zero);
	digits.y = _mm512_maskz_sub_epi8(y & ~minus_y, text.y, zero);

	/* In each field's 16 bits: from the first point on, and the number of bits below. */
	behind = _mm_sub_epi16(_mm_setzero_si128(), points);
	before = _mm_popcnt_epi16(
		_mm_andnot_si128(points, _mm_sub_epi16(points, _mm_set1_epi16(1))));
	digits.x = _mm512_mask_blend_epi8((__mmask64)_mm_cvtsi128_si64(behind), digits.x,
		_mm512_bsrli_epi128(digits.x, 1));
	digits.y = _mm512_mask_blend_epi8((__mmask64)_mm_extract_epi64(behind, 1), digits.y,
		_mm512_bsrli_epi128(digits.y, 1));
	if (rio_unlikely(rio_lanes_have_above_nine(digits)))
		g->given_up |= rio_lanes_above_nine(digits);

	m.w = rio_lanes_fold(digits);
	m.negative = (__mmask8)(_pdep_u32((uint32_t)_pext_u64(minus_x, firsts), 0x55) |
				_pdep_u32((uint32_t)_pext_u64(minus_y, firsts), 0xaa));
	m.before_point = _mm256_cvtepu16_epi32(
		_mm_unpacklo_epi16(before, _mm_srli_si128(before, 8)));

	/* One byte at least must be a digit: neither a lone '-', '.' nor "-." is a number. */
	m.before_point = _mm256_min_epu32(m.before_point, g->len);
	{
		__mmask8 has_point = _mm256_cmplt_epu32_mask(m.before_point, g->len);
		__m256i nr = _mm256_mask_sub_epi32(g->len, has_point, g->len, k32_half(1));

		nr = _mm256_mask_sub_epi32(nr, m.negative, nr, k32_half(1));
		g->given_up |= _mm256_cmple_epi32_mask(nr, _mm256_setzero_si256());
	}
	/* Sixteen digits and no point among them: W's scale would be unknown. */
	g->given_up |= _mm256_cmpgt_epi32_mask(m.before_point, k32_half(15));
	return m;
}

static inline __attribute__((always_inline)) struct group make_group(
	const struct rio_group *fields, struct rio_habits habits)
{
	struct group g = {.exponent = _mm256_setzero_si256()};

	g.begin = _mm256_add_epi32(_mm256_loadu_si256((const void *)fields->before),
		k32_half(1));
	g.len = _mm256_sub_epi32(_mm256_loadu_si256((const void *)fields->end), g.begin);
	if (habits.wrapped)
		unwrap(&g, fields->dialect, fields->p);
	if (habits.exponents)
		take_exponents(&g, fields->p);
	/* A length of 0 wraps around. */
	g.given_up = _mm256_cmpge_epu32_mask(_mm256_sub_epi32(g.len, k32_half(1)),
		k32_half(32));
	return g;
}

/*
 * Eight fields of one digit each, with single separators between: nothing but
 * digits stands at the even places of sixteen bytes.
 */
static inline bool eight_digits(const struct rio_group *g, __m256i *ret)
{
	__m128i text;

	if (!g->adjacent || g->end[7] - g->before[0] != 16)
		return false;
	text = _mm_loadu_si128((const void *)(g->p + (uint32_t)(g->before[0] + 1)));
	*ret = _mm256_sub_epi32(_mm256_cvtepu8_epi32(_mm_cvtepi16_epi8(text)),
		k32_half('0'));
	return !_mm256_cmpgt_epu32_mask(*ret, k32_half(9));
}

/* Eight of any plain numbers, but to_f32's guard. */
static inline __attribute__((always_inline)) struct rio_scientific eight_scaled(
	const struct rio_group *fields, struct rio_habits habits)
{
	struct group g = make_group(fields, habits);
	struct mantissas m = read_mantissas(&g, fields->p);
	__m512d power;

	if (habits.exponents)
		power = _mm512_i32gather_pd(_mm256_add_epi32(m.before_point, g.exponent),
			rio_number_scales + RIO_SCALE_ORIGIN - 16, 8);
	else
		power = _mm512_permutex2var_pd(
			_mm512_loadu_pd(rio_number_scales + RIO_SCALE_ORIGIN - 16),
			_mm512_cvtepu32_epi64(m.before_point),
			_mm512_loadu_pd(rio_number_scales + RIO_SCALE_ORIGIN - 8));
	if (has_rest(&g))
		check_rest(&g, fields->p,
			_mm512_cmplt_epu64_mask(m.w, k64(10000000000000)));
	return (struct rio_scientific){
		.value = _mm512_mul_pd(_mm512_cvtepu64_pd(m.w), power),
		.w = m.w,
		.negative = m.negative,
		.given_up = g.given_up,
	};
}

/* The fields whose float cannot be told from a double that is somewhat off. */
static inline __attribute__((always_inline)) __mmask8 in_guard(const struct rio_scientific *s,
	struct rio_habits habits)
{
	__m512i low = _mm512_and_si512(_mm512_castpd_si512(s->value), k64(0x1fffffff));
	__mmask8 near = _mm512_cmple_epu64_mask(_mm512_sub_epi64(low, k64(0x10000000 - GUARD)),
		k64(2 * GUARD));

	/* Without an exponent nothing but 0 is below 10^-16. */
	if (habits.exponents)
		near |= _mm512_mask_cmp_pd_mask(_mm512_test_epi64_mask(s->w, s->w), s->value,
			_mm512_set1_pd(0x1.1p-126), _CMP_LT_OQ);
	return near;
}

static inline __attribute__((always_inline)) unsigned eight_f32(const struct rio_group *fields,
	struct rio_habits habits, void *out)
{
	struct rio_scientific s;
	unsigned given_up;
	__m512d value;
	__m256i floats;

	if (eight_digits(fields, &floats)) {
		_mm256_storeu_ps(out, _mm256_cvtepi32_ps(floats));
		return 0;
	}
	if (!habits.exponents && !habits.wrapped && rio_short_read(fields, &value, &given_up)) {
		_mm256_storeu_ps(out, _mm512_cvtpd_ps(value));
		return given_up;
	}
	if (!habits.exponents || habits.wrapped || !rio_scientific_read(fields, &s))
		s = eight_scaled(fields, habits);
	floats = _mm256_castps_si256(_mm512_cvtpd_ps(s.value));
	floats = _mm256_mask_or_epi32(floats, s.negative, floats, k32_half((int)0x80000000));
	_mm256_storeu_si256(out, floats);
	return s.given_up | in_guard(&s, habits);
}

static inline __attribute__((always_inline)) unsigned eight_f64(const struct rio_group *fields,
	struct rio_habits habits, void *out)
{
	struct group g;
	struct mantissas m;
	unsigned given_up;
	__m512d value, up, down;
	__m256i scale;

	if (eight_digits(fields, &scale)) {
		_mm512_storeu_pd(out, _mm512_cvtepi32_pd(scale));
		return 0;
	}
	if (!habits.exponents && !habits.wrapped && rio_short_read(fields, &value, &given_up)) {
		_mm512_storeu_pd(out, value);
		return given_up;
	}
	g = make_group(fields, habits);
	m = read_mantissas(&g, fields->p);
	scale = _mm256_sub_epi32(_mm256_add_epi32(m.before_point, g.exponent),
		k32_half(16));
	g.given_up |= _mm256_cmpgt_epi32_mask(_mm256_abs_epi32(scale), k32_half(22));
	scale = _mm256_maskz_mov_epi32((__mmask8)~g.given_up, scale);
	down = _mm512_i32gather_pd(
		_mm256_max_epi32(_mm256_sub_epi32(_mm256_setzero_si256(), scale),
			_mm256_setzero_si256()),
		rio_number_pow10, 8);
	value = _mm512_div_pd(_mm512_cvtepu64_pd(m.w), down);
	if (habits.exponents) {
		/* One of the two is 10^0, so there is one rounding still. */
		up = _mm512_i32gather_pd(_mm256_max_epi32(scale, _mm256_setzero_si256()),
			rio_number_pow10, 8);
		value = _mm512_mul_pd(value, up);
	}
	if (has_rest(&g))
		check_rest(&g, fields->p, 0xff);
	value = _mm512_castsi512_pd(_mm512_mask_or_epi64(_mm512_castpd_si512(value), m.negative,
		_mm512_castpd_si512(value), k64(INT64_MIN)));
	_mm512_storeu_pd(out, value);
	return g.given_up;
}

/* Whole numbers by themselves where all of a group are short ones, and else by way of doubles. */
static inline __attribute__((always_inline)) unsigned eight_i32(const struct rio_group *fields,
	struct rio_habits habits, void *out)
{
	double values[8];
	unsigned given_up;
	__m512d value;
	__m256i whole;

	if (eight_digits(fields, &whole) ||
		(!habits.exponents && !habits.wrapped && rio_whole_read(fields, &whole))) {
		_mm256_storeu_si256(out, whole);
		return 0;
	}
	given_up = eight_f64(fields, habits, values);
	value = _mm512_loadu_pd(values);
	whole = _mm512_cvttpd_epi32(value);
	_mm256_storeu_si256(out, whole);
	return given_up |
	       _mm512_cmp_pd_mask(_mm512_cvtepi32_pd(whole), value, _CMP_NEQ_UQ);
}

static size_t to_f32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, float *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_f32, 8,
		eight_f32);
}

static size_t to_f64(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, double *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_f64, 8,
		eight_f64);
}

static size_t to_i32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, int32_t *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_i32, 8,
		eight_i32);
}

const struct rio_kernel rio_kernel_avx512 = {
	.name = "avx512",
	.usable = usable,
	.tally = rio_tally_bytes,
	.scan = rio_scan_bytes,
	.to_f32 = to_f32,
	.to_f64 = to_f64,
	.to_i32 = to_i32,
};
