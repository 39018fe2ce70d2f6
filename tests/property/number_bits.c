/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter for compare_numbers.py: texts in, what they are read as out.
 *
 *	in     per text: its length in bytes (uint32_t), its bytes
 *	out    per text: whether it was read (uint8_t), the double, its float
 *
 * All in the machine's own byte order.  Each text is read by rio_number_parse,
 * with bytes around it that would change it if they were used, and by
 * rio_number_exact in a block of just its size; the two must agree.
 */
#include "base/util.h"
#include "csv/number.h"
#include "csv/number_exact.h"

#include <stdio.h>
#include <string.h>

enum { AROUND_BYTES = 16 };

struct answer {
	uint8_t ok;
	double f64;
	float f32;
};

static bool read_exactly(void *p, size_t len)
{
	return fread(p, 1, len, stdin) == len;
}

static struct answer answer(const uint8_t *text, size_t len, char around)
{
	_cleanup_free_ uint8_t *wide = malloc(len + 2 * AROUND_BYTES);
	_cleanup_free_ uint8_t *tight = malloc(len);
	struct answer a = {0};
	double exact = 0;

	if (!wide || (len && !tight))
		abort();
	memset(wide, around, len + 2 * AROUND_BYTES);
	memcpy(wide + AROUND_BYTES, text, len);
	if (len)
		memcpy(tight, text, len);
	a.ok = rio_number_parse(wide + AROUND_BYTES, wide + AROUND_BYTES + len, &a.f64);
	a.f32 = (float)a.f64;
	if (rio_number_exact(tight, tight + len, &exact) != a.ok ||
		memcmp(&exact, &a.f64, sizeof(exact)) != 0) {
		fprintf(stderr, "the readers differ: '%.*s': %a, %a\n", (int)len, text, a.f64,
			exact);
		exit(1);
	}
	return a;
}

static void write_answer(const struct answer *a)
{
	fwrite(&a->ok, sizeof(a->ok), 1, stdout);
	fwrite(&a->f64, sizeof(a->f64), 1, stdout);
	fwrite(&a->f32, sizeof(a->f32), 1, stdout);
}

int main(void)
{
	static const char around[] = "7,.e-_ \n";
	static uint8_t text[1 << 20];
	uint32_t len;

	for (size_t i = 0; read_exactly(&len, sizeof(len)); i++) {
		struct answer a;

		if (len > sizeof(text) || !read_exactly(text, len)) {
			fprintf(stderr, "text %zu is cut or too long\n", i);
			return 1;
		}
		a = answer(text, len, around[i % (sizeof(around) - 1)]);
		write_answer(&a);
	}
	return fflush(stdout) != 0;
}
