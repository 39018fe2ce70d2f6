/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder shows its folders and the CSV files in it, the latter under their
 * virtual names, and nothing else.  No size is needed for that, so nothing is
 * counted; but an entry's inode number must be the one that stat will tell, so
 * each is looked at (O_PATH), which also sorts out FIFOs, devices, links that
 * lead out, and whatever lies on the other side of our own mount.
 */
#include "listing.h"

#include "base/util.h"
#include "csv/file_name.h"
#include "log.h"
#include "names.h"

#include <errno.h>
#include <string.h>

void rfs_listing_deinit(struct rfs_listing *listing)
{
	for (size_t i = 0; i < listing->nr; i++)
		free(listing->entries[i].name);
	free(listing->entries);
	*listing = (struct rfs_listing){0};
}

int rfs_listing_add_entry(struct rfs_listing *listing, const struct rfs_entry *entry)
{
	char *name;

	if (listing->nr == listing->room) {
		size_t room = listing->room ? 2 * listing->room : 16;
		void *entries = reallocarray(listing->entries, room, sizeof(*listing->entries));

		if (!entries)
			return ENOMEM;
		listing->entries = entries;
		listing->room = room;
	}
	name = strdup(entry->name);
	if (!name)
		return ENOMEM;
	listing->entries[listing->nr] = *entry;
	listing->entries[listing->nr++].name = name;
	return 0;
}

int rfs_listing_add(struct rfs_listing *listing, const char *name, uint64_t ino, mode_t type)
{
	return rfs_listing_add_entry(listing,
		&(struct rfs_entry){.name = (char *)name, .ino = ino, .type = type});
}

/* A folder that is being listed. */
struct walk {
	const struct rfs_beneath *beneath;
	const char *suffix;
	bool with_plain;
	struct rfs_node *folder;
	bool tell_long; /* log names that are too long */
	bool told_long;
	bool tell_hidden; /* log files that another one hides */
	bool told_hidden;
	struct rfs_listing *listing;
};

/* A file that is shown under the name virtual. */
static int add_file(struct walk *walk, const char *virtual, unsigned rank, const char *name)
{
	_cleanup_free_ char *path = rfs_beneath_join(walk->folder->path, name);
	struct rio_stamp stamp;
	struct stat st;

	if (!path)
		return ENOMEM;
	if (rfs_beneath_stat(walk->beneath, path, &st) || !S_ISREG(st.st_mode))
		return 0;
	stamp = rio_stamp_of_stat(&st);
	return rfs_listing_add_entry(walk->listing, &(struct rfs_entry){.name = (char *)virtual,
			.ino = rfs_node_ino(path, &stamp), .type = S_IFREG, .rank = rank,
			.stamp = stamp});
}

static int add_folder(struct walk *walk, const char *name, bool may_be_link)
{
	_cleanup_free_ char *path = rfs_beneath_join(walk->folder->path, name);
	struct rio_stamp stamp;
	struct stat st;

	if (!path)
		return ENOMEM;
	if (rfs_beneath_stat(walk->beneath, path, &st) || !S_ISDIR(st.st_mode))
		return 0;
	if (may_be_link && rfs_beneath_leads_through(walk->beneath, walk->folder->path, &st))
		return 0;
	stamp = rfs_folder_stamp(&st);
	return rfs_listing_add(walk->listing, name, rfs_node_ino(path, &stamp), S_IFDIR);
}

static void tell_long_name(struct walk *walk, const char *name)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(walk->beneath, walk->folder->path);

	walk->told_long = true;
	if (walk->tell_long && path)
		rfs_log("%s/%s: left out, since its name with .%s would be too long", path, name,
			walk->suffix);
}

static int add_entry(struct walk *walk, const char *name, unsigned char type)
{
	bool may_be_link = type == DT_LNK || type == DT_UNKNOWN;
	rfs_name virtual;
	unsigned rank;
	int e = 0;

	if (rfs_name_is_hidden(name))
		return 0;
	/* A folder may be called x.csv, and what is a link may be either. */
	if (type == DT_REG || may_be_link) {
		switch (rfs_name_to_virtual(walk->suffix, name, virtual, &rank)) {
		case RFS_NAME_CSV:
			e = add_file(walk, virtual, rank, name);
			break;
		case RFS_NAME_TOO_LONG:
			tell_long_name(walk, name);
			break;
		case RFS_NAME_OTHER:
			if (walk->with_plain)
				e = add_file(walk, name, RFS_RANK_PLAIN, name);
			break;
		}
	}
	if (!e && (type == DT_DIR || may_be_link))
		e = add_folder(walk, name, may_be_link);
	return e;
}

/* By name; of the same name files before folders, and among them the plain one first. */
static int compare(const void *a, const void *b)
{
	const struct rfs_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = S_ISDIR(x->type) - S_ISDIR(y->type);
	return order ? order : (x->rank > y->rank) - (x->rank < y->rank);
}

void rfs_listing_sort(struct rfs_listing *listing, size_t begin)
{
	qsort(listing->entries + begin, listing->nr - begin, sizeof(struct rfs_entry), compare);
}

static void tell_hidden(struct walk *walk, const struct rfs_entry *shown,
	const struct rfs_entry *hidden)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(walk->beneath, walk->folder->path);

	walk->told_hidden = true;
	if (walk->tell_hidden && path)
		rfs_log_note("%s: %s is made of its %s file: the %s file beside it is not shown",
			path, shown->name, rio_csv_ending(shown->rank),
			hidden->rank == RFS_RANK_PLAIN ? hidden->name
						       : rio_csv_ending(hidden->rank));
}

/* b.csv beside b.csv.gz or a folder b.recordio: the first one wins, as in a lookup. */
static void drop_doubles(struct walk *walk)
{
	struct rfs_listing *listing = walk->listing;
	size_t n = 0;

	for (size_t i = 0; i < listing->nr; i++) {
		struct rfs_entry *entry = &listing->entries[i];

		if (n == 0 || strcmp(listing->entries[n - 1].name, entry->name) != 0) {
			listing->entries[n++] = *entry;
			continue;
		}
		if (S_ISREG(entry->type))
			tell_hidden(walk, &listing->entries[n - 1], entry);
		free(entry->name);
	}
	listing->nr = n;
}

static int add_dots(struct walk *walk)
{
	_cleanup_free_ char *above = strdup(walk->folder->path);
	uint64_t ino = 1;
	int e = rfs_listing_add(walk->listing, ".", walk->folder->ino, S_IFDIR);
	char *slash = above ? strrchr(above, '/') : NULL;

	if (slash) {
		struct rio_stamp stamp;
		struct stat st;

		*slash = '\0';
		if (rfs_beneath_stat(walk->beneath, above, &st))
			return ESTALE;
		stamp = rfs_folder_stamp(&st);
		ino = rfs_node_ino(above, &stamp);
	}
	return e ? e : rfs_listing_add(walk->listing, "..", ino, S_IFDIR);
}

static int add_all(struct walk *walk, DIR *dir)
{
	int e = add_dots(walk);
	size_t nr_dots = walk->listing->nr;

	while (!e) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry) {
			e = errno;
			break;
		}
		e = add_entry(walk, entry->d_name, entry->d_type);
	}
	if (e)
		return e;
	rfs_listing_sort(walk->listing, nr_dots);
	drop_doubles(walk);
	return 0;
}

int rfs_listing_read(const struct rfs_beneath *beneath, const struct rfs_options *options,
	struct rfs_node *folder, struct rfs_listing *ret)
{
	struct rfs_listing listing = {0};
	struct walk walk = {
		.beneath = beneath,
		.suffix = options->encoding.suffix,
		.with_plain = options->passthrough,
		.folder = folder,
		.tell_long = !atomic_load(&folder->told_long_names),
		.tell_hidden = !atomic_load(&folder->told_hidden),
		.listing = &listing,
	};
	DIR *dir;
	int e = rfs_beneath_open_dir(beneath, folder->path, &dir);

	if (e)
		return e == ENOENT || e == ENOTDIR ? ESTALE : e;
	e = add_all(&walk, dir);
	closedir(dir);
	if (walk.told_long)
		atomic_store(&folder->told_long_names, true);
	if (walk.told_hidden)
		atomic_store(&folder->told_hidden, true);
	if (e)
		rfs_listing_deinit(&listing);
	else
		*ret = listing;
	return e;
}

int rfs_listing_fixed(struct rfs_listing *ret, const struct rfs_node *const *nodes, size_t nr)
{
	struct rfs_listing listing = {0};
	int e = 0;

	for (size_t i = 0; i < nr && !e; i++) {
		const char *slash = strrchr(nodes[i]->path, '/');
		const char *name = i == 0 ? "." : i == 1 ? ".." : slash + 1;

		e = rfs_listing_add(&listing, name, nodes[i]->ino, i < 2 ? S_IFDIR : S_IFREG);
	}
	if (e)
		rfs_listing_deinit(&listing);
	else
		*ret = listing;
	return e;
}
