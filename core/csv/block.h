/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sixty-four bytes of CSV at a time, as masks: bit i stands for byte i.
 *
 * What tally and scan need of an instruction set is small, and is all here: load a
 * block, find a value or the blanks in it, the running parity of a mask, and the
 * positions of its bits.  This is the portable one: SSE2, which every x86-64 has, and
 * elsewhere eight bytes to a word.
 */
#ifndef RIO_CSV_BLOCK_H
#define RIO_CSV_BLOCK_H

#include "csv/dialect.h"
#include "csv/flatten.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RIO_BLOCK_BYTES 64

#ifdef __SSE2__
#include <emmintrin.h>

struct rio_block {
	__m128i lane[4];
};

static inline struct rio_block rio_block_load(const uint8_t *p)
{
	struct rio_block b;

	for (int i = 0; i < 4; i++)
		b.lane[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
	return b;
}

static inline uint64_t rio_block_equal(struct rio_block b, uint8_t c)
{
	const __m128i wanted = _mm_set1_epi8((char)c);
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i equal = _mm_cmpeq_epi8(b.lane[i], wanted);
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
	}
	return mask;
}

/* Bytes up to ' ': line feeds and all blanks are among them. */
static inline uint64_t rio_block_low(struct rio_block b)
{
	const __m128i space = _mm_set1_epi8(' ');
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++) {
		__m128i low = _mm_cmpeq_epi8(b.lane[i], _mm_min_epu8(b.lane[i], space));
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(low) << (16 * i);
	}
	return mask;
}

#else

struct rio_block {
	uint64_t word[8];
};

static inline struct rio_block rio_block_load(const uint8_t *p)
{
	struct rio_block b;

	for (int i = 0; i < 8; i++) {
		memcpy(&b.word[i], p + 8 * i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		b.word[i] = __builtin_bswap64(b.word[i]);
#endif
	}
	return b;
}

static inline uint64_t rio_block_equal(struct rio_block b, uint8_t c)
{
	const uint64_t low7 = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
	uint64_t mask = 0;

	for (int i = 0; i < 8; i++) {
		/* The top bit of each byte that is zero after the xor … */
		uint64_t x = b.word[i] ^ (ones * c);
		uint64_t zero = ~(((x & low7) + low7) | x | low7);

		/* … gathered into eight bits by one multiplication. */
		mask |= ((zero >> 7) * 0x0102040810204080 >> 56) << (8 * i);
	}
	return mask;
}

static inline uint64_t rio_block_low(struct rio_block b)
{
	const uint64_t low7 = 0x7f7f7f7f7f7f7f7f, ones = 0x0101010101010101;
	uint64_t mask = 0;

	for (int i = 0; i < 8; i++) {
		/* The top bit of each byte that neither has it nor reaches it from ' ' + 1 on. */
		uint64_t x = b.word[i];
		uint64_t low = ~(((x & low7) + ones * (0x7f - ' ')) | x) & ~low7;

		mask |= ((low >> 7) * 0x0102040810204080 >> 56) << (8 * i);
	}
	return mask;
}

#endif

/* Masks of blocks that follow each other, as one register. */
typedef uint64_t rio_words __attribute__((vector_size(16)));

static inline bool rio_words_any(rio_words w)
{
	return (w[0] | w[1]) != 0;
}

/* What is looked for, made once for many blocks. */
struct rio_needles {
	uint8_t delimiter;
	uint8_t quote;
	bool has_quote;
	uint8_t blanks[2]; /* beside CR; CR again where the delimiter would be one */
};

static inline struct rio_needles rio_needles_of(const struct rio_dialect *d)
{
	return (struct rio_needles){
		.delimiter = d->delimiter,
		.quote = (uint8_t)d->quote,
		.has_quote = d->quote != RIO_QUOTE_NONE,
		.blanks = {d->delimiter == ' ' ? '\r' : ' ', d->delimiter == '\t' ? '\r' : '\t'},
	};
}

static inline uint64_t rio_block_lf(struct rio_block b)
{
	return rio_block_equal(b, '\n');
}

static inline uint64_t rio_block_nul(struct rio_block b)
{
	return rio_block_equal(b, '\0');
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
	return rio_block_equal(b, '\r') | rio_block_equal(b, n->blanks[0]) |
	       rio_block_equal(b, n->blanks[1]);
}

/* Bit i of the result: whether an odd number of bits is set in x up to and with i. */
static inline uint64_t rio_block_parity(uint64_t x)
{
	for (int shift = 1; shift < 64; shift *= 2)
		x ^= x << shift;
	return x;
}

#endif
