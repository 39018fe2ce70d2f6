/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a range of an encoded file, encoding ahead on the other cores.
 *
 * The range is cut into pieces of 1 MiB.  Workers take them in order, each into
 * its slot of a ring; the caller writes them in order, and a slot is free again
 * when it was written.  So memory is the ring, however large the range is, and a
 * reader that stops stops the encoding.
 *
 *	ring     | piece 4 | piece 5 | piece 2 | piece 3 |
 *	                               ^ written next
 *
 * The first piece that fails ends it: what it holds is written, then its error
 * is the call's.  Pieces behind it are dropped.
 */
#include "base/io.h"
#include "tool/tool.h"

#include <errno.h>
#include <pthread.h>

#define PIECE_BYTES RIO_MIB
#define WORKERS_MAX 8

struct piece {
	uint8_t *bytes;
	size_t len_bytes;
	bool ready;
	int result;
	struct rio_error err;
};

struct pump {
	const struct rio_tool_input *input;
	uint64_t off, end;
	uint64_t nr_pieces;
	struct piece ring[2 * WORKERS_MAX];
	size_t nr_slots;

	pthread_mutex_t lock; /* guards all below, and ready in the ring */
	pthread_cond_t moved;
	uint64_t nr_taken;
	uint64_t nr_written;
	bool stop;
};

/* The next piece to encode, when its slot is free; NULL when there is none left. */
static struct piece *take(struct pump *pump, uint64_t *ret_number)
{
	struct piece *piece = NULL;

	pthread_mutex_lock(&pump->lock);
	while (!pump->stop && pump->nr_taken < pump->nr_pieces &&
		pump->nr_taken - pump->nr_written >= pump->nr_slots)
		pthread_cond_wait(&pump->moved, &pump->lock);
	if (!pump->stop && pump->nr_taken < pump->nr_pieces) {
		*ret_number = pump->nr_taken++;
		piece = &pump->ring[*ret_number % pump->nr_slots];
	}
	pthread_mutex_unlock(&pump->lock);
	return piece;
}

static void give(struct pump *pump, struct piece *piece)
{
	pthread_mutex_lock(&pump->lock);
	piece->ready = true;
	pthread_cond_broadcast(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
}

static void *work(void *data)
{
	struct pump *pump = data;
	_cleanup_(rio_scratch_destroyp) struct rio_scratch *scratch = NULL;
	struct piece *piece;
	uint64_t number;

	while ((piece = take(pump, &number))) {
		uint64_t off = pump->off + number * PIECE_BYTES;
		size_t wanted = RIO_MIN(pump->end - off, (uint64_t)PIECE_BYTES);

		piece->len_bytes = 0;
		piece->result = scratch ? 0 : rio_scratch_create(&scratch, &piece->err);
		if (!piece->result)
			piece->result = rio_dataset_read(pump->input->dataset, pump->input->source,
				scratch, off, piece->bytes, wanted, &piece->len_bytes, NULL,
				&piece->err);
		if (piece->result && piece->result != RIO_EROW)
			piece->len_bytes = 0;
		give(pump, piece);
	}
	return NULL;
}

/* Wait for a piece, write it, free its slot. */
static int write_piece(struct pump *pump, uint64_t number, int fd, struct rio_error *err)
{
	struct piece *piece = &pump->ring[number % pump->nr_slots];
	int r = 0;

	pthread_mutex_lock(&pump->lock);
	while (!piece->ready)
		pthread_cond_wait(&pump->moved, &pump->lock);
	pthread_mutex_unlock(&pump->lock);

	if (rio_write_all(fd, piece->bytes, piece->len_bytes) < 0)
		r = rio_fail_errno(err, errno, "cannot write to standard output");
	if (!r && piece->result) {
		r = piece->result;
		*err = piece->err;
	}
	pthread_mutex_lock(&pump->lock);
	piece->ready = false;
	pump->nr_written++;
	pump->stop = r != 0;
	pthread_cond_broadcast(&pump->moved);
	pthread_mutex_unlock(&pump->lock);
	return r;
}

static int run(struct pump *pump, unsigned nr_workers, int fd, struct rio_error *err)
{
	pthread_t workers[WORKERS_MAX];
	unsigned started = 0;
	int r = 0, refused = 0;

	while (started < nr_workers && !refused) {
		refused = pthread_create(&workers[started], NULL, work, pump);
		started += !refused;
	}
	if (!started)
		return rio_fail_errno(err, refused, "cannot start a thread");
	for (uint64_t number = 0; !r && number < pump->nr_pieces; number++)
		r = write_piece(pump, number, fd, err);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i], NULL);
	return r;
}

int rio_tool_write(const struct rio_tool_input *input, uint64_t off, uint64_t end, int fd,
	struct rio_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned nr_workers = (unsigned)RIO_MIN(RIO_MAX(cores, 1), WORKERS_MAX);
	struct pump pump = {
		.input = input,
		.off = off,
		.end = end,
		.nr_pieces = (end - off) / PIECE_BYTES + ((end - off) % PIECE_BYTES != 0),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
	};
	int r = 0;

	pump.nr_slots = RIO_MIN(2 * (uint64_t)nr_workers, pump.nr_pieces);
	for (size_t i = 0; i < pump.nr_slots; i++) {
		pump.ring[i].bytes = malloc(PIECE_BYTES);
		if (!pump.ring[i].bytes)
			r = rio_fail(err, RIO_ENOMEM, "no memory to encode into");
	}
	if (!r && pump.nr_pieces)
		r = run(&pump, nr_workers, fd, err);
	for (size_t i = 0; i < pump.nr_slots; i++)
		free(pump.ring[i].bytes);
	return r;
}
