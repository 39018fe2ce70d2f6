/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RecordIO's frame: a magic, a length, the payload, zeros up to a multiple of 4.
 * proto/FORMAT.md draws it.  The length's upper three bits (dmlc's continuation
 * flag) stay zero: most readers do not know them.
 */
#ifndef RIO_RECORD_FRAME_H
#define RIO_RECORD_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define RIO_FRAME_MAGIC             UINT32_C(0xced7230a)
#define RIO_FRAME_HEAD_BYTES        8
#define RIO_FRAME_PAYLOAD_BYTES_MAX ((UINT32_C(1) << 29) - 1)

/* Zeros behind a payload. */
static inline size_t rio_frame_pad_bytes(size_t payload_bytes)
{
	return -payload_bytes % 4;
}

/* Bytes of the whole frame around a payload. */
static inline size_t rio_frame_bytes(size_t payload_bytes)
{
	return RIO_FRAME_HEAD_BYTES + payload_bytes + rio_frame_pad_bytes(payload_bytes);
}

static inline void rio_frame_put_u32(uint8_t *dst, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		dst[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t rio_frame_get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void rio_frame_put_head(uint8_t *dst, size_t payload_bytes)
{
	rio_frame_put_u32(dst, RIO_FRAME_MAGIC);
	rio_frame_put_u32(dst + 4, (uint32_t)payload_bytes);
}

#endif
