/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reader, one pipe, one order; and all cores at work for it.
 *
 * Every worker goes round the same loop:
 *
 *	cut     the next piece, and its number      one at a time (cut_lock)
 *	encode  it: records, shuffled, deflated     all at once
 *	write   it, when its number's turn is come  one at a time, in order
 *
 *	worker 0  |cut 0|encode 0 |write 0|cut 2|encode 2 |…
 *	worker 1        |cut 1|encode 1 |   |write 1|cut 3|…
 *
 * Cutting costs a tenth of encoding, so many can encode.  A piece is written by the thread
 * that made it, out of its cache.  There are as many pieces in memory as workers, and no
 * more: a slow reader stops all of them, with nothing piled up.  A piece is read, made and
 * written within a cache, so a channel takes a megabyte or two a worker.
 *
 * The order is that of the pieces' numbers, and what a piece holds depends on nothing but
 * the text; so the bytes are the same for any number of threads.  The first worker is
 * the caller, and each starts the next when there is more than one piece to do: a small
 * channel is fed without any thread, and the first byte waits for none.
 *
 * An error is a piece, too: what comes before it has been written when its turn comes.
 *
 * Rejected: a thread that writes, with queues before it.  It moves each piece from one
 * core's cache to another's, and wakes a thread for each.  Also splice and vmsplice: pages
 * that were given to a pipe cannot be used again until its reader is done, so each
 * piece needs fresh ones, and these cost more than the copy.
 */
#include "feed/feed.h"

#include "base/grow.h"
#include "base/util.h"
#include "feed/gzip.h"
#include "feed/input.h"
#include "feed/writer.h"
#include "record/frame.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

/* More only wait for each other: fewer than these encode faster than a pipe takes it. */
#define THREADS_MAX 16

/* With blocks of several megabytes, and their records, memory bounds them sooner. */
#define SHUFFLE_THREADS_MAX 4

struct feed {
	const struct rio_feed_config *config;
	unsigned nr_threads;
	bool shuffles, deflates;

	pthread_mutex_t cut_lock; /* guards the next five; taken before lock */
	struct rio_feed_input input;
	uint64_t nr_cut;
	bool all_cut; /* or there was an error, or it has ended */
	pthread_t threads[THREADS_MAX];
	unsigned nr_started; /* beside the caller */

	/* Of the one whose turn it is. */
	struct rio_writer writer;
	struct rio_gzip_sum sum;
	bool in_frame; /* a wrapped object is written in part */

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t moved[THREADS_MAX]; /* the turn of number n is come: n % THREADS_MAX */
	uint64_t turn;
	bool has_ended;
	int result; /* what ended it: 0, RIO_READER_LEFT, RIO_STOPPED, an error */
	struct rio_error error;
	struct rio_feed_result total;
};

/* What a worker has of its own. */
struct worker {
	struct feed *feed;
	struct rio_feed_piece piece;
	struct rio_scratch *scratch;
	struct rio_records records;
	uint32_t *order; /* of the records, shuffled … */
	size_t order_room;
	uint8_t *shuffled; /* … and they */
	size_t shuffled_room;
	struct rio_deflater *deflater;
	struct rio_gzip_part part;

	uint64_t number; /* of the piece */
	const uint8_t *bytes; /* to be written */
	size_t len_bytes;
	int result;      /* of cutting and encoding: what ends it behind these bytes */
	struct rio_error error;
};

/* --- cutting --- */

static int interrupted(void *data, struct rio_error *err)
{
	struct feed *feed = data;

	return rio_writer_look(&feed->writer, err);
}

static bool has_ended(struct feed *feed)
{
	bool ended;

	pthread_mutex_lock(&feed->lock);
	ended = feed->has_ended;
	pthread_mutex_unlock(&feed->lock);
	return ended;
}

static void *work(void *data);

/* Under the cut lock: a thread that cannot be had is only missed. */
static void start_another(struct feed *feed)
{
	if (feed->nr_started + 1 < feed->nr_threads &&
		pthread_create(&feed->threads[feed->nr_started], NULL, work, feed) == 0)
		feed->nr_started++;
}

/* Take the next piece, or the error in place of it.  False: there is none. */
static bool take_piece(struct worker *w)
{
	struct feed *feed = w->feed;
	bool taken = false;

	pthread_mutex_lock(&feed->cut_lock);
	feed->all_cut |= has_ended(feed);
	if (!feed->all_cut) {
		w->result = rio_feed_input_cut(&feed->input, &w->piece, &w->error);
		feed->all_cut = w->result != 0;
		taken = w->result != RIO_STREAM_END;
	}
	if (taken)
		w->number = feed->nr_cut++;
	if (!feed->all_cut && w->number)
		start_another(feed);
	pthread_mutex_unlock(&feed->cut_lock);
	return taken;
}

/* --- encoding --- */

static void set_bytes(struct worker *w, const uint8_t *bytes, size_t len_bytes)
{
	w->bytes = bytes;
	w->len_bytes = len_bytes;
}

/* The records of a whole block in an order of its own; of one that holds an error, none. */
static int shuffle(struct worker *w)
{
	const struct rio_feed_config *c = w->feed->config;
	const struct rio_records *records = &w->records;
	uint8_t *dst;
	int r = rio_grow(&w->order, &w->order_room, records->nr * sizeof(*w->order), &w->error);

	if (r == 0)
		r = rio_grow(&w->shuffled, &w->shuffled_room, records->len_bytes, &w->error);
	if (r < 0)
		return r;
	rio_permutation(c->job->seed, c->epoch, w->piece.open->key, w->piece.block, w->order,
		(uint32_t)records->nr);
	dst = w->shuffled;
	for (uint64_t i = 0; i < records->nr; i++) {
		size_t begin = w->order[i] ? records->ends[w->order[i] - 1] : 0;

		dst = mempcpy(dst, records->bytes + begin, records->ends[w->order[i]] - begin);
	}
	set_bytes(w, w->shuffled, records->len_bytes);
	return 0;
}

static int encode_text(struct worker *w)
{
	struct rio_records *records = &w->records;
	int r = rio_stream_encode(w->piece.open->stream, &w->piece.text, w->scratch, records,
		&w->error);

	if (r < 0 && r != RIO_EROW && r != RIO_ESCHEMA)
		return r;
	if (!w->feed->shuffles) {
		set_bytes(w, records->bytes, records->len_bytes);
		return r;
	}
	if (r == 0)
		return shuffle(w);
	records->nr = records->nr_skipped = records->nr_filled = 0;
	return r;
}

static void encode(struct worker *w)
{
	set_bytes(w, NULL, 0);
	if (w->result != 0)
		return;
	if (w->piece.open->stream)
		w->result = encode_text(w);
	else
		set_bytes(w, w->piece.raw, w->piece.raw_bytes);
	if (w->feed->deflates && w->len_bytes) {
		int r = rio_deflater_run(w->deflater, w->bytes, w->len_bytes, &w->part, &w->error);

		w->result = r < 0 ? r : w->result;
		set_bytes(w, w->part.bytes, r < 0 ? 0 : w->part.len_bytes);
	}
}

/* --- writing --- */

/* What comes before the first byte. */
static int write_head(struct feed *feed, struct rio_error *err)
{
	int r = feed->config->stall_ms
			? rio_writer_pause(&feed->writer, feed->config->stall_ms, err) : 0;

	if (r == 0 && feed->deflates)
		r = rio_writer_write(&feed->writer, rio_gzip_head, sizeof(rio_gzip_head), err);
	return r;
}

/* Behind the last byte, of a sound end. */
static int write_tail(struct feed *feed, struct rio_error *err)
{
	uint8_t tail[RIO_GZIP_TAIL_BYTES];
	int r = feed->nr_cut ? 0 : write_head(feed, err);

	if (r < 0 || !feed->deflates)
		return r;
	rio_gzip_sum_tail(&feed->sum, tail);
	return r ? r : rio_writer_write(&feed->writer, tail, sizeof(tail), err);
}

/* Whether a record ends nr_part bytes into what the worker has to write. */
static bool is_border(const struct worker *w, uint64_t nr_part)
{
	uint64_t at = 0;

	if (nr_part && !w->piece.open->stream)
		return false;
	while (at < nr_part)
		at += rio_frame_bytes(rio_frame_get_u32(w->bytes + at + 4));
	return at == nr_part;
}

/*
 * Behind the last byte before an error, or before it is stopped; nr_part bytes of this piece
 * are written.  Within a record nothing is needed, as its frame says how long it should
 * be; and a gzip stream that has begun lacks its end.
 */
static void write_mark(struct worker *w, int why, uint64_t nr_part)
{
	struct feed *feed = w->feed;
	int r = why;

	if (feed->in_frame || (feed->deflates && feed->writer.len_bytes))
		return;
	if (why < 0)
		r = rio_writer_write(&feed->writer, RIO_FEED_MARK, strlen(RIO_FEED_MARK), NULL);
	if (r == RIO_STOPPED && is_border(w, nr_part))
		rio_writer_force(&feed->writer, RIO_FEED_MARK, strlen(RIO_FEED_MARK));
}

/* Having the turn. */
static int write_piece(struct worker *w)
{
	struct feed *feed = w->feed;
	struct rio_error error;
	int r = w->number ? 0 : write_head(feed, &error);
	uint64_t begin = feed->writer.len_bytes;

	/* Of no bytes it is asked all the same whether any are wanted. */
	if (r == 0)
		r = rio_writer_write(&feed->writer, w->bytes, w->len_bytes, &error);
	if (r == 0 && w->piece.open && !w->piece.open->stream)
		feed->in_frame = !w->piece.ends_frame;
	if (r == 0 && feed->deflates && w->len_bytes)
		rio_gzip_sum_add(&feed->sum, &w->part);
	if (r >= 0)
		write_mark(w, r ? r : w->result, feed->writer.len_bytes - begin);
	if (r < 0)
		w->error = error;
	return r ? r : w->result;
}

/* False: it has ended, and this piece is not wanted. */
static bool await_turn(struct worker *w)
{
	struct feed *feed = w->feed;
	bool wanted;

	pthread_mutex_lock(&feed->lock);
	while (feed->turn != w->number && !feed->has_ended)
		pthread_cond_wait(&feed->moved[w->number % THREADS_MAX], &feed->lock);
	wanted = !feed->has_ended;
	pthread_mutex_unlock(&feed->lock);
	return wanted;
}

static void pass_turn(struct worker *w, int result)
{
	struct feed *feed = w->feed;

	pthread_mutex_lock(&feed->lock);
	if (w->piece.open && w->piece.open->stream && result <= 0) {
		feed->total.nr_records += w->records.nr;
		feed->total.nr_skipped += w->records.nr_skipped;
		feed->total.nr_filled += w->records.nr_filled;
	} else if (w->piece.open && result == 0) {
		feed->total.nr_records += w->piece.ends_frame;
	}
	feed->turn++;
	if (result != 0) {
		feed->has_ended = true;
		feed->result = result;
		feed->error = w->error;
	}
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (result != 0 || i == feed->turn % THREADS_MAX)
			pthread_cond_signal(&feed->moved[i]);
	pthread_mutex_unlock(&feed->lock);
}

/* --- workers --- */

static int worker_init(struct worker *w, struct feed *feed, struct rio_error *err)
{
	int r;

	*w = (struct worker){.feed = feed, .records.wants_ends = feed->shuffles};
	r = rio_scratch_create(&w->scratch, err);
	return r == 0 && feed->deflates ? rio_deflater_create(&w->deflater, err) : r;
}

static void worker_deinit(struct worker *w)
{
	rio_feed_piece_deinit(&w->piece);
	rio_scratch_destroy(w->scratch);
	rio_records_deinit(&w->records);
	free(w->order);
	free(w->shuffled);
	rio_deflater_destroy(w->deflater);
	free(w->part.bytes);
}

static int run(struct feed *feed, struct rio_error *err)
{
	struct worker w;
	int r = worker_init(&w, feed, err);

	while (r == 0 && take_piece(&w)) {
		encode(&w);
		if (await_turn(&w))
			pass_turn(&w, write_piece(&w));
		rio_feed_piece_release(&w.piece);
	}
	worker_deinit(&w);
	return r;
}

static void *work(void *data)
{
	run(data, NULL);
	return NULL;
}

/* Wait until nobody works any more. */
static void join(struct feed *feed)
{
	unsigned n;

	pthread_mutex_lock(&feed->cut_lock);
	feed->all_cut = true;
	n = feed->nr_started;
	pthread_mutex_unlock(&feed->cut_lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(feed->threads[i], NULL);
}

static unsigned nr_threads(const struct rio_feed_config *config)
{
	long n = config->nr_threads ? (long)config->nr_threads : sysconf(_SC_NPROCESSORS_ONLN);
	long most = config->job->shuffle == RIO_SHUFFLE_ROWS ? SHUFFLE_THREADS_MAX : THREADS_MAX;

	return (unsigned)RIO_MAX(RIO_MIN(n, most), 1);
}

static int feed_init(struct feed *feed, const struct rio_feed_config *config, int fd,
	struct rio_error *err)
{
	int r = rio_writer_init(&feed->writer, fd, config->stop_fd, config->bytes_per_second, err);

	if (r == 0)
		r = rio_feed_input_init(&feed->input, config, err);
	if (r < 0)
		return r;
	feed->config = config;
	feed->input.interrupted = interrupted;
	feed->input.data = feed;
	feed->nr_threads = nr_threads(config);
	feed->shuffles = config->job->shuffle == RIO_SHUFFLE_ROWS &&
			 config->job->record_wrapper == RIO_NOT_WRAPPED;
	feed->deflates = config->job->compression == RIO_GZIP;
	pthread_mutex_init(&feed->cut_lock, NULL);
	pthread_mutex_init(&feed->lock, NULL);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		pthread_cond_init(&feed->moved[i], NULL);
	return 0;
}

static void feed_deinit(struct feed *feed)
{
	for (unsigned i = 0; i < THREADS_MAX; i++)
		pthread_cond_destroy(&feed->moved[i]);
	pthread_mutex_destroy(&feed->lock);
	pthread_mutex_destroy(&feed->cut_lock);
	rio_feed_input_deinit(&feed->input);
}

void rio_feed_reject(int fd)
{
	(void)!write(fd, RIO_FEED_MARK, strlen(RIO_FEED_MARK));
}

int rio_feed_epoch(const struct rio_feed_config *config, int fd, struct rio_feed_result *ret,
	struct rio_error *err)
{
	struct feed feed = {0};
	int r = feed_init(&feed, config, fd, err);

	*ret = (struct rio_feed_result){0};
	if (r < 0) {
		rio_feed_reject(fd);
		return r;
	}
	r = run(&feed, err);
	join(&feed);
	if (r < 0) {
		rio_feed_reject(fd);
	} else if (feed.has_ended) {
		r = feed.result;
		if (r < 0 && err)
			*err = feed.error;
	} else {
		r = write_tail(&feed, err);
	}
	*ret = feed.total;
	ret->len_bytes = feed.writer.len_bytes;
	ret->reader_left = r == RIO_READER_LEFT;
	ret->stopped = r == RIO_STOPPED;
	feed_deinit(&feed);
	return RIO_MIN(r, 0);
}
