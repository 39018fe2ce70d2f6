/* SPDX-License-Identifier: Apache-2.0 */
#include "map/walk.h"

#include "base/util.h"

#include <string.h>

/* Large enough for few system calls, small enough for the cache. */
#define WINDOW_BYTES (256 * RIO_KIB)

int rio_walk_init(struct rio_walk *walk, struct rio_source *source,
	const struct rio_dialect *dialect, uint64_t data_off, uint64_t size_bytes,
	struct rio_error *err)
{
	*walk = (struct rio_walk){
		.source = source,
		.dialect = *dialect,
		.data_off = data_off,
		.size_bytes = size_bytes,
		.window = malloc(RIO_MIN(size_bytes - data_off + 1, (uint64_t)WINDOW_BYTES)),
	};
	return walk->window ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

void rio_walk_deinit(struct rio_walk *walk)
{
	free(walk->window);
}

/* The bytes at off, as many as the window holds (one at least). */
static int look_at(struct rio_walk *w, uint64_t off, const uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	if (off < w->window_off || off >= w->window_off + w->window_bytes) {
		size_t wanted = RIO_MIN(w->size_bytes - off, (uint64_t)WINDOW_BYTES);
		int r;

		w->window_bytes = 0;
		r = rio_source_read_at(w->source, off, w->window, wanted, &w->window_bytes, err);
		if (r < 0)
			return r;
		w->window_off = off;
		if (w->window_bytes < wanted) {
			rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short meanwhile");
			rio_error_set_file(err, rio_source_name(w->source));
			return RIO_ESOURCE_CHANGED;
		}
	}
	*ret = w->window + (off - w->window_off);
	*ret_bytes = w->window_bytes - (size_t)(off - w->window_off);
	return 0;
}

int rio_walk_tally(struct rio_walk *w, uint64_t off, uint64_t end, struct rio_tally *tally,
	struct rio_error *err)
{
	while (off < end) {
		const uint8_t *p;
		size_t n;
		int r = look_at(w, off, &p, &n, err);

		if (r < 0)
			return r;
		n = RIO_MIN(n, end - off);
		rio_kernel()->tally(&w->dialect, p, n, tally);
		off += n;
	}
	return 0;
}

/* The offset behind the first line feed in [off, end), or RIO_NO_OFFSET. */
static int behind_line_feed(struct rio_walk *w, uint64_t off, uint64_t end, uint64_t *ret,
	struct rio_error *err)
{
	while (off < end) {
		const uint8_t *p, *found;
		size_t n;
		int r = look_at(w, off, &p, &n, err);

		if (r < 0)
			return r;
		n = RIO_MIN(n, end - off);
		found = memchr(p, '\n', n);
		if (found) {
			*ret = off + (uint64_t)(found - p) + 1;
			return 0;
		}
		off += n;
	}
	*ret = RIO_NO_OFFSET;
	return 0;
}

int rio_walk_find_last(struct rio_walk *w, uint64_t begin, uint64_t end, uint8_t c,
	uint64_t *ret, struct rio_error *err)
{
	while (end > begin) {
		uint64_t from = end - begin > WINDOW_BYTES ? end - WINDOW_BYTES : begin;
		const uint8_t *p, *found;
		size_t n;
		int r;

		w->window_bytes = 0;
		r = look_at(w, from, &p, &n, err);
		if (r < 0)
			return r;
		found = memrchr(p, c, end - from);
		if (found) {
			*ret = from + (uint64_t)(found - p);
			return 0;
		}
		end = from;
	}
	*ret = begin;
	return 0;
}

/*
 * Tally from a line start to the first line start at or behind next.  The order of
 * the reads is that of the source.
 */
static int walk_stretch(struct rio_walk *w, uint64_t off, uint64_t next,
	struct rio_stretch *ret, uint64_t *ret_end, struct rio_error *err)
{
	uint64_t sure = RIO_MIN(next - 1, w->size_bytes);
	int r;

	ret->src_off = off;
	rio_tally_init(&ret->tally);
	r = rio_walk_tally(w, off, sure, &ret->tally, err);
	if (r == 0)
		r = behind_line_feed(w, sure, w->size_bytes, ret_end, err);
	if (r < 0)
		return r;
	*ret_end = RIO_MIN(*ret_end, w->size_bytes);
	return rio_walk_tally(w, sure, *ret_end, &ret->tally, err);
}

int rio_walk_chunk(struct rio_walk *w, uint64_t chunk, struct rio_stretch *stretches,
	size_t *ret_nr, struct rio_error *err)
{
	uint64_t begin = w->data_off + chunk * RIO_WALK_CHUNK_BYTES;
	uint64_t end = RIO_MIN(begin + RIO_WALK_CHUNK_BYTES, w->size_bytes);
	uint64_t off = begin;
	size_t nr = 0;
	int r;

	/* No line starts in the chunk: all of it belongs to an earlier one's last stretch. */
	if (chunk > 0) {
		r = behind_line_feed(w, begin - 1, end - 1, &off, err);
		if (r < 0)
			return r;
	}
	while (off < end) {
		uint64_t next = off - w->data_off;

		next = w->data_off + (next / RIO_MAP_SPACING_BYTES + 1) * RIO_MAP_SPACING_BYTES;
		r = walk_stretch(w, off, next, &stretches[nr++], &off, err);
		if (r < 0)
			return r;
	}
	*ret_nr = nr;
	return 0;
}
