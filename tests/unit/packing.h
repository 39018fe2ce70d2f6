/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of compressed sources share: texts, and gzip files of them in memory. */
#ifndef TESTS_PACKING_H
#define TESTS_PACKING_H

#include "unit.h"

#include <zlib.h>
#ifdef RIO_HAVE_ZSTD
#include <zstd.h>
#endif

/* Bytes that grow. */
struct packing {
	uint8_t *bytes;
	size_t len_bytes;
};

static inline void packing_add(struct packing *p, const void *bytes, size_t len_bytes)
{
	p->bytes = realloc(p->bytes, p->len_bytes + len_bytes + 1);
	assert_non_null(p->bytes);
	if (len_bytes)
		memcpy(p->bytes + p->len_bytes, bytes, len_bytes);
	p->len_bytes += len_bytes;
}

/* Add a gzip member of the text, with a new block behind its first bytes where wanted. */
static inline void packing_add_blocks(struct packing *p, const void *text, size_t first_bytes,
	size_t len_bytes, int level)
{
	z_stream z = {0};
	uLong room;
	uint8_t *out;

	assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, MAX_WBITS + 16, 8,
		Z_DEFAULT_STRATEGY), Z_OK);
	room = deflateBound(&z, len_bytes) + 100;
	out = malloc(room);
	assert_non_null(out);
	z.next_in = (Bytef *)(uintptr_t)text;
	z.avail_in = (uInt)first_bytes;
	z.next_out = out;
	z.avail_out = (uInt)room;
	if (first_bytes)
		assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
	z.avail_in = (uInt)(len_bytes - first_bytes);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	packing_add(p, out, z.total_out);
	deflateEnd(&z);
	free(out);
}

/* Add a gzip member of the text. */
static inline void packing_add_gzip(struct packing *p, const void *text, size_t len_bytes,
	int level)
{
	packing_add_blocks(p, text, 0, len_bytes, level);
}

#ifdef RIO_HAVE_ZSTD
/* Add a zstd frame of the text, with a checksum. */
static inline void packing_add_zstd(struct packing *p, const void *text, size_t len_bytes,
	int level, int window_log)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(len_bytes), n;
	uint8_t *out = malloc(room);
	ZSTD_outBuffer to = {out, room, 0};
	ZSTD_inBuffer from = {text, len_bytes, 0};

	assert_non_null(out);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
	n = ZSTD_compressStream2(context, &to, &from, ZSTD_e_end);
	assert_int_equal(n, 0);
	packing_add(p, out, to.pos);
	ZSTD_freeCCtx(context);
	free(out);
}
#endif

/* Rows of random numbers: text that deflate takes to a third. */
static inline void rnd_table(uint64_t *seed, uint8_t *p, size_t n)
{
	size_t column = 0;

	for (size_t i = 0; i < n;) {
		char cell[32];
		uint64_t value = rnd(seed) >> (rnd(seed) % 64);
		int len = snprintf(cell, sizeof(cell), "%.6g%c", (double)(value % 1000000) / 1000,
			++column % 8 ? ',' : '\n');

		len = (int)RIO_MIN((size_t)len, n - i);
		memcpy(p + i, cell, (size_t)len);
		i += (size_t)len;
	}
}

#endif
