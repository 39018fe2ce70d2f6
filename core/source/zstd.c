/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zstandard.  A frame can be entered at its begin alone, so random access is as good
 * as the frames are small: pzstd and the tools of the seekable format make small
 * ones, zstd itself a single one of the whole file.  Skippable frames, such as a
 * seek table, hold no text; the pass over the frames finds all that a table says.
 *
 * A frame's window is what a decoder must remember, and the frame says how much
 * that is.  8 MiB, what the format's RFC asks every decoder for, is what all levels
 * up to 19 need at most; frames that want more are refused, since each of several
 * threads would need as much.
 *
 * Rejected: going through frames by their headers alone (ZSTD_findFrameCompressedSize)
 * and trusting the lengths that they claim: the rows must be counted anyway.
 */
#include "source/codec.h"

#include "base/util.h"

#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 23

struct zstd_decoder {
	struct rio_decoder base;
	ZSTD_DCtx *context;
};

static bool zstd_is_head(const uint8_t *head, size_t len_bytes)
{
	static const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd}, skippable[] = {0x2a, 0x4d, 0x18};

	return len_bytes >= sizeof(frame) &&
	       (memcmp(head, frame, sizeof(frame)) == 0 ||
		       ((head[0] & 0xf0) == 0x50 &&
			       memcmp(head + 1, skippable, sizeof(skippable)) == 0));
}

static int zstd_create(struct rio_decoder **ret, struct rio_error *err)
{
	struct zstd_decoder *z = calloc(1, sizeof(*z));

	if (z)
		z->context = ZSTD_createDCtx();
	if (!z || !z->context ||
		ZSTD_isError(ZSTD_DCtx_setParameter(z->context, ZSTD_d_windowLogMax,
			WINDOW_LOG_MAX))) {
		if (z)
			ZSTD_freeDCtx(z->context);
		free(z);
		return rio_fail(err, RIO_ENOMEM, "no memory to decompress with");
	}
	z->base.codec = &rio_codec_zstd;
	*ret = &z->base;
	return 0;
}

static void zstd_destroy(struct rio_decoder *decoder)
{
	ZSTD_freeDCtx(((struct zstd_decoder *)decoder)->context);
	free(decoder);
}

static int zstd_begin(struct rio_decoder *decoder, const struct rio_codec_entry *entry,
	struct rio_error *err)
{
	ZSTD_DCtx_reset(((struct zstd_decoder *)decoder)->context, ZSTD_reset_session_only);
	return 0;
}

static int zstd_step(struct rio_decoder *d, bool stop_at_entries, struct rio_error *err)
{
	ZSTD_inBuffer in = {d->in, d->in_bytes, 0};
	ZSTD_outBuffer out = {d->out, d->out_bytes, 0};
	size_t r = ZSTD_decompressStream(((struct zstd_decoder *)d)->context, &out, &in);

	d->in += in.pos;
	d->in_bytes -= in.pos;
	d->out += out.pos;
	d->out_bytes -= out.pos;
	if (!ZSTD_isError(r))
		return r == 0 ? RIO_DECODED_MEMBER : RIO_DECODED_SOME;
	switch (ZSTD_getErrorCode(r)) {
	case ZSTD_error_memory_allocation:
		return rio_fail(err, RIO_ENOMEM, "no memory to decompress with");
	case ZSTD_error_frameParameter_windowTooLarge:
		return rio_fail(err, RIO_ESCHEMA, "needs a window of more than %d MiB: "
			"compress it anew, with level 19 at most and without --long",
			(1 << WINDOW_LOG_MAX) >> 20);
	default:
		return rio_fail(err, RIO_EDAMAGED, "%s", ZSTD_getErrorName(r));
	}
}

const struct rio_codec rio_codec_zstd = {
	.name = "zstd",
	.ending = ".zst",
	.id = 2,
	.state_bytes = (1 << WINDOW_LOG_MAX) + 512 * RIO_KIB,
	.remedy = "compress it anew in smaller frames, for instance with pzstd",
	.is_head = zstd_is_head,
	.create = zstd_create,
	.destroy = zstd_destroy,
	.begin = zstd_begin,
	.step = zstd_step,
};
