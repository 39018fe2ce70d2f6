/* SPDX-License-Identifier: Apache-2.0 */
/* A dataset in memory, and all that can be read of it. */
#ifndef TESTS_DATASET_UNIT_H
#define TESTS_DATASET_UNIT_H

#include "options.h"

#include "dataset/dataset.h"

struct fixture {
	struct rio_source *source;
	struct rio_dataset *dataset;
	struct rio_scratch *scratch;
	struct rio_error err;
	int result; /* of rio_dataset_create */
};

static inline struct fixture open_bytes(const void *csv, size_t n, const char *option_text)
{
	struct fixture f = {0};
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};

	set_options(&options, option_text);
	assert_int_equal(rio_source_from_memory(csv, n, "t.csv", &f.source, &f.err), 0);
	assert_int_equal(rio_scratch_create(&f.scratch, &f.err), 0);
	f.result = rio_dataset_create(f.source, &config, &f.dataset, &f.err);
	rio_options_deinit(&options);
	return f;
}

static inline struct fixture open_csv(const char *csv, const char *option_text)
{
	return open_bytes(csv, strlen(csv), option_text);
}

static inline void close_csv(struct fixture *f)
{
	rio_scratch_destroy(f->scratch);
	rio_dataset_destroy(f->dataset);
	rio_source_destroy(f->source);
}

/* Read everything in pieces of the given size. */
static inline int read_all(struct fixture *f, size_t block, uint8_t **ret, size_t *ret_bytes)
{
	size_t n = rio_dataset_len_bytes(f->dataset), off = 0, got = 1;
	uint8_t *out = malloc(n + 1);
	int r = 0;

	while (r == 0 && got > 0) {
		r = rio_dataset_read(f->dataset, f->source, f->scratch, off, out + off,
			RIO_MIN(block, n + 1 - off), &got, NULL, &f->err);
		off += got;
	}
	*ret = out;
	*ret_bytes = off;
	return r;
}

#endif
