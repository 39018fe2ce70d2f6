/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CSV files that a command line means: files as they are named, folders
 * walked for *.csv.
 *
 * Below it: base.
 */
#ifndef RIO_TOOL_PATHS_H
#define RIO_TOOL_PATHS_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct rio_paths {
	char **paths; /* owned */
	size_t nr;
	size_t room;
	uint64_t total_bytes;
};

/*
 * Add path, or, if it is a folder, every *.csv below it in name order.  Names
 * that begin with a dot are skipped there; links to files are followed, links to
 * folders are not, so that there is no endless way.  RIO_ESYSTEM where something
 * cannot be looked at; all else is added.
 */
int rio_paths_add(struct rio_paths *paths, char *path, struct rio_error *err);
void rio_paths_deinit(struct rio_paths *paths);

#endif
