/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands need of JSON beyond jansson itself: bytes of which nobody knows
 * whether they are text.
 *
 * Below it: base, jansson.
 */
#ifndef RIO_TOOL_JSON_H
#define RIO_TOOL_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/*
 * JSON is UTF-8; names of columns and files need not be.  Each byte that is
 * none becomes U+FFFD, as with Python's errors="replace".  NULL without memory.
 */
json_t *rio_json_text(const char *text);

/* Write a value on one line, and take it.  False where it is NULL, or without memory. */
bool rio_json_put(FILE *file, json_t *value);

#endif
