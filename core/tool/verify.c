/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seals tell that a file is as it was written, not that it is right: so the rows were
 * counted again, and of a compressed source every span is decoded twice, from the kept
 * point and from one that the same counting has made.  Results go to standard output.
 */
#include "tool/verify.h"

#include "map/store_seek.h"
#include "source/packed.h"

#include <stdio.h>

bool rio_tool_needs_no_map(const struct rio_tool_input *input)
{
	return rio_dataset_stamp(input->dataset)->size_bytes < RIO_STORE_SOURCE_BYTES_MIN;
}

int rio_tool_load_kept(const struct rio_tool_call *call, const struct rio_tool_input *input,
	struct rio_map **ret, struct rio_error *err)
{
	_cleanup_free_ char *row_key = NULL;
	int r = rio_options_row_key(&input->options, &row_key, err);

	if (!r)
		r = rio_store_load(call->store,
			&(struct rio_store_key){input->store_path, row_key},
			rio_dataset_stamp(input->dataset), ret, NULL, err);
	return r;
}

static bool maps_equal(const struct rio_map *a, const struct rio_map *b)
{
	return rio_stamp_equal(&a->stamp, &b->stamp) && a->data_off == b->data_off &&
	       a->data_line == b->data_line && a->nr_checkpoints == b->nr_checkpoints &&
	       a->bad_quote_off == b->bad_quote_off && a->bad_quote_row == b->bad_quote_row &&
	       a->bad_quote_open == b->bad_quote_open &&
	       rio_map_begin_alike(a, b, a->nr_checkpoints) &&
	       rio_sizes_equal(a->sizes, b->sizes);
}

/* What verifying has found: RIO_OK, or what is wrong, in words. */
struct verdict {
	enum rio_code code;
	char text[RIO_ERROR_TEXT_BYTES];
};

/* What could not be loaded, as a verdict; or the failure r, where it is none. */
static int judge_code(int r, const char *what, const struct rio_error *err,
	struct verdict *verdict)
{
	verdict->code = r;
	if (r == RIO_EMAP_STALE)
		snprintf(verdict->text, sizeof(verdict->text), "stale: %s", err->message);
	else if (r == RIO_ENOT_INDEXED)
		snprintf(verdict->text, sizeof(verdict->text), "no %s is kept", what);
	else if (r == RIO_EMAP_DAMAGED) /* "damaged map: …" */
		snprintf(verdict->text, sizeof(verdict->text), "%s", err->message);
	else
		return r;
	return 0;
}

static int judge_map(const struct rio_tool_call *call, const struct rio_tool_input *input,
	struct verdict *verdict, struct rio_error *err)
{
	const struct rio_map *counted = rio_dataset_map(input->dataset);
	struct rio_map *kept = NULL;
	int r = rio_tool_load_kept(call, input, &kept, err);

	if (r)
		return judge_code(r, "map", err, verdict);
	if (!maps_equal(kept, counted)) {
		verdict->code = RIO_EMAP_DAMAGED;
		snprintf(verdict->text, sizeof(verdict->text),
			"wrong: the kept map has %ju rows, counted were %ju",
			(uintmax_t)rio_map_nr_rows(kept), (uintmax_t)rio_map_nr_rows(counted));
	}
	rio_map_destroy(kept);
	return 0;
}

/* Every span of the kept index. */
static int judge_spans(const struct rio_tool_input *input, const struct rio_seek_index *kept,
	struct rio_progress *progress, struct verdict *verdict, struct rio_error *err)
{
	size_t nr_damaged = 0, nr_spans = kept->nr_points - 1, first = 0;
	struct rio_error why, found;

	for (size_t k = 0; k < nr_spans; k++) {
		int r = rio_packed_verify_span(input->source, kept, k, &found);

		if (r && r != RIO_EMAP_DAMAGED) {
			*err = found;
			return r;
		}
		if (r && nr_damaged++ == 0) {
			first = k;
			why = found;
		}
		rio_progress_update(progress, kept->points[k + 1].bit / 8,
			kept->points[nr_spans].bit / 8);
	}
	if (!nr_damaged)
		return 0;
	verdict->code = RIO_EMAP_DAMAGED;
	snprintf(verdict->text, sizeof(verdict->text),
		"damaged seek index: %zu of %zu points, the first at byte %ju of the text: %s",
		nr_damaged, nr_spans, (uintmax_t)kept->points[first].off, why.message);
	/* All of it is compared with the source, which must be the one that was counted. */
	return rio_source_check(input->source, rio_dataset_stamp(input->dataset), err);
}

static int judge_seek(const struct rio_tool_call *call, const struct rio_tool_input *input,
	struct rio_progress *progress, struct verdict *verdict, struct rio_error *err)
{
	_cleanup_(rio_seek_index_destroyp) struct rio_seek_index *kept = NULL;
	const struct rio_seek_index *made = rio_packed_index(input->source);
	int r = rio_store_load_seek(call->store, input->store_path,
		rio_dataset_stamp(input->dataset), &kept, err);

	if (r)
		return judge_code(r, "seek index", err, verdict);
	if (kept->codec == made->codec && rio_seek_index_len(kept) == rio_seek_index_len(made))
		return judge_spans(input, kept, progress, verdict, err);
	verdict->code = RIO_EMAP_DAMAGED;
	snprintf(verdict->text, sizeof(verdict->text),
		"wrong: the kept seek index is one of %ju bytes of text, decoded were %ju",
		(uintmax_t)rio_seek_index_len(kept), (uintmax_t)rio_seek_index_len(made));
	return 0;
}

static int judge(const struct rio_tool_call *call, const struct rio_tool_input *input,
	struct rio_progress *progress, struct verdict *verdict, struct rio_error *err)
{
	int r = judge_map(call, input, verdict, err);

	if (r == 0 && verdict->code == RIO_OK && rio_packed_codec(input->source))
		r = judge_seek(call, input, progress, verdict, err);
	return r;
}

enum rio_exit rio_tool_verify(const struct rio_tool_call *call,
	const struct rio_tool_input *input, struct rio_progress *progress)
{
	uint64_t size_bytes = rio_dataset_stamp(input->dataset)->size_bytes;
	bool is_small = rio_tool_needs_no_map(input);
	struct verdict verdict = {RIO_OK, ""};
	struct rio_error err;
	int r = is_small ? 0 : judge(call, input, progress, &verdict, &err);

	/* Decoding was the second half of a file. */
	rio_progress_file_done(progress, size_bytes, !is_small && rio_packed_codec(input->source));
	rio_progress_clear(progress);
	if (r) {
		rio_error_set_file(&err, input->name);
		return rio_tool_report(&err);
	}
	if (is_small)
		printf("%s: ok, too small to need a map\n", input->name);
	else if (verdict.code == RIO_OK)
		printf("%s: ok, %ju rows\n", input->name,
			(uintmax_t)rio_dataset_nr_rows(input->dataset));
	else
		printf("%s: %s\n", input->name, verdict.text);
	return rio_tool_exit(verdict.code);
}
