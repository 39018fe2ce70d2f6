/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers' wire format, as far as records need it: varints, and fields that
 * begin with their length.  proto/record.proto says which field is which.
 */
#ifndef RIO_RECORD_WIRE_H
#define RIO_RECORD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tags of one byte: a field's number and that it begins with its length. */
#define RIO_WIRE_TAG(number) ((uint8_t)((number) << 3 | 2))

/* Of any value: seven bits to a byte, rounded up; 9/64 is 1/7 for as few as there are. */
static inline size_t rio_varint_bytes_any(uint64_t value)
{
	return (size_t)(9 * (64 - __builtin_clzll(value | 1)) + 64) / 64;
}

/* The same of one that is most often below 128, as lengths are: foreseen, it costs nothing. */
static inline size_t rio_varint_bytes(uint64_t value)
{
	return value < 0x80 ? 1 : rio_varint_bytes_any(value);
}

static inline uint8_t *rio_varint_put(uint8_t *dst, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*dst++ = (uint8_t)(value | 0x80);
	*dst++ = (uint8_t)value;
	return dst;
}

/* The varint at *p, which is then behind it; false where none of 64 bits ends before end. */
static inline bool rio_varint_take(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
		uint8_t byte = *(*p)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* A field of len_bytes, its tag and its length included. */
static inline size_t rio_field_bytes(size_t len_bytes)
{
	return 1 + rio_varint_bytes(len_bytes) + len_bytes;
}

static inline uint8_t *rio_field_put_head(uint8_t *dst, unsigned number, size_t len_bytes)
{
	*dst++ = RIO_WIRE_TAG(number);
	return rio_varint_put(dst, len_bytes);
}

#endif
