/* SPDX-License-Identifier: Apache-2.0 */
/* What views are called, and back. */
#include "unit.h"

#include "fs/view_names.h"

static void names__of_joined_files_and_back(void **state)
{
	rfs_name name;

	assert_true(rfs_name_of_joined("recordio", "train", name));
	assert_string_equal(name, "train.recordio");
	assert_true(rfs_name_to_folder("recordio", "a.b.recordio", name));
	assert_string_equal(name, "a.b");
	assert_false(rfs_name_of_joined("recordio", "", name));
	assert_false(rfs_name_of_joined("recordio", ".hidden", name));
	assert_false(rfs_name_to_folder("recordio", ".recordio", name));
	assert_false(rfs_name_to_folder("recordio", ".a.recordio", name));
	assert_false(rfs_name_to_folder("recordio", "train", name));
	assert_false(rfs_name_to_folder("recordio", "train.rec", name));
}

static void names__of_shards_and_back(void **state)
{
	static const unsigned counts[] = {1, 2, 10, 99999};
	unsigned shard;
	rfs_name name;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(counts); i++) {
		unsigned nr = counts[i];
		char expected[64];

		snprintf(expected, sizeof(expected), "a.b-%05u-of-%05u.rec", nr - 1, nr);
		assert_true(rfs_name_of_shard("rec", "a.b.rec", nr - 1, nr, name));
		assert_string_equal(name, expected);
		assert_true(rfs_name_to_sharded("rec", expected, nr, name, &shard));
		assert_string_equal(name, "a.b.rec");
		assert_int_equal(shard, nr - 1);
	}
}

static void names__that_are_no_shards(void **state)
{
	static const char *const others[] = {"b-00003-of-00003.rec", "b-00000-of-00002.rec",
		"b-0000-of-00003.rec", "b-000000-of-00003.rec", "b-00000-of-3.rec",
		"-00000-of-00003.rec", "b-0000x-of-00003.rec", "b-00000-of-00003",
		"b-00000-of-00003.recordio", "b_00000-of-00003.rec", "b-00000-OF-00003.rec",
		"b-+0000-of-00003.rec", "00000-of-00003.rec", "", "rec", ".rec"};
	unsigned shard;
	rfs_name name;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++)
		if (rfs_name_to_sharded("rec", others[i], 3, name, &shard))
			fail_msg("'%s' is a shard of '%s'", others[i], name);
}

static void names__of_indexes_and_back(void **state)
{
	rfs_name name;

	assert_true(rfs_name_of_index("b.recordio", name));
	assert_string_equal(name, "b.recordio.idx");
	assert_true(rfs_name_to_indexed("b.recordio.idx", name));
	assert_string_equal(name, "b.recordio");
	assert_false(rfs_name_to_indexed("b.recordio", name));
	assert_false(rfs_name_to_indexed(".idx", name));
	assert_false(rfs_name_to_indexed("idx", name));
}

static void names__no_name_exceeds_255_bytes(void **state)
{
	static char stem[2 * NAME_MAX];
	rfs_name name;

	memset(stem, 'x', 251);
	assert_true(rfs_name_of_index(stem, name));
	assert_int_equal(strlen(name), 255);
	assert_true(rfs_name_of_joined("rec", stem, name));
	strcpy(stem + 251, "x");
	assert_false(rfs_name_of_index(stem, name));
	assert_false(rfs_name_of_joined("rec", stem, name));
	strcpy(stem + 236, ".rec");
	assert_true(rfs_name_of_shard("rec", stem, 0, 1, name));
	assert_int_equal(strlen(name), 255);
	strcpy(stem + 236, "x.rec");
	assert_false(rfs_name_of_shard("rec", stem, 0, 1, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names__of_joined_files_and_back),
		cmocka_unit_test(names__of_shards_and_back),
		cmocka_unit_test(names__that_are_no_shards),
		cmocka_unit_test(names__of_indexes_and_back),
		cmocka_unit_test(names__no_name_exceeds_255_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
