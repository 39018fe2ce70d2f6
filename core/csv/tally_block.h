/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of tally through 64 bytes of anything, exact for both states that the stretch
 * may have begun in; csv/tally.h says when it is taken.
 */
#ifndef RIO_CSV_TALLY_BLOCK_H
#define RIO_CSV_TALLY_BLOCK_H

#include "csv/scan.h"

#include <string.h>

/* How far ahead of the loops memory is asked for. */
#define RIO_TALLY_PREFETCH_BYTES 4096

/* Where a tally has got to within a piece: what all ways need. */
struct rio_tally_loop {
	const struct rio_dialect *dialect;
	struct rio_needles needles;
	const uint8_t *p;
	size_t looked; /* what the tally carries is that of p[looked] */
	uint64_t nr_lines, nr_outside, nr_inside;
	uint64_t flipped;  /* all ones where quotes so far are odd */
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

static inline struct rio_block rio_tally_load(const uint8_t *p, size_t len_bytes)
{
	uint8_t tail[RIO_BLOCK_BYTES] = {0};

	if (len_bytes == RIO_BLOCK_BYTES)
		return rio_block_load(p);
	memcpy(tail, p, len_bytes);
	return rio_block_load(tail);
}

/* A block of len_bytes that stands at in the piece. */
static inline void rio_tally_block(struct rio_tally_loop *loop, size_t at, size_t len_bytes,
	struct rio_tally *tally)
{
	struct rio_block b = rio_tally_load(loop->p + at, len_bytes);
	uint64_t valid = rio_mask_first(len_bytes), ends;
	struct rio_masks m = rio_masks_of(b, &loop->needles, valid, loop->flipped != 0);

	rio_tally_look_back(loop, at, tally);
	ends = rio_content_lines(m.lf, ~(m.blank | m.lf) & valid, &tally->line_has_content);
	rio_tally_rows(loop, ends, &m, at, tally);

	/* A block whose last byte is a quote sets after_quote, so last_is_quote is not. */
	if (m.quote || tally->after_quote) {
		rio_check_quotes(b, &loop->needles, &m, valid, tally->len_bytes + at, tally);
		loop->looked = at + len_bytes;
	}
}

#endif
