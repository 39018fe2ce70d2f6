/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a cell: blanks and quotes taken off, doubled quotes made single.
 *
 * Below it: base, csv/cell.
 */
#ifndef RIO_RECORD_CELLS_H
#define RIO_RECORD_CELLS_H

#include "csv/cell.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The text of the raw cell [begin, end).  It lies in the cell or, where quotes are
 * doubled, at *room, which then moves behind it: no longer than the cell is.
 */
struct rio_span rio_cell_text(const struct rio_dialect *dialect, const uint8_t *begin,
	const uint8_t *end, uint8_t **room);

/* rio_cell_is_missing, soon told for nearly all texts. */
bool rio_text_is_missing(struct rio_span text);

#endif
