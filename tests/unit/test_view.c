/* SPDX-License-Identifier: Apache-2.0 */
/* Files joined and cut, against the bytes of each file by itself. */
#include "sizes_unit.h"
#include "view_unit.h"

static const char *const option_texts[] = {
	"header=yes bad_row=nan text=drop",
	"header=yes bad_row=skip dtype=int32 missing=zero text=hash:9 format=sparse",
	"header=yes bad_row=skip text=bytes uid=row",
	"header=yes bad_row=nan magic=shift text=drop dtype=float64",
};

enum { NR_FILES = 6 };

struct folder {
	char *texts[NR_FILES];
	struct fixture *files; /* NR_FILES */
	struct rio_view *view;
	uint8_t *whole; /* every file's encoding, one behind the other */
	size_t whole_bytes;
};

/* Files of several segments, one record, a header alone, and nothing at all. */
static struct folder open_folder(const char *option_text, uint64_t seed)
{
	static const size_t nr_rows[NR_FILES] = {0, 1500, 0, 1, 4000, 3};
	struct folder f = {.files = calloc(NR_FILES, sizeof(*f.files))};

	for (size_t i = 0; i < NR_FILES; i++) {
		uint8_t *bytes;
		size_t n;

		f.texts[i] = i == 2 ? strdup("") : make_rows(&seed, nr_rows[i]);
		f.files[i] = open_csv(f.texts[i], option_text);
		assert_int_equal(f.files[i].result, 0);
		assert_int_equal(read_all(&f.files[i], 100000, &bytes, &n), 0);
		f.whole = realloc(f.whole, f.whole_bytes + n + 1);
		memcpy(f.whole + f.whole_bytes, bytes, n);
		f.whole_bytes += n;
		free(bytes);
	}
	f.view = join(f.files, NR_FILES);
	return f;
}

static void close_folder(struct folder *f)
{
	rio_view_destroy(f->view);
	for (size_t i = 0; i < NR_FILES; i++) {
		close_csv(&f->files[i]);
		free(f->texts[i]);
	}
	free(f->files);
	free(f->whole);
	assert_int_equal(nr_taken, 0);
}

static size_t read_at(const struct folder *f, const struct rio_view *view, uint64_t off, void *dst,
	size_t len_bytes)
{
	struct rio_error err;
	size_t got = 0;

	assert_int_equal(rio_view_read(view, &from_memory, f->files[0].scratch, off, dst,
				 len_bytes, &got, NULL, &err), 0);
	return got;
}

static void join__is_all_files_in_order(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++) {
		struct folder f = open_folder(option_texts[i], 7 + i);
		uint8_t *bytes = malloc(f.whole_bytes + 10);

		assert_int_equal(rio_view_len_bytes(f.view), f.whole_bytes);
		assert_int_equal(read_at(&f, f.view, 0, bytes, f.whole_bytes + 10), f.whole_bytes);
		assert_memory_equal(bytes, f.whole, f.whole_bytes);
		free(bytes);
		close_folder(&f);
	}
}

static void read__of_any_range_is_that_slice(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++) {
		struct folder f = open_folder(option_texts[i], 70 + i);
		uint8_t *bytes = malloc(f.whole_bytes);
		uint64_t seed = 4;

		for (int k = 0; k < 400; k++) {
			size_t off = rnd(&seed) % (f.whole_bytes + 20);
			size_t len = rnd(&seed) % (k % 4 ? 300 : f.whole_bytes);
			size_t expected = off < f.whole_bytes ? RIO_MIN(len, f.whole_bytes - off)
							      : 0;

			assert_int_equal(read_at(&f, f.view, off, bytes, len), expected);
			assert_memory_equal(bytes, f.whole + RIO_MIN(off, f.whole_bytes), expected);
		}
		free(bytes);
		close_folder(&f);
	}
}

static void shard__joined_are_the_whole(void **state)
{
	static const unsigned counts[] = {1, 2, 3, 7, 100, 9001};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts) * RIO_ARRAY_SIZE(counts); i++) {
		struct folder f = open_folder(option_texts[i % 4], 3 + i);
		unsigned nr = counts[i / 4];
		uint64_t records = rio_view_nr_records(f.view);
		uint8_t *bytes = malloc(f.whole_bytes + 1);
		size_t at = 0;

		for (unsigned k = 0; k < nr; k++) {
			struct rio_view *shard;
			size_t n;

			assert_int_equal(rio_view_shard(f.view, k, nr, &from_memory,
						 f.files[0].scratch, &shard, NULL), 0);
			n = rio_view_len_bytes(shard);
			assert_int_equal(read_at(&f, shard, 0, bytes, n + 1), n);
			assert_memory_equal(bytes, f.whole + at, n);
			assert_in_range(rio_view_nr_records(shard), records / nr,
				(records + nr - 1) / nr);
			at += n;
			rio_view_destroy(shard);
		}
		assert_int_equal(at, f.whole_bytes);
		free(bytes);
		close_folder(&f);
	}
}

static void record_offs__are_those_of_the_frames(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++) {
		struct folder f = open_folder(option_texts[i], 700 + i);
		struct rio_scratch *scratch = f.files[0].scratch;
		uint64_t *offs, *found, before, seed = 9;
		size_t nr;

		offs = frame_offs(f.whole, f.whole_bytes, &nr);
		found = malloc(nr * sizeof(*found));
		assert_int_equal(rio_view_nr_records(f.view), nr);
		assert_int_equal(rio_view_record_offs(f.view, &from_memory, scratch, 0, nr, found,
					 NULL), 0);
		assert_memory_equal(found, offs, nr * sizeof(*found));
		for (int k = 0; k < 400; k++) {
			size_t first = rnd(&seed) % nr, n = rnd(&seed) % RIO_MIN(nr - first, 900);
			size_t by = rnd(&seed) % 2;

			assert_int_equal(rio_view_record_offs(f.view, &from_memory, scratch, first,
						 n, found, NULL), 0);
			assert_memory_equal(found, offs + first, n * sizeof(*found));
			assert_int_equal(rio_view_records_before(f.view, &from_memory, scratch,
						 offs[first] + by, &before, NULL), 0);
			assert_int_equal(before, first + by);
		}
		assert_int_equal(rio_view_records_before(f.view, &from_memory, scratch,
					 f.whole_bytes, &before, NULL), 0);
		assert_int_equal(before, nr);
		free(found);
		free(offs);
		close_folder(&f);
	}
}

/* A bad row in the second file, of rows that are equally long and of others. */
static void read__of_a_bad_record_says_where_it_is_in_the_view(void **state)
{
	static const char *const texts[] = {"header=no", "header=no format=sparse"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++) {
		struct fixture files[2] = {open_csv("1,2\n3,4\n5,6\n", texts[i]),
			open_csv("1,2\n3,4\n1,x\n5,0\n", texts[i])};
		struct rio_view *view = join(files, 2), *shard;
		uint8_t bytes[2000];
		struct rio_error err;
		uint64_t bad_off;
		size_t got = 0;

		assert_int_equal(rio_view_record_offs(view, &from_memory, files[0].scratch, 5, 1,
					 &bad_off, NULL), 0);
		assert_int_equal(rio_view_read(view, &from_memory, files[0].scratch, 8, bytes,
					 sizeof(bytes), &got, NULL, &err), RIO_EROW);
		assert_int_equal(got, bad_off - 8);
		assert_int_equal(err.record_off, bad_off);
		assert_int_equal(err.line, 3);
		assert_ptr_equal(rio_view_part_at(view, bad_off)->owner, &files[1]);

		/* The second of two shards: four records, of which the bad one is the third. */
		assert_int_equal(rio_view_shard(view, 1, 2, &from_memory, files[0].scratch, &shard,
					 NULL), 0);
		assert_int_equal(rio_view_record_offs(shard, &from_memory, files[0].scratch, 2, 1,
					 &bad_off, NULL), 0);
		assert_int_equal(rio_view_read(shard, &from_memory, files[0].scratch, 0, bytes,
					 sizeof(bytes), &got, NULL, &err), RIO_EROW);
		assert_int_equal(got, bad_off);
		assert_int_equal(err.record_off, bad_off);
		assert_int_equal(rio_part_to_view(&shard->parts[0], bad_off), bad_off);
		rio_view_destroy(shard);
		rio_view_destroy(view);
		close_csv(&files[0]);
		close_csv(&files[1]);
	}
}

/* Behind a quote that is never closed no row is known; what stands for them has a place. */
static void record_offs__know_what_stands_behind_a_bad_quote(void **state)
{
	struct fixture f = open_csv("1,2\n3,4\n1,\"2\n5,0\n", "header=no format=sparse");
	struct rio_view *view = join(&f, 1);
	uint64_t offs[3], before;

	assert_int_equal(rio_view_nr_records(view), 3);
	assert_int_equal(rio_view_record_offs(view, &from_memory, f.scratch, 0, 3, offs, NULL), 0);
	assert_int_equal(offs[2], rio_view_len_bytes(view) - RIO_BAD_RECORD_BYTES);
	assert_int_equal(rio_view_records_before(view, &from_memory, f.scratch, offs[2], &before,
				 NULL), 0);
	assert_int_equal(before, 2);
	rio_view_destroy(view);
	close_csv(&f);
}

/* As a bug in sizing would leave it. */
static void record_offs__finds_sizes_that_do_not_fit(void **state)
{
	uint64_t seed = 12, offs[1000];
	char *text = make_rows(&seed, 4000);
	struct fixture f = open_csv(text, option_texts[1]);
	struct rio_map *map = (struct rio_map *)rio_dataset_map(f.dataset);
	struct rio_sizes *sizes = map->sizes;

	for (int by = -4; by <= 4; by++) {
		bool shifts_bytes = by % 2;
		uint64_t first;
		size_t nr;

		map->sizes = shifts_bytes ? shifted(sizes, 1, (uint64_t)by, 0)
					  : shifted(sizes, 1, 0, (uint64_t)(by / 2));
		first = rio_map_records_before(map, 1) + 1;
		nr = (size_t)(rio_map_records_before(map, 2) + 3 - first);
		assert_in_range(nr, 2, 1000);
		assert_int_equal(rio_dataset_record_offs(f.dataset, f.source, f.scratch, first, nr,
					 offs, &f.err), by ? RIO_EMAP_DAMAGED : 0);
		rio_sizes_destroy(map->sizes);
		map->sizes = sizes;
	}
	close_csv(&f);
	free(text);
}

static void join__of_texts_with_other_numbers_is_refused(void **state)
{
	struct fixture files[] = {open_csv("", "header=no text=map"),
		open_csv("1,red\n2,blue\n", "header=no text=map"),
		open_csv("1,2\n", "header=no text=map"),
		open_csv("1,blue\n1,red\n", "header=no text=map"),
		open_csv("1,blue\n1,green\n", "header=no text=map")};
	struct rio_view_member members[5];
	struct rio_view *view = NULL;
	struct rio_error err;

	for (size_t i = 0; i < 5; i++)
		members[i].dataset = files[i].dataset;
	assert_int_equal(rio_view_create(members, 4, &view, &err), 0);
	rio_view_destroy(view);
	view = NULL;
	assert_int_equal(rio_view_create(members, 5, &view, &err), RIO_ESCHEMA);
	assert_null(view);
	assert_non_null(strstr(err.message, "text=map numbers the texts of each file"));
	for (size_t i = 0; i < 5; i++)
		close_csv(&files[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(join__is_all_files_in_order),
		cmocka_unit_test(read__of_any_range_is_that_slice),
		cmocka_unit_test(shard__joined_are_the_whole),
		cmocka_unit_test(record_offs__are_those_of_the_frames),
		cmocka_unit_test(read__of_a_bad_record_says_where_it_is_in_the_view),
		cmocka_unit_test(record_offs__know_what_stands_behind_a_bad_quote),
		cmocka_unit_test(record_offs__finds_sizes_that_do_not_fit),
		cmocka_unit_test(join__of_texts_with_other_numbers_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
