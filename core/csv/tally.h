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
 *	words   4 KiB, first turned into masks, a word for each 64 bytes; then eight words
 *	        at a time are asked whether there is any doubt about them (tally_words.h).
 *	block   the 64 bytes of a word in doubt: what words cannot tell, this finds out
 *	        (tally_block.h).
 *
 * What block needs to know of the bytes before it, the others do not keep: it looks
 * back for it.
 */
#ifndef RIO_CSV_TALLY_H
#define RIO_CSV_TALLY_H

#include "csv/tally_block.h"
#include "csv/tally_words.h"

#define RIO_TALLY_PLAIN_BYTES (4 * RIO_BLOCK_BYTES)

/* Whether the RIO_TALLY_PLAIN_BYTES at p, behind others, are of the first kind. */
static inline bool rio_tally_is_plain(const struct rio_tally_loop *loop, const uint8_t *p,
	uint64_t *ret_lines)
{
	uint64_t other = 0, nr_lines = 0;

	for (size_t i = 0; i < RIO_TALLY_PLAIN_BYTES; i += RIO_BLOCK_BYTES) {
		struct rio_block b = rio_block_load(p + i), before = rio_block_load(p + i - 1);
		uint64_t lf = rio_block_lf(b);

		__builtin_prefetch(p + i + RIO_TALLY_PREFETCH_BYTES);
		nr_lines += (uint64_t)__builtin_popcountll(lf);
		other |= rio_block_quote(b, &loop->needles) | (lf & rio_block_low(before));
	}
	*ret_lines = nr_lines;
	return !other;
}

/* As far as they are plain from at on, which is not the begin; where that ends. */
static inline size_t rio_tally_plain(struct rio_tally_loop *loop, size_t at, size_t len_bytes,
	struct rio_tally *tally)
{
	uint64_t nr_lines = 0, n;

	rio_tally_look_back(loop, at, tally);
	if (tally->after_quote || (loop->flipped && tally->inside_row_off == RIO_NO_OFFSET))
		return at;
	for (; len_bytes - at >= RIO_TALLY_PLAIN_BYTES; at += RIO_TALLY_PLAIN_BYTES) {
		if (!rio_tally_is_plain(loop, loop->p + at, &n))
			break;
		nr_lines += n;
	}
	*(loop->flipped ? &loop->nr_inside : &loop->nr_outside) += nr_lines;
	loop->nr_lines += nr_lines;
	return at;
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
	};
	size_t at = 0, n;

	/* The first bytes have nothing readable before them, and may be all there is to count. */
	for (size_t most = RIO_TALLY_PLAIN_BYTES; at < len_bytes; most = RIO_TALLY_WORDS_BYTES) {
		n = RIO_MIN(len_bytes - at, most);
		at += n;
		if (!rio_tally_words(&loop, at - n, n, t))
			at = rio_tally_plain(&loop, at, len_bytes, t);
	}
	rio_tally_look_back(&loop, len_bytes, t);
	t->nr_lines = loop.nr_lines;
	t->nr_rows[0] = loop.nr_outside;
	t->nr_rows[1] = loop.nr_inside;
	t->odd_quotes = loop.flipped != 0;
	t->len_bytes += len_bytes;
}

#endif
