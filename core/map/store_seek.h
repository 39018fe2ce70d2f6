/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping seek indexes of compressed sources beside the maps.  proto/FORMAT.md draws
 * the file.
 *
 * Below it: base, source/seek_index, map/store and map/sealed.
 */
#ifndef RIO_MAP_STORE_SEEK_H
#define RIO_MAP_STORE_SEEK_H

#include "map/store.h"
#include "source/seek_index.h"

/*
 * An index file that is being written: windows go to it during the pass, all else
 * when it is kept.  Until then it is a temporary.
 */
struct rio_seek_draft;

/*
 * Begin one for the source at source_path.  Its windows go to *ret_fd (the caller's),
 * from *ret_windows_off on.
 */
int rio_seek_draft_create(struct rio_store *store, const char *source_path,
	struct rio_seek_draft **ret, int *ret_fd, uint64_t *ret_windows_off,
	struct rio_error *err);

/* Keep the index whose windows were written to it, for a source with this stamp. */
int rio_seek_draft_keep(struct rio_seek_draft *draft, const struct rio_stamp *stamp,
	struct rio_seek_index *index, struct rio_error *err);

/* Takes NULL.  What was not kept is removed. */
void rio_seek_draft_destroy(struct rio_seek_draft *draft);
void rio_seek_draft_destroyp(struct rio_seek_draft **draft);

/*
 * Read the index kept for source_path, if it is of this stamp.  RIO_ENOT_INDEXED,
 * RIO_EMAP_STALE or RIO_EMAP_DAMAGED otherwise.  Its windows stay in the file.
 */
int rio_store_load_seek(struct rio_store *store, const char *source_path,
	const struct rio_stamp *stamp, struct rio_seek_index **ret, struct rio_error *err);

/* What an index file says of itself. */
struct rio_seek_file {
	struct rio_seek_index *index;
	char *source_path;
	char *row_key; /* "": how rows are told apart does not matter to it */
	struct rio_stamp stamp;
};

void rio_seek_file_deinit(struct rio_seek_file *file);

/* Read the file that fd (taken, on failure too) is open on. */
int rio_seek_file_read(int fd, struct rio_seek_file *ret, struct rio_error *err);

#endif
