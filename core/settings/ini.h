/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An INI text, read with inih, line by line, each with its place.
 *
 * Below it: base, inih.  It knows no options.
 */
#ifndef RIO_SETTINGS_INI_H
#define RIO_SETTINGS_INI_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* NAME = VALUE.  Borrowed for the call. */
struct rio_ini_line {
	const char *name;
	const char *value;
	const char *section; /* NULL before any */
	uint64_t number;     /* from 1 */
	uint64_t column;     /* of the name, in bytes from 1 */
	uint64_t value_column;
};

typedef int rio_ini_on_line(void *data, const struct rio_ini_line *line, struct rio_error *err);

/*
 * Read the text.  RIO_EOPTION with line and column where it is no INI; else whatever
 * on_line fails with.
 */
int rio_ini_read(const char *text, size_t len_bytes, rio_ini_on_line *on_line, void *data,
	struct rio_error *err);

#endif
