/* SPDX-License-Identifier: Apache-2.0 */
/* What a mounted session works with: the user data of libfuse's session. */
#ifndef RFS_MOUNT_H
#define RFS_MOUNT_H

#include "opened.h"
#include "options.h"
#include "readahead.h"
#include "sagemaker/fifo.h"
#include "sagemaker/input.h"
#include "settings.h"
#include "status.h"
#include "tree.h"

#include <stdatomic.h>
#include <time.h>

struct fuse_session;

struct rfs_mount {
	const struct rfs_options *options;
	const struct rfs_beneath *beneath;
	struct rfs_settings *settings;
	struct rfs_tree *tree;
	struct rfs_fifos *fifos; /* layout=sagemaker; else NULL, both */
	struct rfs_input *input;
	struct rfs_readahead *readahead;
	struct fuse_session *session;
	struct rfs_opened_set opened;
	struct rfs_counters counters;
	struct timespec begun; /* CLOCK_MONOTONIC */
	atomic_uint_fast64_t device; /* of the mount, once it is ready */
	atomic_bool ending;          /* a signal to end has come */
};

#endif
