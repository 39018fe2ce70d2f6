/* SPDX-License-Identifier: Apache-2.0 */
#include "record/cells.h"

#include <string.h>

struct rio_span rio_cell_text(const struct rio_dialect *dialect, const uint8_t *begin,
	const uint8_t *end, uint8_t **room)
{
	struct rio_span cell = rio_cell_trim(dialect, begin, end);
	bool quoted = cell.begin > begin && cell.begin[-1] == dialect->quote;
	uint8_t *out = *room, *first = out;

	if (!quoted || !memchr(cell.begin, dialect->quote, (size_t)(cell.end - cell.begin)))
		return cell;
	for (const uint8_t *p = cell.begin; p < cell.end; p++) {
		*out++ = *p;
		p += *p == dialect->quote;
	}
	*room = out;
	return (struct rio_span){first, out};
}

bool rio_text_is_missing(struct rio_span text)
{
	/* What NaN and the spellings of a missing value begin with, blanks among it. */
	bool may_be = text.begin == text.end || *text.begin >= 0x80 || *text.begin <= ' ' ||
		      strchr("Nn<#1+-", *text.begin);

	return may_be && rio_cell_is_missing(text.begin, text.end);
}
