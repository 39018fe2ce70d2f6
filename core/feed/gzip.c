/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/gzip.h"

#include "base/grow.h"
#include "base/util.h"

#include <string.h>
#include <zlib.h>

/* Quick, as the text is read once, from a pipe; records of floats hardly get smaller by more. */
#define LEVEL 1

/* So much at a time, as zlib counts in 32 bits. */
#define STEP_BYTES RIO_MIB

/* deflate, no name, no time, system unknown. */
const uint8_t rio_gzip_head[RIO_GZIP_HEAD_BYTES] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

/* A last block that holds nothing, with fixed codes. */
static const uint8_t last_block[] = {3, 0};

struct rio_deflater {
	z_stream z;
};

int rio_deflater_create(struct rio_deflater **ret, struct rio_error *err)
{
	struct rio_deflater *deflater = calloc(1, sizeof(*deflater));

	if (!deflater || deflateInit2(&deflater->z, LEVEL, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
				 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(deflater);
		return rio_fail(err, RIO_ENOMEM, "no memory to compress with");
	}
	*ret = deflater;
	return 0;
}

void rio_deflater_destroy(struct rio_deflater *deflater)
{
	if (!deflater)
		return;
	deflateEnd(&deflater->z);
	free(deflater);
}

/* Deflate all input, and end at a byte. */
static int flush(z_stream *z, struct rio_gzip_part *part, struct rio_error *err)
{
	do {
		size_t room = deflateBound(z, z->avail_in) + RIO_GZIP_TAIL_BYTES;
		int r = rio_grow(&part->bytes, &part->room, part->len_bytes + room, err);

		if (r < 0)
			return r;
		z->next_out = part->bytes + part->len_bytes;
		z->avail_out = (uInt)room;
		deflate(z, Z_SYNC_FLUSH);
		part->len_bytes += room - z->avail_out;
	} while (z->avail_out == 0);
	return 0;
}

int rio_deflater_run(struct rio_deflater *deflater, const uint8_t *text, size_t text_bytes,
	struct rio_gzip_part *ret, struct rio_error *err)
{
	z_stream *z = &deflater->z;
	int r = 0;

	ret->len_bytes = 0;
	ret->text_bytes = text_bytes;
	ret->crc = (uint32_t)crc32_z(0, text, text_bytes);
	deflateReset(z);
	for (size_t done = 0; done < text_bytes && r == 0; done += STEP_BYTES) {
		z->next_in = (Bytef *)(uintptr_t)(text + done);
		z->avail_in = (uInt)RIO_MIN(text_bytes - done, STEP_BYTES);
		r = flush(z, ret, err);
	}
	return r;
}

void rio_gzip_sum_add(struct rio_gzip_sum *sum, const struct rio_gzip_part *part)
{
	sum->crc = (uint32_t)crc32_combine(sum->crc, part->crc, (z_off_t)part->text_bytes);
	sum->text_bytes += part->text_bytes;
}

void rio_gzip_sum_tail(const struct rio_gzip_sum *sum, uint8_t ret[RIO_GZIP_TAIL_BYTES])
{
	uint32_t crc = sum->crc, len_bytes = (uint32_t)sum->text_bytes;

	memcpy(ret, last_block, sizeof(last_block));
	for (int i = 0; i < 4; i++) {
		ret[2 + i] = (uint8_t)(crc >> 8 * i);
		ret[6 + i] = (uint8_t)(len_bytes >> 8 * i);
	}
}
