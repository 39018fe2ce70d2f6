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

/*
 * Whether the first row is a header, told from what stands below it:
 *
 *	a column of numbers under text      speaks for a header
 *	a column of numbers under a number  speaks against
 *
 * Both at once is RIO_ESCHEMA: only the user can tell.  Where no column speaks,
 * a first row of nothing but text is a header.
 */
int rio_sample_has_header(const struct rio_sample *sample, const struct rio_dialect *dialect,
	bool *ret, struct rio_error *err);

#endif
