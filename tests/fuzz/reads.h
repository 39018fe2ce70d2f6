/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arbitrary bytes as a CSV: create, read the whole, read slices.  A slice is that
 * slice of the whole; a failure comes at the same row however it is met, and
 * its place lies within the file.  Streamed in pieces it is the same.  Some texts are repeated until they fill several
 * segments of the map, which inputs of a fuzzer's size never do.
 *
 * Included by the targets, which say what options there are.
 */
#ifndef TESTS_FUZZ_READS_H
#define TESTS_FUZZ_READS_H

#include "fuzz.h"

#include "dataset/stream.h"

struct reader {
	const struct rio_dataset_config *config;
	struct rio_source *source;
	struct rio_dataset *dataset;
	struct rio_scratch *scratch;
	uint64_t size_bytes;
};

/* An option, and what it may be: NULL is not to say it. */
struct choice {
	const char *name;
	const char *values[8];
};

/* Options from a byte each: the place in a list of what can be said. */
static void take_options(struct input *in, const struct choice *choice,
	struct rio_options *options)
{
	struct rio_error err;

	claim(rio_options_init(options, &err) == 0);
	for (; choice->name; choice++) {
		const char *value = choice->values[take(in, 1) % 8];

		if (value)
			claim(rio_options_set(options, choice->name, value, &err) == 0);
	}
}

/* Lines and columns count from 1; the place is where they say. */
static void check_place(const struct input *csv, const struct rio_error *err)
{
	uint64_t line = 1, line_off = 0;

	claim(err->message[0] && !strchr(err->message, '\n'));
	claim(strcmp(err->file, "fuzz.csv") == 0);
	if (err->code != RIO_EROW)
		return;
	claim(err->src_off <= csv->left);
	for (uint64_t i = 0; i < err->src_off; i++)
		if (csv->p[i] == '\n') {
			line++;
			line_off = i + 1;
		}
	if (line == 1 && csv->left >= 3 && memcmp(csv->p, "\xef\xbb\xbf", 3) == 0)
		line_off = 3;
	claim(err->line == line);
	claim(err->column == err->src_off - line_off + 1);
}

/* Read into a block of its own size, so that sanitizers see every byte too many. */
static int read_slice(struct reader *r, uint64_t off, size_t len, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	*ret = malloc(len);
	*ret_bytes = 0;
	claim(*ret || len == 0);
	memset(err, 0, sizeof(*err));
	return rio_dataset_read(r->dataset, r->source, r->scratch, off, *ret, len, ret_bytes, NULL,
		err);
}

/* The first failing row of a slice is not that of the whole if it begins behind it. */
static void check_slice(struct reader *r, const struct input *csv, uint64_t off, size_t len,
	const uint8_t *whole, size_t whole_bytes, const struct rio_error *whole_err)
{
	_cleanup_free_ uint8_t *slice = NULL;
	size_t got;
	uint64_t expected = off < r->size_bytes ? RIO_MIN(len, r->size_bytes - off) : 0;
	struct rio_error err;
	int result = read_slice(r, off, len, &slice, &got, &err);

	claim(result == 0 || result == RIO_EROW || result == RIO_ESCHEMA);
	claim(result == 0 ? got == expected : got < expected);
	for (size_t i = 0; i < got; i++)
		claim(off + i >= whole_bytes || slice[i] == whole[off + i]);
	if (result < 0)
		check_place(csv, &err);
	if (result == RIO_EROW)
		claim(off + got == RIO_MAX(err.record_off, off));
	if (off + expected <= whole_bytes)
		claim(result == 0);
	else if (off <= whole_bytes)
		claim(result == (int)whole_err->code && err.src_off == whole_err->src_off &&
			strcmp(err.message, whole_err->message) == 0);
}

/* A stream gives the whole, in pieces of any size, and fails where reading that does. */
static void check_stream(struct reader *r, size_t piece_bytes, const uint8_t *whole,
	size_t whole_bytes, int whole_result, const struct rio_error *whole_err)
{
	_cleanup_(rio_stream_destroyp) struct rio_stream *stream = NULL;
	struct rio_piece piece = {0};
	struct rio_records records = {0};
	struct rio_error err = {0};
	size_t off = 0;
	int result;

	claim(rio_stream_create(r->source, r->config, &stream, &err) == 0);
	while ((result = rio_stream_cut(stream, piece_bytes, &piece, &err)) == 0) {
		result = rio_stream_encode(stream, &piece, r->scratch, &records, &err);
		claim(records.len_bytes <= whole_bytes - off);
		claim(!records.len_bytes ||
			memcmp(whole + off, records.bytes, records.len_bytes) == 0);
		off += records.len_bytes;
		if (result < 0)
			break;
	}
	claim(off == whole_bytes);
	claim(whole_result < 0 ? result == whole_result : result == RIO_STREAM_END);
	claim(result > 0 || (err.src_off == whole_err->src_off && err.line == whole_err->line &&
				    err.column == whole_err->column &&
				    strcmp(err.message, whole_err->message) == 0));
	rio_records_deinit(&records);
	rio_piece_deinit(&piece);
}

static void check_reads(struct reader *r, struct input *plan, const struct input *csv)
{
	_cleanup_free_ uint8_t *whole = NULL;
	size_t whole_bytes;
	struct rio_error err;
	int result = read_slice(r, 0, r->size_bytes, &whole, &whole_bytes, &err);

	claim(result == 0 ? whole_bytes == r->size_bytes : whole_bytes < r->size_bytes);
	if (result < 0)
		check_place(csv, &err);
	check_stream(r, 1 + (size_t)take(plan, 2), whole, whole_bytes, result, &err);
	for (int i = 0; i < 8; i++) {
		uint64_t off = take(plan, 3) % (r->size_bytes + 2);

		check_slice(r, csv, off, (size_t)take(plan, 1) * 3, whole, whole_bytes, &err);
	}
}

enum { PLAN_BYTES = 32, REPEATED_BYTES = 100000, OUTPUT_BYTES_MAX = 1 << 22 };

/* Take the plan of the reads off the front. */
static struct input take_plan(struct input *in)
{
	struct input plan = {in->p, RIO_MIN(in->left, (size_t)PLAN_BYTES)};

	in->p += plan.left;
	in->left -= plan.left;
	return plan;
}

/* One input in eight is repeated; *ret is to be freed. */
static struct input repeat(struct input in, uint64_t byte, uint8_t **ret)
{
	size_t times = byte % 8 == 7 && in.left ? REPEATED_BYTES / in.left + 1 : 1;

	*ret = malloc(in.left * times);
	claim(*ret || !in.left);
	for (size_t i = 0; i < times && in.left; i++)
		memcpy(*ret + i * in.left, in.p, in.left);
	return (struct input){*ret, in.left * times};
}

/* One input; choices ends with one without a name. */
static int fuzz_reads(const struct choice *choices, const uint8_t *data, size_t size)
{
	_cleanup_free_ uint8_t *text = NULL;
	struct input in = {data, size}, csv, plan;
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options, .nr_threads = 1};
	struct reader r = {.config = &config};
	struct rio_error err = {0};
	int result;

	take_options(&in, choices, &options);
	plan = take_plan(&in);
	csv = repeat(in, take(&plan, 1), &text);
	claim(rio_source_from_memory(csv.p, csv.left, "fuzz.csv", &r.source, &err) == 0);
	claim(rio_scratch_create(&r.scratch, &err) == 0);
	result = rio_dataset_create(r.source, &config, &r.dataset, &err);
	if (result == 0) {
		struct rio_error ignored;

		claim(rio_map_check(rio_dataset_map(r.dataset), &ignored) == 0);
		r.size_bytes = rio_dataset_len_bytes(r.dataset);
		if (r.size_bytes <= OUTPUT_BYTES_MAX)
			check_reads(&r, &plan, &csv);
	} else {
		claim(result == RIO_ESCHEMA || result == RIO_EROW || result == RIO_EOPTION);
		check_place(&csv, &err);
	}
	rio_dataset_destroy(r.dataset);
	rio_scratch_destroy(r.scratch);
	rio_source_destroy(r.source);
	rio_options_deinit(&options);
	return 0;
}

#endif
