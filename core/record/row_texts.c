/* SPDX-License-Identifier: Apache-2.0 */
/* The text cells of a row: their numbers, their buckets, themselves. */
#include "record/plan.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>

/* Room for a row's texts without their quotes; rio_number_parse looks past both ends. */
static uint8_t *text_room(const struct rio_general *g, const uint32_t *end,
	struct rio_general_scratch *s)
{
	size_t row_bytes = end[g->schema->nr_columns - 1] - (end[-1] + 1);

	return rio_general_grow(&s->text, &s->text_room, row_bytes + 2 * RIO_PAD_BYTES) &&
			       rio_general_grow(&s->hashed, &s->hashed_room,
				       g->prefix_bytes_max + row_bytes + RIO_PAD_BYTES)
		       ? s->text + RIO_PAD_BYTES : NULL;
}

/* What a missing text is numbered. */
static double missing_code(const struct rio_cell_rules *rules)
{
	return rules->missing == RIO_MISSING_NUMBER ? rules->missing_value : NAN;
}

enum rio_trouble rio_general_read_text(const struct rio_general *g, const struct text_column *t,
	struct rio_span text, double *code, uint64_t *nr_filled)
{
	const struct rio_cell_rules *rules = &g->schema->rules;
	size_t len_bytes = (size_t)(text.end - text.begin);
	uint32_t number;

	*code = 0;
	if (t->is_uid && !rio_is_utf8(text.begin, len_bytes))
		return RIO_TROUBLE_UTF8;
	if (t->is_feature && rio_text_is_missing(text)) {
		if (rules->missing == RIO_MISSING_ERROR && !rules->bad_is_nan)
			return RIO_TROUBLE_CELL;
		*code = t->is_hashed ? NAN : missing_code(rules);
		if (t->is_coded || t->is_hashed)
			*nr_filled += rules->missing == RIO_MISSING_NUMBER;
		return RIO_NO_TROUBLE;
	}
	if (!t->is_coded)
		return RIO_NO_TROUBLE;
	number = rio_codes_find(g->codes, t->column, text.begin, len_bytes);
	*code = number;
	return number == RIO_NO_CODE ? RIO_TROUBLE_CODE : RIO_NO_TROUBLE;
}

enum rio_trouble rio_general_read_texts(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, struct rio_general_scratch *s)
{
	struct rio_span *spans = rio_general_spans(g, s);
	double *codes = rio_general_codes(g, s);
	uint8_t *room;

	if (!g->nr_texts)
		return RIO_NO_TROUBLE;
	room = end ? text_room(g, end, s) : NULL;
	if (end && !room)
		return RIO_TROUBLE_MEMORY;
	for (size_t i = 0; i < g->nr_texts; i++) {
		const struct text_column *t = &g->texts[i];
		enum rio_trouble trouble;

		spans[i] = (struct rio_span){NULL, NULL};
		codes[i] = NAN;
		if (!end)
			continue;
		spans[i] = rio_cell_text(&g->schema->rules.dialect,
			p + (uint32_t)(end[(ptrdiff_t)t->column - 1] + 1), p + end[t->column],
			&room);
		trouble = rio_general_read_text(g, t, spans[i], &codes[i], &s->nr_filled);
		if (trouble)
			return trouble;
	}
	return RIO_NO_TROUBLE;
}

static uint64_t hash(const struct text_column *t, const struct rio_span *text, uint8_t *room)
{
	size_t len_bytes = (size_t)(text->end - text->begin);

	uint8_t *dst = mempcpy(room, t->prefix, t->prefix_bytes);

	/* Most texts are short, and their lengths vary: one copy, of more than is asked for. */
	memcpy(dst, text->begin, RIO_PAD_BYTES);
	if (rio_unlikely(len_bytes > RIO_PAD_BYTES))
		memcpy(dst, text->begin, len_bytes);
	return XXH64(room, t->prefix_bytes + len_bytes, 0);
}

size_t rio_general_find_buckets(const struct rio_general *g, const struct entry *e,
	struct rio_general_scratch *s, uint32_t *buckets)
{
	const struct rio_span *spans = rio_general_spans(g, s);
	const double *codes = rio_general_codes(g, s);
	size_t nr = 0;

	for (size_t i = 0; i < e->nr_hashed; i++) {
		const struct text_column *t = &g->texts[e->hashed[i]];
		const struct rio_span *text = &spans[e->hashed[i]];
		uint32_t bucket;
		size_t at = nr;

		if (isnan(codes[e->hashed[i]]))
			continue;
		bucket = (uint32_t)(hash(t, text, s->hashed) % e->nr_buckets);
		for (; e->tensor.sparse && at && buckets[at - 1] > bucket; at--)
			buckets[at] = buckets[at - 1];
		buckets[at] = bucket;
		nr++;
	}
	return nr;
}

int rio_general_gather(const struct rio_general *g, const uint8_t *p, const uint32_t *end,
	struct rio_general_scratch *s, struct rio_codes *codes, struct rio_error *err)
{
	uint8_t *room = text_room(g, end, s);
	int r = room ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");

	for (size_t i = 0; i < g->nr_texts && r == 0; i++) {
		const struct text_column *t = &g->texts[i];
		struct rio_span text;

		if (!t->is_coded)
			continue;
		text = rio_cell_text(&g->schema->rules.dialect,
			p + (uint32_t)(end[(ptrdiff_t)t->column - 1] + 1), p + end[t->column],
			&room);
		if (!rio_text_is_missing(text))
			r = rio_codes_add(codes, t->column, text.begin,
				(size_t)(text.end - text.begin), err);
	}
	return r;
}
