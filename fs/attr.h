/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stat tells of a node.
 *
 * Below it: node, options.
 */
#ifndef RFS_ATTR_H
#define RFS_ATTR_H

#include "node.h"
#include "options.h"

#include <sys/stat.h>

struct rfs_attr {
	struct stat st;
	bool is_final; /* it can never change, and may be cached for good */
};

void rfs_attr_of_file(const struct rfs_options *options, struct rfs_node *node,
	struct rfs_attr *ret);

/* from is what the folder is now. */
void rfs_attr_of_folder(const struct rfs_options *options, const struct rfs_node *node,
	const struct stat *from, struct rfs_attr *ret);

/* .recordiofs and what lies in it. */
void rfs_attr_of_control(const struct rfs_options *options, const struct rfs_node *node,
	struct rfs_attr *ret);

/* A text of config, or a FIFO: what the node's source_st says. */
void rfs_attr_of_own(const struct rfs_options *options, const struct rfs_node *node,
	struct rfs_attr *ret);

#endif
