/* SPDX-License-Identifier: Apache-2.0 */
/* to_f32 and to_f64 of every kernel against the reader of single cells. */
#include "unit.h"

#include "csv/kernel.h"

#include <math.h>

static const char *const cells[] = {"", "0", "-0", "9", "-9", "12", "1.", ".5", "-.5", "12.34",
	"1234567", "12345678", "123456789", "-12345678", "1234.5678", "0.1234567", "1e5", "1e-400",
	"1e400", "+1", "3.4028236e38", "1e-46", " 1", "1 ", "\t-2\r", "\"3\"", " \"-4.5\" ", "\"\"",
	"nan", "-nan", "NA", "inf", "abc", "1x", "--1", "1.2.3", "-", ".", "\"x\"", "\"1", "\n\n7", "\n",
	"1_0", "0x10", "१२", "123456789012345678901234567890", "0.30000000000000004"};

static const struct rio_cell_rules all_rules[] = {
	{{',', '"'}, RIO_MISSING_NUMBER, NAN, false, NULL},
	{{',', '"'}, RIO_MISSING_NUMBER, -7, false, NULL},
	{{',', '"'}, RIO_MISSING_ERROR, NAN, false, NULL},
	{{',', '"'}, RIO_MISSING_ERROR, NAN, true, NULL},
	{{',', '\''}, RIO_MISSING_NUMBER, 0, true, NULL},
	{{',', RIO_QUOTE_NONE}, RIO_MISSING_NUMBER, NAN, false, NULL},
};

enum { NR = 4000 };

struct chunk {
	uint8_t room[NR * 32 + 2 * RIO_PAD_BYTES];
	uint32_t ends[NR + 1]; /* of field i: ends[i + 1] */
	uint32_t before[NR];   /* some of the fields, in any order */
	uint32_t end[NR];
};

/* Fields between separators, of which every third is not picked, and some are twice. */
static void fill(struct chunk *c, uint64_t *seed, bool bad_ones)
{
	uint8_t *p = c->room + RIO_PAD_BYTES, *at = p;

	memset(c->room, '1', sizeof(c->room));
	c->ends[0] = UINT32_MAX;
	for (size_t i = 0; i < NR; i++) {
		const char *cell = cells[rnd(seed) % (bad_ones ? RIO_ARRAY_SIZE(cells) : 22)];

		at = mempcpy(at, cell, strlen(cell));
		c->ends[i + 1] = (uint32_t)(at - p);
		*at++ = rnd(seed) % 8 ? ',' : '\n';
	}
	for (size_t i = 0; i < NR; i++) {
		size_t field = rnd(seed) % NR;

		c->before[i] = c->ends[field];
		c->end[i] = c->ends[field + 1];
	}
}

/* The values of the fields up to the first that is refused; returns how many. */
static size_t expect(const struct rio_cell_rules *rules, const uint8_t *p, const uint32_t *before,
	const uint32_t *end, size_t nr, double *values)
{
	size_t i = 0;

	for (; i < nr; i++)
		if (!rio_cell_kind_ok(rules, rio_cell_read(rules, p + (uint32_t)(before[i] + 1),
						     p + end[i], &values[i])))
			break;
	return i;
}

static void check(const struct rio_kernel *k, const struct rio_cell_rules *rules,
	const uint8_t *p, const uint32_t *before, const uint32_t *end)
{
	static double expected[NR], f64[NR];
	static float f32[NR];
	size_t done = 0;

	/* Behind a refused field the next one begins a new run. */
	while (done < NR) {
		size_t nr = NR - done;
		size_t n = expect(rules, p, before + done, end + done, nr, expected);

		assert_int_equal(k->to_f64(rules, p, before + done, end + done, nr, f64), n);
		assert_int_equal(k->to_f32(rules, p, before + done, end + done, nr, f32), n);
		assert_memory_equal(f64, expected, n * sizeof(*f64));
		for (size_t i = 0; i < n; i++) {
			float narrow = (float)expected[i];

			assert_memory_equal(&f32[i], &narrow, sizeof(narrow));
		}
		done += n + 1;
	}
}

static void kernel__reads_fields_as_single_cells_are_read(void **state)
{
	struct chunk *c = malloc(sizeof(*c));
	uint64_t seed = 4711;

	for (int round = 0; round < 4; round++) {
		fill(c, &seed, round % 2);
		for (const struct rio_kernel *const *k = rio_kernels; *k; k++)
			for (size_t r = 0; (*k)->usable() && r < RIO_ARRAY_SIZE(all_rules); r++) {
				const uint8_t *p = c->room + RIO_PAD_BYTES;

				check(*k, &all_rules[r], p, c->ends, c->ends + 1);
				check(*k, &all_rules[r], p, c->before, c->end);
			}
	}
	free(c);
}

static void kernel__reads_no_field_at_all(void **state)
{
	const struct rio_cell_rules rules = {.dialect = RIO_DIALECT_DEFAULT};

	for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
		uint8_t room[2 * RIO_PAD_BYTES] = {0};

		assert_int_equal((*k)->to_f32(&rules, room + RIO_PAD_BYTES, NULL, NULL, 0, NULL), 0);
		assert_int_equal((*k)->to_f64(&rules, room + RIO_PAD_BYTES, NULL, NULL, 0, NULL), 0);
	}
}

static void kernel__chosen_is_one_that_runs_here(void **state)
{
	const struct rio_kernel *chosen = rio_kernel();
	bool found = false;

	assert_true(chosen->usable());
	assert_ptr_equal(chosen, rio_kernel());
	for (const struct rio_kernel *const *k = rio_kernels; *k; k++)
		found |= *k == chosen;
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel__reads_fields_as_single_cells_are_read),
		cmocka_unit_test(kernel__reads_no_field_at_all),
		cmocka_unit_test(kernel__chosen_is_one_that_runs_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
