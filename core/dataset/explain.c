/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a failure to a sentence with a place: line and column are worked out only
 * here, counting line feeds from the checkpoint before.
 */
#include "dataset/internal.h"

#include <stdio.h>
#include <string.h>

/* Set the place of err to segment->bytes[at]. */
static int place(const struct rio_segment *segment, size_t at, uint64_t row,
	struct rio_error *err)
{
	const uint8_t *p = segment->bytes, *end = p + at, *line = p;

	if (!err)
		return RIO_EROW;
	err->row = row;
	err->src_off = segment->begin->src_off + at;
	err->line = segment->begin->line + 1;
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		line = ++p;
		err->line++;
	}
	err->column = (uint64_t)(end - line) + 1;
	return RIO_EROW;
}

/* "(column 3, "price")" */
static char *column_text(const struct rio_schema *schema, size_t column, char *text,
	size_t text_bytes)
{
	char name[RIO_QUOTED_TEXT_BYTES];

	if (schema->names)
		snprintf(text, text_bytes, "(column %zu, %s)", column,
			rio_quote_name(schema->names[column], name, sizeof(name)));
	else
		snprintf(text, text_bytes, "(column %zu)", column);
	return text;
}

/* The cell without the blanks around it, quotes kept; an empty one lies at its end. */
static struct rio_span visible(const struct rio_dataset *dataset,
	const struct rio_segment *segment, size_t field)
{
	const struct rio_dialect *dialect = &dataset->schema->rules.dialect;
	const uint32_t *ends = segment->fields.end + field;
	const uint8_t *begin = segment->bytes + (uint32_t)(ends[-1] + 1);
	const uint8_t *end = segment->bytes + *ends;

	while (begin < end && (*begin == '\n' || rio_dialect_is_blank(dialect, *begin)))
		begin++;
	while (begin < end && rio_dialect_is_blank(dialect, end[-1]))
		end--;
	return (struct rio_span){begin, end};
}

int rio_explain_cell(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t column, uint64_t row, struct rio_error *err)
{
	const struct rio_schema *schema = dataset->schema;
	struct rio_span cell = visible(dataset, segment, field);
	struct rio_span inner = rio_cell_trim(&schema->rules.dialect, cell.begin, cell.end);
	char text[RIO_QUOTED_TEXT_BYTES], name[2 * RIO_QUOTED_TEXT_BYTES];
	char hint[RIO_QUOTED_TEXT_BYTES] = "";

	/* Text in the very first row is most likely a column of text. */
	if (row == 0)
		snprintf(hint, sizeof(hint), "; drop=%zu leaves the column out", column);
	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	column_text(schema, column, name, sizeof(name));
	if (inner.begin == inner.end)
		rio_fail(err, RIO_EROW, "an empty cell under missing=error %s", name);
	else if (rio_cell_is_missing(inner.begin, inner.end))
		rio_fail(err, RIO_EROW, "%s under missing=error %s", text, name);
	else
		rio_fail(err, RIO_EROW, "%s is not a number %s%s", text, name, hint);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

int rio_explain_length(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t nr_fields, uint64_t row, struct rio_error *err)
{
	size_t expected = dataset->schema->nr_columns;
	bool too_many = nr_fields > expected;
	struct rio_span cell = visible(dataset, segment, too_many ? field + expected : field);
	char text[RIO_QUOTED_TEXT_BYTES];

	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	rio_fail(err, RIO_EROW, "the row has %zu field%s, not %zu%s%s", nr_fields,
		nr_fields == 1 ? "" : "s", expected,
		too_many ? "; the first too many is " : "; it begins with ", text);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

int rio_explain_nul(const struct rio_segment *segment, size_t at, uint64_t row,
	struct rio_error *err)
{
	rio_fail(err, RIO_EROW, "a NUL byte: this is not text");
	return place(segment, at, row, err);
}

/* Line and column of src_off, read from the source. */
static int place_in_source(const struct rio_map *map, struct rio_source *source,
	uint64_t src_off, struct rio_error *err)
{
	enum { WINDOW_BYTES = 32 * 1024 };
	const struct rio_checkpoint *from = &map->checkpoints[rio_map_find_offset(map, src_off)];
	_cleanup_free_ uint8_t *window = malloc(WINDOW_BYTES);
	uint64_t off = from->src_off, line = from->line + 1, line_off = off;

	if (!window)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	while (off < src_off) {
		size_t n = 0;
		int r = rio_source_read_at(source, off, window,
			RIO_MIN((uint64_t)WINDOW_BYTES, src_off - off), &n, err);

		if (r < 0 || n == 0)
			return r < 0 ? r : rio_source_check(source, &map->stamp, err);
		for (size_t i = 0; i < n; i++)
			if (window[i] == '\n') {
				line++;
				line_off = off + i + 1;
			}
		off += n;
	}
	if (err) {
		err->line = line;
		err->column = src_off - line_off + 1;
	}
	return RIO_EROW;
}

int rio_explain_quote(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_error *err)
{
	const struct rio_map *map = dataset->map;
	uint8_t cell[64];
	char text[RIO_QUOTED_TEXT_BYTES];
	size_t n = 0;
	int r = rio_source_read_at(source, map->bad_quote_off, cell, sizeof(cell), &n, err);

	if (r < 0)
		return r;
	rio_quote_cell(cell, n, text, sizeof(text));
	rio_fail(err, RIO_EROW, map->bad_quote_open
			? "a quote is opened at %s and never closed"
			: "a quote stands neither at the begin nor at the end of its field, at %s; "
			  "quote=none takes quotes as they are", text);
	if (err) {
		err->row = map->bad_quote_row;
		err->src_off = map->bad_quote_off;
	}
	return place_in_source(map, source, map->bad_quote_off, err);
}
