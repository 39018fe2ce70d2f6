/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry of a record's maps: a key and its tensor, dense or sparse, or its bytes.
 * An *image* is what a row makes of it, with every length known, so that it can be
 * put down in one go.
 *
 * Below it: base, schema/options, record/wire.
 */
#ifndef RIO_RECORD_TENSOR_H
#define RIO_RECORD_TENSOR_H

#include "schema/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What all rows share. */
struct rio_tensor {
	const char *key; /* borrowed */
	size_t key_bytes;
	unsigned map;    /* the field of the record: 1 features, 2 label */
	enum rio_dtype dtype;
	bool is_bytes;
	bool sparse;
	bool explicit_zero; /* a sparse row of zeros holds one of them */
	size_t width;    /* values of a row, zeros included: the shape */
};

struct rio_image {
	const void *values;   /* of the dtype, one behind the other; or the bytes */
	size_t nr_values;
	const uint32_t *keys; /* sparse: nr_values of them */
	uint8_t *varints;     /* int32: room for rio_varints_room(nr_values) */

	/* Lengths: of what the fields hold, from within. */
	size_t values_bytes, keys_bytes, tensor_bytes, value_bytes, entry_bytes;
};

static inline size_t rio_value_bytes(enum rio_dtype dtype)
{
	return dtype == RIO_FLOAT64 ? 8 : 4;
}

/*
 * Keep of nr values those that are not zero, in out (which may be values itself), and
 * their places in keys.  Returns how many are left.
 */
size_t rio_tensor_compact(enum rio_dtype dtype, const void *values, size_t nr, void *out,
	uint32_t *keys);

/* What the varints of nr int32 values are written to: longer than they are. */
static inline size_t rio_varints_room(size_t nr)
{
	return 10 * nr + 8;
}

/*
 * Fill in the image's lengths, from its values and keys, and the varints of int32.
 * Returns the length of the whole field.
 */
size_t rio_tensor_measure(const struct rio_tensor *tensor, struct rio_image *image);

/* Write the field: as many bytes as rio_tensor_measure said.  Returns the end. */
uint8_t *rio_tensor_put(const struct rio_tensor *tensor, const struct rio_image *image,
	uint8_t *dst);

#endif
