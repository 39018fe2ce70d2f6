/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first rows of a file, split into fields: what the schema is inferred from.
 *
 * Below it: base, csv.
 */
#ifndef RIO_SCHEMA_SAMPLE_H
#define RIO_SCHEMA_SAMPLE_H

#include "base/error.h"
#include "csv/kernel.h"

struct rio_sample {
	const uint8_t *bytes; /* borrowed */
	struct rio_fields fields;
	uint32_t *room; /* owned: fields.end lies in it */
};

int rio_sample_init(struct rio_sample *sample, const struct rio_dialect *dialect,
	const uint8_t *bytes, size_t len_bytes, struct rio_error *err);
void rio_sample_deinit(struct rio_sample *sample);

/* The raw cell. */
struct rio_span rio_sample_cell(const struct rio_sample *sample, size_t field);

/* What the sample shows of a column; rows of another length than the first do not count. */
struct rio_column_view {
	enum rio_cell_kind first;
	bool number_below;
	bool text_below;
};

/* Look at every column of the first row: nr_columns views, freed by the caller. */
int rio_sample_look(const struct rio_sample *sample, const struct rio_dialect *dialect,
	struct rio_column_view **ret, size_t *ret_nr_columns, struct rio_error *err);

/*
 * Whether the first row is a header, told from what stands below it:
 *
 *	numbers and no text under text  speak for a header
 *	a number under a number         speaks against, whatever else is there
 *
 * Both at once is RIO_ESCHEMA: only the user can tell.  Where no column speaks,
 * a first row of nothing but text is a header.
 */
int rio_sample_has_header(const struct rio_column_view *views, size_t nr_columns, bool *ret,
	struct rio_error *err);

#endif
