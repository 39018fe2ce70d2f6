/* SPDX-License-Identifier: Apache-2.0 */
/* csv/block.h's operations in AVX2: a block is two registers. */
#ifndef RIO_CSV_BLOCK_AVX2_H
#define RIO_CSV_BLOCK_AVX2_H

#include "csv/dialect.h"
#include "csv/flatten.h"

#include <immintrin.h>
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

static inline uint64_t rio_block_equal(const struct rio_block *b, uint8_t c)
{
	const __m256i wanted = _mm256_set1_epi8((char)c);

	return rio_block_mask(_mm256_cmpeq_epi8(b->low, wanted),
		_mm256_cmpeq_epi8(b->high, wanted));
}

/*
 * Each byte looks up, by its lower half, the only blank that it could be, and is
 * compared with that: space 0x20, tab 0x09, CR 0x0d.  0xff is no byte's answer,
 * since bytes above 0x7f look up 0.
 */
static inline uint64_t rio_block_blank(const struct rio_block *b, const struct rio_dialect *d)
{
	const char space = d->delimiter == ' ' ? '\xff' : ' ';
	const char tab = d->delimiter == '\t' ? '\xff' : '\t';
	const __m256i table = _mm256_broadcastsi128_si256(_mm_setr_epi8(space, -1, -1, -1, -1, -1,
		-1, -1, -1, tab, -1, -1, -1, '\r', -1, -1));

	return rio_block_mask(
		_mm256_cmpeq_epi8(b->low, _mm256_shuffle_epi8(table, b->low)),
		_mm256_cmpeq_epi8(b->high, _mm256_shuffle_epi8(table, b->high)));
}

/* Multiplying by all ones without carries is a running parity. */
static inline uint64_t rio_block_parity(uint64_t x)
{
	const __m128i ones = _mm_set1_epi8(-1);

	return (uint64_t)_mm_cvtsi128_si64(
		_mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)x), ones, 0));
}

#endif
