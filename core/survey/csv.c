/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CSV is surveyed in pieces of about a MiB, each a few segments, taken in order by all
 * cores.  Of a piece the cells are counted, and then its records are encoded as any
 * reader would have them, and looked at; at a record that cannot be encoded, reading
 * begins anew behind it.  Where records differ in length, a segment's first one lies
 * where the map's sizes say, and one that cannot be encoded takes a place of its own.
 *
 * Judging cells here by the rules, and encoding nothing, was rejected: it would be a
 * second opinion about what can be encoded, right until an option is added.
 */
#include "survey/survey.h"

#include "survey/cells.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define PIECE_BYTES RIO_MIB
#define WORKERS_MAX 8

struct job {
	const struct rio_dataset *dataset;
	struct rio_source *source;
	const struct rio_survey_config *config;
	struct rio_survey *survey;

	pthread_mutex_t lock; /* all below, and survey */
	size_t next;          /* the segment that the next piece begins with */
	uint64_t done_bytes;
	int r;
	struct rio_error err;
};

/* What a worker has of its own. */
struct worker {
	struct job *job;
	struct rio_scratch *scratch;
	struct rio_cells cells;
	struct rio_facts facts;
	struct rio_unframe unframe;

	/* The records that unframe reads: up to end, or to one that cannot be encoded. */
	uint64_t off, end;
	int r;
	struct rio_error err;
};

static uint64_t wall_row(const struct rio_map *map)
{
	return map->bad_quote_off == RIO_NO_OFFSET ? rio_map_nr_rows(map) : map->bad_quote_row;
}

static int pull(void *data, void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	struct worker *w = data;
	const struct job *job = w->job;

	*ret_bytes = 0;
	if (w->r || w->off == w->end)
		return 0;
	w->r = rio_dataset_read(job->dataset, job->source, w->scratch, w->off, dst,
		RIO_MIN(len_bytes, w->end - w->off), ret_bytes, NULL, &w->err);
	w->off += *ret_bytes;
	return 0;
}

static void note_finding(struct worker *w)
{
	pthread_mutex_lock(&w->job->lock);
	rio_findings_add(&w->job->survey->findings, w->off, &w->err);
	pthread_mutex_unlock(&w->job->lock);
}

/* A record: where it begins in the encoded file, and its number. */
struct place {
	uint64_t off, number;
};

/* The place of the first record of a segment. */
static struct place place_of(const struct rio_dataset *dataset, size_t segment)
{
	const struct rio_map *map = rio_dataset_map(dataset);
	uint64_t number = rio_map_records_before(map, segment);

	/* The record with a bad quote is asked for, too: it tells what is wrong. */
	return (struct place){
		map->sizes ? rio_sizes_before(map->sizes, segment).record_off
			   : number * rio_dataset_record_bytes(dataset),
		number};
}

/* Look at the records from begin to end, past all that cannot be encoded. */
static int look_at_records(struct worker *w, struct place begin, struct place end,
	struct rio_error *err)
{
	const struct rio_map *map = rio_dataset_map(w->job->dataset);
	size_t record_bytes = rio_dataset_record_bytes(w->job->dataset);
	struct rio_framed framed;
	uint64_t number = begin.number;
	int r = 0;

	for (w->off = begin.off; w->off < end.off; number++) {
		w->end = end.off;
		w->r = 0;
		rio_unframe_reset(&w->unframe);
		while (!r && !(r = rio_unframe_next(&w->unframe, &framed, err)))
			r = rio_facts_add_framed(&w->facts, number++, &framed, err);
		if (r < 0)
			return r;
		r = 0;
		if (w->r && w->r != RIO_EROW) {
			*err = w->err;
			return w->r;
		}
		if (!w->r)
			break;
		note_finding(w);
		/* Behind a bad quote nothing can be told apart. */
		if (map->bad_quote_off != RIO_NO_OFFSET && w->err.row >= map->bad_quote_row)
			break;
		w->off += record_bytes ? record_bytes : RIO_BAD_RECORD_BYTES;
	}
	return 0;
}

/* Segments [from, to): their cells, and their records. */
static int survey_piece(struct worker *w, size_t from, size_t to, struct rio_error *err)
{
	const struct job *job = w->job;
	const struct rio_map *map = rio_dataset_map(job->dataset);
	uint64_t row = rio_map_checkpoint(map, from).row, wall = wall_row(map), next;
	int r = 0;

	for (size_t k = from; !r && k < to && row < wall; k++, row = next) {
		next = rio_map_checkpoint(map, k + 1).row;
		r = rio_cells_count(&w->cells, job->dataset, job->source, w->scratch, k,
			RIO_MIN(next, wall) - row, err);
	}
	return r ? r : look_at_records(w, place_of(job->dataset, from),
			       place_of(job->dataset, to), err);
}

static uint64_t src_off(const struct rio_map *map, size_t checkpoint)
{
	return rio_map_checkpoint(map, checkpoint).src_off;
}

/* The next piece, as segments [from, to); false where there is none. */
static bool take(struct job *job, size_t *ret_from, size_t *ret_to)
{
	const struct rio_map *map = rio_dataset_map(job->dataset);
	size_t from, to;

	pthread_mutex_lock(&job->lock);
	from = to = job->next;
	if (!job->r)
		while (to + 1 < map->nr_checkpoints &&
			src_off(map, to) < src_off(map, from) + PIECE_BYTES)
			to++;
	job->next = to;
	pthread_mutex_unlock(&job->lock);
	*ret_from = from;
	*ret_to = to;
	return from < to;
}

static void give(struct job *job, uint64_t len_bytes, int r, const struct rio_error *err)
{
	const struct rio_survey_config *config = job->config;
	uint64_t size_bytes = rio_dataset_stamp(job->dataset)->size_bytes;
	double packed = (double)size_bytes / (double)rio_dataset_text_bytes(job->dataset);

	pthread_mutex_lock(&job->lock);
	if (r && !job->r) {
		job->r = r;
		job->err = *err;
	}
	job->done_bytes += len_bytes;
	/* In bytes of the file, which is smaller than its text where it is compressed. */
	if (!job->r && config->progress && config->progress(config->progress_data,
		RIO_MIN((uint64_t)((double)job->done_bytes * packed), size_bytes), size_bytes))
		job->r = rio_fail_errno(&job->err, EINTR, "stopped");
	pthread_mutex_unlock(&job->lock);
}

static int init_worker(struct worker *w, struct job *job, struct rio_error *err)
{
	size_t nr_columns = rio_dataset_schema(job->dataset)->nr_columns;

	*w = (struct worker){.job = job};
	rio_facts_init(&w->facts, false);
	rio_unframe_init(&w->unframe, pull, w, SIZE_MAX);
	w->cells.columns = calloc(nr_columns + 1, sizeof(*w->cells.columns));
	if (!w->cells.columns)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	return rio_scratch_create(&w->scratch, err);
}

/* Add what a worker has found to the survey, and take it down. */
static void finish_worker(struct worker *w)
{
	struct rio_survey *survey = w->job->survey;

	pthread_mutex_lock(&w->job->lock);
	for (size_t i = 0; w->cells.columns && i < survey->nr_columns; i++)
		rio_range_merge(&survey->columns[i], &w->cells.columns[i]);
	survey->nr_rows += w->cells.nr_rows;
	survey->nr_other_lengths += w->cells.nr_other_lengths;
	survey->nr_nul += w->cells.nr_nul;
	rio_facts_merge(&survey->facts, &w->facts);
	pthread_mutex_unlock(&w->job->lock);
	free(w->cells.columns);
	rio_cells_deinit(&w->cells);
	rio_facts_deinit(&w->facts);
	rio_unframe_deinit(&w->unframe);
	rio_scratch_destroy(w->scratch);
}

static void *work(void *data)
{
	struct job *job = data;
	const struct rio_map *map = rio_dataset_map(job->dataset);
	struct worker w;
	struct rio_error err;
	size_t from, to;
	int r = init_worker(&w, job, &err);

	if (r)
		give(job, 0, r, &err);
	while (!r && take(job, &from, &to)) {
		r = survey_piece(&w, from, to, &err);
		give(job, src_off(map, to) - src_off(map, from), r, &err);
	}
	finish_worker(&w);
	return NULL;
}

static void run(struct job *job, unsigned nr_workers)
{
	pthread_t workers[WORKERS_MAX];
	unsigned started = 0;

	while (started + 1 < nr_workers &&
		pthread_create(&workers[started], NULL, work, job) == 0)
		started++;
	work(job);
	for (unsigned i = 0; i < started; i++)
		pthread_join(workers[i], NULL);
}

int rio_survey_csv(const struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_survey_config *config, struct rio_survey *ret, struct rio_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned nr_workers = config->nr_threads ? config->nr_threads : (unsigned)RIO_MAX(cores, 1);
	struct job job = {
		.dataset = dataset,
		.source = source,
		.config = config,
		.survey = ret,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	int r = rio_survey_init(ret, config, err);

	if (r)
		return r;
	ret->nr_columns = rio_dataset_schema(dataset)->nr_columns;
	ret->columns = calloc(ret->nr_columns + 1, sizeof(*ret->columns));
	if (!ret->columns)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	ret->nr_unreadable = rio_dataset_nr_rows(dataset) - wall_row(rio_dataset_map(dataset));
	if (!ret->nr_columns)
		return 0;
	run(&job, RIO_MIN(nr_workers, WORKERS_MAX));
	if (job.r)
		*err = job.err;
	return job.r;
}
