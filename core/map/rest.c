/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a kept map a reader needs some tens of bytes, and nearly all of the time that reading
 * it whole takes is fresh memory: 0.6 ms for each GB of source, before the first byte.
 * So a mount reads the groups' bases, a row in 4 MiB of source, and of the checkpoints
 * those of a group when one of them is first looked for:
 *
 *	groups  | base, seal | base, seal | base, seal |      read and checked at once
 *	             v            v            v
 *	packed  | ......... | 0 1 2 … 255 | ...... | last |   absent, until fetched
 *
 * Each group has a seal of its own, seeded with the header's, so what is read later is
 * believed no sooner than what is read first.  The file is opened again for each group:
 * a descriptor kept for each map would be a limit on how many files a mount can show.
 * If it has been replaced since by another state's, that one's seals do not fit.
 *
 * What was opened must be readable to its end, whatever happens to the index folder.
 * A group that the file does not give is had by counting the source once more, as it is
 * where a whole map is lost; and since the same source gives the same map, all of the
 * rest is taken from that.  The lock is held meanwhile: others would count as well.
 *
 * Rejected: mapping the file.  It is as fast, but whoever writes to the file changes
 * what was checked.
 */
#include "map/rest.h"

#include "base/io.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

struct rio_map_rest {
	char *path;
	ino_t ino; /* of the file that was opened first */
	uint64_t packed_off;
	uint64_t seed;
	pthread_mutex_t lock; /* held while a group is fetched */
	atomic_bool here[];   /* one a group: its checkpoints are there, for good */
};

int rio_map_leave_rest(struct rio_map *map, const char *path, int fd, uint64_t packed_off,
	uint64_t seed, struct rio_error *err)
{
	struct rio_map_rest *rest;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rio_fail_errno(err, errno, "cannot look at a map");
	rest = calloc(1, sizeof(*rest) + map->nr_groups * sizeof(rest->here[0]));
	if (rest)
		rest->path = strdup(path);
	if (!rest || !rest->path) {
		free(rest);
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	}
	rest->ino = st.st_ino;
	rest->packed_off = packed_off;
	rest->seed = seed;
	pthread_mutex_init(&rest->lock, NULL);
	atomic_init(&rest->here[map->nr_groups - 1], true);
	map->rest = rest;
	return rio_map_read_groups(map, map->nr_groups - 1, map->nr_groups, fd, packed_off, seed,
		err);
}

void rio_map_rest_destroy(struct rio_map_rest *rest)
{
	if (!rest)
		return;
	pthread_mutex_destroy(&rest->lock);
	free(rest->path);
	free(rest);
}

bool rio_map_is_here(const struct rio_map *map, size_t group)
{
	return !map->rest || atomic_load_explicit(&map->rest->here[group], memory_order_acquire);
}

static void set_here(struct rio_map *map, size_t group)
{
	atomic_store_explicit(&map->rest->here[group], true, memory_order_release);
}

static size_t group_checkpoints(const struct rio_map *map, size_t group)
{
	return rio_map_group_end(map, group) - map->groups[group].first;
}

/* Between the machine's order and the file's: both ways alike. */
static void swap(struct rio_packed_checkpoint *packed, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		packed[i] = (struct rio_packed_checkpoint){htole32(packed[i].src_off),
			htole32(packed[i].row), htole32(packed[i].line)};
}

size_t rio_map_group_as_kept(const struct rio_map *map, size_t group,
	struct rio_packed_checkpoint ret[static RIO_MAP_GROUP_CHECKPOINTS])
{
	size_t nr = group_checkpoints(map, group);

	memcpy(ret, &map->packed[map->groups[group].first], nr * sizeof(*ret));
	swap(ret, nr);
	return nr;
}

uint64_t rio_map_group_seal(const struct rio_map *map, size_t group, uint64_t seed)
{
	struct rio_packed_checkpoint packed[RIO_MAP_GROUP_CHECKPOINTS];
	size_t nr = rio_map_group_as_kept(map, group, packed);

	return XXH3_64bits_withSeed(packed, nr * sizeof(*packed), seed + group);
}

int rio_map_read_groups(struct rio_map *map, size_t first, size_t end, int fd,
	uint64_t packed_off, uint64_t seed, struct rio_error *err)
{
	size_t k = map->groups[first].first, nr = rio_map_group_end(map, end - 1) - k;
	size_t len_bytes = nr * sizeof(*map->packed);
	ssize_t n = rio_pread_all(fd, &map->packed[k], len_bytes,
		packed_off + k * sizeof(*map->packed));

	if (n < 0)
		return rio_fail_errno(err, errno, "cannot read a map");
	if ((size_t)n < len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: it ends %zu bytes too early",
			len_bytes - (size_t)n);
	swap(&map->packed[k], nr);
	for (size_t group = first; group < end; group++)
		if (rio_map_group_seal(map, group, seed) != map->groups[group].seal)
			return rio_fail(err, RIO_EMAP_DAMAGED,
				"damaged map: its checkpoints fail their seal in group %zu", group);
	return 0;
}

/* Remove what does not fit, unless another map stands there by now. */
static void remove_damaged(const struct rio_map_rest *rest, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_ino == rest->ino)
		unlink(rest->path);
}

static int read_again(struct rio_map *map, size_t group)
{
	const struct rio_map_rest *rest = map->rest;
	_cleanup_close_ int fd =
		open(rest->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int r = fd < 0 ? RIO_ESYSTEM
		       : rio_map_read_groups(map, group, group + 1, fd, rest->packed_off,
				 rest->seed, NULL);

	if (r == 0)
		r = rio_map_check_group(map, group, NULL);
	if (r == 0)
		set_here(map, group);
	else if (r == RIO_EMAP_DAMAGED)
		remove_damaged(rest, fd);
	return r;
}

/* Take what is not there yet from a map of the same source. */
static int take_rest(struct rio_map *map, const struct rio_map *counted, struct rio_error *err)
{
	if (!rio_stamp_equal(&map->stamp, &counted->stamp))
		return rio_fail(err, RIO_ESOURCE_CHANGED,
			"the file has changed since it was indexed");
	if (map->nr_checkpoints != counted->nr_checkpoints || !rio_map_groups_alike(map, counted))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"the map does not fit the file: it is another one when counted again");
	for (size_t group = 0; group < map->nr_groups; group++) {
		size_t first = map->groups[group].first;

		if (rio_map_is_here(map, group))
			continue;
		memcpy(&map->packed[first], &counted->packed[first],
			group_checkpoints(map, group) * sizeof(*map->packed));
		set_here(map, group);
	}
	return 0;
}

static int count_again(struct rio_map *map, rio_map_count_fn *count, void *data,
	struct rio_error *err)
{
	struct rio_map *counted;
	int r = count(data, &counted, err);

	if (r < 0)
		return r;
	r = take_rest(map, counted, err);
	rio_map_destroy(counted);
	return r;
}

int rio_map_fetch(struct rio_map *map, size_t group, rio_map_count_fn *count, void *data,
	struct rio_error *err)
{
	int r = 0;

	if (rio_map_is_here(map, group))
		return 0;
	pthread_mutex_lock(&map->rest->lock);
	if (!rio_map_is_here(map, group))
		r = read_again(map, group);
	if (r < 0)
		r = count_again(map, count, data, err);
	pthread_mutex_unlock(&map->rest->lock);
	return r;
}
