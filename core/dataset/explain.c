/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a failure to a sentence with a place: line and column are worked out only
 * here, counting line feeds from the checkpoint before.
 */
#include "dataset/internal.h"

#include <math.h>
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
	err->src_off = segment->begin.src_off + at;
	err->line = segment->begin.line + 1;
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

/* The cell without the blanks around it, quotes kept; an empty one lies where it begins. */
static struct rio_span visible(const struct rio_dataset *dataset,
	const struct rio_segment *segment, size_t field)
{
	const struct rio_dialect *dialect = &dataset->schema->rules.dialect;
	const uint32_t *ends = segment->fields.end + field;
	const uint8_t *begin = segment->bytes + (uint32_t)(ends[-1] + 1), *p = begin;
	const uint8_t *end = segment->bytes + *ends;

	/* Blank lines before a row are blanks before its first cell. */
	for (; p < end && (*p == '\n' || rio_dialect_is_blank(dialect, *p)); p++)
		if (*p == '\n')
			begin = p + 1;
	if (p == end)
		return (struct rio_span){begin, begin};
	while (rio_dialect_is_blank(dialect, end[-1]))
		end--;
	return (struct rio_span){p, end};
}

int rio_explain_cell(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t column, uint64_t row, struct rio_error *err)
{
	const struct rio_schema *schema = dataset->schema;
	struct rio_span cell = visible(dataset, segment, field);
	struct rio_span inner = rio_cell_trim(&schema->rules.dialect, cell.begin, cell.end);
	char text[RIO_QUOTED_TEXT_BYTES], name[2 * RIO_QUOTED_TEXT_BYTES];
	char hint[2 * RIO_QUOTED_TEXT_BYTES] = "";

	/* Text in the very first row is most likely a column of text. */
	if (row == 0 && rio_schema_is_label(schema, column))
		snprintf(hint, sizeof(hint), "; it is the label: label= chooses another, text=map "
			"numbers it");
	else if (row == 0)
		snprintf(hint, sizeof(hint),
			"; drop=%zu leaves the column out, text=map or hash:N makes numbers of it, "
			"bad_row=nan NaN", column);
	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	column_text(schema, column, name, sizeof(name));
	if (inner.begin == inner.end)
		rio_fail_row(err, RIO_KIND_MISSING, "an empty cell under missing=error %s", name);
	else if (rio_cell_is_missing(inner.begin, inner.end))
		rio_fail_row(err, RIO_KIND_MISSING, "%s under missing=error %s", text, name);
	else
		rio_fail_row(err, RIO_KIND_NUMBER, "%s is not a number %s%s", text, name, hint);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

/* A cell that float32 would take, but not what it is for. */
static int explain_special(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, uint32_t column, enum rio_trouble trouble, uint64_t row,
	struct rio_error *err)
{
	struct rio_span cell = visible(dataset, segment, field);
	char text[RIO_QUOTED_TEXT_BYTES], name[2 * RIO_QUOTED_TEXT_BYTES];
	static const struct {
		enum rio_kind kind;
		const char *why;
	} troubles[] = {
		[RIO_TROUBLE_WHOLE] = {RIO_KIND_WHOLE, "is not a whole number, as int32 wants"},
		[RIO_TROUBLE_RANGE] = {RIO_KIND_RANGE,
			"is beyond int32, -2147483648 to 2147483647"},
		[RIO_TROUBLE_NAN] = {RIO_KIND_MISSING,
			"is missing, and int32 has no NaN: missing=zero, or a number"},
		[RIO_TROUBLE_UTF8] = {RIO_KIND_UTF8, "cannot be a uid: it is not UTF-8"},
	};

	const char *why = troubles[trouble].why;

	if (trouble == RIO_TROUBLE_NAN && !isnan(dataset->schema->rules.missing_value))
		why = "is missing, and missing= makes no whole number of it, as int32 wants";
	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	column_text(dataset->schema, column, name, sizeof(name));
	rio_fail_row(err, troubles[trouble].kind, "%s %s %s", text, why, name);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

/* No cell is at fault but the record as a whole. */
static int explain_record(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, enum rio_trouble trouble, uint64_t row, struct rio_error *err)
{
	struct rio_span cell = visible(dataset, segment, field);

	if (trouble == RIO_TROUBLE_LARGE)
		rio_fail_row(err, RIO_KIND_LONG, "the row's record is too large for its frame");
	else
		rio_fail_row(err, RIO_KIND_MAGIC,
			"nothing keeps the frame's magic out of the row's record: magic=plain");
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

int rio_explain_row(const struct rio_dataset *dataset, const struct rio_segment *segment,
	const struct rio_row *row, struct rio_error *err)
{
	enum rio_trouble trouble = row->trouble;
	size_t field;
	uint32_t column;

	if (trouble == RIO_TROUBLE_TOO_LONG)
		return rio_explain_too_long(segment,
			segment->begin.row + segment->fields.nr_rows, err);
	field = (size_t)(row->end - segment->fields.end);
	if (trouble == RIO_TROUBLE_FIELDS)
		return rio_explain_length(dataset, segment, field, row->nr_fields, row->row, err);
	if (trouble == RIO_TROUBLE_NUL) {
		const uint8_t *begin = segment->bytes + (uint32_t)(row->end[-1] + 1);
		const uint8_t *nul = memchr(begin, '\0',
			(size_t)(segment->bytes + row->end[row->nr_fields - 1] - begin));

		return rio_explain_nul(dataset, segment, (size_t)(nul - segment->bytes), row->row,
			err);
	}
	column = rio_general_find_trouble(dataset->general, segment->bytes, row->end, &trouble);
	if (column == RIO_NO_COLUMN)
		return explain_record(dataset, segment, field, row->trouble, row->row, err);
	if (trouble == RIO_TROUBLE_CELL)
		return rio_explain_cell(dataset, segment, field + column, column, row->row, err);
	return explain_special(dataset, segment, field + column, column, trouble, row->row, err);
}

int rio_explain_length(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t field, size_t nr_fields, uint64_t row, struct rio_error *err)
{
	size_t expected = dataset->schema->nr_columns;
	bool too_many = nr_fields > expected;
	struct rio_span cell = visible(dataset, segment, too_many ? field + expected : field);
	char text[RIO_QUOTED_TEXT_BYTES];

	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	rio_fail_row(err, RIO_KIND_FIELDS, "the row has %zu field%s, not %zu%s%s", nr_fields,
		nr_fields == 1 ? "" : "s", expected,
		too_many ? "; the first too many is " : "; it begins with ", text);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

int rio_explain_nul(const struct rio_dataset *dataset, const struct rio_segment *segment,
	size_t at, uint64_t row, struct rio_error *err)
{
	char text[RIO_QUOTED_TEXT_BYTES];
	struct rio_span cell;
	size_t field = 0;

	while (segment->fields.end[field] < at)
		field++;
	cell = visible(dataset, segment, field);
	rio_quote_cell(cell.begin, (size_t)(cell.end - cell.begin), text, sizeof(text));
	rio_fail_row(err, RIO_KIND_NUL, "%s holds a NUL byte: this is not text", text);
	return place(segment, (size_t)(cell.begin - segment->bytes), row, err);
}

int rio_explain_too_long(const struct rio_segment *segment, uint64_t row, struct rio_error *err)
{
	const struct rio_fields *f = &segment->fields;
	size_t field = f->nr_fields;

	while (field > 0 && segment->bytes[f->end[field - 1]] != '\n')
		field--;
	rio_fail_row(err, RIO_KIND_LONG,
		"a row longer than %zu MiB; a quote may not be closed", RIO_ROW_BYTES_MAX / RIO_MIB);
	return place(segment, field ? f->end[field - 1] + 1 : 0, row, err);
}

/* Go through the source from a checkpoint up to and with src_off. */
static int locate(const struct rio_dataset *dataset, struct rio_source *source,
	uint64_t src_off, struct rio_locator *ret, struct rio_error *err)
{
	enum { WINDOW_BYTES = 32 * 1024 };
	const struct rio_map *map = dataset->map;
	_cleanup_free_ uint8_t *window = malloc(WINDOW_BYTES);
	struct rio_checkpoint from;
	int fetched;

	if (!window)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	fetched = rio_dataset_fetch(dataset, source, rio_map_group_of_offset(map, src_off), err);
	if (fetched < 0)
		return fetched;
	from = rio_map_checkpoint(map, rio_map_find_offset(map, src_off));
	rio_locator_init(ret, &dataset->schema->rules.dialect, from.src_off, from.line + 1);
	while (ret->off <= src_off) {
		size_t n = 0;
		int r = rio_source_read_at(source, ret->off, window,
			RIO_MIN((uint64_t)WINDOW_BYTES, src_off + 1 - ret->off), &n, err);

		if (r < 0)
			return r;
		if (n == 0)
			return rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short");
		rio_locator_feed(ret, window, n);
	}
	return 0;
}

int rio_explain_bad_quote(bool is_open, const uint8_t *cell, size_t cell_bytes,
	const struct rio_locator *at, uint64_t row, struct rio_error *err)
{
	char text[RIO_QUOTED_TEXT_BYTES];

	rio_quote_cell(cell, cell_bytes, text, sizeof(text));
	rio_fail_row(err, RIO_KIND_QUOTE, is_open
			? "%s begins with a quote that is never closed"
			: "%s has a quote that is neither at the begin nor at the end of the cell; "
			  "quote=none takes quotes as they are", text);
	if (err) {
		err->row = row;
		err->src_off = at->cell_off;
		err->line = at->cell_line;
		err->column = at->cell_column;
	}
	return RIO_EROW;
}

int rio_explain_quote(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_error *err)
{
	const struct rio_map *map = dataset->map;
	struct rio_locator at;
	uint8_t cell[RIO_SHOWN_CELL_BYTES];
	size_t n = 0;
	int r = locate(dataset, source, map->bad_quote_off, &at, err);

	if (r == 0)
		r = rio_source_read_at(source, at.cell_off, cell, sizeof(cell), &n, err);
	if (r < 0)
		return r;
	return rio_explain_bad_quote(map->bad_quote_open, cell, n, &at, map->bad_quote_row, err);
}
