/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spans of compressed sources that are being read, decoded: one cache for the
 * process, bounded in bytes.
 *
 * Below it: unpacker, seek_index.
 */
#ifndef RIO_SOURCE_SPANS_H
#define RIO_SOURCE_SPANS_H

#include "source/seek_index.h"
#include "source/source.h"

/*
 * Copy text from off on, which lies before its end, up to len_bytes or to the end of
 * its span.  packed is the compressed source, borrowed for the call.
 *
 * RIO_EMAP_DAMAGED: the index does not fit the source (which may have changed).
 * RIO_ESYSTEM.  Safe from many threads.
 */
int rio_spans_read(const struct rio_seek_index *index, struct rio_source *packed, uint64_t off,
	void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err);

#endif
