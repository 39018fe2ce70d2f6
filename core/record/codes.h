/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text=map: the distinct texts of columns, each numbered from 0 in the order of their
 * bytes.  First they are gathered (added, merged), then sealed; a sealed table never
 * changes, and any number of threads may look texts up.
 *
 * Below it: base, xxHash.
 */
#ifndef RIO_RECORD_CODES_H
#define RIO_RECORD_CODES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory that the texts of one file may take, with what finding them takes. */
#define RIO_CODES_BYTES_MAX ((size_t)16 << 20)

#define RIO_NO_CODE UINT32_MAX

struct rio_codes;

int rio_codes_create(size_t nr_columns, struct rio_codes **ret, struct rio_error *err);
void rio_codes_destroy(struct rio_codes *codes);

/* RIO_ESCHEMA where the texts are too many. */
int rio_codes_add(struct rio_codes *codes, size_t column, const void *text, size_t len_bytes,
	struct rio_error *err);
int rio_codes_merge(struct rio_codes *codes, const struct rio_codes *more,
	struct rio_error *err);

/* Number all texts. */
void rio_codes_seal(struct rio_codes *codes);

/* The number of a text, or RIO_NO_CODE. */
uint32_t rio_codes_find(const struct rio_codes *codes, size_t column, const void *text,
	size_t len_bytes);

/* How many texts a column has; text number code of it, not ended by a NUL. */
size_t rio_codes_nr(const struct rio_codes *codes, size_t column);
const void *rio_codes_text(const struct rio_codes *codes, size_t column, size_t code,
	size_t *ret_bytes);

/* A sealed table as bytes, freed by the caller, and back.  RIO_EMAP_DAMAGED. */
int rio_codes_pack(const struct rio_codes *codes, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err);
int rio_codes_unpack(const uint8_t *bytes, size_t len_bytes, size_t nr_columns,
	struct rio_codes **ret, struct rio_error *err);

#endif
