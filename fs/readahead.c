/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel reads ahead by itself, but an ordinary user's mount only by 128
 * KiB, too little to keep two cores busy.  So once a handle is read in sequence,
 * workers encode blocks of its file before they are asked for:
 *
 *	file     ......[ served ][ READY ][ FILLING ][ QUEUED ].........
 *	                        ^front    <------ window ------>^ahead
 *
 *	absent --schedule--> QUEUED --worker, or the reader itself--> FILLING
 *	  ^                                                              |
 *	  +---- all of it served, left behind, or evicted ---- READY <---+
 *
 * Blocks begin at multiples of their size.  A reader that finds its block QUEUED, or
 * absent, fills it itself, so it waits only for work that has begun.  A block is
 * published by its state, under the lock, after its bytes are all there.  Replies are
 * sent straight out of pinned blocks.
 *
 * Memory is a fixed set of blocks, touched when first used.  A stream gets its
 * share of them; when none is free, the least recently used is taken if so much
 * has been served since that its reader must have gone, else the reader encodes
 * for itself.  A budget by weight with eviction of any block was rejected: many
 * streams would then throw out one another's blocks just before they are read.
 */
#include "readahead.h"

#include "thread.h"

#include <errno.h>

/* Blocks that a stream is ahead by: at most so many, or twice as many as there are workers. */
#define WINDOW_START 2u
#define WINDOW_MAX   8u

enum block_state { BLOCK_FREE, BLOCK_QUEUED, BLOCK_FILLING, BLOCK_READY };

/* Guarded by the readahead's lock; data belongs to the filler while FILLING. */
struct rfs_block {
	TAILQ_ENTRY(rfs_block) in_stream;
	TAILQ_ENTRY(rfs_block) in_list; /* the queue or the free list */
	struct rfs_stream *stream;
	enum block_state state;
	uint64_t off;
	size_t len_bytes;
	size_t valid_bytes;    /* READY: of these, the ones that are right */
	size_t unserved_bytes; /* READY: not yet asked for */
	unsigned nr_pins;
	uint64_t last_use;     /* value of nr_uses */
	uint8_t *data;         /* RFS_BLOCK_BYTES, or NULL before the first use */
};

TAILQ_HEAD(block_list, rfs_block);

struct rfs_readahead {
	rfs_fill_fn *fill;
	unsigned nr_blocks;
	unsigned nr_workers;
	pthread_t *workers;

	pthread_mutex_t lock;   /* all below, and every block */
	pthread_cond_t work;    /* the queue has grown, or stopping */
	pthread_cond_t changed; /* a block is READY, or unpinned */
	struct block_list queue;
	struct block_list idle; /* BLOCK_FREE */
	unsigned nr_idle;
	unsigned nr_touched;
	unsigned nr_streams;    /* with a window */
	uint64_t nr_uses;
	uint64_t nr_hits;
	uint64_t nr_misses;
	bool stopping;
	struct rfs_block blocks[];
};

/* --- blocks; the lock is held in all of this --- */

static void free_block(struct rfs_readahead *ra, struct rfs_block *block)
{
	TAILQ_REMOVE(&block->stream->blocks, block, in_stream);
	block->state = BLOCK_FREE;
	block->stream = NULL;
	TAILQ_INSERT_HEAD(&ra->idle, block, in_list);
	ra->nr_idle++;
}

/* Free it, unless someone is at it. */
static bool drop_block(struct rfs_readahead *ra, struct rfs_block *block)
{
	if (block->nr_pins || block->state == BLOCK_FILLING)
		return false;
	if (block->state == BLOCK_QUEUED)
		TAILQ_REMOVE(&ra->queue, block, in_list);
	free_block(ra, block);
	return true;
}

/* The least recently used block, if its reader is not coming back for it. */
static void evict_one(struct rfs_readahead *ra)
{
	struct rfs_block *oldest = NULL;

	for (unsigned i = 0; i < ra->nr_blocks; i++) {
		struct rfs_block *b = &ra->blocks[i];

		if (b->state == BLOCK_READY && !b->nr_pins &&
			(!oldest || b->last_use < oldest->last_use))
			oldest = b;
	}
	if (oldest && ra->nr_uses - oldest->last_use > 4 * (uint64_t)ra->nr_blocks)
		drop_block(ra, oldest);
}

static struct rfs_block *take_idle(struct rfs_readahead *ra)
{
	struct rfs_block *block;

	if (TAILQ_EMPTY(&ra->idle))
		evict_one(ra);
	block = TAILQ_FIRST(&ra->idle);
	if (!block)
		return NULL;
	if (!block->data) {
		block->data = aligned_alloc(4 * RIO_KIB, RFS_BLOCK_BYTES);
		if (!block->data)
			return NULL;
		ra->nr_touched++;
	}
	TAILQ_REMOVE(&ra->idle, block, in_list);
	ra->nr_idle--;
	return block;
}

/* Let the lock go, fill, publish. */
static void fill_block(struct rfs_readahead *ra, struct rfs_block *block)
{
	size_t valid;

	TAILQ_REMOVE(&ra->queue, block, in_list);
	block->state = BLOCK_FILLING;
	pthread_mutex_unlock(&ra->lock);
	valid = ra->fill(block->stream->file, block->off, block->data, block->len_bytes);
	pthread_mutex_lock(&ra->lock);
	block->valid_bytes = valid;
	block->last_use = ra->nr_uses;
	block->state = BLOCK_READY;
	pthread_cond_broadcast(&ra->changed);
}

static void *run_worker(void *data)
{
	struct rfs_readahead *ra = data;

	pthread_mutex_lock(&ra->lock);
	while (!ra->stopping) {
		struct rfs_block *block = TAILQ_FIRST(&ra->queue);

		if (block)
			fill_block(ra, block);
		else
			pthread_cond_wait(&ra->work, &ra->lock);
	}
	pthread_mutex_unlock(&ra->lock);
	return NULL;
}

/* --- the pool --- */

static int start_workers(struct rfs_readahead *ra, unsigned nr)
{
	int e = 0;

	ra->workers = calloc(nr, sizeof(*ra->workers));
	if (!ra->workers)
		return ENOMEM;
	while (!e && ra->nr_workers < nr) {
		e = rfs_thread_start(&ra->workers[ra->nr_workers], run_worker, ra);
		ra->nr_workers += !e;
	}
	return e;
}

int rfs_readahead_create(uint64_t budget_bytes, unsigned nr_workers, rfs_fill_fn *fill,
	struct rfs_readahead **ret)
{
	unsigned nr_blocks = (unsigned)RIO_MIN(budget_bytes / RFS_BLOCK_BYTES, UINT32_MAX / 2);
	struct rfs_readahead *ra = calloc(1, sizeof(*ra) + nr_blocks * sizeof(ra->blocks[0]));
	int e;

	if (!ra)
		return ENOMEM;
	ra->fill = fill;
	ra->nr_blocks = ra->nr_idle = nr_blocks;
	pthread_mutex_init(&ra->lock, NULL);
	pthread_cond_init(&ra->work, NULL);
	pthread_cond_init(&ra->changed, NULL);
	TAILQ_INIT(&ra->queue);
	TAILQ_INIT(&ra->idle);
	for (unsigned i = 0; i < nr_blocks; i++)
		TAILQ_INSERT_TAIL(&ra->idle, &ra->blocks[i], in_list);

	e = nr_blocks ? start_workers(ra, nr_workers) : 0;
	if (e) {
		rfs_readahead_destroy(ra);
		return e;
	}
	*ret = ra;
	return 0;
}

void rfs_readahead_destroy(struct rfs_readahead *ra)
{
	if (!ra)
		return;
	pthread_mutex_lock(&ra->lock);
	ra->stopping = true;
	pthread_cond_broadcast(&ra->work);
	pthread_mutex_unlock(&ra->lock);
	for (unsigned i = 0; i < ra->nr_workers; i++)
		pthread_join(ra->workers[i], NULL);
	for (unsigned i = 0; i < ra->nr_blocks; i++)
		free(ra->blocks[i].data);
	pthread_cond_destroy(&ra->changed);
	pthread_cond_destroy(&ra->work);
	pthread_mutex_destroy(&ra->lock);
	free(ra->workers);
	free(ra);
}

void rfs_readahead_usage(struct rfs_readahead *ra, struct rfs_readahead_usage *ret)
{
	pthread_mutex_lock(&ra->lock);
	*ret = (struct rfs_readahead_usage){
		.nr_blocks = ra->nr_blocks - ra->nr_idle,
		.memory_bytes = ra->nr_touched * (uint64_t)RFS_BLOCK_BYTES,
		.budget_bytes = ra->nr_blocks * (uint64_t)RFS_BLOCK_BYTES,
		.nr_hits = ra->nr_hits,
		.nr_misses = ra->nr_misses,
	};
	pthread_mutex_unlock(&ra->lock);
}

/* --- streams --- */

void rfs_stream_init(struct rfs_stream *stream, struct rfs_readahead *ra, void *file,
	uint64_t len_bytes)
{
	*stream = (struct rfs_stream){.ra = ra, .file = file, .len_bytes = len_bytes};
	rfs_sequence_init(&stream->sequence);
	TAILQ_INIT(&stream->blocks);
}

/* Drop what ends at or before off; what is being filled or sent stays. */
static void drop_before(struct rfs_stream *stream, uint64_t off)
{
	struct rfs_block *block = TAILQ_FIRST(&stream->blocks);

	while (block) {
		struct rfs_block *next = TAILQ_NEXT(block, in_stream);

		if (block->off + block->len_bytes <= off)
			drop_block(stream->ra, block);
		block = next;
	}
}

static void set_window(struct rfs_stream *stream, unsigned window)
{
	stream->ra->nr_streams += (window != 0) - (stream->window != 0);
	stream->window = window;
}

/* The sequence is over: nothing that was made ahead of it will be read. */
static void stop_stream(struct rfs_stream *stream)
{
	pthread_mutex_lock(&stream->ra->lock);
	set_window(stream, 0);
	stream->ahead = 0;
	drop_before(stream, stream->len_bytes);
	pthread_mutex_unlock(&stream->ra->lock);
}

void rfs_stream_deinit(struct rfs_stream *stream)
{
	struct rfs_readahead *ra = stream->ra;

	stop_stream(stream);
	pthread_mutex_lock(&ra->lock);
	while (drop_before(stream, stream->len_bytes), !TAILQ_EMPTY(&stream->blocks))
		pthread_cond_wait(&ra->changed, &ra->lock);
	pthread_mutex_unlock(&ra->lock);
	rfs_sequence_deinit(&stream->sequence);
}

static struct rfs_block *find_block(struct rfs_stream *stream, uint64_t off)
{
	struct rfs_block *block;

	TAILQ_FOREACH(block, &stream->blocks, in_stream)
		if (off >= block->off && off - block->off < block->len_bytes)
			return block;
	return NULL;
}

/* A new block, QUEUED, for what lies around off; NULL where no memory is free. */
static struct rfs_block *queue_block(struct rfs_stream *stream, uint64_t off)
{
	struct rfs_readahead *ra = stream->ra;
	struct rfs_block *block = take_idle(ra);

	if (!block)
		return NULL;
	block->stream = stream;
	block->state = BLOCK_QUEUED;
	block->off = off - off % RFS_BLOCK_BYTES;
	block->len_bytes = RIO_MIN(stream->len_bytes - block->off, (uint64_t)RFS_BLOCK_BYTES);
	block->unserved_bytes = block->len_bytes;
	block->nr_pins = 0;
	TAILQ_INSERT_TAIL(&stream->blocks, block, in_stream);
	TAILQ_INSERT_TAIL(&ra->queue, block, in_list);
	return block;
}

/* Queue blocks for the workers until the window is full or memory is. */
static void schedule(struct rfs_stream *stream, uint64_t front)
{
	struct rfs_readahead *ra = stream->ra;
	unsigned share;
	uint64_t limit;

	if (!stream->window)
		set_window(stream, WINDOW_START);
	share = RIO_MAX(1u, ra->nr_blocks / ra->nr_streams);
	limit = front + RIO_MIN(stream->window, share) * (uint64_t)RFS_BLOCK_BYTES;
	stream->ahead = RIO_MAX(stream->ahead, front - front % RFS_BLOCK_BYTES);
	for (; stream->ahead < RIO_MIN(limit, stream->len_bytes);
		stream->ahead += RFS_BLOCK_BYTES) {
		if (find_block(stream, stream->ahead))
			continue;
		if (!queue_block(stream, stream->ahead))
			return;
		pthread_cond_signal(&ra->work);
	}
}

/* Pin the block and see to it that it is READY. */
static void await_block(struct rfs_stream *stream, struct rfs_block *block)
{
	struct rfs_readahead *ra = stream->ra;

	block->nr_pins++;
	ra->nr_hits += block->state == BLOCK_READY;
	ra->nr_misses += block->state != BLOCK_READY;
	if (block->state == BLOCK_READY)
		return;
	/* The reader has caught up with the workers: they need a longer start. */
	if (stream->window)
		set_window(stream, RIO_MIN(2 * stream->window,
			RIO_MAX(WINDOW_MAX, 2 * ra->nr_workers)));
	if (block->state == BLOCK_QUEUED)
		fill_block(ra, block);
	while (block->state != BLOCK_READY)
		pthread_cond_wait(&ra->changed, &ra->lock);
}

static void unpin(struct rfs_stream *stream, struct rfs_pieces *pieces)
{
	struct rfs_readahead *ra = stream->ra;

	for (unsigned i = 0; i < pieces->nr; i++) {
		struct rfs_block *block = pieces->blocks[i];

		block->nr_pins--;
		if (block->unserved_bytes == 0)
			drop_block(ra, block);
	}
	if (pieces->nr)
		pthread_cond_broadcast(&ra->changed);
	pieces->nr = 0;
}

/*
 * Pin all of [off, end) or nothing.  A block that is not there is made on the spot,
 * by the reader: its other half will be asked for, so no byte is encoded twice.
 */
static bool pin_range(struct rfs_stream *stream, uint64_t off, uint64_t end,
	struct rfs_pieces *ret)
{
	ret->nr = 0;
	while (off < end && ret->nr < RFS_PIECES_MAX) {
		struct rfs_block *block = find_block(stream, off);
		size_t at, len;

		if (!block)
			block = queue_block(stream, off);
		if (!block)
			break;
		await_block(stream, block);
		at = (size_t)(off - block->off);
		len = (size_t)RIO_MIN(end - off, block->len_bytes - at);
		ret->blocks[ret->nr] = block;
		ret->iov[ret->nr++] = (struct iovec){block->data + at, len};
		if (at + len > block->valid_bytes)
			break;
		off += len;
	}
	if (off == end)
		return true;
	unpin(stream, ret);
	return false;
}

/* Count what goes out, so that a block that has all been read makes room. */
static void mark_served(struct rfs_readahead *ra, const struct rfs_pieces *pieces)
{
	for (unsigned i = 0; i < pieces->nr; i++) {
		struct rfs_block *block = pieces->blocks[i];

		block->unserved_bytes -= RIO_MIN(pieces->iov[i].iov_len, block->unserved_bytes);
		block->last_use = ++ra->nr_uses;
	}
}

bool rfs_stream_get(struct rfs_stream *stream, uint64_t off, size_t len_bytes,
	struct rfs_pieces *ret)
{
	struct rfs_readahead *ra = stream->ra;
	uint64_t front;
	bool ended, ok;

	if (!ra->nr_blocks)
		return false;
	if (!rfs_sequence_note(&stream->sequence, off, off + len_bytes, &front, &ended)) {
		if (ended)
			stop_stream(stream);
		return false;
	}
	pthread_mutex_lock(&ra->lock);
	drop_before(stream,
		front > RFS_SEQUENCE_SLACK_BYTES ? front - RFS_SEQUENCE_SLACK_BYTES : 0);
	schedule(stream, front);
	ok = pin_range(stream, off, off + len_bytes, ret);
	if (ok)
		mark_served(ra, ret);
	pthread_mutex_unlock(&ra->lock);
	return ok;
}

void rfs_stream_put(struct rfs_stream *stream, struct rfs_pieces *pieces)
{
	pthread_mutex_lock(&stream->ra->lock);
	unpin(stream, pieces);
	pthread_mutex_unlock(&stream->ra->lock);
}
