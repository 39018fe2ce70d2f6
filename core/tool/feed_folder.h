/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder like /opt/ml/input while it is fed: what is made in it, and that all of it,
 * and nothing else, is gone in the end.
 *
 *	FOLDER/config/         the job's three files
 *	FOLDER/data/C_0 …      FIFOs
 *	FOLDER/.recordio-feed  where a FIFO is made before it can be seen; says that FOLDER is fed
 *
 * Below it: base.
 */
#ifndef RIO_TOOL_FEED_FOLDER_H
#define RIO_TOOL_FEED_FOLDER_H

#include "base/error.h"

#include <stddef.h>
#include <sys/stat.h>

/* A file or folder that was made here, as it was then. */
struct rio_made {
	char *path;
	struct stat st;
};

struct rio_feed_folder {
	char *path; /* absolute */
	char *data; /* its folder data */
	struct rio_made *made; /* in the order in which it was */
	size_t nr, room;
};

/*
 * Make the folder at path, where it is not there, and those in it.  RIO_EOPTION where it is
 * fed already.  ret must be deinitialised, on failure too, which removes all that was made.
 */
int rio_feed_folder_init(struct rio_feed_folder *ret, const char *path, struct rio_error *err);
void rio_feed_folder_deinit(struct rio_feed_folder *folder);

/* Make a folder unless it is there. */
int rio_feed_folder_add(struct rio_feed_folder *folder, const char *path, struct rio_error *err);

/* Make the file config/name.  RIO_EOPTION where it is there. */
int rio_feed_folder_write(struct rio_feed_folder *folder, const char *name, const char *text,
	struct rio_error *err);

/*
 * Make the FIFO data/name, and open it for writing though nobody reads: *ret_fd is the
 * caller's.  It takes the place of that open at old_fd (-1: of none).  RIO_EOPTION where
 * something else is there.
 */
int rio_feed_folder_fifo(const struct rio_feed_folder *folder, const char *name, int old_fd,
	int *ret_fd, struct rio_error *err);

/* Remove the FIFO data/name if it is still the one open at fd. */
void rio_feed_folder_remove_fifo(const struct rio_feed_folder *folder, const char *name, int fd);

#endif
