/* SPDX-License-Identifier: Apache-2.0 */
#include "store_unit.h"

#include "dataset/dataset.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

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

static void store_lock__the_lock_excludes_another_process(void **state)
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

static void store_lock__a_killed_holder_releases(void **state)
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

static void store_lock__locks_of_two_keys_do_not_meet(void **state)
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

static void store_lock__who_only_tries_does_not_wait(void **state)
{
	struct rio_store_lock *held, *tried = NULL;

	assert_int_equal(rio_store_lock(store, &key, &held, &err), 0);
	assert_true(rio_store_try_lock(store, &key, &tried, &err) > 0);
	assert_null(tried);
	rio_store_unlock(held);
	assert_int_equal(rio_store_try_lock(store, &key, &tried, &err), 0);
	rio_store_unlock(tried);
	assert_int_equal(nr_files(), 0);
}

static int give_up_at_third(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	return ++*(int *)data == 3;
}

/* The holder may be a stopped process: who waits for it must be able to give up. */
static void store_lock__a_dataset_that_waits_for_it_can_be_stopped(void **state)
{
	static char text[2 * RIO_STORE_SOURCE_BYTES_MIN];
	struct rio_options options;
	struct rio_source *source;
	struct rio_dataset *dataset;
	struct rio_store_lock *held;
	struct rio_store_key locked = {source_path, NULL};
	char *row_key;
	int nr_calls = 0;

	for (size_t i = 0; i < sizeof(text); i += 4)
		memcpy(text + i, "1,2\n", 4);
	assert_int_equal(rio_options_init(&options, &err), 0);
	assert_int_equal(rio_options_row_key(&options, &row_key, &err), 0);
	locked.row_key = row_key;
	assert_int_equal(rio_store_lock(store, &locked, &held, &err), 0);
	assert_int_equal(rio_source_from_memory(text, sizeof(text), "a.csv", &source, &err), 0);

	const struct rio_dataset_config config = {.options = &options, .store = store,
		.store_path = source_path, .progress = give_up_at_third,
		.progress_data = &nr_calls};

	assert_int_equal(rio_dataset_create(source, &config, &dataset, &err), RIO_ESYSTEM);
	assert_int_equal(err.sys_errno, EINTR);
	assert_int_equal(nr_calls, 3);
	rio_store_unlock(held);
	rio_source_destroy(source);
	rio_options_deinit(&options);
	free(row_key);
}

/* Eight processes take turns 50 times each; a shared counter loses no step. */
static void store_lock__the_lock_holds_under_a_crowd(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(store_lock__the_lock_excludes_another_process),
		STORE_TEST(store_lock__a_killed_holder_releases),
		STORE_TEST(store_lock__locks_of_two_keys_do_not_meet),
		STORE_TEST(store_lock__who_only_tries_does_not_wait),
		STORE_TEST(store_lock__a_dataset_that_waits_for_it_can_be_stopped),
		STORE_TEST(store_lock__the_lock_holds_under_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
