/* SPDX-License-Identifier: Apache-2.0 */
/* Seek indexes in the index folder: kept, found, refused where they are not what was kept. */
#include "store_unit.h"

#include "map/store_seek.h"

#include <fcntl.h>

enum { NR_POINTS = 4 };

static const struct rio_stamp stamp = {.dev = 1, .ino = 2, .size_bytes = 5000, .mtime_ns = 3,
	.ctime_ns = 4};

/* Window number k: text that differs from the others'. */
static size_t make_window(size_t k, uint8_t window[RIO_WINDOW_BYTES_MAX])
{
	for (size_t i = 0; i < RIO_WINDOW_BYTES_MAX; i++)
		window[i] = (uint8_t)('0' + (i * i + k) % 10);
	return k == 1 ? 100 : RIO_WINDOW_BYTES_MAX;
}

/* Keep an index of the source: points at a member's begin, within one, in a later one. */
static void keep(void)
{
	uint8_t window[RIO_WINDOW_BYTES_MAX];
	struct rio_seek_draft *draft;
	struct rio_seek_index *index;
	uint64_t windows_off;
	int fd;

	assert_int_equal(rio_seek_draft_create(store, source_path, &draft, &fd, &windows_off, &err),
		0);
	assert_int_equal(rio_seek_index_create(&rio_codec_gzip, fd, windows_off, &index, &err), 0);
	assert_int_equal(rio_seek_index_add(index, 0, 0, NULL, 0, &err), 0);
	assert_int_equal(rio_seek_index_add(index, 8003, 3000000, window, make_window(1, window),
		&err), 0);
	assert_int_equal(rio_seek_index_add(index, 16005, 6000000, window, make_window(2, window),
		&err), 0);
	assert_int_equal(rio_seek_index_add(index, 40000, 7000000, NULL, 0, &err), 0);
	assert_int_equal(rio_seek_draft_keep(draft, &stamp, index, &err), 0);
	rio_seek_index_destroy(index);
	rio_seek_draft_destroy(draft);
}

/* The index in the folder, or a code and no index. */
static int load_index(struct rio_seek_index **ret)
{
	*ret = NULL;
	return rio_store_load_seek(store, source_path, &stamp, ret, &err);
}

static bool window_is_right(const struct rio_seek_index *index, size_t point)
{
	uint8_t expected[RIO_WINDOW_BYTES_MAX], got[RIO_WINDOW_BYTES_MAX];
	size_t len = make_window(point, expected), n = 0;
	int r = rio_seek_index_window(index, point, got, &n, &err);

	assert_true(r == 0 || r == RIO_EMAP_DAMAGED);
	if (r == 0) {
		assert_int_equal(n, len);
		assert_memory_equal(got, expected, n);
	}
	return r == 0;
}

static void check_points(const struct rio_seek_index *index)
{
	static const uint64_t bits[] = {0, 8003, 16005, 40000};
	static const uint64_t offs[] = {0, 3000000, 6000000, 7000000};

	assert_ptr_equal(index->codec, &rio_codec_gzip);
	assert_int_equal(index->nr_points, NR_POINTS);
	for (size_t k = 0; k < NR_POINTS; k++) {
		assert_int_equal(index->points[k].bit, bits[k]);
		assert_int_equal(index->points[k].off, offs[k]);
	}
	assert_int_equal(rio_seek_index_len(index), 7000000);
}

/* The only file of that ending; its path. */
static char *only_file(const char *ending)
{
	static char path[512];
	struct dirent *entry;
	DIR *dir = opendir(index_dir);
	int nr = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (entry->d_name[0] == '.')
			continue;
		assert_string_equal(dot, ending);
		snprintf(path, sizeof(path), "%s/%s", index_dir, entry->d_name);
		nr++;
	}
	closedir(dir);
	assert_int_equal(nr, 1);
	return path;
}

static void seek__is_kept_and_found(void **state)
{
	struct rio_seek_index *index;

	assert_int_equal(load_index(&index), RIO_ENOT_INDEXED);
	keep();
	only_file(".seek");
	assert_int_equal(load_index(&index), 0);
	check_points(index);
	assert_true(window_is_right(index, 1));
	assert_true(window_is_right(index, 2));

	/* Kept again, it is another file; who has the old one open still reads it. */
	keep();
	assert_true(window_is_right(index, 1));
	rio_seek_index_destroy(index);
}

static void seek__of_another_state_is_stale(void **state)
{
	struct rio_stamp other = stamp;
	struct rio_seek_index *index;

	keep();
	other.ctime_ns++;
	assert_int_equal(rio_store_load_seek(store, source_path, &other, &index, &err),
		RIO_EMAP_STALE);
	assert_int_equal(rio_store_load_seek(store, "/elsewhere", &stamp, &index, &err),
		RIO_ENOT_INDEXED);
}

static void seek__what_is_not_kept_leaves_nothing(void **state)
{
	struct rio_seek_draft *draft;
	struct rio_seek_index *index;
	uint64_t windows_off;
	int fd;

	assert_int_equal(rio_seek_draft_create(store, source_path, &draft, &fd, &windows_off, &err),
		0);
	only_file(".tmp");
	close(fd);
	rio_seek_draft_destroy(draft);
	assert_int_equal(load_index(&index), RIO_ENOT_INDEXED);
	assert_int_equal(rmdir(index_dir), 0);
}

/* Whatever bit is flipped: refused when loaded, or when that window is needed. */
static void seek__a_flipped_bit_is_found(void **state)
{
	const char *path;
	struct stat st;
	int fd;

	keep();
	path = only_file(".seek");
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t at = 0; at < st.st_size; at++) {
		struct rio_seek_index *index;
		uint8_t byte;
		int r;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= (uint8_t)(1 << at % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		r = load_index(&index);
		if (r == 0) {
			check_points(index);
			assert_false(window_is_right(index, 1) && window_is_right(index, 2));
		} else {
			assert_true(r == RIO_EMAP_DAMAGED || r == RIO_EMAP_STALE);
		}
		rio_seek_index_destroy(index);
		byte ^= (uint8_t)(1 << at % 8);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}

static void seek__cut_short_or_longer_is_damaged(void **state)
{
	const char *path;
	struct rio_seek_index *index;
	struct stat st;

	keep();
	path = only_file(".seek");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size + 1), 0);
	assert_int_equal(load_index(&index), RIO_EMAP_DAMAGED);
	for (off_t n = st.st_size - 1; n >= 0; n--) {
		assert_int_equal(truncate(path, n), 0);
		assert_int_equal(load_index(&index), RIO_EMAP_DAMAGED);
	}
}

static int count_entry(void *data, const struct rio_store_entry *entry)
{
	++*(int *)data;
	assert_true(entry->is_seek_index);
	assert_string_equal(entry->source_path, source_path);
	assert_int_equal(entry->source_bytes, 5000);
	assert_int_equal(entry->state, RIO_ENOT_INDEXED); /* the source is gone */
	return rio_store_remove(store, entry->file_name, &err);
}

static void seek__is_listed_and_can_be_removed(void **state)
{
	struct rio_seek_index *index;
	int nr = 0;

	keep();
	assert_int_equal(rio_store_list(store, count_entry, &nr, &err), 0);
	assert_int_equal(nr, 1);
	assert_int_equal(load_index(&index), RIO_ENOT_INDEXED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(seek__is_kept_and_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(seek__of_another_state_is_stale, set_up, tear_down),
		cmocka_unit_test_setup_teardown(seek__what_is_not_kept_leaves_nothing, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(seek__a_flipped_bit_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(seek__cut_short_or_longer_is_damaged, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(seek__is_listed_and_can_be_removed, set_up,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
