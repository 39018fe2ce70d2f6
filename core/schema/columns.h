/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Column lists as the options write them: items separated by `:`, each a name
 * from the header, a number from 0, or a range of numbers `1-10` (both ends in).
 *
 * Below it: base.
 */
#ifndef RIO_SCHEMA_COLUMNS_H
#define RIO_SCHEMA_COLUMNS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The column numbers that list names, in its order, freed by the caller.  option
 * is for messages.  names may be NULL (no header).
 *
 * RIO_ESCHEMA where a column is not there, named twice, or where a number is also
 * the name of another column (a range N-N says that the number is meant).
 */
int rio_columns_resolve(const char *option, const char *list, char *const names[],
	size_t nr_columns, uint32_t **ret, size_t *ret_nr, struct rio_error *err);

#endif
