/* SPDX-License-Identifier: Apache-2.0 */
/* The order of an epoch: the same anywhere, a fair shuffle, and shares that make a whole. */
#include "unit.h"

#include "channel/objects.h"

#include <xxhash.h>

/* From the twin in tests/reference/order.py. */
static const struct {
	uint64_t seed, epoch;
	const char *key;
	uint64_t block;
	uint32_t nr;
	uint32_t expected[10];
} literal[] = {
	{0, 0, "", 0, 10, {4, 1, 2, 3, 6, 0, 5, 9, 8, 7}},
	{1, 0, NULL, 0, 10, {0, 3, 4, 5, 7, 6, 8, 9, 1, 2}},
	{1, 1, "", 0, 10, {6, 3, 1, 8, 4, 5, 7, 2, 9, 0}},
	{1, 0, "train/a.csv", 0, 10, {8, 1, 2, 3, 9, 4, 5, 0, 7, 6}},
	{1, 0, "train/a.csv", 1, 10, {0, 2, 8, 3, 5, 4, 1, 9, 6, 7}},
	{UINT64_MAX, UINT64_C(1) << 63, "\xc3\xa9.csv", 7, 5, {0, 1, 4, 3, 2}},
	{9, 9, "one", 9, 1, {0}},
};

static void permutation__has_its_literal_values(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(literal); i++) {
		uint32_t got[10];

		rio_permutation(literal[i].seed, literal[i].epoch, literal[i].key,
			literal[i].block, got, literal[i].nr);
		assert_memory_equal(got, literal[i].expected, literal[i].nr * sizeof(*got));
	}
	rio_permutation(1, 2, "none", 3, NULL, 0);
}

static void permutation__is_the_same_for_many(void **state)
{
	uint32_t *got = malloc(100000 * sizeof(*got));

	rio_permutation(42, 3, "b.csv", 2, got, 100000);
	assert_int_equal(XXH64(got, 100000 * sizeof(*got), 0), 0x61b2a5c986997f8c);
	free(got);
}

/* Each of 6 orders of 3 comes about as often, and each value anywhere. */
static void permutation__favours_none(void **state)
{
	unsigned counts[27] = {0};

	for (uint64_t epoch = 0; epoch < 6000; epoch++) {
		uint32_t got[3];

		rio_permutation(7, epoch, "k", 0, got, 3);
		counts[9 * got[0] + 3 * got[1] + got[2]]++;
	}
	for (uint32_t i = 0; i < 27; i++) {
		uint32_t a = i / 9, b = i / 3 % 3, c = i % 3;

		if (a != b && b != c && a != c)
			assert_in_range(counts[i], 850, 1150);
		else
			assert_int_equal(counts[i], 0);
	}
}

static struct rio_objects seventeen(void)
{
	struct rio_objects objects = {0};
	struct rio_error err;
	char key[16];

	for (int i = 0; i < 17; i++) {
		snprintf(key, sizeof(key), "%02d.csv", i);
		assert_int_equal(rio_objects_add(&objects, key, &err), 0);
	}
	return objects;
}

static struct rio_job job_of(const char *words)
{
	char *copy = strdup(words), *rest = copy, *word;
	struct rio_job job;
	struct rio_error err;

	assert_int_equal(rio_job_init(&job, &err), 0);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		assert_int_equal(rio_job_set(&job, word, value, &err), 0);
	}
	assert_int_equal(rio_job_check(&job, &err), 0);
	free(copy);
	return job;
}

static size_t *order_of(const struct rio_objects *objects, const char *words, uint64_t epoch,
	size_t *ret_nr)
{
	struct rio_job job = job_of(words);
	struct rio_error err;
	size_t *order;

	assert_int_equal(rio_objects_order(objects, &job, epoch, &order, ret_nr, &err), 0);
	rio_job_deinit(&job);
	return order;
}

static void order__is_by_name_unless_shuffled(void **state)
{
	static const struct {
		const char *words;
		uint64_t epoch;
	} plain[] = {{"", 0}, {"", 5}, {"shuffle=none", 1}, {"seed=3", RIO_FILE_MODE},
		{"distribution=ShardedByS3Key", 2}};
	struct rio_objects objects = seventeen();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(plain); i++) {
		size_t nr, *order = order_of(&objects, plain[i].words, plain[i].epoch, &nr);

		assert_int_equal(nr, 17);
		for (size_t k = 0; k < nr; k++)
			assert_int_equal(order[k], k);
		free(order);
	}
	rio_objects_deinit(&objects);
}

static void order__is_that_of_the_permutation(void **state)
{
	struct rio_objects objects = seventeen();

	for (uint64_t epoch = 0; epoch < 3; epoch++) {
		size_t nr, *order = order_of(&objects, "seed=11", epoch, &nr);
		uint32_t expected[17];

		rio_permutation(11, epoch, "", 0, expected, 17);
		for (size_t k = 0; k < 17; k++)
			assert_int_equal(order[k], expected[k]);
		free(order);
	}
	rio_objects_deinit(&objects);
}

/* Shuffled before it is shared out: a host gets another share each epoch. */
static void order__shares_of_hosts_make_the_whole(void **state)
{
	static const char *const words[] = {"seed=5", "shuffle=rows seed=5", ""};
	struct rio_objects objects = seventeen();

	for (size_t w = 0; w < RIO_ARRAY_SIZE(words); w++)
		for (uint64_t epoch = 0; epoch < 4; epoch++) {
			size_t nr_all, *all = order_of(&objects, words[w], epoch, &nr_all);

			for (size_t host = 0; host < 4; host++) {
				char line[128];
				size_t nr, *share;

				snprintf(line, sizeof(line), "%s distribution=ShardedByS3Key "
					"hosts=d:c:b:a current_host=%c", words[w],
					(char)('d' - host));
				share = order_of(&objects, line, epoch, &nr);
				assert_int_equal(nr, host == 0 ? 5 : 4);
				for (size_t k = 0; k < nr; k++)
					assert_int_equal(share[k], all[host + 4 * k]);
				free(share);
			}
			free(all);
		}
	rio_objects_deinit(&objects);
}

static void order__more_hosts_than_files_leave_some_without(void **state)
{
	struct rio_objects objects = {0};
	struct rio_error err;
	size_t nr, *order;

	assert_int_equal(rio_objects_add(&objects, "a.csv", &err), 0);
	order = order_of(&objects, "distribution=ShardedByS3Key hosts=a:b current_host=b", 0, &nr);
	assert_int_equal(nr, 0);
	free(order);
	rio_objects_deinit(&objects);
	order = order_of(&objects, "seed=1", 0, &nr);
	assert_int_equal(nr, 0);
	free(order);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(permutation__has_its_literal_values),
		cmocka_unit_test(permutation__is_the_same_for_many),
		cmocka_unit_test(permutation__favours_none),
		cmocka_unit_test(order__is_by_name_unless_shuffled),
		cmocka_unit_test(order__is_that_of_the_permutation),
		cmocka_unit_test(order__shares_of_hosts_make_the_whole),
		cmocka_unit_test(order__more_hosts_than_files_leave_some_without),
	};

	return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
