/* SPDX-License-Identifier: Apache-2.0 */
#include "map/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <xxhash.h>

/* Each test has a folder of its own: the index in it, and a source beside. */
static char root[64], index_dir[96], source_path[96];
static struct rio_store *store;
static struct rio_store_key key;
static struct rio_error err;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int set_up(void **state)
{
	memset(&err, 0, sizeof(err));
	snprintf(root, sizeof(root), "/tmp/rio-store-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(index_dir, sizeof(index_dir), "%s/deep/index", root);
	snprintf(source_path, sizeof(source_path), "%s/source.csv", root);
	key = (struct rio_store_key){source_path, "header=no,delimiter=44,quote=34"};
	return rio_store_create(index_dir, &store, &err);
}

static int tear_down(void **state)
{
	rio_store_destroy(store);
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

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

/* A map of nr checkpoints, ten rows and lines of ten bytes between each. */
static struct rio_map *make_map(const struct rio_stamp *stamp, size_t nr)
{
	struct rio_map *map = calloc(1, sizeof(*map));

	assert_non_null(map);
	*map = (struct rio_map){
		.stamp = *stamp,
		.data_off = 5,
		.data_line = 1,
		.checkpoints = calloc(nr, sizeof(*map->checkpoints)),
		.nr_checkpoints = nr,
		.bad_quote_off = RIO_NO_OFFSET,
		.bad_quote_row = RIO_NO_OFFSET,
	};
	assert_non_null(map->checkpoints);
	for (size_t k = 0; k < nr; k++)
		map->checkpoints[k] = (struct rio_checkpoint){5 + 100 * k, 10 * k, 1 + 10 * k};
	map->stamp.size_bytes = map->checkpoints[nr - 1].src_off;
	return map;
}

static struct rio_stamp save_map(size_t nr_checkpoints)
{
	struct rio_stamp stamp = {
		.dev = 7, .ino = 8, .mtime_ns = 1700000000123456789, .ctime_ns = -5};
	struct rio_map *map = make_map(&stamp, nr_checkpoints);

	stamp = map->stamp;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	rio_map_destroy(map);
	return stamp;
}

static char *map_path(void)
{
	char *path;

	assert_int_equal(rio_store_path(store, &key, &path, &err), 0);
	return path;
}

static size_t nr_files(void)
{
	DIR *dir = opendir(index_dir);
	size_t nr = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir));)
		nr += d->d_name[0] != '.';
	closedir(dir);
	return nr;
}

static uint8_t *read_file(const char *path, size_t *ret_bytes)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(1 << 20);

	assert_non_null(file);
	assert_non_null(bytes);
	*ret_bytes = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

static void write_file(const char *path, const void *bytes, size_t len_bytes)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len_bytes, file), len_bytes);
	assert_int_equal(fclose(file), 0);
}

static int load(const struct rio_stamp *stamp)
{
	struct rio_map *map = NULL;
	int r = rio_store_load(store, &key, stamp, &map, NULL, &err);

	assert_true((r == 0) == (map != NULL));
	rio_map_destroy(map);
	return r;
}

static void store__loads_what_was_saved(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 1023, 1024, 1025, 5000};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(sizes); i++) {
		struct rio_stamp stamp = {.dev = 1, .ino = UINT64_MAX, .mtime_ns = INT64_MIN};
		struct rio_map *map = make_map(&stamp, sizes[i]), *loaded;

		if (i % 2 && sizes[i] > 2) {
			map->bad_quote_off = 105;
			map->bad_quote_row = 10;
			map->bad_quote_open = true;
		}
		assert_int_equal(rio_store_save(store, &key, map, &err), 0);
		assert_int_equal(
			rio_store_load(store, &key, &map->stamp, &loaded, NULL, &err), 0);
		assert_true(rio_stamp_equal(&loaded->stamp, &map->stamp));
		assert_int_equal(loaded->data_off, map->data_off);
		assert_int_equal(loaded->data_line, map->data_line);
		assert_int_equal(loaded->bad_quote_off, map->bad_quote_off);
		assert_int_equal(loaded->bad_quote_row, map->bad_quote_row);
		assert_int_equal(loaded->bad_quote_open, map->bad_quote_open);
		assert_int_equal(loaded->nr_checkpoints, map->nr_checkpoints);
		assert_memory_equal(loaded->checkpoints, map->checkpoints,
			sizes[i] * sizeof(*map->checkpoints));
		rio_map_destroy(loaded);
		rio_map_destroy(map);
	}
	assert_int_equal(nr_files(), 1);
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

static void store__detects_every_flipped_bit(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes);

	assert_int_equal(load(&stamp), 0);
	for (size_t bit = 0; bit < 8 * len_bytes; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		write_file(path, bytes, len_bytes);
		if (load(&stamp) != RIO_EMAP_DAMAGED)
			fail_msg("bit %zu of byte %zu went unnoticed: %s", bit % 8, bit / 8,
				err.message);
		assert_string_equal(err.file, path);
		assert_non_null(strstr(err.message, "damaged map: "));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	write_file(path, bytes, len_bytes);
	assert_int_equal(load(&stamp), 0);
	free(bytes);
	free(path);
}

static void store__detects_every_truncation_and_extension(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes);

	for (size_t len = 0; len < len_bytes; len++) {
		write_file(path, bytes, len);
		if (load(&stamp) != RIO_EMAP_DAMAGED)
			fail_msg("cut to %zu bytes: %s", len, err.message);
	}
	bytes[len_bytes] = 0;
	write_file(path, bytes, len_bytes + 1);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	free(bytes);
	free(path);
}

/* Change a word of the header and seal it again, as only malice or a bug would. */
static int load_with_word(const struct rio_stamp *stamp, size_t word, uint64_t value)
{
	enum { NR_WORDS = 20 };
	char *path = map_path();
	size_t len_bytes;
	uint8_t *bytes = read_file(path, &len_bytes), *copy = malloc(len_bytes);
	uint64_t seal;
	int r;

	assert_non_null(copy);
	memcpy(copy, bytes, len_bytes);
	memcpy(copy + 8 * word, &value, sizeof(value));
	seal = XXH3_64bits(copy, 8 * (NR_WORDS - 1));
	memcpy(copy + 8 * (NR_WORDS - 1), &seal, sizeof(seal));
	write_file(path, copy, len_bytes);
	r = load(stamp);
	write_file(path, bytes, len_bytes);
	free(copy);
	free(bytes);
	free(path);
	return r;
}

enum { WORD_VERSION = 1, WORD_HEADER_BYTES, WORD_FILE_BYTES, WORD_KEY_LOW, WORD_NR = 16,
	WORD_PATH_BYTES, WORD_ROW_KEY_BYTES };

static void store__believes_no_size_that_a_file_claims(void **state)
{
	static const uint64_t sizes[] = {0, 1, 4, 1 << 20, UINT64_C(1) << 40,
		UINT64_MAX / 24, UINT64_MAX / 24 + 1, UINT64_C(1) << 61, UINT64_MAX - 7, UINT64_MAX};
	static const size_t words[] = {WORD_HEADER_BYTES, WORD_FILE_BYTES, WORD_NR,
		WORD_PATH_BYTES, WORD_ROW_KEY_BYTES};
	struct rio_stamp stamp = save_map(3);

	for (size_t w = 0; w < RIO_ARRAY_SIZE(words); w++)
		for (size_t i = 0; i < RIO_ARRAY_SIZE(sizes); i++)
			if (load_with_word(&stamp, words[w], sizes[i]) != RIO_EMAP_DAMAGED)
				fail_msg("word %zu as %ju was taken: %s", words[w],
					(uintmax_t)sizes[i], err.message);
	assert_int_equal(load_with_word(&stamp, WORD_KEY_LOW, 1), RIO_EMAP_DAMAGED);
}

static void store__checks_bounds_behind_the_seals(void **state)
{
	struct rio_stamp stamp = {0};
	struct rio_map *map = make_map(&stamp, 3);

	stamp = map->stamp;
	map->checkpoints[1].row = 1000;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_non_null(strstr(err.message, "checkpoint 1 is row 1000"));
	rio_map_destroy(map);
}

static void store__another_version_is_stale_not_damaged(void **state)
{
	struct rio_stamp stamp = save_map(3);

	assert_int_equal(load_with_word(&stamp, WORD_VERSION, 2), RIO_EMAP_STALE);
	assert_string_equal(err.message, "map of version 2, this program writes version 1");
}

static void store__sections_of_two_files_do_not_mix(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();
	size_t len_bytes, other_bytes;
	uint8_t *bytes = read_file(path, &len_bytes), *other;
	struct rio_stamp other_stamp = stamp;
	struct rio_map *map = make_map(&stamp, 3);

	other_stamp.ctime_ns++;
	map->stamp = other_stamp;
	assert_int_equal(rio_store_save(store, &key, map, &err), 0);
	other = read_file(path, &other_bytes);
	assert_int_equal(other_bytes, len_bytes);
	memcpy(other + len_bytes - 3 * 24 - 8, bytes + len_bytes - 3 * 24 - 8, 3 * 24 + 8);
	write_file(path, other, len_bytes);
	assert_int_equal(load(&other_stamp), RIO_EMAP_DAMAGED);
	rio_map_destroy(map);
	free(other);
	free(bytes);
	free(path);
}

static void store__a_map_under_anothers_name_is_damaged(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path(), *other_path;

	key.source_path = "/elsewhere.csv";
	other_path = map_path();
	assert_int_equal(rename(path, other_path), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_non_null(strstr(err.message, source_path));
	free(path);
	free(other_path);
}

static void store__refuses_what_is_no_file(void **state)
{
	struct rio_stamp stamp = save_map(3);
	char *path = map_path();

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(&stamp), RIO_EMAP_DAMAGED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(load(&stamp), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, ELOOP);
	free(path);
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
	cases[6].is = (struct rio_stamp){7, 1, 1, -1, -1};
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

/* In a child: take the lock, say so through the pipe, hold it until killed. */
static pid_t fork_holder(int *ret_fd)
{
	int ends[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct rio_store_lock *lock;

		if (rio_store_lock(store, &key, &lock, NULL) == 0 && write(ends[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	*ret_fd = ends[0];
	return pid;
}

/* In a child: wait for the lock, write a byte when it is had, release it. */
static pid_t fork_waiter(int *ret_fd)
{
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct rio_store_lock *lock;
		int r = rio_store_lock(store, &key, &lock, NULL);

		r = r == 0 && write(ends[1], "x", 1) == 1 ? 0 : 1;
		rio_store_unlock(lock);
		_exit(r);
	}
	close(ends[1]);
	*ret_fd = ends[0];
	return pid;
}

static void assert_exits_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Whether a process sleeps for a lock, as the kernel tells it. */
static bool waits_for_a_lock(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "r");
	char line[256], wanted[32];
	bool waits = false;

	snprintf(wanted, sizeof(wanted), " %d ", (int)pid);
	while (locks && fgets(line, sizeof(line), locks))
		waits = waits || (strstr(line, "->") && strstr(line, wanted));
	if (locks)
		fclose(locks);
	return waits;
}

static void store__the_lock_excludes_another_process(void **state)
{
	struct rio_store_lock *lock;
	pid_t waiter;
	char byte;
	int fd;

	assert_int_equal(rio_store_lock(store, &key, &lock, &err), 0);
	waiter = fork_waiter(&fd);
	for (int i = 0; i < 1000 && !waits_for_a_lock(waiter); i++)
		usleep(1000);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(read(fd, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);

	/* The waiter waits on a file that loses its name here: it starts over. */
	rio_store_unlock(lock);
	assert_exits_well(waiter);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	assert_int_equal(nr_files(), 0);
}

static void store__a_killed_holder_releases(void **state)
{
	struct rio_store_lock *lock;
	int fd, status;
	pid_t holder = fork_holder(&fd);

	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, &status, 0), holder);
	close(fd);
	assert_int_equal(nr_files(), 1);
	assert_int_equal(rio_store_lock(store, &key, &lock, &err), 0);
	rio_store_unlock(lock);
	assert_int_equal(nr_files(), 0);
}

static void store__locks_of_two_keys_do_not_meet(void **state)
{
	struct rio_store_lock *a, *b;
	struct rio_store_key other = {source_path, "another"};

	assert_int_equal(rio_store_lock(store, &key, &a, &err), 0);
	assert_int_equal(rio_store_lock(store, &other, &b, &err), 0);
	assert_int_equal(nr_files(), 2);
	rio_store_unlock(a);
	rio_store_unlock(b);
	rio_store_unlock(NULL);
	assert_int_equal(nr_files(), 0);
}

/* Eight processes take turns 50 times each; a shared counter loses no step. */
static void store__the_lock_holds_under_a_crowd(void **state)
{
	enum { CROWD = 8, TURNS = 50 };
	char path[96];
	pid_t pids[CROWD];
	size_t len_bytes;
	uint8_t *bytes;

	snprintf(path, sizeof(path), "%s/counter", root);
	write_file(path, "0", 1);
	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int turn = 0; turn < TURNS; turn++) {
			struct rio_store_lock *lock;
			char text[32] = "";
			int fd, n;

			if (rio_store_lock(store, &key, &lock, NULL))
				_exit(1);
			fd = open(path, O_RDWR);
			if (pread(fd, text, sizeof(text) - 1, 0) < 1)
				_exit(1);
			n = snprintf(text, sizeof(text), "%d", atoi(text) + 1);
			if (pwrite(fd, text, (size_t)n, 0) != n)
				_exit(1);
			close(fd);
			rio_store_unlock(lock);
		}
		_exit(0);
	}
	for (int i = 0; i < CROWD; i++)
		assert_exits_well(pids[i]);
	bytes = read_file(path, &len_bytes);
	bytes[len_bytes] = '\0';
	assert_int_equal(atoi((char *)bytes), CROWD * TURNS);
	assert_int_equal(nr_files(), 0);
	free(bytes);
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
	struct rio_checkpoint *only = map->checkpoints;

	*only = (struct rio_checkpoint){stamp->size_bytes, 0, 0};
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
	snprintf(name, sizeof(name), "%.32s.lock", strrchr(path, '/') + 1);
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

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(store__loads_what_was_saved),
		TEST(store__makes_private_folders_and_files),
		TEST(store__tells_when_nothing_is_kept),
		TEST(store__keys_do_not_run_together),
		TEST(store__detects_every_flipped_bit),
		TEST(store__detects_every_truncation_and_extension),
		TEST(store__believes_no_size_that_a_file_claims),
		TEST(store__checks_bounds_behind_the_seals),
		TEST(store__another_version_is_stale_not_damaged),
		TEST(store__sections_of_two_files_do_not_mix),
		TEST(store__a_map_under_anothers_name_is_damaged),
		TEST(store__refuses_what_is_no_file),
		TEST(store__says_what_is_stale),
		TEST(store__hands_out_the_map_of_a_grown_source_only),
		TEST(store__an_impossible_folder_is_the_systems_refusal),
		TEST(store__an_unwritable_folder_is_the_systems_refusal),
		TEST(store__a_failed_write_leaves_nothing_and_keeps_the_old),
		TEST(store__the_lock_excludes_another_process),
		TEST(store__a_killed_holder_releases),
		TEST(store__locks_of_two_keys_do_not_meet),
		TEST(store__the_lock_holds_under_a_crowd),
		TEST(store__lists_every_state_sorted),
		TEST(store__removes_what_was_listed_and_nothing_else),
		TEST(store__a_visitor_can_stop_the_list),
		TEST(store__what_is_held_is_neither_listed_nor_removed),
		TEST(store__finds_the_users_cache_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
