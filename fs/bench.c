/* SPDX-License-Identifier: Apache-2.0 */
#include "bench.h"

#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static SLIST_HEAD(, rfs_bench) pool = SLIST_HEAD_INITIALIZER(pool); /* lock */

static void destroy(struct rfs_bench *bench)
{
	rio_scratch_destroy(bench->scratch);
	free(bench->reply);
	free(bench);
}

static struct rfs_bench *create(void)
{
	struct rfs_bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return NULL;
	bench->reply = aligned_alloc(4 * RIO_KIB, RFS_READ_BYTES_MAX);
	if (!bench->reply || rio_scratch_create(&bench->scratch, NULL)) {
		destroy(bench);
		return NULL;
	}
	return bench;
}

struct rfs_bench *rfs_bench_take(void)
{
	struct rfs_bench *bench;

	pthread_mutex_lock(&lock);
	bench = SLIST_FIRST(&pool);
	if (bench)
		SLIST_REMOVE_HEAD(&pool, link);
	pthread_mutex_unlock(&lock);
	return bench ? bench : create();
}

void rfs_bench_give(struct rfs_bench *bench)
{
	if (!bench)
		return;
	pthread_mutex_lock(&lock);
	SLIST_INSERT_HEAD(&pool, bench, link);
	pthread_mutex_unlock(&lock);
}

void rfs_bench_givep(struct rfs_bench **bench)
{
	rfs_bench_give(*bench);
}

void rfs_bench_deinit(void)
{
	struct rfs_bench *bench;

	while ((bench = SLIST_FIRST(&pool))) {
		SLIST_REMOVE_HEAD(&pool, link);
		destroy(bench);
	}
}

/* Rows of a few numbers, as many as the first reader of a file is given. */
static size_t make_up(char *csv, size_t room)
{
	static const char row[] = "1,0.25,-17,3.14159,2.5e-3,1200.75,0,42\n";
	size_t len = 0;

	for (; len + sizeof(row) <= room; len += sizeof(row) - 1)
		memcpy(csv + len, row, sizeof(row) - 1);
	return len;
}

void rfs_bench_warm_up(void)
{
	enum { CSV_BYTES = 64 * 1024, REPLY_BYTES = 256 * 1024 };
	_cleanup_free_ char *csv = malloc(CSV_BYTES);
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	_cleanup_(rio_dataset_destroyp) struct rio_dataset *dataset = NULL;
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options, .nr_threads = 1};
	size_t n;

	if (!csv || !bench || rio_options_init(&options, NULL))
		return;
	memset(bench->reply, 0, REPLY_BYTES);
	if (rio_source_from_memory(csv, make_up(csv, CSV_BYTES), "", &source, NULL) == 0 &&
		rio_dataset_create(source, &config, &dataset, NULL) == 0)
		rio_dataset_read(dataset, source, bench->scratch, 0, bench->reply, REPLY_BYTES, &n,
			NULL, NULL);
	rio_options_deinit(&options);
}
