/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A framed record without its values: what every dense row of a file shares.
 *
 * Below it: base, schema, proto (protobuf-c packs it).
 */
#ifndef RIO_RECORD_TEMPLATE_H
#define RIO_RECORD_TEMPLATE_H

#include "base/error.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

struct rio_template {
	uint8_t *bytes;    /* owned; all values zero */
	size_t len_bytes;  /* frame and padding included, a multiple of 4 */
	size_t *key_offs;  /* owned; where the first value of each of the schema's keys goes */
	size_t label_off;  /* of the label, where there is one */
};

/* RIO_ESCHEMA where the record would be too large for its frame. */
int rio_template_init(struct rio_template *t, const struct rio_schema *schema,
	struct rio_error *err);
void rio_template_deinit(struct rio_template *t);

/* Bytes of one value. */
static inline size_t rio_dtype_bytes(enum rio_dtype dtype)
{
	return dtype == RIO_FLOAT64 ? 8 : 4;
}

#endif
