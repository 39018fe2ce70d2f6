/* SPDX-License-Identifier: Apache-2.0 */
/* csv/block.h's operations in AVX2: a block is two registers. */
#ifndef RIO_CSV_BLOCK_AVX2_H
#define RIO_CSV_BLOCK_AVX2_H

#include "csv/blank_table.h"
#include "csv/dialect.h"
#include "csv/flatten.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define RIO_BLOCK_BYTES 64

struct rio_block {
	__m256i low, high;
};

static inline struct rio_block rio_block_load(const uint8_t *p)
{
	return (struct rio_block){_mm256_loadu_si256((const void *)p),
		_mm256_loadu_si256((const void *)(p + 32))};
}

static inline uint64_t rio_block_mask(__m256i low, __m256i high)
{
	return (uint32_t)_mm256_movemask_epi8(low) |
	       (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
}

static inline uint64_t rio_block_equal(struct rio_block b, __m256i wanted)
{
	return rio_block_mask(_mm256_cmpeq_epi8(b.low, wanted),
		_mm256_cmpeq_epi8(b.high, wanted));
}

/* Masks of blocks that follow each other, as one register. */
typedef uint64_t rio_words __attribute__((vector_size(32)));

static inline bool rio_words_any(rio_words w)
{
	return !_mm256_testz_si256((__m256i)w, (__m256i)w);
}

/* What is looked for, made once for many blocks. */
struct rio_needles {
	__m256i delimiter, quote, blanks;
	bool has_quote;
};

static inline struct rio_needles rio_needles_of(const struct rio_dialect *d)
{
	return (struct rio_needles){
		.delimiter = _mm256_set1_epi8((char)d->delimiter),
		.quote = _mm256_set1_epi8((char)d->quote),
		.blanks = _mm256_broadcastsi128_si256(rio_blank_table(d)),
		.has_quote = d->quote != RIO_QUOTE_NONE,
	};
}

static inline uint64_t rio_block_lf(struct rio_block b)
{
	return rio_block_equal(b, _mm256_set1_epi8('\n'));
}

/* Bytes up to ' ': line feeds and all blanks are among them. */
static inline uint64_t rio_block_low(struct rio_block b)
{
	const __m256i space = _mm256_set1_epi8(' ');

	return rio_block_mask(_mm256_cmpeq_epi8(b.low, _mm256_min_epu8(b.low, space)),
		_mm256_cmpeq_epi8(b.high, _mm256_min_epu8(b.high, space)));
}

static inline uint64_t rio_block_nul(struct rio_block b)
{
	return rio_block_equal(b, _mm256_setzero_si256());
}

static inline uint64_t rio_block_delimiter(struct rio_block b, const struct rio_needles *n)
{
	return rio_block_equal(b, n->delimiter);
}

static inline uint64_t rio_block_quote(struct rio_block b, const struct rio_needles *n)
{
	return n->has_quote ? rio_block_equal(b, n->quote) : 0;
}

static inline uint64_t rio_block_blank(struct rio_block b, const struct rio_needles *n)
{
	return rio_block_mask(
		_mm256_cmpeq_epi8(b.low, _mm256_shuffle_epi8(n->blanks, b.low)),
		_mm256_cmpeq_epi8(b.high, _mm256_shuffle_epi8(n->blanks, b.high)));
}

/* Multiplying by all ones without carries is a running parity. */
static inline uint64_t rio_block_parity(uint64_t x)
{
	const __m128i ones = _mm_set1_epi8(-1);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), ones, 0));
}

#endif
