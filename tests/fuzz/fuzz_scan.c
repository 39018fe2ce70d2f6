/* SPDX-License-Identifier: Apache-2.0 */
/* tally, in pieces, and scan of every kernel against the state machine. */
#include "fuzz.h"

#include "scan_truth.h"

static struct rio_dialect take_dialect(struct input *in)
{
	static const uint8_t delimiters[] = {',', ';', '\t', ' ', '|', ','};
	static const int16_t quotes[] = {'"', '\'', RIO_QUOTE_NONE, '"'};

	return (struct rio_dialect){
		.delimiter = delimiters[take(in, 1) % RIO_ARRAY_SIZE(delimiters)],
		.quote = quotes[take(in, 1) % RIO_ARRAY_SIZE(quotes)],
	};
}

static void check_tally(const struct rio_kernel *k, const struct rio_dialect *d,
	const struct input *in, size_t piece)
{
	const struct truth outside = look(d, in->p, in->left, false);
	const struct truth inside = look(d, in->p, in->left, true);
	struct rio_tally t;

	rio_tally_init(&t);
	for (size_t i = 0; i < in->left; i += piece)
		k->tally(d, in->p + i, RIO_MIN(piece, in->left - i), &t);
	claim(tally_agrees(&t, &outside, &inside));
	claim(t.len_bytes == in->left);
}

static void check_scan(const struct rio_kernel *k, const struct rio_dialect *d,
	const struct input *in, uint8_t pad)
{
	_cleanup_free_ uint8_t *room = malloc(in->left + 2 * RIO_PAD_BYTES);
	_cleanup_free_ uint32_t *ends = malloc((in->left + RIO_PAD_BYTES + 1) * sizeof(*ends));
	struct rio_fields f;

	claim(room && ends);
	f = (struct rio_fields){.end = ends + 1};
	memset(room, pad, in->left + 2 * RIO_PAD_BYTES);
	memcpy(room + RIO_PAD_BYTES, in->p, in->left);
	k->scan(d, room + RIO_PAD_BYTES, in->left, &f);
	claim(fields_agree(&f, d, in->p, in->left));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	const struct rio_dialect dialect = take_dialect(&in);
	const size_t piece = (size_t)take(&in, 1) + 1;
	const uint8_t pad = (uint8_t)take(&in, 1);

	for (const struct rio_kernel *const *k = rio_kernels; *k; k++) {
		if (!(*k)->usable())
			continue;
		check_tally(*k, &dialect, &in, piece);
		check_tally(*k, &dialect, &in, in.left + 1);
		check_scan(*k, &dialect, &in, pad);
	}
	return 0;
}
