/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers against strtod, on the texts that both read: strtod takes hexadecimal and
 * nan(…) besides, rio_number_parse underscores and Unicode.  And what holds for
 * every text: blanks around it, its neighbours in memory and where it lies change
 * nothing, a refusal leaves the result alone, and the inline reader, each kernel and
 * rio_cell_read say the same.
 */
#include "fuzz.h"

#include "csv/cell.h"
#include "csv/kernel.h"
#include "csv/number.h"
#include "csv/number_fast.h"

#include <math.h>

#define UNSET 4242.0

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static bool parse(const uint8_t *text, size_t len, uint8_t pad, double *ret)
{
	_cleanup_free_ uint8_t *room = malloc(len + 32);
	bool ok;

	claim(room);
	memset(room, pad, len + 32);
	memcpy(room + 16, text, len);
	*ret = UNSET;
	ok = rio_number_parse(room + 16, room + 16 + len, ret);
	claim(ok || *ret == UNSET);
	return ok;
}

/* Digits, a point, an exponent and a sign only; no word, no hexadecimal. */
static bool is_decimal(const char *text, size_t len)
{
	return len && strlen(text) == len && strspn(text, "0123456789.eE+-") == len;
}

static void check_strtod(const uint8_t *text, size_t len, bool ok, double value)
{
	_cleanup_free_ char *copy = strndup((const char *)text, len);
	char *end;
	double expected;

	claim(copy);
	if (!is_decimal(copy, len))
		return;
	expected = strtod(copy, &end);
	claim(ok == (*end == '\0' && end > copy));
	if (ok)
		claim(bits_of(value) == bits_of(expected));
}

static void check_blanks(const uint8_t *text, size_t len, uint8_t pad, bool ok, double value)
{
	_cleanup_free_ uint8_t *wide = malloc(len + 4);
	double again;

	claim(wide);
	memcpy(wide, " \t", 2);
	memcpy(wide + 2, text, len);
	memcpy(wide + 2 + len, "\r ", 2);
	claim(parse(wide, len + 4, pad, &again) == ok);
	claim(bits_of(again) == bits_of(value));
}

/* The readers that stand before rio_number_parse say nothing else. */
static void check_readers(const uint8_t *text, size_t len, uint8_t pad, bool ok, double value)
{
	const struct rio_cell_rules rules = {.dialect = RIO_DIALECT_DEFAULT,
		.missing = RIO_MISSING_ERROR};
	_cleanup_free_ uint8_t *room = malloc(len + 2 * RIO_PAD_BYTES);
	uint8_t *p = room + RIO_PAD_BYTES;
	const uint32_t before = UINT32_MAX, end = (uint32_t)len;
	double read = UNSET, fast;
	bool is_value;

	claim(room);
	memset(room, pad, len + 2 * RIO_PAD_BYTES);
	memcpy(p, text, len);
	if (rio_number_fast(p, p + len, &fast))
		claim(ok && bits_of(fast) == bits_of(value));
	is_value = rio_cell_kind_ok(&rules, rio_cell_read(&rules, p, p + len, &read));
	if (ok && !isnan(value))
		claim(is_value && bits_of(read) == bits_of(value));
	for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
		double f64;
		float f32, narrow = (float)read;

		if (!(*k)->usable())
			continue;
		claim((*k)->to_f64(&rules, p, &before, &end, 1, &f64) == is_value);
		claim((*k)->to_f32(&rules, p, &before, &end, 1, &f32) == is_value);
		claim(!is_value || bits_of(f64) == bits_of(read));
		claim(!is_value || memcmp(&f32, &narrow, sizeof(f32)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	double value, again;
	uint8_t pad = size ? data[0] : 0;
	bool ok;

	if (!size)
		return 0;
	data++;
	size--;
	ok = parse(data, size, pad, &value);
	claim(parse(data, size, '0', &again) == ok && bits_of(again) == bits_of(value));
	check_strtod(data, size, ok, value);
	check_blanks(data, size, pad, ok, value);
	check_readers(data, size, pad, ok, value);
	return 0;
}
