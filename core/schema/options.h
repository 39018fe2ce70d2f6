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

enum rio_dtype { RIO_FLOAT32, RIO_FLOAT64 };

enum rio_bad_row { RIO_BAD_ROW_ERROR, RIO_BAD_ROW_NAN };

struct rio_options {
	enum rio_header header;
	struct rio_dialect dialect;
	char *label;    /* column list, or "none"; NULL: not given, column 0 */
	char *features; /* column list; NULL: all but the label */
	char *drop;     /* column list; NULL: none */
	enum rio_dtype dtype;
	enum rio_dtype label_dtype; /* follows dtype until it is set itself */
	bool label_dtype_set;
	enum rio_missing missing;
	double missing_value;
	enum rio_bad_row bad_row;
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
int rio_options_copy(const struct rio_options *options, struct rio_options *ret,
	struct rio_error *err);

/* Set one option.  RIO_EOPTION names the option and what it takes. */
int rio_options_set(struct rio_options *options, const char *name, const char *value,
	struct rio_error *err);

/* RIO_EOPTION where options that are fine alone do not go together. */
int rio_options_check(const struct rio_options *options, struct rio_error *err);

/*
 * The options that decide where rows begin and end, as canonical text: two
 * sets with the same text can share an offset map.  Freed by the caller.
 */
int rio_options_row_key(const struct rio_options *options, char **ret, struct rio_error *err);

#endif
