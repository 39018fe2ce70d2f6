/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset_unit.h"
#include "packed_unit.h"
#include "stream_unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <unistd.h>

static const size_t piece_sizes[] = {1, 2, 17, 100, 4096, 24 * RIO_KIB + 1, 64 * RIO_KIB};

/* A text, under these options, is streamed as the map path reads it: bytes, and what is wrong. */
static void compare_paths(const void *csv, size_t n, const char *options, const char *what)
{
	struct fixture f = open_bytes(csv, n, options);
	uint8_t *out = NULL;
	size_t got = 0;
	int r = f.result < 0 ? f.result : read_all(&f, SIZE_MAX, &out, &got);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(piece_sizes); i++) {
		struct streamed s = stream_bytes(csv, n, options, piece_sizes[i]);

		if (s.result != r || s.out.len_bytes != got ||
			(r < 0 && strcmp(s.err.message, f.err.message) != 0))
			fail_msg("%s, %s, pieces of %zu: %d %s (%zu bytes), not %d %s (%zu bytes)",
				what, options, piece_sizes[i], s.result, s.err.message,
				s.out.len_bytes, r, f.err.message, got);
		if (got)
			assert_memory_equal(s.out.bytes, out, got);
		if (r == RIO_EROW) {
			assert_string_equal(s.err.file, f.err.file);
			assert_int_equal(s.err.line, f.err.line);
			assert_int_equal(s.err.column, f.err.column);
			assert_int_equal(s.err.row, f.err.row);
			assert_int_equal(s.err.src_off, f.err.src_off);
		}
		if (r == 0)
			assert_int_equal(s.nr_records, rio_dataset_nr_records(f.dataset));
		free(s.out.bytes);
	}
	free(out);
	close_csv(&f);
}

static const char *const option_sets[] = {
	"",
	"header=yes",
	"header=no bad_row=nan",
	"header=no quote=none bad_row=nan label=none",
	"bad_row=skip uid=row",
	"bad_row=skip text=map",
	"text=map uid=row magic=shift",
	"text=hash:7 format=sparse label=none",
	"text=bytes keys=names uid=0",
	"dtype=int32 missing=zero bad_row=skip",
	"dtype=float64 label_dtype=float32 missing=error",
	"delimiter=; header=yes",
	"delimiter=tab quote='",
};

static void compare_all_options(const void *csv, size_t n, const char *what)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_sets); i++)
		compare_paths(csv, n, option_sets[i], what);
}

static const char *const texts[] = {
	"",
	"\n",
	" \n\r\n\n",
	"y,a\n",
	"y,a",
	"\xef\xbb\xbfy,a\r\n1,2\r\n\r\n3,4",
	"1,2\n3,4\n5,6\n",
	"1,2\n3,4\n5,6",
	"1,2\n3,4\n5,6\r",
	"1,2\n3,4\n\n \n\n",
	"1,\"2\n\"\n3,\"\n\n4\"\n5,\"\"\n",
	"1,\"2\"\"\n\"\n\"3\",\"\"\"\n\"\n5,\"\"\"\"\n",
	"1,2\n3,abc\n5,6\n",
	"1,2\n3\n5,6\n7,8,9\n10,11\n",
	"1,2\n\n\r\n 3 ,\t\"x,\ny\" \n5,6\n",
	"1,2\n3,\"4\n5,6\n",
	"1,2\n3,\"4\n5,6",
	"\"1,2\n3,4\n",
	"1,2\n3,4\" \n5,6\"\n7,8\n",
	"1,2\n3, \"4\n4\"0\n5,6\n",
	"1,2\nx,y\n3,4\" \n5,6\"\n7,8\n",
	"a;b\n1;2\n;4\n",
	"'a'\t'b'\n1\t'2\n'\n3\t4\n",
};

static void stream__gives_what_the_map_path_gives(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		compare_all_options(texts[i], strlen(texts[i]), texts[i]);
	compare_all_options("1,2\n3,4\n5, 6\0006\n7,8\n", 20, "a NUL byte");
}

static struct packing read_file(const char *folder, const char *name)
{
	struct packing p = {0};
	char path[4096], buffer[8192];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	assert_non_null(file);
	while ((n = fread(buffer, 1, sizeof(buffer), file)) > 0)
		packing_add(&p, buffer, n);
	fclose(file);
	return p;
}

static size_t compare_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t nr = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		struct packing p;

		if (!strstr(entry->d_name, ".csv"))
			continue;
		p = read_file(folder, entry->d_name);
		compare_all_options(p.bytes, p.len_bytes, entry->d_name);
		free(p.bytes);
		nr++;
	}
	closedir(dir);
	return nr;
}

static void stream__gives_what_the_map_path_gives_of_files_of_the_world(void **state)
{
	assert_true(compare_folder(TEST_DATA "/real") > 20);
	assert_true(compare_folder(TEST_DATA "/handmade") > 20);
}

static void stream__gives_what_the_map_path_gives_of_any_bytes(void **state)
{
	uint64_t seed = 5;
	uint8_t csv[600];

	for (int i = 0; i < 300; i++) {
		size_t n = rnd(&seed) % sizeof(csv);

		rnd_csv(&seed, csv, n);
		compare_paths(csv, n, option_sets[i % RIO_ARRAY_SIZE(option_sets)], "random bytes");
	}
}

static void stream__makes_what_the_sdk_makes(void **state)
{
	json_error_t error;
	json_t *golden = json_load_file(TEST_DATA "/golden/sdk.json", 0, &error), *one, *value;
	size_t i;
	const char *name;

	assert_non_null(golden);
	json_array_foreach(json_object_get(golden, "cases"), i, one)
	{
		const char *csv = json_string_value(json_object_get(one, "csv"));
		const char *hex = json_string_value(json_object_get(one, "hex"));
		char options[200] = "", *end = options;
		struct streamed s;

		json_object_foreach(json_object_get(one, "options"), name, value)
			end += sprintf(end, "%s=%s ",
				strcmp(name, "fmt") == 0      ? "format"
				: strcmp(name, "ldtype") == 0 ? "label_dtype"
							      : name,
				json_string_value(value));
		s = stream_bytes(csv, strlen(csv), options, 1 + i % 7);
		assert_int_equal(s.result, 0);
		assert_int_equal(s.out.len_bytes * 2, strlen(hex));
		for (size_t at = 0; at < s.out.len_bytes; at++) {
			char byte[3];

			snprintf(byte, sizeof(byte), "%02x", s.out.bytes[at]);
			assert_memory_equal(byte, hex + 2 * at, 2);
		}
		free(s.out.bytes);
	}
	assert_true(i > 5);
	json_decref(golden);
}

/* A table with quotes that hold line feeds, of several pieces. */
static struct packing make_table(size_t nr_rows)
{
	struct packing p = {0};
	uint64_t seed = 9;
	char row[100];

	for (size_t i = 0; i < nr_rows; i++) {
		uint64_t dice = rnd(&seed) % 8;
		int n = snprintf(row, sizeof(row), "%zu,%s%ju%s,%g%s", i, dice == 1 ? "\"\n\n" : "",
			(uintmax_t)(rnd(&seed) % 100000), dice == 1 ? "\r\n\"" : "",
			(double)(int64_t)rnd(&seed), dice == 2 ? "\n\n" : "\n");

		packing_add(&p, row, (size_t)n);
	}
	return p;
}

static void stream__cuts_by_the_text_and_the_piece_size_alone(void **state)
{
	struct packing p = make_table(20000);
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};
	struct rio_error err;

	set_options(&options, "");
	for (size_t i = 0; i < RIO_ARRAY_SIZE(piece_sizes); i++) {
		struct rio_source *source;
		struct rio_stream *stream;
		struct rio_piece piece = {0};
		uint64_t row = 0, off = 0, lines = 0;

		assert_int_equal(rio_source_from_memory(p.bytes, p.len_bytes, "t", &source, &err), 0);
		assert_int_equal(rio_stream_create(source, &config, &stream, &err), 0);
		while (rio_stream_cut(stream, piece_sizes[i], &piece, &err) == 0) {
			const struct rio_checkpoint *s = piece.segments;

			assert_int_equal(s->row, row);
			assert_int_equal(s->src_off, off);
			assert_int_equal(s->line, lines);
			row = s[piece.nr_segments].row;
			off = s[piece.nr_segments].src_off;
			lines = s[piece.nr_segments].line;
			assert_memory_equal(piece.buffer + RIO_PAD_BYTES, p.bytes + s->src_off,
				off - s->src_off);
			assert_true(off - s->src_off >= piece_sizes[i] || off == p.len_bytes);
			assert_true(off - s->src_off < piece_sizes[i] + 60);
			assert_true(row - s->row >= 1 || piece_sizes[i] < 4);
		}
		assert_int_equal(row, 20000);
		assert_int_equal(off, p.len_bytes);
		assert_true(piece.buffer_room < 3 * piece_sizes[i] + 16 * RIO_KIB);
		rio_piece_deinit(&piece);
		rio_stream_destroy(stream);
		rio_source_destroy(source);
	}
	rio_options_deinit(&options);
	compare_paths(p.bytes, p.len_bytes, "uid=row magic=shift", "a table");
	free(p.bytes);
}

static void stream__decodes_what_is_compressed(void **state)
{
	struct packing p = make_table(20000), gz = {0};
	struct streamed plain = stream_bytes(p.bytes, p.len_bytes, "header=no", 4096);

	for (size_t off = 0, n; off < p.len_bytes; off += n) {
		n = RIO_MIN(p.len_bytes - off, (size_t)70001);
		packing_add_gzip(&gz, p.bytes + off, n, 6);
	}
	for (size_t i = 3; i < RIO_ARRAY_SIZE(piece_sizes); i++) {
		for (int maps = 0; maps < 2; maps++) {
			struct rio_source *source = open_packed(&gz);
			struct streamed s = stream_source(source,
				maps ? "header=no text=map" : "header=no", piece_sizes[i]);

			assert_int_equal(s.result, 0);
			assert_int_equal(s.out.len_bytes, plain.out.len_bytes);
			assert_memory_equal(s.out.bytes, plain.out.bytes, s.out.len_bytes);
			free(s.out.bytes);
			rio_source_destroy(source);
		}
	}
	free(plain.out.bytes);
	free(gz.bytes);
	free(p.bytes);
}

/* Every byte of the second member in turn: the first one's rows come out, or fewer. */
static void stream__ends_where_a_member_is_damaged(void **state)
{
	struct packing p = make_table(300), gz = {0};
	struct streamed plain = stream_bytes(p.bytes, p.len_bytes, "", 100);
	size_t first;

	packing_add_gzip(&gz, p.bytes, p.len_bytes / 2, 6);
	first = gz.len_bytes;
	packing_add_gzip(&gz, p.bytes + p.len_bytes / 2, p.len_bytes - p.len_bytes / 2, 6);
	for (size_t at = first + 10; at < gz.len_bytes; at++) {
		struct rio_source *source;
		struct streamed s;

		gz.bytes[at] ^= 0x10;
		source = open_packed(&gz);
		s = stream_source(source, "header=no missing=error", 100);
		if (s.result != RIO_EDAMAGED && s.result != RIO_EROW)
			fail_msg("byte %zu: %d %s", at, s.result, s.err.message);
		assert_string_equal(s.err.file, "test.csv");
		assert_true(s.out.len_bytes <= plain.out.len_bytes + 60 * 300);
		free(s.out.bytes);
		rio_source_destroy(source);
		gz.bytes[at] ^= 0x10;
	}
	gz.len_bytes--;
	{
		struct rio_source *source = open_packed(&gz);
		struct streamed s = stream_source(source, "header=no", 100);

		assert_int_equal(s.result, RIO_EDAMAGED);
		free(s.out.bytes);
		rio_source_destroy(source);
	}
	free(plain.out.bytes);
	free(gz.bytes);
	free(p.bytes);
}

static void stream__gives_what_is_before_a_row_that_is_too_long(void **state)
{
	size_t n = 4 * 1000 + RIO_ROW_BYTES_MAX + RIO_MIB;
	char *csv = malloc(n);
	struct streamed s;

	for (size_t i = 0; i < 1000; i++)
		memcpy(csv + 4 * i, "1,2\n", 4);
	for (size_t i = 4000; i < n; i++)
		csv[i] = i % 64 ? '3' : '\n';
	memcpy(csv + 4000, "4,\"", 3);
	memcpy(csv + n - 2, "\"\n", 2);
	for (int skips = 0; skips < 2; skips++) {
		s = stream_bytes(csv, n, skips ? "bad_row=skip" : "", 64 * RIO_KIB);
		assert_int_equal(s.result, RIO_EROW);
		assert_int_equal(s.nr_records, 1000);
		assert_int_equal(s.err.line, 1001);
		assert_int_equal(s.err.column, 1);
		assert_non_null(strstr(s.err.message, "a row longer than 16 MiB"));
		free(s.out.bytes);
	}
	free(csv);
}

static void stream__gives_the_longest_row_there_may_be(void **state)
{
	size_t n = RIO_ROW_BYTES_MAX;
	char *csv = malloc(n + 1);

	memset(csv, ' ', n + 1);
	memcpy(csv, "1,", 2);
	for (size_t len = n - 1; len <= n; len++) {
		struct streamed s;

		csv[len - 1] = '\n';
		s = stream_bytes(csv, len, "header=no", 1);
		assert_int_equal(s.result, 0);
		assert_int_equal(s.nr_records, 1);
		free(s.out.bytes);
		csv[len - 1] = '2';
		s = stream_bytes(csv, len, "header=no", 1);
		assert_int_equal(s.result, 0);
		assert_int_equal(s.nr_records, 1);
		free(s.out.bytes);
		csv[len - 1] = ' ';
	}
	free(csv);
}

/* Piece after piece of a file that is written to meanwhile. */
static void stream__gives_no_piece_of_a_file_that_has_changed(void **state)
{
	char path[] = "/tmp/test_stream-XXXXXX";
	struct packing p = make_table(20000);
	int fd = mkstemp(path);
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};
	struct rio_source *source;
	struct rio_stream *stream;
	struct rio_piece piece = {0};
	struct rio_error err;

	assert_int_equal(write(fd, p.bytes, p.len_bytes), (ssize_t)p.len_bytes);
	close(fd);
	set_options(&options, "");
	assert_int_equal(rio_source_open(path, &source, &err), 0);
	assert_int_equal(rio_stream_create(source, &config, &stream, &err), 0);
	assert_int_equal(rio_stream_cut(stream, 10000, &piece, &err), 0);
	assert_int_equal(rio_stream_cut(stream, 10000, &piece, &err), 0);
	assert_int_equal(truncate(path, 15000), 0);
	assert_int_equal(rio_stream_cut(stream, 10000, &piece, &err), RIO_ESOURCE_CHANGED);
	assert_string_equal(err.file, path);
	assert_int_equal(rio_stream_cut(stream, 10000, &piece, &err), RIO_ESOURCE_CHANGED);
	unlink(path);
	rio_piece_deinit(&piece);
	rio_stream_destroy(stream);
	rio_source_destroy(source);
	rio_options_deinit(&options);
	free(p.bytes);
}

/* 65536 buckets of four bytes to a row of four bytes: pieces are small, so records are few. */
static void stream__bounds_what_a_piece_becomes(void **state)
{
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};
	struct rio_source *source;
	struct rio_stream *stream;
	struct rio_piece piece = {0};
	struct rio_error err;
	char csv[40000];
	uint64_t row = 0;

	for (size_t i = 0; i < sizeof(csv); i += 4)
		memcpy(csv + i, "1,a\n", 4);
	set_options(&options, "header=no text=hash:65536 bad_row=skip");
	assert_int_equal(rio_source_from_memory(csv, sizeof(csv), "t", &source, &err), 0);
	assert_int_equal(rio_stream_create(source, &config, &stream, &err), 0);
	while (rio_stream_cut(stream, 32 * RIO_KIB, &piece, &err) == 0) {
		assert_true(piece.segments[piece.nr_segments].row - row <= 32);
		row = piece.segments[piece.nr_segments].row;
	}
	assert_int_equal(row, sizeof(csv) / 4);
	rio_piece_deinit(&piece);
	rio_stream_destroy(stream);
	rio_source_destroy(source);
	rio_options_deinit(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream__gives_what_the_map_path_gives),
		cmocka_unit_test(stream__gives_what_the_map_path_gives_of_files_of_the_world),
		cmocka_unit_test(stream__gives_what_the_map_path_gives_of_any_bytes),
		cmocka_unit_test(stream__makes_what_the_sdk_makes),
		cmocka_unit_test(stream__cuts_by_the_text_and_the_piece_size_alone),
		cmocka_unit_test(stream__decodes_what_is_compressed),
		cmocka_unit_test(stream__ends_where_a_member_is_damaged),
		cmocka_unit_test(stream__gives_what_is_before_a_row_that_is_too_long),
		cmocka_unit_test(stream__gives_the_longest_row_there_may_be),
		cmocka_unit_test(stream__gives_no_piece_of_a_file_that_has_changed),
		cmocka_unit_test(stream__bounds_what_a_piece_becomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
