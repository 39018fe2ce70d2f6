/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing go on until all is done, the file ends, or something fails. */
#include "unit.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

/* More than a pipe holds, so each side must go on several times. */
enum { LEN_BYTES = 300000 };

static void *write_to(void *fd)
{
	uint8_t *bytes = malloc(LEN_BYTES);

	for (size_t i = 0; i < LEN_BYTES; i++)
		bytes[i] = (uint8_t)(i % 251);
	assert_int_equal(rio_write_all(*(int *)fd, bytes, LEN_BYTES), 0);
	close(*(int *)fd);
	free(bytes);
	return NULL;
}

static void io__a_pipe_is_read_to_its_end(void **state)
{
	uint8_t *bytes = malloc(LEN_BYTES + 1);
	pthread_t writer;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_to, &fds[1]), 0);
	assert_int_equal(rio_read_all(fds[0], bytes, 100000), 100000);
	assert_int_equal(rio_read_all(fds[0], bytes + 100000, LEN_BYTES), LEN_BYTES - 100000);
	pthread_join(writer, NULL);
	for (size_t i = 0; i < LEN_BYTES; i++)
		assert_int_equal(bytes[i], i % 251);
	close(fds[0]);
	free(bytes);
}

static void io__a_place_in_a_file_is_written_and_read(void **state)
{
	int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	char text[8] = "";

	assert_true(fd >= 0);
	assert_int_equal(rio_pwrite_all(fd, "abcd", 4, 10), 0);
	assert_int_equal(rio_pread_all(fd, text, sizeof(text), 12), 2);
	assert_string_equal(text, "cd");
	assert_int_equal(rio_pread_all(fd, text, sizeof(text), 14), 0);
	close(fd);
}

static void io__a_failure_is_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char c = 'x';

	assert_int_equal(rio_write_all(fd, &c, 1), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(rio_pread_all(-1, &c, 1, 0), -1);
	assert_int_equal(errno, EBADF);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(io__a_pipe_is_read_to_its_end),
		cmocka_unit_test(io__a_place_in_a_file_is_written_and_read),
		cmocka_unit_test(io__a_failure_is_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
