/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a node: asked for by who has it already, not by its name. */
#include "tree_internal.h"

#include "to_errno.h"

#include <errno.h>

/*
 * Find node's source again; ESTALE where it is not in node's state.  Once that was
 * described, writers are asked for only as find_described does.
 */
static int probe_again(const struct rfs_tree *tree, struct rfs_node *node, int *ret_fd)
{
	_cleanup_close_ int fd = -1;
	struct rio_stamp stamp;
	struct stat st;
	int e;

	e = not_there(rfs_beneath_probe(tree->beneath, node->path, &fd, &st));
	if (e)
		return e == ENOENT ? ESTALE : e;
	stamp = rfs_node_is_settled(node) && !node->stamp.written ? rio_stamp_of_stat(&st)
							 : rfs_beneath_stamp(fd, &st);
	if (!rio_stamp_equal(&stamp, &node->stamp))
		return ESTALE;
	*ret_fd = rio_steal_fd(&fd);
	return 0;
}

int rfs_tree_describe(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter)
{
	_cleanup_close_ int fd = -1;
	int e;

	if (rfs_node_is_settled(node))
		return 0;
	if (rfs_node_is_view(node))
		return rfs_tree_describe_view(tree, node, waiter);
	e = probe_again(tree, node, &fd);
	return e ? e : rfs_node_describe(node, &tree->describer, fd, waiter);
}

int rfs_tree_check_source(struct rfs_tree *tree, struct rfs_node *node)
{
	_cleanup_close_ int fd = -1;

	return probe_again(tree, node, &fd);
}

static bool is_same_folder(const struct rfs_tree *tree, const struct rfs_node *node,
	const struct stat *st)
{
	struct rio_stamp stamp = rfs_folder_stamp(st);

	return S_ISDIR(st->st_mode) &&
	       (node == tree->root || rio_stamp_equal(&stamp, &node->stamp));
}

int rfs_tree_getattr(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rfs_attr *ret_attr)
{
	struct stat st;
	int e;

	switch (node->kind) {
	case RFS_PLAIN:
	case RFS_FILE:
	case RFS_JOINED:
	case RFS_SHARD:
	case RFS_INDEX:
		e = rfs_tree_describe(tree, node, waiter);
		if (!e)
			rfs_attr_of_file(tree->options, node, ret_attr);
		return e;
	case RFS_FOLDER:
		if (rfs_beneath_stat(tree->beneath, node->path, &st) ||
			!is_same_folder(tree, node, &st))
			return ESTALE;
		rfs_attr_of_folder(tree->options, node, &st, ret_attr);
		return 0;
	case RFS_INPUT:
	case RFS_CONFIG:
	case RFS_DATA:
	case RFS_TEXT:
	case RFS_FIFO:
		return rfs_input_attr(tree->input, node, ret_attr);
	default:
		rfs_attr_of_control(tree->options, node, ret_attr);
		return 0;
	}
}

int rfs_tree_open_source(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rio_source **ret)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(tree->beneath, node->path);
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	_cleanup_close_ int probed_fd = -1;
	struct rio_error err;
	int fd, broken_errno, e;

	if (!path)
		return ENOMEM;
	e = rfs_tree_describe(tree, node, waiter);
	if (!e && rfs_node_known(node, &broken_errno) == RFS_BROKEN)
		e = broken_errno;
	if (!e)
		e = probe_again(tree, node, &probed_fd);
	if (!e)
		e = rfs_beneath_reopen(probed_fd, &fd);
	if (e)
		return e;
	if (node->kind == RFS_PLAIN ? rio_source_from_fd_as_it_is(fd, path, &source, &err)
				    : rio_source_from_fd(fd, path, &source, &err))
		return rfs_to_errno(&err);
	if (node->kind == RFS_FILE)
		e = rfs_node_attach(node, &tree->describer, path, waiter, source);
	if (!e)
		*ret = rio_steal(source);
	return e;
}

int rfs_tree_list(struct rfs_tree *tree, struct rfs_node *folder, struct rfs_listing *ret)
{
	int e;

	if (folder == tree->control)
		return rfs_listing_fixed(ret, (const struct rfs_node *const[]){tree->control,
				tree->root, tree->status, tree->metrics}, 4);
	if (rfs_node_is_of_input(folder))
		return rfs_input_list(tree->input, tree->root, folder, ret);
	e = rfs_listing_read(tree->beneath, tree->options, folder, ret);
	if (!e && tree->input)
		rfs_input_filter(tree->input, folder, ret);
	if (!e)
		e = rfs_listing_add_views(tree->beneath, tree->options, folder, ret);
	if (e)
		rfs_listing_deinit(ret);
	return e;
}
