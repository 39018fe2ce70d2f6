/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of many lengths against protobuf-c: what it unpacks and packs again is what
 * was built; a size that was told is the size that is built.
 */
#include "options.h"

#include "record/frame.h"
#include "record/general.h"
#include "record/shift.h"
#include "record/tensor.h"
#include "record/wire.h"
#include "record.pb-c.h"

#include <math.h>

struct fixture {
	struct rio_schema *schema;
	struct rio_general *general;
	struct rio_codes *codes;
	uint8_t *room; /* the text lies RIO_PAD_BYTES behind it */
	uint32_t *ends;
	struct rio_fields fields;
	struct rio_general_scratch scratch;
};

static const uint8_t *text_of(const struct fixture *f)
{
	return f->room + RIO_PAD_BYTES;
}

/* All rows of the csv must be regular. */
static void gather_codes(struct fixture *f)
{
	struct rio_general *general;
	struct rio_error err;

	assert_int_equal(rio_codes_create(f->schema->nr_columns, &f->codes, &err), 0);
	assert_int_equal(rio_general_create(f->schema, NULL, &general, &err), 0);
	for (size_t row = 0; row < f->fields.nr_rows; row++)
		assert_int_equal(rio_general_gather(general, text_of(f),
			f->fields.end + row * f->schema->nr_columns, &f->scratch, f->codes, &err),
			0);
	rio_codes_seal(f->codes);
	rio_general_destroy(general);
}

static struct fixture set_up(const char *csv, const char *option_text)
{
	struct fixture f = {0};
	struct rio_options options;
	struct rio_error err;
	size_t n = strlen(csv);

	set_options(&options, option_text);
	assert_int_equal(rio_options_check(&options, &err), 0);
	f.room = calloc(1, n + 2 * RIO_PAD_BYTES);
	f.ends = malloc((n + RIO_PAD_BYTES + 1) * sizeof(*f.ends));
	f.fields.end = f.ends + 1;
	memcpy(f.room + RIO_PAD_BYTES, csv, n);
	if (rio_schema_infer(&options, f.room + RIO_PAD_BYTES, n, true, &f.schema, &err) != 0)
		fail_msg("%s: %s", option_text, err.message);
	rio_kernel()->scan(&f.schema->rules.dialect, text_of(&f), n, &f.fields);
	if (f.schema->text == RIO_TEXT_MAP)
		gather_codes(&f);
	assert_int_equal(rio_general_create(f.schema, f.codes, &f.general, &err), 0);
	rio_options_deinit(&options);
	return f;
}

static void tear_down(struct fixture *f)
{
	rio_general_scratch_deinit(&f->scratch);
	rio_general_destroy(f->general);
	rio_codes_destroy(f->codes);
	rio_schema_destroy(f->schema);
	free(f->ends);
	free(f->room);
}

static void check_no_aligned_magic(const uint8_t *payload, size_t len_bytes)
{
	for (size_t i = 0; i + 4 <= len_bytes; i += 4)
		assert_memory_not_equal(payload + i, "\x0a\x23\xd7\xce", 4);
}

/* Framed right, zeros behind, and the same once protobuf-c has read and written it. */
static void check_record(const struct fixture *f, const uint8_t *record, size_t record_bytes)
{
	size_t len = (size_t)record[4] | (size_t)record[5] << 8 | (size_t)record[6] << 16 |
		     (size_t)record[7] << 24;
	const uint8_t *payload = record + RIO_FRAME_HEAD_BYTES;
	Aialgs__Data__Record *r;
	uint8_t *packed;

	assert_memory_equal(record, "\x0a\x23\xd7\xce", 4);
	assert_int_equal(rio_frame_bytes(len), record_bytes);
	for (size_t i = RIO_FRAME_HEAD_BYTES + len; i < record_bytes; i++)
		assert_int_equal(record[i], 0);
	r = aialgs__data__record__unpack(NULL, len, payload);
	assert_non_null(r);
	assert_null(r->base.unknown_fields);
	assert_int_equal(r->n_features, f->schema->nr_keys);
	assert_int_equal(r->n_label, f->schema->nr_label > 0);
	for (size_t i = 0; i < r->n_features; i++)
		assert_string_equal(r->features[i]->key, f->schema->keys[i].name);
	packed = malloc(aialgs__data__record__get_packed_size(r) + 1);
	if (f->schema->magic == RIO_MAGIC_PLAIN) {
		assert_int_equal(aialgs__data__record__pack(r, packed), len);
		assert_memory_equal(packed, payload, len);
	} else {
		assert_in_range(len - aialgs__data__record__pack(r, packed), 0,
			3 * (r->n_features + r->n_label));
		check_no_aligned_magic(payload, len);
	}
	free(packed);
	aialgs__data__record__free_unpacked(r, NULL);
}

/* Size and build every row, block of them at a time, into exactly as much as it takes. */
static void check_all(const char *csv, const char *options, size_t block)
{
	struct fixture f = set_up(csv, options);
	size_t nr_columns = f.schema->nr_columns, fine, bytes = 0;
	struct rio_error err;

	for (size_t row = 0; row < f.fields.nr_rows; row += fine) {
		const uint32_t *end = f.fields.end + row * nr_columns;

		assert_int_equal(rio_general_parse(f.general, text_of(&f), end,
			RIO_MIN(block, f.fields.nr_rows - row), &f.scratch, &fine, &err), 0);
		if (fine == 0)
			fail_msg("%s: row %zu is refused", options, row);
		for (size_t i = 0; i < fine; i++, end += nr_columns) {
			uint8_t *record;

			if (rio_general_size(f.general, text_of(&f), end, i, row + i, &f.scratch,
				    &bytes) != RIO_NO_TROUBLE)
				fail_msg("%s: row %zu", options, row + i);
			record = malloc(bytes);
			rio_general_build(f.general, &f.scratch, record);
			check_record(&f, record, bytes);
			free(record);
		}
	}
	tear_down(&f);
}

/* Whole numbers of every length, zeros, the magic, missing cells; one column of text. */
static char *make_csv(size_t nr_rows)
{
	static const char *const cells[] = {"0", "0", "0.0", "-0", "1", "127", "128", "-1", "16383",
		"16384", "2097151", "2097152", "268435455", "268435456", "2147483647",
		"-2147483648", "1e3", "-1804698880.0", "\"6\"", " 7 ", ""};
	static const char *const texts[] = {"x", "\"y\"\"z\"", "Zürich", "\"a,b\"", "NA",
		"a text that is longer than the others are by far"};
	char *text = malloc(nr_rows * 8 * 60 + 1), *p = text;
	uint64_t seed = 7;

	for (size_t row = 0; row < nr_rows; row++)
		for (size_t c = 0; c < 8; c++)
			p += sprintf(p, "%s%s", c == 3 ? texts[rnd(&seed) % RIO_ARRAY_SIZE(texts)]
				: row ? cells[rnd(&seed) % RIO_ARRAY_SIZE(cells)] : "5",
				c < 7 ? "," : "\n");
	return text;
}

static const char *const option_texts[] = {
	"dtype=int32", "dtype=int32 label=none", "label_dtype=int32", "label=1:0 label_dtype=int32",
	"format=sparse", "format=sparse zero_row=zero", "format=sparse dtype=int32",
	"format=sparse dtype=float64 label_dtype=float32", "uid=row", "uid=3 dtype=float64",
	"keys=names", "keys=source=1-2:target=4-5:7", "keys=b=2:1:a=5 dtype=int32 label=none",
	"keys=b=2:1:a=5-7 format=sparse", "features=5:1 format=sparse", "features=7:6:5:2:1 uid=row",
	"magic=shift", "magic=shift dtype=float64", "magic=shift format=sparse", "magic=shift uid=3",
};

static void rows__become_what_protobuf_packs(void **state)
{
	static const char *const texts[] = {"drop", "bytes", "hash:1", "hash:7", "hash:5000", "map"};
	static const size_t blocks[] = {1, 17, 1000};
	char *csv = make_csv(200);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(option_texts); i++)
		for (size_t t = 0; t < RIO_ARRAY_SIZE(texts); t++)
			for (size_t b = 0; b < RIO_ARRAY_SIZE(blocks); b++) {
				char options[128];

				snprintf(options, sizeof(options), "header=no missing=7 text=%s %s",
					texts[t], option_texts[i]);
				check_all(csv, options, blocks[b]);
			}
	free(csv);
}

static void rows__may_be_wide(void **state)
{
	enum { NR = 20000 };
	static const char *const options[] = {"dtype=int32", "format=sparse",
		"format=sparse dtype=int32", "magic=shift", "keys=names", "bad_row=skip"};
	char *csv = malloc(2 * NR * 16), *p = csv;

	for (size_t i = 0; i < 2 * NR; i++)
		p += sprintf(p, "%s%c", i % 3000 == 77 ? "-1804698880" : i % 3 ? "0" : "12",
			(i + 1) % NR ? ',' : '\n');
	for (size_t i = 0; i < RIO_ARRAY_SIZE(options); i++) {
		char text[64];

		snprintf(text, sizeof(text), "header=no %s", options[i]);
		check_all(csv, text, 2);
	}
	free(csv);
}

static const struct {
	const char *csv, *options;
	enum rio_trouble trouble;
	uint32_t column;
} refused[] = {
	{"1,2,3.5\n", "dtype=int32", RIO_TROUBLE_WHOLE, 2},
	{"1,1e-3,3.5\n", "dtype=int32", RIO_TROUBLE_WHOLE, 1},
	{"1,2,2147483648\n", "dtype=int32", RIO_TROUBLE_RANGE, 2},
	{"1,-2147483649,4e9\n", "dtype=int32", RIO_TROUBLE_RANGE, 1},
	{"1,inf,3\n", "dtype=int32", RIO_TROUBLE_RANGE, 1},
	{"1,,3.5\n", "dtype=int32", RIO_TROUBLE_NAN, 1},
	{"0.5,1,2\n", "label_dtype=int32", RIO_TROUBLE_WHOLE, 0},
	{"1,,3\n", "dtype=int32 label_dtype=float32 missing=0.5", RIO_TROUBLE_NAN, 1},
	{"1,2,\xff\n", "uid=2", RIO_TROUBLE_UTF8, 2},
	{"1,2,3\n", "dtype=int32", RIO_NO_TROUBLE, RIO_NO_COLUMN},
	{"1,2147483647,-2147483648\n", "dtype=int32", RIO_NO_TROUBLE, RIO_NO_COLUMN},
	{"1,1e9,-0.0\n", "dtype=int32", RIO_NO_TROUBLE, RIO_NO_COLUMN},
};

static void size__tells_the_trouble_and_its_cell(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(refused); i++) {
		char options[128];
		enum rio_trouble found = RIO_NO_TROUBLE, told;
		struct rio_error err;
		size_t fine, bytes;
		struct fixture f;

		snprintf(options, sizeof(options), "header=no %s", refused[i].options);
		f = set_up(refused[i].csv, options);
		assert_int_equal(rio_general_parse(f.general, text_of(&f), f.fields.end, 1,
			&f.scratch, &fine, &err), 0);
		/* Kernels refuse numbers, and nothing else. */
		assert_true(fine || (refused[i].trouble != RIO_NO_TROUBLE &&
			refused[i].trouble != RIO_TROUBLE_UTF8));
		told = fine ? rio_general_size(f.general, text_of(&f), f.fields.end, 0, 0,
				      &f.scratch, &bytes) : refused[i].trouble;
		if (told != refused[i].trouble)
			fail_msg("case %zu: %d", i, told);
		assert_int_equal(rio_general_find_trouble(f.general, text_of(&f), f.fields.end,
			&found), refused[i].column);
		assert_int_equal(found, refused[i].trouble);
		tear_down(&f);
	}
}

/* The magic at every set of places: only all four at once cannot be shifted away. */
static void shift__moves_every_magic_from_multiples_of_four(void **state)
{
	for (unsigned places = 0; places < 256; places++) {
		/* Two fields of 80 bytes. */
		uint8_t payload[160] = {[0] = 0x0a, [1] = 78, [80] = 0x12, [81] = 78}, out[168];
		size_t len_bytes;

		for (size_t i = 0; i < 8; i++)
			if (places & 1u << i)
				memcpy(payload + i / 4 * 80 + 16 * (i % 4 + 1) - 4 + i % 4,
					"\x0a\x23\xd7\xce", 4);
		len_bytes = rio_shift_bytes(payload, sizeof(payload));
		assert_true((len_bytes == 0) == (places % 16 == 15 || places / 16 == 15));
		if (len_bytes == 0)
			continue;
		rio_shift_put(payload, sizeof(payload), out);
		check_no_aligned_magic(out, len_bytes);

		/* Nothing is shifted that need not be, and the contents are what they were. */
		assert_true((len_bytes == sizeof(payload)) == !(places & 0x11));
		assert_memory_equal(out + len_bytes - 78, payload + 82, 78);
	}
}

static void codes__number_texts_by_their_bytes(void **state)
{
	static const char *const texts[] = {"b", "", "a", "ab", "B", "\xff", "a", "b", "é"};
	static const char *const sorted[] = {"", "B", "a", "ab", "b", "é", "\xff"};
	struct rio_codes *codes, *half, *back;
	struct rio_error err;
	uint8_t *packed;
	size_t len_bytes;

	assert_int_equal(rio_codes_create(3, &codes, &err), 0);
	assert_int_equal(rio_codes_create(3, &half, &err), 0);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(texts); i++)
		assert_int_equal(rio_codes_add(i % 2 ? half : codes, 1, texts[i], strlen(texts[i]),
			&err), 0);
	assert_int_equal(rio_codes_merge(codes, half, &err), 0);
	rio_codes_seal(codes);
	assert_int_equal(rio_codes_pack(codes, &packed, &len_bytes, &err), 0);
	assert_int_equal(rio_codes_unpack(packed, len_bytes, 3, &back, &err), 0);
	assert_int_equal(rio_codes_nr(back, 1), RIO_ARRAY_SIZE(sorted));
	for (size_t i = 0; i < RIO_ARRAY_SIZE(sorted); i++) {
		assert_int_equal(rio_codes_find(codes, 1, sorted[i], strlen(sorted[i])), i);
		assert_int_equal(rio_codes_find(back, 1, sorted[i], strlen(sorted[i])), i);
	}
	assert_int_equal(rio_codes_find(codes, 1, "c", 1), RIO_NO_CODE);
	assert_int_equal(rio_codes_find(codes, 0, "a", 1), RIO_NO_CODE);
	rio_codes_destroy(back);

	/* Cut, lengthened or out of order it is damaged. */
	for (size_t cut = 1; cut <= len_bytes; cut++)
		assert_int_equal(rio_codes_unpack(packed, len_bytes - cut, 3, &back, &err),
			RIO_EMAP_DAMAGED);
	assert_int_equal(rio_codes_unpack(packed, len_bytes, 2, &back, &err), RIO_EMAP_DAMAGED);
	packed[4] = 'x';
	assert_int_equal(rio_codes_unpack(packed, len_bytes, 3, &back, &err), RIO_EMAP_DAMAGED);
	free(packed);
	rio_codes_destroy(half);
	rio_codes_destroy(codes);
}

static void codes__beyond_the_bound_are_an_error(void **state)
{
	struct rio_codes *codes;
	struct rio_error err;
	char text[32];
	int r = 0;
	size_t i = 0;

	assert_int_equal(rio_codes_create(1, &codes, &err), 0);
	for (; r == 0 && i < RIO_CODES_BYTES_MAX; i++)
		r = rio_codes_add(codes, 0, text, (size_t)sprintf(text, "text %zu", i), &err);
	assert_int_equal(r, RIO_ESCHEMA);
	assert_in_range(i, 100000, 1000000);
	assert_non_null(strstr(err.message, "text=hash:N"));
	rio_codes_destroy(codes);
}

static void varints__have_the_length_they_say(void **state)
{
	for (unsigned bits = 0; bits < 64; bits++)
		for (int less = 0; less < 2; less++) {
			uint64_t value = (UINT64_C(1) << bits) - (uint64_t)less, back = 0;
			uint8_t bytes[10];
			const uint8_t *p = bytes, *end = rio_varint_put(bytes, value);

			assert_int_equal(end - bytes, rio_varint_bytes(value));
			assert_true(rio_varint_take(&p, end, &back));
			assert_true(back == value && p == end);
			p = bytes;
			assert_false(rio_varint_take(&p, end - 1, &back));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varints__have_the_length_they_say),
		cmocka_unit_test(shift__moves_every_magic_from_multiples_of_four),
		cmocka_unit_test(codes__number_texts_by_their_bytes),
		cmocka_unit_test(codes__beyond_the_bound_are_an_error),
		cmocka_unit_test(rows__become_what_protobuf_packs),
		cmocka_unit_test(rows__may_be_wide),
		cmocka_unit_test(size__tells_the_trouble_and_its_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
