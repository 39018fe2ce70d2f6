/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file's bytes: writing and reading one.  proto/FORMAT.md draws it.
 *
 * Below it: base, map/map.  It knows no folder, name or lock: map/store does.
 */
#ifndef RIO_MAP_STORE_FILE_H
#define RIO_MAP_STORE_FILE_H

#include "map/store.h"

/* What a map file holds; all of it owned. */
struct rio_store_file {
	struct rio_map *map;
	char *source_path;
	char *row_key;
};

void rio_store_file_deinit(struct rio_store_file *file);

/* Write a map file to fd, from its present offset.  RIO_ESYSTEM, RIO_ENOMEM. */
int rio_store_file_write(int fd, const struct rio_store_key *key, const struct rio_map *map,
	struct rio_error *err);

/*
 * Read the map file that fd is open on: all of it, or with the path that leads to it what
 * is wanted at once (map/rest).  RIO_EMAP_DAMAGED where it fails a seal or a bound,
 * RIO_EMAP_STALE where another version of this program wrote it.
 */
int rio_store_file_read(int fd, const char *path, struct rio_store_file *ret,
	struct rio_error *err);

#endif
