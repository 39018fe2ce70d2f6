/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a record's features, and what becomes of text columns: from options,
 * names, types and roles that schema/schema has found.
 *
 * Below it: base, schema/options, schema/columns.
 */
#ifndef RIO_SCHEMA_KEYS_H
#define RIO_SCHEMA_KEYS_H

#include "schema/schema.h"

/*
 * The column lists of keys=KEY=COLUMNS:KEY=COLUMNS one behind the other, without the
 * keys: a column list.  Freed by the caller; NULL without memory.
 */
char *rio_keys_columns(const char *groups);

/*
 * Take out of schema->features the text columns that are dropped, and fill in keys,
 * nr_keys and as_text.  RIO_ESCHEMA where the label is text that nobody numbers, keys
 * collide or are no UTF-8, or no feature is left.
 */
int rio_keys_find(struct rio_schema *schema, const struct rio_options *options,
	struct rio_error *err);

void rio_keys_free(struct rio_key *keys, size_t nr);

#endif
