/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A joined file must be another as soon as any of its files is, and nothing but looking
 * tells that: so each lookup of one lists the folder and asks for each file's stamp, some
 * 15 ms for ten thousand.  A hash over all of it is the joined file's stamp.
 *
 * Its permissions are what all its files allow at once, and the folder that they lie in:
 * joined, a file must not be readable by anybody who could not read it by itself.
 */
#include "folder_files.h"

#include "base/util.h"
#include "csv/file_name.h"
#include "names.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

void rfs_folder_files_deinit(struct rfs_folder_files *files)
{
	for (size_t i = 0; i < files->nr; i++)
		free(files->files[i].name);
	free(files->files);
	*files = (struct rfs_folder_files){0};
}

static int add(struct rfs_folder_files *files, const char *name, const struct stat *st)
{
	struct rfs_folder_file *file;

	if (files->nr == files->room) {
		size_t room = files->room ? 2 * files->room : 16;
		void *grown = reallocarray(files->files, room, sizeof(*files->files));

		if (!grown)
			return ENOMEM;
		files->files = grown;
		files->room = room;
	}
	file = &files->files[files->nr];
	*file = (struct rfs_folder_file){.name = strdup(name), .st = *st};
	if (!file->name)
		return ENOMEM;
	file->stem_bytes = rio_csv_stem(name, &file->rank);
	files->nr++;
	return 0;
}

static int add_entry(const struct rfs_beneath *beneath, const char *suffix, const char *path,
	int dir_fd, const struct dirent *entry, struct rfs_folder_files *files)
{
	_cleanup_free_ char *rel = NULL;
	rfs_name virtual;
	struct stat st;
	unsigned rank;

	if (entry->d_type != DT_REG && entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
		return 0;
	if (rfs_name_to_virtual(suffix, entry->d_name, virtual, &rank) != RFS_NAME_CSV)
		return 0;
	rel = rfs_beneath_join(path, entry->d_name);
	if (!rel)
		return ENOMEM;
	if (rfs_beneath_stat_in(beneath, dir_fd, entry->d_name, rel, &st) || !S_ISREG(st.st_mode))
		return 0;
	return add(files, entry->d_name, &st);
}

static int read_all(const struct rfs_beneath *beneath, const char *suffix, const char *path,
	DIR *dir, struct rfs_folder_files *files)
{
	int e = 0;

	while (!e) {
		struct dirent *entry;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return errno;
		e = add_entry(beneath, suffix, path, dirfd(dir), entry, files);
	}
	return e;
}

/* By what the mount calls them; of one name the one that is shown first. */
static int compare_shown(const void *a, const void *b)
{
	const struct rfs_folder_file *x = a, *y = b;
	int order = memcmp(x->name, y->name, RIO_MIN(x->stem_bytes, y->stem_bytes));

	if (!order && x->stem_bytes != y->stem_bytes)
		return x->stem_bytes < y->stem_bytes ? -1 : 1;
	return order ? order : (int)x->rank - (int)y->rank;
}

static int compare_names(const void *a, const void *b)
{
	const struct rfs_folder_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static bool has_same_stem(const struct rfs_folder_file *a, const struct rfs_folder_file *b)
{
	return a->stem_bytes == b->stem_bytes && memcmp(a->name, b->name, a->stem_bytes) == 0;
}

/* b.csv.gz beside b.csv is not shown, and is not joined. */
static void sort_and_drop_doubles(struct rfs_folder_files *files)
{
	size_t n = 0;

	qsort(files->files, files->nr, sizeof(*files->files), compare_shown);
	for (size_t i = 0; i < files->nr; i++) {
		if (n && has_same_stem(&files->files[n - 1], &files->files[i]))
			free(files->files[i].name);
		else
			files->files[n++] = files->files[i];
	}
	files->nr = n;
	qsort(files->files, files->nr, sizeof(*files->files), compare_names);
}

static bool has_same_owners(const struct stat *a, const struct stat *b)
{
	return a->st_uid == b->st_uid && a->st_gid == b->st_gid;
}

/* Of three classes of users' bits, the same for all: what group and others both may. */
static mode_t common_bits(mode_t mode)
{
	return (mode & (mode >> 3) & 04) * 0111;
}

/*
 * Who may read.  Where files have several owners, "owner" and "group" say nothing of all
 * of them: then only what group and others both may, anybody may, and the daemon.
 */
static void merge_owners(const struct rfs_folder_files *files, const struct stat *folder,
	struct stat *all)
{
	/* The bits that let somebody through the folder, as those that let him read. */
	mode_t through = (folder->st_mode & 0111) << 2, mode = 0444;
	bool mixed = false;

	for (size_t i = 0; i < files->nr; i++) {
		mode &= files->files[i].st.st_mode;
		mixed |= !has_same_owners(&files->files[i].st, all);
	}
	mode &= has_same_owners(folder, all) ? through : common_bits(through);
	if (mixed) {
		all->st_uid = geteuid();
		all->st_gid = getegid();
		mode = 0400 | common_bits(mode);
	}
	all->st_mode = S_IFREG | mode;
}

static void take_later(struct timespec *latest, const struct timespec *t)
{
	if (t->tv_sec > latest->tv_sec ||
		(t->tv_sec == latest->tv_sec && t->tv_nsec > latest->tv_nsec))
		*latest = *t;
}

static void merge_stats(struct rfs_folder_files *files, const struct stat *folder)
{
	struct stat all = files->files[0].st;

	for (size_t i = 0; i < files->nr; i++) {
		take_later(&all.st_mtim, &files->files[i].st.st_mtim);
		take_later(&all.st_ctim, &files->files[i].st.st_ctim);
	}
	merge_owners(files, folder, &all);
	files->st = all;
}

static void hash(XXH3_state_t *state, const void *bytes, size_t len_bytes)
{
	XXH3_128bits_update(state, bytes, len_bytes);
}

static void hash_file(XXH3_state_t *state, const struct rfs_folder_file *file,
	struct rio_stamp *sum)
{
	const struct rio_stamp stamp = rio_stamp_of_stat(&file->st);
	const uint64_t words[] = {stamp.dev, stamp.ino, stamp.size_bytes, (uint64_t)stamp.mtime_ns,
		(uint64_t)stamp.ctime_ns};

	hash(state, file->name, strlen(file->name) + 1);
	hash(state, words, sizeof(words));
	sum->size_bytes += stamp.size_bytes;
	sum->mtime_ns = RIO_MAX(sum->mtime_ns, stamp.mtime_ns);
	sum->ctime_ns = RIO_MAX(sum->ctime_ns, stamp.ctime_ns);
}

/* What must be the same for the joined file to be: also what its attributes stand on. */
static int make_stamp(struct rfs_folder_files *files, const struct stat *folder)
{
	const uint64_t words[] = {folder->st_dev, folder->st_ino, folder->st_mode, folder->st_uid,
		folder->st_gid};
	struct rio_stamp stamp = {0};
	XXH3_state_t *state = XXH3_createState();
	XXH128_hash_t all;

	if (!state)
		return ENOMEM;
	XXH3_128bits_reset(state);
	hash(state, words, sizeof(words));
	for (size_t i = 0; i < files->nr; i++)
		hash_file(state, &files->files[i], &stamp);
	all = XXH3_128bits_digest(state);
	XXH3_freeState(state);
	stamp.dev = all.high64;
	stamp.ino = all.low64;
	files->stamp = stamp;
	return 0;
}

int rfs_folder_files_read(const struct rfs_beneath *beneath, const char *suffix, const char *path,
	struct rfs_folder_files *ret)
{
	struct rfs_folder_files files = {0};
	struct stat folder;
	DIR *dir;
	int e = rfs_beneath_open_dir(beneath, path, &dir);

	if (e)
		return e;
	e = fstat(dirfd(dir), &folder) < 0 ? errno : read_all(beneath, suffix, path, dir, &files);
	closedir(dir);
	if (!e && files.nr) {
		sort_and_drop_doubles(&files);
		merge_stats(&files, &folder);
		e = make_stamp(&files, &folder);
	}
	if (e)
		rfs_folder_files_deinit(&files);
	else
		*ret = files;
	return e;
}
