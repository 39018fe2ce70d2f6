/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files of a channel File mode shows, and who may read all of them: a manifest names
 * some of them, and a job with several hosts gives each its share.
 *
 * Below it: channels, beneath, log.  Safe from many threads.
 */
#ifndef RFS_SHOWN_H
#define RFS_SHOWN_H

#include "beneath.h"
#include "sagemaker/channels.h"

struct rfs_shown;

/* Borrows all but ret.  NULL without memory. */
struct rfs_shown *rfs_shown_create(const struct rio_job *job, const struct rfs_channels *channels);
void rfs_shown_destroy(struct rfs_shown *shown);

/* Whether the source, or the folder, at path below SOURCE is shown.  Up to a second old. */
bool rfs_shown_has(struct rfs_shown *shown, const char *path, bool is_folder);

/* Whether everybody may read all files of the channel called name.  Up to a second old. */
bool rfs_shown_to_all(struct rfs_shown *shown, const struct rfs_beneath *beneath, const char *name);

#endif
