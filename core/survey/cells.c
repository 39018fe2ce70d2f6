/* SPDX-License-Identifier: Apache-2.0 */
#include "survey/cells.h"

#include "csv/kernel.h"

#include <math.h>
#include <string.h>

void rio_cells_deinit(struct rio_cells *cells)
{
	free(cells->bytes);
	free(cells->ends);
	free(cells->numbers);
	*cells = (struct rio_cells){0};
}

/* Grow a buffer whose contents need not be kept. */
static int grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err)
{
	void **p = buffer;

	if (wanted <= *room)
		return 0;
	free(*p);
	*room = 0;
	*p = malloc(wanted);
	if (!*p)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*room = wanted;
	return 0;
}

static int make_room(struct rio_cells *cells, size_t len_bytes, size_t nr_columns,
	struct rio_error *err)
{
	int r = grow(&cells->bytes, &cells->bytes_room, len_bytes + 1 + 2 * RIO_PAD_BYTES, err);

	if (!r)
		r = grow(&cells->ends, &cells->ends_room,
			(len_bytes + 2 + RIO_PAD_BYTES) * sizeof(*cells->ends), err);
	if (!r && !cells->numbers) {
		cells->numbers = calloc(nr_columns, sizeof(*cells->numbers));
		r = cells->numbers ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	return r;
}

/* Read and scan a segment, or the part of it that the longest row may have. */
static int load(struct rio_cells *cells, const struct rio_dataset *dataset,
	struct rio_source *source, size_t segment, struct rio_fields *ret,
	struct rio_error *err)
{
	const struct rio_schema *schema = rio_dataset_schema(dataset);
	const struct rio_map *map = rio_dataset_map(dataset);
	uint64_t off = rio_map_checkpoint(map, segment).src_off;
	size_t len = RIO_MIN(rio_map_checkpoint(map, segment + 1).src_off - off,
		(uint64_t)RIO_ROW_BYTES_MAX);
	uint8_t *bytes;
	size_t got = 0;
	int r = make_room(cells, len, schema->nr_columns, err);

	if (r)
		return r;
	bytes = cells->bytes + RIO_PAD_BYTES;
	r = rio_source_read_at(source, off, bytes, len, &got, err);
	if (r)
		return r;
	if (got < len)
		return rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short");
	if (off + len == rio_dataset_text_bytes(dataset) &&
		bytes[len - 1] != '\n')
		bytes[len++] = '\n';
	memset(cells->bytes, 0, RIO_PAD_BYTES);
	memset(bytes + len, 0, RIO_PAD_BYTES);
	*ret = (struct rio_fields){.end = cells->ends + 1};
	rio_kernel()->scan(&schema->rules.dialect, bytes, len, ret);
	return 0;
}

static void count_number(struct rio_range *column, double value)
{
	if (isnan(value))
		column->nr_missing++;
	else
		rio_range_add(column, value);
}

/* A row of the right length, the first of whose fields ends at end[0]. */
static void count_row(struct rio_cells *cells, const struct rio_cell_rules *rules,
	const uint32_t *end, size_t nr_columns)
{
	size_t column = 0;

	while (column < nr_columns) {
		size_t n = rio_kernel()->to_f64(rules, cells->bytes + RIO_PAD_BYTES,
			end + column - 1, end + column, nr_columns - column, cells->numbers);

		for (size_t i = 0; i < n; i++)
			count_number(&cells->columns[column + i], cells->numbers[i]);
		column += n;
		/* What the rules refuse is no number, and not missing. */
		if (column < nr_columns)
			cells->columns[column++].nr_text++;
	}
}

/* Whether a row holds a NUL byte: its nr_fields fields begin with this one. */
static bool has_nul(const struct rio_cells *cells, const struct rio_fields *fields, size_t field,
	size_t nr_fields)
{
	const uint8_t *bytes = cells->bytes + RIO_PAD_BYTES;
	uint32_t begin = fields->end[(ptrdiff_t)field - 1] + 1;

	return fields->has_nul &&
	       memchr(bytes + begin, '\0', fields->end[field + nr_fields - 1] - begin);
}

int rio_cells_count(struct rio_cells *cells, const struct rio_dataset *dataset,
	struct rio_source *source, size_t segment, uint64_t nr_rows, struct rio_error *err)
{
	const struct rio_schema *schema = rio_dataset_schema(dataset);
	const struct rio_cell_rules rules = {
		.dialect = schema->rules.dialect,
		.missing = RIO_MISSING_NUMBER,
		.missing_value = NAN,
	};
	struct rio_fields fields;
	size_t field = 0, n;
	int r = load(cells, dataset, source, segment, &fields, err);

	if (r)
		return r;
	nr_rows = RIO_MIN(nr_rows, fields.nr_rows);
	for (uint64_t row = 0; row < nr_rows; row++, field += n) {
		n = rio_fields_in_row(&fields, cells->bytes + RIO_PAD_BYTES, field);
		cells->nr_rows++;
		cells->nr_nul += has_nul(cells, &fields, field, n);
		if (n == schema->nr_columns)
			count_row(cells, &rules, fields.end + field, n);
		else
			cells->nr_other_lengths++;
	}
	return 0;
}
