/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip by zlib.  A member is a header, deflate blocks, and a trailer with the CRC-32
 * and the length of what it holds:
 *
 *	| header | block | block | … | last block | CRC-32 | length | next member …
 *	^ member           ^ entry: any bit of a byte
 *
 * A member that is decoded from its begin goes through zlib's gzip reader, which
 * checks all three.  One that is entered at a block is bare deflate with the window
 * given to it: its trailer speaks of bytes that were not seen, and is stepped over.
 * The pass that found the entry has checked it.
 */
#include "source/codec.h"

#include "base/util.h"
#include "source/gzip_entry.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

/* zlib's words for "32 KiB of window", with a gzip header and without any. */
#define WRAPPED_BITS (MAX_WBITS + 16)
#define RAW_BITS     (-MAX_WBITS)

/* In z_stream.data_type: where inflate has stopped. */
#define AT_BLOCK_END   128
#define IN_LAST_BLOCK  64
#define UNUSED_BITS    7

struct gzip_decoder {
	struct rio_decoder base;
	z_stream z;
	struct rio_gzip_entry entry;
};

static bool gzip_is_head(const uint8_t *head, size_t len_bytes)
{
	return len_bytes >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == Z_DEFLATED;
}

static int gzip_create(struct rio_decoder **ret, struct rio_error *err)
{
	struct gzip_decoder *g = calloc(1, sizeof(*g));

	if (!g || inflateInit2(&g->z, WRAPPED_BITS) != Z_OK) {
		free(g);
		return rio_fail(err, RIO_ENOMEM, "no memory to decompress with");
	}
	g->base.codec = &rio_codec_gzip;
	*ret = &g->base;
	return 0;
}

static void gzip_destroy(struct rio_decoder *decoder)
{
	struct gzip_decoder *g = (struct gzip_decoder *)decoder;

	inflateEnd(&g->z);
	free(g);
}

static int gzip_begin(struct rio_decoder *decoder, const struct rio_codec_entry *entry,
	struct rio_error *err)
{
	struct gzip_decoder *g = (struct gzip_decoder *)decoder;

	rio_gzip_entry_begin(&g->entry, entry);
	if (inflateReset2(&g->z, g->entry.raw ? RAW_BITS : WRAPPED_BITS) != Z_OK ||
		(g->entry.raw && inflateSetDictionary(&g->z, entry->window,
				   (uInt)entry->window_bytes) != Z_OK))
		return rio_fail(err, RIO_ENOMEM, "no memory to decompress with");
	return 0;
}

static void prime(struct gzip_decoder *g)
{
	unsigned bits;
	int nr = rio_gzip_take_bits(&g->entry, &g->base, &bits);

	inflatePrime(&g->z, nr, (int)bits);
}

static int inflate_some(struct gzip_decoder *g, bool stop_at_entries)
{
	struct rio_decoder *d = &g->base;
	int r;

	g->z.next_in = (Bytef *)d->in;
	g->z.avail_in = (uInt)RIO_MIN(d->in_bytes, (size_t)INT_MAX);
	g->z.next_out = d->out;
	g->z.avail_out = (uInt)RIO_MIN(d->out_bytes, (size_t)INT_MAX);
	r = inflate(&g->z, stop_at_entries ? Z_BLOCK : Z_NO_FLUSH);
	d->in_bytes -= (size_t)(g->z.next_in - d->in);
	d->in = g->z.next_in;
	d->out_bytes -= (size_t)(g->z.next_out - d->out);
	d->out = g->z.next_out;
	return r;
}

static int gzip_step(struct rio_decoder *decoder, bool stop_at_entries, struct rio_error *err)
{
	struct gzip_decoder *g = (struct gzip_decoder *)decoder;
	int r;

	if (g->entry.trailer_left)
		return rio_gzip_skip_trailer(&g->entry, &g->base);
	if (g->entry.skip_bits && !g->base.in_bytes)
		return RIO_DECODED_SOME;
	if (g->entry.skip_bits)
		prime(g);
	r = inflate_some(g, stop_at_entries);
	switch (r) {
	case Z_STREAM_END:
		if (!g->entry.raw)
			return RIO_DECODED_MEMBER;
		g->entry.trailer_left = RIO_GZIP_TRAILER_BYTES;
		return rio_gzip_skip_trailer(&g->entry, &g->base);
	case Z_OK:
	case Z_BUF_ERROR: /* nothing could be done: no input, or no room */
		return stop_at_entries && (g->z.data_type & AT_BLOCK_END) &&
				       !(g->z.data_type & IN_LAST_BLOCK)
			       ? RIO_DECODED_ENTRY
			       : RIO_DECODED_SOME;
	case Z_MEM_ERROR:
		return rio_fail(err, RIO_ENOMEM, "no memory to decompress with");
	default:
		return rio_fail(err, RIO_EDAMAGED, "%s", g->z.msg ? g->z.msg : "invalid data");
	}
}

static size_t gzip_window(struct rio_decoder *decoder, uint8_t window[RIO_WINDOW_BYTES_MAX],
	unsigned *ret_bits_before)
{
	struct gzip_decoder *g = (struct gzip_decoder *)decoder;
	uInt len_bytes = 0;

	*ret_bits_before = (unsigned)g->z.data_type & UNUSED_BITS;
	return inflateGetDictionary(&g->z, window, &len_bytes) == Z_OK ? len_bytes : 0;
}

const struct rio_codec rio_codec_gzip = {
	.name = "gzip",
	.ending = ".gz",
	.id = 1,
	.state_bytes = 192 * RIO_KIB, /* a state and window of 90 KiB at most, 64 KiB of input */
	.remedy = "compress it anew with gzip",
#ifdef RIO_HAVE_ISAL
	.reader = &rio_codec_igzip,
#endif
	.zeros_may_follow = true,
	.is_head = gzip_is_head,
	.create = gzip_create,
	.destroy = gzip_destroy,
	.begin = gzip_begin,
	.step = gzip_step,
	.window = gzip_window,
};
