/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally and scan, written once: every kernel includes this file after the block
 * operations of its instruction set (csv/block*.h).
 *
 * Quotes.  A quote toggles between inside and outside, and a doubled one
 * toggles twice, so "inside" is the running parity of the quote mask.  A stretch
 * that begins inside rather than outside has every bit of it flipped, which is
 * why counting for both costs next to nothing.
 *
 * Blank lines.  A row ends at a line feed outside quotes whose line has content.
 * Whether it has is one addition: in ~lf every line is a run of ones below a
 * zero, its line feed.  Adding the content bits makes a run overflow into that
 * zero exactly when it has any:
 *
 *	                 line feed ─┐        ┌─ line feed
 *	~lf      …  1  1  1  1  0  1  1  1  1  0
 *	content  …  0  0  0  0  .  0  1  1  0  .      (+)
 *	sum                     0               1  ◄── this line has content
 *
 * and the carry out of the top says whether the last, unfinished line has.
 *
 * Misplaced quotes.  Parity is the truth only while every quote opens at the
 * begin of a field or closes at its end (or is one of a doubled pair).  5" disk
 * in an unquoted field would silently swallow what follows, so tally looks for
 * such quotes, in blocks that have quotes at all.
 */
#ifndef RIO_CSV_SCAN_H
#define RIO_CSV_SCAN_H

#include "base/util.h"
#include "csv/kernel.h"

#include <string.h>

/* The masks of a block that both loops need. */
struct rio_masks {
	uint64_t lf;
	uint64_t quote;
	uint64_t blank; /* space, tab, CR; not the delimiter */
	uint64_t inside; /* for a stretch that begins outside */
};

static inline uint64_t rio_mask_first(size_t n)
{
	return n >= 64 ? UINT64_MAX : ((uint64_t)1 << n) - 1;
}

static inline struct rio_masks rio_masks_of(const struct rio_block *b,
	const struct rio_needles *needles, uint64_t valid, bool odd)
{
	struct rio_masks m;

	m.lf = rio_block_lf(b) & valid;
	m.blank = rio_block_blank(b, needles);
	m.quote = rio_block_quote(b, needles) & valid;
	m.inside = (m.quote ? rio_block_parity(m.quote) : 0) ^ (odd ? UINT64_MAX : 0);
	return m;
}

/* The line feeds that end a line with content. *content is carried on. */
static inline uint64_t rio_content_lines(uint64_t lf, uint64_t content_bits, bool *content)
{
	uint64_t sum;
	bool carry = __builtin_add_overflow(~lf, content_bits, &sum);

	carry |= __builtin_add_overflow(sum, (uint64_t)*content, &sum);
	*content = carry;
	return sum & lf;
}

/* Spread bits upwards, through set bits of pass only. */
static inline uint64_t rio_fill_up(uint64_t bits, uint64_t pass)
{
	for (int shift = 1; shift < 64; shift *= 2) {
		bits |= pass & (bits << shift);
		pass &= pass << shift;
	}
	return bits;
}

static inline void rio_note_bad_quote(uint64_t *off, uint64_t bad, uint64_t block_off)
{
	if (rio_unlikely(bad) && *off == RIO_NO_OFFSET)
		*off = block_off + (uint64_t)__builtin_ctzll(bad);
}

/*
 * Find misplaced quotes in a block, for both states.  A quote that opens wants
 * only blanks since the last separator, or a quote right before it; what follows
 * a quote that closes is blanks and a separator, or a quote right behind it.
 */
static inline void rio_check_quotes(const struct rio_block *b, const struct rio_needles *needles,
	const struct rio_masks *m, uint64_t valid, uint64_t block_off, struct rio_tally *tally)
{
	uint64_t separator = (m->lf | rio_block_delimiter(b, needles)) & valid;
	uint64_t content = ~(separator | m->blank) & valid;
	uint64_t field = rio_fill_up(content | (tally->field_has_content & ~separator & 1),
		~separator);
	uint64_t behind = rio_fill_up(m->quote | (tally->after_quote & (m->blank | ~valid) & 1),
		m->blank | ~valid);
	uint64_t field_before = field << 1 | tally->field_has_content;
	uint64_t quote_before = m->quote << 1 | tally->last_is_quote;
	uint64_t trails = (behind << 1 | tally->after_quote) & content & ~m->quote;
	uint64_t bad_open = m->quote & field_before & ~quote_before;

	rio_note_bad_quote(&tally->bad_quote[0], (bad_open & m->inside) | (trails & ~m->inside),
		block_off);
	rio_note_bad_quote(&tally->bad_quote[1], (bad_open & ~m->inside) | (trails & m->inside),
		block_off);
	tally->field_has_content = field >> 63;
	tally->after_quote = behind >> 63;
	tally->last_is_quote = (m->quote & ~(valid >> 1)) != 0;
}

/* Whether the field that is open before at has content, looking back to begin. */
static inline bool rio_field_has_content(const struct rio_dialect *d, const uint8_t *begin,
	const uint8_t *at, bool before_begin)
{
	while (at > begin && rio_dialect_is_blank(d, at[-1]))
		at--;
	if (at == begin)
		return before_begin;
	return at[-1] != '\n' && at[-1] != d->delimiter;
}

/* The first line feed of ends is where a stretch that began inside gets to a row start. */
static inline void rio_note_inside_row(uint64_t ends, uint64_t lf, uint64_t block_off,
	uint64_t nr_lines, struct rio_tally *tally)
{
	uint64_t first = ends & -ends;

	if (rio_likely(!ends || tally->inside_row_off != RIO_NO_OFFSET))
		return;
	tally->inside_row_off = block_off + (uint64_t)__builtin_ctzll(ends) + 1;
	tally->inside_row_lines =
		nr_lines + (uint64_t)__builtin_popcountll(lf & (first | (first - 1)));
}

/* Where a tally has got to within a piece: what every block needs, in registers. */
struct rio_tally_loop {
	const struct rio_dialect *dialect;
	struct rio_needles needles;
	const uint8_t *p;
	size_t looked; /* tally->field_has_content is that of p[looked] */
	uint64_t nr_lines, nr_outside, nr_inside;
	bool content;
	bool odd;
	bool after_quote;
};

/* The block holds quotes, or one stands before the blanks that it begins with. */
static inline void rio_tally_quotes(struct rio_tally_loop *loop, const struct rio_block *b,
	const struct rio_masks *m, uint64_t ends, uint64_t valid, size_t at, size_t n,
	struct rio_tally *tally)
{
	rio_note_inside_row(ends & m->inside, m->lf, tally->len_bytes + at, loop->nr_lines, tally);
	loop->nr_outside += (uint64_t)__builtin_popcountll(ends & ~m->inside);
	loop->nr_inside += (uint64_t)__builtin_popcountll(ends & m->inside);
	tally->field_has_content = rio_field_has_content(loop->dialect, loop->p + loop->looked,
		loop->p + at, tally->field_has_content);
	rio_check_quotes(b, &loop->needles, m, valid, tally->len_bytes + at, tally);
	tally->has_quotes |= m->quote != 0;
	loop->odd ^= __builtin_popcountll(m->quote) & 1;
	loop->after_quote = tally->after_quote;
	loop->looked = at + n;
}

/* The n bytes of a block, which stand at in the piece. */
static inline __attribute__((always_inline)) void rio_tally_block(struct rio_tally_loop *loop,
	struct rio_block b, size_t at, size_t n, struct rio_tally *tally)
{
	uint64_t valid = rio_mask_first(n);
	struct rio_masks m = rio_masks_of(&b, &loop->needles, valid, loop->odd);
	uint64_t ends = rio_content_lines(m.lf, ~(m.blank | m.lf) & valid, &loop->content);

	/* A block whose last byte is a quote sets after_quote, so last_is_quote is not. */
	if (rio_unlikely(m.quote || loop->after_quote)) {
		rio_tally_quotes(loop, &b, &m, ends, valid, at, n, tally);
	} else if (rio_likely(!loop->odd)) {
		loop->nr_outside += (uint64_t)__builtin_popcountll(ends);
	} else {
		rio_note_inside_row(ends, m.lf, tally->len_bytes + at, loop->nr_lines, tally);
		loop->nr_inside += (uint64_t)__builtin_popcountll(ends);
	}
	loop->nr_lines += (uint64_t)__builtin_popcountll(m.lf);
}

static inline void rio_tally_bytes(const struct rio_dialect *dialect, const uint8_t *p,
	size_t len_bytes, struct rio_tally *t)
{
	struct rio_tally_loop loop = {
		.dialect = dialect,
		.needles = rio_needles_of(dialect),
		.p = p,
		.nr_lines = t->nr_lines,
		.nr_outside = t->nr_rows[0],
		.nr_inside = t->nr_rows[1],
		.content = t->line_has_content,
		.odd = t->odd_quotes,
		.after_quote = t->after_quote,
	};
	uint8_t tail[RIO_BLOCK_BYTES] = {0};
	size_t i = 0;

	for (; len_bytes - i >= RIO_BLOCK_BYTES; i += RIO_BLOCK_BYTES)
		rio_tally_block(&loop, rio_block_load(p + i), i, RIO_BLOCK_BYTES, t);
	if (i < len_bytes) {
		memcpy(tail, p + i, len_bytes - i);
		rio_tally_block(&loop, rio_block_load(tail), i, len_bytes - i, t);
	}
	t->nr_lines = loop.nr_lines;
	t->nr_rows[0] = loop.nr_outside;
	t->nr_rows[1] = loop.nr_inside;
	t->line_has_content = loop.content;
	t->odd_quotes = loop.odd;
	t->field_has_content = rio_field_has_content(dialect, p + loop.looked, p + len_bytes,
		t->field_has_content);
	t->len_bytes += len_bytes;
}

static inline void rio_scan_bytes(const struct rio_dialect *d, const uint8_t *p,
	size_t len_bytes, struct rio_fields *fields)
{
	const struct rio_needles needles = rio_needles_of(d);
	uint32_t *out = fields->end;
	size_t nr_rows = 0;
	uint64_t nul = 0;
	bool odd = false, content = false;

	for (size_t i = 0; i < len_bytes; i += RIO_BLOCK_BYTES) {
		struct rio_block b = rio_block_load(p + i);
		uint64_t valid = rio_mask_first(len_bytes - i);
		struct rio_masks m = rio_masks_of(&b, &needles, valid, odd);
		uint64_t ends = rio_content_lines(m.lf, ~(m.blank | m.lf) & valid, &content) &
				~m.inside;
		uint64_t delimiter = rio_block_delimiter(&b, &needles) & valid & ~m.inside;

		nul |= rio_block_nul(&b) & valid;
		nr_rows += (size_t)__builtin_popcountll(ends);
		odd ^= __builtin_popcountll(m.quote) & 1;
		out = rio_flatten(ends | delimiter, (uint32_t)i, out);
	}
	fields->end[-1] = UINT32_MAX;
	fields->nr_fields = (size_t)(out - fields->end);
	fields->nr_rows = nr_rows;
	fields->has_nul = nul != 0;
	fields->open_quote = odd;
}

#endif
