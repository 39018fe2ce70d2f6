/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of every kind into records that may differ in length: int32, sparse, several
 * keys, text, a uid, the magic kept away.  Dense floats go through record/dense.
 *
 *	fields ──parse──► numbers of many rows ──size──► image of one row ──build──► bytes
 *	(kernels)                              (its length is known)
 *
 * Rows are parsed many at a time, since kernels want wide runs, and then sized one
 * by one; one that was sized may be built, or passed over.
 *
 * Below it: base, csv, schema, record/tensor, codes, shift.  It does no I/O.
 */
#ifndef RIO_RECORD_GENERAL_H
#define RIO_RECORD_GENERAL_H

#include "base/error.h"
#include "csv/kernel.h"
#include "record/codes.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

/* Why a row becomes no record. */
enum rio_trouble {
	RIO_NO_TROUBLE,
	RIO_TROUBLE_CELL,     /* the rules refuse a cell */
	RIO_TROUBLE_WHOLE,    /* it has a fraction, under int32 */
	RIO_TROUBLE_RANGE,    /* it is beyond int32 */
	RIO_TROUBLE_NAN,      /* it is missing, and becomes no int32, which has no NaN */
	RIO_TROUBLE_UTF8,     /* a uid must be UTF-8 */
	RIO_TROUBLE_MAGIC,    /* nothing keeps the magic away */
	RIO_TROUBLE_LARGE,    /* no frame holds it */
	RIO_TROUBLE_FIELDS,   /* the row has not as many fields as the first */
	RIO_TROUBLE_NUL,      /* it holds a NUL byte */
	RIO_TROUBLE_TOO_LONG, /* it does not end */
	RIO_TROUBLE_MEMORY,   /* there was none */
	RIO_TROUBLE_CODE,     /* a text has no number: the table is of another file */
};

struct rio_general;

/* Borrows schema and codes (NULL but under text=map) for its life. */
int rio_general_create(const struct rio_schema *schema, const struct rio_codes *codes,
	struct rio_general **ret, struct rio_error *err);
void rio_general_destroy(struct rio_general *general);

/* What one thread works with, for any number of generals one after the other; zeros at first. */
struct rio_general_scratch {
	void *numbers[RIO_NR_DTYPES]; /* of the parsed rows, by type */
	uint32_t *before, *end;
	size_t numbers_room, ends_room;
	uint8_t *arena; /* of the row being sized */
	size_t arena_room;
	uint8_t *text;  /* unquoted cells of that row */
	size_t text_room;
	uint8_t *hashed; /* one of them, with what is hashed before it */
	size_t hashed_room;
	uint8_t *plain; /* its payload, where that must be looked at */
	size_t plain_room;
	size_t plain_bytes;   /* of the payload, … */
	size_t payload_bytes; /* … once it is shifted */
	uint64_t nr_filled; /* missing cells that became a value, in rows that were sized */
	uint64_t nr_filled_parsed; /* … in parsed rows */
	struct rio_span uid_text;
	char uid[24];
};
void rio_general_scratch_deinit(struct rio_general_scratch *scratch);

/* Rows to parse at once: more of them only make for colder memory. */
size_t rio_general_batch_rows(const struct rio_general *general);

/*
 * Read the numbers of nr_rows rows whose fields, nr_columns to a row, end at end[] in
 * the chunk at p (padded).  *ret_nr_fine is how many rows stand before the first that
 * the rules refuse.  RIO_ENOMEM.
 */
int rio_general_parse(const struct rio_general *general, const uint8_t *p, const uint32_t *end,
	size_t nr_rows, struct rio_general_scratch *scratch, size_t *ret_nr_fine,
	struct rio_error *err);

/* As if one row had been parsed all of whose cells are NaN: bad_row=nan. */
int rio_general_parse_nan(const struct rio_general *general,
	struct rio_general_scratch *scratch, struct rio_error *err);

/*
 * Make the image of row i of the parsed ones, whose fields end at end[] (NULL after
 * rio_general_parse_nan); row is its number in the file.  *ret_bytes: of its frame.
 */
enum rio_trouble rio_general_size(const struct rio_general *general, const uint8_t *p,
	const uint32_t *end, size_t i, uint64_t row, struct rio_general_scratch *scratch,
	size_t *ret_bytes);

/* Write the frame of the row sized last: as many bytes as that said. */
void rio_general_build(const struct rio_general *general, struct rio_general_scratch *scratch,
	uint8_t *dst);

/*
 * The first cell, in file order, that makes trouble in the row at end[], or
 * RIO_NO_COLUMN where none does.
 */
uint32_t rio_general_find_trouble(const struct rio_general *general, const uint8_t *p,
	const uint32_t *end, enum rio_trouble *ret);

/* Add the distinct texts that a row's text columns hold. */
int rio_general_gather(const struct rio_general *general, const uint8_t *p, const uint32_t *end,
	struct rio_general_scratch *scratch, struct rio_codes *codes, struct rio_error *err);

#endif
