/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed sources against the text that was compressed: whole, in slices, by many threads. */
#include "packed_unit.h"

#include "source/packed.h"
#include "source/spans.h"

#include <pthread.h>
#include <sys/mman.h>

static void packed__one_member_of_every_level(void **state)
{
	uint64_t seed = 4711;
	size_t n = 9 * RIO_MIB + 12345;
	uint8_t *text = malloc(n);

	rnd_table(&seed, text, n);
	for (int level = 0; level <= 9; level += 3) {
		struct packing p = {0};

		packing_add_gzip(&p, text, n, level);
		check_all(&p, text, n);
		free(p.bytes);
	}
	free(text);
}

static void packed__many_members_empty_ones_among_them(void **state)
{
	uint64_t seed = 99;
	size_t n = 9 * RIO_MIB, at = 0;
	uint8_t *text = malloc(n);
	struct packing p = {0};

	rnd_table(&seed, text, n);
	packing_add_gzip(&p, text, 0, 6);
	while (at < n) {
		size_t len = (size_t)rnd(&seed) % (1u << rnd(&seed) % 22);

		len = RIO_MIN(len, n - at);
		packing_add_gzip(&p, text + at, len, (int)(rnd(&seed) % 10));
		at += len;
	}
	packing_add_gzip(&p, text, 0, 6);
	check_all(&p, text, n);
	uint8_t *zeros = calloc(1, 70000);
	packing_add(&p, zeros, 70000);
	free(zeros);
	check_all(&p, text, n); /* zeros behind it are padding */
	packing_add(&p, "x", 1);
	struct rio_source *source = open_packed(&p);
	struct rio_error err;
	assert_int_equal(rio_source_read_through(source, NULL, NULL, &err), RIO_EDAMAGED);
	assert_non_null(strstr(err.message, "begins no gzip member"));
	rio_source_destroy(source);
	free(p.bytes);
	free(text);
}

/* Trailers at every place around the end of what is read at a time, entered before them. */
static void packed__members_end_anywhere_in_the_input(void **state)
{
	uint64_t seed = 77;
	size_t most = 67000, first = 500;
	uint8_t *text = malloc(2 * most);

	for (size_t i = 0; i < 2 * most; i++)
		text[i] = (uint8_t)rnd(&seed);
	for (size_t n = 65480 + first; n < 65560 + first; n++) {
		struct packing p = {0};
		struct rio_source *source;

		packing_add_blocks(&p, text, first, n, 1);
		packing_add_blocks(&p, text + n, first, 1000, 9);
		packing_add_gzip(&p, text + n + 1000, n % 10, 9);
		source = open_packed(&p);
		prepare(source, -1, 0, 1);
		read_through(source, text, n + 1000 + n % 10);
		check_slice(source, text, n + 1000 + n % 10, first, n + 2000);
		check_slice(source, text, n + 1000 + n % 10, n - 100, 1000);
		check_slice(source, text, n + 1000 + n % 10, n + first, 1000);
		rio_source_destroy(source);
		free(p.bytes);
	}
	free(text);
}

static void packed__nothing_but_empty_members(void **state)
{
	struct packing p = {0};

	packing_add_gzip(&p, "", 0, 6);
	check_all(&p, (const uint8_t *)"", 0);
	packing_add_gzip(&p, "", 0, 6);
	check_all(&p, (const uint8_t *)"", 0);
	free(p.bytes);
}

static void packed__a_name_that_lies_is_an_error(void **state)
{
	struct rio_source *inner, *source;
	struct rio_error err;

	rio_source_from_memory("1,2\n", 4, "x.csv.gz", &inner, &err);
	assert_int_equal(rio_source_unpack(inner, &source, &err), RIO_EDAMAGED);
	assert_string_equal(err.file, "x.csv.gz");
	rio_source_from_memory("", 0, "x.csv.gz", &inner, &err);
	assert_int_equal(rio_source_unpack(inner, &source, &err), RIO_EDAMAGED);

	/* The other way round the bytes are right. */
	const char *text;
	struct packing p = make_small(&text);
	rio_source_from_memory(p.bytes, p.len_bytes, "x.csv", &inner, &err);
	assert_int_equal(rio_source_unpack(inner, &source, &err), 0);
	assert_non_null(rio_packed_codec(source));
	rio_source_destroy(source);
	rio_source_from_memory("1,2\n", 4, "x.csv", &inner, &err);
	assert_int_equal(rio_source_unpack(inner, &source, &err), 0);
	assert_ptr_equal(source, inner);
	assert_null(rio_packed_codec(source));
	rio_source_destroy(source);
	free(p.bytes);
}

/* Bits as deflate packs them: from each byte's lowest on. */
struct bits {
	uint8_t *bytes;
	size_t nr;
};

static void put_bits(struct bits *b, unsigned value, unsigned nr)
{
	for (; nr > 0; nr--, value >>= 1, b->nr++)
		b->bytes[b->nr / 8] |= (uint8_t)((value & 1) << b->nr % 8);
}

/* A member of one block with n zeros: no encoder makes such, but deflate allows it. */
static void add_endless_block(struct packing *p, size_t n)
{
	static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
	uint8_t *zeros = calloc(1, n);
	uint32_t trailer[] = {(uint32_t)crc32_z(0, zeros, n), (uint32_t)n};
	struct bits b = {.bytes = calloc(1, n / 100 + 100)};

	put_bits(&b, 1 | 1 << 1, 3);           /* the last block, fixed codes */
	put_bits(&b, 0x0c, 8);                 /* literal 0: 00110000, mirrored */
	for (size_t left = n - 1; left > 0; left -= 258)
		put_bits(&b, 0xa3, 8 + 5);     /* 258 times what is 1 before: 11000101, mirrored */
	put_bits(&b, 0, 7);                    /* the end */
	packing_add(p, header, sizeof(header));
	packing_add(p, b.bytes, (b.nr + 7) / 8);
	packing_add(p, trailer, sizeof(trailer));
	free(b.bytes);
	free(zeros);
}

static void packed__what_cannot_be_entered_in_bounds_is_refused(void **state)
{
	struct packing p = {0}, q = {0};
	size_t n = 1 + 258 * 60000;
	uint8_t *text = calloc(2, n);
	struct rio_source *source;
	struct rio_error err;

	add_endless_block(&p, n);
	add_endless_block(&p, n);
	source = open_packed(&p);
	read_through(source, text, 2 * n);
	rio_source_destroy(source);

	packing_add_gzip(&q, "1\n", 2, 6);
	add_endless_block(&q, n + 258 * 10000);
	source = open_packed(&q);
	assert_int_equal(rio_source_read_through(source, NULL, NULL, &err), RIO_EDAMAGED);
	assert_string_equal(err.message, "more than 16 MiB of text can be reached only from byte 0 "
		"of the compressed file on: compress it anew with gzip");
	rio_source_destroy(source);
	free(text);
	free(p.bytes);
	free(q.bytes);
}

static void packed__huge_ratios_stay_in_bounds(void **state)
{
	size_t n = 200 * RIO_MIB;
	uint8_t *text = calloc(1, n);
	struct packing p = {0};
	struct rio_source *source;

	packing_add_gzip(&p, text, n, 9);
	assert_true(p.len_bytes < n / 900);
	source = open_packed(&p);
	read_through(source, text, n);
	check_index(source, p.len_bytes);
	for (int i = 0; i < 20; i++)
		check_slice(source, text, n, (uint64_t)i * 10 * RIO_MIB + 5, 1000);
	rio_source_destroy(source);
	free(p.bytes);
	free(text);
}

/* --- many threads --- */

struct reader {
	struct rio_source *source;
	const uint8_t *text;
	size_t n;
	uint64_t seed;
	bool in_order;
};

static void *read_much(void *data)
{
	struct reader *r = data;

	for (size_t i = 0; i < 60; i++) {
		uint64_t off = r->in_order ? i * (r->n / 60) : rnd(&r->seed) % r->n;

		check_slice(r->source, r->text, r->n, off, r->in_order ? r->n / 60 + 1 : 50000);
	}
	return NULL;
}

static void packed__many_threads_read_at_once(void **state)
{
	enum { NR = 12 };
	uint64_t seed = 5;
	size_t n = 40 * RIO_MIB;
	uint8_t *text = malloc(n);
	struct packing p = {0};
	struct rio_source *source;
	pthread_t threads[NR];
	struct reader readers[NR];

	rnd_table(&seed, text, n);
	packing_add_gzip(&p, text, n, 1);
	source = open_packed(&p);
	prepare(source, memfd_create("windows", 0), 0, RIO_SEEK_SPACING_BYTES);
	read_through(source, text, n);
	for (int i = 0; i < NR; i++) {
		readers[i] = (struct reader){source, text, n, seed + (uint64_t)i, i % 2};
		assert_int_equal(pthread_create(&threads[i], NULL, read_much, &readers[i]), 0);
	}
	for (int i = 0; i < NR; i++)
		pthread_join(threads[i], NULL);
	rio_source_destroy(source);
	free(p.bytes);
	free(text);
}

/* --- zstd --- */

#ifdef RIO_HAVE_ZSTD
static void zstd__many_frames_skippable_ones_among_them(void **state)
{
	static const uint8_t skippable[] = {0x5e, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
	uint64_t seed = 98;
	size_t n = 20 * RIO_MIB, at = 0;
	uint8_t *text = malloc(n);
	struct packing p = {0};

	rnd_table(&seed, text, n);
	packing_add(&p, skippable, sizeof(skippable));
	while (at < n) {
		size_t len = (size_t)rnd(&seed) % (1u << rnd(&seed) % 24);

		len = RIO_MIN(len, n - at);
		packing_add_zstd(&p, text + at, len, 1 + (int)(rnd(&seed) % 4), 0);
		if (rnd(&seed) % 4 == 0)
			packing_add(&p, skippable, sizeof(skippable));
		at += len;
	}
	packing_add(&p, skippable, sizeof(skippable));
	check_all(&p, text, n);
	free(p.bytes);
	free(text);
}

static void check_refused(struct packing *p, const char *message)
{
	struct rio_source *source = open_packed(p);
	struct rio_error err;

	assert_int_equal(rio_source_read_through(source, NULL, NULL, &err), RIO_EDAMAGED);
	assert_string_equal(err.message, message);
	rio_source_destroy(source);
	free(p->bytes);
}

static void zstd__large_frames_and_windows_are_refused(void **state)
{
	uint64_t seed = 7;
	size_t n = 17 * RIO_MIB;
	uint8_t *text = malloc(n);
	struct packing p = {0}, q = {0};

	rnd_table(&seed, text, n);
	packing_add_zstd(&p, text, n, 1, 0);
	check_refused(&p, "more than 16 MiB of text can be reached only from byte 0 of the "
		"compressed file on: compress it anew in smaller frames, for instance with pzstd");
	packing_add_zstd(&q, text, n, 1, 25);
	check_refused(&q, "the zstd member at byte 0 of the compressed file needs a window of more "
		"than 8 MiB: compress it anew, with level 19 at most and without --long");
	free(text);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed__one_member_of_every_level),
		cmocka_unit_test(packed__many_members_empty_ones_among_them),
		cmocka_unit_test(packed__members_end_anywhere_in_the_input),
		cmocka_unit_test(packed__nothing_but_empty_members),
		cmocka_unit_test(packed__a_name_that_lies_is_an_error),
		cmocka_unit_test(packed__what_cannot_be_entered_in_bounds_is_refused),
		cmocka_unit_test(packed__huge_ratios_stay_in_bounds),
		cmocka_unit_test(packed__many_threads_read_at_once),
#ifdef RIO_HAVE_ZSTD
		cmocka_unit_test(zstd__many_frames_skippable_ones_among_them),
		cmocka_unit_test(zstd__large_frames_and_windows_are_refused),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
