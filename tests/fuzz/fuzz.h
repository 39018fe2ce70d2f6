/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target includes first. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A claim about the input at hand: libFuzzer and run_corpus tell which that was. */
#define claim(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Bytes taken off the front of an input; zeros once there are none left. */
struct input {
	const uint8_t *p;
	size_t left;
};

static inline uint64_t take(struct input *in, size_t nr_bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < nr_bytes && in->left > 0; i++, in->left--)
		value |= (uint64_t)*in->p++ << (8 * i);
	return value;
}

#endif
