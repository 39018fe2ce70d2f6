/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed sources against the text that was compressed: whole, in slices, damaged. */
#include "packing.h"

#include "source/packed.h"
#include "source/spans.h"

#include <pthread.h>
#include <sys/mman.h>

static struct rio_source *open_packed(const struct packing *p)
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
static void prepare(struct rio_source *source, int fd, uint64_t windows_off, uint64_t spacing)
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

static int compare(void *data, const uint8_t *bytes, size_t len_bytes, uint64_t done_bytes,
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

static void read_through(struct rio_source *source, const uint8_t *text, size_t n)
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

static void check_slice(struct rio_source *source, const uint8_t *text, size_t n, uint64_t off,
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

static void check_slices(struct rio_source *source, const uint8_t *text, size_t n, int rounds)
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

static void check_index(struct rio_source *source, uint64_t source_bytes)
{
	struct rio_error err;

	assert_int_equal(rio_seek_index_check(rio_packed_index(source), source_bytes, &err), 0);
}

static void check_all(const struct packing *p, const uint8_t *text, size_t n)
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

/* A small file of two members, of which every byte counts. */
static struct packing make_small(const char **ret_text)
{
	static const char text[] = "a,b\n1,2\n3,4\n5,6.25\n7,8\n";
	struct packing p = {0};

	packing_add_gzip(&p, text, 12, 9);
	packing_add_gzip(&p, text + 12, sizeof(text) - 13, 9);
	*ret_text = text;
	return p;
}

/* Read damaged bytes through: an error, or the text as it was; returns whether it was. */
static bool reads_as(const uint8_t *bytes, size_t n, const char *file_name, const char *text)
{
	struct rio_source *inner, *source;
	struct rio_error err;
	char got[256] = "";
	size_t got_bytes = 0;
	int r;

	assert_int_equal(rio_source_from_memory(bytes, n, file_name, &inner, &err), 0);
	r = rio_source_unpack(inner, &source, &err);
	if (r == 0) {
		r = rio_source_read_through(source, NULL, NULL, &err);
		if (r == 0)
			assert_int_equal(rio_source_read_at(source, 0, got, sizeof(got),
				&got_bytes, &err), 0);
		rio_source_destroy(source);
	}
	if (r == 0)
		assert_string_equal(got, text);
	else
		assert_int_equal(r, RIO_EDAMAGED);
	return r == 0;
}

static void packed__cut_short_anywhere_is_an_error(void **state)
{
	const char *text;
	struct packing p = make_small(&text);
	size_t first_bytes;

	for (first_bytes = 1; memcmp(p.bytes + first_bytes, "\x1f\x8b", 2) != 0; first_bytes++)
		;
	for (size_t n = 0; n < p.len_bytes; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, p.bytes, n);
		if (n == first_bytes) /* only here one cannot know */
			assert_true(reads_as(cut, n, "x.gz", "a,b\n1,2\n3,4\n"));
		else
			assert_false(reads_as(cut, n, "x.gz", text));
		free(cut);
	}
	assert_true(reads_as(p.bytes, p.len_bytes, "x.gz", text));
	free(p.bytes);
}

static void packed__a_flipped_bit_is_an_error_or_changes_nothing(void **state)
{
	const char *text;
	struct packing p = make_small(&text);
	size_t nr_harmless = 0;

	for (size_t bit = 0; bit < 8 * p.len_bytes; bit++) {
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		nr_harmless += reads_as(p.bytes, p.len_bytes, "x.gz", text);
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* FTEXT, the time, the hint about the level, the system, what fills the last byte. */
	assert_in_range(nr_harmless, 2 * (1 + 32 + 8 + 8), 2 * (1 + 32 + 8 + 8 + 7));
	free(p.bytes);
}

static void packed__errors_tell_the_place(void **state)
{
	static const struct {
		size_t flip_at; /* from the second member's begin; negative: from the end */
		int from_end;
		const char *message;
	} cases[] = {
		{0, 8, "incorrect data check"},
		{0, 4, "incorrect length check"},
		{12, 0, "of the compressed file is damaged, at byte "},
	};
	const char *text;
	struct packing p = make_small(&text);
	size_t second = 1;

	while (memcmp(p.bytes + second, "\x1f\x8b", 2) != 0)
		second++;
	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		size_t at = cases[i].from_end ? p.len_bytes - (size_t)cases[i].from_end
					      : second + cases[i].flip_at;
		struct rio_source *source = open_packed(&p);
		struct rio_error err;
		char place[100];

		p.bytes[at] ^= 0x10;
		assert_int_equal(rio_source_read_through(source, NULL, NULL, &err), RIO_EDAMAGED);
		p.bytes[at] ^= 0x10;
		snprintf(place, sizeof(place), "the gzip member at byte %zu ", second);
		if (!strstr(err.message, place) || !strstr(err.message, cases[i].message))
			fail_msg("%s", err.message);
		rio_source_destroy(source);
	}
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

/* --- what may become of an index --- */

static void flip(int fd, uint64_t off)
{
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)off), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)off), 1);
}

/* The points before it lead there as well. */
static void packed__a_damaged_window_is_not_used(void **state)
{
	uint64_t seed = 31;
	size_t n = 9 * RIO_MIB;
	uint8_t *text = malloc(n);
	struct packing p = {0};
	struct rio_source *source;
	const struct rio_seek_index *index;
	int fd = memfd_create("windows", 0);

	rnd_table(&seed, text, n);
	packing_add_gzip(&p, text, n, 6);
	source = open_packed(&p);
	prepare(source, dup(fd), 0, RIO_SEEK_SPACING_BYTES);
	read_through(source, text, n);
	index = rio_packed_index(source);
	assert_true(index->nr_points >= 5);
	flip(fd, index->points[2].window_off + 50);
	check_slice(source, text, n, index->points[2].off, 10);
	flip(fd, index->points[1].window_off);
	check_slice(source, text, n, index->points[1].off + 5, 100000);
	assert_int_equal(ftruncate(fd, (off_t)index->points[3].window_off), 0);
	check_slices(source, text, n, 10);
	rio_source_destroy(source);
	close(fd);
	free(p.bytes);
	free(text);
}

static void packed__other_bytes_than_were_indexed_are_an_error(void **state)
{
	const char *text;
	struct packing p = make_small(&text);
	struct rio_source *source = open_packed(&p);
	struct rio_error err;
	char got[100];
	size_t n;

	assert_int_equal(rio_source_read_through(source, NULL, NULL, &err), 0);
	memset(p.bytes + 12, 0xff, 5);
	assert_int_equal(rio_source_read_at(source, 0, got, 10, &n, &err), RIO_EMAP_DAMAGED);
	rio_source_destroy(source);
	free(p.bytes);
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

static void zstd__cut_short_or_flipped_is_an_error(void **state)
{
	static const char text[] = "a,b\n1,2\n3,4\n5,6.25\n7,8\n";
	struct packing p = {0};
	size_t first_bytes;

	packing_add_zstd(&p, text, 12, 3, 0);
	first_bytes = p.len_bytes;
	packing_add_zstd(&p, text + 12, sizeof(text) - 13, 3, 0);
	for (size_t n = 0; n < p.len_bytes; n++) {
		uint8_t *cut = malloc(n + 1);

		memcpy(cut, p.bytes, n);
		if (n == first_bytes)
			assert_true(reads_as(cut, n, "x.zst", "a,b\n1,2\n3,4\n"));
		else
			assert_false(reads_as(cut, n, "x.zst", text));
		free(cut);
	}
	for (size_t bit = 0; bit < 8 * p.len_bytes; bit++) {
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		reads_as(p.bytes, p.len_bytes, "x.zst", text);
		p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(reads_as(p.bytes, p.len_bytes, "x.zst", text));
	free(p.bytes);
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
		cmocka_unit_test(packed__cut_short_anywhere_is_an_error),
		cmocka_unit_test(packed__a_flipped_bit_is_an_error_or_changes_nothing),
		cmocka_unit_test(packed__errors_tell_the_place),
		cmocka_unit_test(packed__a_name_that_lies_is_an_error),
		cmocka_unit_test(packed__what_cannot_be_entered_in_bounds_is_refused),
		cmocka_unit_test(packed__huge_ratios_stay_in_bounds),
		cmocka_unit_test(packed__many_threads_read_at_once),
		cmocka_unit_test(packed__a_damaged_window_is_not_used),
		cmocka_unit_test(packed__other_bytes_than_were_indexed_are_an_error),
#ifdef RIO_HAVE_ZSTD
		cmocka_unit_test(zstd__many_frames_skippable_ones_among_them),
		cmocka_unit_test(zstd__cut_short_or_flipped_is_an_error),
		cmocka_unit_test(zstd__large_frames_and_windows_are_refused),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
