/* SPDX-License-Identifier: Apache-2.0 */
#include "record/shift.h"

#include "record/frame.h"

#include <string.h>

/* What protobuf's readers take for a length at most. */
#define LENGTH_BYTES_MAX 5

int rio_shift_find(const uint8_t *payload, size_t payload_bytes)
{
	static const uint8_t magic[4] = {RIO_FRAME_MAGIC & 0xff, RIO_FRAME_MAGIC >> 8 & 0xff,
		RIO_FRAME_MAGIC >> 16 & 0xff, RIO_FRAME_MAGIC >> 24};
	const uint8_t *end = payload + payload_bytes, *p = payload;
	unsigned places = 0; /* bit i: one stands at 4 n + i */

	/* Frames begin at multiples of 4, and so do payloads: their own offsets tell. */
	_Static_assert(RIO_FRAME_HEAD_BYTES % 4 == 0, "the payload begins at a multiple of 4");
	while ((p = memmem(p, (size_t)(end - p), magic, sizeof(magic)))) {
		places |= 1u << ((p - payload) % 4);
		p++;
	}
	for (int shift = 0; shift <= RIO_SHIFT_BYTES_MAX; shift++)
		if (!(places & 1u << ((4 - shift) % 4)))
			return shift;
	return -1;
}

/* Write the varint at p, of len_bytes, with shift bytes more. */
static uint8_t *put_longer(uint8_t *dst, const uint8_t *p, size_t len_bytes, int shift)
{
	memcpy(dst, p, len_bytes);
	dst += len_bytes;
	dst[-1] |= 0x80;
	for (int i = 1; i < shift; i++)
		*dst++ = 0x80;
	*dst++ = 0;
	return dst;
}

void rio_shift_put(const uint8_t *payload, size_t payload_bytes, int shift, uint8_t *dst)
{
	size_t head_bytes = 1; /* the tag, then the length */
	uint8_t *out = dst;

	if (shift == 0) {
		memcpy(dst, payload, payload_bytes);
		return;
	}
	while (payload[head_bytes++] & 0x80)
		;
	if (head_bytes - 1 + (size_t)shift <= LENGTH_BYTES_MAX) {
		*out++ = payload[0];
		out = put_longer(out, payload + 1, head_bytes - 1, shift);
	} else {
		out = put_longer(out, payload, 1, shift);
		memcpy(out, payload + 1, head_bytes - 1);
		out += head_bytes - 1;
	}
	memcpy(out, payload + head_bytes, payload_bytes - head_bytes);
}
