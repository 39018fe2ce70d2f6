/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cell means where a number is wanted: quotes and blanks taken off, a
 * missing value replaced as the user asked, anything else refused.
 *
 * Below it: csv/dialect, csv/number.
 */
#ifndef RIO_CSV_CELL_H
#define RIO_CSV_CELL_H

#include "csv/dialect.h"

#include <stdbool.h>
#include <stdint.h>

/* What an empty, NA or NaN cell becomes. */
enum rio_missing {
	RIO_MISSING_NUMBER, /* missing_value: NaN, 0 or a number of the user's */
	RIO_MISSING_ERROR,
};

struct rio_cell_rules {
	struct rio_dialect dialect;
	enum rio_missing missing;
	double missing_value;
	bool bad_is_nan; /* bad_row=nan: what is no number becomes NaN */
	uint64_t *nr_filled; /* missing cells that became missing_value are added; may be NULL */
};

enum rio_cell_kind {
	RIO_CELL_NUMBER,  /* *ret is set */
	RIO_CELL_MISSING, /* *ret is set unless the rules make it an error */
	RIO_CELL_TEXT,    /* not a number: *ret is NaN where the rules say so */
};

/*
 * The part of a cell between its surrounding blanks, and then between its
 * quotes, where it has any.  Doubled quotes inside stay doubled.
 */
struct rio_span {
	const uint8_t *begin;
	const uint8_t *end;
};
struct rio_span rio_cell_trim(const struct rio_dialect *dialect, const uint8_t *begin,
	const uint8_t *end);

/* Whether trimmed bytes stand for a missing value: empty, NA, N/A, null, None … */
bool rio_cell_is_missing(const uint8_t *begin, const uint8_t *end);

/*
 * Read the cell [begin, end), raw as it stands between its separators.  Blank
 * lines and blanks before and behind the value belong to the raw cell.
 * The padding that rio_number_parse asks for is needed here too.
 */
enum rio_cell_kind rio_cell_read(const struct rio_cell_rules *rules, const uint8_t *begin,
	const uint8_t *end, double *ret);

/* Whether rules turn a cell of this kind into a value. */
static inline bool rio_cell_kind_ok(const struct rio_cell_rules *rules, enum rio_cell_kind kind)
{
	return kind == RIO_CELL_NUMBER ||
	       (kind == RIO_CELL_MISSING && rules->missing != RIO_MISSING_ERROR) ||
	       rules->bad_is_nan;
}

#endif
