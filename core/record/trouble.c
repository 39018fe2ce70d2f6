/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a row, cell by cell: only for rows that are no record. */
#include "record/plan.h"

#include <math.h>

uint64_t rio_general_count_filled(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end)
{
	struct rio_cell_rules rules = g->schema->rules;
	uint64_t nr = 0;

	rules.nr_filled = &nr;
	for (uint32_t c = 0; c < g->schema->nr_columns && end; c++) {
		double value;

		if (g->uses[c].is_number)
			rio_cell_read(&rules, p + (uint32_t)(end[(ptrdiff_t)c - 1] + 1),
				p + end[c], &value);
	}
	return nr;
}

static enum rio_trouble number_trouble(const struct rio_general *g, const struct use *use,
	const uint8_t *begin, const uint8_t *end)
{
	const struct rio_cell_rules *rules = &g->schema->rules;
	double value = NAN;
	enum rio_cell_kind kind = rio_cell_read(rules, begin, end, &value);

	if (!rio_cell_kind_ok(rules, kind))
		return RIO_TROUBLE_CELL;
	if (!use->is_int32 || rio_is_int32(value))
		return RIO_NO_TROUBLE;
	return isnan(value) || kind == RIO_CELL_MISSING ? RIO_TROUBLE_NAN
	       : value >= INT32_MIN && value <= INT32_MAX ? RIO_TROUBLE_WHOLE
							  : RIO_TROUBLE_RANGE;
}

static enum rio_trouble text_trouble(const struct rio_general *g, const struct use *use,
	const struct text_column *t, const uint8_t *begin, const uint8_t *end)
{
	_cleanup_free_ uint8_t *copy = malloc((size_t)(end - begin) + 2 * RIO_PAD_BYTES);
	uint8_t *room = copy + RIO_PAD_BYTES;
	struct rio_span text;
	enum rio_trouble trouble;
	uint64_t ignored = 0;
	double code = 0;

	if (!copy)
		return RIO_TROUBLE_MEMORY;
	text = rio_cell_text(&g->schema->rules.dialect, begin, end, &room);
	trouble = rio_general_read_text(g, t, text, &code, &ignored);
	if (trouble == RIO_NO_TROUBLE && t->is_coded && use->is_int32 && !rio_is_int32(code))
		trouble = isnan(code) ? RIO_TROUBLE_NAN : RIO_TROUBLE_WHOLE;
	return trouble;
}

uint32_t rio_general_find_trouble(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, enum rio_trouble *ret)
{
	for (uint32_t c = 0; c < g->schema->nr_columns; c++) {
		const struct use *use = &g->uses[c];
		const uint8_t *cell = p + (uint32_t)(end[(ptrdiff_t)c - 1] + 1);
		enum rio_trouble trouble = RIO_NO_TROUBLE;

		if (use->text)
			trouble = text_trouble(g, use, &g->texts[use->text - 1], cell,
				p + end[c]);
		if (!trouble && use->is_number)
			trouble = number_trouble(g, use, cell, p + end[c]);
		if (trouble) {
			*ret = trouble;
			return c;
		}
	}
	return RIO_NO_COLUMN;
}
