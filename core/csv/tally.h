/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally, written once: every kernel includes this file after the block operations of
 * its instruction set (csv/block*.h).  What quotes and blank lines mean is in scan.h.
 *
 * Misplaced quotes.  Parity is the truth only while every quote opens at the
 * begin of a field or closes at its end (or is one of a doubled pair).  5" disk
 * in an unquoted field would silently swallow what follows, so tally looks for
 * such quotes, and does so for both states that the stretch may have begun in.
 *
 * Three ways, each for what the one before it leaves over:
 *
 *	plain   256 bytes without quotes, behind others such, in which something stands
 *	        before every line feed: those are the rows, and nothing else happens.
 *	quoted  64 bytes whose quotes all stand right beside a separator or one
 *	        another, seen from the one state that is still possible: quotes that
 *	        are right seen from outside are soon found wrong seen from inside.
 *	block   64 bytes of anything.
 *
 * What block needs to know of the bytes before it, the others do not keep: it looks
 * back for it.
 */
#ifndef RIO_CSV_TALLY_H
#define RIO_CSV_TALLY_H

#include "csv/scan.h"

#include <string.h>

#define RIO_TALLY_PLAIN_BYTES (4 * RIO_BLOCK_BYTES)

/* How far ahead of the loop memory is asked for. */
#define RIO_TALLY_PREFETCH_BYTES 4096

/* Where a tally has got to within a piece: what every block needs, in registers. */
struct rio_tally_loop {
	const struct rio_dialect *dialect;
	struct rio_needles needles;
	const uint8_t *p;
	size_t looked; /* what the tally carries is that of p[looked] */
	uint64_t nr_lines, nr_outside, nr_inside;
	uint64_t flipped;  /* all ones where quotes so far are odd */
	bool after_quote;  /* nothing but blanks since the last quote, perhaps */
	bool quoted;       /* the last blocks had quotes */

	/* For quoted blocks: what the bytes before p[at] and the tally say. */
	uint64_t last_is_quote, last_is_beside; /* 0 or 1 */
	uint64_t from_inside;   /* all ones where that is the state still possible … */
	bool one_state;         /* … if there is one */
	uint64_t wanted_inside; /* all ones while tally->inside_row_off is not known */
};

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
static inline void rio_check_quotes(struct rio_block b, const struct rio_needles *needles,
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

static inline void rio_tally_rows(struct rio_tally_loop *loop, uint64_t ends,
	const struct rio_masks *m, size_t at, struct rio_tally *tally)
{
	rio_note_inside_row(ends & m->inside, m->lf, tally->len_bytes + at, loop->nr_lines, tally);
	loop->nr_outside += (uint64_t)__builtin_popcountll(ends & ~m->inside);
	loop->nr_inside += (uint64_t)__builtin_popcountll(ends & m->inside);
	loop->nr_lines += (uint64_t)__builtin_popcountll(m->lf);
	loop->flipped = m->inside >> 63 ? UINT64_MAX : 0;
	loop->quoted |= m->quote != 0;
}

/* Bring what the tally carries up to p[at]; nothing but blanks changes nothing. */
static inline void rio_tally_look_back(struct rio_tally_loop *loop, size_t at,
	struct rio_tally *tally)
{
	const struct rio_dialect *d = loop->dialect;
	const uint8_t *begin = loop->p + loop->looked, *end = loop->p + at;

	if (begin == end)
		return;
	loop->looked = at;
	tally->last_is_quote = end[-1] == d->quote;
	while (end > begin && rio_dialect_is_blank(d, end[-1]))
		end--;
	if (begin == end)
		return;
	tally->after_quote = end[-1] == d->quote;
	tally->line_has_content = end[-1] != '\n';
	tally->field_has_content = end[-1] != '\n' && end[-1] != d->delimiter;
}

/* The n bytes of any block, which stand at in the piece. */
static inline void rio_tally_block(struct rio_tally_loop *loop, struct rio_block b, size_t at,
	size_t n, struct rio_tally *tally)
{
	uint64_t valid = rio_mask_first(n), ends;
	struct rio_masks m = rio_masks_of(b, &loop->needles, valid, loop->flipped != 0);

	rio_tally_look_back(loop, at, tally);
	ends = rio_content_lines(m.lf, ~(m.blank | m.lf) & valid, &tally->line_has_content);
	rio_tally_rows(loop, ends, &m, at, tally);

	/* A block whose last byte is a quote sets after_quote, so last_is_quote is not. */
	if (m.quote || tally->after_quote) {
		rio_check_quotes(b, &loop->needles, &m, valid, tally->len_bytes + at, tally);
		loop->looked = at + n;
	}
	loop->after_quote = tally->after_quote;
}

/* Whether nothing but blanks follows the last quote of a block (or it is all blank). */
static inline bool rio_ends_behind_quote(const struct rio_dialect *d, const uint8_t *block)
{
	size_t n = RIO_BLOCK_BYTES;

	while (n && rio_dialect_is_blank(d, block[n - 1]))
		n--;
	return n == 0 || block[n - 1] == d->quote;
}

/* Make ready for quoted blocks from p[at] on. */
static inline void rio_tally_recall(struct rio_tally_loop *loop, size_t at,
	const struct rio_tally *tally)
{
	uint8_t last = loop->p[at - 1];
	bool outside_is_out = tally->bad_quote[0] != RIO_NO_OFFSET;
	bool inside_is_out = tally->bad_quote[1] != RIO_NO_OFFSET;

	loop->last_is_quote = last == loop->dialect->quote;
	loop->last_is_beside = loop->last_is_quote || last == '\n' ||
			       last == loop->dialect->delimiter;
	loop->from_inside = outside_is_out ? UINT64_MAX : 0;
	loop->one_state = outside_is_out != inside_is_out;
	loop->wanted_inside = tally->inside_row_off == RIO_NO_OFFSET ? UINT64_MAX : 0;
}

/* A block behind another that is of the second kind; false: it is not. */
static inline bool rio_tally_quoted(struct rio_tally_loop *loop, size_t at)
{
	const uint8_t *p = loop->p + at;
	struct rio_block b = rio_block_load(p), before = rio_block_load(p - 1);
	uint64_t lf = rio_block_lf(b), quote = rio_block_quote(b, &loop->needles);
	uint64_t beside = lf | quote | rio_block_delimiter(b, &loop->needles);
	uint64_t inside = rio_block_parity(quote) ^ loop->flipped;
	uint64_t seen = inside ^ loop->from_inside;
	uint64_t closed = ~(loop->flipped ^ loop->from_inside) & loop->last_is_quote;
	uint64_t bad_open = quote & seen & ~(beside << 1 | loop->last_is_beside);
	uint64_t bad_close = ((quote & ~seen) << 1 | closed) & ~beside;
	uint64_t nr_lines = (uint64_t)__builtin_popcountll(lf);
	uint64_t nr_inside = (uint64_t)__builtin_popcountll(lf & inside);

	if (!loop->one_state || (loop->after_quote && !loop->last_is_quote))
		return false;
	if (bad_open | bad_close | (lf & (rio_block_low(before) | (inside & loop->wanted_inside))))
		return false;
	loop->nr_lines += nr_lines;
	loop->nr_inside += nr_inside;
	loop->nr_outside += nr_lines - nr_inside;
	loop->flipped = inside >> 63 ? UINT64_MAX : 0;
	loop->last_is_quote = quote >> 63;
	loop->last_is_beside = beside >> 63;
	loop->after_quote = loop->last_is_quote || (p[RIO_BLOCK_BYTES - 1] <= ' ' &&
			rio_ends_behind_quote(loop->dialect, p));
	loop->quoted |= quote != 0;
	return true;
}

/* RIO_TALLY_PLAIN_BYTES behind a block that are of the first kind; false: they are not. */
static inline bool rio_tally_plain(struct rio_tally_loop *loop, size_t at,
	const struct rio_tally *tally)
{
	const uint8_t *p = loop->p + at;
	uint64_t other = 0, nr_lines = 0;

	if (loop->quoted || loop->after_quote ||
		(loop->flipped && tally->inside_row_off == RIO_NO_OFFSET))
		return false;
	for (size_t i = 0; i < RIO_TALLY_PLAIN_BYTES; i += RIO_BLOCK_BYTES) {
		struct rio_block b = rio_block_load(p + i), before = rio_block_load(p + i - 1);
		uint64_t lf = rio_block_lf(b);

		__builtin_prefetch(p + i + RIO_TALLY_PREFETCH_BYTES);
		nr_lines += (uint64_t)__builtin_popcountll(lf);
		other |= rio_block_quote(b, &loop->needles) | (lf & rio_block_low(before));
	}
	if (other)
		return false;
	*(loop->flipped ? &loop->nr_inside : &loop->nr_outside) += nr_lines;
	loop->nr_lines += nr_lines;
	return true;
}

static inline void rio_tally_blocks(struct rio_tally_loop *loop, size_t from, size_t to,
	struct rio_tally *tally)
{
	loop->quoted = false;
	if (from)
		rio_tally_recall(loop, from, tally);
	for (size_t i = from; i < to; i += RIO_BLOCK_BYTES) {
		if (i && rio_tally_quoted(loop, i))
			continue;
		rio_tally_block(loop, rio_block_load(loop->p + i), i, RIO_BLOCK_BYTES, tally);
		rio_tally_recall(loop, i + RIO_BLOCK_BYTES, tally);
	}
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
		.flipped = t->odd_quotes ? UINT64_MAX : 0,
		.after_quote = t->after_quote,
	};
	size_t whole = len_bytes / RIO_BLOCK_BYTES * RIO_BLOCK_BYTES, i = 0, stop;
	uint8_t tail[RIO_BLOCK_BYTES] = {0};

	/* The first block has nothing readable before it. */
	for (; i < whole; i = stop) {
		stop = RIO_MIN(i ? i + RIO_TALLY_PLAIN_BYTES : RIO_BLOCK_BYTES, whole);
		if (stop - i < RIO_TALLY_PLAIN_BYTES || !rio_tally_plain(&loop, i, t))
			rio_tally_blocks(&loop, i, stop, t);
	}
	if (whole < len_bytes) {
		memcpy(tail, p + whole, len_bytes - whole);
		rio_tally_block(&loop, rio_block_load(tail), whole, len_bytes - whole, t);
	}
	rio_tally_look_back(&loop, len_bytes, t);
	t->nr_lines = loop.nr_lines;
	t->nr_rows[0] = loop.nr_outside;
	t->nr_rows[1] = loop.nr_inside;
	t->odd_quotes = loop.flipped != 0;
	t->len_bytes += len_bytes;
}

#endif
