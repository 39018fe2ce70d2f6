/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the source, by all cores at once.
 *
 * Whether a chunk begins inside quotes depends on all chunks before it, so the
 * workers count for both cases and never wait for each other (map/walk.h).  What
 * they found is joined in order, as soon as it is there: then the state is
 * known, one of the two counts is the truth, and the stretches that begin outside
 * quotes become checkpoints.
 *
 *	workers   chunk 3 | chunk 2 ✓ | chunk 4 | …       any order
 *	joined    chunk 0 ─► chunk 1 ─► …                 in order, under the lock
 *
 * Chunks finished early wait in a ring, so a slow one bounds the memory that the
 * others take.
 *
 * A compressed source that was never read is another matter: its length is not
 * known, and it can be read in one direction only.  Then the stretches are cut from
 * the text as it is decoded, on the one thread that decodes, while they are still in
 * its cache.  The stretches, and so the map, are the same.
 */
#include "map/build.h"

#include "base/util.h"
#include "map/walk.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

/* Chunks in flight, a thread. */
#define RING_PER_THREAD 4
#define THREADS_MAX     64

/* Below this a second thread costs more than it saves. */
#define BYTES_PER_THREAD_MIN (4 * RIO_MIB)

struct chunk {
	struct rio_stretch stretches[RIO_WALK_STRETCHES];
	size_t nr_stretches;
	bool done;
};

/* What the joined part of the source holds. */
struct join {
	struct rio_map *map;
	bool inside;    /* the next stretch begins inside quotes */
	bool unfinished; /* the last line has content and no line feed */
	uint64_t nr_rows;
	uint64_t nr_lines;
};

struct job {
	const struct rio_map_build *build;
	struct rio_source *source;
	uint64_t size_bytes;
	uint64_t nr_chunks;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t moved; /* nr_joined grew, or failed */
	uint64_t next_chunk;
	uint64_t nr_joined;
	struct chunk *ring;
	size_t ring_room;
	struct join join;
	struct rio_error error; /* of the first failure */
	bool failed;
};

/* A checkpoint at the stretch's first row start, if it has one, and none is near. */
static int add_stretch_checkpoint(struct join *j, const struct rio_stretch *s)
{
	struct rio_checkpoint at = {s->src_off, j->nr_rows, j->nr_lines};

	if (j->inside) {
		if (s->tally.inside_row_off == RIO_NO_OFFSET)
			return 0;
		at.src_off += s->tally.inside_row_off;
		at.row += 1;
		at.line += s->tally.inside_row_lines;
	}
	if (j->map->nr_checkpoints &&
		at.src_off - rio_map_last(j->map).src_off < RIO_MAP_SPACING_BYTES / 2)
		return 0;
	return rio_map_add(j->map, at);
}

static int join_stretch(struct join *j, const struct rio_stretch *s)
{
	const struct rio_tally *t = &s->tally;
	uint64_t bad_quote = t->bad_quote[j->inside];
	int r = add_stretch_checkpoint(j, s);

	if (bad_quote != RIO_NO_OFFSET && j->map->bad_quote_off == RIO_NO_OFFSET)
		j->map->bad_quote_off = s->src_off + bad_quote;
	j->nr_rows += t->nr_rows[j->inside];
	j->nr_lines += t->nr_lines;
	j->inside ^= t->odd_quotes;
	j->unfinished = t->line_has_content;
	return r;
}

/* Under the lock. */
static void fail(struct job *job, const struct rio_error *error)
{
	if (!job->failed)
		job->error = *error;
	job->failed = true;
	pthread_cond_broadcast(&job->moved);
}

/* Join what is there in order, and report. Under the lock. */
static void join_ready(struct job *job)
{
	const struct rio_map_build *b = job->build;
	struct chunk *chunk = &job->ring[job->nr_joined % job->ring_room];
	struct rio_error error;
	int r = 0;

	for (; chunk->done; chunk = &job->ring[job->nr_joined % job->ring_room]) {
		for (size_t i = 0; i < chunk->nr_stretches && r == 0; i++)
			r = join_stretch(&job->join, &chunk->stretches[i]);
		chunk->done = false;
		job->nr_joined++;
		pthread_cond_broadcast(&job->moved);
	}
	if (r < 0)
		rio_fail(&error, RIO_ENOMEM, "out of memory");
	else if (b->progress && b->progress(b->progress_data,
		RIO_MIN(b->data_off + job->nr_joined * RIO_WALK_CHUNK_BYTES, job->size_bytes),
		job->size_bytes) != 0)
		r = rio_fail_errno(&error, EINTR, "counting was stopped");
	if (r < 0)
		fail(job, &error);
}

/* The next chunk to count, or NULL when there is none left. */
static struct chunk *take_chunk(struct job *job, uint64_t *ret_number)
{
	struct chunk *chunk = NULL;

	pthread_mutex_lock(&job->lock);
	while (!job->failed && job->next_chunk < job->nr_chunks &&
		job->next_chunk - job->nr_joined >= job->ring_room)
		pthread_cond_wait(&job->moved, &job->lock);
	if (!job->failed && job->next_chunk < job->nr_chunks) {
		*ret_number = job->next_chunk++;
		chunk = &job->ring[*ret_number % job->ring_room];
	}
	pthread_mutex_unlock(&job->lock);
	return chunk;
}

static void *work(void *data)
{
	struct job *job = data;
	struct rio_walk walk;
	struct rio_error error;
	struct chunk *chunk;
	uint64_t number;
	int r = 0;

	rio_walk_init(&walk, job->source, &job->build->dialect, job->build->data_off,
		job->size_bytes);
	while (r == 0 && (chunk = take_chunk(job, &number))) {
		r = rio_walk_chunk(&walk, number, chunk->stretches, &chunk->nr_stretches, &error);
		if (r < 0)
			break;
		pthread_mutex_lock(&job->lock);
		chunk->done = true;
		join_ready(job);
		pthread_mutex_unlock(&job->lock);
	}
	if (r < 0) {
		pthread_mutex_lock(&job->lock);
		fail(job, &error);
		pthread_mutex_unlock(&job->lock);
	}
	rio_walk_deinit(&walk);
	return NULL;
}

static unsigned nr_threads(const struct rio_map_build *build, uint64_t len_bytes)
{
	uint64_t most = RIO_MIN(len_bytes / BYTES_PER_THREAD_MIN + 1, THREADS_MAX);
	uint64_t n = build->nr_threads;

	/* Asking takes longer than counting a small file. */
	if (!n && most > 1)
		n = (uint64_t)RIO_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
	return (unsigned)RIO_MAX(RIO_MIN(n, most), 1u);
}

static int run(struct job *job, struct rio_error *err)
{
	pthread_t threads[THREADS_MAX];
	unsigned started = 0, n = nr_threads(job->build, job->size_bytes - job->build->data_off);

	job->ring_room = RING_PER_THREAD * n;
	job->ring = calloc(job->ring_room, sizeof(*job->ring));
	if (!job->ring)
		return rio_fail(err, RIO_ENOMEM, "out of memory");

	/* The caller is the last worker: threads that cannot be had are only missed. */
	while (started + 1 < n && pthread_create(&threads[started], NULL, work, job) == 0)
		started++;
	work(job);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	free(job->ring);
	if (job->failed && err)
		*err = job->error;
	return job->failed ? (int)job->error.code : 0;
}

/* The row in which the bad quote stands: counted from the checkpoint before it. */
static int locate_bad_quote(struct rio_map *map, struct rio_walk *walk, struct rio_error *err)
{
	const struct rio_checkpoint from =
		rio_map_checkpoint(map, rio_map_find_offset(map, map->bad_quote_off));
	struct rio_tally tally;
	int r;

	rio_tally_init(&tally);
	r = rio_walk_tally(walk, from.src_off, map->bad_quote_off, &tally, err);
	map->bad_quote_row = from.row + tally.nr_rows[0];
	return r < 0 ? r : rio_window_verify(&walk->window, err);
}

/* The end of the source: an unfinished row, a quote that is never closed, the sentinel. */
static int finish(struct job *job, struct rio_error *err)
{
	struct join *j = &job->join;
	struct rio_map *map = j->map;
	_cleanup_(rio_walk_deinit) struct rio_walk walk = {0};
	int r = 0;

	rio_walk_init(&walk, job->source, &job->build->dialect, job->build->data_off,
		job->size_bytes);
	if (j->inside && map->bad_quote_off == RIO_NO_OFFSET) {
		map->bad_quote_open = true;
		r = rio_walk_find_last(&walk, job->build->data_off, job->size_bytes,
			(uint8_t)job->build->dialect.quote, &map->bad_quote_off, err);
	}
	if (r < 0)
		return r;
	j->nr_rows += j->inside || j->unfinished;

	/* A row start found at the very end is none: it is the sentinel's place. */
	if (map->nr_checkpoints && rio_map_last(map).src_off == job->size_bytes)
		rio_map_remove_last(map);
	if (rio_map_add(map, (struct rio_checkpoint){job->size_bytes, j->nr_rows, j->nr_lines}) < 0)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	return map->bad_quote_off == RIO_NO_OFFSET ? 0 : locate_bad_quote(map, &walk, err);
}

static int count_chunks(struct job *job, struct rio_error *err)
{
	uint64_t data_off = job->build->data_off;

	if (job->size_bytes < data_off)
		return rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short meanwhile");
	job->nr_chunks = (job->size_bytes - data_off + RIO_WALK_CHUNK_BYTES - 1) /
			 RIO_WALK_CHUNK_BYTES;
	return run(job, err);
}

/* The one stretch that is being cut from a text as it comes. */
struct stream {
	struct job *job;
	uint64_t off; /* of the next byte to come */
	struct rio_stretch stretch;
};

/* The offset from which on a line feed ends the stretch, as in rio_walk_chunk. */
static uint64_t stretch_end(const struct stream *s)
{
	uint64_t data_off = s->job->build->data_off, from = s->stretch.src_off - data_off;

	return data_off + (from / RIO_MAP_SPACING_BYTES + 1) * RIO_MAP_SPACING_BYTES - 1;
}

/* How many of the next bytes belong to the stretch; *ret_ends: it ends behind them. */
static size_t cut(const struct stream *s, const uint8_t *p, size_t len_bytes, bool *ret_ends)
{
	uint64_t end = stretch_end(s);
	const uint8_t *line_feed;

	*ret_ends = false;
	if (s->off < end)
		return (size_t)RIO_MIN(len_bytes, end - s->off);
	line_feed = memchr(p, '\n', len_bytes);
	*ret_ends = line_feed;
	return line_feed ? (size_t)(line_feed - p) + 1 : len_bytes;
}

static int feed(void *data, const uint8_t *p, size_t len_bytes, uint64_t done_bytes,
	struct rio_error *err)
{
	struct stream *s = data;
	const struct rio_map_build *b = s->job->build;
	size_t skip = s->off < b->data_off ? (size_t)RIO_MIN(len_bytes, b->data_off - s->off) : 0;
	bool ends;

	s->off += skip;
	for (size_t i = skip, n; i < len_bytes; i += n) {
		n = cut(s, p + i, len_bytes - i, &ends);
		rio_kernel()->tally(&b->dialect, p + i, n, &s->stretch.tally);
		s->off += n;
		if (ends && join_stretch(&s->job->join, &s->stretch) < 0)
			return rio_fail(err, RIO_ENOMEM, "out of memory");
		if (ends) {
			s->stretch.src_off = s->off;
			rio_tally_init(&s->stretch.tally);
		}
	}
	if (b->progress && b->progress(b->progress_data, done_bytes,
				   s->job->join.map->stamp.size_bytes))
		return rio_fail_errno(err, EINTR, "counting was stopped");
	return 0;
}

static int count_stream(struct job *job, struct rio_error *err)
{
	struct stream s = {.job = job, .stretch.src_off = job->build->data_off};
	int r;

	rio_tally_init(&s.stretch.tally);
	r = rio_source_read_through(job->source, feed, &s, err);
	if (r < 0)
		return r;
	if (s.off < job->build->data_off)
		return rio_fail(err, RIO_ESOURCE_CHANGED, "the file was cut short meanwhile");
	if (s.off > s.stretch.src_off && join_stretch(&job->join, &s.stretch) < 0)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	return rio_source_len(job->source, &job->size_bytes, err);
}

static int count(struct job *job, struct rio_error *err)
{
	struct rio_map *map = job->join.map;
	int r = rio_source_stamp(job->source, &map->stamp, err);

	if (r < 0)
		return r;
	if (rio_source_is_unread(job->source)) {
		r = count_stream(job, err);
	} else {
		r = rio_source_len(job->source, &job->size_bytes, err);
		if (r == 0)
			r = count_chunks(job, err);
	}
	if (r == 0)
		r = finish(job, err);
	return r < 0 ? r : rio_source_check(job->source, &map->stamp, err);
}

int rio_map_build(struct rio_source *source, const struct rio_map_build *build,
	struct rio_map **ret, struct rio_error *err)
{
	struct rio_map *map = calloc(1, sizeof(*map));
	struct job job = {
		.build = build,
		.source = source,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.moved = PTHREAD_COND_INITIALIZER,
		.join = {.map = map, .nr_lines = build->data_line},
	};
	int r;

	if (!map)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	map->data_off = build->data_off;
	map->data_line = build->data_line;
	map->bad_quote_off = RIO_NO_OFFSET;
	r = count(&job, err);
	pthread_cond_destroy(&job.moved);
	pthread_mutex_destroy(&job.lock);
	if (r < 0) {
		rio_map_destroy(map);
		return r;
	}
	*ret = map;
	return 0;
}
