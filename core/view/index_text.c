/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long is the text of the first n lines?  A number has a digit more for each power of
 * ten that it reaches, and both numbers of a line only rise from line to line.  So a
 * power's digit is in all lines from some line on, and the sum is one of few terms:
 *
 *	bytes(n) = 4 n                              two digits, a tab, a line feed
 *	         + sum over p of max(0, n - 10^p)   keys
 *	         + sum over p of max(0, n - c_p)    offsets
 *
 * where c_p is how many records begin before 10^p, which is found once: by a division
 * where records are equally long, else by sizing one segment.  Which line a byte lies
 * in is then a binary search.  Sums of lengths per segment, kept beside the map, would
 * take memory, and time to make, and be no simpler.
 */
#include "view/index_text.h"

#include "base/util.h"

#include <string.h>

/* So many, and no sum overflows. */
#define RECORDS_MAX ((uint64_t)INT64_MAX / 64)

/* Lines that are made at once. */
#define BATCH_LINES 512

/* Two numbers of 20 digits, and two separators. */
#define LINE_BYTES_MAX 42

int rio_index_text_init(struct rio_index_text *ret, const struct rio_view *view,
	const struct rio_view_sources *sources, struct rio_scratch *scratch,
	struct rio_error *err)
{
	struct rio_index_text text = {.view = view};
	uint64_t border = 10;
	int r = 0;

	if (rio_view_nr_records(view) > RECORDS_MAX)
		return rio_fail(err, RIO_ESCHEMA, "the index would be too large");
	for (size_t p = 0; p < RIO_INDEX_BORDERS && r == 0; p++, border *= 10)
		r = rio_view_records_before(view, sources, scratch, border, &text.nr_before[p],
			err);
	if (r == 0)
		*ret = text;
	return r;
}

/* What the first nr_lines lines take. */
static uint64_t lines_bytes(const struct rio_index_text *text, uint64_t nr_lines)
{
	uint64_t sum = 4 * nr_lines, border = 10;

	for (size_t p = 0; p < RIO_INDEX_BORDERS; p++, border *= 10) {
		sum += nr_lines - RIO_MIN(nr_lines, border);
		sum += nr_lines - RIO_MIN(nr_lines, text->nr_before[p]);
	}
	return sum;
}

uint64_t rio_index_text_len_bytes(const struct rio_index_text *text)
{
	return lines_bytes(text, rio_view_nr_records(text->view));
}

/* The line in which a byte lies: the last that begins not behind it. */
static uint64_t find_line(const struct rio_index_text *text, uint64_t off)
{
	uint64_t low = 0, high = rio_view_nr_records(text->view);

	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (lines_bytes(text, middle) <= off)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static char *put_number(char *out, uint64_t value, char end)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*out++ = digits[--n];
	*out++ = end;
	return out;
}

/* Make lines [line, line + nr); *ret_bytes of them, which must be what was calculated. */
static int put_lines(const struct rio_index_text *text, const struct rio_view_sources *sources,
	struct rio_scratch *scratch, uint64_t line, size_t nr, char *dst, size_t *ret_bytes,
	struct rio_error *err)
{
	uint64_t offs[BATCH_LINES];
	char *out = dst;
	int r = rio_view_record_offs(text->view, sources, scratch, line, nr, offs, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < nr; i++)
		out = put_number(put_number(out, line + i, '\t'), offs[i], '\n');
	*ret_bytes = (size_t)(out - dst);
	if (*ret_bytes != lines_bytes(text, line + nr) - lines_bytes(text, line))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"the map does not fit the file: the index of records from %ju on has "
			"another length", (uintmax_t)line);
	return 0;
}

int rio_index_text_read(const struct rio_index_text *text,
	const struct rio_view_sources *sources, struct rio_scratch *scratch, uint64_t off,
	void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	uint64_t size = rio_index_text_len_bytes(text);
	uint64_t end = off < size ? off + RIO_MIN(len_bytes, size - off) : off;
	uint64_t line = off < end ? find_line(text, off) : 0, at = off;
	char lines[BATCH_LINES * LINE_BYTES_MAX];

	while (at < end) {
		/* No line is shorter than four bytes: no more are made than may be wanted. */
		size_t skip = (size_t)(at - lines_bytes(text, line)), n, len;
		size_t nr = (size_t)RIO_MIN(RIO_MIN((end - at + skip) / 4 + 1,
			(uint64_t)BATCH_LINES), rio_view_nr_records(text->view) - line);
		int r = put_lines(text, sources, scratch, line, nr, lines, &n, err);

		if (r < 0)
			return r;
		len = (size_t)RIO_MIN(n - skip, end - at);
		memcpy((char *)dst + (at - off), lines + skip, len);
		at += len;
		line += nr;
	}
	*ret_bytes = (size_t)(at - off);
	return 0;
}
