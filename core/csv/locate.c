/* SPDX-License-Identifier: Apache-2.0 */
#include "csv/locate.h"

void rio_locator_init(struct rio_locator *locator, const struct rio_dialect *dialect,
	uint64_t off, uint64_t line)
{
	*locator = (struct rio_locator){
		.dialect = *dialect, .off = off, .line = line, .line_off = off};
}

static void step(struct rio_locator *l, uint8_t byte)
{
	bool ends_cell = !l->inside && (byte == l->dialect.delimiter || byte == '\n');

	if (byte == l->dialect.quote)
		l->inside = !l->inside;
	if (ends_cell) {
		l->cell_begun = false;
	} else if (!l->cell_begun && !rio_dialect_is_blank(&l->dialect, byte)) {
		l->cell_begun = true;
		l->cell_off = l->off;
		l->cell_line = l->line;
		l->cell_column = l->off - l->line_off + 1;
	}
	l->off++;
	if (byte == '\n') {
		l->line++;
		l->line_off = l->off;
	}
}

void rio_locator_feed(struct rio_locator *locator, const uint8_t *p, size_t len_bytes)
{
	for (size_t i = 0; i < len_bytes; i++)
		step(locator, p[i]);
}
