/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packed.h"

#include "base/util.h"
#include "source/spans.h"
#include "source/unpacker.h"

#include <string.h>

/* The text is handed on in pieces that are still in the cache. */
#define PIECE_BYTES (128 * RIO_KIB)

struct packed_source {
	struct rio_source base;
	struct rio_source *inner; /* owned */
	const struct rio_codec *codec;
	const struct rio_seek_index *index; /* NULL: not read through yet */
	struct rio_seek_index *owned_index; /* index, where it is ours; or what it will be */
};

/* --- reading --- */

/* Without an index there is one way: from the begin. */
static int read_from_begin(struct packed_source *packed, uint64_t off, uint8_t *dst,
	size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	_cleanup_(rio_unpacker_destroyp) struct rio_unpacker *unpacker = NULL;
	_cleanup_free_ uint8_t *skipped = off ? malloc(PIECE_BYTES) : NULL;
	size_t n;
	int r = rio_unpacker_create(packed->codec, 0, NULL, 0, &unpacker, err);

	if (r == 0 && off && !skipped)
		r = rio_fail(err, RIO_ENOMEM, "out of memory");
	for (; r == RIO_UNPACKED_ROOM && off; off -= n)
		r = rio_unpacker_run(unpacker, packed->inner, skipped,
			(size_t)RIO_MIN(off, (uint64_t)PIECE_BYTES), false, &n, err);
	n = 0;
	if (r == RIO_UNPACKED_ROOM)
		r = rio_unpacker_run(unpacker, packed->inner, dst, len_bytes, false, &n, err);
	*ret_bytes = n;
	return r < 0 ? r : 0;
}

static int packed_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	struct packed_source *packed = (struct packed_source *)source;
	uint64_t end;
	size_t done = 0, n;
	int r = 0;

	if (!packed->index)
		return read_from_begin(packed, off, dst, len_bytes, ret_bytes, err);
	end = rio_seek_index_len(packed->index);
	len_bytes = off < end ? (size_t)RIO_MIN(len_bytes, end - off) : 0;
	for (; done < len_bytes && r == 0; done += r == 0 ? n : 0)
		r = rio_spans_read(packed->index, packed->inner, off + done, (char *)dst + done,
			len_bytes - done, &n, err);
	*ret_bytes = done;
	return r;
}

static int packed_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	struct rio_source *inner = ((struct packed_source *)source)->inner;

	return inner->ops->stamp(inner, ret, err);
}

static bool packed_is_written(struct rio_source *source)
{
	struct rio_source *inner = ((struct packed_source *)source)->inner;

	return inner->ops->is_written && inner->ops->is_written(inner);
}

static int packed_len(struct rio_source *source, uint64_t *ret, struct rio_error *err)
{
	struct packed_source *packed = (struct packed_source *)source;

	if (!packed->index)
		return rio_fail(err, RIO_ENOT_INDEXED, "its length is not known yet");
	*ret = rio_seek_index_len(packed->index);
	return 0;
}

static bool packed_is_unread(const struct rio_source *source)
{
	return !((const struct packed_source *)source)->index;
}

static void packed_destroy(struct rio_source *source)
{
	struct packed_source *packed = (struct packed_source *)source;

	rio_seek_index_destroy(packed->owned_index);
	rio_source_destroy(packed->inner);
	free(source->name);
	free(packed);
}

/* --- reading through --- */

/* One pass: the text goes to visit, and points to the index. */
struct pass {
	struct packed_source *packed;
	struct rio_unpacker *unpacker;
	struct rio_seek_index *index;
	uint64_t off; /* of the text: behind what is decoded */
	uint8_t *piece;
	size_t piece_bytes;
	rio_visit_fn *visit;
	void *data;
	struct rio_error *err;
};

static int add_point(struct pass *pass, int stopped)
{
	uint8_t window[RIO_WINDOW_BYTES_MAX];
	size_t window_bytes = 0;
	uint64_t bit = 8 * rio_unpacker_off(pass->unpacker);

	if (stopped == RIO_UNPACKED_ENTRY) {
		window_bytes = rio_unpacker_entry(pass->unpacker, &bit, window);
		if (!window_bytes)
			return 0;
	}
	return rio_seek_index_add(pass->index, bit, pass->off, window, window_bytes, pass->err);
}

static int refuse_span(const struct pass *pass)
{
	const struct rio_codec *codec = pass->packed->codec;

	return rio_fail(pass->err, RIO_EDAMAGED,
		"more than %zu MiB of text can be reached only from byte %ju of the compressed file "
		"on: %s", RIO_SEEK_SPAN_BYTES_MAX / RIO_MIB,
		(uintmax_t)pass->index->points[pass->index->nr_points - 1].bit / 8, codec->remedy);
}

/* After a stop: is it time for a point? */
static int look_around(struct pass *pass, int stopped)
{
	const struct rio_seek_index *index = pass->index;
	uint64_t span_bytes = index->nr_points
				      ? pass->off - index->points[index->nr_points - 1].off
				      : 0;
	bool may = stopped == RIO_UNPACKED_ENTRY || stopped == RIO_UNPACKED_MEMBER;

	if (span_bytes > RIO_SEEK_SPAN_BYTES_MAX)
		return refuse_span(pass);
	if (index->nr_points == 0 || (may && span_bytes >= index->spacing_bytes))
		return add_point(pass, stopped);
	return 0;
}

static int hand_on(struct pass *pass)
{
	size_t len_bytes = pass->piece_bytes;

	pass->piece_bytes = 0;
	if (!len_bytes || !pass->visit)
		return 0;
	return pass->visit(pass->data, pass->piece, len_bytes, rio_unpacker_off(pass->unpacker),
		pass->err);
}

static int run_pass(struct pass *pass)
{
	int r, stopped;

	do {
		size_t n;

		stopped = rio_unpacker_run(pass->unpacker, pass->packed->inner,
			pass->piece + pass->piece_bytes, PIECE_BYTES - pass->piece_bytes, true, &n,
			pass->err);
		if (stopped < 0)
			return stopped;
		pass->off += n;
		pass->piece_bytes += n;
		r = look_around(pass, stopped);
		if (r == 0 && (stopped == RIO_UNPACKED_END || pass->piece_bytes == PIECE_BYTES))
			r = hand_on(pass);
	} while (r == 0 && stopped != RIO_UNPACKED_END);
	return r < 0 ? r : rio_seek_index_add(pass->index, 8 * rio_unpacker_off(pass->unpacker),
				   pass->off, NULL, 0, pass->err);
}

static int packed_read_through(struct rio_source *source, rio_visit_fn *visit, void *data,
	struct rio_error *err)
{
	struct packed_source *packed = (struct packed_source *)source;
	_cleanup_(rio_unpacker_destroyp) struct rio_unpacker *unpacker = NULL;
	_cleanup_(rio_seek_index_destroyp) struct rio_seek_index *index =
		rio_steal(packed->owned_index);
	_cleanup_free_ uint8_t *piece = malloc(PIECE_BYTES);
	struct pass pass = {.packed = packed, .piece = piece, .visit = visit, .data = data,
		.err = err};
	int r = piece ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");

	packed->index = NULL;
	if (r == 0 && !index)
		r = rio_seek_index_create(packed->codec, -1, 0, &index, err);
	if (r == 0)
		r = rio_unpacker_create(packed->codec, 0, NULL, 0, &unpacker, err);
	if (r < 0)
		return r;
	pass.index = index;
	pass.unpacker = unpacker;
	r = run_pass(&pass);
	if (r == 0)
		rio_packed_take_index(source, rio_steal(index));
	return r;
}

static const struct rio_source_ops packed_ops = {
	.read_at = packed_read_at,
	.stamp = packed_stamp,
	.is_written = packed_is_written,
	.len = packed_len,
	.is_unread = packed_is_unread,
	.read_through = packed_read_through,
	.destroy = packed_destroy,
};

/* --- what it is --- */

static int wrap(struct rio_source *inner, const struct rio_codec *codec, struct rio_source **ret,
	struct rio_error *err)
{
	struct packed_source *packed = calloc(1, sizeof(*packed));
	char *name = strdup(rio_source_name(inner));

	if (!packed || !name) {
		free(packed);
		free(name);
		rio_source_destroy(inner);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	packed->base = (struct rio_source){.ops = &packed_ops, .name = name};
	packed->inner = inner;
	packed->codec = codec;
	*ret = &packed->base;
	return 0;
}

int rio_source_unpack(struct rio_source *inner, struct rio_source **ret, struct rio_error *err)
{
	const char *name = rio_source_name(inner);
	const struct rio_codec *named = rio_codec_of_name(name), *codec;
	uint8_t head[RIO_CODEC_HEAD_BYTES];
	size_t n = 0;
	int r = rio_source_read_at(inner, 0, head, sizeof(head), &n, err);

	codec = r < 0 ? NULL : rio_codec_of_head(head, n);
	if (r == 0 && named && named != codec)
		r = rio_fail(err, RIO_EDAMAGED,
			"the file does not begin like %s, as its name says: it is damaged there, or is "
			"to be called otherwise", named->name);
	if (r == 0 && rio_codec_left_out(head, n))
		r = rio_fail(err, RIO_EDAMAGED,
			"it is compressed by %s, which this program was built without",
			rio_codec_left_out(head, n));
	if (r < 0) {
		rio_error_set_file(err, name);
		rio_source_destroy(inner);
		return r;
	}
	if (codec)
		return wrap(inner, codec, ret, err);
	*ret = inner;
	return 0;
}

static struct packed_source *packed_of(const struct rio_source *source)
{
	return source->ops == &packed_ops ? (struct packed_source *)source : NULL;
}

const struct rio_codec *rio_packed_codec(const struct rio_source *source)
{
	const struct packed_source *packed = packed_of(source);

	return packed ? packed->codec : NULL;
}

struct rio_source *rio_packed_inner(struct rio_source *source)
{
	struct packed_source *packed = packed_of(source);

	return packed ? packed->inner : source;
}

void rio_packed_prepare_index(struct rio_source *source, struct rio_seek_index *index)
{
	struct packed_source *packed = packed_of(source);

	rio_seek_index_destroy(packed->owned_index);
	packed->owned_index = index;
	packed->index = NULL;
}

const struct rio_seek_index *rio_packed_index(const struct rio_source *source)
{
	return packed_of(source)->index;
}

void rio_packed_take_index(struct rio_source *source, struct rio_seek_index *index)
{
	struct packed_source *packed = packed_of(source);

	rio_seek_index_destroy(packed->owned_index);
	packed->owned_index = index;
	packed->index = index;
}

void rio_packed_borrow_index(struct rio_source *source, const struct rio_seek_index *index)
{
	packed_of(source)->index = index;
}

struct rio_seek_index *rio_packed_steal_index(struct rio_source *source)
{
	struct packed_source *packed = packed_of(source);

	return rio_steal(packed->owned_index);
}

/* Compare [off, off + len_bytes) of the text, as both indexes have it. */
static int verify_piece(struct packed_source *packed, const struct rio_seek_index *other,
	uint64_t off, size_t len_bytes, uint8_t *pieces, struct rio_error *err)
{
	uint8_t *piece = pieces + PIECE_BYTES;
	size_t done = 0, n;
	int r = packed_read_at(&packed->base, off, pieces, len_bytes, &n, err);

	if (r == 0 && n < len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "the text ends before it");
	for (; r == 0 && done < len_bytes; done += r == 0 ? n : 0)
		r = rio_spans_read(other, packed->inner, off + done, piece + done,
			len_bytes - done, &n, err);
	if (r == 0 && memcmp(pieces, piece, len_bytes) != 0)
		return rio_fail(err, RIO_EMAP_DAMAGED, "it leads to other text");
	return r;
}

int rio_packed_verify_span(struct rio_source *source, const struct rio_seek_index *other,
	size_t number, struct rio_error *err)
{
	const struct rio_seek_point *point = &other->points[number];
	_cleanup_free_ uint8_t *pieces = malloc(2 * PIECE_BYTES);
	uint8_t window[RIO_WINDOW_BYTES_MAX];
	size_t n;
	int r = 0;

	if (!pieces)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	/* Reading goes round a window that is damaged. */
	if (point->window_bytes)
		r = rio_seek_index_window(other, number, window, &n, err);
	if (r == RIO_EMAP_DAMAGED)
		return rio_fail(err, r, "its window fails its seal");
	for (uint64_t off = point->off; r == 0 && off < point[1].off; off += n) {
		n = (size_t)RIO_MIN(point[1].off - off, (uint64_t)PIECE_BYTES);
		r = verify_piece(packed_of(source), other, off, n, pieces, err);
	}
	return r;
}
