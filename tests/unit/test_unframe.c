/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records out of RecordIO: whole and split ones, in pieces of any size, damage told with
 * its place.
 */
#include "unit.h"

#include "record/frame.h"
#include "record/unframe.h"

/* A file under construction, read back in pieces. */
struct tape {
	uint8_t bytes[4096];
	size_t len, at, piece;
	bool breaks; /* reading fails where the bytes end */
};

static void put_frame(struct tape *tape, unsigned flag, const void *payload, size_t len)
{
	uint8_t *p = tape->bytes + tape->len;

	rio_frame_put_head(p, len);
	rio_frame_put_u32(p + 4, (uint32_t)len | flag << 29);
	memcpy(p + 8, payload, len);
	tape->len += rio_frame_bytes(len);
	assert_true(tape->len <= sizeof(tape->bytes));
}

static int pull(void *data, void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	struct tape *tape = data;
	size_t n = RIO_MIN(RIO_MIN(tape->piece, len_bytes), tape->len - tape->at);

	memcpy(dst, tape->bytes + tape->at, n);
	tape->at += n;
	*ret_bytes = n;
	return n || !tape->breaks ? 0 : rio_fail(err, RIO_ESYSTEM, "the disk is gone");
}

/* "0:abc 12:def+ 40!expected …": what is read, a '+' for each further part, up to the end. */
static void tell_all(struct tape *tape, size_t most, char *text, size_t room)
{
	struct rio_unframe unframe;
	struct rio_framed framed;
	struct rio_error err;
	size_t len = 0;
	int r;

	tape->at = 0;
	text[0] = '\0';
	rio_unframe_init(&unframe, pull, tape, most);
	while ((r = rio_unframe_next(&unframe, &framed, &err)) != RIO_UNFRAME_END) {
		if (r == 0) {
			len += (size_t)snprintf(text + len, room - len, "%ju:%.*s%.*s ",
				(uintmax_t)framed.off, (int)framed.len_bytes, framed.payload,
				(int)framed.nr_parts - 1, "++++");
			continue;
		}
		len += (size_t)snprintf(text + len, room - len, "[%s] ", err.message);
		if (r != RIO_EROW || rio_unframe_resync(&unframe, &err))
			break;
	}
	rio_unframe_deinit(&unframe);
}

static void expect_up_to(struct tape *tape, size_t most, const char *expected)
{
	char text[2048];

	for (size_t i = 0; i < RIO_ARRAY_SIZE(block_sizes); i++) {
		tape->piece = block_sizes[i];
		tell_all(tape, most, text, sizeof(text));
		assert_string_equal(text, expected);
	}
}

static void expect(struct tape *tape, const char *expected)
{
	expect_up_to(tape, 1000, expected);
}

static void unframe__an_empty_file_holds_no_record(void **state)
{
	expect(&(struct tape){0}, "");
}

static void unframe__reads_records_of_every_length(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 0, "", 0);
	put_frame(&tape, 0, "a", 1);
	put_frame(&tape, 0, "abcd", 4);
	put_frame(&tape, 0, "abcde", 5);
	expect(&tape, "0: 8:a 20:abcd 32:abcde ");
}

static void unframe__joins_split_records_with_the_magics_put_back(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 1, "abcd", 4);
	put_frame(&tape, 2, "", 0);
	put_frame(&tape, 3, "xyz", 3);
	put_frame(&tape, 0, "next", 4);
	expect(&tape, "0:abcd\x0a\x23\xd7\xce\x0a\x23\xd7\xcexyz++ 32:next ");
}

static void unframe__tells_damage_with_its_place_and_goes_on(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 0, "aaaa", 4);
	put_frame(&tape, 0, "bbbb", 4);
	put_frame(&tape, 0, "cccc", 4);
	tape.bytes[13] = 0;
	expect(&tape,
		"0:aaaa [byte 12: expected the magic 0a 23 d7 ce, found 0a 00 d7 ce] 24:cccc ");
}

static void unframe__looks_right_behind_a_wrong_length(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 0, "aaaa", 4);
	put_frame(&tape, 0, "bbbb", 4);
	tape.bytes[4] = 200;
	expect(&tape,
		"[byte 24: expected 200 bytes of payload and padding, found the end] 12:bbbb ");
}

static void unframe__believes_flags_only_in_their_order(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 3, "aaaa", 4);
	put_frame(&tape, 1, "bbbb", 4);
	put_frame(&tape, 0, "cccc", 4);
	put_frame(&tape, 4, "dddd", 4);
	put_frame(&tape, 1, "eeee", 4);
	expect(&tape,
		"[byte 4: expected flag 0 (a whole record) or 1 (a first part), found 3] "
		"[byte 28: expected flag 2 or 3 (a further part of the record at byte 12), found 0] "
		"24:cccc "
		"[byte 40: expected flag 0 (a whole record) or 1 (a first part), found 4] "
		"[byte 60: expected a frame's head of 8 bytes, found the end] ");
}

static void unframe__a_magic_that_is_not_aligned_is_none(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 0, "a\x0a\x23\xd7\xce\0\0\0\0", 9);
	tape.bytes[0] = 'x';
	expect(&tape, "[byte 0: expected the magic 0a 23 d7 ce, found 78 23 d7 ce] ");
}

static void unframe__refuses_what_is_too_long(void **state)
{
	struct tape tape = {0};

	put_frame(&tape, 0, "aaaaa", 5);
	put_frame(&tape, 1, "bbbb", 4);
	put_frame(&tape, 3, "", 0);
	put_frame(&tape, 0, "cccc", 4);
	expect_up_to(&tape, 4,
		"[byte 4: expected a record of 4 bytes at most, found one of 5 or more] "
		"[byte 32: expected a record of 4 bytes at most, found one of 8 or more] "
		"36:cccc ");
}

static void unframe__a_length_is_not_believed_before_its_bytes_are_there(void **state)
{
	struct tape tape = {.piece = 4096};
	struct rio_unframe unframe;
	struct rio_framed framed;
	struct rio_error err;

	put_frame(&tape, 0, "", 0);
	rio_frame_put_u32(tape.bytes + 4, RIO_FRAME_PAYLOAD_BYTES_MAX);
	rio_unframe_init(&unframe, pull, &tape, SIZE_MAX);
	assert_int_equal(rio_unframe_next(&unframe, &framed, &err), RIO_EROW);
	assert_true(unframe.room < 2 * RIO_MIB);
	rio_unframe_deinit(&unframe);
}

static void unframe__what_keeps_it_from_reading_comes_behind_what_was_read(void **state)
{
	struct tape tape = {.breaks = true};

	put_frame(&tape, 0, "aaaa", 4);
	expect(&tape, "0:aaaa [the disk is gone] ");
	tape.len--;
	expect(&tape, "[the disk is gone] ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unframe__an_empty_file_holds_no_record),
		cmocka_unit_test(unframe__reads_records_of_every_length),
		cmocka_unit_test(unframe__joins_split_records_with_the_magics_put_back),
		cmocka_unit_test(unframe__tells_damage_with_its_place_and_goes_on),
		cmocka_unit_test(unframe__looks_right_behind_a_wrong_length),
		cmocka_unit_test(unframe__believes_flags_only_in_their_order),
		cmocka_unit_test(unframe__a_magic_that_is_not_aligned_is_none),
		cmocka_unit_test(unframe__refuses_what_is_too_long),
		cmocka_unit_test(unframe__a_length_is_not_believed_before_its_bytes_are_there),
		cmocka_unit_test(unframe__what_keeps_it_from_reading_comes_behind_what_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
