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

/* How far what an image points at can be read behind its end. */
#define RIO_TENSOR_SLACK_BYTES 32

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

	/*
	 * What stands before values of usual_bytes; owned, or NULL.  Before up to
	 * short_bytes_max it is the same but for the lengths in it, a byte each.
	 */
	uint8_t *head;
	size_t head_bytes, usual_bytes, short_bytes_max;
};

struct rio_image {
	/* Of the dtype, one behind the other; or the bytes.  They can be read further on. */
	const void *values;
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

/* Make the head that most rows share, where there is one.  False: out of memory. */
bool rio_tensor_prepare(struct rio_tensor *tensor);
void rio_tensor_deinit(struct rio_tensor *tensor);

/*
 * Keep of nr values those that are not zero, in out (which may be values itself), and
 * their places in keys.  Returns how many are left.
 */
size_t rio_tensor_compact(enum rio_dtype dtype, const void *values, size_t nr, void *out,
	uint32_t *keys);

/* What the varints of nr int32 values are written to: longer than they are. */
static inline size_t rio_varints_room(size_t nr)
{
	return 10 * nr + RIO_TENSOR_SLACK_BYTES;
}

/*
 * Fill in the image's lengths, from its values and keys, and the varints of int32.
 * Returns the length of the whole field.
 */
size_t rio_tensor_measure(const struct rio_tensor *tensor, struct rio_image *image);

/*
 * Write the field: as many bytes as rio_tensor_measure said, and maybe anything up to end,
 * before which nothing stands yet.  Returns the field's end.
 */
uint8_t *rio_tensor_put(const struct rio_tensor *tensor, const struct rio_image *image,
	uint8_t *dst, const uint8_t *end);

#endif
