/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members follow one another until the source ends.  What else may stand there is
 * decided here, once for all formats:
 *
 *	member | member | end            whole
 *	member | 0 0 0 … 0 | end         whole: tapes and block devices pad (gzip alone)
 *	member | anything else           damaged
 *	member | mem                     damaged: cut short
 *
 * gzip(1) warns of other bytes behind a member and ignores them.  That is no choice
 * here: they may be the next member with a flipped bit in its first bytes, and all
 * rows of it would be missing without an error.
 */
#include "source/unpacker.h"

#include "base/util.h"

#include <string.h>

#define INPUT_BYTES (64 * RIO_KIB)

struct rio_unpacker {
	struct rio_decoder *decoder; /* its in lies in input */
	uint64_t input_end_off;      /* of input's end, in the source */
	uint64_t member_off;         /* where the present member, or the entry, begins */
	bool in_member;
	uint8_t input[INPUT_BYTES];
};

int rio_unpacker_create(const struct rio_codec *codec, uint64_t bit, const uint8_t *window,
	size_t window_bytes, struct rio_unpacker **ret, struct rio_error *err)
{
	const struct rio_codec_entry entry = {
		.window = window, .window_bytes = window_bytes, .skip_bits = (unsigned)(bit % 8)};
	struct rio_unpacker *u = malloc(sizeof(*u));
	int r = u ? codec->create(&u->decoder, err)
		  : rio_fail(err, RIO_ENOMEM, "no memory to decompress with");

	if (r < 0) {
		free(u);
		return r;
	}
	u->decoder->in = u->input;
	u->decoder->in_bytes = 0;
	u->input_end_off = u->member_off = bit / 8;
	u->in_member = window_bytes > 0;
	r = u->in_member ? codec->begin(u->decoder, &entry, err) : 0;
	if (r < 0) {
		rio_unpacker_destroy(u);
		return r;
	}
	*ret = u;
	return 0;
}

void rio_unpacker_destroy(struct rio_unpacker *u)
{
	if (!u)
		return;
	u->decoder->codec->destroy(u->decoder);
	free(u);
}

void rio_unpacker_destroyp(struct rio_unpacker **unpacker)
{
	rio_unpacker_destroy(*unpacker);
}

uint64_t rio_unpacker_off(const struct rio_unpacker *u)
{
	return u->input_end_off - u->decoder->in_bytes;
}

size_t rio_unpacker_entry(struct rio_unpacker *u, uint64_t *ret_bit,
	uint8_t window[RIO_WINDOW_BYTES_MAX])
{
	unsigned bits_before = 0;
	size_t len_bytes = u->decoder->codec->window(u->decoder, window, &bits_before);

	*ret_bit = 8 * rio_unpacker_off(u) - bits_before;
	return len_bytes;
}

/* Have at least wanted bytes of input, or all that the source still has. */
static int refill(struct rio_unpacker *u, struct rio_source *source, size_t wanted,
	struct rio_error *err)
{
	struct rio_decoder *d = u->decoder;
	size_t got = 0;
	int r;

	if (d->in_bytes >= wanted)
		return 0;
	memmove(u->input, d->in, d->in_bytes);
	d->in = u->input;
	r = rio_source_read_at(source, u->input_end_off, u->input + d->in_bytes,
		INPUT_BYTES - d->in_bytes, &got, err);
	if (r < 0)
		return r;
	d->in_bytes += got;
	u->input_end_off += got;
	return 0;
}

static int damaged(const struct rio_unpacker *u, const char *what, struct rio_error *err)
{
	return rio_fail(err, RIO_EDAMAGED,
		"the %s member at byte %ju of the compressed file is damaged, at byte %ju: %s",
		u->decoder->codec->name, (uintmax_t)u->member_off,
		(uintmax_t)rio_unpacker_off(u), what);
}

static int beyond_us(const struct rio_unpacker *u, const char *what, struct rio_error *err)
{
	return rio_fail(err, RIO_EDAMAGED, "the %s member at byte %ju of the compressed file %s",
		u->decoder->codec->name, (uintmax_t)u->member_off, what);
}

static int cut_short(const struct rio_unpacker *u, struct rio_error *err)
{
	return rio_fail(err, RIO_EDAMAGED,
		"the %s member at byte %ju of the compressed file is cut short: the file ends at "
		"byte %ju", u->decoder->codec->name, (uintmax_t)u->member_off,
		(uintmax_t)rio_unpacker_off(u));
}

/* Nothing but zeros up to the end, where the format has that. */
static int skip_padding(struct rio_unpacker *u, struct rio_source *source, struct rio_error *err)
{
	struct rio_decoder *d = u->decoder;
	int r = 0;

	while (r == 0 && d->in_bytes && d->codec->zeros_may_follow && *d->in == 0) {
		d->in++;
		d->in_bytes--;
		r = refill(u, source, 1, err);
	}
	if (r < 0 || !d->in_bytes)
		return r;
	return rio_fail(err, RIO_EDAMAGED,
		"byte %ju of the compressed file begins no %s member, and something follows",
		(uintmax_t)rio_unpacker_off(u), d->codec->name);
}

/* Between members: what comes next? */
static int next_member(struct rio_unpacker *u, struct rio_source *source, struct rio_error *err)
{
	struct rio_decoder *d = u->decoder;
	int r = refill(u, source, RIO_CODEC_HEAD_BYTES, err);

	if (r < 0)
		return r;
	if (!d->codec->is_head(d->in, d->in_bytes)) {
		r = rio_unpacker_off(u) ? skip_padding(u, source, err)
			    : rio_fail(err, RIO_EDAMAGED, "the file does not begin like %s",
				      d->codec->name);
		return r < 0 ? r : RIO_UNPACKED_END;
	}
	u->member_off = rio_unpacker_off(u);
	u->in_member = true;
	r = d->codec->begin(d, &(struct rio_codec_entry){0}, err);
	return r < 0 ? r : RIO_UNPACKED_MEMBER;
}

/* Within a member: decode until something is to be told, or the input is used up (-> 0). */
static int run_member(struct rio_unpacker *u, struct rio_source *source, bool stop_at_entries,
	struct rio_error *err)
{
	struct rio_decoder *d = u->decoder;
	struct rio_error why;
	int r = refill(u, source, 1, err);

	if (r < 0)
		return r;
	bool at_end = !d->in_bytes;
	size_t room = d->out_bytes;

	r = d->codec->step(d, stop_at_entries, &why);
	if (r == RIO_EDAMAGED)
		return damaged(u, why.message, err);
	if (r == RIO_ESCHEMA)
		return beyond_us(u, why.message, err);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	if (r == RIO_DECODED_SOME && at_end && d->out_bytes == room && room)
		return cut_short(u, err);
	if (r == RIO_DECODED_MEMBER)
		u->in_member = false;
	return r == RIO_DECODED_ENTRY ? RIO_UNPACKED_ENTRY : 0;
}

int rio_unpacker_run(struct rio_unpacker *u, struct rio_source *source, void *dst,
	size_t len_bytes, bool stop_at_entries, size_t *ret_bytes, struct rio_error *err)
{
	struct rio_decoder *d = u->decoder;
	int r = 0;

	d->out = dst;
	d->out_bytes = len_bytes;
	while (r == RIO_UNPACKED_ROOM && d->out_bytes) {
		r = u->in_member ? run_member(u, source, stop_at_entries, err)
				 : next_member(u, source, err);
		if (r == RIO_UNPACKED_MEMBER && !stop_at_entries)
			r = RIO_UNPACKED_ROOM;
	}
	*ret_bytes = len_bytes - d->out_bytes;
	return r;
}
