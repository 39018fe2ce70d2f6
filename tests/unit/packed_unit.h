/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of compressed sources share: opening one, and comparing it with its text. */
#ifndef TESTS_PACKED_UNIT_H
#define TESTS_PACKED_UNIT_H

#include "packing.h"

#include "source/packed.h"

#include <sys/mman.h>

static inline struct rio_source *open_packed(const struct packing *p)
{
	struct rio_source *inner, *source;
	struct rio_error err;

	assert_int_equal(rio_source_from_memory(p->bytes, p->len_bytes, "test.csv", &inner, &err),
		0);
	assert_int_equal(rio_source_unpack(inner, &source, &err), 0);
	assert_non_null(rio_packed_codec(source));
	return source;
}

/* Have points so near, and their windows in a file; at times with other bytes before them. */
static inline void prepare(struct rio_source *source, int fd, uint64_t windows_off, uint64_t spacing)
{
	struct rio_seek_index *index;
	struct rio_error err;

	assert_int_equal(rio_seek_index_create(rio_packed_codec(source), fd, windows_off, &index,
		&err), 0);
	index->spacing_bytes = spacing;
	rio_packed_prepare_index(source, index);
}

/* What read_through hands on must be the text, in order. */
struct expected {
	const uint8_t *text;
	size_t len_bytes;
	size_t seen_bytes;
	uint64_t done_bytes;
};

static inline int compare(void *data, const uint8_t *bytes, size_t len_bytes, uint64_t done_bytes,
	struct rio_error *err)
{
	struct expected *e = data;

	assert_true(len_bytes <= e->len_bytes - e->seen_bytes);
	assert_memory_equal(bytes, e->text + e->seen_bytes, len_bytes);
	assert_true(done_bytes >= e->done_bytes);
	e->seen_bytes += len_bytes;
	e->done_bytes = done_bytes;
	return 0;
}

static inline void read_through(struct rio_source *source, const uint8_t *text, size_t n)
{
	struct expected e = {text, n, 0, 0};
	struct rio_error err;
	uint64_t len;

	assert_true(rio_source_is_unread(source));
	assert_int_equal(rio_source_len(source, &len, &err), RIO_ENOT_INDEXED);
	assert_int_equal(rio_source_read_through(source, compare, &e, &err), 0);
	assert_int_equal(e.seen_bytes, n);
	assert_false(rio_source_is_unread(source));
	assert_int_equal(rio_source_len(source, &len, &err), 0);
	assert_int_equal(len, n);
}

static inline void check_slice(struct rio_source *source, const uint8_t *text, size_t n, uint64_t off,
	size_t len)
{
	size_t expected = off < n ? RIO_MIN(len, n - off) : 0, got = 77;
	uint8_t *slice = malloc(len + 1);
	struct rio_error err;

	assert_int_equal(rio_source_read_at(source, off, slice, len, &got, &err), 0);
	assert_int_equal(got, expected);
	assert_memory_equal(slice, text + RIO_MIN(off, n), got);
	free(slice);
}

static inline void check_slices(struct rio_source *source, const uint8_t *text, size_t n, int rounds)
{
	uint64_t seed = 88172645463325252;

	check_slice(source, text, n, 0, n + 10);
	check_slice(source, text, n, n, 10);
	check_slice(source, text, n, UINT64_MAX, 10);
	for (int i = 0; i < rounds; i++)
		check_slice(source, text, n, rnd(&seed) % (n + 2), (size_t)rnd(&seed) % 100000);
	for (size_t off = 0; off < n; off += 300000)
		check_slice(source, text, n, off, 300000);
}

static inline void check_index(struct rio_source *source, uint64_t source_bytes)
{
	struct rio_error err;

	assert_int_equal(rio_seek_index_check(rio_packed_index(source), source_bytes, &err), 0);
}

static inline void check_all(const struct packing *p, const uint8_t *text, size_t n)
{
	struct rio_source *source = open_packed(p);

	check_slice(source, text, n, n / 2, 1000); /* without an index, too */
	read_through(source, text, n);
	check_index(source, p->len_bytes);
	check_slices(source, text, n, 40);
	rio_source_destroy(source);

	/* … with the windows in a file, where points are nearer; and at each block. */
	for (int round = 0; round < 2; round++) {
		source = open_packed(p);
		prepare(source, memfd_create("windows", 0), 100,
			round ? 1 : RIO_SEEK_SPACING_BYTES);
		read_through(source, text, n);
		check_index(source, p->len_bytes);
		check_slices(source, text, n, 40);
		rio_source_destroy(source);
	}
}

/* A small file of two members, of which every byte counts. */
static inline struct packing make_small(const char **ret_text)
{
	static const char text[] = "a,b\n1,2\n3,4\n5,6.25\n7,8\n";
	struct packing p = {0};

	packing_add_gzip(&p, text, 12, 9);
	packing_add_gzip(&p, text + 12, sizeof(text) - 13, 9);
	*ret_text = text;
	return p;
}

#endif
