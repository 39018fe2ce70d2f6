/* SPDX-License-Identifier: Apache-2.0 */
/* Mapped windows, and files that are cut short under them. */
#include "unit.h"

#include "base/util.h"
#include "map/build.h"
#include "source/window.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096

/* An unlinked file of n bytes, each of which tells its offset. */
static int make_file(size_t n)
{
	char path[] = "/tmp/test-window-XXXXXX";
	int fd = mkstemp(path);
	uint8_t *p = malloc(n);

	assert_true(fd >= 0 && p);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i % 251);
	assert_int_equal(write(fd, p, n), n);
	unlink(path);
	free(p);
	return fd;
}

static struct rio_source *source_of(int fd)
{
	struct rio_source *source;
	struct rio_error err;

	assert_int_equal(rio_source_from_fd(dup(fd), "x.csv", &source, &err), 0);
	return source;
}

static void look__shows_the_source_wherever_it_goes(void **state)
{
	static const uint64_t offs[] = {0, 1, 4095, 65536, 1500000, 3000000, 2999999, 70000, 3145727};
	const size_t n = 3 * RIO_MIB;
	int fd = make_file(n);
	struct rio_source *source = source_of(fd);
	struct rio_window w;
	struct rio_error err;

	rio_window_init(&w, source, n);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(offs); i++) {
		const uint8_t *p;
		size_t got;

		assert_int_equal(rio_window_look(&w, offs[i], &p, &got, &err), 0);
		assert_in_range(got, 1, n - offs[i]);
		for (size_t k = 0; k < got; k++)
			assert_int_equal(p[k], (offs[i] + k) % 251);
	}
	assert_int_equal(rio_window_verify(&w, &err), 0);
	rio_window_deinit(&w);
	rio_source_destroy(source);
	close(fd);
}

/* Whether the window was a mapping tells what the test is worth. */
static void look__maps_a_local_file(void **state)
{
	int fd = make_file(RIO_MIB);
	struct rio_mapping m = {0};

	assert_true(rio_mapping_create(fd, 0, RIO_MIB, &m));
	assert_int_equal(m.bytes[70000], 70000 % 251);
	assert_true(rio_mapping_destroy(&m));
	assert_true(rio_mapping_destroy(&m));
	close(fd);
}

static void verify__tells_that_the_file_was_cut_short(void **state)
{
	int fd = make_file(RIO_MIB);
	struct rio_source *source = source_of(fd);
	struct rio_window w;
	struct rio_error err;
	const uint8_t *p;
	unsigned sum = 0;
	size_t got;

	rio_window_init(&w, source, RIO_MIB);
	assert_int_equal(rio_window_look(&w, 0, &p, &got, &err), 0);
	assert_int_equal(ftruncate(fd, 10 * PAGE), 0);
	for (size_t i = 0; i < got; i++)
		sum += p[i];
	assert_int_not_equal(sum, 0);
	assert_int_equal(rio_window_verify(&w, &err), RIO_ESOURCE_CHANGED);
	assert_string_equal(err.message, "the file was cut short meanwhile");

	/* It may go on where there is still something. */
	assert_int_equal(rio_window_look(&w, 5, &p, &got, &err), 0);
	assert_int_equal(p[0], 5);
	rio_window_deinit(&w);
	rio_source_destroy(source);
	close(fd);
}

static void create__refuses_when_guards_run_out(void **state)
{
	int fd = make_file(PAGE);
	struct rio_mapping m[200];
	size_t nr = 0;

	while (nr < RIO_ARRAY_SIZE(m) && rio_mapping_create(fd, 0, PAGE, &m[nr]))
		nr++;
	assert_in_range(nr, 16, RIO_ARRAY_SIZE(m) - 1);
	assert_true(rio_mapping_destroy(&m[3]));
	assert_true(rio_mapping_create(fd, 0, PAGE, &m[3]));
	while (nr)
		assert_true(rio_mapping_destroy(&m[--nr]));
	close(fd);
}

static sigjmp_buf jump;

static void jump_out(int signo)
{
	siglongjmp(jump, 1);
}

static volatile uint8_t *map_and_truncate(int fd)
{
	volatile uint8_t *p = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), 0);
	return p;
}

/* In a process of its own, which a fault may end. */
static int in_child(void (*before)(void), void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		before();
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void take_sigbus(void)
{
	signal(SIGBUS, jump_out);
}

static void leave_sigbus(void)
{
	signal(SIGBUS, SIG_DFL);
}

/* A fault in a mapping that is not ours, after ours has installed the guard. */
static void fault_elsewhere(void)
{
	int fd = make_file(PAGE), other = make_file(PAGE);
	struct rio_mapping m;

	if (!rio_mapping_create(fd, 0, PAGE, &m))
		_exit(1);
	if (sigsetjmp(jump, 1))
		_exit(7);
	(void)*map_and_truncate(other);
	_exit(2);
}

static void sigbus__goes_to_whoever_had_it(void **state)
{
	int status = in_child(take_sigbus, fault_elsewhere);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
}

static void sigbus__elsewhere_still_ends_the_process(void **state)
{
	int status = in_child(leave_sigbus, fault_elsewhere);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

struct shaker {
	int fd;
	size_t n;
	atomic_bool stop;
};

/* Cut the file short and make it longer again, over and over. */
static void *shake(void *data)
{
	struct shaker *s = data;
	size_t to = s->n;

	while (!atomic_load(&s->stop)) {
		to = (to * 7919 + 4099) % s->n;
		if (ftruncate(s->fd, (off_t)to) < 0 || ftruncate(s->fd, (off_t)s->n) < 0)
			abort();
	}
	return NULL;
}

/* So many builds must have met it. */
#define CUTS 40

static void build__survives_a_file_that_is_cut_short(void **state)
{
	struct shaker s = {.n = 12 * RIO_MIB + 5};
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 2};
	struct rio_source *source;
	pthread_t thread;
	int nr_failed = 0;

	s.fd = make_file(s.n);
	source = source_of(s.fd);
	pthread_create(&thread, NULL, shake, &s);
	for (int i = 0; i < 20000 && nr_failed < CUTS; i++) {
		struct rio_map *map = NULL;
		struct rio_error err;
		int r = rio_map_build(source, &config, &map, &err);

		assert_true(r == 0 || r == RIO_ESOURCE_CHANGED);
		nr_failed += r < 0;
		rio_map_destroy(map);
	}
	atomic_store(&s.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(nr_failed, CUTS);
	rio_source_destroy(source);
	close(s.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigbus__goes_to_whoever_had_it),
		cmocka_unit_test(sigbus__elsewhere_still_ends_the_process),
		cmocka_unit_test(look__shows_the_source_wherever_it_goes),
		cmocka_unit_test(look__maps_a_local_file),
		cmocka_unit_test(verify__tells_that_the_file_was_cut_short),
		cmocka_unit_test(create__refuses_when_guards_run_out),
		cmocka_unit_test(build__survives_a_file_that_is_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
