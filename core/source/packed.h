/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compressed source as the source of the text in it.
 *
 * Below it: source, spans, unpacker.  It knows nothing of CSV.
 *
 * Its stamp is the compressed file's.  Its length and where it can be entered (its
 * index) are known once it was read through, or an index was given to it; before
 * that, reading anything means decoding it from the begin.
 */
#ifndef RIO_SOURCE_PACKED_H
#define RIO_SOURCE_PACKED_H

#include "source/seek_index.h"
#include "source/source.h"

/*
 * Look how inner (taken, on failure too) begins.  Where it is compressed, *ret is the
 * source of its text, else inner itself.  What a file is, its first bytes say; but
 * where its name ends like a compressed file's they must say the same, so that one
 * damaged there is not taken for text: RIO_EDAMAGED.
 */
int rio_source_unpack(struct rio_source *inner, struct rio_source **ret, struct rio_error *err);

/* How the source is compressed, or NULL. */
const struct rio_codec *rio_packed_codec(const struct rio_source *source);

/* The file that is compressed; of other sources the source itself. */
struct rio_source *rio_packed_inner(struct rio_source *source);

/* All below is for compressed sources only. */

/*
 * The empty index (taken) that rio_source_read_through shall fill.  Without one it makes
 * one whose windows stay in memory.
 */
void rio_packed_prepare_index(struct rio_source *source, struct rio_seek_index *index);

/* The index, or NULL.  Borrowed from the source. */
const struct rio_seek_index *rio_packed_index(const struct rio_source *source);

/* Give it the index of its present state: taken, or borrowed until it is destroyed. */
void rio_packed_take_index(struct rio_source *source, struct rio_seek_index *index);
void rio_packed_borrow_index(struct rio_source *source, const struct rio_seek_index *index);

/*
 * Whether another index of the source, as it is now, leads to the text of its own in that
 * span: RIO_EMAP_DAMAGED where a window's seal is broken, or other text comes out.
 */
int rio_packed_verify_span(struct rio_source *source, const struct rio_seek_index *other,
	size_t number, struct rio_error *err);

/* Take from it the index that it owns. */
struct rio_seek_index *rio_packed_steal_index(struct rio_source *source);

#endif
