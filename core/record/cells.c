/* SPDX-License-Identifier: Apache-2.0 */
#include "record/cells.h"

#include "base/util.h"

#include <string.h>

/* rio_cell_trim, soon done with most cells: there is nothing but quotes to take off. */
static inline struct rio_span trim(const struct rio_dialect *dialect, const uint8_t *begin,
	const uint8_t *end)
{
	if (end - begin < 2 || *begin <= ' ' || end[-1] <= ' ')
		return rio_cell_trim(dialect, begin, end);
	if (*begin == dialect->quote && end[-1] == dialect->quote)
		return (struct rio_span){begin + 1, end - 1};
	return (struct rio_span){begin, end};
}

struct rio_span rio_cell_text(const struct rio_dialect *dialect, const uint8_t *begin,
	const uint8_t *end, uint8_t **room)
{
	struct rio_span cell = trim(dialect, begin, end);
	bool quoted = cell.begin > begin && cell.begin[-1] == dialect->quote;
	uint8_t *out = *room, *first = out;
	const uint8_t *p = cell.begin, *doubled;

	if (!quoted || !(doubled = memchr(p, dialect->quote, (size_t)(cell.end - p))))
		return cell;
	/* Up to and with each first of two, and on behind the second. */
	do {
		out = mempcpy(out, p, (size_t)(doubled + 1 - p));
		p = RIO_MIN(doubled + 2, cell.end);
	} while ((doubled = memchr(p, dialect->quote, (size_t)(cell.end - p))));
	*room = mempcpy(out, p, (size_t)(cell.end - p));
	return (struct rio_span){first, *room};
}

bool rio_text_is_missing(struct rio_span text)
{
	uint8_t first = text.begin == text.end ? ' ' : *text.begin;

	/* What NaN and the spellings of a missing value begin with, blanks among it. */
	switch (first) {
	case 'N': case 'n': case '<': case '#': case '1': case '+': case '-':
		break;
	default:
		if (first > ' ' && first < 0x80)
			return false;
	}
	return rio_cell_is_missing(text.begin, text.end);
}
