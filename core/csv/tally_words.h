/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of tally through what has quotes (csv/tally.h): up to 4 KiB are turned into
 * masks, a word for each 64 bytes, and the words are asked whether there is any doubt.
 *
 * No doubt.  A quote that opens stands right behind a separator or another quote, and
 * one that closes right before: of a doubled pair, the first closes and the second
 * opens.  Which of them open is known once only one of the two states is possible that
 * the stretch may have begun in; quotes that are right seen from outside are soon found
 * wrong seen from inside.  Until then every quote needs a neighbour on both sides.
 *
 *	text     …  ,  "  a  "  "  b  "  ,  …
 *	opens          x        x
 *	closes               x        x
 *
 * And right before a line feed, or before the CR or blank that stands there, is a byte
 * above ' ': so the line is not a blank one.  Blanks beside quotes, blank lines and so on
 * are in doubt though they may be right: they are rare, and rio_tally_block tells.
 *
 * Why words.  Asked one by one, each word waits for the parity of the one before it,
 * and a branch for the answer.  In loops over words one exclusive or is all that waits,
 * and compilers make vectors of the rest.
 */
#ifndef RIO_CSV_TALLY_WORDS_H
#define RIO_CSV_TALLY_WORDS_H

#include "csv/tally_block.h"

#include <string.h>

#define RIO_TALLY_WORDS       64
#define RIO_TALLY_WORDS_BYTES ((size_t)RIO_TALLY_WORDS * RIO_BLOCK_BYTES)

/* So many are asked at a time, perhaps some behind the last one, which say nothing. */
#define RIO_TALLY_WORDS_ASKED 8
#define RIO_TALLY_WORDS_ROOM  (1 + RIO_TALLY_WORDS + RIO_TALLY_WORDS_ASKED)

/* The masks of blocks, [1] of the first one; [0] is of what came before. */
struct rio_tally_words {
	uint64_t lf[RIO_TALLY_WORDS_ROOM];
	uint64_t quote[RIO_TALLY_WORDS_ROOM];
	uint64_t delimiter[RIO_TALLY_WORDS_ROOM];
	uint64_t low[RIO_TALLY_WORDS_ROOM];     /* bytes up to ' ' */
	uint64_t flipped[RIO_TALLY_WORDS_ROOM]; /* as in the loop, before the word */
};

/* What is known of a stretch beside its bytes: all ones or nothing. */
struct rio_tally_known {
	uint64_t from_inside; /* only this state is still possible … */
	uint64_t both;        /* … unless neither is out, or both are */
	uint64_t wanted;      /* tally->inside_row_off is not known */
};

static inline void rio_tally_word(struct rio_tally_words *w, size_t i, struct rio_block b,
	const struct rio_needles *needles)
{
	w->lf[i] = rio_block_lf(b);
	w->quote[i] = rio_block_quote(b, needles);
	w->delimiter[i] = rio_block_delimiter(b, needles);
	w->low[i] = rio_block_low(b);
}

/* What the tally carries, as the bytes that it might come from. */
static inline void rio_tally_word_before(struct rio_tally_words *w, const struct rio_tally *t)
{
	w->lf[0] = w->low[0] = t->line_has_content ? 0 : UINT64_MAX;
	w->delimiter[0] = t->field_has_content ? 0 : UINT64_MAX;
	w->quote[0] = t->last_is_quote ? UINT64_MAX : 0;
}

/* The words of len_bytes from p[at] on; how many there are. */
static inline size_t rio_tally_words_read(struct rio_tally_words *w,
	const struct rio_tally_loop *loop, size_t at, size_t len_bytes)
{
	const uint8_t *p = loop->p + at;
	size_t i = 1, rest = len_bytes % RIO_BLOCK_BYTES;
	uint8_t tail[RIO_BLOCK_BYTES];

	for (; i <= len_bytes / RIO_BLOCK_BYTES; i++, p += RIO_BLOCK_BYTES) {
		__builtin_prefetch(p + RIO_TALLY_PREFETCH_BYTES);
		rio_tally_word(w, i, rio_block_load(p), &loop->needles);
	}
	/* Delimiters behind the last byte decide nothing. */
	memset(tail, loop->dialect->delimiter, sizeof(tail));
	for (size_t k = i; k < i + RIO_TALLY_WORDS_ASKED; k++)
		rio_tally_word(w, k, rio_block_load(tail), &loop->needles);
	if (rest) {
		memcpy(tail, p, rest);
		rio_tally_word(w, i++, rio_block_load(tail), &loop->needles);
	}
	return i - 1;
}

/* Find the state before each word, and behind the last. */
static inline uint64_t rio_tally_words_flip(struct rio_tally_words *w, size_t nr, uint64_t flipped)
{
	uint64_t quotes = flipped & 1;

	for (size_t i = 1; i < nr + RIO_TALLY_WORDS_ASKED; i++) {
		w->flipped[i] = -(uint64_t)(__builtin_popcountll(quotes) & 1);
		quotes ^= w->quote[i];
	}
	return w->flipped[nr + 1];
}

static inline struct rio_tally_known rio_tally_know(const struct rio_tally *tally)
{
	bool outside_is_out = tally->bad_quote[0] != RIO_NO_OFFSET;
	bool inside_is_out = tally->bad_quote[1] != RIO_NO_OFFSET;

	return (struct rio_tally_known){
		.from_inside = outside_is_out ? UINT64_MAX : 0,
		.both = outside_is_out == inside_is_out ? UINT64_MAX : 0,
		.wanted = tally->inside_row_off == RIO_NO_OFFSET ? UINT64_MAX : 0,
	};
}

static inline rio_words rio_words_load(const uint64_t *words)
{
	rio_words w;

	memcpy(&w, words, sizeof(w));
	return w;
}

/* As rio_words_load, each bit moved up to the byte that is by bytes behind its own. */
static inline rio_words rio_words_before(const uint64_t *words, int by)
{
	return rio_words_load(words) << by | rio_words_load(words - 1) >> (64 - by);
}

/* The bits that are in doubt of as many words from i on as a register holds. */
static inline rio_words rio_tally_words_doubt(const struct rio_tally_words *w, size_t i,
	struct rio_tally_known known, uint64_t *ret_inside_lf)
{
	const rio_words lf = rio_words_load(w->lf + i), quote = rio_words_load(w->quote + i);
	const rio_words beside = lf | quote | rio_words_load(w->delimiter + i);
	const rio_words lf_before = rio_words_before(w->lf + i, 1);
	const rio_words quote_before = rio_words_before(w->quote + i, 1);
	const rio_words beside_before = lf_before | quote_before |
					rio_words_before(w->delimiter + i, 1);
	rio_words inside = quote, opens, blank;

	for (int shift = 1; shift < 64; shift *= 2)
		inside ^= inside << shift;
	inside ^= rio_words_load(w->flipped + i);
	opens = inside ^ known.from_inside;
	blank = lf & rio_words_before(w->low + i, 1) &
		(lf_before | rio_words_before(w->low + i, 2));
	inside &= lf;
	memcpy(ret_inside_lf, &inside, sizeof(inside));
	return (quote & ~beside_before & (opens | known.both)) |
	       (quote_before & ~beside & (~opens | known.both)) | blank | (inside & known.wanted);
}

/*
 * How many words from i on, of RIO_TALLY_WORDS_ASKED, come before one that is in doubt;
 * and their line feeds that are inside for a stretch that begins outside.
 */
static inline size_t rio_tally_words_ask(const struct rio_tally_words *w, size_t i,
	struct rio_tally_known known, uint64_t *inside_lf)
{
	const size_t step = sizeof(rio_words) / sizeof(uint64_t);
	uint64_t doubts[RIO_TALLY_WORDS_ASKED];
	rio_words doubt, any = {0};
	size_t nr = 0;

	for (size_t k = 0; k < RIO_TALLY_WORDS_ASKED; k += step) {
		doubt = rio_tally_words_doubt(w, i + k, known, inside_lf + k);
		memcpy(doubts + k, &doubt, sizeof(doubt));
		any |= doubt;
	}
	if (rio_likely(!rio_words_any(any)))
		return RIO_TALLY_WORDS_ASKED;
	while (!doubts[nr])
		nr++;
	return nr;
}

static inline void rio_tally_words_count(struct rio_tally_loop *loop,
	const struct rio_tally_words *w, size_t i, size_t nr, const uint64_t *inside_lf)
{
	uint64_t nr_lines = 0, nr_inside = 0;

	for (size_t k = 0; k < nr; k++) {
		nr_lines += (uint64_t)__builtin_popcountll(w->lf[i + k]);
		nr_inside += (uint64_t)__builtin_popcountll(inside_lf[k]);
	}
	loop->nr_lines += nr_lines;
	loop->nr_inside += nr_inside;
	loop->nr_outside += nr_lines - nr_inside;
}

/*
 * Tally len_bytes, at most RIO_TALLY_WORDS_BYTES, from p[at] on; whether there are quotes
 * among the last of them.
 */
static inline bool rio_tally_words(struct rio_tally_loop *loop, size_t at, size_t len_bytes,
	struct rio_tally *tally)
{
	struct rio_tally_words w;
	uint64_t inside_lf[RIO_TALLY_WORDS_ASKED], behind, last = 0;
	size_t nr, i = 1, sure;
	bool pending;

	rio_tally_look_back(loop, at, tally);
	rio_tally_word_before(&w, tally);
	nr = rio_tally_words_read(&w, loop, at, len_bytes);
	behind = rio_tally_words_flip(&w, nr, loop->flipped);

	/* Blanks behind a quote, and what follows them is still to come. */
	pending = tally->after_quote && !tally->last_is_quote;
	while (i <= nr) {
		if (!pending) {
			sure = rio_tally_words_ask(&w, i, rio_tally_know(tally), inside_lf);
			rio_tally_words_count(loop, &w, i, sure, inside_lf);
			i += sure;
			if (sure == RIO_TALLY_WORDS_ASKED)
				continue;
		}
		loop->flipped = w.flipped[i];
		sure = (i - 1) * RIO_BLOCK_BYTES;
		rio_tally_block(loop, at + sure, RIO_MIN(len_bytes - sure, RIO_BLOCK_BYTES), tally);
		pending = tally->after_quote && !(w.quote[i] >> 63);
		i++;
	}
	loop->flipped = behind;
	for (i = nr > 4 ? nr - 3 : 1; i <= nr; i++)
		last |= w.quote[i];
	return last != 0;
}

#endif
