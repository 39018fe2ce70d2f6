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

/*
 * Four values at a time, in what every compiler makes of vectors.  A comparison is -1 in
 * each lane where it holds: sums of them count.
 */
typedef double doubles __attribute__((vector_size(16)));
typedef int32_t ints __attribute__((vector_size(16)));
typedef int64_t masks __attribute__((vector_size(16)));

#define LANES(ints_or_doubles) (sizeof(ints_or_doubles) / sizeof((ints_or_doubles){0}[0]))

/*
 * A whole number that 51 bits hold, added to 2^52 + 2^51, stands in the sum's lower bits
 * as it is; and what is not whole is another number once that is taken off again.
 */
static inline ints lower_bits(doubles value, masks *wrong)
{
	const doubles shift = {0x1.8p52, 0x1.8p52};
	const doubles most = {INT32_MAX, INT32_MAX}, least = {INT32_MIN, INT32_MIN};
	doubles sum = value + shift;

	*wrong += (sum - shift != value) | (value > most) | (value < least);
	return (ints)sum;
}

bool rio_tensor_to_int32(const double *values, size_t nr, int32_t *out)
{
	masks wrong = {0};
	bool fine = true;
	size_t i = 0;

	for (; nr - i >= LANES(ints); i += LANES(ints)) {
		doubles low, high;
		ints four;

		memcpy(&low, values + i, sizeof(low));
		memcpy(&high, values + i + LANES(doubles), sizeof(high));
		four = __builtin_shufflevector(lower_bits(low, &wrong), lower_bits(high, &wrong),
			0, 2, 4, 6);
		memcpy(out + i, &four, sizeof(four));
	}
	for (; i < nr; i++) {
		fine &= rio_is_int32(values[i]);
		out[i] = rio_is_int32(values[i]) ? (int32_t)values[i] : 0;
	}
	return fine && !(wrong[0] | wrong[1]);
}

/* Of int32 values as varints. */
static size_t int32_bytes(const int32_t *values, size_t nr)
{
	ints less = {0};
	size_t sum = nr, i = 0;

	for (; nr - i >= LANES(ints); i += LANES(ints)) {
		ints four;

		memcpy(&four, values + i, sizeof(four));
		less += (four >= 1 << 7) + (four >= 1 << 14) + (four >= 1 << 21) +
			(four >= 1 << 28) + (four < 0) + (four < 0) * 8;
	}
	for (size_t k = 0; k < LANES(ints); k++)
		sum -= (size_t)(int64_t)less[k];
	for (; i < nr; i++)
		sum += rio_varint_bytes((uint64_t)(int64_t)values[i]) - 1;
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

/* Whether eight values are all from 0 to 127: a byte each, as small numbers are. */
static inline bool eight_are_bytes(const int32_t *values)
{
	uint64_t pairs[4];

	memcpy(pairs, values, sizeof(pairs));
	return ((pairs[0] | pairs[1] | pairs[2] | pairs[3]) & UINT64_C(0xffffff80ffffff80)) == 0;
}

static uint8_t *put_int32(uint8_t *dst, const int32_t *values, size_t nr)
{
	size_t i = 0;

	for (; nr - i >= 8; i += 8) {
		if (eight_are_bytes(values + i)) {
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
