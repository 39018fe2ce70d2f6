/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index folder and the names in it, for map/store*.c alone.
 *
 *	0123456789abcdef0123456789abcdef.map          a map, named by its key's hash
 *	0123456789abcdef0123456789abcdef.seek         a seek index, likewise
 *	0123456789abcdef0123456789abcdef.lock         held by who builds it
 *	0123456789abcdef0123456789abcdef.AbCdEf.tmp   held by who writes it
 */
#ifndef RIO_MAP_STORE_DIR_H
#define RIO_MAP_STORE_DIR_H

#include "map/store_file.h"

struct rio_store {
	char *dir; /* absolute */
};

#define RIO_STORE_HASH_CHARS 32
#define RIO_STORE_NAME_BYTES (RIO_STORE_HASH_CHARS + sizeof(".XXXXXX.tmp"))

#define RIO_STORE_MAP  ".map"
#define RIO_STORE_SEEK ".seek"
#define RIO_STORE_LOCK ".lock"
#define RIO_STORE_TMP  ".tmp"

/* Write the name that key has with this ending. */
int rio_store_name(const struct rio_store_key *key, const char *ending,
	char name[RIO_STORE_NAME_BYTES], struct rio_error *err);

/* The ending of a name of ours: one of the four above, or NULL. */
const char *rio_store_ending(const char *name);

/*
 * Open the folder, making it (and what is above it) where make says so.  Returns
 * a descriptor, RIO_ENOT_INDEXED where there is none, or RIO_ESYSTEM.
 */
int rio_store_open_dir(const struct rio_store *store, bool make, struct rio_error *err);

/* Open the file called name for reading.  A descriptor, or RIO_ENOT_INDEXED where there is none. */
int rio_store_open(const struct rio_store *store, int dir_fd, const char *name,
	struct rio_error *err);

/*
 * Open and read the map called name, in parts: only what is wanted at once.
 * RIO_ENOT_INDEXED where there is none.
 */
int rio_store_read(const struct rio_store *store, int dir_fd, const char *name, bool in_parts,
	struct rio_store_file *ret, struct rio_error *err);

/*
 * Open name and lock it without waiting.  Returns a descriptor that holds it,
 * RIO_ENOT_INDEXED where it is gone, or RIO_ESYSTEM (EBUSY where a process holds it).
 */
int rio_store_hold(int dir_fd, const char *name, struct rio_error *err);

/* Whether name is still the file that fd is open on, and not a later one. */
bool rio_store_is_same(int dir_fd, const char *name, int fd);

/*
 * A file that is being written, locked so that nobody takes it for left over.  It
 * becomes visible, under its key's name with that ending, when it is published.
 */
struct rio_store_temporary {
	int dir_fd; /* -1: there is none */
	int fd;
	char *path; /* NULL once it is published */
	char name[RIO_STORE_NAME_BYTES];
};

int rio_store_temporary_create(struct rio_store *store, const struct rio_store_key *key,
	const char *ending, struct rio_store_temporary *ret, struct rio_error *err);

/* Sync it, rename it, and sync the folder. */
int rio_store_temporary_publish(struct rio_store_temporary *temporary, struct rio_error *err);

/* What was not published is removed. */
void rio_store_temporary_destroy(struct rio_store_temporary *temporary);

#endif
