/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mount's folders and files as the kernel knows them: lookups, attributes,
 * listings, and how long each node lives.
 *
 * Below it: names, beneath, node, folder_files, attr, listing, input, options.  It knows no
 * request of fuse's.
 *
 * Functions return 0 or a positive errno; all are safe from many threads.  A
 * node that a caller has (from the kernel, or pinned) stays valid until forgotten.
 */
#ifndef RFS_TREE_H
#define RFS_TREE_H

#include "attr.h"
#include "beneath.h"
#include "listing.h"
#include "node.h"
#include "options.h"
#include "sagemaker/input.h"
#include "status.h"

#include <stddef.h>

struct rfs_tree;

/* Borrows all but ret.  store may be NULL, and input is, but for layout=sagemaker. */
int rfs_tree_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings *settings, struct rio_store *store, struct rfs_counters *counters,
	struct rfs_input *input, struct rfs_tree **ret);
/* With all nodes, wherever they are still known.  Takes NULL. */
void rfs_tree_destroy(struct rfs_tree *tree);

struct rfs_node *rfs_tree_root(struct rfs_tree *tree);

/* Nodes that the kernel or a handle holds, apart from the fixed ones. */
size_t rfs_tree_nr_nodes(struct rfs_tree *tree);

/*
 * The node that name in the folder parent is now, with a reference more.  A
 * large file may not have been counted yet: its attr is then not final, and its
 * size no answer to anybody; ask rfs_tree_getattr.
 */
int rfs_tree_lookup(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr);

/* A reference more, for who has one already; nr fewer, after which it may be gone. */
void rfs_tree_pin(struct rfs_tree *tree, struct rfs_node *node);
void rfs_tree_forget(struct rfs_tree *tree, struct rfs_node *node, uint64_t nr);

/*
 * node's attributes, exact.  A file is counted for it where it has not been,
 * which may take long: EINTR where the waiter gave up.  ESTALE where the node is
 * of a state of the source, or a folder, that is not there any more.
 */
int rfs_tree_getattr(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rfs_attr *ret_attr);

/*
 * Open the source of an RFS_FILE or RFS_PLAIN, which is counted first where it has not been.
 * ESTALE unless it is in node's state; EIO or EACCES where the file is broken.
 */
int rfs_tree_open_source(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rio_source **ret);

/*
 * See to it that a view is described, and still is what its members' sources are: ESTALE
 * otherwise, EIO or EACCES where it is broken.
 */
int rfs_tree_open_view(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter);

int rfs_tree_list(struct rfs_tree *tree, struct rfs_node *folder, struct rfs_listing *ret);

#endif
