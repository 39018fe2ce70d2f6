/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter for compare_numbers.py: texts in, what they are read as out.
 *
 *	in     per text: its length in bytes (uint32_t), its bytes
 *	out    per text: twice whether it was read (uint8_t) and the double, or 0;
 *	       then the first double as a float
 *
 * All in the machine's own byte order.  Each text is read by rio_number_parse,
 * with bytes around it that would change it if they were used, and by
 * rio_number_exact in a block of just its size.
 */
#include "base/util.h"
#include "csv/number.h"
#include "csv/number_exact.h"

#include <stdio.h>
#include <string.h>

enum { AROUND_BYTES = 16 };

struct answer {
	uint8_t ok;
	double value;
};

static bool read_exactly(void *p, size_t len)
{
	return fread(p, 1, len, stdin) == len;
}

static struct answer parse(const uint8_t *text, size_t len, char around)
{
	_cleanup_free_ uint8_t *block = malloc(len + 2 * AROUND_BYTES);
	uint8_t *p = block + AROUND_BYTES;
	struct answer answer = {0};

	if (!block)
		abort();
	memset(block, around, len + 2 * AROUND_BYTES);
	memcpy(p, text, len);
	answer.ok = rio_number_parse(p, p + len, &answer.value);
	return answer;
}

static struct answer parse_exact(const uint8_t *text, size_t len)
{
	_cleanup_free_ uint8_t *p = malloc(RIO_MAX(len, 1U));
	struct answer answer = {0};

	if (!p)
		abort();
	memcpy(p, text, len);
	answer.ok = rio_number_exact(p, p + len, &answer.value);
	return answer;
}

static void write_answer(const struct answer *answer)
{
	fwrite(&answer->ok, sizeof(answer->ok), 1, stdout);
	fwrite(&answer->value, sizeof(answer->value), 1, stdout);
}

int main(void)
{
	static const char around[] = "7,.e-_ \n";
	static uint8_t text[1 << 20];
	uint32_t len;

	for (size_t i = 0; read_exactly(&len, sizeof(len)); i++) {
		struct answer fast, exact;
		float f32;

		if (len > sizeof(text) || !read_exactly(text, len)) {
			fprintf(stderr, "text %zu is cut or too long\n", i);
			return 1;
		}
		fast = parse(text, len, around[i % (sizeof(around) - 1)]);
		exact = parse_exact(text, len);
		f32 = (float)fast.value;
		write_answer(&fast);
		write_answer(&exact);
		fwrite(&f32, sizeof(f32), 1, stdout);
	}
	return fflush(stdout) != 0;
}
