/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "map/map.h"

/* Two segments of rows, one of blank lines between them, a sentinel. */
static struct rio_checkpoint points[] = {
	{.src_off = 10, .row = 0, .line = 1},
	{.src_off = 110, .row = 20, .line = 21},
	{.src_off = 160, .row = 20, .line = 71},
	{.src_off = 200, .row = 25, .line = 76},
};

static struct rio_map *sample(const struct rio_checkpoint *checkpoints, size_t nr)
{
	struct rio_map *map = malloc(sizeof(*map));

	assert_non_null(map);
	*map = (struct rio_map){
		.stamp.size_bytes = 200,
		.data_off = 10,
		.data_line = 1,
		.bad_quote_off = RIO_NO_OFFSET,
		.bad_quote_row = RIO_NO_OFFSET,
	};
	for (size_t k = 0; k < nr; k++)
		assert_int_equal(rio_map_add(map, checkpoints[k]), 0);
	return map;
}

static struct rio_map *sample_points(void)
{
	return sample(points, RIO_ARRAY_SIZE(points));
}

static void map__finds_the_segment_of_every_row(void **state)
{
	static const struct {
		uint64_t row;
		size_t segment;
	} cases[] = {
		{0, 0}, {1, 0}, {19, 0},
		{20, 2}, /* segment 1 holds blank lines only */
		{24, 2}, {25, 3}, {26, 3}, {UINT64_MAX, 3},
	};
	struct rio_map *map = sample_points();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		assert_int_equal(rio_map_find_row(map, cases[i].row), cases[i].segment);
	rio_map_destroy(map);
}

static void map__finds_the_segment_of_every_offset(void **state)
{
	static const struct {
		uint64_t off;
		size_t segment;
	} cases[] = {
		{0, 0}, {9, 0}, {10, 0}, {109, 0}, {110, 1}, {159, 1}, {160, 2}, {199, 2},
		{200, 3}, {UINT64_MAX, 3},
	};
	struct rio_map *map = sample_points();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		assert_int_equal(rio_map_find_offset(map, cases[i].off), cases[i].segment);
	rio_map_destroy(map);
}

static bool equal(struct rio_checkpoint a, struct rio_checkpoint b)
{
	return a.src_off == b.src_off && a.row == b.row && a.line == b.line;
}

/* Short steps, and now and then one that no group can hold. */
static struct rio_checkpoint step(struct rio_checkpoint at)
{
	uint64_t far = random() % 300 == 0 ? (uint64_t)UINT32_MAX : 0;

	return (struct rio_checkpoint){at.src_off + 1 + far + (uint64_t)random() % 9,
		at.row + (uint64_t)random() % 4, at.line + (uint64_t)random() % 4};
}

static void map__gives_back_what_was_added(void **state)
{
	enum { NR = 3000 };
	static struct rio_checkpoint many[NR];
	struct rio_map *map = sample(NULL, 0);

	srandom(2);
	for (size_t nr = 0; nr < NR; nr++) {
		many[nr] = nr ? step(many[nr - 1]) : (struct rio_checkpoint){7, 0, 3};
		assert_int_equal(rio_map_add(map, many[nr]), 0);
		assert_true(equal(rio_map_last(map), many[nr]));
		if (random() % 3 == 0) {
			rio_map_remove_last(map);
			assert_int_equal(map->nr_checkpoints, nr);
			assert_int_equal(rio_map_add(map, many[nr]), 0);
		}
	}
	for (size_t k = 0; k < NR; k++)
		assert_true(equal(rio_map_checkpoint(map, k), many[k]));
	assert_true(map->nr_groups > NR / 256 + 1);
	rio_map_destroy(map);
}

static void map__begins_alike_as_far_as_it_does(void **state)
{
	enum { NR = 600 };
	struct rio_map *a = sample(NULL, 0), *b = sample(NULL, 0);

	for (uint64_t k = 0; k < NR; k++) {
		assert_int_equal(rio_map_add(a, (struct rio_checkpoint){2 * k, k, k}), 0);
		assert_int_equal(rio_map_add(b, (struct rio_checkpoint){2 * k + (k > 300), k, k}),
			0);
	}
	for (size_t nr = 0; nr <= NR; nr++)
		assert_int_equal(rio_map_begin_alike(a, b, nr), nr <= 301);
	assert_true(rio_map_begin_alike(a, a, NR));
	assert_false(rio_map_begin_alike(a, a, NR + 1));
	rio_map_destroy(a);
	rio_map_destroy(b);
}

static void map__lookups_agree_with_a_walk(void **state)
{
	enum { NR = 1000 };

	srandom(1);
	for (size_t nr = 1; nr < NR; nr += 1 + nr / 3) {
		struct rio_map *map = sample(NULL, 0);
		struct rio_checkpoint at = {0};
		size_t segment = 0;

		for (size_t k = 0; k < nr; k++, at = step(at))
			assert_int_equal(rio_map_add(map, at), 0);
		for (uint64_t row = 0; row < rio_map_nr_rows(map) + 3; row++) {
			while (segment + 1 < nr && rio_map_checkpoint(map, segment + 1).row <= row)
				segment++;
			assert_int_equal(rio_map_find_row(map, row), segment);
		}
		for (size_t k = 0; k < nr; k++) {
			uint64_t off = rio_map_checkpoint(map, k).src_off;

			assert_int_equal(rio_map_find_offset(map, off), k);
			assert_int_equal(rio_map_find_offset(map, off - (k > 0)), k - (k > 0));
		}
		rio_map_destroy(map);
	}
}

static void map__a_sentinel_alone_is_an_empty_file(void **state)
{
	const struct rio_checkpoint sentinel = {.src_off = 10, .row = 0, .line = 1};
	struct rio_map *map = sample(&sentinel, 1);

	map->stamp.size_bytes = 10;
	assert_int_equal(rio_map_check(map, NULL), 0);
	assert_int_equal(rio_map_nr_rows(map), 0);
	assert_int_equal(rio_map_find_row(map, 0), 0);
	assert_int_equal(rio_map_find_offset(map, 10), 0);
	rio_map_destroy(map);
}

static void map__check_takes_a_right_map(void **state)
{
	struct rio_map *map = sample_points();
	struct rio_error err;

	assert_int_equal(rio_map_check(map, &err), 0);
	map->bad_quote_off = 199;
	map->bad_quote_row = 25;
	assert_int_equal(rio_map_check(map, &err), 0);
	rio_map_destroy(map);
}

/* What is done to a right map, and what check must say then. */
struct damage {
	size_t field; /* offset in struct rio_map, or in points[k] */
	int k;        /* -1: of the map */
	uint64_t value;
	const char *message;
};

#define MAP(field_)      offsetof(struct rio_map, field_), -1
#define POINT(k, field_) offsetof(struct rio_checkpoint, field_), (k)

static const struct damage damages[] = {
	{MAP(nr_checkpoints), 0, "no checkpoint"},
	{MAP(data_off), 9, "begins at byte 10"},
	{MAP(data_line), 2, "begins at byte 10"},
	{MAP(bad_quote_off), 9, "bad quote at byte 9"},
	{MAP(bad_quote_off), 200, "bad quote at byte 200"},
	{POINT(0, row), 1, "row 1, and not"},
	{POINT(0, src_off), 11, "begins at byte 11"},
	{POINT(1, src_off), 10, "checkpoint 1 lies at byte 10"},
	{POINT(1, src_off), 160, "checkpoint 2 lies at byte 160, behind one at 160"},
	{POINT(2, src_off), 201, "checkpoint 2 lies at byte 201"},
	{POINT(2, src_off), UINT64_MAX, "checkpoint 2 lies at byte"},
	{POINT(2, row), 19, "checkpoint 2 is row 19"},
	{POINT(2, row), 71, "checkpoint 2 is row 71, 50 bytes behind row 20"},
	{POINT(3, row), UINT64_MAX, "checkpoint 3 is row"},
	{POINT(1, line), 0, "checkpoint 1 is line 0"},
	{POINT(3, line), 112, "checkpoint 3 is line 112"},
};

static void map__check_names_every_damage(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(damages); i++) {
		const struct damage *d = &damages[i];
		struct rio_checkpoint copy[RIO_ARRAY_SIZE(points)];
		struct rio_map *map;
		struct rio_error err;

		memcpy(copy, points, sizeof(copy));
		if (d->k >= 0)
			memcpy((char *)&copy[d->k] + d->field, &d->value, sizeof(d->value));
		map = sample(copy, RIO_ARRAY_SIZE(copy));
		if (d->k < 0)
			memcpy((char *)map + d->field, &d->value, sizeof(d->value));
		if (rio_map_check(map, &err) != RIO_EMAP_DAMAGED)
			fail_msg("damage %zu was taken", i);
		if (!strstr(err.message, d->message))
			fail_msg("damage %zu: '%s' has no '%s'", i, err.message, d->message);
		rio_map_destroy(map);
	}
}

/* From each checkpoint to the next, as the header says it. */
static bool steps_are_right(const struct rio_map *map)
{
	for (size_t k = 1; k < map->nr_checkpoints; k++) {
		const struct rio_checkpoint a = rio_map_checkpoint(map, k - 1);
		const struct rio_checkpoint b = rio_map_checkpoint(map, k);
		uint64_t len_bytes = b.src_off - a.src_off;

		if (b.src_off <= a.src_off || b.src_off > rio_map_src_end(map) || b.row < a.row ||
			b.row - a.row > len_bytes || b.line < a.line || b.line - a.line > len_bytes)
			return false;
	}
	return true;
}

/* The value of a field, or one that might pass for right. */
static uint32_t spoil(uint32_t value, uint64_t *seed)
{
	const uint32_t far[] = {0, UINT32_MAX, value ^ UINT32_C(0x80000000), (uint32_t)rnd(seed)};

	return rnd(seed) % 4 ? value + (uint32_t)(rnd(seed) % 9) - 4
			     : far[rnd(seed) % RIO_ARRAY_SIZE(far)];
}

static void map__check_agrees_with_a_walk_over_spoilt_groups(void **state)
{
	struct rio_checkpoint many[600];
	uint64_t seed = 5;
	int nr_right = 0, nr_wrong = 0;

	/* As many rows, or lines, as there are bytes, then none. */
	for (uint64_t k = 0; k < 600; k++)
		many[k] = (struct rio_checkpoint){
			10 + 3 * k, k - k % 3, 1 + (k + 2) - (k + 2) % 3};
	for (int i = 0; i < 4000; i++) {
		struct rio_map *map = sample(many, 600);
		struct rio_packed_checkpoint *packed =
			&map->packed[256 * (rnd(&seed) % 2) + 1 + rnd(&seed) % 255];
		uint32_t *const fields[] = {&packed->src_off, &packed->row, &packed->line};
		uint32_t *field = fields[rnd(&seed) % 3];
		bool right;

		*field = spoil(*field, &seed);
		if (i % 4 == 0)
			map->groups[1].base.src_off -= rnd(&seed) % 8;
		else if (i % 4 == 1)
			map->groups[1 + i % 2].base.row = UINT64_MAX - rnd(&seed) % 512;
		right = steps_are_right(map);
		if ((rio_map_check(map, NULL) == 0) != right)
			fail_msg("case %d is %s", i, right ? "refused" : "taken");
		nr_right += right;
		nr_wrong += !right;
		rio_map_destroy(map);
	}
	assert_true(nr_right > 100 && nr_wrong > 100);
}

static void map__check_wants_groups_to_follow_each_other(void **state)
{
	static const uint64_t firsts[][2] = {{1, 256}, {0, 0}, {0, 600}, {0, UINT64_MAX},
		{0, 257}, {0, 255}};
	struct rio_checkpoint many[600];
	struct rio_map *map;

	for (uint64_t k = 0; k < 600; k++)
		many[k] = (struct rio_checkpoint){10 + 2 * k, k, 1 + k};
	map = sample(many, 600);
	map->stamp.size_bytes = rio_map_last(map).src_off;
	assert_int_equal(map->nr_groups, 3);
	assert_int_equal(rio_map_check(map, NULL), 0);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(firsts); i++) {
		struct rio_error err;

		map->groups[0].first = firsts[i][0];
		map->groups[1].first = firsts[i][1];
		assert_int_equal(rio_map_check(map, &err), RIO_EMAP_DAMAGED);
		assert_non_null(strstr(err.message, "damaged map: group "));
	}
	map->nr_groups = 0;
	assert_int_equal(rio_map_check(map, NULL), RIO_EMAP_DAMAGED);
	rio_map_destroy(map);
}

static void map__check_bounds_the_row_of_a_bad_quote(void **state)
{
	struct rio_map *map = sample_points();

	map->bad_quote_off = 150;
	map->bad_quote_row = 26;
	assert_int_equal(rio_map_check(map, NULL), RIO_EMAP_DAMAGED);
	rio_map_destroy(map);
}

static void map__destroy_takes_null(void **state)
{
	rio_map_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map__finds_the_segment_of_every_row),
		cmocka_unit_test(map__finds_the_segment_of_every_offset),
		cmocka_unit_test(map__gives_back_what_was_added),
		cmocka_unit_test(map__begins_alike_as_far_as_it_does),
		cmocka_unit_test(map__lookups_agree_with_a_walk),
		cmocka_unit_test(map__a_sentinel_alone_is_an_empty_file),
		cmocka_unit_test(map__check_takes_a_right_map),
		cmocka_unit_test(map__check_names_every_damage),
		cmocka_unit_test(map__check_agrees_with_a_walk_over_spoilt_groups),
		cmocka_unit_test(map__check_wants_groups_to_follow_each_other),
		cmocka_unit_test(map__check_bounds_the_row_of_a_bad_quote),
		cmocka_unit_test(map__destroy_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
