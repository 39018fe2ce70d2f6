/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset of what is kept only: it is found, or told to be missing, and never built. */
#include "options.h"
#include "store_unit.h"

#include "dataset/dataset.h"

/* Rows of numbers, too many for a file that is counted each time. */
static void put_rows(const char *mode)
{
	FILE *file = fopen(source_path, mode);

	assert_non_null(file);
	for (size_t i = 0; i < RIO_STORE_SOURCE_BYTES_MIN / 8; i++)
		assert_true(fprintf(file, "%zu,%zu\n", i % 10, 10000 + i) >= 8);
	assert_int_equal(fclose(file), 0);
}

/* The origin of the map, or what went wrong. */
static int create(struct rio_store *in, bool kept_only)
{
	struct rio_options options;
	const struct rio_dataset_config config = {.options = &options, .store = in,
		.store_path = source_path, .kept_only = kept_only};
	struct rio_dataset *dataset = NULL;
	struct rio_source *source;
	int r;

	set_options(&options, "header=no");
	assert_int_equal(rio_source_open(source_path, &source, &err), 0);
	r = rio_dataset_create(source, &config, &dataset, &err);
	if (r == 0)
		r = (int)rio_dataset_map_origin(dataset);
	rio_dataset_destroy(dataset);
	rio_source_destroy(source);
	rio_options_deinit(&options);
	return r;
}

static void kept__only_what_is_there_is_used(void **state)
{
	put_rows("w");
	assert_int_equal(create(store, true), RIO_ENOT_INDEXED);
	assert_int_equal(access(index_dir, F_OK), -1);
	assert_int_equal(create(store, false), RIO_MAP_BUILT);
	assert_int_equal(create(store, true), RIO_MAP_LOADED);
	assert_int_equal(create(NULL, true), RIO_ENOT_INDEXED);
}

static void kept__a_stale_map_stays_as_it_is(void **state)
{
	put_rows("w");
	assert_int_equal(create(store, false), RIO_MAP_BUILT);
	put_rows("a");
	assert_int_equal(create(store, true), RIO_ENOT_INDEXED);
	assert_int_equal(create(store, true), RIO_ENOT_INDEXED);
	assert_int_equal(create(store, false), RIO_MAP_EXTENDED);
	assert_int_equal(create(store, true), RIO_MAP_LOADED);
}

static void kept__a_file_of_which_none_is_kept_is_told_so(void **state)
{
	write_file(source_path, "1,2\n3,4\n", 8);
	assert_int_equal(create(store, true), RIO_ENOT_INDEXED);
	write_file(source_path, "1,2\nx,y,z\n\"", 11);
	assert_int_equal(create(store, true), RIO_ENOT_INDEXED);
	assert_int_equal(access(index_dir, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept__only_what_is_there_is_used, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept__a_stale_map_stays_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept__a_file_of_which_none_is_kept_is_told_so,
			set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
