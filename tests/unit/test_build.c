/* SPDX-License-Identifier: Apache-2.0 */
/* The parallel pass against one tally of the whole, and one from checkpoint to checkpoint. */
#include "packing.h"

#include "csv/kernel.h"
#include "map/build.h"
#include "source/packed.h"

#include <pthread.h>

static struct rio_map *build(const uint8_t *p, size_t n, uint64_t data_off, unsigned threads,
	const struct rio_dialect *dialect)
{
	const struct rio_map_build config = {
		.dialect = *dialect, .data_off = data_off, .nr_threads = threads};
	struct rio_source *source;
	struct rio_map *map;
	struct rio_error err;

	assert_int_equal(rio_source_from_memory(p, n, "test", &source, &err), 0);
	assert_int_equal(rio_map_build(source, &config, &map, &err), 0);
	rio_source_destroy(source);
	return map;
}

static struct rio_tally tally(const struct rio_dialect *dialect, const uint8_t *p, size_t n)
{
	struct rio_tally t;

	rio_tally_init(&t);
	rio_kernel_portable.tally(dialect, p, n, &t);
	return t;
}

static void check(const uint8_t *p, size_t n, uint64_t data_off, unsigned threads)
{
	static const struct rio_dialect dialect = RIO_DIALECT_DEFAULT;
	struct rio_map *map = build(p, n, data_off, threads, &dialect);
	struct rio_tally whole = tally(&dialect, p + data_off, n - data_off);
	uint64_t nr_rows = whole.nr_rows[0] + (whole.line_has_content || whole.odd_quotes);
	struct rio_error err;

	assert_int_equal(rio_map_check(map, &err), 0);
	assert_int_equal(rio_map_nr_rows(map), nr_rows);
	for (size_t i = 1; i + 1 < map->nr_checkpoints; i++) {
		struct rio_checkpoint a = rio_map_checkpoint(map, i - 1);
		struct rio_checkpoint b = rio_map_checkpoint(map, i);
		struct rio_tally t = tally(&dialect, p + a.src_off, b.src_off - a.src_off);

		assert_int_equal(p[b.src_off - 1], '\n');
		assert_false(t.odd_quotes);
		assert_int_equal(b.row - a.row, t.nr_rows[0]);
		assert_int_equal(b.line - a.line, t.nr_lines);
	}
	if (whole.bad_quote[0] != RIO_NO_OFFSET) {
		assert_int_equal(map->bad_quote_off, data_off + whole.bad_quote[0]);
		assert_false(map->bad_quote_open);
	} else if (whole.odd_quotes) {
		assert_true(map->bad_quote_open);
		assert_int_equal(p[map->bad_quote_off], '"');
		assert_null(memchr(p + map->bad_quote_off + 1, '"', n - map->bad_quote_off - 1));
	} else {
		assert_int_equal(map->bad_quote_off, RIO_NO_OFFSET);
	}
	if (map->bad_quote_off != RIO_NO_OFFSET) {
		struct rio_tally t = tally(&dialect, p + data_off, map->bad_quote_off - data_off);
		assert_int_equal(map->bad_quote_row, t.nr_rows[0]);
		assert_true(map->bad_quote_row < nr_rows);
	}
	rio_map_destroy(map);
}

static void build__is_right_however_many_threads_count(void **state)
{
	uint64_t seed = 88172645463325252;
	size_t room = 12 * RIO_MIB;
	uint8_t *p = malloc(room);

	for (int round = 0; round < 12; round++) {
		size_t n = round < 4 ? room - rnd(&seed) % 1000 : rnd(&seed) % (3 * RIO_MIB);

		rnd_csv(&seed, p, n);
		for (unsigned threads = 1; threads <= 3; threads++)
			check(p, n, 0, threads);
	}
	free(p);
}

/* Rows of quoted text with line feeds inside: most line starts are no row starts. */
static void build__finds_row_starts_between_lines_in_quotes(void **state)
{
	size_t n = 6 * RIO_MIB;
	uint8_t *p = malloc(n);
	static const char row[] = "1,\"a\nb, c\n\nd \"\"e\"\"\nf\",2\n";

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)row[i % (sizeof(row) - 1)];
	n -= n % (sizeof(row) - 1);
	for (unsigned threads = 1; threads <= 2; threads++) {
		static const struct rio_dialect dialect = RIO_DIALECT_DEFAULT;
		struct rio_map *map = build(p, n, 0, threads, &dialect);

		check(p, n, 0, threads);
		assert_int_equal(rio_map_nr_rows(map), n / (sizeof(row) - 1));
		assert_true(map->nr_checkpoints > n / RIO_MAP_SPACING_BYTES * 9 / 10);
		assert_true(rio_map_len_bytes(map) <= n / 1000);
		rio_map_destroy(map);
	}
	free(p);
}

/* Every length around the cuts, so that each rule about cuts is met at each side. */
static void build__cuts_fit_together_at_every_offset(void **state)
{
	size_t n = 3 * RIO_MIB + 300;
	uint8_t *p = malloc(n);

	for (size_t i = 0; i < 16; i++) {
		size_t at = (1 + i / 8) * RIO_MIB - 4 + i % 8;

		memset(p, 'x', n);
		p[at] = '\n';
		check(p, n, 0, 2);
		p[at - 1] = '\r';
		p[at + 1] = '\n';
		check(p, n, 0, 2);
		p[40] = '"';
		check(p, n, 0, 2);
		p[at + 2] = '"';
		check(p, n, 7, 2);
	}
	free(p);
}

/* The opened quote stands so far before the end, behind well-formed ones. */
static void build__finds_the_quote_that_is_never_closed(void **state)
{
	static const size_t distances[] = {1, 2, 30000, 256 * RIO_KIB - 1, 256 * RIO_KIB,
		256 * RIO_KIB + 1, 600 * RIO_KIB, 2 * RIO_MIB};
	static const char row[] = "1,\"a\"\n";
	size_t n = 2 * RIO_MIB + 1000;
	uint8_t *p = malloc(n);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(distances); i++) {
		static const struct rio_dialect dialect = RIO_DIALECT_DEFAULT;
		size_t at = n - distances[i];
		struct rio_map *map;

		memset(p, 'x', n);
		for (size_t k = 0; k < at; k++)
			p[k] = (uint8_t)row[k % (sizeof(row) - 1)];
		for (size_t k = at - at % (sizeof(row) - 1); k < at; k++)
			p[k] = ' ';
		p[at] = '"';
		check(p, n, 0, 2);
		map = build(p, n, 0, 1, &dialect);
		assert_true(map->bad_quote_open);
		assert_int_equal(map->bad_quote_off, at);
		assert_int_equal(map->bad_quote_row, at / (sizeof(row) - 1));
		rio_map_destroy(map);
	}
	free(p);
}

static void build__takes_empty_and_tiny_sources(void **state)
{
	static const char *const texts[] = {"", "\n", "1", "1\n", "\n\n\n", " ", "\"", "\"\n", "1\n\n"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		check((const uint8_t *)texts[i], strlen(texts[i]), 0, 2);
}

/* The last stretch begins inside a quoted field and its first row start is the end. */
static void build__ends_with_one_sentinel(void **state)
{
	size_t n = 3 * RIO_MAP_SPACING_BYTES;
	uint8_t *p = malloc(n);
	static const struct rio_dialect dialect = RIO_DIALECT_DEFAULT;
	struct rio_map *map;

	memset(p, 'x', n);
	memcpy(p, "1,2\n3,\"", 7);
	for (size_t i = 100; i < n; i += 100)
		p[i] = '\n';
	memcpy(p + n - 2, "\"\n", 2);
	check(p, n, 0, 1);
	map = build(p, n, 0, 1, &dialect);
	for (size_t i = 1; i < map->nr_checkpoints; i++)
		assert_true(rio_map_checkpoint(map, i).src_off >
			    rio_map_checkpoint(map, i - 1).src_off);
	assert_int_equal(rio_map_nr_rows(map), 2);
	rio_map_destroy(map);
	free(p);
}

static void check_same(const struct rio_map *a, const struct rio_map *b)
{
	assert_int_equal(a->nr_checkpoints, b->nr_checkpoints);
	assert_true(rio_map_begin_alike(a, b, a->nr_checkpoints));
	assert_int_equal(a->bad_quote_off, b->bad_quote_off);
	assert_int_equal(a->bad_quote_row, b->bad_quote_row);
	assert_int_equal(a->bad_quote_open, b->bad_quote_open);
	assert_int_equal(rio_map_src_end(a), rio_map_src_end(b));
}

/* The map of a gzip file of these bytes: once as it is decoded, once by chunks. */
static void check_packed(const uint8_t *p, size_t n, uint64_t data_off)
{
	static const struct rio_dialect dialect = RIO_DIALECT_DEFAULT;
	const struct rio_map_build config = {
		.dialect = dialect, .data_off = data_off, .nr_threads = 2};
	struct rio_map *plain = build(p, n, data_off, 2, &dialect), *map;
	struct packing packing = {0};
	struct rio_source *inner, *source;
	struct rio_error err;

	packing_add_gzip(&packing, p, n, 1);
	rio_source_from_memory(packing.bytes, packing.len_bytes, "test", &inner, &err);
	assert_int_equal(rio_source_unpack(inner, &source, &err), 0);
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rio_source_is_unread(source), round == 0);
		assert_int_equal(rio_map_build(source, &config, &map, &err), 0);
		assert_int_equal(map->stamp.size_bytes, packing.len_bytes);
		check_same(map, plain);
		rio_map_destroy(map);
	}
	rio_map_destroy(plain);
	rio_source_destroy(source);
	free(packing.bytes);
}

static void build__is_the_same_of_compressed_text(void **state)
{
	uint64_t seed = 88172645463325252;
	size_t room = 12 * RIO_MIB;
	uint8_t *p = malloc(room);

	for (int round = 0; round < 20; round++) {
		size_t n = round < 2 ? room - rnd(&seed) % 1000 : rnd(&seed) % (2 * RIO_MIB);

		rnd_csv(&seed, p, n);
		check_packed(p, n, rnd(&seed) % RIO_MIN(n + 1, (size_t)200));
	}
	/* Rows longer than stretches, and than chunks. */
	memset(p, 'x', room);
	for (size_t i = 1000; i < room; i += i / 3)
		p[i] = '\n';
	check_packed(p, room, 0);
	check_packed(p, room, 1001);
	check_packed(p, 0, 0);
	free(p);
}

/* A source that says it is longer than it is: cut short between stamp and read. */
struct shrunk {
	struct rio_source base;
	uint64_t size_bytes;
};

static int shrunk_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	memset(dst, '\n', len_bytes);
	*ret_bytes = off < RIO_MIB ? len_bytes / 2 : 0;
	return 0;
}

static int shrunk_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	*ret = (struct rio_stamp){.size_bytes = ((struct shrunk *)source)->size_bytes};
	return 0;
}

static void build__fails_when_the_source_is_cut_short(void **state)
{
	static const struct rio_source_ops ops = {
		.read_at = shrunk_read_at, .stamp = shrunk_stamp};
	static char name[] = "shrunk.csv";
	struct shrunk source = {.base = {&ops, name}, .size_bytes = 20 * RIO_MIB};
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 2};
	struct rio_map *map = NULL;
	struct rio_error err;

	assert_int_equal(rio_map_build(&source.base, &config, &map, &err), RIO_ESOURCE_CHANGED);
	assert_null(map);
	assert_string_equal(err.file, "shrunk.csv");
}

/* A source in memory that changes once it has been read, though not in size. */
struct changing {
	struct rio_source base;
	int nr_reads;
};

static int changing_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	((struct changing *)source)->nr_reads++;
	memset(dst, '\n', len_bytes);
	*ret_bytes = len_bytes;
	return 0;
}

static int changing_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	*ret = (struct rio_stamp){
		.size_bytes = 1000, .mtime_ns = ((struct changing *)source)->nr_reads};
	return 0;
}

static void build__fails_when_the_source_changes_meanwhile(void **state)
{
	static const struct rio_source_ops ops = {
		.read_at = changing_read_at, .stamp = changing_stamp};
	static char name[] = "changing.csv";
	struct changing source = {.base = {&ops, name}};
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 1};
	struct rio_map *map = NULL;
	struct rio_error err;

	assert_int_equal(rio_map_build(&source.base, &config, &map, &err), RIO_ESOURCE_CHANGED);
	assert_null(map);
}

/*
 * Rows as wide as their chunk's number.  The first chunk is not given out before
 * the others have done all that there is room for.
 */
struct slow {
	struct rio_source base;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	int nr_done; /* progress has been told of so many chunks */
};

enum { SLOW_CHUNKS = 12, RING = 8 /* of two threads */ };

static int slow_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	struct slow *slow = (struct slow *)source;
	uint8_t *p = dst;

	if (off == 0) {
		pthread_mutex_lock(&slow->lock);
		while (slow->nr_done < RING - 1)
			pthread_cond_wait(&slow->moved, &slow->lock);
		pthread_mutex_unlock(&slow->lock);

		/* Time to take one chunk too many, for whoever would. */
		usleep(20000);
	}
	for (size_t i = 0; i < len_bytes; i++)
		p[i] = (off + i + 1) % (16U << (off + i) / RIO_MIB % 8) ? '1' : '\n';
	*ret_bytes = len_bytes;
	return 0;
}

static int slow_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	*ret = (struct rio_stamp){.size_bytes = SLOW_CHUNKS * RIO_MIB};
	return 0;
}

static int slow_progress(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	struct slow *slow = data;

	pthread_mutex_lock(&slow->lock);
	slow->nr_done++;
	pthread_cond_broadcast(&slow->moved);
	pthread_mutex_unlock(&slow->lock);
	return 0;
}

static void build__waits_for_a_slow_chunk(void **state)
{
	static const struct rio_source_ops ops = {.read_at = slow_read_at, .stamp = slow_stamp};
	static char name[] = "slow.csv";
	struct slow slow = {.base = {&ops, name}, .lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER};
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 2,
		.progress = slow_progress, .progress_data = &slow};
	struct rio_map *map;
	struct rio_error err;
	uint64_t nr_rows = 0;

	for (size_t chunk = 0; chunk < SLOW_CHUNKS; chunk++)
		nr_rows += RIO_MIB / (16U << chunk % 8);
	assert_int_equal(rio_map_build(&slow.base, &config, &map, &err), 0);
	assert_int_equal(rio_map_nr_rows(map), nr_rows);
	assert_int_equal(rio_map_check(map, &err), 0);
	assert_int_equal(slow.nr_done, SLOW_CHUNKS);
	rio_map_destroy(map);
}

static int note_progress(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	uint64_t *last = data;

	assert_in_range(done_bytes, *last, total_bytes);
	*last = done_bytes;
	return 0;
}

static void progress__rises_to_the_whole(void **state)
{
	size_t n = 2 * RIO_MIB + RIO_MIB / 2;
	uint8_t *p = calloc(1, n);
	uint64_t last = 0;
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 1,
		.data_off = 3, .progress = note_progress, .progress_data = &last};
	struct rio_source *source;
	struct rio_map *map;
	struct rio_error err;

	rio_source_from_memory(p, n, "test", &source, &err);
	assert_int_equal(rio_map_build(source, &config, &map, &err), 0);
	assert_int_equal(last, n);
	rio_map_destroy(map);
	rio_source_destroy(source);
	free(p);
}

static void build__fails_when_the_header_is_gone(void **state)
{
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .data_off = 5};
	struct rio_source *source;
	struct rio_map *map = NULL;
	struct rio_error err;

	assert_int_equal(rio_source_from_memory("a,b\n", 4, "test", &source, &err), 0);
	assert_int_equal(rio_map_build(source, &config, &map, &err), RIO_ESOURCE_CHANGED);
	assert_null(map);
	rio_source_destroy(source);
}

static int stop_at_once(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	assert_true(done_bytes <= total_bytes);
	++*(int *)data;
	return -1;
}

static void build__stops_when_progress_says_so(void **state)
{
	size_t n = 16 * RIO_MIB;
	uint8_t *p = calloc(1, n);
	int calls = 0;
	const struct rio_map_build config = {.dialect = RIO_DIALECT_DEFAULT, .nr_threads = 1,
		.progress = stop_at_once, .progress_data = &calls};
	struct rio_source *source;
	struct rio_map *map;
	struct rio_error err;

	rio_source_from_memory(p, n, "test", &source, &err);
	assert_int_equal(rio_map_build(source, &config, &map, &err), RIO_ESYSTEM);
	assert_int_equal(calls, 1);
	rio_source_destroy(source);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build__is_right_however_many_threads_count),
		cmocka_unit_test(build__finds_row_starts_between_lines_in_quotes),
		cmocka_unit_test(build__cuts_fit_together_at_every_offset),
		cmocka_unit_test(build__finds_the_quote_that_is_never_closed),
		cmocka_unit_test(build__takes_empty_and_tiny_sources),
		cmocka_unit_test(build__ends_with_one_sentinel),
		cmocka_unit_test(build__is_the_same_of_compressed_text),
		cmocka_unit_test(build__fails_when_the_source_is_cut_short),
		cmocka_unit_test(build__fails_when_the_source_changes_meanwhile),
		cmocka_unit_test(build__waits_for_a_slow_chunk),
		cmocka_unit_test(progress__rises_to_the_whole),
		cmocka_unit_test(build__fails_when_the_header_is_gone),
		cmocka_unit_test(build__stops_when_progress_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
