/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RecordIO has no checksum and no index, so damage shows only where a magic or a
 * flag is not what it must be.  All frames are multiples of four bytes long: a frame
 * begins at an aligned offset, and behind damage the next aligned magic is as good a
 * guess as there is (it is dmlc's, too).
 *
 * Bytes stay in one window until their frame is known to be good, so that the search
 * begins right behind the place of damage, and not behind what a wrong length claims.
 * The window grows as bytes arrive: a length of 500 MB in a file of 1 KB costs 1 KB.
 *
 * A split record is its payload cut at each aligned magic in it, the magics left out:
 *
 *	payload     | aaaa | 0a 23 d7 ce | bbbb | 0a 23 d7 ce | c |
 *	frames      1: aaaa              2: bbbb              3: c
 */
#include "record/unframe.h"

#include "base/util.h"
#include "record/frame.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PULL_BYTES (256 * RIO_KIB)

/* dmlc's flags. */
enum { WHOLE, FIRST, MIDDLE, LAST };

void rio_unframe_init(struct rio_unframe *unframe, rio_pull *pull, void *pull_data,
	size_t record_bytes_max)
{
	*unframe = (struct rio_unframe){
		.pull = pull, .pull_data = pull_data, .record_bytes_max = record_bytes_max};
}

void rio_unframe_deinit(struct rio_unframe *unframe)
{
	free(unframe->bytes);
	free(unframe->joined);
	*unframe = (struct rio_unframe){0};
}

void rio_unframe_reset(struct rio_unframe *u)
{
	u->begin = u->end = 0;
	u->off = 0;
	u->at_end = false;
	u->pull_result = 0;
}

static int grow(uint8_t **bytes, size_t *room, size_t wanted, struct rio_error *err)
{
	uint8_t *more;

	if (wanted <= *room)
		return 0;
	wanted = RIO_MAX(wanted, 2 * *room);
	more = realloc(*bytes, wanted);
	if (!more)
		return rio_fail(err, RIO_ENOMEM, "no memory for a record of %zu bytes", wanted);
	*bytes = more;
	*room = wanted;
	return 0;
}

/* Room for another pull, at the window's end. */
static int make_room(struct rio_unframe *u, struct rio_error *err)
{
	if (u->room - u->end >= PULL_BYTES)
		return 0;
	if (u->begin)
		memmove(u->bytes, u->bytes + u->begin, u->end - u->begin);
	u->end -= u->begin;
	u->begin = 0;
	return grow(&u->bytes, &u->room, u->end + PULL_BYTES, err);
}

/* See to it that the window holds wanted bytes, or all that are left. */
static int fill(struct rio_unframe *u, size_t wanted, struct rio_error *err)
{
	while (u->end - u->begin < wanted && !u->at_end) {
		size_t n = 0;
		int r = make_room(u, err);

		if (r)
			return r;
		u->pull_result = u->pull(u->pull_data, u->bytes + u->end, u->room - u->end, &n,
			&u->pull_err);
		u->end += n;
		u->at_end = u->pull_result || n == 0;
	}
	return 0;
}

static void use(struct rio_unframe *u, size_t len_bytes)
{
	u->begin += len_bytes;
	u->off += len_bytes;
}

static unsigned flag_of(const uint8_t *frame)
{
	return rio_frame_get_u32(frame + 4) >> 29;
}

static size_t length_of(const uint8_t *frame)
{
	return rio_frame_get_u32(frame + 4) & RIO_FRAME_PAYLOAD_BYTES_MAX;
}

static int fail_at(uint64_t off, enum rio_kind kind, struct rio_error *err, const char *format,
	...) __attribute__((format(printf, 4, 5)));

static int fail_at(uint64_t off, enum rio_kind kind, struct rio_error *err, const char *format,
	...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	rio_fail_row(err, kind, "byte %ju: %s", (uintmax_t)off, what);
	if (err)
		err->src_off = off;
	return RIO_EROW;
}

/* The input ended where more was expected: cut off, or what kept it from being read. */
static int fail_short(const struct rio_unframe *u, struct rio_error *err, const char *expected)
{
	if (u->pull_result) {
		if (err)
			*err = u->pull_err;
		return u->pull_result;
	}
	return fail_at(u->off + (u->end - u->begin), RIO_KIND_FRAME, err,
		"expected %s, found the end", expected);
}

/* The record begins at begin_off, or with this frame: then that is RIO_NO_OFFSET. */
static int check_head(struct rio_unframe *u, uint64_t begin_off, size_t so_far,
	struct rio_error *err)
{
	const uint8_t *p = u->bytes + u->begin;
	unsigned flag;

	if (rio_frame_get_u32(p) != RIO_FRAME_MAGIC)
		return fail_at(u->off, RIO_KIND_FRAME, err,
			"expected the magic 0a 23 d7 ce, found %02x %02x %02x %02x", p[0], p[1],
			p[2], p[3]);
	flag = flag_of(p);
	u->resync_off += 4 * (begin_off == RIO_NO_OFFSET || flag == MIDDLE || flag == LAST);
	if (begin_off == RIO_NO_OFFSET && flag != WHOLE && flag != FIRST)
		return fail_at(u->off + 4, RIO_KIND_FRAME, err,
			"expected flag 0 (a whole record) or 1 (a first part), found %u", flag);
	if (begin_off != RIO_NO_OFFSET && flag != MIDDLE && flag != LAST)
		return fail_at(u->off + 4, RIO_KIND_FRAME, err,
			"expected flag 2 or 3 (a further part of the record at byte %ju), found %u",
			(uintmax_t)begin_off, flag);
	if (so_far > u->record_bytes_max || length_of(p) > u->record_bytes_max - so_far)
		return fail_at(u->off + 4, RIO_KIND_LONG, err,
			"expected a record of %zu bytes at most, found one of %zu or more",
			u->record_bytes_max, so_far + length_of(p));
	return 0;
}

/* The next frame, whole in the window; RIO_UNFRAME_END where there is none. */
static int load_frame(struct rio_unframe *u, uint64_t begin_off, size_t so_far,
	struct rio_error *err)
{
	char expected[64];
	size_t len, wanted;
	int r = fill(u, RIO_FRAME_HEAD_BYTES, err);

	u->resync_off = u->off;
	if (!r && u->end == u->begin && begin_off == RIO_NO_OFFSET && !u->pull_result)
		return RIO_UNFRAME_END;
	if (!r && u->end - u->begin < RIO_FRAME_HEAD_BYTES)
		return fail_short(u, err, "a frame's head of 8 bytes");
	if (!r)
		r = check_head(u, begin_off, so_far, err);
	if (r)
		return r;
	len = length_of(u->bytes + u->begin);
	wanted = rio_frame_bytes(len);
	r = fill(u, wanted, err);
	if (r || u->end - u->begin >= wanted)
		return r;
	snprintf(expected, sizeof(expected), "%zu bytes of payload and padding",
		wanted - RIO_FRAME_HEAD_BYTES);
	return fail_short(u, err, expected);
}

static int join(struct rio_unframe *u, size_t *joined, bool is_first, struct rio_error *err)
{
	const uint8_t *frame = u->bytes + u->begin;
	size_t len = length_of(frame), magic = is_first ? 0 : 4;
	int r = grow(&u->joined, &u->joined_room, *joined + magic + len, err);

	if (r)
		return r;
	if (!is_first)
		rio_frame_put_u32(u->joined + *joined, RIO_FRAME_MAGIC);
	if (len)
		memcpy(u->joined + *joined + magic, frame + RIO_FRAME_HEAD_BYTES, len);
	*joined += magic + len;
	return 0;
}

/* The window begins with the first frame of a split record. */
static int next_split(struct rio_unframe *u, struct rio_framed *ret, struct rio_error *err)
{
	struct rio_framed framed = {.off = u->off};
	unsigned flag = FIRST;
	int r = 0;

	while (!r) {
		r = join(u, &framed.len_bytes, flag == FIRST, err);
		if (r)
			break;
		framed.nr_parts++;
		use(u, rio_frame_bytes(length_of(u->bytes + u->begin)));
		if (flag == LAST)
			break;
		r = load_frame(u, framed.off, framed.len_bytes + 4, err);
		flag = r ? 0 : flag_of(u->bytes + u->begin);
	}
	if (r)
		return r;
	framed.payload = u->joined;
	*ret = framed;
	return 0;
}

int rio_unframe_next(struct rio_unframe *u, struct rio_framed *ret, struct rio_error *err)
{
	int r = load_frame(u, RIO_NO_OFFSET, 0, err);
	const uint8_t *frame;

	if (r)
		return r;
	frame = u->bytes + u->begin;
	if (flag_of(frame) == FIRST)
		return next_split(u, ret, err);
	*ret = (struct rio_framed){
		.payload = frame + RIO_FRAME_HEAD_BYTES,
		.len_bytes = length_of(frame),
		.off = u->off,
		.nr_parts = 1,
	};
	use(u, rio_frame_bytes(ret->len_bytes));
	return 0;
}

static bool may_begin(const uint8_t *frame)
{
	return rio_frame_get_u32(frame) == RIO_FRAME_MAGIC &&
	       (flag_of(frame) == WHOLE || flag_of(frame) == FIRST);
}

int rio_unframe_resync(struct rio_unframe *u, struct rio_error *err)
{
	int r = fill(u, RIO_FRAME_HEAD_BYTES, err);

	while (!r && u->end - u->begin >= RIO_FRAME_HEAD_BYTES &&
		(u->off < u->resync_off || !may_begin(u->bytes + u->begin))) {
		use(u, 4);
		r = fill(u, RIO_FRAME_HEAD_BYTES, err);
	}
	if (r || u->end - u->begin >= RIO_FRAME_HEAD_BYTES)
		return r;
	use(u, u->end - u->begin);
	if (u->pull_result && err)
		*err = u->pull_err;
	return u->pull_result ? u->pull_result : RIO_UNFRAME_END;
}
