/* SPDX-License-Identifier: Apache-2.0 */
/* What tree's own files share. */
#ifndef RFS_TREE_INTERNAL_H
#define RFS_TREE_INTERNAL_H

#include "tree.h"

#include "base/util.h"

#include <errno.h>

/*
 * Larger sources are not counted within a lookup: the kernel may let other
 * lookups in the same folder wait for it (with libfuse before 3.17 it does).
 * Such a file is counted when its attributes are asked for, which they are not where
 * a map is kept of it: that is read at once.
 */
#define LOOKUP_SOURCE_BYTES_MAX ((off_t)RIO_MIB)

/* Compressed ones hold more than their size, and decoding them takes longer. */
#define LOOKUP_PACKED_BYTES_MAX ((off_t)(64 * RIO_KIB))

/* A source that changes while it is counted is counted again, so many times. */
#define DESCRIBE_TRIES_MAX 4

struct rfs_tree {
	const struct rfs_options *options;
	const struct rfs_beneath *beneath;
	struct rfs_describer describer;
	struct rfs_input *input; /* layout=sagemaker; else NULL */

	struct rfs_node *root;
	struct rfs_node *control, *status, *metrics;

	pthread_mutex_t lock; /* all below, and every node's nr_refs */
	void *nodes;          /* of tsearch, by rfs_node_compare */
	size_t nr_nodes;
};

/*
 * Put a new node (taken, with the pins on its members) into the table, or find the one
 * that is equal to it there; *ret has a reference more.
 */
int rfs_tree_add(struct rfs_tree *tree, struct rfs_node *node, struct rfs_node **ret);

/* Destroy a node that is not in the table, and take back the pins on its members. */
void rfs_tree_drop(struct rfs_tree *tree, struct rfs_node *node);

/*
 * The node of that kind whose sources were described in the state stamp, of a time at
 * which nobody was writing to them, with a reference more, or NULL.
 */
struct rfs_node *rfs_tree_find_described(struct rfs_tree *tree, enum rfs_kind kind,
	const char *path, const struct rio_stamp *stamp);

/*
 * The node of that kind of the source at path as it is now, not described for it; and an
 * O_PATH descriptor.
 */
int rfs_tree_get_source(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	int *ret_fd, struct rfs_node **ret);

/* See to it that a file or view is RFS_READY or RFS_BROKEN; as rfs_node_describe. */
int rfs_tree_describe(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter);
int rfs_tree_describe_view(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter);

/* ESTALE unless an RFS_FILE's source is still in node's state. */
int rfs_tree_check_source(struct rfs_tree *tree, struct rfs_node *node);

/* The view that name in the folder parent is, with a reference more; ENOENT where it is none. */
int rfs_tree_lookup_view(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret);

/* Dangling links, links that lead out, folders on the way gone: not there, for us. */
static inline int not_there(int e)
{
	return e == EXDEV || e == ELOOP || e == ENOTDIR || e == ENAMETOOLONG ? ENOENT : e;
}

#endif
