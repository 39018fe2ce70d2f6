/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file: whatever the bytes, no crash, and no map that rio_map_check would
 * refuse.  Random bytes do not get past the seals, so besides the input as it stands
 * a file is written of a map that the input describes, damaged, and sealed again:
 * what the checks behind the seals see.
 */
#include "fuzz.h"

#include "map/store_file.h"

#include <sys/mman.h>
#include <xxhash.h>

enum {
	HEADER_WORDS = 22,
	WORD_NR_CHECKPOINTS = 16,
	WORD_PATH_BYTES,
	WORD_ROW_KEY_BYTES,
	WORD_NR_GROUPS,
	WORD_SIZES_BYTES,
};
enum { MODE_RAW, MODE_WRITTEN, MODE_DAMAGED, MODE_SEALED, NR_MODES };

/* Read the file, and check what was taken for good. */
static bool check_file(int fd)
{
	struct rio_store_file file;
	struct rio_error err;
	int r;

	claim(lseek(fd, 0, SEEK_SET) == 0);
	r = rio_store_file_read(fd, NULL, &file, &err);
	claim(r == 0 || r == RIO_EMAP_DAMAGED || r == RIO_EMAP_STALE);
	if (r < 0) {
		claim(err.code == r && err.message[0]);
		return false;
	}
	claim(rio_map_check(file.map, &err) == 0);
	claim(rio_map_find_row(file.map, rio_map_nr_rows(file.map) / 2) < file.map->nr_checkpoints);
	rio_store_file_deinit(&file);
	return true;
}

/* Small steps make valid maps likely, whole words the rest possible. */
static uint64_t take_number(struct input *in)
{
	uint64_t kind = take(in, 1);

	return kind < 200 ? kind : kind < 250 ? take(in, 2) : take(in, 8);
}

/* What was packed is what it was packed from. */
static void check_sizes(const struct rio_sizes *sizes, const struct rio_segment_size *segments)
{
	struct rio_sizes_sum sum = {0};

	for (size_t k = 0; k < sizes->nr; k++) {
		struct rio_sizes_sum before = rio_sizes_before(sizes, k);
		size_t found = rio_sizes_find(sizes, sum.record_off);

		claim(before.record_off == sum.record_off && before.nr_skipped == sum.nr_skipped);
		claim(found >= k);
		claim(rio_sizes_before(sizes, found).record_off == sum.record_off);
		if (k + 1 < sizes->nr) {
			sum.record_off += segments[k].len_bytes;
			sum.nr_skipped += segments[k].nr_skipped;
		}
	}
	claim(sizes->all.record_off == sum.record_off && sizes->all.nr_skipped == sum.nr_skipped);
}

/* Of records that differ in length; none where their sum would be too large. */
static void take_sizes(struct input *in, struct rio_map *map)
{
	size_t nr = map->nr_checkpoints - 1;
	struct rio_segment_size *segments = calloc(nr + 1, sizeof(*segments));
	struct rio_sizes *sizes;

	claim(segments);
	for (size_t k = 0; k < nr; k++) {
		segments[k].len_bytes = take_number(in);
		segments[k].nr_skipped = take(in, 1) % 2 ? take_number(in) : 0;
	}
	if (rio_sizes_create(segments, nr, &sizes, NULL) < 0) {
		free(segments);
		return;
	}
	check_sizes(sizes, segments);
	free(segments);
	sizes->nr_filled = take_number(in);
	sizes->tables_bytes = take(in, 1) % 4;
	if (sizes->tables_bytes) {
		claim(sizes->tables = malloc(sizes->tables_bytes));
		memset(sizes->tables, (int)take(in, 1), sizes->tables_bytes);
	}
	map->sizes = sizes;
}

static struct rio_map take_map(struct input *in)
{
	struct rio_map map = {
		.stamp = {.dev = take(in, 1), .ino = take(in, 1)},
		.data_off = take_number(in),
		.data_line = take_number(in),
		.bad_quote_off = take(in, 1) % 2 ? RIO_NO_OFFSET : take_number(in),
		.bad_quote_row = take_number(in),
		.bad_quote_open = take(in, 1) % 2,
	};
	struct rio_checkpoint at = {map.data_off, 0, map.data_line};

	for (uint64_t nr = take(in, 1) % 20 + 1; nr > 0; nr--) {
		claim(rio_map_add(&map, at) == 0);
		at.src_off += take_number(in);
		at.row += take_number(in);
		at.line += take_number(in);
	}
	map.stamp.size_bytes = rio_map_last(&map).src_off + take(in, 1) / 200;
	if (take(in, 1) % 2)
		take_sizes(in, &map);
	return map;
}

static void poke(int fd, uint64_t off, const void *data, size_t len_bytes)
{
	claim(pwrite(fd, data, len_bytes, (off_t)off) == (ssize_t)len_bytes);
}

static void damage(int fd, struct input *in)
{
	off_t size = lseek(fd, 0, SEEK_END);

	for (uint64_t nr = take(in, 1) % 4; nr > 0; nr--) {
		uint8_t byte = (uint8_t)take(in, 1);

		poke(fd, take(in, 2) % (uint64_t)(size + 1), &byte, 1);
	}
}

/* Seal [off, end) of the file; the seal stands behind it, if there is room for it. */
static uint64_t seal(int fd, uint64_t off, uint64_t end, uint64_t seed)
{
	uint8_t bytes[8192];
	uint64_t value;

	if (end < off || end - off > sizeof(bytes) ||
		pread(fd, bytes, end - off, (off_t)off) != (ssize_t)(end - off))
		return 0;
	value = htole64(XXH3_64bits_withSeed(bytes, end - off, seed));
	poke(fd, end, &value, sizeof(value));
	return le64toh(value);
}

/* The seals of the groups' checkpoints, which stand in the groups; then that of these. */
static void seal_groups(int fd, uint64_t groups_off, size_t nr, uint64_t nr_checkpoints,
	uint64_t header)
{
	struct rio_checkpoint_group groups[200];
	uint64_t end = groups_off + nr * sizeof(groups[0]);

	if (pread(fd, groups, nr * sizeof(groups[0]), (off_t)groups_off) < 0)
		return;
	for (size_t i = 0; i < nr; i++) {
		uint64_t first = le64toh(groups[i].first), size = sizeof(struct rio_packed_checkpoint);
		uint64_t behind = i + 1 < nr ? le64toh(groups[i + 1].first) : nr_checkpoints;
		struct rio_packed_checkpoint packed[200];
		ssize_t n;

		if (first > behind || behind > 200)
			return;
		n = pread(fd, packed, (behind - first) * size, (off_t)(end + 8 + first * size));
		if (n == (ssize_t)((behind - first) * size))
			groups[i].seal = htole64(XXH3_64bits_withSeed(packed, (size_t)n, header + i));
	}
	poke(fd, groups_off, groups, nr * sizeof(groups[0]));
	seal(fd, groups_off, end, header);
}

static void seal_all(int fd)
{
	uint64_t words[HEADER_WORDS], header, text, groups, checkpoints, sizes, sizes_off;

	header = seal(fd, 0, sizeof(words) - 8, 0);
	claim(pread(fd, words, sizeof(words), 0) == sizeof(words));
	text = sizeof(words) + le64toh(words[WORD_PATH_BYTES]) +
	       le64toh(words[WORD_ROW_KEY_BYTES]) + 2;
	if (text > 4096)
		return;
	seal(fd, sizeof(words), text, header);
	groups = le64toh(words[WORD_NR_GROUPS]);
	checkpoints = le64toh(words[WORD_NR_CHECKPOINTS]);
	if (groups >= 200 || checkpoints >= 200)
		return;
	seal_groups(fd, text + 8, groups, checkpoints, header);
	sizes_off = text + 8 + groups * sizeof(struct rio_checkpoint_group) + 8 +
		    checkpoints * sizeof(struct rio_packed_checkpoint);
	sizes = le64toh(words[WORD_SIZES_BYTES]);
	if (sizes && sizes < 4096)
		seal(fd, sizes_off, sizes_off + sizes, header);
}

static void check_written(int fd, struct input *in, uint64_t mode)
{
	const struct rio_store_key key = {"/data/a.csv", "header=no"};
	struct rio_map map = take_map(in);
	struct rio_error err;
	bool valid = rio_map_check(&map, &err) == 0;

	claim(rio_store_file_write(fd, &key, &map, &err) == 0);
	free(map.packed);
	free(map.groups);
	rio_sizes_destroy(map.sizes);
	claim(check_file(fd) == valid);
	if (mode == MODE_WRITTEN)
		return;
	damage(fd, in);
	if (mode == MODE_SEALED)
		seal_all(fd);
	check_file(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	uint64_t mode = take(&in, 1) % NR_MODES;
	_cleanup_close_ int fd = memfd_create("map", MFD_CLOEXEC);

	claim(fd >= 0);
	if (mode == MODE_RAW) {
		poke(fd, 0, in.p, in.left);
		check_file(fd);
	} else {
		check_written(fd, &in, mode);
	}
	return 0;
}
