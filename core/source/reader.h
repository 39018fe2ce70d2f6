/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source's bytes once, from begin to end: of a compressed one the text as it is decoded,
 * without an index, each member checked where it ends.
 *
 * Below it: source, packed, unpacker.
 */
#ifndef RIO_SOURCE_READER_H
#define RIO_SOURCE_READER_H

#include "source/source.h"

struct rio_unpacker;

struct rio_reader {
	struct rio_source *source;     /* borrowed: the file, compressed or not */
	struct rio_unpacker *unpacker; /* NULL: it is not compressed */
	uint64_t off;                  /* of the next byte */
	bool at_end;
};

/* Borrows source for its life. */
int rio_reader_init(struct rio_reader *reader, struct rio_source *source, struct rio_error *err);
void rio_reader_deinit(struct rio_reader *reader);

/*
 * Copy the next len_bytes into dst; *ret_bytes is smaller only at the end.  RIO_EDAMAGED:
 * what came before may be right or not, as no checksum covers it.
 */
int rio_reader_read(struct rio_reader *reader, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err);

/* Pass over the next len_bytes, or all that are there. */
int rio_reader_skip(struct rio_reader *reader, uint64_t len_bytes, struct rio_error *err);

#endif
