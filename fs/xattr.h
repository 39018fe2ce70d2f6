/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The extended attributes of files: user.recordiofs.rows, .records, .columns, .source,
 * .record_bytes where all are equally long, and else .skipped and .filled; .texts, the
 * table of text=map; .files of a view; and .error where something is wrong.  Of a channel's
 * folder: .error, why its latest epoch has failed.
 *
 * Below it: beneath, node, input.
 */
#ifndef RFS_XATTR_H
#define RFS_XATTR_H

#include "beneath.h"
#include "node.h"
#include "sagemaker/input.h"

#include <linux/limits.h>

/* Longer ones the kernel does not pass on: E2BIG, and no list has them. */
#define RFS_XATTR_BYTES_MAX XATTR_SIZE_MAX

/*
 * The attribute of that whole name, freed by the caller; NULL where node has none.  Without
 * input (NULL) folders have none.
 */
char *rfs_xattr_value(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, const char *name);

/* The names that node has, each ended by a NUL.  Returns their length. */
#define RFS_XATTR_LIST_BYTES 256
size_t rfs_xattr_list(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, char list[RFS_XATTR_LIST_BYTES]);

#endif
