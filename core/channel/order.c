/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order that is the same anywhere, for good: a run that is repeated on another machine,
 * by another version, or by each host of a job for itself, must find the same rows in the
 * same places.  So nothing of libc decides here, and FORMAT.md states every step.
 *
 * XXH64 makes one number of all that an order depends on; splitmix64 makes the stream of
 * numbers from there; Fisher and Yates shuffle by it.  A number below n is taken without
 * bias by Lemire's multiplication, which hardly ever divides.
 */
#include "channel/objects.h"

#include "base/util.h"

#include <string.h>
#include <xxhash.h>

static void put_le64(uint8_t *dst, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		dst[i] = (uint8_t)(value >> (8 * i));
}

/* The state from which a permutation's numbers come. */
static uint64_t state_of(uint64_t seed, uint64_t epoch, const char *key, uint64_t block)
{
	uint8_t parts[32];

	put_le64(parts, seed);
	put_le64(parts + 8, epoch);
	put_le64(parts + 16, XXH64(key, strlen(key), 0));
	put_le64(parts + 24, block);
	return XXH64(parts, sizeof(parts), 0);
}

/* splitmix64; the upper half of its number. */
static uint32_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) >> 32);
}

/* One of 0 … n - 1, all as likely. */
static uint32_t draw_below(uint64_t *state, uint32_t n)
{
	uint64_t product = (uint64_t)draw(state) * n;

	if ((uint32_t)product < n)
		for (uint32_t least = -n % n; (uint32_t)product < least;)
			product = (uint64_t)draw(state) * n;
	return (uint32_t)(product >> 32);
}

void rio_permutation(uint64_t seed, uint64_t epoch, const char *key, uint64_t block,
	uint32_t *ret, uint32_t nr)
{
	uint64_t state = state_of(seed, epoch, key ? key : "", block);

	for (uint32_t i = 0; i < nr; i++)
		ret[i] = i;
	for (uint32_t i = nr; i > 1; i--) {
		uint32_t other = draw_below(&state, i), moved = ret[i - 1];

		ret[i - 1] = ret[other];
		ret[other] = moved;
	}
}

int rio_objects_order(const struct rio_objects *objects, const struct rio_job *job,
	uint64_t epoch, size_t **ret, size_t *ret_nr, struct rio_error *err)
{
	bool sharded = job->distribution == RIO_SHARDED_BY_KEY;
	size_t step = sharded ? job->nr_hosts : 1, nr = 0;
	_cleanup_free_ uint32_t *shuffled = calloc(objects->nr + 1, sizeof(*shuffled));
	_cleanup_free_ size_t *order = calloc(objects->nr / step + 1, sizeof(*order));

	if (!shuffled || !order || objects->nr > UINT32_MAX)
		return rio_fail(err, RIO_ENOMEM, "no memory for the order of %zu files",
			objects->nr);
	for (size_t i = 0; i < objects->nr; i++)
		shuffled[i] = (uint32_t)i;
	if (job->shuffle != RIO_SHUFFLE_NONE && epoch != RIO_FILE_MODE)
		rio_permutation(job->seed, epoch, NULL, 0, shuffled, (uint32_t)objects->nr);
	for (size_t i = sharded ? rio_job_host(job) : 0; i < objects->nr; i += step)
		order[nr++] = shuffled[i];
	*ret = rio_steal(order);
	*ret_nr = nr;
	return 0;
}
