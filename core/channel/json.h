/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing the JSON of a training job.
 *
 * Below it: base, jansson.
 */
#ifndef RIO_CHANNEL_JSON_H
#define RIO_CHANNEL_JSON_H

#include "base/error.h"
#include "base/util.h"

#include <jansson.h>

static inline void rio_json_decrefp(json_t **value)
{
	json_decref(*value);
}

#define _cleanup_json_ _cleanup_(rio_json_decrefp)

/* RIO_EOPTION with name, line and column where text is no JSON.  *ret is the caller's. */
int rio_json_parse(const char *text, size_t len_bytes, const char *name, json_t **ret,
	struct rio_error *err);

/*
 * As Python's json.dumps writes it, sorted, in ASCII, without blanks: numbers have no more
 * digits than they need.  NULL without memory; freed by the caller.
 */
char *rio_json_line(const json_t *value);

#endif
