/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoding options: the same words for `recordiofs -o` and as --options of
 * `recordio`.  One table defines them; usage texts, parsers and the man-page
 * test are all driven by it.
 *
 * Below it: base, csv.  It sees no file: column names stay text here, and
 * schema/schema.h resolves them.
 */
#ifndef RIO_SCHEMA_OPTIONS_H
#define RIO_SCHEMA_OPTIONS_H

#include "base/error.h"
#include "csv/cell.h"
#include "csv/dialect.h"

#include <stddef.h>

enum rio_header { RIO_HEADER_AUTO, RIO_HEADER_YES, RIO_HEADER_NO };

enum rio_dtype { RIO_FLOAT32, RIO_FLOAT64, RIO_INT32 };
#define RIO_NR_DTYPES 3

enum rio_format { RIO_DENSE, RIO_SPARSE };

/* What a sparse row of nothing but zeros holds. */
enum rio_zero_row { RIO_ZERO_ROW_SHAPE, RIO_ZERO_ROW_ZERO };

/* What a text column becomes. */
enum rio_text { RIO_TEXT_ERROR, RIO_TEXT_DROP, RIO_TEXT_BYTES, RIO_TEXT_HASH, RIO_TEXT_MAP };

/*
 * The most values that text=hash:N adds to a tensor; and to all of a dense record, of
 * which each thread that encodes holds one or two, and a read passes over many.
 */
#define RIO_BUCKETS_MAX       (1u << 20)
#define RIO_DENSE_BUCKETS_MAX (1u << 16)

/* The most keys of a record, for the same reason. */
#define RIO_KEYS_MAX (1u << 16)

enum rio_bad_row { RIO_BAD_ROW_ERROR, RIO_BAD_ROW_SKIP, RIO_BAD_ROW_NAN };

enum rio_magic { RIO_MAGIC_PLAIN, RIO_MAGIC_SHIFT };

struct rio_options {
	enum rio_header header;
	struct rio_dialect dialect;
	char *label;    /* column list, or "none"; NULL: not given, column 0 */
	char *features; /* column list; NULL: all but the label */
	char *drop;     /* column list; NULL: none */
	enum rio_dtype dtype;
	enum rio_dtype label_dtype; /* follows dtype until it is set itself */
	bool label_dtype_set;
	enum rio_format format;
	enum rio_zero_row zero_row;
	char *keys; /* "names", or KEY=COLUMNS[:KEY=COLUMNS…]; NULL: one, "values" */
	enum rio_text text;
	uint32_t nr_buckets; /* of text=hash:N */
	enum rio_missing missing;
	double missing_value;
	enum rio_bad_row bad_row;
	char *uid; /* "row", or a column; NULL: none */
	enum rio_magic magic;
	char *suffix; /* of the virtual files, without a dot; owned, never NULL */
};

/* One line of the option table. */
struct rio_option_info {
	const char *name;
	const char *values; /* as the usage text shows them, default first */
	const char *help;   /* a line, no final stop */
};

/* Ended by an entry whose name is NULL. */
extern const struct rio_option_info rio_option_table[];

int rio_options_init(struct rio_options *options, struct rio_error *err);
void rio_options_deinit(struct rio_options *options);

/* Set one option.  RIO_EOPTION names the option and what it takes. */
int rio_options_set(struct rio_options *options, const char *name, const char *value,
	struct rio_error *err);

/* RIO_EOPTION where options that are fine alone do not go together. */
int rio_options_check(const struct rio_options *options, struct rio_error *err);

/*
 * The options that an offset map depends on, as canonical text: those that decide where
 * rows begin and end, and where records differ in length, all others but suffix, too.
 * Two sets with the same text can share a map.  Freed by the caller.
 */
int rio_options_row_key(const struct rio_options *options, char **ret, struct rio_error *err);

#endif
