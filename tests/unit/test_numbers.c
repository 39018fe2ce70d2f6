/* SPDX-License-Identifier: Apache-2.0 */
/*
 * to_f32, to_f64 and to_i32 of every kernel against the reading of one field at a time,
 * over fields of every shape in every place of a group, and files of one shape.
 */
#include "unit.h"

#include "numbers_truth.h"

#include <math.h>

enum { FIELDS_MAX = 400, FIELD_BYTES_MAX = 64 };

struct chunk {
	uint8_t *room;
	uint8_t *p;
	size_t len;
	uint32_t ends[FIELDS_MAX + 1];
	size_t nr;
};

static void chunk_init(struct chunk *c)
{
	c->room = malloc(FIELDS_MAX * (FIELD_BYTES_MAX + 1) + 2 * RIO_PAD_BYTES);
	memset(c->room, '7', FIELDS_MAX * (FIELD_BYTES_MAX + 1) + 2 * RIO_PAD_BYTES);
	c->p = c->room + RIO_PAD_BYTES;
	c->len = c->nr = 0;
	c->ends[0] = UINT32_MAX;
}

static void add(struct chunk *c, const char *text)
{
	size_t n = strlen(text);

	memcpy(c->p + c->len, text, n);
	c->len += n;
	c->p[c->len] = ',';
	c->ends[++c->nr] = (uint32_t)c->len++;
}

/* How fields of a file are written. */
static void print_number(uint64_t *seed, int shape, char *text)
{
	double value = (double)(int64_t)rnd(seed) / 9e18;
	int exponent = (int)(rnd(seed) % 80) - 40;

	switch (shape) {
	case 0:
		sprintf(text, "%d", (int)(rnd(seed) % 10));
		break;
	case 1:
		sprintf(text, "%.6f", value * 10);
		break;
	case 2:
		sprintf(text, "%.18e", value * pow(10, exponent));
		break;
	case 3:
		sprintf(text, "%.*e", (int)(rnd(seed) % 17), value * pow(10, exponent));
		break;
	case 4:
		sprintf(text, "%.*f", (int)(rnd(seed) % 20), value * pow(10, exponent / 4));
		break;
	case 5:
		sprintf(text, "%.17g", value * pow(10, exponent / 8));
		break;
	case 6:
		sprintf(text, "%ju", (uintmax_t)(rnd(seed) >> rnd(seed) % 64));
		break;
	case 7: {
		/* The middle of two floats, and its neighbours. */
		float f = (float)(value * pow(10, exponent / 8));
		double middle = ((double)f + (double)nextafterf(f, INFINITY)) / 2;

		sprintf(text, "%.*e", 16 + (int)(rnd(seed) % 12), middle);
		break;
	}
	case 10: /* whole numbers of int32, the most of them short */
		sprintf(text, "%d", (int)(int32_t)rnd(seed) >> rnd(seed) % 32);
		break;
	case 8:
		sprintf(text, "%.*e", (int)(rnd(seed) % 18), ldexp(value, -120 - (int)(rnd(seed) % 40)));
		break;
	default:
		sprintf(text, "%.*e", (int)(rnd(seed) % 10), ldexp(value, 120 + (int)(rnd(seed) % 12)));
		break;
	}
}

static const char *const oddities[] = {"", "-", ".", "-.", "+1", "1.", ".5", "-.5", "-0", "0.0",
	"1e5", "1e+5", "1e+05", "1E-05", "e+05", "-e+05", ".e+05", "1e+0a", "1..2", "1.2.3", "--1",
	"1-1", "nan", "-nan", "inf", "abc", "NA", " 1", "1 ", " 1 ", "  1", "\"1\"", "\"1.5e+02\"",
	"\"", "\"\"", "\"1", "1\"", "1\r", "\r", "1.25e-03\r", " \"2\" ", "\n1", "1_0", "0x10",
	"1.000000000000000000000", "0.000000000000000000001", "1.0000000000000000abc",
	"1.00000000000000000.0", "123456789012345", "1234567890123456", "12345678901234567",
	"-12345678901234.5", "-123456789012345.5", "0000000000000001", "00000000000000000000001",
	"9007199254740993", "9007199254740992.5", "1.7976931348623157e+308", "3.4028235677973366e+38",
	"3.4028235e+38", "1e+39", "1e+99", "1e-99", "1.1754943508222875e-38", "1e-45", "7e-46",
	"2147483647", "-2147483648", "2147483648", "-2147483649", "2147483647.5", "99999999", "-9999999",
	"-99999999", "1e+10", "4503599627370496", "-0.0", "7.00", "0x", "-5-",
	"-0.0000000000000000000000000000000001", "99999999999999999999999999999999"};

static void print_field(uint64_t *seed, int shape, unsigned dirt, char *text)
{
	static const char *const wraps[][2] = {
		{"", ""}, {"\"", "\""}, {" ", ""}, {"", " "}, {"", "\r"}, {"\"", "\"\r"}, {"\" ", "\""}};
	size_t wrap = dirt == 3 ? rnd(seed) % RIO_ARRAY_SIZE(wraps) : 0;
	char number[FIELD_BYTES_MAX];

	if (dirt && rnd(seed) % dirt == 0) {
		strcpy(text, oddities[rnd(seed) % RIO_ARRAY_SIZE(oddities)]);
		return;
	}
	print_number(seed, shape < 11 ? shape : (int)(rnd(seed) % 11), number);
	if (dirt && rnd(seed) % dirt == 0)
		number[rnd(seed) % strlen(number)] = (char)(' ' + rnd(seed) % 95);
	for (char *q = number; *q; q++)
		if (*q == ',')
			*q = '.';
	snprintf(text, FIELD_BYTES_MAX, "%s%.58s%s", wraps[wrap][0], number, wraps[wrap][1]);
}

static const struct rio_cell_rules all_rules[] = {
	{.dialect = RIO_DIALECT_DEFAULT, .missing_value = NAN, .bad_is_nan = true},
	{.dialect = RIO_DIALECT_DEFAULT, .missing_value = NAN},
	{.dialect = {',', RIO_QUOTE_NONE}, .missing_value = 3, .bad_is_nan = true},
};

/* gathered: with a copied array of befores, so that fields are not known to be adjacent. */
static void check_kernel(const struct rio_kernel *k, const struct rio_cell_rules *rules,
	const struct chunk *c, bool gathered)
{
	uint32_t befores[FIELDS_MAX];
	size_t i;

	memcpy(befores, c->ends, c->nr * sizeof(*befores));
	if (!numbers_agree(k, rules, c->p, gathered ? befores : c->ends, c->ends + 1, c->nr, &i))
		fail_msg("%s, field %zu: '%.*s'", k->name, i,
			(int)(c->ends[i + 1] - (uint32_t)(c->ends[i] + 1)),
			c->p + (uint32_t)(c->ends[i] + 1));
}

static void check_chunk(const struct chunk *c)
{
	for (const struct rio_kernel *const *k = rio_kernels; *k; k++)
		for (size_t r = 0; (*k)->usable() && r < RIO_ARRAY_SIZE(all_rules); r++) {
			check_kernel(*k, &all_rules[r], c, false);
			check_kernel(*k, &all_rules[r], c, true);
		}
}

/* An oddity at two places, nine apart, of many like the other. */
static void check_oddity(const char *oddity, size_t place, const char *other)
{
	struct chunk c;

	chunk_init(&c);
	for (size_t i = 0; i < 19; i++)
		add(&c, i % 9 == place && i < 18 ? oddity : other);
	check_chunk(&c);
	free(c.room);
}

static void numbers__of_every_oddity_in_every_place_of_a_group(void **state)
{
	static const char *const others[] = {"1.5", "-12345", "7", "123456789012"};

	for (size_t odd = 0; odd < RIO_ARRAY_SIZE(oddities); odd++)
		for (size_t place = 0; place < 9; place++)
			for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++)
				check_oddity(oddities[odd], place, others[i]);
}

/* Alike throughout, as files are; then with some dirt, and with wraps around them. */
static void numbers__are_the_same_in_every_kernel(void **state)
{
	static const unsigned dirts[] = {0, 50, 8, 3};
	uint64_t seed = 1;

	for (int round = 0; round < 400; round++)
		for (int shape = 0; shape <= 11; shape++) {
			struct chunk c;
			char text[FIELD_BYTES_MAX + 8];
			size_t nr = rnd(&seed) % FIELDS_MAX;

			chunk_init(&c);
			for (size_t i = 0; i < nr; i++) {
				print_field(&seed, shape, dirts[round % 4], text);
				add(&c, text);
			}
			check_chunk(&c);
			free(c.room);
		}
}

/* As %e writes it, but perhaps a middle of two floats, with zeros in front, or flawed. */
static void print_scientific(uint64_t *seed, int precision, unsigned flaws, char *text)
{
	static const char flaw[] = "0:/.+-,eE 9";
	float f = (float)ldexp((double)(int64_t)rnd(seed) / 9e18, (int)(rnd(seed) % 300) - 160);
	char *digits;

	if (isnormal(f) && rnd(seed) % 2)
		f = (float)ldexp(f, -ilogbf(f) + (int)(rnd(seed) % 40) - 20);
	sprintf(text, "%.*e", precision,
		rnd(seed) % 4 ? (double)f : ((double)f + (double)nextafterf(f, INFINITY)) / 2);
	digits = text + (*text == '-');
	if (rnd(seed) % 8 == 0)
		for (size_t i = 0, n = rnd(seed) % ((size_t)precision + 3); i < n; i++)
			if (digits[i] >= '0' && digits[i] <= '9')
				digits[i] = '0';
	if (flaws && rnd(seed) % flaws == 0)
		text[rnd(seed) % strlen(text)] = flaw[rnd(seed) % (sizeof(flaw) - 1)];
	if (flaws && rnd(seed) % flaws == 0) {
		memmove(text + 2, text, strlen(text) + 1);
		memcpy(text, rnd(seed) % 2 ? "-1" : "12", 2);
	}
}

/* Groups of one length, for which there is a way of its own. */
static void numbers__of_one_precision_are_the_same_in_every_kernel(void **state)
{
	uint64_t seed = 3;

	for (int round = 0; round < 60; round++)
		for (int precision = 0; precision <= 26; precision++) {
			struct chunk c;
			char text[FIELD_BYTES_MAX];
			size_t nr = rnd(&seed) % FIELDS_MAX;
			unsigned flaws = round % 2 ? 0 : 30;

			chunk_init(&c);
			for (size_t i = 0; i < nr; i++) {
				print_scientific(&seed, precision, flaws, text);
				add(&c, text);
			}
			check_chunk(&c);
			free(c.room);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers__of_every_oddity_in_every_place_of_a_group),
		cmocka_unit_test(numbers__are_the_same_in_every_kernel),
		cmocka_unit_test(numbers__of_one_precision_are_the_same_in_every_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
