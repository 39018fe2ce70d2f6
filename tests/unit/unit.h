/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes first. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/util.h"

/* The sizes of pieces in which every parser is fed. */
static const size_t block_sizes[] = {1, 2, 17, 64 * RIO_KIB};

/* A small generator whose seed is printed by whoever fails: xorshift64. */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Random CSV-like bytes, rich in what is special. */
static inline void rnd_csv(uint64_t *state, uint8_t *p, size_t n)
{
	static const char alphabet[] = "\"\"\",,\n\n\r\r \t1a\n,";
	uint64_t plain = rnd(state) % 4; /* how much of it is ordinary */

	for (size_t i = 0; i < n; i++)
		p[i] = rnd(state) % 4 < plain
			       ? (uint8_t)('0' + rnd(state) % 10)
			       : (uint8_t)alphabet[rnd(state) % (sizeof(alphabet) - 1)];
}

#endif
