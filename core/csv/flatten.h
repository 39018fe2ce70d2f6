/* SPDX-License-Identifier: Apache-2.0 */
/* From a mask to the positions of its bits, without compressing vectors. */
#ifndef RIO_CSV_FLATTEN_H
#define RIO_CSV_FLATTEN_H

#include <stdint.h>

/* Write the positions of the set bits, eight at a time: most blocks need one or two rounds. */
static inline uint32_t *rio_flatten(uint64_t bits, uint32_t base, uint32_t *out)
{
	int n = __builtin_popcountll(bits);

	for (int done = 0; done < n; done += 8)
		for (int k = 0; k < 8; k++) {
			out[done + k] = base + (uint32_t)(bits ? __builtin_ctzll(bits) : 0);
			bits &= bits - 1;
		}
	return out + n;
}

#endif
