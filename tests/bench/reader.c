/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files in the ways that the benchmark times, and prints what it took as
 * one JSON object.  Clocks start and stop around the system calls, so starting
 * the program is in no figure.
 *
 *	reader drop FILE                    the file's pages leave the page cache
 *	reader seq FILE BLOCK [SECONDS]     read() to the end, or for so long, dropping what
 *	                                    was read
 *	reader mmap FILE                    touch every cache line of a mapping
 *	reader first FILE BYTES             open and read the first bytes
 *	reader random FILE RECORD COUNT     single records, each of a page not yet cached
 *	reader stat FILE COUNT              ask for attributes, past the kernel's cache
 */
#include "base/util.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

enum { PAGE_BYTES = 4096, CACHE_LINE_BYTES = 64, DROP_BYTES = 64 << 20 };

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int open_or_die(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static uint64_t size_of(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		err(1, "%s", path);
	return (uint64_t)st.st_size;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t n = strtoull(text, &end, 10);

	if (end == text || *end)
		errx(2, "'%s' is not a whole number", text);
	return n;
}

/* Touched before the clock starts: fresh memory is slow. */
static void *buffer_create(size_t len_bytes)
{
	void *buffer = malloc(len_bytes);

	if (!buffer)
		err(1, "buffer");
	memset(buffer, 1, len_bytes);
	return buffer;
}

static void drop(const char *path)
{
	int fd = open_or_die(path);
	int failed = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);

	if (failed) {
		errno = failed;
		err(1, "%s", path);
	}
	close(fd);
}

static void command_drop(char **arg)
{
	drop(arg[0]);
	printf("{}\n");
}

/*
 * What was read is dropped, so that a large file takes no more memory than a small
 * one: fresh memory is far slower than any server.  The clock stands meanwhile.
 */
static void command_seq(char **arg)
{
	size_t block_bytes = number(arg[1]);
	double limit = arg[2] ? (double)number(arg[2]) : 1e9;
	_cleanup_free_ char *buffer = buffer_create(block_bytes);
	double begin = now(), end;
	int fd = open_or_die(arg[0]);
	uint64_t total = 0, dropped = 0;
	ssize_t n;

	do {
		n = read(fd, buffer, block_bytes);
		if (n < 0)
			err(1, "%s", arg[0]);
		total += (uint64_t)n;
		end = now();
		if (total - dropped >= DROP_BYTES) {
			posix_fadvise(fd, 0, (off_t)total, POSIX_FADV_DONTNEED);
			dropped = total;
			begin += now() - end;
			end = now();
		}
	} while (n && end - begin < limit);
	printf("{\"seconds\": %.9f, \"bytes\": %" PRIu64 "}\n", end - begin, total);
}

static void command_mmap(char **arg)
{
	double begin = now();
	int fd = open_or_die(arg[0]);
	uint64_t len_bytes = size_of(fd, arg[0]);
	volatile uint64_t sum = 0;
	uint64_t x = 0;
	uint8_t *p = mmap(NULL, len_bytes, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		err(1, "%s", arg[0]);
	for (uint64_t i = 0; i < len_bytes; i += CACHE_LINE_BYTES)
		x += p[i];
	sum = x;
	(void)sum;
	munmap(p, len_bytes);
	printf("{\"seconds\": %.9f, \"bytes\": %" PRIu64 "}\n", now() - begin, len_bytes);
}

static void command_first(char **arg)
{
	size_t len_bytes = number(arg[1]);
	_cleanup_free_ char *buffer = buffer_create(len_bytes);
	double begin = now();
	int fd = open_or_die(arg[0]);
	ssize_t n = pread(fd, buffer, len_bytes, 0);
	double end = now();

	if (n < 0)
		err(1, "%s", arg[0]);
	printf("{\"seconds\": %.9f, \"bytes\": %zd}\n", end - begin, n);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_percentiles(double *seconds, size_t n)
{
	qsort(seconds, n, sizeof(*seconds), compare);
	printf("{\"p50_us\": %.3f, \"p99_us\": %.3f, \"count\": %zu}\n", seconds[n / 2] * 1e6,
		seconds[n * 99 / 100] * 1e6, n);
}

static uint64_t greatest_common_divisor(uint64_t a, uint64_t b)
{
	return b ? greatest_common_divisor(b, a % b) : a;
}

/*
 * Every read must miss the page cache, and so no page may be asked for twice:
 * pages are visited in steps that have no divisor in common with their number,
 * which passes each once, and lie far apart.  A record is read that lies whole
 * in the page, where records are so small.
 */
static void command_random(char **arg)
{
	uint64_t record_bytes = number(arg[1]), count = number(arg[2]);
	int fd = open_or_die(arg[0]);
	uint64_t nr_pages = size_of(fd, arg[0]) / PAGE_BYTES;
	uint64_t step = (uint64_t)((double)nr_pages * 0.6180339887) | 1;
	_cleanup_free_ char *buffer = buffer_create(record_bytes);
	_cleanup_free_ double *seconds = NULL;

	count = RIO_MIN(count, nr_pages);
	if (!count)
		errx(1, "%s: smaller than a page", arg[0]);
	seconds = buffer_create(count * sizeof(*seconds));
	while (greatest_common_divisor(step, nr_pages) != 1)
		step++;
	drop(arg[0]);
	posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM);
	for (uint64_t i = 0, page = 0; i < count; i++, page = (page + step) % nr_pages) {
		uint64_t record = (page * PAGE_BYTES + record_bytes - 1) / record_bytes;
		double begin = now();

		if (pread(fd, buffer, record_bytes, (off_t)(record * record_bytes)) < 0)
			err(1, "%s", arg[0]);
		seconds[i] = now() - begin;
	}
	print_percentiles(seconds, count);
}

static void command_stat(char **arg)
{
	uint64_t count = RIO_MAX(number(arg[1]), 1);
	_cleanup_free_ double *seconds = buffer_create(count * sizeof(*seconds));

	for (uint64_t i = 0; i < count; i++) {
		double begin = now();
		struct statx stx;

		if (statx(AT_FDCWD, arg[0], AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &stx) < 0)
			err(1, "%s", arg[0]);
		seconds[i] = now() - begin;
	}
	print_percentiles(seconds, count);
}

static const struct {
	const char *name;
	int nr_args_min, nr_args_max;
	void (*run)(char **arg); /* ended by NULL */
} commands[] = {
	{"drop", 1, 1, command_drop},
	{"seq", 2, 3, command_seq},
	{"mmap", 1, 1, command_mmap},
	{"first", 2, 2, command_first},
	{"random", 3, 3, command_random},
	{"stat", 2, 2, command_stat},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < RIO_ARRAY_SIZE(commands); i++) {
		int nr_args = argc - 2;

		if (strcmp(argv[1], commands[i].name) != 0 || nr_args < commands[i].nr_args_min ||
			nr_args > commands[i].nr_args_max)
			continue;
		commands[i].run(argv + 2);
		return 0;
	}
	errx(2, "usage: reader drop|seq|mmap|first|random|stat FILE [ARG…]");
}
