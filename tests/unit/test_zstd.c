/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of zstd: random access between them, damage, and what is refused. */
#include "packed_unit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zstd__many_frames_skippable_ones_among_them),
		cmocka_unit_test(zstd__cut_short_or_flipped_is_an_error),
		cmocka_unit_test(zstd__large_frames_and_windows_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
