/* SPDX-License-Identifier: Apache-2.0 */
#include "map/walk.h"

#include "base/util.h"

#include <string.h>

/* The steps of a search backwards. */
#define FIND_BYTES (256 * RIO_KIB)

void rio_walk_init(struct rio_walk *walk, struct rio_source *source,
	const struct rio_dialect *dialect, uint64_t data_off, uint64_t size_bytes)
{
	*walk = (struct rio_walk){
		.dialect = *dialect,
		.data_off = data_off,
		.size_bytes = size_bytes,
	};
	rio_window_init(&walk->window, source, size_bytes);
}

void rio_walk_deinit(struct rio_walk *walk)
{
	rio_window_deinit(&walk->window);
}

int rio_walk_tally(struct rio_walk *w, uint64_t off, uint64_t end, struct rio_tally *tally,
	struct rio_error *err)
{
	while (off < end) {
		const uint8_t *p;
		size_t n;
		int r = rio_window_look(&w->window, off, &p, &n, err);

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
		int r = rio_window_look(&w->window, off, &p, &n, err);

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
	uint64_t last = RIO_NO_OFFSET, from = end, stop;

	for (; last == RIO_NO_OFFSET && from > begin; from = stop) {
		const uint8_t *p, *found;
		size_t n;

		stop = from - RIO_MIN(from - begin, (uint64_t)FIND_BYTES);
		for (uint64_t off = stop; off < from; off += n) {
			int r = rio_window_look(&w->window, off, &p, &n, err);

			if (r < 0)
				return r;
			n = RIO_MIN(n, from - off);
			found = memrchr(p, c, n);
			if (found)
				last = off + (uint64_t)(found - p);
		}
	}
	*ret = last == RIO_NO_OFFSET ? begin : last;
	return rio_window_verify(&w->window, err);
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
	return rio_window_verify(&w->window, err);
}
