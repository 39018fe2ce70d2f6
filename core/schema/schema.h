/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the columns of one CSV are: how many, their names, which are label and
 * which are features, and whether the first row is a header.  Inferred from the
 * options and from a bounded sample at the head of the file.
 *
 * Below it: base, csv, schema/options.  A plain value once made, never changed.
 */
#ifndef RIO_SCHEMA_SCHEMA_H
#define RIO_SCHEMA_SCHEMA_H

#include "base/error.h"
#include "base/util.h"
#include "csv/cell.h"
#include "schema/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the sampled cells of a column are. */
enum rio_column_type {
	RIO_COLUMN_EMPTY,  /* missing, all of them */
	RIO_COLUMN_NUMBER, /* numbers, or missing */
	RIO_COLUMN_TEXT,   /* text among them */
};

/*
 * An entry of a record's features: a tensor of numbers, or one cell as bytes.  A tensor
 * holds its columns in order, and behind them the buckets of its hashed columns.
 */
struct rio_key {
	char *name;        /* UTF-8 */
	uint32_t *columns; /* numbers, and texts that are numbered; of bytes: the one column */
	size_t nr_columns;
	uint32_t *hashed;  /* texts of text=hash:N */
	size_t nr_hashed;
	bool is_bytes;
};

/* Stands for "no column". */
#define RIO_NO_COLUMN UINT32_MAX

struct rio_schema {
	size_t nr_columns;      /* fields in every row; 0 for a file without a row */
	bool has_header;
	char **names;           /* nr_columns of them, or NULL without a header */
	enum rio_column_type *types; /* nr_columns of them */
	uint64_t header_off;    /* source offset behind a byte order mark */
	uint64_t data_off;      /* source offset of the first data row (or blank line) */
	uint64_t data_line;     /* line feeds before data_off */

	uint32_t *label;        /* column numbers, in the order of the options */
	size_t nr_label;        /* 0: no label */
	uint32_t *features;     /* all of them, whatever their keys */
	size_t nr_features;
	struct rio_key *keys;   /* of the features, sorted by name (bytes) */
	size_t nr_keys;
	bool *as_text;          /* by column: what text= says happens to it; NULL: to none */

	enum rio_dtype dtype;
	enum rio_dtype label_dtype;
	enum rio_format format;
	enum rio_zero_row zero_row;
	enum rio_text text;
	uint32_t nr_buckets;    /* of text=hash:N */
	bool skips_bad_rows;
	bool uid_is_row;
	uint32_t uid_column;    /* or RIO_NO_COLUMN */
	enum rio_magic magic;
	struct rio_cell_rules rules;
};

/* How much of a file's head decides about header and types. */
#define RIO_SAMPLE_BYTES (16 * RIO_KIB)

/* The longest row that is read: a longer one is most likely an unclosed quote. */
#define RIO_ROW_BYTES_MAX (16 * RIO_MIB)

/*
 * Infer from the first sample_bytes of a source; whole says that this is all of
 * it.  The sample must have RIO_PAD_BYTES of padding on both sides (one of them
 * behind it is written, and put back).
 *
 * Returns 0, or RIO_SAMPLE_TOO_SHORT (> 0) where the first two rows do not end within
 * the sample: come again with a larger one.  A sample of RIO_ROW_BYTES_MAX is never
 * too short: its first row is enough, or too long.  RIO_ESCHEMA where a column is not
 * there, roles collide, or header=auto cannot tell; RIO_EROW for a first row
 * that cannot be read.
 */
#define RIO_SAMPLE_TOO_SHORT 1
int rio_schema_infer(const struct rio_options *options, uint8_t *sample, size_t sample_bytes,
	bool whole, struct rio_schema **ret, struct rio_error *err);

/* Whether every row becomes one dense record of floats, under any keys: all equally long. */
bool rio_schema_is_fixed(const struct rio_schema *schema);

bool rio_schema_is_label(const struct rio_schema *schema, size_t column);

/* Takes NULL. */
void rio_schema_destroy(struct rio_schema *schema);

#endif
