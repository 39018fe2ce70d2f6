/* SPDX-License-Identifier: Apache-2.0 */
/* Names of FIFOs, and back. */
#include "fs/sagemaker/input_names.h"

#include "unit.h"

#include <string.h>

static void parse__takes_a_channel_and_a_number(void **state)
{
	static const struct {
		const char *name, *channel;
		uint64_t epoch;
	} cases[] = {
		{"train_0", "train", 0},
		{"train_10", "train", 10},
		{"train_0_1", "train_0", 1},
		{"__7", "_", 7},
		{"a_18446744073709551614", "a", UINT64_MAX - 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		rfs_name channel, name;
		uint64_t epoch;

		assert_true(rfs_input_parse_fifo(cases[i].name, channel, &epoch));
		assert_string_equal(channel, cases[i].channel);
		assert_int_equal(epoch, cases[i].epoch);
		assert_true(rfs_input_print_fifo(channel, epoch, name));
		assert_string_equal(name, cases[i].name);
	}
}

static void parse__takes_one_spelling_only(void **state)
{
	static const char *const others[] = {"", "train", "train_", "_0", "0", "train_00",
		"train_01", "train_-1", "train_+1", "train_ 1", "train_1 ", "train_0x1", "train-0",
		"a_18446744073709551615", "a_18446744073709551616", "a_99999999999999999999999"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		rfs_name channel;
		uint64_t epoch;

		assert_false(rfs_input_parse_fifo(others[i], channel, &epoch));
	}
}

static void print__refuses_what_no_folder_can_hold(void **state)
{
	char channel[NAME_MAX + 1];
	rfs_name name;

	memset(channel, 'c', NAME_MAX - 2);
	channel[NAME_MAX - 2] = '\0';
	assert_true(rfs_input_print_fifo(channel, 9, name));
	assert_false(rfs_input_print_fifo(channel, 10, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse__takes_a_channel_and_a_number),
		cmocka_unit_test(parse__takes_one_spelling_only),
		cmocka_unit_test(print__refuses_what_no_folder_can_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
