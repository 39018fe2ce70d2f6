/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source is called in the mount, and back: b.csv, b.csv.gz <-> b.recordio.
 * Pure functions of names; no file is looked at.
 *
 * Below it: core/csv/file_name.
 */
#ifndef RFS_NAMES_H
#define RFS_NAMES_H

#include <limits.h>
#include <stdbool.h>

/* Room for any one name of a folder. */
typedef char rfs_name[NAME_MAX + 1];

enum rfs_name_kind {
	RFS_NAME_CSV,      /* ret holds the virtual name */
	RFS_NAME_OTHER,    /* hidden, or no CSV */
	RFS_NAME_TOO_LONG, /* a CSV whose virtual name would exceed NAME_MAX */
};

/* Names that begin with a dot are not shown and cannot be reached. */
bool rfs_name_is_hidden(const char *name);

/*
 * The virtual name of a source's name, and the rank of its ending: of several sources
 * with one virtual name that of the least rank is shown.  suffix is without a dot.
 */
enum rfs_name_kind rfs_name_to_virtual(const char *suffix, const char *source, rfs_name ret,
	unsigned *ret_rank);

/*
 * The source's name for a virtual one, with the ending of that rank, which is one of
 * core/csv/file_name's.  False where name cannot be such a file's.
 */
bool rfs_name_to_source(const char *suffix, const char *name, unsigned rank, rfs_name ret);

#endif
