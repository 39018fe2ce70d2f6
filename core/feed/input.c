/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/input.h"

#include "base/grow.h"
#include "base/util.h"
#include "record/frame.h"
#include "source/packed.h"

#include <string.h>

/*
 * Text of a piece: what is made of it stays in a core's second cache.  The first ones are
 * smaller, so that the first record is there soon.
 */
#define PIECE_BYTES       (128 * RIO_KIB)
#define FIRST_PIECE_BYTES (32 * RIO_KIB)

void rio_feed_object_deinit(struct rio_feed_object *object)
{
	rio_source_destroy(object->source);
	rio_options_deinit(&object->options);
	free(object->store_path);
	*object = (struct rio_feed_object){0};
}

static void release(struct rio_feed_open *open)
{
	if (!open || atomic_fetch_sub(&open->nr_users, 1) > 1)
		return;
	rio_stream_destroy(open->stream);
	rio_feed_object_deinit(&open->object);
	free(open);
}

void rio_feed_piece_release(struct rio_feed_piece *piece)
{
	release(rio_steal(piece->open));
}

void rio_feed_piece_deinit(struct rio_feed_piece *piece)
{
	rio_feed_piece_release(piece);
	rio_piece_deinit(&piece->text);
	free(piece->raw);
}

int rio_feed_input_init(struct rio_feed_input *input, const struct rio_feed_config *config,
	struct rio_error *err)
{
	*input = (struct rio_feed_input){.config = config};
	return rio_objects_order(config->objects, config->job, config->epoch, &input->order,
		&input->nr_objects, err);
}

void rio_feed_input_deinit(struct rio_feed_input *input)
{
	release(rio_steal(input->now));
	free(input->order);
}

/* --- objects --- */

static int on_progress(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	struct rio_feed_input *input = data;

	return input->interrupted(input->data, NULL);
}

static int open_stream(struct rio_feed_input *input, struct rio_feed_open *open,
	struct rio_error *err)
{
	const struct rio_dataset_config config = {
		.options = &open->object.options,
		.store = input->config->store,
		.store_path = open->object.store_path,
		.nr_threads = input->config->nr_threads,
		.progress = on_progress,
		.progress_data = input,
	};

	return rio_stream_create(open->object.source, &config, &open->stream, err);
}

/* The object as it is stored is the record. */
static int open_file(struct rio_feed_open *open, struct rio_error *err)
{
	int r;

	open->file = rio_packed_inner(open->object.source);
	r = rio_source_settled_stamp(open->file, &open->stamp, err);
	if (r == 0 && open->stamp.size_bytes > RIO_FRAME_PAYLOAD_BYTES_MAX)
		r = rio_fail(err, RIO_ESCHEMA,
			"the object has %ju bytes, and a record at most %ju: record_wrapper=none",
			(uintmax_t)open->stamp.size_bytes, (uintmax_t)RIO_FRAME_PAYLOAD_BYTES_MAX);
	if (r < 0)
		rio_error_set_file(err, rio_source_name(open->file));
	return r;
}

static int open_it(struct rio_feed_input *input, struct rio_feed_open *open,
	struct rio_error *err)
{
	return input->config->job->record_wrapper == RIO_WRAPPED ? open_file(open, err)
								 : open_stream(input, open, err);
}

static int open_next(struct rio_feed_input *input, struct rio_error *err)
{
	const struct rio_feed_config *config = input->config;
	struct rio_feed_open *open = calloc(1, sizeof(*open));
	int r;

	if (!open)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	open->key = config->objects->keys[input->order[input->next++]];
	r = config->open(config->open_data, open->key, &open->object, err);
	if (r < 0) {
		free(open);
		return r;
	}
	atomic_init(&open->nr_users, 1);
	r = open_it(input, open, err);
	if (r < 0) {
		release(open);
		return input->interrupted(input->data, NULL) ?: r;
	}
	input->now = open;
	return 0;
}

/* --- pieces --- */

static size_t piece_bytes(const struct rio_feed_input *input)
{
	if (input->config->job->shuffle == RIO_SHUFFLE_ROWS)
		return RIO_SHUFFLE_BLOCK_BYTES;
	return RIO_MIN(FIRST_PIECE_BYTES << RIO_MIN(input->nr_pieces, 8u), PIECE_BYTES);
}

/* Read the next of the file behind a frame's head, if it is the first, and before its pad. */
static int read_raw(struct rio_feed_open *open, size_t len_bytes, struct rio_feed_piece *piece,
	struct rio_error *err)
{
	uint64_t left = open->stamp.size_bytes - open->off;
	size_t n = (size_t)RIO_MIN(left, (uint64_t)len_bytes), got;
	size_t head = open->off ? 0 : RIO_FRAME_HEAD_BYTES;
	size_t pad = n == left ? rio_frame_pad_bytes(open->stamp.size_bytes) : 0;
	int r = rio_grow(&piece->raw, &piece->raw_room, head + n + pad, err);

	if (r == 0)
		r = rio_source_read_at(open->file, open->off, piece->raw + head, n, &got, err);
	if (r == 0 && got < n)
		r = rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short");
	if (r < 0)
		return r;
	if (head)
		rio_frame_put_head(piece->raw, (uint32_t)open->stamp.size_bytes);
	memset(piece->raw + head + n, 0, pad);
	piece->raw_bytes = head + n + pad;
	piece->ends_frame = n == left;
	open->off += n;
	return 0;
}

static int cut_raw(struct rio_feed_open *open, size_t len_bytes, struct rio_feed_piece *piece,
	struct rio_error *err)
{
	int r, changed;

	if (open->off == open->stamp.size_bytes && open->nr_pieces)
		return RIO_STREAM_END;
	r = read_raw(open, len_bytes, piece, err);
	changed = rio_source_check(open->file, &open->stamp, err);
	r = changed ? changed : r;
	if (r < 0)
		rio_error_set_file(err, rio_source_name(open->file));
	return r;
}

static int cut(struct rio_feed_input *input, struct rio_feed_piece *ret, struct rio_error *err)
{
	struct rio_feed_open *open = input->now;
	int r = open->stream ? rio_stream_cut(open->stream, piece_bytes(input), &ret->text, err)
			     : cut_raw(open, piece_bytes(input), ret, err);

	if (r != 0)
		return r;
	atomic_fetch_add(&open->nr_users, 1);
	ret->open = open;
	ret->block = open->nr_pieces++;
	input->nr_pieces++;
	return 0;
}

int rio_feed_input_cut(struct rio_feed_input *input, struct rio_feed_piece *ret,
	struct rio_error *err)
{
	int r = RIO_STREAM_END;

	while (r == RIO_STREAM_END) {
		if (!input->now) {
			if (input->next == input->nr_objects)
				return RIO_STREAM_END;
			r = input->interrupted(input->data, err);
			if (r == 0)
				r = open_next(input, err);
			if (r != 0)
				return r;
		}
		r = cut(input, ret, err);
		if (r == RIO_STREAM_END)
			release(rio_steal(input->now));
	}
	return r;
}
