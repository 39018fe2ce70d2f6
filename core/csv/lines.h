/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stepping over lines, many bytes at a time: of 128 bytes only the number of line feeds
 * is looked at, which compilers make vectors of, until the last one is among them.
 *
 * Below it: base.  Quotes mean nothing to it.
 */
#ifndef RIO_CSV_LINES_H
#define RIO_CSV_LINES_H

#include "base/util.h"

#include <string.h>

#define RIO_LINES_BLOCK_BYTES 128

static inline size_t rio_count_line_feeds(const uint8_t *p)
{
	uint8_t nr = 0;

	for (size_t i = 0; i < RIO_LINES_BLOCK_BYTES; i++)
		nr = (uint8_t)(nr + (p[i] == '\n'));
	return nr;
}

/* How many there are in [p, p + len_bytes). */
static inline size_t rio_count_lines(const uint8_t *p, size_t len_bytes)
{
	const uint8_t *end = p + len_bytes;
	size_t nr = 0;

	for (; (size_t)(end - p) >= RIO_LINES_BLOCK_BYTES; p += RIO_LINES_BLOCK_BYTES)
		nr += rio_count_line_feeds(p);
	for (; p < end; p++)
		nr += *p == '\n';
	return nr;
}

/* The offset behind the first nr line feeds of [p, p + len_bytes); SIZE_MAX: there are fewer. */
static inline size_t rio_skip_lines(const uint8_t *p, size_t len_bytes, size_t nr)
{
	const uint8_t *at = p, *end = p + len_bytes;

	while (nr && (size_t)(end - at) >= RIO_LINES_BLOCK_BYTES) {
		size_t here = rio_count_line_feeds(at);

		if (here >= nr)
			break;
		nr -= here;
		at += RIO_LINES_BLOCK_BYTES;
	}
	for (; nr; nr--) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return SIZE_MAX;
		at++;
	}
	return (size_t)(at - p);
}

#endif
