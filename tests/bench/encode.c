/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal 2's side of ours: a whole CSV encoded on one thread, the way that a mount
 * asks for it, in pieces of 1 MiB.
 *
 *	encode CSV [OPTION=VALUE…]     prints a JSON object with the CPU seconds
 *	encode --kernels               prints the kernels that run here, as a JSON list
 *
 * What is timed is the reading alone, on the thread's own clock: finding the
 * columns and counting the rows come before and are goal 1's.
 */
#include "csv/kernel.h"
#include "dataset/dataset.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { PIECE_BYTES = 1 << 20 };

static void die(const struct rio_error *error)
{
	char text[RIO_ERROR_TEXT_BYTES];

	errx(1, "%s", rio_error_format(error, text, sizeof(text)));
}

static double thread_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int print_kernels(void)
{
	const char *separator = "";

	printf("[");
	for (const struct rio_kernel *const *kernel = rio_kernels; *kernel; kernel++) {
		if (!(*kernel)->usable())
			continue;
		printf("%s\"%s\"", separator, (*kernel)->name);
		separator = ", ";
	}
	printf("]\n");
	return 0;
}

static void set_options(struct rio_options *options, char **arg)
{
	struct rio_error error;

	if (rio_options_init(options, &error) < 0)
		die(&error);
	for (; *arg; arg++) {
		char *equals = strchr(*arg, '=');

		if (!equals)
			errx(2, "'%s' is not OPTION=VALUE", *arg);
		*equals = '\0';
		if (rio_options_set(options, *arg, equals + 1, &error) < 0)
			die(&error);
	}
}

/* Returns the encoded bytes. */
static uint64_t encode_all(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_scratch *scratch, uint8_t *piece)
{
	struct rio_error error;
	uint64_t off = 0;
	size_t n;

	do {
		if (rio_dataset_read(dataset, source, scratch, off, piece, PIECE_BYTES, &n, NULL,
			    &error) < 0)
			die(&error);
		off += n;
	} while (n == PIECE_BYTES);
	return off;
}

int main(int argc, char **argv)
{
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	_cleanup_(rio_dataset_destroyp) struct rio_dataset *dataset = NULL;
	_cleanup_(rio_scratch_destroyp) struct rio_scratch *scratch = NULL;
	_cleanup_free_ uint8_t *piece = malloc(PIECE_BYTES);
	struct rio_error error;
	double begin, end;
	uint64_t len_bytes;

	if (argc == 2 && strcmp(argv[1], "--kernels") == 0)
		return print_kernels();
	if (argc < 2)
		errx(2, "usage: encode CSV [OPTION=VALUE…] | encode --kernels");
	if (!piece)
		err(1, "piece");
	memset(piece, 0, PIECE_BYTES);
	set_options(&options, argv + 2);
	if (rio_source_open(argv[1], &source, &error) < 0 ||
		rio_dataset_create(source, &config, &dataset, &error) < 0 ||
		rio_scratch_create(&scratch, &error) < 0)
		die(&error);

	begin = thread_seconds();
	len_bytes = encode_all(dataset, source, scratch, piece);
	end = thread_seconds();
	printf("{\"kernel\": \"%s\", \"cpu_seconds\": %.9f, \"bytes\": %" PRIu64 "}\n",
		rio_kernel()->name, end - begin, len_bytes);
	rio_options_deinit(&options);
	return 0;
}
