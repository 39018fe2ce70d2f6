/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the map store share: a folder, a store in it, maps to keep. */
#ifndef RIO_TEST_STORE_UNIT_H
#define RIO_TEST_STORE_UNIT_H

#include "map/store.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

/* Each test has a folder of its own: the index in it, and a source beside. */
static char root[64], index_dir[96], source_path[96];
static struct rio_store *store;
static struct rio_store_key key;
static struct rio_error err;

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int set_up(void **state)
{
	memset(&err, 0, sizeof(err));
	snprintf(root, sizeof(root), "/tmp/rio-store-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(index_dir, sizeof(index_dir), "%s/deep/index", root);
	snprintf(source_path, sizeof(source_path), "%s/source.csv", root);
	key = (struct rio_store_key){source_path, "header=no,delimiter=44,quote=34"};
	return rio_store_create(index_dir, &store, &err);
}

static inline int tear_down(void **state)
{
	rio_store_destroy(store);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A map of nr checkpoints, ten rows and lines of ten bytes between each. */
static inline struct rio_map *make_map(const struct rio_stamp *stamp, size_t nr)
{
	struct rio_map *map = calloc(1, sizeof(*map));

	assert_non_null(map);
	*map = (struct rio_map){
		.stamp = *stamp,
		.data_off = 5,
		.data_line = 1,
		.bad_quote_off = RIO_NO_OFFSET,
		.bad_quote_row = RIO_NO_OFFSET,
	};
	for (size_t k = 0; k < nr; k++)
		assert_int_equal(rio_map_add(map,
			(struct rio_checkpoint){5 + 100 * k, 10 * k, 1 + 10 * k}), 0);
	map->stamp.size_bytes = rio_map_last(map).src_off;
	return map;
}

static inline struct rio_stamp save_map(size_t nr_checkpoints)
{
	struct rio_stamp stamp = {
		.dev = 7, .ino = 8, .mtime_ns = 1700000000123456789, .ctime_ns = -5};
	struct rio_map *map = make_map(&stamp, nr_checkpoints);

	stamp = map->stamp;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	rio_map_destroy(map);
	return stamp;
}

static inline char *map_path(void)
{
	char *path = NULL;

	assert_int_equal(rio_store_path(store, &key, &path, &err), 0);
	return path;
}

static inline size_t nr_files(void)
{
	DIR *dir = opendir(index_dir);
	size_t nr = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		nr += d->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static inline uint8_t *read_file(const char *path, size_t *ret_bytes)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(bytes);
	*ret_bytes = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static inline void write_file(const char *path, const void *bytes, size_t len_bytes)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len_bytes, file), len_bytes);
	assert_int_equal(fclose(file), 0);
}

static inline int load(const struct rio_stamp *stamp)
{
	struct rio_map *map = NULL;
	int r = rio_store_load(store, &key, stamp, &map, NULL, &err);

	assert_true((r == 0) == (map != NULL));
	rio_map_destroy(map);
	return r;
}

#define STORE_TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

#endif
