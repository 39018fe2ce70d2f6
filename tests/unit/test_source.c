/* SPDX-License-Identifier: Apache-2.0 */
/* Sources: whole reads, honest stamps, and nothing opened that is not a regular file. */
#include "unit.h"

#include "source/source.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

/* Each test has a folder of its own, with a file in it. */
static char root[64], path[96], other_path[96];
static struct rio_error err;

static const char content[] = "0123456789abcdefghij";
enum { CONTENT_BYTES = sizeof(content) - 1 };

static void put(const char *name, int flags, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | flags, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
	snprintf(root, sizeof(root), "/tmp/rio-source-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/a.csv", root);
	snprintf(other_path, sizeof(other_path), "%s/b", root);
	memset(&err, 0, sizeof(err));
	put(path, 0, content);
	return 0;
}

static int remove_one(const char *name, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(name);
}

static int tear_down(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct rio_source *open_file(void)
{
	struct rio_source *source;

	assert_int_equal(rio_source_open(path, &source, &err), 0);
	return source;
}

static struct rio_source *open_memory(void)
{
	struct rio_source *source;

	assert_int_equal(rio_source_from_memory(content, CONTENT_BYTES, path, &source, &err), 0);
	return source;
}

static void read__is_short_only_at_the_end(void **state)
{
	struct rio_source *sources[] = {open_file(), open_memory()};

	for (size_t s = 0; s < RIO_ARRAY_SIZE(sources); s++) {
		for (size_t off = 0; off < CONTENT_BYTES + 5; off++)
			for (size_t len = 0; len < CONTENT_BYTES + 5; len++) {
				size_t left = off < CONTENT_BYTES ? CONTENT_BYTES - off : 0;
				size_t expected = RIO_MIN(len, left), got = SIZE_MAX;
				char dst[CONTENT_BYTES + 6];

				memset(dst, '~', sizeof(dst));
				assert_int_equal(rio_source_read_at(sources[s], off, dst, len, &got,
							 &err), 0);
				assert_int_equal(got, expected);
				assert_memory_equal(dst, content + RIO_MIN(off, CONTENT_BYTES), got);
				assert_int_equal(dst[got], '~');
			}
		rio_source_destroy(sources[s]);
	}
}

static void read__far_behind_the_end_is_the_end(void **state)
{
	static const uint64_t offs[] = {INT64_MAX - 1, INT64_MAX, (uint64_t)INT64_MAX + 1,
		UINT64_MAX};
	struct rio_source *sources[] = {open_file(), open_memory()};

	for (size_t s = 0; s < RIO_ARRAY_SIZE(sources); s++) {
		for (size_t i = 0; i < RIO_ARRAY_SIZE(offs); i++) {
			size_t got = SIZE_MAX;
			char dst;

			assert_int_equal(rio_source_read_at(sources[s], offs[i], &dst, 1, &got,
						 &err), 0);
			assert_int_equal(got, 0);
		}
		rio_source_destroy(sources[s]);
	}
}

static void read__of_an_empty_memory_is_empty(void **state)
{
	struct rio_source *source;
	size_t got = 1;
	char dst;

	assert_int_equal(rio_source_from_memory(NULL, 0, "nothing", &source, &err), 0);
	assert_int_equal(rio_source_read_at(source, 0, &dst, 1, &got, &err), 0);
	assert_int_equal(got, 0);
	rio_source_destroy(source);
}

static void read__sees_a_truncation_as_a_shorter_file(void **state)
{
	struct rio_source *source = open_file();
	char dst[CONTENT_BYTES];
	size_t got;

	assert_int_equal(truncate(path, 7), 0);
	assert_int_equal(rio_source_read_at(source, 5, dst, 10, &got, &err), 0);
	assert_int_equal(got, 2);
	rio_source_destroy(source);
}

static void read__fails_with_the_files_name(void **state)
{
	struct rio_source *source;
	char dst;
	size_t got = 77;
	int fd = open(path, O_RDONLY), write_only = open(path, O_WRONLY);

	assert_int_equal(rio_source_from_fd(fd, "w.csv", &source, &err), 0);
	assert_int_equal(dup2(write_only, fd), fd);
	close(write_only);
	assert_int_equal(rio_source_read_at(source, 0, &dst, 1, &got, &err), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, EBADF);
	assert_string_equal(err.file, "w.csv");
	assert_int_equal(got, 77);
	rio_source_destroy(source);
}

static void write_same_size(void)
{
	put(path, 0, "9");
}

static void append(void)
{
	put(path, O_APPEND, "k");
}

static void cut(void)
{
	assert_int_equal(truncate(path, 3), 0);
}

static void rename_over(void)
{
	put(other_path, 0, content);
	assert_int_equal(rename(other_path, path), 0);
}

/* A change that gives the old size and the old modification time. */
static void write_and_set_time_back(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	put(path, 0, "9");
	assert_int_equal(utimensat(AT_FDCWD, path,
				 (struct timespec[]){st.st_mtim, st.st_mtim}, 0), 0);
}

static void stamp__moves_with_every_change(void **state)
{
	static const struct {
		void (*change)(void);
		bool same_file; /* which an open source follows */
	} changes[] = {
		{write_same_size, true}, {append, true}, {cut, true}, {rename_over, false},
		{write_and_set_time_back, true},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(changes); i++) {
		struct rio_source *source = open_file(), *again;
		struct rio_stamp before, now;

		assert_int_equal(rio_source_settled_stamp(source, &before, &err), 0);
		assert_int_equal(rio_source_check(source, &before, &err), 0);
		changes[i].change();
		again = open_file();
		assert_int_equal(rio_source_stamp(again, &now, &err), 0);
		if (rio_stamp_equal(&before, &now))
			fail_msg("change %zu leaves the stamp as it was", i);
		assert_int_equal(rio_source_check(again, &before, &err), RIO_ESOURCE_CHANGED);
		assert_string_equal(err.file, path);

		/* Taking the name away moves the ctime of what is still open. */
		assert_int_equal(rio_source_check(source, &before, &err), RIO_ESOURCE_CHANGED);
		if (changes[i].same_file)
			assert_int_equal(rio_source_check(source, &now, &err), 0);
		rio_source_destroy(again);
		rio_source_destroy(source);
	}
}

static void stamp__compares_every_field(void **state)
{
	const struct rio_stamp stamp = {1, 2, 3, 4, 5, 0};
	struct rio_stamp others[] = {
		{0, 2, 3, 4, 5, 0}, {1, 0, 3, 4, 5, 0}, {1, 2, 0, 4, 5, 0}, {1, 2, 3, 0, 5, 0},
		{1, 2, 3, 4, 0, 0}, {1, 2, 3, 4, 5, 1}};

	assert_true(rio_stamp_equal(&stamp, &(struct rio_stamp){1, 2, 3, 4, 5, 0}));
	for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++)
		assert_false(rio_stamp_equal(&stamp, &others[i]));
}

static void stamp__holds_what_the_system_says(void **state)
{
	struct rio_source *source = open_file(), *memory = open_memory();
	struct rio_stamp stamp;
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(rio_source_stamp(source, &stamp, &err), 0);
	assert_int_equal(stamp.dev, st.st_dev);
	assert_int_equal(stamp.ino, st.st_ino);
	assert_int_equal(stamp.size_bytes, CONTENT_BYTES);
	assert_int_equal(stamp.mtime_ns, st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	assert_int_equal(stamp.ctime_ns, st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
	assert_int_equal(rio_source_stamp(memory, &stamp, &err), 0);
	assert_true(rio_stamp_equal(&stamp, &(struct rio_stamp){.size_bytes = CONTENT_BYTES}));
	rio_source_destroy(memory);
	rio_source_destroy(source);
}

/* A source that changes anew each time it is looked at, so many times. */
struct restless {
	struct rio_source base;
	int changes;
	int64_t ctime_ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int restless_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *e)
{
	struct restless *restless = (struct restless *)source;

	if (restless->changes != 0) {
		restless->changes--;
		restless->ctime_ns = now_ns();
	}
	*ret = (struct rio_stamp){.ctime_ns = restless->ctime_ns};
	return 0;
}

static void stamp__tells_of_a_writer_who_has_the_file_open(void **state)
{
	struct rio_source *source = open_file();
	struct rio_stamp closed, opened, now;
	int fd;

	assert_int_equal(rio_source_settled_stamp(source, &closed, &err), 0);
	assert_int_equal(closed.written, 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(rio_source_stamp(source, &opened, &err), 0);
	assert_int_equal(opened.written, 1);
	assert_int_equal(rio_source_check(source, &opened, &err), 0);
	assert_int_equal(rio_source_check(source, &closed, &err), 0);
	close(fd);
	assert_int_equal(rio_source_stamp(source, &now, &err), 0);
	assert_true(rio_stamp_equal(&now, &closed));
	assert_int_equal(rio_source_check(source, &opened, &err), RIO_ESOURCE_CHANGED);
	rio_source_destroy(source);
}

/* Opened and mapped since: the state is another one from the first byte written on. */
static void check__sees_the_first_byte_of_a_writer(void **state)
{
	for (int mapped = 0; mapped < 2; mapped++) {
		struct rio_source *source = open_file();
		struct rio_stamp stamp;
		char *map;
		int fd;

		assert_int_equal(rio_source_settled_stamp(source, &stamp, &err), 0);
		assert_int_equal(stamp.written, 0);
		fd = open(path, O_RDWR);
		map = mmap(NULL, CONTENT_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_true(fd >= 0 && map != MAP_FAILED);
		assert_int_equal(rio_source_check(source, &stamp, &err), 0);
		if (mapped)
			map[3] = '!';
		else
			assert_int_equal(pwrite(fd, "!", 1, 3), 1);
		assert_int_equal(rio_source_check(source, &stamp, &err), RIO_ESOURCE_CHANGED);
		munmap(map, CONTENT_BYTES);
		close(fd);
		rio_source_destroy(source);
	}
}

static void settled_stamp__is_old_even_if_the_source_changed_during_the_wait(void **state)
{
	static const struct rio_source_ops ops = {.stamp = restless_stamp};
	static char name[] = "restless.csv";

	for (int changes = 0; changes < 4; changes++) {
		struct restless source = {{&ops, name}, changes, 0};
		struct rio_stamp stamp;

		assert_int_equal(rio_source_settled_stamp(&source.base, &stamp, &err), 0);
		assert_int_equal(source.changes, 0);
		assert_true(now_ns() - stamp.ctime_ns >= 20000000);
	}
}

static void settled_stamp__does_not_wait_for_ever(void **state)
{
	static const struct rio_source_ops ops = {.stamp = restless_stamp};
	static char name[] = "restless.csv";
	struct restless source = {{&ops, name}, -1, 0};
	struct rio_stamp stamp;

	assert_int_equal(rio_source_settled_stamp(&source.base, &stamp, &err), 0);
}

/* Wait for nothing: a FIFO without a writer would keep an ordinary open waiting. */
static void open__refuses_all_but_regular_files(void **state)
{
	char fifo[96], link[96], to_fifo[96], sock[96];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(fifo, sizeof(fifo), "%s/fifo", root);
	snprintf(link, sizeof(link), "%s/link", root);
	snprintf(to_fifo, sizeof(to_fifo), "%s/to_fifo", root);
	snprintf(sock, sizeof(sock), "%s/sock", root);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("nowhere", link), 0);
	assert_int_equal(symlink("fifo", to_fifo), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", sock);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);

	const struct {
		const char *path;
		int sys_errno;
	} cases[] = {
		{fifo, EINVAL}, {to_fifo, EINVAL}, {root, EISDIR}, {"/dev/null", EINVAL},
		{"/dev/zero", EINVAL}, {link, ENOENT}, {sock, ENXIO}, {"", ENOENT},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct rio_source *source = NULL;

		assert_int_equal(rio_source_open(cases[i].path, &source, &err), RIO_ESYSTEM);
		if (err.sys_errno != cases[i].sys_errno)
			fail_msg("%s: %s", cases[i].path, err.message);
		assert_string_equal(err.file, cases[i].path);
		assert_null(source);
	}
}

static void from_fd__takes_the_descriptor_on_failure_too(void **state)
{
	struct rio_source *source = NULL;
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	assert_int_equal(rio_source_from_fd(fd, "folder", &source, &err), RIO_ESYSTEM);
	assert_string_equal(err.file, "folder");
	assert_int_equal(fcntl(fd, F_GETFD), -1);

	fd = open(path, O_RDONLY);
	assert_int_equal(rio_source_from_fd(fd, "file", &source, &err), 0);
	rio_source_destroy(source);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(rio_source_from_fd(-1, "none", &source, &err), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, EBADF);
}

static void source__has_a_name_of_its_own(void **state)
{
	char name[] = "mine.csv";
	struct rio_source *memory, *file;

	assert_int_equal(rio_source_from_memory("", 0, name, &memory, &err), 0);
	assert_int_equal(rio_source_from_fd(open(path, O_RDONLY), name, &file, &err), 0);
	memset(name, 'x', sizeof(name) - 1);
	assert_string_equal(rio_source_name(memory), "mine.csv");
	assert_string_equal(rio_source_name(file), "mine.csv");
	rio_source_destroy(file);
	rio_source_destroyp(&memory);
	rio_source_destroy(NULL);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(read__is_short_only_at_the_end),
		IN_FOLDER(read__far_behind_the_end_is_the_end),
		IN_FOLDER(read__of_an_empty_memory_is_empty),
		IN_FOLDER(read__sees_a_truncation_as_a_shorter_file),
		IN_FOLDER(read__fails_with_the_files_name),
		IN_FOLDER(stamp__moves_with_every_change),
		IN_FOLDER(stamp__compares_every_field),
		IN_FOLDER(stamp__holds_what_the_system_says),
		IN_FOLDER(stamp__tells_of_a_writer_who_has_the_file_open),
		IN_FOLDER(check__sees_the_first_byte_of_a_writer),
		IN_FOLDER(settled_stamp__is_old_even_if_the_source_changed_during_the_wait),
		IN_FOLDER(settled_stamp__does_not_wait_for_ever),
		IN_FOLDER(open__refuses_all_but_regular_files),
		IN_FOLDER(from_fd__takes_the_descriptor_on_failure_too),
		IN_FOLDER(source__has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
