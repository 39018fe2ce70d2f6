/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders are live: nothing about a name is cached, neither here nor (entry
 * timeout 0) in the kernel, so every walk looks at SOURCE again and sees what is
 * new, changed, renamed or gone.  What is kept are nodes, under path and stamp:
 * a lookup that finds the source in a state that is known gets the same node
 * back, with its size and its pages.
 *
 * The table is libc's tree (tsearch), ordered by inode number, a hash.  One lock
 * guards it and all reference counts; it is held for pointer work only.
 *
 * The nodes' numbers for the kernel are their addresses: it holds a reference on
 * what it names, so an address cannot be another node's while it is in use.
 */
#include "tree_internal.h"

#include "base/util.h"
#include "csv/file_name.h"
#include "names.h"
#include "source/codec.h"
#include "to_errno.h"

#include <errno.h>
#include <search.h>
#include <string.h>
#include <time.h>

#define CONTROL_NAME ".recordiofs"

/* --- nodes and references --- */

void rfs_tree_drop(struct rfs_tree *tree, struct rfs_node *node)
{
	for (size_t i = 0; i < node->nr_members; i++)
		rfs_tree_forget(tree, node->members[i], 1);
	rfs_node_destroy(node);
}

int rfs_tree_add(struct rfs_tree *tree, struct rfs_node *node, struct rfs_node **ret)
{
	struct rfs_node **slot;

	pthread_mutex_lock(&tree->lock);
	slot = tsearch(node, &tree->nodes, rfs_node_compare);
	if (slot) {
		(*slot)->nr_refs++;
		tree->nr_nodes += *slot == node;
		*ret = *slot;
	}
	pthread_mutex_unlock(&tree->lock);
	if (!slot || *ret != node)
		rfs_tree_drop(tree, node);
	return slot ? 0 : ENOMEM;
}

/* The node for path in this state, new or known, with a reference more. */
static int get_node(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	const struct rio_stamp *stamp, const struct stat *st, struct rfs_node **ret)
{
	struct rfs_node *node = rfs_node_create(kind, path, stamp, st);

	return node ? rfs_tree_add(tree, node, ret) : ENOMEM;
}

static bool is_fixed(const struct rfs_tree *tree, const struct rfs_node *node)
{
	return node == tree->root || node == tree->control || node == tree->status ||
	       node == tree->metrics || (tree->input && rfs_input_is_fixed(tree->input, node));
}

void rfs_tree_pin(struct rfs_tree *tree, struct rfs_node *node)
{
	pthread_mutex_lock(&tree->lock);
	node->nr_refs++;
	pthread_mutex_unlock(&tree->lock);
}

void rfs_tree_forget(struct rfs_tree *tree, struct rfs_node *node, uint64_t nr)
{
	bool gone;

	if (is_fixed(tree, node))
		return;
	if (node->kind == RFS_FIFO) {
		rfs_input_forget(tree->input, node, nr);
		return;
	}
	pthread_mutex_lock(&tree->lock);
	node->nr_refs -= RIO_MIN(nr, node->nr_refs);
	gone = node->nr_refs == 0;
	if (gone) {
		tdelete(node, &tree->nodes, rfs_node_compare);
		tree->nr_nodes--;
	}
	pthread_mutex_unlock(&tree->lock);
	if (gone)
		rfs_tree_drop(tree, node);
}

size_t rfs_tree_nr_nodes(struct rfs_tree *tree)
{
	size_t nr;

	pthread_mutex_lock(&tree->lock);
	nr = tree->nr_nodes;
	pthread_mutex_unlock(&tree->lock);
	return nr;
}

struct rfs_node *rfs_tree_root(struct rfs_tree *tree)
{
	return tree->root;
}

int rfs_tree_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings *settings, struct rio_store *store, struct rfs_counters *counters,
	struct rfs_input *input, struct rfs_tree **ret)
{
	struct rfs_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return ENOMEM;
	tree->options = options;
	tree->beneath = beneath;
	tree->describer = (struct rfs_describer){
		.beneath = beneath, .settings = settings, .store = store, .counters = counters};
	tree->input = input;
	pthread_mutex_init(&tree->lock, NULL);
	tree->root = rfs_node_create_fixed(input ? RFS_INPUT : RFS_FOLDER, ".", 1);
	tree->control = rfs_node_create_fixed(RFS_CONTROL, CONTROL_NAME, 2);
	tree->status = rfs_node_create_fixed(RFS_STATUS, CONTROL_NAME "/status", 3);
	tree->metrics = rfs_node_create_fixed(RFS_METRICS, CONTROL_NAME "/metrics", 4);
	if (!tree->root || !tree->control || !tree->status || !tree->metrics) {
		rfs_tree_destroy(tree);
		return ENOMEM;
	}
	*ret = tree;
	return 0;
}

static void destroy_node(void *node)
{
	rfs_node_destroy(node);
}

void rfs_tree_destroy(struct rfs_tree *tree)
{
	if (!tree)
		return;
	tdestroy(tree->nodes, destroy_node);
	rfs_node_destroy(tree->root);
	rfs_node_destroy(tree->control);
	rfs_node_destroy(tree->status);
	rfs_node_destroy(tree->metrics);
	pthread_mutex_destroy(&tree->lock);
	free(tree);
}

/* --- lookups --- */

/* The folder at path, where above is the one that it is looked up in; NULL: any. */
static int lookup_folder_at(struct rfs_tree *tree, const char *above, const char *path,
	struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	struct rio_stamp stamp;
	struct stat st;
	int e;

	e = not_there(rfs_beneath_stat(tree->beneath, path, &st));
	if (e)
		return e;
	if (!S_ISDIR(st.st_mode) ||
		(above && rfs_beneath_leads_through(tree->beneath, above, &st)))
		return ENOENT;
	stamp = rfs_folder_stamp(&st);
	e = get_node(tree, RFS_FOLDER, path, &stamp, NULL, ret);
	if (!e)
		rfs_attr_of_folder(tree->options, *ret, &st, ret_attr);
	return e;
}

static int lookup_folder(struct rfs_tree *tree, const struct rfs_node *parent, const char *name,
	struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	_cleanup_free_ char *path = rfs_beneath_join(parent->path, name);

	if (!path)
		return ENOMEM;
	if (tree->input && !rfs_input_shows(tree->input, path, true))
		return ENOENT;
	return lookup_folder_at(tree, parent->path, path, ret, ret_attr);
}

/*
 * Nobody had a source open for writing when it was described, and who has opened it since
 * has not written: that would have moved its ctime.  So its bytes are those that were
 * counted, and it need not be opened to be asked for writers.
 */
struct rfs_node *rfs_tree_find_described(struct rfs_tree *tree, enum rfs_kind kind,
	const char *path, const struct rio_stamp *stamp)
{
	const struct rfs_node key = {
		.kind = kind,
		.path = (char *)path,
		.stamp = *stamp,
		.ino = rfs_node_ino(path, stamp),
	};
	struct rfs_node **slot, *node = NULL;

	pthread_mutex_lock(&tree->lock);
	slot = tfind(&key, &tree->nodes, rfs_node_compare);
	if (slot) {
		node = *slot;
		node->nr_refs++;
	}
	pthread_mutex_unlock(&tree->lock);
	if (node && !rfs_node_is_settled(node)) {
		rfs_tree_forget(tree, node, 1);
		node = NULL;
	}
	return node;
}

static int lookup_described(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	struct rfs_node **ret)
{
	struct rio_stamp stamp;
	struct stat st;
	int e = not_there(rfs_beneath_stat(tree->beneath, path, &st));

	if (e)
		return e;
	if (!S_ISREG(st.st_mode))
		return ENOENT;
	stamp = rio_stamp_of_stat(&st);
	*ret = rfs_tree_find_described(tree, kind, path, &stamp);
	return *ret ? 0 : ESTALE;
}

int rfs_tree_get_source(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	int *ret_fd, struct rfs_node **ret)
{
	_cleanup_close_ int fd = -1;
	struct rio_stamp stamp;
	struct stat st;
	int e;

	e = not_there(rfs_beneath_probe(tree->beneath, path, &fd, &st));
	if (e)
		return e;
	if (!S_ISREG(st.st_mode))
		return ENOENT;
	stamp = rfs_beneath_stamp(fd, &st);
	e = get_node(tree, kind, path, &stamp, &st, ret);
	if (!e)
		*ret_fd = rio_steal_fd(&fd);
	return e;
}

static bool is_small(const char *path, const struct stat *st)
{
	return st->st_size <= (rio_codec_of_name(path) ? LOOKUP_PACKED_BYTES_MAX
						       : LOOKUP_SOURCE_BYTES_MAX);
}

/* One try; ESTALE where the source changed while it was counted. */
static int lookup_source(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	_cleanup_close_ int fd = -1;
	struct rfs_node *node;
	bool small;
	int e = rfs_tree_get_source(tree, kind, path, &fd, &node);

	if (e)
		return e;
	small = kind == RFS_PLAIN || is_small(path, &node->source_st);
	if (small || !node->stamp.written)
		e = rfs_node_describe(node, &tree->describer, fd, small ? waiter : NULL);
	if (e) {
		rfs_tree_forget(tree, node, 1);
		return e;
	}
	*ret = node;
	return 0;
}

/* What path is; ENOENT where it is no file. */
static int lookup_path(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	int e = lookup_described(tree, kind, path, ret);

	for (int i = 0; i < DESCRIBE_TRIES_MAX && e == ESTALE; i++)
		e = lookup_source(tree, kind, path, waiter, ret);
	if (!e)
		rfs_attr_of_file(tree->options, *ret, ret_attr);
	return e == ESTALE ? EBUSY : e; /* it is being written all the time */
}

/* Of b.csv, b.csv.gz and so on the first that is there. */
static int lookup_file(struct rfs_tree *tree, const struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	const char *suffix = tree->options->encoding.suffix;
	int e = ENOENT;

	for (unsigned rank = 0; e == ENOENT && rio_csv_ending(rank); rank++) {
		_cleanup_free_ char *path = NULL;
		rfs_name source;

		if (!rfs_name_to_source(suffix, name, rank, source))
			break;
		path = rfs_beneath_join(parent->path, source);
		if (path && tree->input && !rfs_input_shows(tree->input, path, false))
			continue;
		e = path ? lookup_path(tree, RFS_FILE, path, waiter, ret, ret_attr) : ENOMEM;
	}
	return e;
}

/* A file that is no CSV. */
static int lookup_plain(struct rfs_tree *tree, const struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	_cleanup_free_ char *path = NULL;
	unsigned rank;

	if (!tree->options->passthrough || rio_csv_stem(name, &rank))
		return ENOENT;
	path = rfs_beneath_join(parent->path, name);
	return path ? lookup_path(tree, RFS_PLAIN, path, waiter, ret, ret_attr) : ENOMEM;
}

static struct rfs_node *find_control(struct rfs_tree *tree, const struct rfs_node *parent,
	const char *name)
{
	if (parent == tree->root)
		return strcmp(name, CONTROL_NAME) == 0 ? tree->control : NULL;
	if (parent != tree->control)
		return NULL;
	if (strcmp(name, "status") == 0)
		return tree->status;
	return strcmp(name, "metrics") == 0 ? tree->metrics : NULL;
}

/* A name in one of the folders of layout=sagemaker. */
static int lookup_input(struct rfs_tree *tree, const struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	struct rfs_input_found found;
	int e = rfs_input_lookup(tree->input, parent, name, waiter, &found);

	if (!e && found.folder)
		return lookup_folder_at(tree, NULL, found.folder, ret, ret_attr);
	if (!e && found.fresh)
		e = rfs_tree_add(tree, found.fresh, &found.node);
	if (!e)
		e = rfs_input_attr(tree->input, found.node, ret_attr);
	if (!e)
		*ret = found.node;
	return e;
}

int rfs_tree_lookup(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret, struct rfs_attr *ret_attr)
{
	struct rfs_node *control = find_control(tree, parent, name);
	int e;

	if (control) {
		rfs_attr_of_control(tree->options, control, ret_attr);
		*ret = control;
		return 0;
	}
	if (rfs_node_is_of_input(parent))
		return lookup_input(tree, parent, name, waiter, ret, ret_attr);
	if (parent->kind != RFS_FOLDER || rfs_name_is_hidden(name))
		return ENOENT;
	e = lookup_file(tree, parent, name, waiter, ret, ret_attr);
	if (e == ENOENT)
		e = lookup_plain(tree, parent, name, waiter, ret, ret_attr);
	if (e == ENOENT)
		e = lookup_folder(tree, parent, name, ret, ret_attr);
	if (e == ENOENT)
		e = rfs_tree_lookup_view(tree, parent, name, waiter, ret);
	if (!e && rfs_node_is_view(*ret))
		rfs_attr_of_file(tree->options, *ret, ret_attr);
	return e;
}
