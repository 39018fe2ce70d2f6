/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an offset to line, column and cell, going through the bytes one by one from a
 * row start.  Only for what failed: nothing that works needs it.
 *
 * Below it: csv/dialect.
 */
#ifndef RIO_CSV_LOCATE_H
#define RIO_CSV_LOCATE_H

#include "csv/dialect.h"

#include <stddef.h>

struct rio_locator {
	struct rio_dialect dialect;
	uint64_t off;       /* of the next byte */
	uint64_t line;      /* it is in, from 1 */
	uint64_t line_off;  /* where that begins */
	bool inside;        /* quotes */
	bool cell_begun;    /* more than blanks so far */

	/* The first byte of the cell that the last byte belongs to, blanks skipped. */
	uint64_t cell_off;
	uint64_t cell_line;
	uint64_t cell_column; /* from 1 */
};

/* Begin at a row start: offset off, in the line of that number (from 1). */
void rio_locator_init(struct rio_locator *locator, const struct rio_dialect *dialect,
	uint64_t off, uint64_t line);

/* Go on through the next len_bytes. */
void rio_locator_feed(struct rio_locator *locator, const uint8_t *p, size_t len_bytes);

#endif
