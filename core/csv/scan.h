/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan, written once: every kernel includes this file after the block operations of
 * its instruction set (csv/block*.h).
 *
 * Quotes.  A quote toggles between inside and outside, and a doubled one
 * toggles twice, so "inside" is the running parity of the quote mask.  A stretch
 * that begins inside rather than outside has every bit of it flipped.
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
 */
#ifndef RIO_CSV_SCAN_H
#define RIO_CSV_SCAN_H

#include "base/util.h"
#include "csv/kernel.h"

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

static inline struct rio_masks rio_masks_of(struct rio_block b,
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
		struct rio_masks m = rio_masks_of(b, &needles, valid, odd);
		uint64_t ends = rio_content_lines(m.lf, ~(m.blank | m.lf) & valid, &content) &
				~m.inside;
		uint64_t delimiter = rio_block_delimiter(b, &needles) & valid & ~m.inside;

		nul |= rio_block_nul(b) & valid;
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
