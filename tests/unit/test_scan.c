/* SPDX-License-Identifier: Apache-2.0 */
/* tally and scan of every kernel against a state machine that reads byte by byte. */
#include "unit.h"

#include "csv/kernel.h"

/* The slow truth about a stretch that begins inside or outside of quotes. */
struct truth {
	uint64_t nr_rows;
	uint64_t nr_lines;
	uint64_t bad_quote;
	uint64_t first_row_off; /* behind the first row end … */
	uint64_t first_row_lines;
	bool open;
};

static bool is_blank(const struct rio_dialect *d, uint8_t c)
{
	return (c == ' ' || c == '\t' || c == '\r') && c != d->delimiter;
}

static bool is_quote(const struct rio_dialect *d, uint8_t c)
{
	return d->quote != RIO_QUOTE_NONE && c == d->quote;
}

/* Whether the quote at i, or what follows it, is misplaced; inside is the state before. */
static bool is_misplaced(const struct rio_dialect *d, const uint8_t *p, size_t i, bool inside)
{
	size_t k = i;

	if (inside || (i && is_quote(d, p[i - 1])))
		return false;
	while (k && is_blank(d, p[k - 1]))
		k--;
	return k && p[k - 1] != '\n' && p[k - 1] != d->delimiter;
}

/* Whether content at i stands outside behind a quote that has just closed. */
static bool trails(const struct rio_dialect *d, const uint8_t *p, size_t i, bool inside)
{
	if (inside || is_blank(d, p[i]) || is_quote(d, p[i]) || p[i] == '\n' ||
		p[i] == d->delimiter)
		return false;
	while (i && is_blank(d, p[i - 1]))
		i--;
	return i && is_quote(d, p[i - 1]);
}

static struct truth look(const struct rio_dialect *d, const uint8_t *p, size_t n, bool inside)
{
	struct truth t = {.bad_quote = RIO_NO_OFFSET, .first_row_off = RIO_NO_OFFSET};
	bool content = false;

	for (size_t i = 0; i < n; i++) {
		if (t.bad_quote == RIO_NO_OFFSET &&
			((is_quote(d, p[i]) && is_misplaced(d, p, i, inside)) ||
				trails(d, p, i, inside)))
			t.bad_quote = i;
		if (is_quote(d, p[i]))
			inside = !inside;
		if (p[i] != '\n') {
			content |= !is_blank(d, p[i]);
			continue;
		}
		t.nr_lines++;
		if (content && !inside) {
			t.nr_rows++;
			if (t.first_row_off == RIO_NO_OFFSET) {
				t.first_row_off = i + 1;
				t.first_row_lines = t.nr_lines;
			}
		}
		content = false;
	}
	t.open = inside;
	return t;
}

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
	if (t.nr_rows[0] != outside.nr_rows || t.nr_rows[1] != inside.nr_rows ||
		t.bad_quote[0] != outside.bad_quote || t.bad_quote[1] != inside.bad_quote)
		show(p, n);
	assert_int_equal(t.nr_rows[0], outside.nr_rows);
	assert_int_equal(t.nr_rows[1], inside.nr_rows);
	assert_int_equal(t.bad_quote[0], outside.bad_quote);
	assert_int_equal(t.bad_quote[1], inside.bad_quote);
	assert_int_equal(t.nr_lines, outside.nr_lines);
	assert_int_equal(t.odd_quotes, outside.open);
	assert_int_equal(t.inside_row_off, inside.first_row_off);
	if (inside.first_row_off != RIO_NO_OFFSET)
		assert_int_equal(t.inside_row_lines, inside.first_row_lines);
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
	bool inside = false, content = false;
	size_t nr_fields = 0, nr_rows = 0;

	for (size_t i = 0; i < n + 2 * RIO_PAD_BYTES; i++)
		room[i] = (uint8_t)harm[i % 4];
	memcpy(copy, p, n);
	k->scan(d, copy, n, &f);
	assert_int_equal(f.end[-1], UINT32_MAX);
	for (size_t i = 0; i < n; i++) {
		bool row_end = p[i] == '\n' && content && !inside;

		if (is_quote(d, p[i]))
			inside = !inside;
		if (row_end || (p[i] == d->delimiter && !inside)) {
			assert_true(nr_fields < f.nr_fields);
			assert_int_equal(f.end[nr_fields++], i);
			nr_rows += row_end;
		}
		content = p[i] != '\n' && (content || !is_blank(d, p[i]));
	}
	assert_int_equal(f.nr_fields, nr_fields);
	assert_int_equal(f.nr_rows, nr_rows);
	assert_int_equal(f.open_quote, inside);
	assert_int_equal(f.has_nul, memchr(p, '\0', n) != NULL);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan__agrees_with_a_state_machine_on_tables),
		cmocka_unit_test(scan__agrees_with_a_state_machine_on_random_bytes),
		cmocka_unit_test(scan__sees_a_nul_byte_anywhere),
		cmocka_unit_test(tally__carries_across_every_boundary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
