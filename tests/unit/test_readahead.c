/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encode-ahead, with files whose every byte follows from its offset: what is
 * pinned must be those bytes, within the budget, whatever the order of reading.
 */
#include "unit.h"

#include "fs/readahead.h"

#include <pthread.h>
#include <stdatomic.h>

#define FILE_BYTES (40 * (uint64_t)RFS_BLOCK_BYTES + 12345)
#define READ_BYTES (128 * RIO_KIB)

struct file {
	uint64_t salt;
	uint64_t bad_off; /* nothing can be made from here on */
	atomic_uint nr_fills;
};

static uint8_t byte_at(const struct file *file, uint64_t off)
{
	return (uint8_t)((off * 2654435761u + file->salt) >> 13);
}

static size_t fill(void *data, uint64_t off, void *dst, size_t len_bytes)
{
	struct file *file = data;
	size_t n = 0;

	file->nr_fills++;
	for (; n < len_bytes && off + n < file->bad_off; n++)
		((uint8_t *)dst)[n] = byte_at(file, off + n);
	return n;
}

struct fixture {
	struct rfs_readahead *ra;
	struct rfs_stream stream;
	struct file file;
};

static void set_up(struct fixture *f, uint64_t budget_bytes, unsigned nr_workers)
{
	f->file = (struct file){.salt = 7, .bad_off = UINT64_MAX};
	assert_int_equal(rfs_readahead_create(budget_bytes, nr_workers, fill, &f->ra), 0);
	rfs_stream_init(&f->stream, f->ra, &f->file, FILE_BYTES);
}

static void tear_down(struct fixture *f)
{
	struct rfs_readahead_usage usage;

	rfs_stream_deinit(&f->stream);
	rfs_readahead_usage(f->ra, &usage);
	assert_int_equal(usage.nr_blocks, 0);
	assert_true(usage.memory_bytes <= usage.budget_bytes);
	rfs_readahead_destroy(f->ra);
}

/* Read, check what was pinned, and put it back.  Whether anything was. */
static bool read_at(struct rfs_stream *stream, uint64_t off, size_t len_bytes)
{
	struct rfs_pieces pieces;
	uint64_t at = off;

	if (!rfs_stream_get(stream, off, len_bytes, &pieces))
		return false;
	for (unsigned i = 0; i < pieces.nr; i++) {
		const uint8_t *p = pieces.iov[i].iov_base;

		for (size_t k = 0; k < pieces.iov[i].iov_len; k++, at++)
			if (p[k] != byte_at(stream->file, at))
				fail_msg("wrong byte at %ju", (uintmax_t)at);
	}
	assert_int_equal(at, off + len_bytes);
	rfs_stream_put(stream, &pieces);
	return true;
}

/* Read [off, end) in pieces; how many of them were ahead. */
static unsigned read_on(struct rfs_stream *stream, uint64_t off, uint64_t end, size_t piece_bytes)
{
	unsigned nr = 0;

	for (; off < end; off += piece_bytes)
		nr += read_at(stream, off, (size_t)RIO_MIN(piece_bytes, end - off));
	return nr;
}

static void readahead__a_sequence_is_served_from_blocks_to_the_end(void **state)
{
	static const size_t sizes[] = {READ_BYTES, RFS_BLOCK_BYTES, 100003};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(sizes); i++) {
		unsigned nr_reads = (unsigned)((FILE_BYTES + sizes[i] - 1) / sizes[i]);
		struct rfs_readahead_usage usage;
		struct fixture f;

		set_up(&f, 16 * RFS_BLOCK_BYTES, 2);
		/* All but those that it took to see that it is one, and the next. */
		assert_true(read_on(&f.stream, 0, FILE_BYTES, sizes[i]) + 7 >= nr_reads);
		assert_true(f.file.nr_fills <= FILE_BYTES / RFS_BLOCK_BYTES + 1);
		rfs_readahead_usage(f.ra, &usage);
		assert_true(usage.nr_hits + usage.nr_misses >= FILE_BYTES / RFS_BLOCK_BYTES - 1);
		tear_down(&f);
	}
}

static void readahead__without_workers_readers_fill_for_themselves(void **state)
{
	struct fixture f;

	set_up(&f, 16 * RFS_BLOCK_BYTES, 0);
	assert_true(read_on(&f.stream, 0, FILE_BYTES, READ_BYTES) > 300);
	tear_down(&f);
}

static void readahead__random_reads_get_no_blocks(void **state)
{
	uint64_t seed = 88172645463325252u;
	struct rfs_readahead_usage usage;
	struct fixture f;

	set_up(&f, 16 * RFS_BLOCK_BYTES, 2);
	for (int i = 0; i < 20000; i++)
		read_at(&f.stream, rnd(&seed) % (FILE_BYTES - 4096), 4096);
	rfs_readahead_usage(f.ra, &usage);
	assert_int_equal(usage.memory_bytes, 0);
	assert_int_equal(usage.nr_hits + usage.nr_misses, 0);
	assert_int_equal(f.file.nr_fills, 0);
	tear_down(&f);
}

static void readahead__every_tenth_page_is_no_sequence(void **state)
{
	struct fixture f;

	set_up(&f, 16 * RFS_BLOCK_BYTES, 2);
	for (uint64_t off = 0; off + 4096 < FILE_BYTES; off += 40960)
		assert_false(read_at(&f.stream, off, 4096));
	assert_int_equal(f.file.nr_fills, 0);
	tear_down(&f);
}

static void readahead__requests_may_overtake_one_another(void **state)
{
	static const unsigned order[] = {1, 0, 3, 2, 5, 7, 6, 4};
	unsigned nr = 0;
	struct fixture f;

	set_up(&f, 32 * RFS_BLOCK_BYTES, 2);
	for (uint64_t base = 0; base + 8 * RFS_BLOCK_BYTES < FILE_BYTES;
		base += 8 * RFS_BLOCK_BYTES / 2)
		for (size_t i = 0; i < 8; i++)
			nr += read_at(&f.stream, base + order[i] * RFS_BLOCK_BYTES / 2,
				RFS_BLOCK_BYTES / 2);
	assert_true(nr > 48); /* of 72 */
	tear_down(&f);
}

static void readahead__a_jump_ends_the_sequence_and_frees_its_blocks(void **state)
{
	struct rfs_readahead_usage usage;
	struct fixture f;

	set_up(&f, 16 * RFS_BLOCK_BYTES, 0);
	read_on(&f.stream, 0, 2 * RFS_BLOCK_BYTES, READ_BYTES);
	rfs_readahead_usage(f.ra, &usage);
	assert_true(usage.nr_blocks > 0);
	assert_false(read_at(&f.stream, 30 * RFS_BLOCK_BYTES, 4096));
	rfs_readahead_usage(f.ra, &usage);
	assert_int_equal(usage.nr_blocks, 0);
	tear_down(&f);
}

static void readahead__what_cannot_be_made_is_never_pinned(void **state)
{
	struct fixture f;

	set_up(&f, 16 * RFS_BLOCK_BYTES, 2);
	f.file.bad_off = 3 * RFS_BLOCK_BYTES + 1000;
	for (uint64_t off = 0; off + 500 <= 5 * RFS_BLOCK_BYTES; off += 500)
		if (read_at(&f.stream, off, 500))
			assert_true(off + 500 <= f.file.bad_off);
	tear_down(&f);
}

static void readahead__a_budget_below_a_block_is_none(void **state)
{
	struct fixture f;

	set_up(&f, RFS_BLOCK_BYTES - 1, 2);
	assert_int_equal(read_on(&f.stream, 0, FILE_BYTES, READ_BYTES), 0);
	assert_int_equal(f.file.nr_fills, 0);
	tear_down(&f);
}

/* --- many readers, less memory than they want --- */

enum { NR_STREAMS = 8, NR_READERS = 2 * NR_STREAMS };

/* Two to a stream, each taking the next piece, as the kernel's requests are taken. */
struct reader {
	struct rfs_stream *stream;
	atomic_uint_fast64_t *next_off;
};

static void *run_reader(void *data)
{
	const struct reader *reader = data;
	uint64_t off;

	while ((off = atomic_fetch_add(reader->next_off, READ_BYTES)) + READ_BYTES <= FILE_BYTES)
		read_at(reader->stream, off, READ_BYTES);
	return NULL;
}

static void readahead__many_streams_share_the_budget(void **state)
{
	struct rfs_stream streams[NR_STREAMS];
	struct file files[NR_STREAMS];
	atomic_uint_fast64_t next_off[NR_STREAMS] = {0};
	struct reader readers[NR_READERS];
	pthread_t threads[NR_READERS];
	struct rfs_readahead_usage usage;
	struct rfs_readahead *ra;

	assert_int_equal(rfs_readahead_create(3 * RFS_BLOCK_BYTES, 2, fill, &ra), 0);
	for (unsigned i = 0; i < NR_STREAMS; i++) {
		files[i] = (struct file){.salt = 1000 * i, .bad_off = UINT64_MAX};
		rfs_stream_init(&streams[i], ra, &files[i], FILE_BYTES);
	}
	for (unsigned i = 0; i < NR_READERS; i++) {
		readers[i] = (struct reader){&streams[i / 2], &next_off[i / 2]};
		assert_int_equal(pthread_create(&threads[i], NULL, run_reader, &readers[i]), 0);
	}
	for (unsigned i = 0; i < NR_READERS; i++)
		pthread_join(threads[i], NULL);
	rfs_readahead_usage(ra, &usage);
	assert_true(usage.memory_bytes > 0 && usage.memory_bytes <= 3 * RFS_BLOCK_BYTES);
	for (unsigned i = 0; i < NR_STREAMS; i++)
		rfs_stream_deinit(&streams[i]);
	rfs_readahead_usage(ra, &usage);
	assert_int_equal(usage.nr_blocks, 0);
	rfs_readahead_destroy(ra);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readahead__a_sequence_is_served_from_blocks_to_the_end),
		cmocka_unit_test(readahead__without_workers_readers_fill_for_themselves),
		cmocka_unit_test(readahead__random_reads_get_no_blocks),
		cmocka_unit_test(readahead__every_tenth_page_is_no_sequence),
		cmocka_unit_test(readahead__requests_may_overtake_one_another),
		cmocka_unit_test(readahead__a_jump_ends_the_sequence_and_frees_its_blocks),
		cmocka_unit_test(readahead__what_cannot_be_made_is_never_pinned),
		cmocka_unit_test(readahead__a_budget_below_a_block_is_none),
		cmocka_unit_test(readahead__many_streams_share_the_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
