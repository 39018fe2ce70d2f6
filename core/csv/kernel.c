/* SPDX-License-Identifier: Apache-2.0 */
#include "csv/kernel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Fastest first; the portable one is always usable. */
const struct rio_kernel *const rio_kernels[] = {
#ifdef RIO_HAVE_AVX512
	&rio_kernel_avx512,
#endif
#ifdef RIO_HAVE_AVX2
	&rio_kernel_avx2,
#endif
	&rio_kernel_portable,
	NULL,
};

_Thread_local uint64_t rio_nr_slow_fields;

static pthread_once_t chosen_once = PTHREAD_ONCE_INIT;
static const struct rio_kernel *chosen;

static void choose(void)
{
	const char *forced = getenv("RECORDIOFS_KERNEL");
	const struct rio_kernel *const *k = rio_kernels;

	while (!(*k)->usable() || (forced && strcmp(forced, (*k)->name) != 0 && k[1]))
		k++;
	chosen = *k;
}

const struct rio_kernel *rio_kernel(void)
{
	pthread_once(&chosen_once, choose);
	return chosen;
}
