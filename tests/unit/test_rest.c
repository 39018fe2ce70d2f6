/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints that are read when they are wanted: all come out, whatever became of their file. */
#include "unit.h"

#include "store_unit.h"

#include "map/rest.h"

#include <pthread.h>
#include <unistd.h>

#define NR_CHECKPOINTS 1300
#define NR_GROUPS      6

/* What is counted, and how often. */
struct counter {
	struct rio_map *map; /* owned */
	int nr_calls;
};

static struct rio_map *copy_of(const struct rio_map *map)
{
	struct rio_map *copy = make_map(&map->stamp, NR_CHECKPOINTS);

	copy->stamp = map->stamp;
	return copy;
}

static int count(void *data, struct rio_map **ret, struct rio_error *e)
{
	struct counter *counter = data;

	counter->nr_calls++;
	if (!counter->map)
		return rio_fail(e, RIO_ESYSTEM, "cannot be counted");
	*ret = rio_steal(counter->map);
	return 0;
}

/* A map that is kept, and the same with its checkpoints left in the file. */
static struct rio_map *whole, *part;

static void open_part(void)
{
	struct rio_stamp stamp = save_map(NR_CHECKPOINTS);

	whole = make_map(&stamp, NR_CHECKPOINTS);
	whole->stamp = stamp;
	assert_int_equal(whole->nr_groups, NR_GROUPS);
	assert_int_equal(rio_store_load_part(store, &key, &stamp, &part, &err), 0);
}

static void close_part(void)
{
	rio_map_destroy(whole);
	rio_map_destroy(part);
}

static void check_group(size_t group)
{
	for (size_t k = whole->groups[group].first; k < rio_map_group_end(whole, group); k++) {
		const struct rio_checkpoint a = rio_map_checkpoint(whole, k);
		const struct rio_checkpoint b = rio_map_checkpoint(part, k);

		assert_memory_equal(&a, &b, sizeof(a));
		assert_int_equal(rio_map_find_row(part, a.row), k);
		assert_int_equal(rio_map_find_offset(part, a.src_off), k);
		assert_int_equal(rio_map_group_of_row(part, a.row), group);
		assert_int_equal(rio_map_group_of_offset(part, a.src_off + 1), group);
	}
}

static void rest__the_ends_are_there_at_once(void **state)
{
	open_part();
	assert_int_equal(rio_map_check(part, &err), 0);
	assert_int_equal(rio_map_nr_rows(part), rio_map_nr_rows(whole));
	assert_int_equal(rio_map_src_end(part), rio_map_src_end(whole));
	for (size_t group = 0; group + 1 < NR_GROUPS; group++)
		assert_false(rio_map_is_here(part, group));
	check_group(NR_GROUPS - 1);
	close_part();
}

static void rest__each_group_is_read_when_it_is_fetched(void **state)
{
	static const size_t order[] = {3, 0, 5, 1, 4, 2, 3};
	struct counter counter = {0};

	open_part();
	for (size_t i = 0; i < RIO_ARRAY_SIZE(order); i++) {
		assert_int_equal(rio_map_fetch(part, order[i], count, &counter, &err), 0);
		check_group(order[i]);
	}
	assert_int_equal(rio_map_check(part, &err), 0);
	assert_int_equal(counter.nr_calls, 0);
	close_part();
}

/* Whether group 1 can be had by counting once, and with it all of the rest. */
static void check_is_counted(bool file_stays)
{
	struct counter counter = {.map = copy_of(whole)};
	char *path = map_path();

	for (size_t group = 1; group < NR_GROUPS; group++) {
		assert_int_equal(rio_map_fetch(part, group, count, &counter, &err), 0);
		check_group(group);
	}
	assert_int_equal(counter.nr_calls, 1);
	assert_int_equal(access(path, F_OK), file_stays ? 0 : -1);
	free(path);
}

static void rest__a_file_that_is_gone_is_counted(void **state)
{
	char *path = map_path();

	open_part();
	assert_int_equal(unlink(path), 0);
	check_is_counted(false);
	close_part();
	free(path);
}

static void rest__every_damaged_bit_of_a_group_is_found(void **state)
{
	const size_t group_bytes = RIO_MAP_GROUP_CHECKPOINTS * sizeof(struct rio_packed_checkpoint);
	char *path = map_path();

	for (size_t i = 0; i < group_bytes * 8; i += 97) {
		size_t len_bytes;
		uint8_t *bytes;

		open_part();
		bytes = read_file(path, &len_bytes);
		bytes[len_bytes - (NR_CHECKPOINTS - RIO_MAP_GROUP_CHECKPOINTS) * 12 + i / 8] ^=
			(uint8_t)(1 << i % 8);
		write_file(path, bytes, len_bytes);
		check_is_counted(false);
		free(bytes);
		close_part();
	}
	free(path);
}

static void rest__a_file_that_was_cut_is_counted(void **state)
{
	char *path = map_path();

	open_part();
	assert_int_equal(truncate(path, 400), 0);
	check_is_counted(false);
	close_part();
	free(path);
}

static void rest__the_map_of_another_state_is_not_taken_nor_removed(void **state)
{
	struct rio_map *other;

	open_part();
	other = copy_of(whole);
	other->stamp.ctime_ns++;
	other->packed[300].line++;
	assert_int_equal(rio_store_save(store, &key, other, &err), 0);
	check_is_counted(true);
	rio_map_destroy(other);
	close_part();
}

static void rest__what_is_sealed_must_make_sense(void **state)
{
	struct rio_stamp stamp = {.dev = 7, .ino = 8};

	whole = make_map(&stamp, NR_CHECKPOINTS);
	whole->packed[300].row += 1000;
	assert_int_equal(rio_store_save(store, &key, whole, &err), 0);
	assert_int_equal(rio_store_load_part(store, &key, &whole->stamp, &part, &err), 0);
	whole->packed[300].row -= 1000;
	check_is_counted(false);
	close_part();
}

static void rest__another_count_fits_nothing(void **state)
{
	struct counter counter = {0};
	char *path = map_path();

	open_part();
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rio_map_fetch(part, 0, count, &counter, &err), RIO_ESYSTEM);
	counter.map = copy_of(whole);
	counter.map->stamp.mtime_ns++;
	assert_int_equal(rio_map_fetch(part, 0, count, &counter, &err), RIO_ESOURCE_CHANGED);
	counter.map = copy_of(whole);
	counter.map->groups[1].base.row++;
	assert_int_equal(rio_map_fetch(part, 0, count, &counter, &err), RIO_EMAP_DAMAGED);
	assert_false(rio_map_is_here(part, 0));
	check_is_counted(false);
	close_part();
	free(path);
}

static void *fetch_all(void *data)
{
	struct counter none = {0};
	uint64_t seed = (uint64_t)(uintptr_t)data;

	for (int i = 0; i < 400; i++) {
		size_t group = rnd(&seed) % NR_GROUPS;

		if (rio_map_fetch(part, group, count, &none, NULL) < 0 ||
			rio_map_find_row(part, rio_map_checkpoint(whole,
				whole->groups[group].first + 1).row) !=
				whole->groups[group].first + 1)
			return data;
	}
	return NULL;
}

static void rest__many_threads_fetch_the_same(void **state)
{
	for (int round = 0; round < 20; round++) {
		pthread_t threads[4];

		open_part();
		for (uintptr_t i = 0; i < RIO_ARRAY_SIZE(threads); i++)
			assert_int_equal(pthread_create(&threads[i], NULL, fetch_all,
				(void *)(i + 1)), 0);
		for (size_t i = 0; i < RIO_ARRAY_SIZE(threads); i++) {
			void *wrong;

			assert_int_equal(pthread_join(threads[i], &wrong), 0);
			assert_null(wrong);
		}
		close_part();
	}
}

#define REST_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REST_TEST(rest__the_ends_are_there_at_once),
		REST_TEST(rest__each_group_is_read_when_it_is_fetched),
		REST_TEST(rest__a_file_that_is_gone_is_counted),
		REST_TEST(rest__every_damaged_bit_of_a_group_is_found),
		REST_TEST(rest__a_file_that_was_cut_is_counted),
		REST_TEST(rest__the_map_of_another_state_is_not_taken_nor_removed),
		REST_TEST(rest__what_is_sealed_must_make_sense),
		REST_TEST(rest__another_count_fits_nothing),
		REST_TEST(rest__many_threads_fetch_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
