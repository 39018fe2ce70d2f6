/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tally and scan must find, read byte by byte: the slow truth that unit tests
 * and fuzzers hold every kernel against.
 */
#ifndef TESTS_SCAN_TRUTH_H
#define TESTS_SCAN_TRUTH_H

#include "csv/kernel.h"

#include <string.h>

/* The slow truth about a stretch that begins inside or outside of quotes. */
struct truth {
	uint64_t nr_rows;
	uint64_t nr_lines;
	uint64_t bad_quote;
	uint64_t first_row_off; /* behind the first row end … */
	uint64_t first_row_lines;
	bool open;
};

static inline bool is_blank(const struct rio_dialect *d, uint8_t c)
{
	return (c == ' ' || c == '\t' || c == '\r') && c != d->delimiter;
}

static inline bool is_quote(const struct rio_dialect *d, uint8_t c)
{
	return d->quote != RIO_QUOTE_NONE && c == d->quote;
}

/* Whether the quote at i, or what follows it, is misplaced; inside is the state before. */
static inline bool is_misplaced(const struct rio_dialect *d, const uint8_t *p, size_t i, bool inside)
{
	size_t k = i;

	if (inside || (i && is_quote(d, p[i - 1])))
		return false;
	while (k && is_blank(d, p[k - 1]))
		k--;
	return k && p[k - 1] != '\n' && p[k - 1] != d->delimiter;
}

/* Whether content at i stands outside behind a quote that has just closed. */
static inline bool trails(const struct rio_dialect *d, const uint8_t *p, size_t i, bool inside)
{
	if (inside || is_blank(d, p[i]) || is_quote(d, p[i]) || p[i] == '\n' ||
		p[i] == d->delimiter)
		return false;
	while (i && is_blank(d, p[i - 1]))
		i--;
	return i && is_quote(d, p[i - 1]);
}

static inline struct truth look(const struct rio_dialect *d, const uint8_t *p, size_t n, bool inside)
{
	struct truth t = {.bad_quote = RIO_NO_OFFSET, .first_row_off = RIO_NO_OFFSET};
	bool content = false;

	for (size_t i = 0; i < n; i++) {
		if (t.bad_quote == RIO_NO_OFFSET &&
			((is_quote(d, p[i]) && is_misplaced(d, p, i, inside)) ||
				trails(d, p, i, inside)))
			t.bad_quote = i;
		if (is_quote(d, p[i])) {
			inside = !inside;
		}
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

/* Whether tally and truth agree: outside is of a stretch that begins so, inside likewise. */
static inline bool tally_agrees(const struct rio_tally *t, const struct truth *outside,
	const struct truth *inside)
{
	return t->nr_rows[0] == outside->nr_rows && t->nr_rows[1] == inside->nr_rows &&
	       t->bad_quote[0] == outside->bad_quote && t->bad_quote[1] == inside->bad_quote &&
	       t->nr_lines == outside->nr_lines && t->odd_quotes == outside->open &&
	       t->inside_row_off == inside->first_row_off &&
	       (t->inside_row_off == RIO_NO_OFFSET ||
		       t->inside_row_lines == inside->first_row_lines);
}

/* Whether these are the fields of [p, p + n), which begins outside. */
static inline bool fields_agree(const struct rio_fields *f, const struct rio_dialect *d,
	const uint8_t *p, size_t n)
{
	bool inside = false, content = false;
	size_t nr_fields = 0, nr_rows = 0;

	for (size_t i = 0; i < n; i++) {
		bool row_end = p[i] == '\n' && content && !inside;

		if (is_quote(d, p[i]))
			inside = !inside;
		if (row_end || (p[i] == d->delimiter && !inside)) {
			if (nr_fields == f->nr_fields || f->end[nr_fields++] != i)
				return false;
			nr_rows += row_end;
		}
		content = p[i] != '\n' && (content || !is_blank(d, p[i]));
	}
	return f->end[-1] == UINT32_MAX && f->nr_fields == nr_fields && f->nr_rows == nr_rows &&
	       f->open_quote == inside && f->has_nul == (n && memchr(p, '\0', n));
}

#endif
