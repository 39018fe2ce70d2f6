/* SPDX-License-Identifier: Apache-2.0 */
#include "store_unit.h"

#include <errno.h>
#include <xxhash.h>

static void store_file__loads_what_was_saved(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 1023, 1024, 1025, 5000};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(sizes); i++) {
		struct rio_stamp stamp = {.dev = 1, .ino = UINT64_MAX, .mtime_ns = INT64_MIN};
		struct rio_map *map = make_map(&stamp, sizes[i]), *loaded;

		if (i % 2 && sizes[i] > 2) {
			map->bad_quote_off = 105;
			map->bad_quote_row = 10;
			map->bad_quote_open = true;
		}
		assert_int_equal(rio_store_save(store, &key, map, &err), 0);
		assert_int_equal(
			rio_store_load(store, &key, &map->stamp, &loaded, NULL, &err), 0);
		assert_true(rio_stamp_equal(&loaded->stamp, &map->stamp));
		assert_int_equal(loaded->data_off, map->data_off);
		assert_int_equal(loaded->data_line, map->data_line);
		assert_int_equal(loaded->bad_quote_off, map->bad_quote_off);
		assert_int_equal(loaded->bad_quote_row, map->bad_quote_row);
		assert_int_equal(loaded->bad_quote_open, map->bad_quote_open);
		assert_int_equal(loaded->nr_checkpoints, map->nr_checkpoints);
		assert_int_equal(loaded->nr_groups, map->nr_groups);
		assert_true(rio_map_begin_alike(loaded, map, sizes[i]));
		rio_map_destroy(loaded);
		rio_map_destroy(map);
	}
	assert_int_equal(nr_files(), 1);
}

static void store_file__detects_every_flipped_bit(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes);

	assert_int_equal(load(&stamp), 0);
	for (size_t bit = 0; bit < 8 * len_bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		write_file(path, bytes, len_bytes);
		if (load(&stamp) != RIO_EMAP_DAMAGED)
			fail_msg("bit %zu of byte %zu went unnoticed: %s", bit % 8, bit / 8,
				err.message);
		assert_string_equal(err.file, path);
		assert_non_null(strstr(err.message, "damaged map: "));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	write_file(path, bytes, len_bytes);
	assert_int_equal(load(&stamp), 0);
	free(bytes);
	free(path);
}

static void store_file__detects_every_truncation_and_extension(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes);

	for (size_t len = 0; len < len_bytes; len++) {
		write_file(path, bytes, len);
		if (load(&stamp) != RIO_EMAP_DAMAGED)
			fail_msg("cut to %zu bytes: %s", len, err.message);
	}
	bytes[len_bytes] = 0;
	write_file(path, bytes, len_bytes + 1);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	free(bytes);
	free(path);
}

/* Change a word of the header and seal it again, as only malice or a bug would. */
static int load_with_word(const struct rio_stamp *stamp, size_t word, uint64_t value)
{
	enum { NR_WORDS = 22 };
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes), *copy = malloc(len_bytes);
	uint64_t seal;
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, len_bytes);
	memcpy(copy + 8 * word, &value, sizeof(value));
	seal = XXH3_64bits(copy, 8 * (NR_WORDS - 1));
	memcpy(copy + 8 * (NR_WORDS - 1), &seal, sizeof(seal));
	write_file(path, copy, len_bytes);
	r = load(stamp);
	write_file(path, bytes, len_bytes);
	free(copy);
	free(bytes);
	free(path);
	return r;
}

enum { WORD_VERSION = 1, WORD_HEADER_BYTES, WORD_FILE_BYTES, WORD_KEY_LOW, WORD_NR = 16,
	WORD_PATH_BYTES, WORD_ROW_KEY_BYTES, WORD_NR_GROUPS, WORD_SIZES_BYTES };

/* A map of three checkpoints or more, and records that differ in length. */
static struct rio_map *make_sized_map(const struct rio_stamp *stamp, size_t nr)
{
	struct rio_map *map = make_map(stamp, nr);
	struct rio_sizes *sizes;

	struct rio_segment_size *segments = calloc(nr, sizeof(*segments));

	segments[0].len_bytes = 300;
	segments[1] = (struct rio_segment_size){UINT64_C(1) << 40, 1};
	assert_int_equal(rio_sizes_create(segments, nr - 1, &sizes, &err), 0);
	free(segments);
	sizes->nr_filled = 1000;
	sizes->tables = (uint8_t *)strdup("tables");
	sizes->tables_bytes = 6;
	map->sizes = sizes;
	return map;
}

static void store_file__believes_no_size_that_a_file_claims(void **state)
{
	static const uint64_t sizes[] = {0, 1, 4, 1 << 20, UINT64_C(1) << 40,
		UINT64_MAX / 12, UINT64_MAX / 12 + 1, UINT64_C(1) << 59, UINT64_C(1) << 61,
		UINT64_MAX - 7, UINT64_MAX};
	static const size_t words[] = {WORD_HEADER_BYTES, WORD_FILE_BYTES, WORD_NR,
		WORD_PATH_BYTES, WORD_ROW_KEY_BYTES, WORD_NR_GROUPS, WORD_SIZES_BYTES};
	struct rio_stamp stamp = {.dev = 7, .ino = 8};
	struct rio_map *map = make_sized_map(&stamp, 300);

	stamp = map->stamp;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	rio_map_destroy(map);
	for (size_t w = 0; w < RIO_ARRAY_SIZE(words); w++)
		for (size_t i = 0; i < RIO_ARRAY_SIZE(sizes); i++)
			if (load_with_word(&stamp, words[w], sizes[i]) != RIO_EMAP_DAMAGED)
				fail_msg("word %zu as %ju was taken: %s", words[w],
					(uintmax_t)sizes[i], err.message);
	assert_int_equal(load_with_word(&stamp, WORD_KEY_LOW, 1), RIO_EMAP_DAMAGED);
}

static void store_file__checks_bounds_behind_the_seals(void **state)
{
	struct rio_stamp stamp = {0};
	struct rio_map *map = make_map(&stamp, 3);

	stamp = map->stamp;
	map->packed[1].row = 1000;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_non_null(strstr(err.message, "checkpoint 1 is row 1000"));
	rio_map_destroy(map);
}

static void store_file__another_version_is_stale_not_damaged(void **state)
{
	struct rio_stamp stamp = save_map(3);

	assert_int_equal(load_with_word(&stamp, WORD_VERSION, 4), RIO_EMAP_STALE);
	assert_string_equal(err.message, "map of version 4, this program writes version 5");
}

static void store_file__keeps_sizes(void **state)
{
	struct rio_stamp stamp = {.dev = 7, .ino = 8};
	struct rio_map *map = make_sized_map(&stamp, 3), *loaded;

	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	assert_int_equal(rio_store_load(store, &key, &map->stamp, &loaded, NULL, &err), 0);
	assert_true(rio_sizes_equal(map->sizes, loaded->sizes));
	assert_int_equal(loaded->sizes->all.record_off, 300 + (UINT64_C(1) << 40));
	assert_int_equal(loaded->sizes->all.nr_skipped, 1);
	assert_int_equal(rio_sizes_find(loaded->sizes, 299), 0);
	assert_int_equal(rio_sizes_find(loaded->sizes, 300), 1);
	rio_map_destroy(loaded);
	rio_map_destroy(map);
}

static void store_file__finds_every_damaged_byte_of_sizes(void **state)
{
	struct rio_stamp stamp = {.dev = 7, .ino = 8};
	struct rio_map *map = make_sized_map(&stamp, 3);
	char *path;
	size_t len_bytes;
	uint8_t *bytes;

	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	path = map_path();
	bytes = read_file(path, &len_bytes);
	for (size_t i = 0; i < 40; i++) {
		bytes[len_bytes - 1 - i] ^= 4;
		write_file(path, bytes, len_bytes);
		assert_int_equal(load(&map->stamp), RIO_EMAP_DAMAGED);
		bytes[len_bytes - 1 - i] ^= 4;
	}
	for (size_t cut = 1; cut < 40; cut++) {
		write_file(path, bytes, len_bytes - cut);
		assert_int_equal(load(&map->stamp), RIO_EMAP_DAMAGED);
	}
	free(bytes);
	free(path);
	rio_map_destroy(map);
}

/* Behind the seals, too: what was not packed here is not believed. */
static void sizes__that_make_no_sense_are_damaged(void **state)
{
	static const struct {
		uint8_t bytes[24];
		size_t len_bytes;
	} wrong[] = {
		{{0}, 0}, {{0}, 1}, {{0, 4}, 2}, {{0, 4, 4}, 3}, {{0, 5, 1, 5}, 4},
		{{0, 4, 4, 1}, 4}, {{0, 4, 4, 0, 0}, 5}, {{0, 0x80, 0x80}, 3},
		{{0, 4, 4, 0x80}, 4},
		/* Fewer bytes than none, too many, and too many rows. */
		{{0, 2, 0, 0}, 4}, {{0, 4, 6, 0}, 4},
		{{0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0, 0}, 13},
		{{0, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0}, 12},
		{{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1, 1, 0}, 15},
	};
	static const uint8_t right[] = {0, 5, 1, 4, 0};
	struct rio_sizes *sizes;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(wrong); i++)
		assert_int_equal(rio_sizes_unpack(wrong[i].bytes, wrong[i].len_bytes, 3, &sizes,
					 &err), RIO_EMAP_DAMAGED);
	assert_int_equal(rio_sizes_unpack(right, sizeof(right), 3, &sizes, &err), 0);
	rio_sizes_destroy(sizes);
}

static void store_file__sections_of_two_files_do_not_mix(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes, other_bytes;
	uint8_t *bytes = read_file(path, &len_bytes), *other;
	struct rio_stamp other_stamp = stamp;
	struct rio_map *map = make_map(&stamp, 3);

	other_stamp.ctime_ns++;
	map->stamp = other_stamp;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	other = read_file(path, &other_bytes);
	assert_int_equal(other_bytes, len_bytes);
	memcpy(other + len_bytes - 3 * 12 - 48, bytes + len_bytes - 3 * 12 - 48, 3 * 12 + 48);
	write_file(path, other, len_bytes);
	assert_int_equal(load(&other_stamp), RIO_EMAP_DAMAGED);
	rio_map_destroy(map);
	free(other);
	free(bytes);
	free(path);
}

static void store_file__a_map_under_anothers_name_is_damaged(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path(), *other_path;

	key.source_path = "/elsewhere.csv";
	other_path = map_path();
	assert_int_equal(rename(path, other_path), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_non_null(strstr(err.message, source_path));
	free(path);
	free(other_path);
}

static void store_file__refuses_what_is_no_file(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(load(&stamp), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, ELOOP);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(store_file__loads_what_was_saved),
		STORE_TEST(store_file__detects_every_flipped_bit),
		STORE_TEST(store_file__detects_every_truncation_and_extension),
		STORE_TEST(store_file__believes_no_size_that_a_file_claims),
		STORE_TEST(store_file__checks_bounds_behind_the_seals),
		STORE_TEST(store_file__keeps_sizes),
		STORE_TEST(store_file__finds_every_damaged_byte_of_sizes),
		STORE_TEST(sizes__that_make_no_sense_are_damaged),
		STORE_TEST(store_file__another_version_is_stale_not_damaged),
		STORE_TEST(store_file__sections_of_two_files_do_not_mix),
		STORE_TEST(store_file__a_map_under_anothers_name_is_damaged),
		STORE_TEST(store_file__refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
