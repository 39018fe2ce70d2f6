/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV as the RecordIO file that it stands for: its size, and any range of its
 * bytes, exact.
 *
 *	source ──schema──► columns, header        (bounded sample)
 *	       ──map─────► rows, segments         (kept, or one parallel pass)
 *	read:  offset ─► row ─► segment ─► scan ─► numbers ─► template ─► bytes
 *
 * A dataset describes one state (stamp) of a source and never changes.  It holds
 * no descriptor: reading borrows a source, which must be in that same state.
 *
 * Below it: base, source, csv, schema, record, map.  It knows neither mounts nor terminals.
 */
#ifndef RIO_DATASET_DATASET_H
#define RIO_DATASET_DATASET_H

#include "map/store.h"
#include "record/codes.h"
#include "record/frame.h"
#include "schema/options.h"
#include "schema/schema.h"
#include "source/source.h"

struct rio_dataset;

/* How the map came to be. */
enum rio_map_origin {
	RIO_MAP_BUILT,    /* none was kept */
	RIO_MAP_LOADED,   /* kept, and still right */
	RIO_MAP_EXTENDED, /* the source was appended to */
	RIO_MAP_REBUILT,  /* one was kept, but stale or damaged: see the reason */
};

struct rio_dataset_config {
	const struct rio_options *options; /* borrowed for the call */
	struct rio_store *store;           /* NULL: keep no map */
	const char *store_path;            /* the source's absolute path, names its map */
	unsigned nr_threads;               /* of the counting pass; 0: one a core */
	int (*progress)(void *data, uint64_t done_bytes, uint64_t total_bytes);
	void *progress_data;
	bool kept_only;                    /* RIO_ENOT_INDEXED where the map must be built */
	bool in_parts;                     /* the map is read from its file as it is needed: for
					      who asks for bytes only, and not for the map */
};

/*
 * Describe the source as it is now; source is borrowed for the call.
 *
 * RIO_ESCHEMA, RIO_EROW: not a file that these options can encode.  RIO_EDAMAGED: it is
 * compressed, and damaged.
 * RIO_ESOURCE_CHANGED: it changed meanwhile.  RIO_ESYSTEM: it cannot be read.  Trouble
 * with the store alone is no failure: the map is built and used all the same,
 * and rio_dataset_map_reason tells.
 */
int rio_dataset_create(struct rio_source *source, const struct rio_dataset_config *config,
	struct rio_dataset **ret, struct rio_error *err);

/*
 * Make a newly opened source of this dataset ready for reading: a compressed one gets
 * its seek index, which is kept, or is in the dataset (borrowed then), or is made by
 * another pass.  Of config, options and nr_threads do not matter.  The source that the
 * dataset was created from is ready.
 *
 * RIO_ESOURCE_CHANGED, RIO_EDAMAGED, RIO_ESYSTEM.
 */
int rio_dataset_attach(const struct rio_dataset *dataset,
	const struct rio_dataset_config *config, struct rio_source *source,
	struct rio_error *err);

void rio_dataset_destroy(struct rio_dataset *dataset);
void rio_dataset_destroyp(struct rio_dataset **dataset);

const struct rio_stamp *rio_dataset_stamp(const struct rio_dataset *dataset);
const struct rio_schema *rio_dataset_schema(const struct rio_dataset *dataset);
const struct rio_map *rio_dataset_map(const struct rio_dataset *dataset);
enum rio_map_origin rio_dataset_map_origin(const struct rio_dataset *dataset);
/* Why the map was rebuilt or not kept, a line; "" where there is nothing to say. */
const char *rio_dataset_map_reason(const struct rio_dataset *dataset);

/* How the source is compressed, "gzip"; NULL where it is not. */
const char *rio_dataset_compression(const struct rio_dataset *dataset);
/* Bytes of the CSV's text, uncompressed. */
uint64_t rio_dataset_text_bytes(const struct rio_dataset *dataset);

uint64_t rio_dataset_nr_rows(const struct rio_dataset *dataset);
/* Fewer than rows where some are skipped (bad_row=skip). */
uint64_t rio_dataset_nr_records(const struct rio_dataset *dataset);
/*
 * Bytes of one record, frame and padding included; 0 where they may differ, and for a
 * file without columns.
 */
size_t rio_dataset_record_bytes(const struct rio_dataset *dataset);
/*
 * What a record that cannot be made takes where records differ in length: the place of
 * an empty frame.
 */
#define RIO_BAD_RECORD_BYTES RIO_FRAME_HEAD_BYTES
/* Bytes of the whole virtual file: exact. */
uint64_t rio_dataset_len_bytes(const struct rio_dataset *dataset);

/* text=map: the texts that columns hold, and their numbers; NULL where none is numbered. */
const struct rio_codes *rio_dataset_codes(const struct rio_dataset *dataset);

/*
 * How many missing cells become a value: what the map counts where records differ in
 * length, and else a pass over the source, on all cores.  Fails as rio_dataset_create.
 */
int rio_dataset_count_filled(const struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, uint64_t *ret, struct rio_error *err);

/* Where the record of a bad quote begins, behind which nothing can be read; RIO_NO_OFFSET: none. */
uint64_t rio_dataset_bad_quote_off(const struct rio_dataset *dataset);

/* Buffers that one thread at a time reads with. */
struct rio_scratch;
int rio_scratch_create(struct rio_scratch **ret, struct rio_error *err);
void rio_scratch_destroy(struct rio_scratch *scratch);
void rio_scratch_destroyp(struct rio_scratch **scratch);

/* What reading has cost, for status and tests; added to, never reset. */
struct rio_read_stats {
	uint64_t source_bytes; /* read, and scanned but for rows that were skipped */
	uint64_t nr_rows;      /* encoded */
	uint64_t slow_fields;  /* that a vector kernel gave up and read by themselves */
	uint64_t nr_filled;    /* missing cells that became a value, where the map counts none */
};

/*
 * Copy [off, off + len_bytes) of the encoded file into dst.  *ret_bytes is
 * smaller than len_bytes at the end of the file, and where a record cannot be
 * encoded: the bytes before it are in dst, and the call fails.
 *
 * RIO_EROW: err has file, line, column, cell and record_off, and *ret_bytes is set too.
 * RIO_ESOURCE_CHANGED: nothing in dst is to be used.  RIO_ESYSTEM likewise.
 *
 * Depends on nothing that was read before.  Safe from many threads, each with a
 * scratch of its own; stats (may be NULL) is the caller's.
 */
int rio_dataset_read(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_read_stats *stats, struct rio_error *err);

/*
 * Where records [first, first + nr) begin in the encoded file; the end of the file is
 * that of record rio_dataset_nr_records, which may be the last.  A record that cannot be
 * made has a place, too.
 *
 * source and scratch as in rio_dataset_read; they may be NULL where records are equally
 * long (rio_dataset_record_bytes), or one is asked for that begins or ends the file.
 * RIO_ESOURCE_CHANGED, RIO_ESYSTEM: nothing in ret_offs is to be used.
 */
int rio_dataset_record_offs(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t first, size_t nr, uint64_t *ret_offs,
	struct rio_error *err);

/* How many records begin before off, which is not behind the end.  Otherwise likewise. */
int rio_dataset_records_before(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint64_t off, uint64_t *ret, struct rio_error *err);

struct rio_fields;

/*
 * Scan the first nr_rows rows (one at least) of segment k, for who looks at cells by
 * himself.  *ret_bytes, padded, and *ret hold until the scratch is used again.  Fewer rows
 * come out only where one is longer than RIO_ROW_BYTES_MAX.
 *
 * RIO_ESOURCE_CHANGED where the source is too short, but it is not checked otherwise.
 */
int rio_dataset_scan(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, size_t k, uint64_t nr_rows, const uint8_t **ret_bytes,
	struct rio_fields *ret, struct rio_error *err);

#endif
