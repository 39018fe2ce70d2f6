/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Two segments of rows, one of blank lines between them, a sentinel. */
static struct rio_checkpoint points[] = {
	{.src_off = 10, .row = 0, .line = 1},
	{.src_off = 110, .row = 20, .line = 21},
	{.src_off = 160, .row = 20, .line = 71},
	{.src_off = 200, .row = 25, .line = 76},
};

static struct rio_map sample(struct rio_checkpoint *checkpoints)
{
	return (struct rio_map){
		.stamp.size_bytes = 200,
		.data_off = 10,
		.data_line = 1,
		.checkpoints = checkpoints,
		.nr_checkpoints = RIO_ARRAY_SIZE(points),
		.bad_quote_off = RIO_NO_OFFSET,
		.bad_quote_row = RIO_NO_OFFSET,
	};
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
	struct rio_map map = sample(points);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		assert_int_equal(rio_map_find_row(&map, cases[i].row), cases[i].segment);
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
	struct rio_map map = sample(points);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		assert_int_equal(rio_map_find_offset(&map, cases[i].off), cases[i].segment);
}

static void map__lookups_agree_with_a_walk(void **state)
{
	enum { NR = 1000 };
	struct rio_checkpoint many[NR];
	struct rio_map map = {.checkpoints = many};

	srandom(1);
	for (size_t nr = 1; nr < NR; nr += 1 + nr / 3) {
		size_t segment = 0;

		many[0] = (struct rio_checkpoint){0};
		for (size_t k = 1; k < nr; k++) {
			many[k].row = many[k - 1].row + (uint64_t)random() % 4;
			many[k].src_off = many[k - 1].src_off + 1 + (uint64_t)random() % 9;
		}
		map.nr_checkpoints = nr;
		for (uint64_t row = 0; row < many[nr - 1].row + 3; row++) {
			while (segment + 1 < nr && many[segment + 1].row <= row)
				segment++;
			assert_int_equal(rio_map_find_row(&map, row), segment);
		}
	}
}

static void map__a_sentinel_alone_is_an_empty_file(void **state)
{
	struct rio_checkpoint sentinel = {.src_off = 10, .row = 0, .line = 1};
	struct rio_map map = sample(&sentinel);

	map.nr_checkpoints = 1;
	map.stamp.size_bytes = 10;
	assert_int_equal(rio_map_check(&map, NULL), 0);
	assert_int_equal(rio_map_nr_rows(&map), 0);
	assert_int_equal(rio_map_find_row(&map, 0), 0);
	assert_int_equal(rio_map_find_offset(&map, 10), 0);
}

static void map__check_takes_a_right_map(void **state)
{
	struct rio_map map = sample(points);
	struct rio_error err;

	assert_int_equal(rio_map_check(&map, &err), 0);
	map.bad_quote_off = 199;
	map.bad_quote_row = 25;
	assert_int_equal(rio_map_check(&map, &err), 0);
}

/* What is done to a right map, and what check must say then. */
struct damage {
	size_t field; /* offset in struct rio_map, or in checkpoints[k] */
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
		struct rio_map map = sample(copy);
		struct rio_error err;
		char *base = d->k < 0 ? (char *)&map : (char *)&copy[d->k];

		memcpy(copy, points, sizeof(copy));
		memcpy(base + d->field, &d->value, sizeof(d->value));
		if (rio_map_check(&map, &err) != RIO_EMAP_DAMAGED)
			fail_msg("damage %zu was taken", i);
		if (!strstr(err.message, d->message))
			fail_msg("damage %zu: '%s' has no '%s'", i, err.message, d->message);
	}
}

static void map__check_bounds_the_row_of_a_bad_quote(void **state)
{
	struct rio_map map = sample(points);

	map.bad_quote_off = 150;
	map.bad_quote_row = 26;
	assert_int_equal(rio_map_check(&map, NULL), RIO_EMAP_DAMAGED);
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
		cmocka_unit_test(map__lookups_agree_with_a_walk),
		cmocka_unit_test(map__a_sentinel_alone_is_an_empty_file),
		cmocka_unit_test(map__check_takes_a_right_map),
		cmocka_unit_test(map__check_names_every_damage),
		cmocka_unit_test(map__check_bounds_the_row_of_a_bad_quote),
		cmocka_unit_test(map__destroy_takes_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
