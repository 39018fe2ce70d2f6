/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV read once, from begin to end, as records: no map is made, so the first record is
 * there as soon as the first rows are, whatever the file's size.
 *
 *	source ─► cut, in order ─► pieces ─► encode, any thread ─► records
 *
 * The records are the bytes that rio_dataset_read gives of the whole file.
 *
 * Below it: base, source, csv, schema, record, map (checkpoints), and of dataset what
 * encodes a segment.
 */
#ifndef RIO_DATASET_STREAM_H
#define RIO_DATASET_STREAM_H

#include "dataset/dataset.h"
#include "dataset/piece.h"

struct rio_stream;

/*
 * Open the source, borrowed until the stream is destroyed, in the state that it is in.
 * config as for rio_dataset_create: of it, store and progress matter for text=map alone,
 * which cannot do without all texts, and makes a map first.  Errors as there.
 */
int rio_stream_create(struct rio_source *source, const struct rio_dataset_config *config,
	struct rio_stream **ret, struct rio_error *err);
void rio_stream_destroy(struct rio_stream *stream);
void rio_stream_destroyp(struct rio_stream **stream);

/*
 * Cut the next rows: at least piece_bytes of text (fewer at the end, and where records may
 * be more than RIO_STREAM_GROWTH times as long as their text), and no more than the row
 * needs that stands there.  Where pieces end depends on the text, the schema and
 * piece_bytes alone.
 *
 * RIO_STREAM_END: there are no more rows.  RIO_ESOURCE_CHANGED, RIO_EDAMAGED, RIO_ESYSTEM:
 * nothing was cut.  Behind an error or the end there is nothing.  One thread at a time.
 */
#define RIO_STREAM_GROWTH 64
int rio_stream_cut(struct rio_stream *stream, size_t piece_bytes, struct rio_piece *ret,
	struct rio_error *err);

/* Records of a piece.  Zeroed is empty; the memory is used again. */
struct rio_records {
	uint8_t *bytes;
	size_t len_bytes, room;
	size_t *ends; /* of each record, if they are wanted */
	size_t ends_room;
	uint64_t nr;
	uint64_t nr_skipped; /* rows, bad_row=skip */
	uint64_t nr_filled;  /* missing cells that became a value */
	bool wants_ends;     /* set by the caller */
};
void rio_records_deinit(struct rio_records *records);

/*
 * Encode a piece of this stream.  Safe from many threads, each with its own piece,
 * records and scratch, and while another cuts.
 *
 * RIO_EROW: the records before the bad row are in *ret all the same.
 */
int rio_stream_encode(const struct rio_stream *stream, const struct rio_piece *piece,
	struct rio_scratch *scratch, struct rio_records *ret, struct rio_error *err);

#endif
