/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants for loops that run short of registers.
 *
 * What it can see to be a constant gcc makes anew from an integer, in the loop, on the
 * one port that also shuffles and compares.  These it cannot see through: it keeps them
 * in registers or, as operands, in memory.  That is worth 12 % of all to_f32.
 */
#ifndef RIO_CSV_CONSTANTS_AVX512_H
#define RIO_CSV_CONSTANTS_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#define RIO_OPAQUE(type, value)                                                                  \
	({                                                                                       \
		type opaque_ = (value);                                                          \
		__asm__("" : "+v"(opaque_));                                                     \
		opaque_;                                                                         \
	})

/* The same value in all bytes, words, and so on, of 512 bits; k32_half: of 256. */
#define k8(c)       RIO_OPAQUE(__m512i, _mm512_set1_epi8((char)(c)))
#define k16(c)      RIO_OPAQUE(__m512i, _mm512_set1_epi16(c))
#define k32(c)      RIO_OPAQUE(__m512i, _mm512_set1_epi32(c))
#define k64(c)      RIO_OPAQUE(__m512i, _mm512_set1_epi64(c))
#define k32_half(c) RIO_OPAQUE(__m256i, _mm256_set1_epi32((int)(c)))

#endif
