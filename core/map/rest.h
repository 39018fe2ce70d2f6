/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checkpoints of a kept map that were not read when it was opened.
 *
 * Below it: base, map/map.h, whose functions ask here whether a group is there.
 */
#ifndef RIO_MAP_REST_H
#define RIO_MAP_REST_H

#include "map/map.h"

/* Count the source anew, all of it. */
typedef int rio_map_count_fn(void *data, struct rio_map **ret, struct rio_error *err);

/*
 * Of a map whose groups were read, read the checkpoints of the last one only, and leave
 * the rest in the file: fd is open on it, path, which is copied, leads to it, they are at
 * packed_off, and their seals are seeded with seed.
 */
int rio_map_leave_rest(struct rio_map *map, const char *path, int fd, uint64_t packed_off,
	uint64_t seed, struct rio_error *err);
void rio_map_rest_destroy(struct rio_map_rest *rest);

bool rio_map_is_here(const struct rio_map *map, size_t group);

/*
 * See to it that a group's checkpoints are there.  Where the file does not give them any
 * more, for it is gone or damaged, count is called for all of them, and a damaged file
 * removed.  Safe from many threads.
 */
int rio_map_fetch(struct rio_map *map, size_t group, rio_map_count_fn *count, void *data,
	struct rio_error *err);

/* Copy a group's checkpoints as they lie in the file.  Returns how many there are. */
size_t rio_map_group_as_kept(const struct rio_map *map, size_t group,
	struct rio_packed_checkpoint ret[static RIO_MAP_GROUP_CHECKPOINTS]);

/* The seal of these. */
uint64_t rio_map_group_seal(const struct rio_map *map, size_t group, uint64_t seed);

/*
 * Read the checkpoints of groups [first, end), and compare their seals; fd is open on the
 * file.  RIO_EMAP_DAMAGED, RIO_ESYSTEM.
 */
int rio_map_read_groups(struct rio_map *map, size_t first, size_t end, int fd,
	uint64_t packed_off, uint64_t seed, struct rio_error *err);

#endif
