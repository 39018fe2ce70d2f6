/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops over a row's values that variable records need beside the kernels': which
 * are zero, which are whole, how long their varints are.  They are written without
 * branches, so that a compiler can take several values at a time.
 *
 *	map entry   | tag len | key | tag len | Value                                   |
 *	Value                                 | tag len | Tensor                        |
 *	Tensor                                          | tag len values | … keys | … shape |
 *
 * A negative int32 is a varint of 64 bits, ten bytes, as protobuf has it.
 */
#include "record/tensor.h"

#include "base/util.h"
#include "record/wire.h"

#include <string.h>

/* Fields of Tensor, Value and a map's entry, as proto/record.proto numbers them. */
enum { TENSOR_VALUES = 1, TENSOR_KEYS = 2, TENSOR_SHAPE = 3 };
enum { VALUE_FLOAT32 = 2, VALUE_FLOAT64 = 3, VALUE_INT32 = 7, VALUE_BYTES = 9 };
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };
enum { BYTES_VALUE = 1 };

static unsigned value_field(const struct rio_tensor *t)
{
	static const unsigned fields[] = {
		[RIO_FLOAT32] = VALUE_FLOAT32,
		[RIO_FLOAT64] = VALUE_FLOAT64,
		[RIO_INT32] = VALUE_INT32,
	};

	return t->is_bytes ? VALUE_BYTES : fields[t->dtype];
}

#define COMPACT(type)                                                                              \
	do {                                                                                       \
		const type *in = values;                                                           \
		type *to = out;                                                                    \
                                                                                                   \
		for (size_t i = 0; i < nr; i++) {                                                  \
			type value = in[i];                                                        \
                                                                                                   \
			to[n] = value;                                                             \
			keys[n] = (uint32_t)i;                                                     \
			n += value != 0;                                                           \
		}                                                                                  \
	} while (0)

size_t rio_tensor_compact(enum rio_dtype dtype, const void *values, size_t nr, void *out,
	uint32_t *keys)
{
	size_t n = 0;

	if (dtype == RIO_FLOAT32)
		COMPACT(float);
	else if (dtype == RIO_FLOAT64)
		COMPACT(double);
	else
		COMPACT(int32_t);
	return n;
}

bool rio_tensor_to_int32(const double *values, size_t nr, int32_t *out)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < nr; i++) {
		/* NaN becomes the largest, and is then seen to be another number. */
		double value = values[i] < INT32_MAX ? values[i] : INT32_MAX;
		int32_t n;

		value = value > INT32_MIN ? value : INT32_MIN;
		n = (int32_t)value;
		wrong |= (double)n != values[i];
		out[i] = n;
	}
	return !wrong;
}

/* Of int32 values as varints. */
static size_t int32_bytes(const int32_t *values, size_t nr)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < nr; i++) {
		uint32_t value = (uint32_t)values[i];

		sum += 1 + (value >= 1u << 7) + (value >= 1u << 14) + (value >= 1u << 21) +
		       (value >= 1u << 28) + 5 * (value >> 31);
	}
	return sum;
}

static size_t keys_bytes(const uint32_t *keys, size_t nr)
{
	size_t sum = nr;

	/* They rise, so most rows need to look at the last one only. */
	for (unsigned bits = 7; bits < 28 && nr && keys[nr - 1] >> bits; bits += 7)
		for (size_t i = nr; i > 0 && keys[i - 1] >> bits; i--)
			sum++;
	return sum;
}

size_t rio_tensor_measure(const struct rio_tensor *t, struct rio_image *image)
{
	size_t nr = image->nr_values, tensor = 0;

	image->keys_bytes = 0;
	if (t->is_bytes) {
		image->values_bytes = nr;
		tensor = rio_field_bytes(nr);
	} else {
		image->values_bytes = t->dtype == RIO_INT32 ? int32_bytes(image->values, nr)
							    : nr * rio_value_bytes(t->dtype);
		if (nr)
			tensor += rio_field_bytes(image->values_bytes);
	}
	if (t->sparse) {
		image->keys_bytes = keys_bytes(image->keys, nr);
		if (nr)
			tensor += rio_field_bytes(image->keys_bytes);
		tensor += rio_field_bytes(rio_varint_bytes(t->width));
	}
	image->tensor_bytes = tensor;
	image->value_bytes = rio_field_bytes(tensor);
	image->entry_bytes = rio_field_bytes(t->key_bytes) + rio_field_bytes(image->value_bytes);
	return rio_field_bytes(image->entry_bytes);
}

/* Eight values at a time where all are below 128, which most small numbers are. */
static uint8_t *put_int32(uint8_t *dst, const int32_t *values, size_t nr)
{
	size_t i = 0;

	for (; nr - i >= 8; i += 8) {
		uint32_t all = 0;

		for (size_t k = 0; k < 8; k++)
			all |= (uint32_t)values[i + k];
		if (all < 0x80) {
			for (size_t k = 0; k < 8; k++)
				dst[k] = (uint8_t)values[i + k];
			dst += 8;
			continue;
		}
		for (size_t k = 0; k < 8; k++)
			dst = rio_varint_put(dst, (uint64_t)(int64_t)values[i + k]);
	}
	for (; i < nr; i++)
		dst = rio_varint_put(dst, (uint64_t)(int64_t)values[i]);
	return dst;
}

static uint8_t *put_bytes(uint8_t *dst, const void *bytes, size_t len_bytes)
{
	memcpy(dst, bytes, len_bytes);
	return dst + len_bytes;
}

static uint8_t *put_keys(uint8_t *dst, const uint32_t *keys, size_t nr)
{
	size_t i = 0;

	for (; i < nr && keys[i] < 0x80; i++)
		*dst++ = (uint8_t)keys[i];
	for (; i < nr; i++)
		dst = rio_varint_put(dst, keys[i]);
	return dst;
}

static uint8_t *put_tensor(const struct rio_tensor *t, const struct rio_image *image,
	uint8_t *dst)
{
	if (image->nr_values) {
		dst = rio_field_put_head(dst, TENSOR_VALUES, image->values_bytes);
		dst = t->dtype == RIO_INT32
			      ? put_int32(dst, image->values, image->nr_values)
			      : put_bytes(dst, image->values, image->values_bytes);
	}
	if (!t->sparse)
		return dst;
	if (image->nr_values) {
		dst = rio_field_put_head(dst, TENSOR_KEYS, image->keys_bytes);
		dst = put_keys(dst, image->keys, image->nr_values);
	}
	dst = rio_field_put_head(dst, TENSOR_SHAPE, rio_varint_bytes(t->width));
	return rio_varint_put(dst, t->width);
}

uint8_t *rio_tensor_put(const struct rio_tensor *t, const struct rio_image *image, uint8_t *dst)
{
	dst = rio_field_put_head(dst, t->map, image->entry_bytes);
	dst = rio_field_put_head(dst, ENTRY_KEY, t->key_bytes);
	dst = put_bytes(dst, t->key, t->key_bytes);
	dst = rio_field_put_head(dst, ENTRY_VALUE, image->value_bytes);
	dst = rio_field_put_head(dst, value_field(t), image->tensor_bytes);
	if (!t->is_bytes)
		return put_tensor(t, image, dst);
	dst = rio_field_put_head(dst, BYTES_VALUE, image->values_bytes);
	return put_bytes(dst, image->values, image->values_bytes);
}
