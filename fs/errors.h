/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an error is known of, for .recordiofs/status: the latest few.
 * One list a process, as there is one log.
 *
 * Below it: beneath, core.  Safe from many threads.
 */
#ifndef RFS_ERRORS_H
#define RFS_ERRORS_H

#include "beneath.h"
#include "source/source.h"

#include <stddef.h>

#define RFS_ERRORS_MAX 20

/* The source at path (below SOURCE) has, in the state stamp, the error that message tells. */
void rfs_errors_note(const char *path, const struct rio_stamp *stamp, const char *message);

/*
 * The messages about files that still are in the state that has the error, oldest
 * first, in ret[]; each freed by the caller.  Returns how many.
 */
size_t rfs_errors_get(const struct rfs_beneath *beneath, char *ret[RFS_ERRORS_MAX]);

#endif
