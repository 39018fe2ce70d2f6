/* SPDX-License-Identifier: Apache-2.0 */
#include "survey/cells.h"

#include "csv/kernel.h"

#include <math.h>
#include <string.h>

void rio_cells_deinit(struct rio_cells *cells)
{
	free(cells->numbers);
	*cells = (struct rio_cells){0};
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
	const uint8_t *bytes, const uint32_t *end, size_t nr_columns)
{
	size_t column = 0;

	while (column < nr_columns) {
		size_t n = rio_kernel()->to_f64(rules, bytes,
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
static bool has_nul(const uint8_t *bytes, const struct rio_fields *fields, size_t field,
	size_t nr_fields)
{
	uint32_t begin = fields->end[(ptrdiff_t)field - 1] + 1;

	return fields->has_nul &&
	       memchr(bytes + begin, '\0', fields->end[field + nr_fields - 1] - begin);
}

int rio_cells_count(struct rio_cells *cells, const struct rio_dataset *dataset,
	struct rio_source *source, struct rio_scratch *scratch, size_t segment,
	uint64_t nr_rows, struct rio_error *err)
{
	const struct rio_schema *schema = rio_dataset_schema(dataset);
	const struct rio_cell_rules rules = {
		.dialect = schema->rules.dialect,
		.missing = RIO_MISSING_NUMBER,
		.missing_value = NAN,
	};
	struct rio_fields fields;
	const uint8_t *bytes;
	size_t field = 0, n;
	int r;

	if (!nr_rows)
		return 0;
	if (!cells->numbers)
		cells->numbers = calloc(schema->nr_columns, sizeof(*cells->numbers));
	if (!cells->numbers)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	r = rio_dataset_scan(dataset, source, scratch, segment, nr_rows, &bytes, &fields, err);
	if (r)
		return r;
	nr_rows = RIO_MIN(nr_rows, fields.nr_rows);
	for (uint64_t row = 0; row < nr_rows; row++, field += n) {
		n = rio_fields_in_row(&fields, bytes, field);
		cells->nr_rows++;
		cells->nr_nul += has_nul(bytes, &fields, field, n);
		if (n == schema->nr_columns)
			count_row(cells, &rules, bytes, fields.end + field, n);
		else
			cells->nr_other_lengths++;
	}
	return 0;
}
