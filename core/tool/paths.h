/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that a command line means: files as they are named, folders walked for
 * *.csv, and for RecordIO where that is asked for.
 *
 * Below it: base.
 */
#ifndef RIO_TOOL_PATHS_H
#define RIO_TOOL_PATHS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rio_paths {
	char **paths; /* owned */
	size_t nr;
	size_t room;
	uint64_t total_bytes;
	bool with_recordio; /* set by the caller: folders are walked for RecordIO, too */
};

/* Whether a file is called *.recordio, *.rec or *.pbr. */
bool rio_path_is_recordio(const char *name);

/*
 * Add path, or, if it is a folder, every such file below it in name order.  Names
 * that begin with a dot are skipped there; links to files are followed, links to
 * folders are not, so that there is no endless way.  RIO_ESYSTEM where something
 * cannot be looked at; all else is added.
 */
int rio_paths_add(struct rio_paths *paths, char *path, struct rio_error *err);
void rio_paths_deinit(struct rio_paths *paths);

#endif
