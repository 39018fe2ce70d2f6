/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed sources that are damaged, or not what was indexed: an error, never other text. */
#include "packed_unit.h"

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

static void packed__a_damaged_window_is_an_error(void **state)
{
	uint64_t seed = 31;
	size_t n = 5 * RIO_MIB, got;
	uint8_t *text = malloc(n), byte;
	struct packing p = {0};
	struct rio_source *source;
	struct rio_error err;
	int fd = memfd_create("windows", 0);

	rnd_table(&seed, text, n);
	packing_add_gzip(&p, text, n, 6);
	source = open_packed(&p);
	prepare(source, dup(fd), 0, RIO_SEEK_SPACING_BYTES);
	read_through(source, text, n);
	assert_true(rio_packed_index(source)->nr_points >= 3);
	assert_int_equal(pread(fd, &byte, 1, 50), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 50), 1);
	assert_int_equal(rio_source_read_at(source, 3 * RIO_MIB, text, 10, &got, &err),
		RIO_EMAP_DAMAGED);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 50), 1);
	check_slice(source, text, n, 3 * RIO_MIB, 10);
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

#ifdef RIO_HAVE_ZSTD
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
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed__cut_short_anywhere_is_an_error),
		cmocka_unit_test(packed__a_flipped_bit_is_an_error_or_changes_nothing),
		cmocka_unit_test(packed__errors_tell_the_place),
		cmocka_unit_test(packed__a_damaged_window_is_an_error),
		cmocka_unit_test(packed__other_bytes_than_were_indexed_are_an_error),
#ifdef RIO_HAVE_ZSTD
		cmocka_unit_test(zstd__cut_short_or_flipped_is_an_error),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
