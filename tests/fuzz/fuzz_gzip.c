/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed sources: whatever the bytes, no crash, and no text but the one that zlib's
 * own loop makes of them.  Random bytes do not get past the checksums, so besides the
 * input as it stands a file is made of it: members, levels and flushes as the input
 * says, damaged or not.  Points are as near as the input wants, so that small files have
 * many; reading back goes through them.
 */
#include "fuzz.h"

#include "source/packed.h"

#include <sys/mman.h>
#include <zlib.h>

enum { MODE_RAW, MODE_MADE, MODE_DAMAGED, NR_MODES };
enum { TEXT_BYTES_MAX = 1 << 20 };

struct text {
	uint8_t *bytes;
	size_t len_bytes;
};

static int collect(void *data, const uint8_t *bytes, size_t len_bytes, uint64_t done_bytes,
	struct rio_error *err)
{
	struct text *text = data;

	if (text->len_bytes + len_bytes > TEXT_BYTES_MAX)
		return rio_fail(err, RIO_ESYSTEM, "enough");
	memcpy(text->bytes + text->len_bytes, bytes, len_bytes);
	text->len_bytes += len_bytes;
	return 0;
}

/* What zlib makes of all members, one inflate a member; false where it finds an error. */
static bool inflate_all(const uint8_t *p, size_t n, struct text *ret)
{
	bool ok = true;

	ret->len_bytes = 0;
	while (ok && n > 0 && *p) {
		z_stream z = {.next_in = (Bytef *)(uintptr_t)p, .avail_in = (uInt)n,
			.next_out = ret->bytes + ret->len_bytes,
			.avail_out = (uInt)(TEXT_BYTES_MAX - ret->len_bytes)};

		claim(inflateInit2(&z, MAX_WBITS + 16) == Z_OK);
		ok = inflate(&z, Z_FINISH) == Z_STREAM_END;
		p += z.total_in;
		n -= z.total_in;
		ret->len_bytes += z.total_out;
		inflateEnd(&z);
	}
	for (; ok && n > 0; p++, n--)
		ok = *p == 0;
	return ok;
}

/* Read slices of what was read through. */
static void check_slices(struct rio_source *source, struct input *plan, const struct text *text)
{
	struct rio_error err;
	uint64_t len;

	claim(rio_source_len(source, &len, &err) == 0 && len == text->len_bytes);
	for (int i = 0; i < 8; i++) {
		uint64_t off = take(plan, 3) % (text->len_bytes + 2);
		size_t wanted = (size_t)take(plan, 2), got = 0, expected;
		_cleanup_free_ uint8_t *slice = malloc(wanted);

		expected = off < len ? (size_t)RIO_MIN(wanted, len - off) : 0;
		claim(rio_source_read_at(source, off, slice, wanted, &got, &err) == 0);
		claim(got == expected);
		claim(got == 0 || memcmp(slice, text->bytes + off, got) == 0);
	}
}

/* Have points at least so far from each other, their windows in a file or in memory. */
static void prepare(struct rio_source *source, struct input *plan)
{
	uint64_t spacing = take(plan, 2) + 1;
	int fd = take(plan, 1) % 2 ? memfd_create("windows", MFD_CLOEXEC) : -1;
	struct rio_seek_index *index;
	struct rio_error err;

	claim(rio_seek_index_create(rio_packed_codec(source), fd, 0, &index, &err) == 0);
	index->spacing_bytes = spacing;
	rio_packed_prepare_index(source, index);
}

static void check_source(struct rio_source *source, struct input *plan, const uint8_t *p, size_t n,
	bool must_be_right)
{
	struct text text = {.bytes = malloc(TEXT_BYTES_MAX)}, same = {.bytes = malloc(TEXT_BYTES_MAX)};
	bool is_gzip = rio_packed_codec(source) == &rio_codec_gzip;
	struct rio_error err;
	int r;

	claim(text.bytes && same.bytes);
	prepare(source, plan);
	r = rio_source_read_through(source, collect, &text, &err);
	claim(r == 0 || r == RIO_EDAMAGED || r == RIO_ESYSTEM);
	claim(r == 0 || err.message[0]);
	claim(!must_be_right || r == 0);
	if (is_gzip && r != RIO_ESYSTEM)
		claim(inflate_all(p, n, &same) == (r == 0));
	if (is_gzip && r == 0)
		claim(same.len_bytes == text.len_bytes &&
			memcmp(same.bytes, text.bytes, text.len_bytes) == 0);
	if (r == 0) {
		claim(rio_seek_index_check(rio_packed_index(source), n, &err) == 0);
		check_slices(source, plan, &text);
	}
	free(text.bytes);
	free(same.bytes);
}

static void check_file(const uint8_t *p, size_t n, struct input *plan, bool must_be_right)
{
	struct rio_source *inner, *source;
	struct rio_error err;

	claim(rio_source_from_memory(p, n, "fuzz", &inner, &err) == 0);
	claim(rio_source_unpack(inner, &source, &err) == 0);
	claim(!must_be_right || rio_packed_codec(source));
	if (rio_packed_codec(source))
		check_source(source, plan, p, n, must_be_right);
	rio_source_destroy(source);
}

/* A member of the next part of the input, repeated; flushed here and there. */
static size_t make_member(struct input *in, struct input *plan, uint8_t *out, size_t room)
{
	static const int flushes[] = {Z_NO_FLUSH, Z_BLOCK, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH};
	size_t wanted = (size_t)take(plan, 2) % 2048, len = RIO_MIN(in->left, wanted);
	uint64_t times = take(plan, 1) % 32;
	z_stream z = {.next_out = out, .avail_out = (uInt)room};

	claim(deflateInit2(&z, (int)(take(plan, 1) % 10), Z_DEFLATED, MAX_WBITS + 16,
		(int)(take(plan, 1) % 9) + 1, (int)(take(plan, 1) % 5)) == Z_OK);
	for (uint64_t i = 0; i < times; i++) {
		z.next_in = (Bytef *)(uintptr_t)in->p;
		z.avail_in = (uInt)len;
		claim(deflate(&z, flushes[take(plan, 1) % RIO_ARRAY_SIZE(flushes)]) != Z_STREAM_ERROR);
	}
	claim(deflate(&z, Z_FINISH) == Z_STREAM_END);
	in->p += len;
	in->left -= len;
	deflateEnd(&z);
	return z.total_out;
}

static void check_made(struct input *in, struct input *plan, bool damage)
{
	enum { ROOM = 1 << 20 };
	uint8_t *made = malloc(ROOM), *exact;
	uint64_t nr_members = take(plan, 1) % 4 + 1;
	size_t n = 0;

	claim(made);
	for (uint64_t i = 0; i < nr_members; i++)
		n += make_member(in, plan, made + n, ROOM - n);
	if (damage)
		made[take(plan, 3) % n] ^= (uint8_t)(1 << take(plan, 1) % 8);
	if (damage && take(plan, 1) % 2)
		n = take(plan, 3) % (n + 1);
	exact = malloc(n); /* so that sanitizers see every byte too many */
	claim(exact || !n);
	memcpy(exact, made, n);
	check_file(exact, n, plan, !damage);
	free(exact);
	free(made);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size}, plan;
	uint64_t mode = take(&in, 1) % NR_MODES;

	plan = (struct input){in.p, RIO_MIN(in.left, (size_t)96)};
	in.p += plan.left;
	in.left -= plan.left;
	if (mode == MODE_RAW)
		check_file(in.p, in.left, &plan, false);
	else
		check_made(&in, &plan, mode == MODE_DAMAGED);
	return 0;
}
