/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as a line of JSON:
 *
 *	{"record":0,"offset":0,"bytes":48,
 *	 "label":{"values":{"type":"float32","values":[1.0]}},
 *	 "features":{"values":{"type":"float32","values":[1.0,2.0,3.0]}}}
 *
 * offset is that of its frame; "parts" follows where it was split.  A tensor has "keys"
 * and "shape" where the record has them; bytes are a list "text" if all of them are
 * UTF-8, or else "base64".  NaN and infinities are the strings "NaN", "Infinity" and
 * "-Infinity".  What a record has not is left out.
 *
 * Below it: record, proto, tool/json.
 */
#ifndef RIO_TOOL_RECORD_JSON_H
#define RIO_TOOL_RECORD_JSON_H

#include "record/unframe.h"

#include <stdio.h>

/* Write record number (from 0).  RIO_EROW, with nothing written, where it is none. */
int rio_record_json(FILE *out, uint64_t number, const struct rio_framed *framed,
	struct rio_error *err);

/* Place, length and first bytes only, whatever the payload is. */
void rio_record_json_raw(FILE *out, uint64_t number, const struct rio_framed *framed);

#endif
