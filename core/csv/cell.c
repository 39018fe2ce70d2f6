/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cells where numbers are wanted.
 *
 * Nearly every cell is a bare number, so that is tried first, on the raw cell:
 * float() strips at least the blanks that rio_cell_trim does, and no quote is
 * part of a number.  Only what fails is trimmed, unquoted and asked again.
 *
 * Missing is what pandas' read_csv takes for it by default, so that both agree
 * about a file, and besides it whatever float() reads as NaN.
 */
#include "csv/cell.h"

#include "base/util.h"
#include "csv/number.h"
#include "csv/number_fast.h"

#include <math.h>
#include <string.h>

struct rio_span rio_cell_trim(
	const struct rio_dialect *dialect, const uint8_t *begin, const uint8_t *end)
{
	/* Line feeds are those of blank lines in front. */
	while (begin < end && (*begin == '\n' || rio_dialect_is_blank(dialect, *begin)))
		begin++;
	while (begin < end && rio_dialect_is_blank(dialect, end[-1]))
		end--;
	if (end - begin >= 2 && *begin == dialect->quote && end[-1] == dialect->quote) {
		begin++;
		end--;
	}
	return (struct rio_span){begin, end};
}

static bool is_spelled_missing(const uint8_t *begin, const uint8_t *end)
{
	static const char *const spellings[] = {"NA", "N/A", "NaN", "nan", "n/a", "NULL", "null",
		"None", "-nan", "-NaN", "<NA>", "#N/A", "#NA", "#N/A N/A", "1.#IND", "-1.#IND",
		"1.#QNAN", "-1.#QNAN"};
	size_t len = (size_t)(end - begin);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(spellings); i++)
		if (strlen(spellings[i]) == len && memcmp(spellings[i], begin, len) == 0)
			return true;
	return len == 0;
}

bool rio_cell_is_missing(const uint8_t *begin, const uint8_t *end)
{
	double value;

	return is_spelled_missing(begin, end) ||
	       (rio_number_parse(begin, end, &value) && isnan(value));
}

/* nan: what a NaN of the rules becomes; float()'s own where the cell spells one. */
static enum rio_cell_kind missing(const struct rio_cell_rules *rules, double nan, double *ret)
{
	if (rules->missing == RIO_MISSING_NUMBER) {
		*ret = isnan(rules->missing_value) ? nan : rules->missing_value;
		if (rules->nr_filled)
			++*rules->nr_filled;
	} else if (rules->bad_is_nan)
		*ret = __builtin_nan("");
	return RIO_CELL_MISSING;
}

static enum rio_cell_kind number(const struct rio_cell_rules *rules, double value, double *ret)
{
	if (rio_unlikely(isnan(value)))
		return missing(rules, value, ret);
	*ret = value;
	return RIO_CELL_NUMBER;
}

enum rio_cell_kind rio_cell_read(
	const struct rio_cell_rules *rules, const uint8_t *begin, const uint8_t *end, double *ret)
{
	struct rio_span cell;
	double value;

	if (rio_number_fast(begin, end, ret))
		return RIO_CELL_NUMBER;
	if (rio_number_parse(begin, end, &value))
		return number(rules, value, ret);
	cell = rio_cell_trim(&rules->dialect, begin, end);
	if (rio_number_parse(cell.begin, cell.end, &value))
		return number(rules, value, ret);
	if (is_spelled_missing(cell.begin, cell.end))
		return missing(rules, __builtin_nan(""), ret);
	if (rules->bad_is_nan)
		*ret = __builtin_nan("");
	return RIO_CELL_TEXT;
}
