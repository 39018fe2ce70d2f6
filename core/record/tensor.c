/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops over a row's values that variable records need beside the kernels': which
 * are zero, and int32 as varints.  How long those are is known no sooner than they are
 * made, so they are made when the image is, and the record copies them.
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

#include <endian.h>
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

/* Whether eight values are all from 0 to 127: a byte each, as small numbers are. */
static inline bool eight_are_bytes(const int32_t *values)
{
	uint64_t pairs[4];

	memcpy(pairs, values, sizeof(pairs));
	return ((pairs[0] | pairs[1] | pairs[2] | pairs[3]) & UINT64_C(0xffffff80ffffff80)) == 0;
}

/* A varint, and maybe some bytes behind it, which the next one overwrites. */
static inline uint8_t *put_loosely(uint8_t *dst, int32_t value)
{
	uint64_t v = (uint32_t)value, nr_bytes = rio_varint_bytes_any(v);

	if (rio_unlikely(value < 0))
		return rio_varint_put(dst, (uint64_t)(int64_t)value);
	v = (v & 0x7f) | (v & 0x7f << 7) << 1 | (v & 0x7f << 14) << 2 | (v & 0x7f << 21) << 3 |
	    v >> 28 << 32;
	v = htole64(v | (UINT64_C(0x8080808080) & ((UINT64_C(1) << 8 * (nr_bytes - 1)) - 1)));
	memcpy(dst, &v, sizeof(v));
	return dst + nr_bytes;
}

/* Write values as varints to a room of rio_varints_room.  Returns their length. */
static size_t put_varints(const int32_t *values, size_t nr, uint8_t *room)
{
	uint8_t *dst = room;
	size_t i = 0;

	for (; nr - i >= 8; i += 8) {
		if (eight_are_bytes(values + i)) {
			for (size_t k = 0; k < 8; k++)
				dst[k] = (uint8_t)values[i + k];
			dst += 8;
			continue;
		}
		for (size_t k = 0; k < 8; k++)
			dst = put_loosely(dst, values[i + k]);
	}
	for (; i < nr; i++)
		dst = put_loosely(dst, values[i]);
	return (size_t)(dst - room);
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

/* From the lengths of values and keys to those of what they stand in. */
static size_t measure_from_within(const struct rio_tensor *t, struct rio_image *image)
{
	size_t tensor = 0;

	if (t->is_bytes || image->nr_values)
		tensor += rio_field_bytes(image->values_bytes);
	if (t->sparse) {
		image->keys_bytes = keys_bytes(image->keys, image->nr_values);
		if (image->nr_values)
			tensor += rio_field_bytes(image->keys_bytes);
		tensor += rio_field_bytes(rio_varint_bytes(t->width));
	}
	image->tensor_bytes = tensor;
	image->value_bytes = rio_field_bytes(tensor);
	image->entry_bytes = rio_field_bytes(t->key_bytes) + rio_field_bytes(image->value_bytes);
	return rio_field_bytes(image->entry_bytes);
}

/* Whether the image's head is the prepared one, but for lengths of a byte each. */
static inline bool is_prepared(const struct rio_tensor *t, const struct rio_image *image)
{
	return t->head && (image->values_bytes == t->usual_bytes ||
				  image->values_bytes <= t->short_bytes_max);
}

size_t rio_tensor_measure(const struct rio_tensor *t, struct rio_image *image)
{
	size_t nr = image->nr_values;

	if (t->is_bytes)
		image->values_bytes = nr;
	else
		image->values_bytes = t->dtype == RIO_INT32
					      ? put_varints(image->values, nr, image->varints)
					      : nr * rio_value_bytes(t->dtype);
	return is_prepared(t, image) ? t->head_bytes + image->values_bytes
				     : measure_from_within(t, image);
}

/* To a room that ends at end.  Few bytes are copied with some more: their number varies. */
static inline uint8_t *put_bytes(uint8_t *dst, const uint8_t *end, const void *bytes,
	size_t len_bytes)
{
	if (len_bytes <= RIO_TENSOR_SLACK_BYTES && end - dst >= RIO_TENSOR_SLACK_BYTES)
		memcpy(dst, bytes, RIO_TENSOR_SLACK_BYTES);
	else
		memcpy(dst, bytes, len_bytes);
	return dst + len_bytes;
}

static uint8_t *put_keys(uint8_t *dst, const uint32_t *keys, size_t nr)
{
	size_t nr_bytes = nr;

	/* They rise: small ones come first. */
	while (nr_bytes && keys[nr_bytes - 1] >= 0x80)
		nr_bytes--;
	for (size_t i = 0; i < nr_bytes; i++)
		*dst++ = (uint8_t)keys[i];
	for (size_t i = nr_bytes; i < nr; i++)
		dst = rio_varint_put(dst, keys[i]);
	return dst;
}

/* All that stands before the values. */
static uint8_t *put_head(const struct rio_tensor *t, const struct rio_image *image, uint8_t *dst)
{
	dst = rio_field_put_head(dst, t->map, image->entry_bytes);
	dst = rio_field_put_head(dst, ENTRY_KEY, t->key_bytes);
	dst = mempcpy(dst, t->key, t->key_bytes);
	dst = rio_field_put_head(dst, ENTRY_VALUE, image->value_bytes);
	dst = rio_field_put_head(dst, value_field(t), image->tensor_bytes);
	if (t->is_bytes || image->nr_values)
		dst = rio_field_put_head(dst, t->is_bytes ? BYTES_VALUE : TENSOR_VALUES,
			image->values_bytes);
	return dst;
}

/*
 * The prepared head.  Where it is short its lengths stand at known places:
 *
 *	tag LEN tag len key tag LEN tag LEN tag LEN | values
 */
static uint8_t *put_prepared(const struct rio_tensor *t, const struct rio_image *image,
	uint8_t *dst, const uint8_t *room_end)
{
	uint8_t more = (uint8_t)(image->values_bytes - t->usual_bytes);
	uint8_t *end = put_bytes(dst, room_end, t->head, t->head_bytes);

	if (more) {
		dst[1] += more;
		end[-5] += more;
		end[-3] += more;
		end[-1] += more;
	}
	return end;
}

/* What a sparse row has behind its values. */
static uint8_t *put_places(const struct rio_tensor *t, const struct rio_image *image,
	uint8_t *dst)
{
	if (image->nr_values) {
		dst = rio_field_put_head(dst, TENSOR_KEYS, image->keys_bytes);
		dst = put_keys(dst, image->keys, image->nr_values);
	}
	dst = rio_field_put_head(dst, TENSOR_SHAPE, rio_varint_bytes(t->width));
	return rio_varint_put(dst, t->width);
}

uint8_t *rio_tensor_put(const struct rio_tensor *t, const struct rio_image *image, uint8_t *dst,
	const uint8_t *end)
{
	bool has_varints = t->dtype == RIO_INT32 && !t->is_bytes;

	dst = is_prepared(t, image) ? put_prepared(t, image, dst, end) : put_head(t, image, dst);
	dst = put_bytes(dst, end, has_varints ? image->varints : image->values,
		image->values_bytes);
	return t->sparse ? put_places(t, image, dst) : dst;
}

bool rio_tensor_prepare(struct rio_tensor *t)
{
	size_t each = t->dtype == RIO_INT32 ? 1 : rio_value_bytes(t->dtype);
	size_t nr = t->is_bytes ? 0 : t->width;
	struct rio_image image = {.nr_values = nr, .values_bytes = nr * each};

	if (t->sparse)
		return true;
	t->usual_bytes = image.values_bytes;
	t->head_bytes = measure_from_within(t, &image) - t->usual_bytes;
	if (image.entry_bytes < 0x80)
		t->short_bytes_max = 0x7f - image.entry_bytes + t->usual_bytes;
	t->head = malloc(t->head_bytes + RIO_TENSOR_SLACK_BYTES);
	if (t->head)
		put_head(t, &image, t->head);
	return t->head;
}

void rio_tensor_deinit(struct rio_tensor *t)
{
	free(t->head);
	t->head = NULL;
}
