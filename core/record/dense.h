/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dense float records: every row of a file has the same length and differs
 * only in its values, so the record is a template, made once by protobuf-c,
 * into which numbers are copied.
 *
 *	| magic | length | features: tags … values … | label: tags … values … | pad |
 *	          a template row; only the values change
 *
 * Below it: base, csv, schema, proto.  It does no I/O.
 */
#ifndef RIO_RECORD_DENSE_H
#define RIO_RECORD_DENSE_H

#include "base/error.h"
#include "csv/kernel.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

struct rio_dense;

/* Borrows schema for its life.  RIO_ESCHEMA where a record would be too large. */
int rio_dense_create(const struct rio_schema *schema, struct rio_dense **ret,
	struct rio_error *err);
void rio_dense_destroy(struct rio_dense *dense);

/* Bytes of a framed record, padding included; a multiple of 4. */
size_t rio_dense_record_bytes(const struct rio_dense *dense);

/* Scratch that one thread needs to encode; grows on demand. */
struct rio_dense_scratch {
	uint32_t *before; /* positions, where the used columns are not all of them */
	uint32_t *end;
	void *values;
	size_t room; /* fields */
	uint64_t nr_filled; /* missing cells that became a value; added to, never reset */
};
void rio_dense_scratch_deinit(struct rio_dense_scratch *scratch);

/*
 * Encode nr_rows rows whose fields, nr_columns to a row, end at end[] in the
 * chunk at p (padded), to dst: nr_rows * record_bytes.
 *
 * RIO_EROW where a cell is refused: *ret_row and *ret_field then say which (field
 * counts from the first row's first), and the rows before it are encoded.
 */
int rio_dense_encode(const struct rio_dense *dense, const uint8_t *p, const uint32_t *end,
	size_t nr_rows, uint8_t *dst, struct rio_dense_scratch *scratch, size_t *ret_row,
	size_t *ret_field, struct rio_error *err);

/* A record whose values are all NaN: what bad_row=nan makes of a misshapen row. */
void rio_dense_encode_nan(const struct rio_dense *dense, uint8_t *dst);

#endif
