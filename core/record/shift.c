/* SPDX-License-Identifier: Apache-2.0 */
#include "record/shift.h"

#include "record/frame.h"
#include "record/wire.h"

#include <string.h>

#define SHIFT_BYTES_MAX 3

/* What protobuf's readers take for a length at most. */
#define LENGTH_BYTES_MAX 5

/* Frames begin at multiples of 4, and so do payloads: their own offsets tell. */
_Static_assert(RIO_FRAME_HEAD_BYTES % 4 == 0, "the payload begins at a multiple of 4");

static const uint8_t magic[4] = {RIO_FRAME_MAGIC & 0xff, RIO_FRAME_MAGIC >> 8 & 0xff,
	RIO_FRAME_MAGIC >> 16 & 0xff, RIO_FRAME_MAGIC >> 24};

/* A field of the payload: a tag of one byte, a length, and what it is the length of. */
struct field {
	const uint8_t *begin, *content, *end;
};

static struct field field_at(const uint8_t *p, const uint8_t *payload_end)
{
	struct field f = {.begin = p, .content = p + 1};
	uint64_t len_bytes = 0;

	rio_varint_take(&f.content, payload_end, &len_bytes);
	f.end = f.content + len_bytes;
	return f;
}

/* By how much to shift a field that would stand at off; -1 where nothing helps. */
static int shift_of(const struct field *f, size_t off)
{
	unsigned places = 0; /* bit i: one stands at 4 n + i */

	for (const uint8_t *p = f->begin;
		(p = memmem(p, (size_t)(f->end - p), magic, sizeof(magic))); p++)
		places |= 1u << (off + (size_t)(p - f->begin)) % 4;
	for (int shift = 0; shift <= SHIFT_BYTES_MAX; shift++)
		if (!(places & 1u << (4 - shift) % 4))
			return shift;
	return -1;
}

size_t rio_shift_bytes(const uint8_t *payload, size_t payload_bytes)
{
	const uint8_t *end = payload + payload_bytes;
	size_t off = 0;

	if (!memmem(payload, payload_bytes, magic, sizeof(magic)))
		return payload_bytes;
	for (const uint8_t *p = payload; p < end;) {
		struct field f = field_at(p, end);
		int shift = shift_of(&f, off);

		if (shift < 0)
			return 0;
		off += (size_t)(f.end - f.begin) + (size_t)shift;
		p = f.end;
	}
	return off;
}

/* Write the varint in [p, end) with shift bytes more. */
static uint8_t *put_varint(uint8_t *dst, const uint8_t *p, const uint8_t *end, int shift)
{
	dst = mempcpy(dst, p, (size_t)(end - p));
	if (shift == 0)
		return dst;
	dst[-1] |= 0x80;
	for (int i = 1; i < shift; i++)
		*dst++ = 0x80;
	*dst++ = 0;
	return dst;
}

static uint8_t *put_field(uint8_t *dst, const struct field *f, int shift)
{
	bool in_length = f->content - (f->begin + 1) + shift <= LENGTH_BYTES_MAX;

	dst = put_varint(dst, f->begin, f->begin + 1, in_length ? 0 : shift);
	dst = put_varint(dst, f->begin + 1, f->content, in_length ? shift : 0);
	return mempcpy(dst, f->content, (size_t)(f->end - f->content));
}

void rio_shift_put(const uint8_t *payload, size_t payload_bytes, uint8_t *dst)
{
	const uint8_t *end = payload + payload_bytes;
	uint8_t *out = dst;

	for (const uint8_t *p = payload; p < end;) {
		struct field f = field_at(p, end);

		out = put_field(out, &f, shift_of(&f, (size_t)(out - dst)));
		p = f.end;
	}
}
