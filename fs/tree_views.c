/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views are nodes that are made of other nodes:
 *
 *	train.recordio.idx ──► train.recordio ──► train/a.csv, train/b.csv, …
 *	b-00001-of-00003.recordio ──► b.csv
 *
 * A view pins its members and is described from what they know, so a file is counted once
 * however many views it is in.  Its stamp is its member's, or a hash over all those of a
 * folder: a change of any source makes other nodes of all that stands on it, with other
 * inode numbers, and each part is read only from a source in its member's own state.
 */
#include "tree_internal.h"

#include "bench.h"
#include "errors.h"
#include "folder_files.h"
#include "log.h"
#include "source/codec.h"
#include "sources.h"
#include "to_errno.h"
#include "view_names.h"

#include <errno.h>
#include <string.h>

/* --- what a view is made of --- */

/* A node of that kind with room for members. */
static struct rfs_node *create_view(enum rfs_kind kind, const char *path,
	const struct rio_stamp *stamp, const struct stat *st, size_t nr_members)
{
	struct rfs_node *node = rfs_node_create(kind, path, stamp, st);

	if (!node)
		return NULL;
	node->members = calloc(nr_members, sizeof(*node->members));
	if (node->members)
		return node;
	rfs_node_destroy(node);
	return NULL;
}

/* The node of a file as the folder was found; ESTALE where it is another by now. */
static int get_member(struct rfs_tree *tree, const char *folder,
	const struct rfs_folder_file *file, struct rfs_node **ret)
{
	_cleanup_free_ char *path = rfs_beneath_join(folder, file->name);
	struct rio_stamp stamp = rio_stamp_of_stat(&file->st), found;
	_cleanup_close_ int fd = -1;
	struct rfs_node *node;
	int e;

	if (!path)
		return ENOMEM;
	*ret = rfs_tree_find_described(tree, RFS_FILE, path, &stamp);
	if (*ret)
		return 0;
	e = rfs_tree_get_source(tree, RFS_FILE, path, &fd, &node);
	if (e)
		return e == ENOENT ? ESTALE : e;
	found = node->stamp;
	found.written = 0;
	if (!rio_stamp_equal(&found, &stamp)) {
		rfs_tree_forget(tree, node, 1);
		return ESTALE;
	}
	*ret = node;
	return 0;
}

static int create_joined(struct rfs_tree *tree, const char *path, const char *folder,
	const struct rfs_folder_files *files, struct rfs_node **ret)
{
	struct rfs_node *node = create_view(RFS_JOINED, path, &files->stamp, &files->st, files->nr);
	int e = 0;

	if (!node)
		return ENOMEM;
	node->folder = strdup(folder);
	if (!node->folder)
		e = ENOMEM;
	for (size_t i = 0; i < files->nr && !e; i++) {
		e = get_member(tree, folder, &files->files[i], &node->members[i]);
		if (!e)
			node->stamp.written |= node->members[node->nr_members++]->stamp.written;
	}
	if (e) {
		rfs_tree_drop(tree, node);
		return e;
	}
	node->ino = rfs_node_ino(path, &node->stamp);
	return rfs_tree_add(tree, node, ret);
}

/* A view of one node (its pin is taken), which it is as old and as readable as. */
static int create_over(struct rfs_tree *tree, enum rfs_kind kind, const char *path,
	struct rfs_node *base, unsigned shard, struct rfs_node **ret)
{
	struct rfs_node *node = create_view(kind, path, &base->stamp, &base->source_st, 1);

	if (!node) {
		rfs_tree_forget(tree, base, 1);
		return ENOMEM;
	}
	node->members[node->nr_members++] = base;
	node->shard = shard;
	node->nr_shards = tree->options->nr_shards;
	return rfs_tree_add(tree, node, ret);
}

/* --- lookups --- */

/* Whether describing a view takes no longer than a lookup may. */
static bool is_quickly_described(const struct rfs_node *node)
{
	off_t size = 0;

	for (size_t i = 0; i < node->nr_members; i++) {
		struct rfs_node *member = node->members[i];

		if (rfs_node_is_settled(member))
			continue;
		if (member->kind != RFS_FILE)
			return false;
		size += rio_codec_of_name(member->path)
				? member->source_st.st_size * (LOOKUP_SOURCE_BYTES_MAX /
								  LOOKUP_PACKED_BYTES_MAX)
				: member->source_st.st_size;
	}
	return size <= LOOKUP_SOURCE_BYTES_MAX;
}

/* Describe a view (its pin is taken on failure) where that is quickly done. */
static int describe_quickly(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter)
{
	int e = is_quickly_described(node) ? rfs_tree_describe(tree, node, waiter) : 0;

	if (e)
		rfs_tree_forget(tree, node, 1);
	return e;
}

/* One try; ESTALE where a source changed meanwhile. */
static int lookup_files(struct rfs_tree *tree, const char *path, const char *folder,
	const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	struct rfs_folder_files files = {0};
	int e = rfs_folder_files_read(tree->beneath, tree->options->encoding.suffix, folder,
		&files);

	if (e)
		return e;
	*ret = NULL;
	if (!files.nr)
		e = ENOENT;
	else
		*ret = rfs_tree_find_described(tree, RFS_JOINED, path, &files.stamp);
	if (!e && !*ret) {
		e = create_joined(tree, path, folder, &files, ret);
		if (!e)
			e = describe_quickly(tree, *ret, waiter);
	}
	rfs_folder_files_deinit(&files);
	return e;
}

static int lookup_joined_of(struct rfs_tree *tree, const char *path, const char *folder,
	const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	int e = ESTALE;

	for (int i = 0; i < DESCRIBE_TRIES_MAX && e == ESTALE; i++)
		e = lookup_files(tree, path, folder, waiter, ret);
	return e == ESTALE ? EBUSY : e;
}

/* train.recordio, beside the folder train, or in SOURCE where that is called so. */
static int lookup_joined(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const char *path, const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	struct rfs_node *folder;
	struct rfs_attr attr;
	rfs_name folder_name;
	int e;

	if (!tree->options->concat ||
		!rfs_name_to_folder(tree->options->encoding.suffix, name, folder_name))
		return ENOENT;
	e = rfs_tree_lookup(tree, parent, folder_name, waiter, &folder, &attr);
	if (!e) {
		e = folder->kind == RFS_FOLDER
			    ? lookup_joined_of(tree, path, folder->path, waiter, ret)
			    : ENOENT;
		rfs_tree_forget(tree, folder, 1);
	}
	if (e == ENOENT && parent == tree->root &&
		strcmp(folder_name, rfs_beneath_name(tree->beneath)) == 0)
		e = lookup_joined_of(tree, path, ".", waiter, ret);
	return e;
}

/* The file or view of one of those kinds that name is, to make another of it. */
static int lookup_base(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	enum rfs_kind last, const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	struct rfs_attr attr;
	int e = rfs_tree_lookup(tree, parent, name, waiter, ret, &attr);

	if (e || ((*ret)->kind >= RFS_FILE && (*ret)->kind <= last))
		return e;
	rfs_tree_forget(tree, *ret, 1);
	return ENOENT;
}

static int lookup_shard(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const char *path, const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	const struct rfs_options *o = tree->options;
	struct rfs_node *base;
	rfs_name base_name;
	unsigned shard;
	int e;

	if (!o->nr_shards ||
		!rfs_name_to_sharded(o->encoding.suffix, name, o->nr_shards, base_name, &shard))
		return ENOENT;
	e = lookup_base(tree, parent, base_name, RFS_JOINED, waiter, &base);
	return e ? e : create_over(tree, RFS_SHARD, path, base, shard, ret);
}

static int lookup_index(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const char *path, const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	struct rfs_node *base;
	rfs_name base_name;
	int e;

	if (!tree->options->idx || !rfs_name_to_indexed(name, base_name))
		return ENOENT;
	e = lookup_base(tree, parent, base_name, RFS_SHARD, waiter, &base);
	return e ? e : create_over(tree, RFS_INDEX, path, base, 0, ret);
}

/* Of a base that has just been looked up; ESTALE where its source changed since. */
static int lookup_derived(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const char *path, const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	int e = lookup_shard(tree, parent, name, path, waiter, ret);

	if (e == ENOENT)
		e = lookup_index(tree, parent, name, path, waiter, ret);
	return e ? e : describe_quickly(tree, *ret, waiter);
}

int rfs_tree_lookup_view(struct rfs_tree *tree, struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	_cleanup_free_ char *path = NULL;
	int e;

	if (!tree->options->concat && !tree->options->nr_shards && !tree->options->idx)
		return ENOENT;
	path = rfs_beneath_join(parent->path, name);
	if (!path)
		return ENOMEM;
	e = lookup_joined(tree, parent, name, path, waiter, ret);
	if (e != ENOENT)
		return e;
	e = ESTALE;
	for (int i = 0; i < DESCRIBE_TRIES_MAX && e == ESTALE; i++)
		e = lookup_derived(tree, parent, name, path, waiter, ret);
	return e == ESTALE ? EBUSY : e;
}

/* --- what is known of a view --- */

/* Describe all members; where one is broken, so is the view. */
static int describe_members(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rfs_description *ret)
{
	for (size_t i = 0; i < node->nr_members; i++) {
		struct rfs_node *member = node->members[i];
		int broken_errno, e = rfs_tree_describe(tree, member, waiter);

		if (e)
			return e;
		if (rfs_node_known(member, &broken_errno) != RFS_BROKEN)
			continue;
		ret->known = RFS_BROKEN;
		ret->broken_errno = broken_errno;
		ret->error = rfs_node_error(member);
		return 0;
	}
	return 0;
}

static int build_joined(const struct rfs_node *node, struct rio_view **ret, struct rio_error *err)
{
	struct rio_view_member *members = calloc(node->nr_members, sizeof(*members));
	int r;

	if (!members)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < node->nr_members; i++)
		members[i] = (struct rio_view_member){node->members[i]->dataset, node->members[i]};
	r = rio_view_create(members, node->nr_members, ret, err);
	free(members);
	return r;
}

/* From members that are RFS_READY. */
static int build(struct rfs_tree *tree, const struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rfs_description *ret, struct rio_error *err)
{
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();
	const struct rio_view *of = node->members[0]->view;
	struct rfs_sources sources;
	struct rio_view_sources from;
	int r;

	if (!bench)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (node->kind == RFS_JOINED)
		return build_joined(node, &ret->view, err);
	rfs_sources_init(&sources, tree, waiter);
	from = rfs_sources_of_view(&sources);
	if (node->kind == RFS_SHARD)
		r = rio_view_shard(of, node->shard, node->nr_shards, &from, bench->scratch,
			&ret->view, err);
	else
		r = rio_index_text_init(&ret->index, of, &from, bench->scratch, err);
	rfs_sources_deinit(&sources);
	return r;
}

/* What members say is not wrong, but together it is. */
static int found_misfit(struct rfs_tree *tree, const struct rfs_node *node,
	struct rio_error *err, struct rfs_description *ret)
{
	const struct rfs_node *first = node->members[0];
	_cleanup_free_ char *path = rfs_beneath_absolute(tree->beneath, node->path);
	char text[RIO_ERROR_TEXT_BYTES];

	if (path)
		rio_error_set_file(err, path);
	rfs_log_error(err);
	ret->known = RFS_BROKEN;
	ret->broken_errno = EIO;
	ret->error = strdup(rio_error_format(err, text, sizeof(text)));
	/* For as long as the first of them is what it is. */
	if (ret->error && first->kind == RFS_FILE)
		rfs_errors_note(first->path, &first->stamp, ret->error);
	return 0;
}

static int build_or_misfit(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter, struct rfs_description *ret)
{
	struct rio_error err;
	int r = build(tree, node, waiter, ret, &err), e;

	if (r == 0) {
		ret->known = RFS_READY;
		return 0;
	}
	if (r == RIO_ESCHEMA || r == RIO_EMAP_DAMAGED)
		return found_misfit(tree, node, &err, ret);
	e = rfs_to_errno(&err);
	if (e != EINTR && e != ESTALE)
		rfs_log_error(&err);
	return e;
}

int rfs_tree_describe_view(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter)
{
	struct rfs_description found = {.known = RFS_UNKNOWN};
	int e;

	if (!rfs_node_take_turn(node, waiter, &e))
		return e;
	e = describe_members(tree, node, waiter, &found);
	if (!e && found.known == RFS_UNKNOWN)
		e = build_or_misfit(tree, node, waiter, &found);
	rfs_node_publish(node, &found);
	return e;
}

/* --- opening --- */

/* ESTALE unless the folder holds what it held, in the same states. */
static int check_joined(struct rfs_tree *tree, struct rfs_node *node)
{
	struct rfs_folder_files files = {0};
	int e = rfs_folder_files_read(tree->beneath, tree->options->encoding.suffix, node->folder,
		&files);

	if (e)
		return e == ENOENT || e == ENOTDIR ? ESTALE : e;
	/* Of members that are being written it is asked whether they still are. */
	files.stamp.written = node->stamp.written;
	if (!rio_stamp_equal(&files.stamp, &node->stamp))
		e = ESTALE;
	for (size_t i = 0; i < node->nr_members && !e && node->stamp.written; i++)
		e = rfs_tree_check_source(tree, node->members[i]);
	rfs_folder_files_deinit(&files);
	return e;
}

static int check(struct rfs_tree *tree, struct rfs_node *node)
{
	while (node->kind == RFS_SHARD || node->kind == RFS_INDEX)
		node = node->members[0];
	return node->kind == RFS_JOINED ? check_joined(tree, node)
					: rfs_tree_check_source(tree, node);
}

int rfs_tree_open_view(struct rfs_tree *tree, struct rfs_node *node,
	const struct rfs_waiter *waiter)
{
	int broken_errno, e = rfs_tree_describe(tree, node, waiter);

	if (!e && rfs_node_known(node, &broken_errno) == RFS_BROKEN)
		e = broken_errno;
	return e ? e : check(tree, node);
}
