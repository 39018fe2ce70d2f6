/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of an encoded file, as MXNet reads it beside the file: a line a record, its
 * number from 0, a tab, and the offset at which it begins.
 *
 *	0	0
 *	1	56
 *	2	112
 *
 * Its size is exact and any range of it can be made by itself; nothing of it is kept.
 *
 * Below it: view.
 */
#ifndef RIO_VIEW_INDEX_TEXT_H
#define RIO_VIEW_INDEX_TEXT_H

#include "view/view.h"

/* Powers of ten, from 10 on, that an offset can reach. */
#define RIO_INDEX_BORDERS 18

/* Constant once made. */
struct rio_index_text {
	const struct rio_view *view; /* borrowed */
	/* How many records begin before 10, 100, 1000, … */
	uint64_t nr_before[RIO_INDEX_BORDERS];
};

/* Where records differ in length, a source is needed for each border within the view. */
int rio_index_text_init(struct rio_index_text *ret, const struct rio_view *view,
	const struct rio_view_sources *sources, struct rio_scratch *scratch,
	struct rio_error *err);

uint64_t rio_index_text_len_bytes(const struct rio_index_text *text);

/*
 * Copy [off, off + len_bytes) of the text into dst; *ret_bytes is smaller only at its end.
 * RIO_ESOURCE_CHANGED, RIO_ESYSTEM: nothing in dst is to be used.
 */
int rio_index_text_read(const struct rio_index_text *text,
	const struct rio_view_sources *sources, struct rio_scratch *scratch, uint64_t off,
	void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err);

#endif
