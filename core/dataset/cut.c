/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting a text into pieces of whole rows, on one thread and in order, so that all others
 * can encode.
 *
 * Where a row ends, only the quotes before it tell; but a piece begins outside of quotes,
 * so the tally of its first bytes says in which state it stands where a piece may end, and
 * from there the first line feed outside of quotes is looked for:
 *
 *	piece    | seg 0 | segment 1 | … | segment n |
 *	         ^ outside               ├ tally ──┤─► line feed
 *	read     ├── carried ──┼── one read ──────────────┤ carried to the next piece
 *
 * A piece is cut segment by segment, as long as the map's, since encoding wants what
 * stays in its caches; so the place of each is known, too, for errors and for
 * uid=row.  The borders are made of the text alone: not of how much a read gave, nor of
 * how many threads there are.
 *
 * Rejected: scanning here, and giving field positions to the threads that encode.  The
 * tally is several times as fast, and this is the one part that all of them wait for.
 */
#include "dataset/cut.h"

#include "base/grow.h"
#include "csv/locate.h"
#include "dataset/internal.h"

#include <string.h>

/* More than a piece is read at once, so that most rows that reach beyond it are there. */
#define AHEAD_BYTES (4 * RIO_KIB)

/* What is made of so much text stays in a core's first caches. */
#define SEGMENT_BYTES (24 * RIO_KIB)

void rio_piece_deinit(struct rio_piece *piece)
{
	free(piece->segments);
	free(piece->buffer);
	*piece = (struct rio_piece){0};
}

int rio_cutter_init(struct rio_cutter *cutter, struct rio_source *source,
	const struct rio_dialect *dialect, uint64_t data_off, uint64_t data_line,
	struct rio_error *err)
{
	int r;

	*cutter = (struct rio_cutter){.dialect = *dialect,
		.next = {.src_off = data_off, .line = data_line}};
	r = rio_reader_init(&cutter->reader, source, err);
	return r < 0 ? r : rio_reader_skip(&cutter->reader, data_off, err);
}

void rio_cutter_deinit(struct rio_cutter *cutter)
{
	rio_reader_deinit(&cutter->reader);
	free(cutter->carry);
}

/* The piece that is being made: text, of which the part before cut is in it. */
struct cutting {
	struct rio_cutter *cutter;
	struct rio_piece *piece;
	struct rio_error *err;
	uint8_t *text;
	size_t len_bytes;
	size_t cut;
};

static int make_room(struct cutting *c, size_t len_bytes)
{
	struct rio_piece *piece = c->piece;
	int r = rio_grow(&piece->buffer, &piece->buffer_room, len_bytes + 1 + 2 * RIO_PAD_BYTES,
		c->err);

	if (r == 0)
		c->text = piece->buffer + RIO_PAD_BYTES;
	return r;
}

/* Have wanted bytes of text, or all that there are. */
static int fill(struct cutting *c, size_t wanted)
{
	struct rio_reader *reader = &c->cutter->reader;
	size_t got;
	int r;

	if (wanted <= c->len_bytes || reader->at_end)
		return 0;
	r = make_room(c, wanted);
	if (r == 0)
		r = rio_reader_read(reader, c->text + c->len_bytes, wanted - c->len_bytes, &got,
			c->err);
	if (r == 0)
		c->len_bytes += got;
	return r;
}

/* What one long row made large is not kept for all others. */
static void shrink(uint8_t **buffer, size_t *room, size_t wanted)
{
	if (*room / 8 <= wanted)
		return;
	free(*buffer);
	*buffer = NULL;
	*room = 0;
}

static int begin(struct cutting *c, size_t piece_bytes)
{
	struct rio_cutter *cutter = c->cutter;
	size_t wanted = RIO_MAX(piece_bytes + AHEAD_BYTES, cutter->carry_bytes);
	int r;

	shrink(&c->piece->buffer, &c->piece->buffer_room, wanted);
	r = make_room(c, wanted);
	c->piece->nr_segments = 0;
	c->piece->len_bytes = 0;
	c->piece->wall = 0;
	if (r < 0)
		return r;
	memset(c->piece->buffer, 0, RIO_PAD_BYTES);
	if (cutter->carry_bytes)
		memcpy(c->text, cutter->carry, cutter->carry_bytes);
	c->len_bytes = cutter->carry_bytes;
	return fill(c, wanted);
}

/*
 * Go from *at, in that state of quotes, behind the first line feed outside of them.
 * False: there is none, and *at is the text's end.
 */
static bool find_row_end(const struct cutting *c, size_t *at, bool *inside)
{
	int quote = c->cutter->dialect.quote;
	const uint8_t *p = c->text + *at, *end = c->text + c->len_bytes, *lf = p - 1, *next;
	bool found = false;

	while (p < end && !found) {
		if (lf < p)
			lf = memchr(p, '\n', (size_t)(end - p)) ?: end;
		next = quote == RIO_QUOTE_NONE ? NULL : memchr(p, quote, (size_t)(lf - p));
		if (next) {
			*inside = !*inside;
			p = next + 1;
		} else {
			found = lf < end && !*inside;
			p = RIO_MIN(lf + 1, end);
		}
	}
	*at = (size_t)(p - c->text);
	return found;
}

static void tally(const struct cutting *c, size_t from, size_t to, struct rio_tally *t)
{
	rio_kernel()->tally(&c->cutter->dialect, c->text + from, to - from, t);
}

/* Put the next segment into the piece: text up to to, with so many rows and lines. */
static int add_segment(struct cutting *c, size_t to, uint64_t nr_rows, uint64_t nr_lines)
{
	struct rio_piece *piece = c->piece;
	struct rio_checkpoint *next = &c->cutter->next;
	int r = rio_grow(&piece->segments, &piece->segments_room,
		(piece->nr_segments + 2) * sizeof(*piece->segments), c->err);

	if (r < 0)
		return r;
	piece->segments[piece->nr_segments++] = *next;
	next->src_off += to - c->cut;
	next->row += nr_rows;
	next->line += nr_lines;
	c->cut = to;
	return 0;
}

/* Rows can be told apart only up to the one that holds the quote bad_off behind the cut. */
static int meet_bad_quote(struct cutting *c, uint64_t bad_off, bool is_open)
{
	struct rio_piece *piece = c->piece;
	const struct rio_checkpoint *begin = &c->cutter->next;
	struct rio_locator at;
	struct rio_tally before;
	size_t cell;
	int r;

	rio_tally_init(&before);
	tally(c, c->cut, c->cut + bad_off, &before);
	rio_locator_init(&at, &c->cutter->dialect, begin->src_off, begin->line + 1);
	rio_locator_feed(&at, c->text + c->cut, bad_off + 1);
	cell = c->cut + (at.cell_off - begin->src_off);
	r = fill(c, cell + RIO_SHOWN_CELL_BYTES);
	if (r < 0)
		return r;
	piece->wall = rio_explain_bad_quote(is_open, c->text + cell,
		RIO_MIN(c->len_bytes - cell, (size_t)RIO_SHOWN_CELL_BYTES), &at,
		begin->row + before.nr_rows[0], &piece->wall_error);
	c->cutter->at_end = true;
	return add_segment(c, c->cut + bad_off, before.nr_rows[0], before.nr_lines);
}

/* All text behind the cut, up to at, where no row ends, nor will. */
static int cut_last(struct cutting *c, size_t at, const struct rio_tally *t)
{
	const uint8_t *quote;
	size_t len_bytes = at - c->cut;

	c->cutter->at_end = true;
	if (len_bytes > RIO_ROW_BYTES_MAX)
		return add_segment(c, c->cut + RIO_ROW_BYTES_MAX, t->nr_rows[0] + 1, t->nr_lines);
	if (t->odd_quotes) {
		quote = memrchr(c->text + c->cut, c->cutter->dialect.quote, len_bytes);
		return meet_bad_quote(c, (uint64_t)(quote - (c->text + c->cut)), true);
	}
	return len_bytes ? add_segment(c, at, t->nr_rows[0] + t->line_has_content, t->nr_lines)
			 : 0;
}

/* Cut at the first row end at least segment_bytes behind the last cut. */
static int cut_segment(struct cutting *c, size_t segment_bytes)
{
	size_t begin = c->cut, most = begin + RIO_ROW_BYTES_MAX + 1, sure, at;
	struct rio_tally t;
	bool inside, found;
	int r = fill(c, begin + segment_bytes);

	if (r < 0)
		return r;
	at = sure = RIO_MIN(begin + segment_bytes - 1, c->len_bytes);
	rio_tally_init(&t);
	tally(c, begin, sure, &t);
	inside = t.odd_quotes;
	while (!(found = find_row_end(c, &at, &inside)) && !c->cutter->reader.at_end && at < most) {
		r = fill(c, RIO_MIN(at + RIO_MAX(at - begin, AHEAD_BYTES), most));
		if (r < 0)
			return r;
	}
	tally(c, sure, RIO_MIN(at, most - 1), &t);
	if (t.bad_quote[0] != RIO_NO_OFFSET)
		return meet_bad_quote(c, t.bad_quote[0], false);
	return found && at < most ? add_segment(c, at, t.nr_rows[0], t.nr_lines)
				  : cut_last(c, at, &t);
}

/* Keep what is behind the cut for the next piece. */
static int carry(struct cutting *c)
{
	struct rio_cutter *cutter = c->cutter;
	size_t len_bytes = cutter->at_end ? 0 : c->len_bytes - c->cut;
	int r;

	shrink(&cutter->carry, &cutter->carry_room, RIO_MAX(len_bytes, AHEAD_BYTES));
	r = rio_grow(&cutter->carry, &cutter->carry_room, len_bytes, c->err);
	if (r < 0)
		return r;
	if (len_bytes)
		memcpy(cutter->carry, c->text + c->cut, len_bytes);
	cutter->carry_bytes = len_bytes;
	return 0;
}

/* The end of a piece; a last row without a line feed is a row all the same. */
static void finish(struct cutting *c)
{
	struct rio_piece *piece = c->piece;

	piece->segments[piece->nr_segments] = c->cutter->next;
	if (c->cutter->at_end && !piece->wall && c->text[c->cut - 1] != '\n')
		c->text[c->cut++] = '\n';
	memset(c->text + c->cut, 0, RIO_PAD_BYTES);
	piece->len_bytes = c->cut;
}

int rio_cutter_cut(struct rio_cutter *cutter, size_t piece_bytes, struct rio_piece *ret,
	struct rio_error *err)
{
	struct cutting c = {.cutter = cutter, .piece = ret, .err = err};
	int r;

	if (cutter->at_end)
		return RIO_STREAM_END;
	r = begin(&c, piece_bytes);
	while (r == 0 && !cutter->at_end && c.cut < piece_bytes)
		r = cut_segment(&c, RIO_MIN(piece_bytes - c.cut, SEGMENT_BYTES));
	if (r == 0)
		r = carry(&c);
	if (r < 0) {
		cutter->at_end = true;
		return r;
	}
	if (!ret->nr_segments)
		return RIO_STREAM_END;
	finish(&c);
	return 0;
}
