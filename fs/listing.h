/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a folder of the mount shows at one moment: ".", "..", then bytewise by
 * name.
 *
 * Below it: names, view_names, beneath, folder_files, options, node.
 */
#ifndef RFS_LISTING_H
#define RFS_LISTING_H

#include "beneath.h"
#include "node.h"
#include "options.h"

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rfs_entry {
	char *name;
	uint64_t ino;
	mode_t type; /* S_IFDIR, S_IFREG or S_IFIFO */
	unsigned rank; /* of the source's ending: see rfs_name_to_virtual; or: */
#define RFS_RANK_PLAIN UINT_MAX /* it is shown as it is */
	struct rio_stamp stamp; /* of the source, or of all sources; S_IFREG */
};

/* Zeroed is empty. */
struct rfs_listing {
	struct rfs_entry *entries;
	size_t nr;
	size_t room;
};

/* Read the RFS_FOLDER folder.  Returns 0 or a positive errno, ESTALE where it is gone. */
int rfs_listing_read(const struct rfs_beneath *beneath, const struct rfs_options *options,
	struct rfs_node *folder, struct rfs_listing *ret);

/*
 * Add the views that the options ask for to what was read of folder; a name that is there
 * already stays what it is, and that is logged once.
 */
int rfs_listing_add_views(const struct rfs_beneath *beneath, const struct rfs_options *options,
	struct rfs_node *folder, struct rfs_listing *listing);

/* A listing of given nodes: the folder itself, the one above it, then its files. */
int rfs_listing_fixed(struct rfs_listing *ret, const struct rfs_node *const *nodes, size_t nr);

/* For listings that are put together elsewhere: add an entry, and sort those from begin on. */
int rfs_listing_add(struct rfs_listing *listing, const char *name, uint64_t ino, mode_t type);
int rfs_listing_add_entry(struct rfs_listing *listing, const struct rfs_entry *entry);
void rfs_listing_sort(struct rfs_listing *listing, size_t begin);

void rfs_listing_deinit(struct rfs_listing *listing);

#endif
