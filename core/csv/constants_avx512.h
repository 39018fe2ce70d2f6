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

/*
 * The same where no register is left anyway: read from memory each time, which takes
 * neither that port nor another register to make it from.  Constant expressions only.
 */
#define RIO_FROM_MEMORY(value)                                                                   \
	({                                                                                       \
		static const uint64_t memory_ = (value);                                         \
		__m512i vector_;                                                                 \
		__asm__("vpbroadcastq %1, %0" : "=v"(vector_) : "m"(memory_));                  \
		vector_;                                                                         \
	})
#define m8(c)  RIO_FROM_MEMORY(UINT64_C(0x0101010101010101) * (uint8_t)(c))
#define m16(c) RIO_FROM_MEMORY(UINT64_C(0x0001000100010001) * (uint16_t)(c))
#define m32(c) RIO_FROM_MEMORY(UINT64_C(0x0000000100000001) * (uint32_t)(c))
#define m64(c) RIO_FROM_MEMORY((uint64_t)(c))

#endif
