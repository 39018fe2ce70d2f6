/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping offset maps in files, one a source and row options, in an index
 * folder.  proto/FORMAT.md draws the file byte by byte.
 *
 * A file is written to a temporary, synced, renamed, and the folder synced; of what is
 * read, seals (XXH3) and bounds are checked before anything is believed.  Folders are
 * made 0700, files 0600.
 *
 * Below it: base, map/map.  It knows nothing of CSV: row_key is text to it.
 */
#ifndef RIO_MAP_STORE_H
#define RIO_MAP_STORE_H

#include "map/map.h"

/* Sources smaller than this are counted each time: nothing is kept for them. */
#define RIO_STORE_SOURCE_BYTES_MIN (128 * RIO_KIB)

struct rio_store;

/*
 * Where maps are kept: dir, or for NULL the user's cache folder
 * ($XDG_CACHE_HOME/recordiofs, ~/.cache/recordiofs, /var/cache/recordiofs for
 * root).  The folder is made when a map is first kept.  RIO_ESYSTEM where there
 * is no such place.
 */
int rio_store_create(const char *dir, struct rio_store **ret, struct rio_error *err);
void rio_store_destroy(struct rio_store *store);
const char *rio_store_dir(const struct rio_store *store);

/* What names a map: the source's absolute path and rio_options_row_key's text. */
struct rio_store_key {
	const char *source_path;
	const char *row_key;
};

/* The file in which a map of this key is, or would be, kept.  Freed by the caller. */
int rio_store_path(const struct rio_store *store, const struct rio_store_key *key, char **ret,
	struct rio_error *err);

/*
 * Copy into text, in words, how a source that had the stamp was differs from one
 * that has is: "source grew from 120 to 140 bytes, modified at …".  "" for
 * equal ones.  Returns text.
 */
char *rio_store_compare(const struct rio_stamp *was, const struct rio_stamp *is, char *text,
	size_t text_bytes);

/*
 * Read the map kept under key, if it is of the source's present stamp.
 * RIO_ENOT_INDEXED, RIO_EMAP_STALE or RIO_EMAP_DAMAGED (with what was found in err)
 * otherwise.  A stale map of a source that has only grown in size is handed out
 * through ret_stale where that is not NULL (else NULL is put there).
 */
int rio_store_load(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_map **ret, struct rio_map **ret_stale,
	struct rio_error *err);

/* The same, but checkpoints are read as they are fetched (map/rest), which needs their file. */
int rio_store_load_part(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_map **ret, struct rio_error *err);

int rio_store_save(struct rio_store *store, const struct rio_store_key *key,
	const struct rio_map *map, struct rio_error *err);

/*
 * One builder at a time for a key, over all processes: blocks until the lock is
 * held.  The holder looks again with rio_store_load before it builds.
 */
struct rio_store_lock;
int rio_store_lock(struct rio_store *store, const struct rio_store_key *key,
	struct rio_store_lock **ret, struct rio_error *err);

/* The same without waiting: positive, and no lock, where another holds it. */
int rio_store_try_lock(struct rio_store *store, const struct rio_store_key *key,
	struct rio_store_lock **ret, struct rio_error *err);
void rio_store_unlock(struct rio_store_lock *lock);

/* What the index folder holds, for `recordio index --list` and `--prune`. */
struct rio_store_entry {
	const char *file_name;   /* in the folder */
	const char *source_path; /* NULL where the file is damaged */
	const char *row_key;
	uint64_t file_bytes;
	bool is_seek_index;      /* of a compressed source; else a map */
	uint64_t nr_rows;        /* of a map */
	uint64_t source_bytes;
	enum rio_code state;     /* RIO_OK, RIO_EMAP_STALE, RIO_EMAP_DAMAGED, RIO_ENOT_INDEXED:
				    the source is gone, or the file is a left-over temporary
				    or lock, RIO_ESYSTEM: the source cannot be looked at */
	const struct rio_error *why; /* of the state */
};

/*
 * Call visit for every file of ours, sorted by source path (damaged ones and
 * left-overs last); a nonzero return stops and is returned.  Temporaries and
 * locks that a process holds are not listed, nor are files that are not ours.
 * visit may remove the file that it is told of.
 */
int rio_store_list(struct rio_store *store,
	int (*visit)(void *data, const struct rio_store_entry *entry), void *data,
	struct rio_error *err);

/*
 * Remove one listed file.  RIO_EOPTION for a name that is not one of ours,
 * RIO_ESYSTEM (EBUSY) where a process holds it.
 */
int rio_store_remove(struct rio_store *store, const char *file_name, struct rio_error *err);

#endif
