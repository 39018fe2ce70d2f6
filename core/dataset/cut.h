/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text read once, in order, and cut into pieces of whole rows.
 *
 * Below it: base, source/reader, csv, dataset/piece, and of explain what a bad quote is.  It
 * knows no columns.
 */
#ifndef RIO_DATASET_CUT_H
#define RIO_DATASET_CUT_H

#include "csv/dialect.h"
#include "dataset/piece.h"
#include "source/reader.h"

struct rio_cutter {
	struct rio_reader reader;
	struct rio_dialect dialect;
	struct rio_checkpoint next; /* where the next piece begins */
	uint8_t *carry;             /* what was read behind the last one */
	size_t carry_bytes, carry_room;
	bool at_end;                /* nothing can be cut any more */
};

/* Begin at data_off, a row start, with data_line line feeds before it. */
int rio_cutter_init(struct rio_cutter *cutter, struct rio_source *source,
	const struct rio_dialect *dialect, uint64_t data_off, uint64_t data_line,
	struct rio_error *err);
void rio_cutter_deinit(struct rio_cutter *cutter);

/* See rio_stream_cut; the source's stamp is not looked at. */
int rio_cutter_cut(struct rio_cutter *cutter, size_t piece_bytes, struct rio_piece *ret,
	struct rio_error *err);

#endif
