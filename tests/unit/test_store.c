/* SPDX-License-Identifier: Apache-2.0 */
#include "store_unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static struct rio_stamp write_source(const char *text)
{
	FILE *file = fopen(source_path, "w");
	struct stat st;

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(stat(source_path, &st), 0);
	return rio_stamp_of_stat(&st);
}

static void store__makes_private_folders_and_files(void **state)
{
	char *path, parent[96];
	struct stat st;

	save_map(2);
	path = map_path();
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(index_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(parent, sizeof(parent), "%s/deep", root);
	assert_int_equal(stat(parent, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	free(path);
}

static void store__tells_when_nothing_is_kept(void **state)
{
	struct rio_stamp stamp = {0};

	assert_int_equal(load(&stamp), RIO_ENOT_INDEXED);
	stamp = save_map(2);
	assert_int_equal(load(&stamp), 0);
	key.row_key = "header=yes,delimiter=44,quote=34";
	assert_int_equal(load(&stamp), RIO_ENOT_INDEXED);
}

static void store__keys_do_not_run_together(void **state)
{
	char *a, *b;

	assert_int_equal(rio_store_path(store, &(struct rio_store_key){"/a", "bc"}, &a, &err), 0);
	assert_int_equal(rio_store_path(store, &(struct rio_store_key){"/ab", "c"}, &b, &err), 0);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void store__says_what_is_stale(void **state)
{
	struct rio_stamp was = save_map(3);
	struct {
		struct rio_stamp is;
		const char *message;
	} cases[] = {
		{was, "source grew from 205 to 225 bytes"},
		{was, "source shrank from 205 to 204 bytes"},
		{was, "another file (inode 8 → 9)"},
		{was, "another file (device 7 → 8)"},
		{was, "modified at 2023-11-14 22:13:20.123456790 UTC"},
		{was, "status changed at 1970-01-01 00:00:00.000000001 UTC"},
		{was, "another file (inode 8 → 1), source shrank from 205 to 1 bytes, "
		      "modified at 1969-12-31 23:59:59.999999999 UTC"},
	};

	cases[0].is.size_bytes = 225;
	cases[1].is.size_bytes = 204;
	cases[2].is.ino = 9;
	cases[3].is.dev = 8;
	cases[4].is.mtime_ns++;
	cases[5].is.ctime_ns = 1;
	cases[6].is = (struct rio_stamp){7, 1, 1, -1, -1, 0};
	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		assert_int_equal(load(&cases[i].is), RIO_EMAP_STALE);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void store__hands_out_the_map_of_a_grown_source_only(void **state)
{
	struct rio_stamp was = save_map(3), is = was;
	struct rio_map *map = NULL, *stale;

	is.size_bytes += 20;
	is.mtime_ns++;
	is.ctime_ns++;
	assert_int_equal(rio_store_load(store, &key, &is, &map, &stale, &err), RIO_EMAP_STALE);
	assert_null(map);
	assert_non_null(stale);
	assert_true(rio_stamp_equal(&stale->stamp, &was));
	rio_map_destroy(stale);

	is.ino++;
	assert_int_equal(rio_store_load(store, &key, &is, &map, &stale, &err), RIO_EMAP_STALE);
	assert_null(stale);
	is = was;
	is.mtime_ns++;
	assert_int_equal(rio_store_load(store, &key, &is, &map, &stale, &err), RIO_EMAP_STALE);
	assert_null(stale);
}

static void store__an_impossible_folder_is_the_systems_refusal(void **state)
{
	struct rio_stamp stamp = {.ino = 1};
	struct rio_map *map = make_map(&stamp, 2);
	struct rio_store *other;
	struct rio_store_lock *lock;
	char dir[128];

	/* A file where a folder should be: refused to root, too. */
	write_source("1,2\n");
	snprintf(dir, sizeof(dir), "%s/below", source_path);
	assert_int_equal(rio_store_create(dir, &other, &err), 0);
	assert_int_equal(rio_store_save(other, &key, map, &err), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, ENOTDIR);
	assert_int_equal(rio_store_lock(other, &key, &lock, &err), RIO_ESYSTEM);
	rio_store_destroy(other);
	rio_map_destroy(map);
}

/* Root may write everywhere, so it becomes someone else for this. */
static void store__an_unwritable_folder_is_the_systems_refusal(void **state)
{
	enum { NOBODY = 65534 };
	struct rio_stamp stamp = save_map(2), other = {.ino = 1};
	struct rio_map *map = make_map(&other, 2);
	char parent[96];
	int r;

	snprintf(parent, sizeof(parent), "%s/deep", root);
	assert_int_equal(chmod(index_dir, 0500), 0);
	if (geteuid() == 0) {
		const char *const paths[] = {root, parent, index_dir};
		char *path = map_path();

		for (size_t i = 0; i < RIO_ARRAY_SIZE(paths); i++)
			assert_int_equal(chown(paths[i], NOBODY, NOBODY), 0);
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
		free(path);
		assert_int_equal(seteuid(NOBODY), 0);
	}
	r = rio_store_save(store, &key, map, &err);
	assert_int_equal(err.sys_errno, EACCES);
	assert_int_equal(load(&stamp), 0);
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(r, RIO_ESYSTEM);
	assert_int_equal(chmod(index_dir, 0700), 0);
	rio_map_destroy(map);
}

/* A file size limit stands in for a full disk: write fails in the midst of it. */
static void store__a_failed_write_leaves_nothing_and_keeps_the_old(void **state)
{
	struct rlimit limit, small;
	struct rio_stamp stamp = save_map(3), other = {.ino = 99};
	struct rio_map *map = make_map(&other, 5000);
	int r;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){4096, limit.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	r = rio_store_save(store, &key, map, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(r, RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, EFBIG);
	assert_int_equal(nr_files(), 1);
	assert_int_equal(load(&stamp), 0);
	rio_map_destroy(map);
}

struct seen {
	char text[2048];
	bool remove;
};

static int note(void *data, const struct rio_store_entry *entry)
{
	struct seen *seen = data;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%d %ju %ju %s|", entry->state,
		(uintmax_t)entry->nr_rows, (uintmax_t)entry->source_bytes,
		entry->source_path ? strrchr(entry->source_path, '/') : "-");
	assert_true(entry->file_bytes > 0 || !entry->source_path);
	assert_true(entry->state == RIO_OK || entry->why->message[0]);
	return seen->remove ? rio_store_remove(store, entry->file_name, &err) : 0;
}

/* A map of a real source, under its stamp, with rows of five bytes behind a header. */
static void keep(const char *path, const struct rio_stamp *stamp)
{
	struct rio_map *map = make_map(stamp, 1);

	rio_map_remove_last(map);
	assert_int_equal(rio_map_add(map, (struct rio_checkpoint){stamp->size_bytes, 0, 0}), 0);
	map->data_off = stamp->size_bytes;
	map->data_line = 0;
	map->stamp = *stamp;
	assert_int_equal(
		rio_store_save(store, &(struct rio_store_key){path, "k"}, map, &err), 0);
	rio_map_destroy(map);
}

static void leave(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", index_dir, name);
	write_file(path, "", 0);
}

static void fill_index(void)
{
	struct rio_stamp stamp = write_source("1,2\n3,4\n");
	char gone[128];

	keep(source_path, &stamp);
	snprintf(gone, sizeof(gone), "%s/a-gone.csv", root);
	keep(gone, &stamp);
	leave("0123456789abcdef0123456789abcdef.map");
	leave("0123456789abcdef0123456789abcdef.lock");
	leave("0123456789abcdef0123456789abcdef.Az09xy.tmp");
	leave("notes.txt");
	leave("0123456789abcdef0123456789abcdef.map.orig");
	leave("0123456789ABCDEF0123456789abcdef.map");
}

static void store__lists_every_state_sorted(void **state)
{
	struct seen seen = {0};

	assert_int_equal(rio_store_list(store, note, &seen, &err), 0);
	assert_string_equal(seen.text, "");
	fill_index();
	assert_int_equal(rio_store_list(store, note, &seen, &err), 0);
	assert_string_equal(seen.text,
		"-8 0 8 /a-gone.csv|0 0 8 /source.csv|-8 0 0 -|-8 0 0 -|-10 0 0 -|");

	write_source("1,2\n3,4\n5,6\n");
	seen.text[0] = '\0';
	assert_int_equal(rio_store_list(store, note, &seen, &err), 0);
	assert_non_null(strstr(seen.text, "-9 0 8 /source.csv|"));
}

static void store__removes_what_was_listed_and_nothing_else(void **state)
{
	struct seen seen = {.remove = true};

	fill_index();
	assert_int_equal(nr_files(), 8);
	assert_int_equal(rio_store_list(store, note, &seen, &err), 0);
	assert_int_equal(nr_files(), 3);
	assert_int_equal(rio_store_remove(store, "notes.txt", &err), RIO_EOPTION);
	assert_int_equal(rio_store_remove(store, "../source.csv", &err), RIO_EOPTION);
	assert_int_equal(access(source_path, F_OK), 0);
	assert_int_equal(nr_files(), 3);
}

static int stop(void *data, const struct rio_store_entry *entry)
{
	++*(int *)data;
	return 42;
}

static void store__a_visitor_can_stop_the_list(void **state)
{
	int nr = 0;

	fill_index();
	assert_int_equal(rio_store_list(store, stop, &nr, &err), 42);
	assert_int_equal(nr, 1);
}

static void store__what_is_held_is_neither_listed_nor_removed(void **state)
{
	struct seen seen = {0};
	struct rio_store_lock *lock;
	char *path = map_path(), name[64];

	assert_int_equal(rio_store_lock(store, &key, &lock, &err), 0);
	assert_int_equal(rio_store_list(store, note, &seen, &err), 0);
	assert_string_equal(seen.text, "");
	snprintf(name, sizeof(name), "%.32s.lock", path + strlen(index_dir) + 1);
	assert_int_equal(rio_store_remove(store, name, &err), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, EBUSY);
	rio_store_unlock(lock);
	free(path);
}

static void store__finds_the_users_cache_folder(void **state)
{
	struct rio_store *other;
	char expected[128];

	setenv("XDG_CACHE_HOME", "/somewhere/cache", 1);
	assert_int_equal(rio_store_create(NULL, &other, &err), 0);
	assert_string_equal(rio_store_dir(other), "/somewhere/cache/recordiofs");
	rio_store_destroy(other);

	setenv("XDG_CACHE_HOME", "relative", 1);
	setenv("HOME", root, 1);
	assert_int_equal(rio_store_create(NULL, &other, &err), 0);
	snprintf(expected, sizeof(expected), "%s/.cache/recordiofs", root);
	assert_string_equal(rio_store_dir(other),
		geteuid() == 0 ? "/var/cache/recordiofs" : expected);
	rio_store_destroy(other);

	assert_int_equal(chdir(root), 0);
	assert_int_equal(rio_store_create("here", &other, &err), 0);
	snprintf(expected, sizeof(expected), "%s/here", root);
	assert_string_equal(rio_store_dir(other), expected);
	assert_int_equal(chdir("/"), 0);
	rio_store_destroy(other);
	rio_store_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(store__makes_private_folders_and_files),
		STORE_TEST(store__tells_when_nothing_is_kept),
		STORE_TEST(store__keys_do_not_run_together),
		STORE_TEST(store__says_what_is_stale),
		STORE_TEST(store__hands_out_the_map_of_a_grown_source_only),
		STORE_TEST(store__an_impossible_folder_is_the_systems_refusal),
		STORE_TEST(store__an_unwritable_folder_is_the_systems_refusal),
		STORE_TEST(store__a_failed_write_leaves_nothing_and_keeps_the_old),
		STORE_TEST(store__lists_every_state_sorted),
		STORE_TEST(store__removes_what_was_listed_and_nothing_else),
		STORE_TEST(store__a_visitor_can_stop_the_list),
		STORE_TEST(store__what_is_held_is_neither_listed_nor_removed),
		STORE_TEST(store__finds_the_users_cache_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
