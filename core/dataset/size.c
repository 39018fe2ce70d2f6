/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pass that finds where records of many lengths lie, without building them.
 *
 * A segment begins at a row start, so each can be looked at by itself: workers take a
 * few of them at a time, and put down what they found at the segment's own place.  At
 * the end a sum over all makes offsets of lengths.
 *
 *	segments   0 … 127 | 128 … 255 | …      any worker takes the next few
 *	found      bytes and number of records of each
 *
 * Where texts are numbered (text=map) a pass before it gathers them: what a text's
 * number is depends on all the others, and an int32's length on it.
 *
 * A row that cannot become a record takes the place of an empty frame, which no read
 * gets: so all that stands before and behind it has its place.  A quote after which rows
 * cannot be told apart takes the place of one, for all that follows.
 */
#include "dataset/internal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define THREADS_MAX      64
#define SEGMENTS_A_TURN  128 /* 2 MiB, as far as one decoder of a compressed source goes */
#define TURNS_PER_THREAD 2   /* below that another thread costs more than it saves */

struct pass {
	struct rio_dataset *dataset;
	struct rio_source *source;
	const struct rio_dataset_config *config;
	struct rio_segment_size *found; /* one a segment, each put down by one worker */
	uint64_t before_bytes, total_bytes; /* for the progress: of the passes before, of all */
	bool gathers; /* texts, and not sizes */

	pthread_mutex_t lock; /* guards all below */
	size_t next;          /* segment */
	uint64_t done_bytes;
	uint64_t nr_filled;
	struct rio_codes *codes;
	struct rio_error error; /* of the first failure */
	bool failed;
};

/* What a worker has of its own. */
struct worker {
	struct pass *pass;
	struct rio_reading reading;
	struct rio_codes *codes;
};

static int add_row(void *data, const struct rio_row *row)
{
	struct rio_segment_size *sum = data;

	sum->len_bytes += row->record_bytes;
	sum->nr_skipped += row->is_skipped;
	return 0;
}

static int gather_segment(struct worker *w, size_t k)
{
	const struct rio_dataset *d = w->pass->dataset;
	struct rio_segment segment;
	bool has_wall;
	uint64_t nr_rows = rio_segment_rows(d->map, k, &has_wall);
	int r = nr_rows ? rio_segment_load(&w->reading, k, nr_rows, &segment) : 0;

	return r < 0 || !nr_rows ? r : rio_rows_gather(d, &segment, nr_rows,
			&w->reading.scratch->general, w->codes, w->reading.err);
}

static int size_segment(struct worker *w, size_t k)
{
	struct rio_segment_size sum = {0};
	struct rio_segment segment;
	bool has_wall;
	int r = rio_segment_visit(&w->reading, k, add_row, &sum, &segment, &has_wall);

	if (r < 0)
		return r;
	sum.len_bytes += has_wall ? RIO_BAD_RECORD_BYTES : 0;
	w->pass->found[k] = sum;
	return 0;
}

/* How far it is: like the stamp's size, in bytes of the file, compressed or not. */
static int tell_progress(const struct pass *pass, size_t segment)
{
	const struct rio_map *map = pass->dataset->map;
	const struct rio_dataset_config *c = pass->config;
	double part = (double)rio_map_checkpoint(map, segment).src_off /
		      (double)rio_map_src_end(map);

	if (!c->progress)
		return 0;
	return c->progress(c->progress_data,
		pass->before_bytes + (uint64_t)(part * (double)map->stamp.size_bytes),
		pass->total_bytes);
}

/* The next few segments, [*ret, end); empty when there are no more. */
static size_t take_turn(struct pass *pass, size_t *ret)
{
	size_t nr = pass->dataset->map->nr_checkpoints - 1, end;

	pthread_mutex_lock(&pass->lock);
	*ret = pass->failed ? nr : pass->next;
	end = RIO_MIN(*ret + SEGMENTS_A_TURN, nr);
	pass->next = end;
	if (*ret < end && tell_progress(pass, *ret)) {
		rio_fail_errno(&pass->error, EINTR, "sizing was stopped");
		pass->failed = true;
		end = *ret;
	}
	pthread_mutex_unlock(&pass->lock);
	return end;
}

static int finish_worker(struct worker *w, int r)
{
	struct pass *pass = w->pass;

	pthread_mutex_lock(&pass->lock);
	pass->nr_filled += w->reading.scratch ? w->reading.scratch->general.nr_filled : 0;
	if (r == 0 && w->codes && !pass->failed)
		r = rio_codes_merge(pass->codes, w->codes, w->reading.err);
	if (r < 0 && !pass->failed) {
		pass->error = *w->reading.err;
		pass->failed = true;
	}
	pthread_mutex_unlock(&pass->lock);
	return r;
}

static void *work(void *data)
{
	struct pass *pass = data;
	struct rio_error error = {0};
	struct worker w = {
		.pass = pass,
		.reading = {.dataset = pass->dataset, .source = pass->source, .err = &error},
	};
	size_t k, end;
	int r = rio_scratch_create(&w.reading.scratch, &error);

	if (r == 0 && pass->gathers)
		r = rio_codes_create(pass->dataset->schema->nr_columns, &w.codes, &error);
	while (r == 0 && (end = take_turn(pass, &k)) > k)
		for (; k < end && r == 0; k++)
			r = pass->gathers ? gather_segment(&w, k) : size_segment(&w, k);
	finish_worker(&w, r);
	rio_codes_destroy(w.codes);
	rio_scratch_destroy(w.reading.scratch);
	return NULL;
}

static unsigned nr_threads(const struct pass *pass)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = pass->config->nr_threads ? pass->config->nr_threads
					    : (size_t)RIO_MAX(cores, 1);
	size_t turns = pass->dataset->map->nr_checkpoints / SEGMENTS_A_TURN;

	return (unsigned)RIO_MIN(RIO_MIN(n, turns / TURNS_PER_THREAD + 1), (size_t)THREADS_MAX);
}

static int run(struct pass *pass, struct rio_error *err)
{
	pthread_t threads[THREADS_MAX];
	unsigned started = 0, n = nr_threads(pass);

	pthread_mutex_init(&pass->lock, NULL);

	/* The caller is the last worker: threads that cannot be had are only missed. */
	while (started + 1 < n && pthread_create(&threads[started], NULL, work, pass) == 0)
		started++;
	work(pass);
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&pass->lock);
	if (pass->failed && err)
		*err = pass->error;
	return pass->failed ? (int)pass->error.code : 0;
}

/* Gather the texts, number them, and keep them with the sizes. */
static int number_texts(struct pass *pass, struct rio_error *err)
{
	struct rio_dataset *d = pass->dataset;
	int r = rio_codes_create(d->schema->nr_columns, &pass->codes, err);

	d->codes = pass->codes;
	pass->gathers = true;
	if (r == 0)
		r = run(pass, err);
	if (r < 0)
		return r;
	rio_codes_seal(d->codes);
	pass->gathers = false;
	pass->next = 0;
	pass->before_bytes += d->map->stamp.size_bytes;
	return 0;
}

/* Give the map what was found. */
static int keep_sizes(const struct pass *pass, struct rio_error *err)
{
	struct rio_dataset *d = pass->dataset;
	struct rio_sizes *sizes;
	int r = rio_sizes_create(pass->found, d->map->nr_checkpoints - 1, &sizes, err);

	if (r < 0)
		return r;
	sizes->nr_filled = pass->nr_filled;
	d->map->sizes = sizes;
	return d->codes ? rio_codes_pack(d->codes, &sizes->tables, &sizes->tables_bytes, err) : 0;
}

static int size_all(struct pass *pass, struct rio_error *err)
{
	struct rio_dataset *d = pass->dataset;
	bool maps = d->schema->text == RIO_TEXT_MAP;
	uint64_t size_bytes = d->map->stamp.size_bytes;
	int r = 0;

	/* Counting was a pass, too, and is done. */
	pass->before_bytes = size_bytes;
	pass->total_bytes = (maps ? 3 : 2) * size_bytes;
	if (maps) {
		r = rio_general_create(d->schema, NULL, &d->general, err);
		if (r == 0)
			r = number_texts(pass, err);
		rio_general_destroy(rio_steal(d->general));
	}
	if (r == 0)
		r = rio_general_create(d->schema, d->codes, &d->general, err);
	if (r == 0)
		r = run(pass, err);
	return r < 0 ? r : keep_sizes(pass, err);
}

/* What was found, errors too, counts only if the source is what was counted. */
static int check_source(const struct pass *pass, int r, struct rio_error *err)
{
	int changed = 0;

	if (r == 0 || r == RIO_EMAP_DAMAGED || r == RIO_ESCHEMA)
		changed = rio_source_check(pass->source, &pass->dataset->map->stamp, err);
	return changed ? changed : r;
}

/* The sizing pass counts, so it is made, as if these records had to be sized. */
static int count_filled(struct pass *pass, struct rio_error *err)
{
	int r = rio_general_create(pass->dataset->schema, NULL, &pass->dataset->general, err);

	pass->total_bytes = pass->dataset->map->stamp.size_bytes;
	if (r == 0)
		r = check_source(pass, run(pass, err), err);
	rio_general_destroy(rio_steal(pass->dataset->general));
	return r;
}

int rio_dataset_count_filled(const struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, uint64_t *ret, struct rio_error *err)
{
	_cleanup_free_ struct rio_segment_size *found = NULL;
	struct rio_dataset sized = *dataset;
	struct pass pass = {.dataset = &sized, .source = source, .config = config};
	int r = 0;

	if (dataset->map->sizes) {
		*ret = dataset->map->sizes->nr_filled;
		return 0;
	}
	pass.found = found = calloc(dataset->map->nr_checkpoints, sizeof(*found));
	if (!found)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (dataset->schema->nr_columns)
		r = count_filled(&pass, err);
	if (r == 0)
		*ret = pass.nr_filled;
	else
		rio_error_set_file(err, rio_source_name(source));
	return r;
}

int rio_dataset_size(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, struct rio_error *err)
{
	_cleanup_free_ struct rio_segment_size *found =
		calloc(dataset->map->nr_checkpoints, sizeof(*found));
	struct pass pass = {.dataset = dataset, .source = source, .config = config,
		.found = found};

	return found ? check_source(&pass, size_all(&pass, err), err)
		     : rio_fail(err, RIO_ENOMEM, "out of memory");
}

int rio_dataset_use_sizes(struct rio_dataset *dataset, struct rio_error *err)
{
	const struct rio_sizes *sizes = dataset->map->sizes;
	int r = 0;

	if (dataset->schema->text == RIO_TEXT_MAP)
		r = rio_codes_unpack(sizes->tables, sizes->tables_bytes,
			dataset->schema->nr_columns, &dataset->codes, err);
	return r < 0 ? r : rio_general_create(dataset->schema, dataset->codes, &dataset->general,
				   err);
}
