/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A moving window on a source, for one thread that passes over a good part of it: the
 * bytes where they lie if the source can be mapped, else a copy.
 *
 * What a mapping showed counts only once rio_window_verify says so, since the file may
 * have been cut short under it.
 */
#ifndef RIO_SOURCE_WINDOW_H
#define RIO_SOURCE_WINDOW_H

#include "base/error.h"
#include "source/mapping.h"
#include "source/source.h"

struct rio_window {
	struct rio_source *source; /* borrowed */
	uint64_t size_bytes;       /* of the source */
	uint8_t *buffer;           /* owned; NULL: not needed yet */
	struct rio_mapping mapping;
	const uint8_t *bytes;      /* in one of the two */
	uint64_t off;
	size_t len_bytes;
};

void rio_window_init(struct rio_window *window, struct rio_source *source, uint64_t size_bytes);
void rio_window_deinit(struct rio_window *window);

/*
 * The bytes at off < size_bytes: as many as the window holds, one at least; valid until
 * the next call.  RIO_ESOURCE_CHANGED where the source is shorter than size_bytes,
 * there or where the window was before; RIO_ESYSTEM where it cannot be read.
 */
int rio_window_look(struct rio_window *window, uint64_t off, const uint8_t **ret,
	size_t *ret_bytes, struct rio_error *err);

/* Fail, as rio_window_look does, unless all that was shown was in the source. */
int rio_window_verify(struct rio_window *window, struct rio_error *err);

#endif
