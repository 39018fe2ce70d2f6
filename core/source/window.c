/* SPDX-License-Identifier: Apache-2.0 */
#include "source/window.h"

#include "base/util.h"

#include <stdlib.h>

/* Large enough for few system calls, small enough for the cache. */
#define BUFFER_BYTES (256 * RIO_KIB)

/* A chunk of a counting pass, and where its last line may end. */
#define MAPPED_BYTES (RIO_MIB + 128 * RIO_KIB)

/* Mapping a page and unmapping it takes longer than to copy this. */
#define MAPPED_BYTES_MIN (16 * RIO_KIB)

#define MAPPED_ALIGN (64 * RIO_KIB)

void rio_window_init(struct rio_window *w, struct rio_source *source, uint64_t size_bytes)
{
	*w = (struct rio_window){.source = source, .size_bytes = size_bytes};
}

void rio_window_deinit(struct rio_window *w)
{
	rio_mapping_destroy(&w->mapping);
	free(w->buffer);
}

static int fail_short(struct rio_window *w, struct rio_error *err)
{
	rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short meanwhile");
	rio_error_set_file(err, rio_source_name(w->source));
	return RIO_ESOURCE_CHANGED;
}

static int copy(struct rio_window *w, uint64_t off, struct rio_error *err)
{
	size_t wanted = RIO_MIN(w->size_bytes - off, (uint64_t)BUFFER_BYTES), got;
	int r;

	if (!w->buffer)
		w->buffer = malloc(RIO_MIN(w->size_bytes, (uint64_t)BUFFER_BYTES));
	if (!w->buffer)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	r = rio_source_read_at(w->source, off, w->buffer, wanted, &got, err);
	if (r < 0)
		return r;
	if (got < wanted)
		return fail_short(w, err);
	w->bytes = w->buffer;
	w->off = off;
	w->len_bytes = wanted;
	return 0;
}

int rio_window_verify(struct rio_window *w, struct rio_error *err)
{
	uint64_t end = w->off + w->len_bytes;
	int r = 0;

	if (!w->mapping.bytes)
		return 0;
	w->len_bytes = 0;
	if (rio_mapping_destroy(&w->mapping))
		return 0;

	/* Why it broke: reading says whether the file's end is gone, or a disk fails. */
	for (uint64_t off = w->off; r == 0 && off < end; off += w->len_bytes)
		r = copy(w, off, err);
	return r < 0 ? r : fail_short(w, err);
}

static bool map(struct rio_window *w, uint64_t off)
{
	uint64_t begin = off / MAPPED_ALIGN * MAPPED_ALIGN;
	size_t len_bytes = RIO_MIN(w->size_bytes - begin, (uint64_t)MAPPED_BYTES);

	if (w->size_bytes - off < MAPPED_BYTES_MIN ||
		!rio_source_map(w->source, begin, len_bytes, &w->mapping))
		return false;
	w->bytes = w->mapping.bytes;
	w->off = begin;
	w->len_bytes = len_bytes;
	return true;
}

int rio_window_look(struct rio_window *w, uint64_t off, const uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	int r = 0;

	if (off < w->off || off >= w->off + w->len_bytes) {
		r = rio_window_verify(w, err);
		if (r == 0 && !map(w, off))
			r = copy(w, off, err);
	}
	if (r < 0)
		return r;
	*ret = w->bytes + (off - w->off);
	*ret_bytes = w->len_bytes - (size_t)(off - w->off);
	return 0;
}
