/* SPDX-License-Identifier: Apache-2.0 */
/* A stream read to its end, on one thread. */
#ifndef TESTS_STREAM_UNIT_H
#define TESTS_STREAM_UNIT_H

#include "options.h"
#include "packing.h"

#include "base/grow.h"
#include "dataset/stream.h"

/* What came of it, until it ended or failed. */
struct streamed {
	struct packing out;
	size_t room; /* of it */
	uint64_t nr_records, nr_skipped;
	size_t nr_pieces;
	int result;
	struct rio_error err;
};

static inline void stream_on(struct rio_stream *stream, size_t piece_bytes, struct streamed *s)
{
	struct rio_piece piece = {0};
	struct rio_records records = {.wants_ends = piece_bytes % 2};
	struct rio_scratch *scratch;
	int r;

	assert_int_equal(rio_scratch_create(&scratch, &s->err), 0);
	while ((r = rio_stream_cut(stream, piece_bytes, &piece, &s->err)) == 0) {
		s->nr_pieces++;
		r = rio_stream_encode(stream, &piece, scratch, &records, &s->err);
		if (records.wants_ends && records.nr)
			assert_int_equal(records.ends[records.nr - 1], records.len_bytes);
		if (records.len_bytes) {
			assert_int_equal(rio_grow(&s->out.bytes, &s->room,
				s->out.len_bytes + records.len_bytes, NULL), 0);
			memcpy(s->out.bytes + s->out.len_bytes, records.bytes, records.len_bytes);
			s->out.len_bytes += records.len_bytes;
		}
		s->nr_records += records.nr;
		s->nr_skipped += records.nr_skipped;
		if (r < 0)
			break;
	}
	s->result = r < 0 ? r : 0;
	rio_scratch_destroy(scratch);
	rio_records_deinit(&records);
	rio_piece_deinit(&piece);
}

static inline struct streamed stream_source(struct rio_source *source, const char *option_text,
	size_t piece_bytes)
{
	struct streamed s = {0};
	struct rio_options options;
	struct rio_dataset_config config = {.options = &options};
	struct rio_stream *stream = NULL;

	set_options(&options, option_text);
	s.result = rio_stream_create(source, &config, &stream, &s.err);
	rio_options_deinit(&options);
	if (s.result == 0)
		stream_on(stream, piece_bytes, &s);
	rio_stream_destroy(stream);
	return s;
}

static inline struct streamed stream_bytes(const void *csv, size_t n, const char *option_text,
	size_t piece_bytes)
{
	struct rio_source *source;
	struct rio_error err;
	struct streamed s;

	assert_int_equal(rio_source_from_memory(csv, n, "t.csv", &source, &err), 0);
	s = stream_source(source, option_text, piece_bytes);
	rio_source_destroy(source);
	return s;
}

#endif
