/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers to the kernel's requests: each takes a request apart, asks a
 * module below, and replies.
 *
 * Below it: everything else in fs but daemon and main.
 */
#ifndef RFS_OPS_H
#define RFS_OPS_H

#include "opened.h"
#include "options.h"
#include "readahead.h"
#include "status.h"
#include "tree.h"

#include <fuse_lowlevel.h>
#include <time.h>

/* What a mounted session works with: the user data of libfuse's session. */
struct rfs_mount {
	const struct rfs_options *options;
	const struct rfs_beneath *beneath;
	struct rfs_settings *settings;
	struct rfs_tree *tree;
	struct rfs_readahead *readahead;
	struct fuse_session *session;
	struct rfs_opened_set opened;
	struct rfs_counters counters;
	struct timespec begun; /* CLOCK_MONOTONIC */
	atomic_uint_fast64_t device; /* of the mount, once it is ready */
};

extern const struct fuse_lowlevel_ops rfs_ops;

#endif
