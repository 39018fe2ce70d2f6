/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What views a folder shows beside its files.  Each kind stands on the ones before it:
 *
 *	b.recordio, train/                       read from SOURCE
 *	train.recordio                           concat
 *	b-00000-of-00002.recordio, …             shards, of all that is there by now
 *	b.recordio.idx, …                        idx, of all that is there by now
 *
 * A name that is taken already stays what it is, as in a lookup.
 */
#include "listing.h"

#include "base/util.h"
#include "folder_files.h"
#include "log.h"
#include "view_names.h"

#include <errno.h>
#include <string.h>

/* "." and ".." come first, and are not sorted with the others. */
#define NR_DOTS 2

struct adding {
	const struct rfs_beneath *beneath;
	const struct rfs_options *options;
	struct rfs_node *folder;
	struct rfs_listing *listing;
	size_t nr_taken; /* entries of the kinds before; sorted */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct rfs_entry *)a)->name, ((const struct rfs_entry *)b)->name);
}

static void tell_taken(const struct adding *a, const char *name)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(a->beneath, a->folder->path);

	if (!atomic_exchange(&a->folder->told_no_view, true) && path)
		rfs_log_note("%s: %s is another file's name: what would be made under it is not "
			"shown", path, name);
}

/* Add what is made of sources in the state stamp; a name that is taken is passed over. */
static int add(const struct adding *a, const char *name, const struct rio_stamp *stamp)
{
	struct rfs_listing *listing = a->listing;
	struct rfs_entry entry = {.name = (char *)name, .type = S_IFREG, .stamp = *stamp};
	_cleanup_free_ char *path = rfs_beneath_join(a->folder->path, name);

	if (!path)
		return ENOMEM;
	if (bsearch(&entry, listing->entries + NR_DOTS, a->nr_taken - NR_DOTS,
		    sizeof(entry), compare)) {
		tell_taken(a, name);
		return 0;
	}
	entry.ino = rfs_node_ino(path, stamp);
	return rfs_listing_add_entry(listing, &entry);
}

/* The files right in the folder path, joined to what is called after folder. */
static int add_joined(const struct adding *a, const char *folder, const char *path)
{
	const char *suffix = a->options->encoding.suffix;
	struct rfs_folder_files files = {0};
	rfs_name name;
	int e = 0;

	/* A folder that cannot be read has nothing to show here. */
	if (!rfs_name_of_joined(suffix, folder, name) ||
		rfs_folder_files_read(a->beneath, suffix, path, &files))
		return 0;
	if (files.nr)
		e = add(a, name, &files.stamp);
	rfs_folder_files_deinit(&files);
	return e;
}

static int add_joined_folders(const struct adding *a)
{
	int e = 0;

	for (size_t i = NR_DOTS; i < a->nr_taken && !e; i++) {
		const char *name = a->listing->entries[i].name;
		_cleanup_free_ char *path = NULL;

		if (!S_ISDIR(a->listing->entries[i].type))
			continue;
		path = rfs_beneath_join(a->folder->path, name);
		e = path ? add_joined(a, name, path) : ENOMEM;
	}
	return e;
}

/* SOURCE's own files: nowhere is beside SOURCE, so they are joined in it. */
static int add_joined_root(const struct adding *a)
{
	if (strcmp(a->folder->path, ".") != 0)
		return 0;
	return add_joined(a, rfs_beneath_name(a->beneath), ".");
}

static bool is_encoded(const struct rfs_entry *entry)
{
	return S_ISREG(entry->type) && entry->rank != RFS_RANK_PLAIN;
}

static int add_shards(const struct adding *a)
{
	unsigned nr_shards = a->options->nr_shards;
	int e = 0;

	for (size_t i = NR_DOTS; i < a->nr_taken && !e; i++) {
		const struct rfs_entry of = a->listing->entries[i];

		for (unsigned k = 0; is_encoded(&of) && k < nr_shards && !e; k++) {
			rfs_name name;

			if (rfs_name_of_shard(a->options->encoding.suffix, of.name, k, nr_shards,
				    name))
				e = add(a, name, &of.stamp);
		}
	}
	return e;
}

static int add_indexes(const struct adding *a)
{
	int e = 0;

	for (size_t i = NR_DOTS; i < a->nr_taken && !e; i++) {
		const struct rfs_entry of = a->listing->entries[i];
		rfs_name name;

		if (is_encoded(&of) && rfs_name_of_index(of.name, name))
			e = add(a, name, &of.stamp);
	}
	return e;
}

/* One kind: what it stands on is sorted and stays; what it adds is then sorted in. */
static int add_kind(struct adding *a, int (*add_all)(const struct adding *a))
{
	int e;

	a->nr_taken = a->listing->nr;
	e = add_all(a);
	if (a->listing->nr > a->nr_taken)
		qsort(a->listing->entries + NR_DOTS, a->listing->nr - NR_DOTS,
			sizeof(struct rfs_entry), compare);
	return e;
}

int rfs_listing_add_views(const struct rfs_beneath *beneath, const struct rfs_options *options,
	struct rfs_node *folder, struct rfs_listing *listing)
{
	struct adding a = {
		.beneath = beneath, .options = options, .folder = folder, .listing = listing};
	int e = 0;

	if (options->concat)
		e = add_kind(&a, add_joined_folders);
	if (options->concat && !e)
		e = add_kind(&a, add_joined_root);
	if (options->nr_shards && !e)
		e = add_kind(&a, add_shards);
	if (options->idx && !e)
		e = add_kind(&a, add_indexes);
	return e;
}
