/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/sample.h"

#include "base/util.h"

#include <math.h>

int rio_sample_init(struct rio_sample *sample, const struct rio_dialect *dialect,
	const uint8_t *bytes, size_t len_bytes, struct rio_error *err)
{
	uint32_t *room = malloc((len_bytes + RIO_PAD_BYTES + 1) * sizeof(*room));

	if (!room)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	*sample = (struct rio_sample){.bytes = bytes, .room = room, .fields.end = room + 1};
	rio_kernel()->scan(dialect, bytes, len_bytes, &sample->fields);
	return 0;
}

void rio_sample_deinit(struct rio_sample *sample)
{
	free(sample->room);
}

struct rio_span rio_sample_cell(const struct rio_sample *sample, size_t field)
{
	const uint32_t *end = sample->fields.end + field;

	return (struct rio_span){sample->bytes + (uint32_t)(end[-1] + 1), sample->bytes + *end};
}

static struct rio_cell_rules rules_of(const struct rio_dialect *dialect)
{
	return (struct rio_cell_rules){.dialect = *dialect, .missing_value = NAN};
}

static enum rio_cell_kind kind_of(const struct rio_sample *sample,
	const struct rio_dialect *dialect, size_t field)
{
	const struct rio_cell_rules rules = rules_of(dialect);
	struct rio_span cell = rio_sample_cell(sample, field);
	double value;

	return rio_cell_read(&rules, cell.begin, cell.end, &value);
}

/* Look at a row cell by cell.  Whether every column has shown a number by now. */
static bool look_at_row(const struct rio_sample *sample, const struct rio_dialect *dialect,
	size_t field, struct rio_column_view *views, size_t nr_columns)
{
	bool all_numbers = true;

	for (size_t c = 0; c < nr_columns; c++) {
		enum rio_cell_kind kind = kind_of(sample, dialect, field + c);

		views[c].number_below |= kind == RIO_CELL_NUMBER;
		views[c].text_below |= kind == RIO_CELL_TEXT;
		all_numbers &= views[c].number_below;
	}
	return all_numbers;
}

/* So many numbers are read at once, or a row. */
#define BATCH_FIELDS 256

/*
 * How many of at most nr_rows rows from field on have numbers only, as a kernel tells
 * many times as fast; values is its scratch.
 */
static size_t count_rows_of_numbers(const struct rio_sample *sample,
	const struct rio_dialect *dialect, size_t field, size_t nr_columns, size_t nr_rows,
	float *values)
{
	const struct rio_cell_rules rules = rules_of(dialect);
	const uint32_t *end = sample->fields.end + field;
	size_t most = RIO_MIN(nr_rows, RIO_MAX(BATCH_FIELDS / nr_columns, (size_t)1)), nr = 0;

	while (nr < most && rio_fields_in_row(&sample->fields, sample->bytes,
				    field + nr * nr_columns) == nr_columns)
		nr++;
	return rio_kernel()->to_f32(&rules, sample->bytes, end - 1, end, nr * nr_columns, values) /
	       nr_columns;
}

/* Once every column has shown a number, only text is news. */
static void look_below(const struct rio_sample *sample, const struct rio_dialect *dialect,
	struct rio_column_view *views, size_t nr_columns, float *values)
{
	size_t row = 1, nr_rows = sample->fields.nr_rows, field = nr_columns, n;
	bool all_numbers = false;

	while (row < nr_rows) {
		n = all_numbers ? count_rows_of_numbers(sample, dialect, field, nr_columns,
					  nr_rows - row, values)
				: 0;
		row += n;
		field += n * nr_columns;
		if (n)
			continue;
		n = rio_fields_in_row(&sample->fields, sample->bytes, field);
		if (n == nr_columns)
			all_numbers = look_at_row(sample, dialect, field, views, nr_columns);
		field += n;
		row++;
	}
}

int rio_sample_look(const struct rio_sample *sample, const struct rio_dialect *dialect,
	struct rio_column_view **ret, size_t *ret_nr_columns, struct rio_error *err)
{
	size_t nr_columns = rio_fields_in_row(&sample->fields, sample->bytes, 0);
	struct rio_column_view *views = calloc(nr_columns, sizeof(*views));
	_cleanup_free_ float *values =
		calloc(RIO_MAX(nr_columns, (size_t)BATCH_FIELDS), sizeof(*values));

	if (!views || !values) {
		free(views);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	for (size_t c = 0; c < nr_columns; c++)
		views[c].first = kind_of(sample, dialect, c);
	look_below(sample, dialect, views, nr_columns, values);
	*ret = views;
	*ret_nr_columns = nr_columns;
	return 0;
}

int rio_sample_has_header(const struct rio_column_view *views, size_t nr_columns, bool *ret,
	struct rio_error *err)
{
	size_t pro = nr_columns, contra = nr_columns;
	bool any_number = false, any_text = false;

	for (size_t c = nr_columns; c-- > 0;) {
		const struct rio_column_view *v = &views[c];

		any_number |= v->first == RIO_CELL_NUMBER;
		any_text |= v->first == RIO_CELL_TEXT;
		if (v->first == RIO_CELL_TEXT && v->number_below && !v->text_below)
			pro = c;
		if (v->first == RIO_CELL_NUMBER && v->number_below)
			contra = c;
	}
	if (pro < nr_columns && contra < nr_columns)
		return rio_fail(err, RIO_ESCHEMA,
			"cannot tell whether the first row is a header: above numbers it has text in "
			"column %zu, but a number in column %zu; say header=yes or header=no",
			pro, contra);
	if (pro < nr_columns || contra < nr_columns)
		*ret = pro < nr_columns;
	else
		*ret = any_text && !any_number;
	return 0;
}
