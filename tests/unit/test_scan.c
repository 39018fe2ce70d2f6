/* SPDX-License-Identifier: Apache-2.0 */
/* tally and scan of every kernel against a state machine that reads byte by byte. */
#include "unit.h"

#include "scan_truth.h"

static const struct rio_dialect dialects[] = {
	{',', '"'}, {';', '\''}, {'\t', '"'}, {' ', '"'}, {',', RIO_QUOTE_NONE},
};

static void show(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, p[i] < ' ' ? "\\x%02x" : "%c", p[i]);
	fprintf(stderr, "\n");
}

static void check_tally(const struct rio_kernel *k, const struct rio_dialect *d,
	const uint8_t *p, size_t n, size_t block)
{
	struct rio_tally t;
	const struct truth outside = look(d, p, n, false), inside = look(d, p, n, true);

	rio_tally_init(&t);
	for (size_t i = 0; i < n; i += block)
		k->tally(d, p + i, RIO_MIN(block, n - i), &t);
	if (!tally_agrees(&t, &outside, &inside))
		show(p, n);
	assert_int_equal(t.nr_rows[0], outside.nr_rows);
	assert_int_equal(t.nr_rows[1], inside.nr_rows);
	assert_int_equal(t.bad_quote[0], outside.bad_quote);
	assert_int_equal(t.bad_quote[1], inside.bad_quote);
	assert_true(tally_agrees(&t, &outside, &inside));
	assert_int_equal(t.len_bytes, n);
}

/* The padding holds what would do the most harm if it were read as data. */
static void check_scan(const struct rio_kernel *k, const struct rio_dialect *d,
	const uint8_t *p, size_t n)
{
	static const char harm[] = {'\n', ',', '"', '\0'};
	uint8_t *room = malloc(n + 2 * RIO_PAD_BYTES), *copy = room + RIO_PAD_BYTES;
	uint32_t *ends = malloc((n + RIO_PAD_BYTES + 1) * sizeof(*ends));
	struct rio_fields f = {.end = ends + 1};

	for (size_t i = 0; i < n + 2 * RIO_PAD_BYTES; i++)
		room[i] = (uint8_t)harm[i % 4];
	memcpy(copy, p, n);
	k->scan(d, copy, n, &f);
	if (!fields_agree(&f, d, p, n)) {
		show(p, n);
		fail_msg("scan of %s differs", k->name);
	}
	free(ends);
	free(room);
}

static void check_all(const uint8_t *p, size_t n)
{
	for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
		if (!(*k)->usable())
			continue;
		for (size_t i = 0; i < RIO_ARRAY_SIZE(dialects); i++) {
			for (size_t b = 0; b < RIO_ARRAY_SIZE(block_sizes); b++)
				check_tally(*k, &dialects[i], p, n, block_sizes[b]);
			check_scan(*k, &dialects[i], p, n);
		}
	}
}

static void scan__agrees_with_a_state_machine_on_tables(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"1,2\n3,4\n",
		"1,2\r\n\r\n3,4\r\n",
		"1,2\n\n\n \t \n3,4",
		"\"a\nb\",1\n\"c\"\"d\",2\n",
		"\"a\" ,\" b\"\n",
		"5\" disk,3\n6\" disk,4\n",
		"TV 24 \",3\n27 \",4\n",
		"\"a\"b,1\n",
		"\"a\" \"b\",1\n",
		"\"a\"\"\"\n",
		"\"\"\"a\"\"\",\"\"\n",
		"\"never closed\n1,2\n",
		"  \"blanks before\",1\n",
		"a\n\r\r\n\r\n \n",
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		check_all((const uint8_t *)texts[i], strlen(texts[i]));
}

static void scan__agrees_with_a_state_machine_on_random_bytes(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	uint8_t p[700];

	for (int round = 0; round < 3000; round++) {
		size_t n = rnd(&seed) % sizeof(p);

		rnd_csv(&seed, p, n);
		check_all(p, n);
	}
}

static void scan__sees_a_nul_byte_anywhere(void **state)
{
	uint8_t p[200];

	for (size_t i = 0; i < sizeof(p); i++) {
		memset(p, '1', sizeof(p));
		p[i] = '\0';
		check_all(p, sizeof(p));
	}
}

static void tally__carries_across_every_boundary(void **state)
{
	/* A pattern with every kind of carry, moved through all positions of a block. */
	static const char pattern[] = "x\r\n\"a\"\"\n b\" \r\n , \"q\" z\"\n\r\n";
	uint8_t p[3 * 64 + sizeof(pattern)];

	for (size_t at = 0; at < 2 * 64; at++) {
		memset(p, ' ', sizeof(p));
		memcpy(p + at, pattern, sizeof(pattern) - 1);
		check_all(p, sizeof(p));
	}
}

/* Quoted as it should be, in lines of all lengths, some of them in quotes. */
static void put_quoted(uint64_t *seed, uint8_t *p, size_t n)
{
	static const char *const parts[] = {"\"a b\",", "\"\",", "12,", "\"x, \"\"y\"\" \",",
		"\"line\nfeed\",", "7\n", "\"\"\"z\"\"\"\n", "\"8\"\r\n", "some plain text,"};

	for (size_t i = 0; i < n;) {
		const char *part = parts[rnd(seed) % RIO_ARRAY_SIZE(parts)];

		for (; i < n && *part; part++)
			p[i++] = (uint8_t)*part;
	}
}

static void tally__sees_a_single_flaw_far_from_the_begin(void **state)
{
	static const char flaws[] = "\"\"\", \r\n\nx";
	uint64_t seed = 0x2545f4914f6cdd1d;
	uint8_t p[3 * 4096];

	for (int round = 0; round < 150; round++) {
		size_t n = sizeof(p) - rnd(&seed) % 4500;

		put_quoted(&seed, p, n);
		for (uint64_t nr = rnd(&seed) % 3; nr; nr--)
			p[rnd(&seed) % n] = (uint8_t)flaws[rnd(&seed) % (sizeof(flaws) - 1)];
		for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
			if (!(*k)->usable())
				continue;
			check_tally(*k, &dialects[0], p, n, n);
			check_tally(*k, &dialects[0], p, n, 64 * (1 + rnd(&seed) % 80));
			check_tally(*k, &dialects[0], p, n, 1 + rnd(&seed) % 5000);
			check_tally(*k, &dialects[4], p, n, n);
		}
	}
}

/* Long runs of one byte up to where the loops take turns, and there what matters. */
static void put_runs(uint64_t *seed, uint8_t *p, size_t n)
{
	static const char *const turns[] = {"\"", "\"a\"", "\n", "\n\n", ",\"", "\",", ",", "x"};
	static const char fill[] = "  xx,";

	for (size_t i = 0; i < n;) {
		const char *turn = turns[rnd(seed) % RIO_ARRAY_SIZE(turns)];
		size_t to = (i / 64 + 1 + rnd(seed) % 12) * 64 - rnd(seed) % 3;
		uint8_t c = (uint8_t)fill[rnd(seed) % (sizeof(fill) - 1)];

		while (i < n && i < to)
			p[i++] = c;
		for (; i < n && *turn; turn++)
			p[i++] = (uint8_t)*turn;
	}
}

static void tally__carries_across_runs_of_all_lengths(void **state)
{
	uint64_t seed = 0x9fb21c651e98df25;
	uint8_t p[9000];

	for (int round = 0; round < 600; round++) {
		size_t n = sizeof(p) - rnd(&seed) % 64;

		put_runs(&seed, p, n);
		for (const struct rio_kernel *const *k = rio_kernels; *k; k++)
			if ((*k)->usable())
				check_tally(*k, &dialects[0], p, n, n);
	}
}

static void tally__finds_text_far_behind_a_quote(void **state)
{
	uint8_t p[6000];

	for (size_t nr_blanks = 0; nr_blanks < 5000; nr_blanks += 13) {
		memset(p, 'x', sizeof(p));
		memset(p, ' ', 3 + nr_blanks);
		memcpy(p, "\"a\"", 3);
		for (const struct rio_kernel *const *k = rio_kernels; *k; k++)
			if ((*k)->usable())
				check_tally(*k, &dialects[0], p, sizeof(p), sizeof(p));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan__agrees_with_a_state_machine_on_tables),
		cmocka_unit_test(scan__agrees_with_a_state_machine_on_random_bytes),
		cmocka_unit_test(scan__sees_a_nul_byte_anywhere),
		cmocka_unit_test(tally__carries_across_every_boundary),
		cmocka_unit_test(tally__sees_a_single_flaw_far_from_the_begin),
		cmocka_unit_test(tally__carries_across_runs_of_all_lengths),
		cmocka_unit_test(tally__finds_text_far_behind_a_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
