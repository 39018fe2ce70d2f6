/* SPDX-License-Identifier: Apache-2.0 */
/* to_f32 and to_f64 of every kernel against one another, by way of single fields. */
#include "fuzz.h"

#include "numbers_truth.h"

#include <math.h>

static struct rio_cell_rules take_rules(struct input *in)
{
	uint64_t choice = take(in, 1);

	return (struct rio_cell_rules){
		.dialect = {',', choice & 1 ? RIO_QUOTE_NONE : '"'},
		.missing = choice & 2 ? RIO_MISSING_ERROR : RIO_MISSING_NUMBER,
		.missing_value = choice & 4 ? -1.5 : NAN,
		.bad_is_nan = !(choice & 8),
	};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const struct rio_cell_rules rules = take_rules(&in);
	const uint8_t pad = (uint8_t)take(&in, 1);
	_cleanup_free_ uint8_t *room = malloc(in.left + 1 + 2 * RIO_PAD_BYTES);
	_cleanup_free_ uint32_t *ends = malloc((in.left + RIO_PAD_BYTES + 2) * sizeof(*ends));
	_cleanup_free_ uint32_t *befores = malloc((in.left + RIO_PAD_BYTES + 2) * sizeof(*ends));
	uint8_t *p;
	struct rio_fields f;
	size_t field;

	claim(room && ends && befores);
	p = room + RIO_PAD_BYTES;
	memset(room, pad, in.left + 1 + 2 * RIO_PAD_BYTES);
	memcpy(p, in.p, in.left);
	p[in.left] = '\n';
	f = (struct rio_fields){.end = ends + 1};
	rio_kernel_portable.scan(&rules.dialect, p, in.left + 1, &f);
	memcpy(befores, ends, (f.nr_fields + 1) * sizeof(*befores));
	for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
		if (!(*k)->usable())
			continue;
		claim(numbers_agree(*k, &rules, p, f.end - 1, f.end, f.nr_fields, &field));
		claim(numbers_agree(*k, &rules, p, befores, f.end, f.nr_fields, &field));
	}
	return 0;
}
