/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text: the shortest that reads back; the long tables are Python's, in tests/e2e. */
#include "unit.h"

#include "record/decimal.h"

static void decimal__is_what_pythons_repr_prints(void **state)
{
	static const struct {
		double value;
		const char *text;
	} f64[] = {
		{0, "0.0"}, {-0.0, "-0.0"}, {1, "1.0"}, {0.1, "0.1"}, {1e40, "1e+40"},
		{1.0 / 3, "0.3333333333333333"}, {5e-324, "5e-324"},
		{1.7976931348623157e308, "1.7976931348623157e+308"},
		{0x1p-44, "5.684341886080802e-14"},
	};
	static const struct {
		float value;
		const char *text;
	} f32[] = {
		{0.1f, "0.1"}, {-0.0f, "-0.0"}, {16777216, "16777216.0"}, {1.0f / 3, "0.33333334"},
		{1e-45f, "1e-45"}, {3.4028235e38f, "3.4028235e+38"}, {0x1p-96f, "1.2621775e-29"},
	};
	char text[RIO_DECIMAL_BYTES];

	for (size_t i = 0; i < RIO_ARRAY_SIZE(f64); i++)
		assert_string_equal(rio_decimal_f64(f64[i].value, text), f64[i].text);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(f32); i++)
		assert_string_equal(rio_decimal_f32(f32[i].value, text), f32[i].text);
}

static void decimal__reads_back(void **state)
{
	uint64_t seed = 88172645463325252ULL;
	char text[RIO_DECIMAL_BYTES];

	for (int i = 0; i < 200000; i++) {
		uint64_t bits = rnd(&seed);
		uint32_t bits32 = (uint32_t)(bits >> 32);
		double d;
		float f;

		memcpy(&d, &bits, sizeof(d));
		memcpy(&f, &bits32, sizeof(f));
		if (!__builtin_isfinite(d) || !__builtin_isfinite(f))
			continue;
		assert_true(strtod(rio_decimal_f64(d, text), NULL) == d);
		assert_true(strtof(rio_decimal_f32(f, text), NULL) == f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal__is_what_pythons_repr_prints),
		cmocka_unit_test(decimal__reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
