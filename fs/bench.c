/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <pthread.h>

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void destroy(void *p)
{
	struct rfs_bench *bench = p;

	rio_scratch_destroy(bench->scratch);
	free(bench->reply);
	free(bench);
}

static void make_key(void)
{
	if (pthread_key_create(&key, destroy))
		abort();
}

static struct rfs_bench *create(void)
{
	struct rfs_bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return NULL;
	bench->reply = aligned_alloc(4 * RIO_KIB, RFS_READ_BYTES_MAX);
	if (!bench->reply || rio_scratch_create(&bench->scratch, NULL) ||
		pthread_setspecific(key, bench)) {
		destroy(bench);
		return NULL;
	}
	return bench;
}

struct rfs_bench *rfs_bench(void)
{
	struct rfs_bench *bench;

	pthread_once(&once, make_key);
	bench = pthread_getspecific(key);
	return bench ? bench : create();
}
