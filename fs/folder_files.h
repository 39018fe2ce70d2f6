/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV files right in a folder, as they are joined to one: those that the mount shows,
 * in the bytewise order of their own names.
 *
 * Below it: names, beneath, core/csv/file_name.
 */
#ifndef RFS_FOLDER_FILES_H
#define RFS_FOLDER_FILES_H

#include "beneath.h"
#include "source/source.h"

#include <stddef.h>
#include <sys/stat.h>

struct rfs_folder_file {
	char *name;
	size_t stem_bytes; /* of what stands before its ending */
	unsigned rank;     /* of its ending */
	struct stat st;
};

/* Zeroed is empty. */
struct rfs_folder_files {
	struct rfs_folder_file *files;
	size_t nr;
	size_t room;

	/* Of all of them as one: another where any is, or where another folder's they are. */
	struct rio_stamp stamp;
	/* The latest times, and who may read all of the files; the daemon's if owners differ. */
	struct stat st;
};

/*
 * Read the folder at path, below SOURCE.  suffix decides only which names would be too
 * long.  Returns 0 or a positive errno.
 */
int rfs_folder_files_read(const struct rfs_beneath *beneath, const char *suffix, const char *path,
	struct rfs_folder_files *ret);
void rfs_folder_files_deinit(struct rfs_folder_files *files);

#endif
