/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opened sources of a view's parts: few at a time, whatever the view is made of.
 *
 * Below it: tree.h, which opens them; tree_views, too, reads through it.  Safe from many
 * threads.
 */
#ifndef RFS_SOURCES_H
#define RFS_SOURCES_H

#include "tree.h"
#include "view/view.h"

/* Kept open for the next read; more are open only while they are read from. */
#define RFS_SOURCES_MAX 8

struct rfs_sources {
	struct rfs_tree *tree;
	const struct rfs_waiter *waiter;
	struct rio_source *sole; /* of a plain file, owned; NULL: those below */

	pthread_mutex_t lock; /* all below */
	struct rfs_source_slot {
		const struct rfs_node *file; /* NULL: free */
		struct rio_source *source;
		unsigned nr_users;
		uint64_t last_use;
	} slots[RFS_SOURCES_MAX];
	uint64_t nr_uses;
};

/* Borrows tree and waiter (NULL: nobody who gives up) until deinit. */
void rfs_sources_init(struct rfs_sources *sources, struct rfs_tree *tree,
	const struct rfs_waiter *waiter);
/* What was taken must have been given back. */
void rfs_sources_deinit(struct rfs_sources *sources);

/* For core: the owner of each part is its file's node. */
struct rio_view_sources rfs_sources_of_view(struct rfs_sources *sources);

#endif
