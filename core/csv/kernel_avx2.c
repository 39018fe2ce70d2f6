/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AVX2: four numbers at a time, in the steps of kernel_avx512.c, whose opening
 * comment also shows why they are right.  There are no masks here: a field is
 * marked in a vector, by all bits of its bytes or of its quadword.
 */
#include "csv/kernel.h"

#include "csv/block_avx2.h"
#include "csv/groups.h"
#include "csv/number_tables.h"
#include "csv/scan.h"
#include "csv/short_avx2.h"
#include "csv/tally.h"
#include "csv/whole_avx2.h"

#define GUARD 16384

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Four fields as offsets into the chunk. */
struct group {
	__m128i begin; /* first byte */
	__m128i len;   /* bytes of the mantissa */
	__m128i exponent;
	unsigned given_up;
};

/* Sixteen bytes from each field: 0 and 2 in x, 1 and 3 in y. */
struct lanes {
	__m256i x, y;
};

static bool usable(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
	       __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
}

static ALWAYS_INLINE __m256i load_two(const uint8_t *a, const uint8_t *b)
{
	return _mm256_inserti128_si256(
		_mm256_castsi128_si256(_mm_loadu_si128((const void *)a)),
		_mm_loadu_si128((const void *)b), 1);
}

static ALWAYS_INLINE struct lanes load_lanes(const uint8_t *p, __m128i begin)
{
	uint32_t at[4];

	_mm_storeu_si128((void *)at, begin);
	return (struct lanes){load_two(p + at[0], p + at[2]), load_two(p + at[1], p + at[3])};
}

static ALWAYS_INLINE __m128i gather(const uint8_t *p, __m128i offsets)
{
	return _mm_i32gather_epi32((const void *)p, offsets, 1);
}

static ALWAYS_INLINE __m128i byte_of(__m128i dwords, int shift)
{
	return _mm_and_si128(_mm_srli_epi32(dwords, shift), _mm_set1_epi32(0xff));
}

static ALWAYS_INLINE __m128i is_byte(__m128i bytes, uint8_t c)
{
	return _mm_cmpeq_epi32(bytes, _mm_set1_epi32(c));
}

static ALWAYS_INLINE unsigned bits_of(__m128i dwords)
{
	return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(dwords));
}

static ALWAYS_INLINE __m128i longer_than(__m128i len, int n)
{
	return _mm_cmpgt_epi32(len, _mm_set1_epi32(n));
}

/* Take one CR, one blank on either side, and one pair of quotes off each field. */
static ALWAYS_INLINE void unwrap(struct group *g, const struct rio_dialect *d, const uint8_t *p)
{
	__m128i end = _mm_add_epi32(g->begin, g->len);
	__m128i tail = gather(p - 4, end), head = gather(p, g->begin);
	__m128i long_enough = longer_than(g->len, 1), hit;

	/* A hit is -1, so adding it moves down by one. */
	hit = _mm_and_si128(is_byte(byte_of(tail, 24), '\r'), long_enough);
	end = _mm_add_epi32(end, hit);
	tail = _mm_blendv_epi8(tail, _mm_slli_epi32(tail, 8), hit);
	hit = _mm_and_si128(is_byte(byte_of(tail, 24), ' '), long_enough);
	end = _mm_add_epi32(end, hit);
	tail = _mm_blendv_epi8(tail, _mm_slli_epi32(tail, 8), hit);
	hit = _mm_and_si128(is_byte(byte_of(head, 0), ' '), long_enough);
	g->begin = _mm_sub_epi32(g->begin, hit);
	head = _mm_blendv_epi8(head, _mm_srli_epi32(head, 8), hit);
	g->len = _mm_sub_epi32(end, g->begin);
	if (d->quote == RIO_QUOTE_NONE)
		return;
	hit = _mm_and_si128(_mm_and_si128(is_byte(byte_of(head, 0), (uint8_t)d->quote),
				    is_byte(byte_of(tail, 24), (uint8_t)d->quote)),
		longer_than(g->len, 1));
	g->begin = _mm_sub_epi32(g->begin, hit);
	g->len = _mm_add_epi32(g->len, _mm_add_epi32(hit, hit));
}

/* Cut e+05 off the mantissas, where it is; other shapes are given up as bytes. */
static ALWAYS_INLINE void take_exponents(struct group *g, const uint8_t *p)
{
	const __m128i zero = _mm_set1_epi32('0'), nine = _mm_set1_epi32(9);
	__m128i tail = gather(p - 4, _mm_add_epi32(g->begin, g->len));
	__m128i tens = _mm_sub_epi32(byte_of(tail, 16), zero);
	__m128i ones = _mm_sub_epi32(byte_of(tail, 24), zero);
	__m128i value = _mm_add_epi32(_mm_mullo_epi32(tens, _mm_set1_epi32(10)), ones);
	__m128i minus = is_byte(byte_of(tail, 8), '-'), plus = is_byte(byte_of(tail, 8), '+');
	__m128i here = _mm_or_si128(
		is_byte(byte_of(tail, 0), 'e'), is_byte(byte_of(tail, 0), 'E'));

	here = _mm_and_si128(here, _mm_or_si128(minus, plus));
	here = _mm_and_si128(here, _mm_cmpeq_epi32(_mm_max_epu32(tens, nine), nine));
	here = _mm_and_si128(here, _mm_cmpeq_epi32(_mm_max_epu32(ones, nine), nine));
	here = _mm_and_si128(here, longer_than(g->len, 4));
	value = _mm_sub_epi32(_mm_xor_si128(value, minus), minus);
	g->exponent = _mm_and_si128(value, here);
	g->len = _mm_sub_epi32(g->len, _mm_and_si128(here, _mm_set1_epi32(4)));
}

/* A value below 256 of each field, in all of its lane's bytes. */
static ALWAYS_INLINE struct lanes spread(__m128i values)
{
	const __m256i both = _mm256_broadcastsi128_si256(values);
	const __m256i even = _mm256_setr_epi64x(0, 0, 0x0808080808080808, 0x0808080808080808);

	return (struct lanes){_mm256_shuffle_epi8(both, even),
		_mm256_shuffle_epi8(both, _mm256_add_epi8(even, _mm256_set1_epi8(4)))};
}

static ALWAYS_INLINE __m256i lane_index(void)
{
	return _mm256_broadcastsi128_si256(
		_mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

/* Bytes 0 … len - 1 of each lane. */
static ALWAYS_INLINE struct lanes valid_bytes(__m128i len)
{
	struct lanes lens = spread(len);

	return (struct lanes){_mm256_cmpgt_epi8(lens.x, lane_index()),
		_mm256_cmpgt_epi8(lens.y, lane_index())};
}

/* From marked bytes to a bit for each field. */
static ALWAYS_INLINE unsigned fields_of(struct lanes bytes)
{
	uint32_t x = (uint32_t)_mm256_movemask_epi8(bytes.x);
	uint32_t y = (uint32_t)_mm256_movemask_epi8(bytes.y);

	return (x & 0xffff ? 1u : 0) | (y & 0xffff ? 2u : 0) | (x >> 16 ? 4u : 0) |
	       (y >> 16 ? 8u : 0);
}

/* Bytes above 9, as digits go. */
static ALWAYS_INLINE struct lanes no_digits(struct lanes d)
{
	const __m256i ten = _mm256_set1_epi8(10);

	return (struct lanes){_mm256_cmpeq_epi8(_mm256_max_epu8(d.x, ten), d.x),
		_mm256_cmpeq_epi8(_mm256_max_epu8(d.y, ten), d.y)};
}

static ALWAYS_INLINE bool any_byte(struct lanes v)
{
	__m256i both = _mm256_or_si256(v.x, v.y);

	return !_mm256_testz_si256(both, both);
}

/*
 * Bytes 16 … 31 of fields that have them must be digits, or the field is given up.
 * Returns the fields in which they are not all zeros.
 */
static ALWAYS_INLINE unsigned check_rest(struct group *g, const uint8_t *p)
{
	const __m256i zero = _mm256_set1_epi8('0'), none = _mm256_setzero_si256();
	__m128i has = longer_than(g->len, 16);
	__m128i sixteen = _mm_and_si128(has, _mm_set1_epi32(16));
	__m128i len = _mm_and_si128(has, _mm_sub_epi32(g->len, sixteen));
	struct lanes rest, valid;

	g->given_up |= bits_of(longer_than(len, 16));
	rest = load_lanes(p, _mm_add_epi32(g->begin, sixteen));
	valid = valid_bytes(len);
	rest.x = _mm256_and_si256(_mm256_sub_epi8(rest.x, zero), valid.x);
	rest.y = _mm256_and_si256(_mm256_sub_epi8(rest.y, zero), valid.y);
	g->given_up |= fields_of(no_digits(rest));
	rest.x = _mm256_xor_si256(_mm256_cmpeq_epi8(rest.x, none), _mm256_set1_epi8(-1));
	rest.y = _mm256_xor_si256(_mm256_cmpeq_epi8(rest.y, none), _mm256_set1_epi8(-1));
	return fields_of(rest);
}

/* Sixteen digits in each lane to a 64-bit number for each field, in order. */
static ALWAYS_INLINE __m256i fold(struct lanes digits)
{
	const __m256i pairs = _mm256_set1_epi16(0x010a), fours = _mm256_set1_epi32(0x00010064);
	const __m256i eights = _mm256_set1_epi32(0x00012710);
	__m256i x = _mm256_madd_epi16(_mm256_maddubs_epi16(digits.x, pairs), fours);
	__m256i y = _mm256_madd_epi16(_mm256_maddubs_epi16(digits.y, pairs), fours);
	__m256i halves = _mm256_madd_epi16(_mm256_packus_epi32(x, y), eights);

	return _mm256_add_epi64(_mm256_mul_epu32(halves, _mm256_set1_epi64x(100000000)),
		_mm256_srli_epi64(halves, 32));
}

/* W to doubles, rounded once: 2^52 and 2^84 put its halves into mantissas. */
static ALWAYS_INLINE __m256d to_double(__m256i w)
{
	__m256i low = _mm256_blend_epi32(_mm256_set1_epi64x(0x4330000000000000), w, 0x55);
	__m256i high = _mm256_or_si256(
		_mm256_srli_epi64(w, 32), _mm256_set1_epi64x(0x4530000000000000));
	__m256d top = _mm256_sub_pd(
		_mm256_castsi256_pd(high), _mm256_set1_pd(0x1p84 + 0x1p52));

	return _mm256_add_pd(top, _mm256_castsi256_pd(low));
}

/* The mantissas as W, their signs, and how many bytes stand before the point. */
struct mantissas {
	__m256i w;
	__m128i before_point;
	__m128i negative; /* all bits of a field's dword */
};

/* Byte 0 of each lane, spread over a dword for each field. */
static ALWAYS_INLINE __m128i firsts_of(struct lanes v)
{
	const __m256i first = _mm256_setr_epi32(0, -1, -1, -1, 0, -1, -1, -1);
	__m256i x = _mm256_shuffle_epi8(v.x, first), y = _mm256_shuffle_epi8(v.y, first);
	__m256i both = _mm256_permute4x64_epi64(_mm256_unpacklo_epi32(x, y), 0x08);

	return _mm256_castsi256_si128(both);
}

static ALWAYS_INLINE int index_of_first(uint32_t bits)
{
	return __builtin_ctz(bits | 0x10000);
}

static ALWAYS_INLINE __m128i first_points(struct lanes points, __m128i len)
{
	uint32_t x = (uint32_t)_mm256_movemask_epi8(points.x);
	uint32_t y = (uint32_t)_mm256_movemask_epi8(points.y);
	__m128i at = _mm_setr_epi32(index_of_first(x & 0xffff), index_of_first(y & 0xffff),
		index_of_first(x >> 16), index_of_first(y >> 16));
	__m128i none = _mm_cmpeq_epi32(at, _mm_set1_epi32(16));

	return _mm_blendv_epi8(at, len, none);
}

static ALWAYS_INLINE struct mantissas read_mantissas(struct group *g, const uint8_t *p)
{
	const __m256i zero = _mm256_set1_epi8('0'), minus = _mm256_set1_epi8('-');
	const __m256i point = _mm256_set1_epi8('.');
	const __m256i first = _mm256_setr_epi32(0xff, 0, 0, 0, 0xff, 0, 0, 0);
	struct lanes text = load_lanes(p, g->begin), valid = valid_bytes(g->len);
	struct lanes signs, points, digits, before, bad;
	struct mantissas m;
	__m128i nr, has_point;

	signs.x = _mm256_and_si256(_mm256_cmpeq_epi8(text.x, minus), first);
	signs.y = _mm256_and_si256(_mm256_cmpeq_epi8(text.y, minus), first);
	points.x = _mm256_and_si256(_mm256_cmpeq_epi8(text.x, point), valid.x);
	points.y = _mm256_and_si256(_mm256_cmpeq_epi8(text.y, point), valid.y);
	digits.x = _mm256_and_si256(
		_mm256_sub_epi8(text.x, zero), _mm256_andnot_si256(signs.x, valid.x));
	digits.y = _mm256_and_si256(
		_mm256_sub_epi8(text.y, zero), _mm256_andnot_si256(signs.y, valid.y));

	/* What is behind the point moves down by one. */
	m.before_point = first_points(points, g->len);
	before = valid_bytes(m.before_point);
	digits.x = _mm256_blendv_epi8(_mm256_srli_si256(digits.x, 1), digits.x, before.x);
	digits.y = _mm256_blendv_epi8(_mm256_srli_si256(digits.y, 1), digits.y, before.y);
	bad = no_digits(digits);
	if (rio_unlikely(any_byte(bad)))
		g->given_up |= fields_of(bad);
	m.w = fold(digits);
	m.negative = firsts_of(signs);

	/* One byte at least must be a digit: neither a lone '-', '.' nor "-." is a number. */
	has_point = _mm_cmplt_epi32(m.before_point, g->len);
	nr = _mm_add_epi32(g->len, _mm_add_epi32(has_point, m.negative));
	g->given_up |= bits_of(_mm_cmplt_epi32(nr, _mm_set1_epi32(1)));

	/* Sixteen digits and no point among them: W's scale would be unknown. */
	g->given_up |= bits_of(longer_than(m.before_point, 15));
	return m;
}

static ALWAYS_INLINE struct group make_group(const struct rio_group *fields,
	struct rio_habits habits)
{
	struct group g = {.exponent = _mm_setzero_si128()};

	g.begin = _mm_add_epi32(_mm_loadu_si128((const void *)fields->before), _mm_set1_epi32(1));
	g.len = _mm_sub_epi32(_mm_loadu_si128((const void *)fields->end), g.begin);
	if (habits.wrapped)
		unwrap(&g, fields->dialect, fields->p);
	if (habits.exponents)
		take_exponents(&g, fields->p);
	g.given_up = bits_of(_mm_cmplt_epi32(g.len, _mm_set1_epi32(1))) |
		     bits_of(longer_than(g.len, 32));

	/* Only their bits count now, but lengths must fit a signed byte. */
	g.len = _mm_max_epi32(_mm_min_epi32(g.len, _mm_set1_epi32(32)), _mm_setzero_si128());
	return g;
}

/* Four fields of one digit each, with single separators between. */
static ALWAYS_INLINE bool four_digits(const struct rio_group *g, __m128i *ret)
{
	const __m128i even = _mm_setr_epi8(0, -1, -1, -1, 2, -1, -1, -1, 4, -1, -1, -1, 6, -1, -1,
		-1);
	const __m128i nine = _mm_set1_epi32(9);
	__m128i text;

	if (!g->adjacent || g->end[3] - g->before[0] != 8)
		return false;
	text = _mm_loadl_epi64((const void *)(g->p + (uint32_t)(g->before[0] + 1)));
	*ret = _mm_sub_epi32(_mm_shuffle_epi8(text, even), _mm_set1_epi32('0'));
	return bits_of(_mm_cmpeq_epi32(_mm_max_epu32(*ret, nine), nine)) == 15;
}

static ALWAYS_INLINE unsigned marked(__m256i quadwords)
{
	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(quadwords));
}

static ALWAYS_INLINE unsigned four_f32(const struct rio_group *fields, struct rio_habits habits,
	void *out)
{
	struct group g;
	struct mantissas m;
	unsigned given_up;
	__m256d value;
	__m256i low, not_zero;
	__m128i few;
	__m128 floats;

	if (four_digits(fields, &few)) {
		_mm_storeu_ps(out, _mm_cvtepi32_ps(few));
		return 0;
	}
	if (!habits.exponents && !habits.wrapped && rio_short_read(fields, &value, &given_up)) {
		_mm_storeu_ps(out, _mm256_cvtpd_ps(value));
		return given_up;
	}
	g = make_group(fields, habits);
	m = read_mantissas(&g, fields->p);
	value = _mm256_mul_pd(to_double(m.w),
		_mm256_i32gather_pd(rio_number_scales + RIO_SCALE_ORIGIN - 16,
			_mm_add_epi32(_mm_min_epi32(m.before_point, _mm_set1_epi32(16)),
				g.exponent), 8));

	low = _mm256_and_si256(_mm256_castpd_si256(value), _mm256_set1_epi64x(0x1fffffff));
	low = _mm256_sub_epi64(low, _mm256_set1_epi64x(0x10000000));
	g.given_up |= marked(_mm256_and_si256(
		_mm256_cmpgt_epi64(low, _mm256_set1_epi64x(-GUARD - 1)),
		_mm256_cmpgt_epi64(_mm256_set1_epi64x(GUARD + 1), low)));
	not_zero = _mm256_cmpgt_epi64(m.w, _mm256_setzero_si256());
	g.given_up |= marked(_mm256_and_si256(not_zero,
		_mm256_castpd_si256(
			_mm256_cmp_pd(value, _mm256_set1_pd(0x1.1p-126), _CMP_LT_OQ))));
	if (bits_of(longer_than(g.len, 16))) {
		unsigned cut = check_rest(&g, fields->p);

		g.given_up |= cut & marked(_mm256_cmpgt_epi64(
					    _mm256_set1_epi64x(10000000000000), m.w));
	}
	floats = _mm256_cvtpd_ps(value);
	floats = _mm_or_ps(floats, _mm_castsi128_ps(_mm_slli_epi32(m.negative, 31)));
	_mm_storeu_ps(out, floats);
	return g.given_up;
}

static ALWAYS_INLINE unsigned four_f64(const struct rio_group *fields, struct rio_habits habits,
	void *out)
{
	const __m128i most = _mm_set1_epi32(22), none = _mm_setzero_si128();
	__m256i sign;
	__m128i scale, down, up;
	struct mantissas m;
	unsigned given_up;
	struct group g;
	__m256d value;

	if (four_digits(fields, &scale)) {
		_mm256_storeu_pd(out, _mm256_cvtepi32_pd(scale));
		return 0;
	}
	if (!habits.exponents && !habits.wrapped && rio_short_read(fields, &value, &given_up)) {
		_mm256_storeu_pd(out, value);
		return given_up;
	}
	g = make_group(fields, habits);
	m = read_mantissas(&g, fields->p);
	scale = _mm_sub_epi32(_mm_add_epi32(m.before_point, g.exponent), _mm_set1_epi32(16));
	down = _mm_max_epi32(_mm_sub_epi32(none, scale), none);
	up = _mm_max_epi32(scale, none);
	sign = _mm256_slli_epi64(_mm256_cvtepi32_epi64(m.negative), 63);
	g.given_up |= bits_of(longer_than(down, 22)) | bits_of(longer_than(up, 22));
	value = _mm256_div_pd(to_double(m.w),
		_mm256_i32gather_pd(rio_number_pow10, _mm_min_epi32(down, most), 8));

	/* One of the two is 10^0, so there is one rounding still. */
	if (habits.exponents)
		value = _mm256_mul_pd(value,
			_mm256_i32gather_pd(rio_number_pow10, _mm_min_epi32(up, most), 8));
	if (bits_of(longer_than(g.len, 16))) {
		unsigned cut = check_rest(&g, fields->p);

		g.given_up |= cut;
	}
	_mm256_storeu_pd(out, _mm256_or_pd(value, _mm256_castsi256_pd(sign)));
	return g.given_up;
}

/* Whole numbers by themselves where all of a group are short ones, and else by way of doubles. */
static ALWAYS_INLINE unsigned four_i32(const struct rio_group *fields, struct rio_habits habits,
	void *out)
{
	double values[4];
	unsigned given_up;
	__m256d value;
	__m128i whole;

	if (four_digits(fields, &whole) ||
		(!habits.exponents && !habits.wrapped && rio_whole_read(fields, &whole))) {
		_mm_storeu_si128(out, whole);
		return 0;
	}
	given_up = four_f64(fields, habits, values);
	value = _mm256_loadu_pd(values);
	whole = _mm256_cvttpd_epi32(value);
	_mm_storeu_si128(out, whole);
	return given_up | (unsigned)_mm256_movemask_pd(_mm256_cmp_pd(_mm256_cvtepi32_pd(whole),
				  value, _CMP_NEQ_UQ));
}

static size_t to_f32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, float *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_f32, 4,
		four_f32);
}

static size_t to_f64(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, double *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_f64, 4,
		four_f64);
}

static size_t to_i32(const struct rio_cell_rules *rules, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr, int32_t *out)
{
	return rio_groups_read(rules, p, before, end, nr, out, sizeof(*out), rio_put_i32, 4,
		four_i32);
}

const struct rio_kernel rio_kernel_avx2 = {
	.name = "avx2",
	.usable = usable,
	.tally = rio_tally_bytes,
	.scan = rio_scan_bytes,
	.to_f32 = to_f32,
	.to_f64 = to_f64,
	.to_i32 = to_i32,
};
