/* SPDX-License-Identifier: Apache-2.0 */
/* csv/block.h's operations in AVX-512: a block is one register. */
#ifndef RIO_CSV_BLOCK_AVX512_H
#define RIO_CSV_BLOCK_AVX512_H

#include "csv/blank_table.h"
#include "csv/dialect.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define RIO_BLOCK_BYTES 64

struct rio_block {
	__m512i bytes;
};

static inline struct rio_block rio_block_load(const uint8_t *p)
{
	return (struct rio_block){_mm512_loadu_si512(p)};
}

/* Masks of blocks that follow each other, as one register. */
typedef uint64_t rio_words __attribute__((vector_size(64)));

static inline bool rio_words_any(rio_words w)
{
	return _mm512_test_epi64_mask((__m512i)w, (__m512i)w) != 0;
}

/* What is looked for, made once for many blocks. */
struct rio_needles {
	__m512i delimiter, quote, blanks;
	bool has_quote;
};

static inline struct rio_needles rio_needles_of(const struct rio_dialect *d)
{
	return (struct rio_needles){
		.delimiter = _mm512_set1_epi8((char)d->delimiter),
		.quote = _mm512_set1_epi8((char)d->quote),
		.blanks = _mm512_broadcast_i32x4(rio_blank_table(d)),
		.has_quote = d->quote != RIO_QUOTE_NONE,
	};
}

static inline uint64_t rio_block_lf(struct rio_block b)
{
	return _mm512_cmpeq_epi8_mask(b.bytes, _mm512_set1_epi8('\n'));
}

/* Bytes up to ' ': line feeds and all blanks are among them. */
static inline uint64_t rio_block_low(struct rio_block b)
{
	return _mm512_cmple_epu8_mask(b.bytes, _mm512_set1_epi8(' '));
}

static inline uint64_t rio_block_nul(struct rio_block b)
{
	return _mm512_testn_epi8_mask(b.bytes, b.bytes);
}

static inline uint64_t rio_block_delimiter(struct rio_block b, const struct rio_needles *n)
{
	return _mm512_cmpeq_epi8_mask(b.bytes, n->delimiter);
}

static inline uint64_t rio_block_quote(struct rio_block b, const struct rio_needles *n)
{
	return n->has_quote ? _mm512_cmpeq_epi8_mask(b.bytes, n->quote) : 0;
}

static inline uint64_t rio_block_blank(struct rio_block b, const struct rio_needles *n)
{
	return _mm512_cmpeq_epi8_mask(b.bytes, _mm512_shuffle_epi8(n->blanks, b.bytes));
}

/* Multiplying by all ones without carries is a running parity. */
static inline uint64_t rio_block_parity(uint64_t x)
{
	const __m128i ones = _mm_set1_epi8(-1);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), ones, 0));
}

/* Compress the numbers 0 … 63 to those whose bits are set, and widen them. */
static inline uint32_t *rio_flatten(uint64_t bits, uint32_t base, uint32_t *out)
{
	const __m512i numbers = _mm512_set_epi8(63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51,
		50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30,
		29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
		7, 6, 5, 4, 3, 2, 1, 0);
	const __m512i from = _mm512_set1_epi32((int)base);
	__m512i set = _mm512_maskz_compress_epi8(bits, numbers);
	int n = __builtin_popcountll(bits);

	_mm512_storeu_si512(out,
		_mm512_add_epi32(from, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(set))));
	if (n > 16)
		_mm512_storeu_si512(out + 16, _mm512_add_epi32(from,
			_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 1))));
	if (n > 32) {
		_mm512_storeu_si512(out + 32, _mm512_add_epi32(from,
			_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 2))));
		_mm512_storeu_si512(out + 48, _mm512_add_epi32(from,
			_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(set, 3))));
	}
	return out + n;
}

#endif
