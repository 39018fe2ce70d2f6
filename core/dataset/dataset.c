/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset/internal.h"

#include "map/build.h"
#include "map/rest.h"
#include "map/store_seek.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

/* How often who waits for another builder looks whether it is done. */
#define LOCK_POLL_NS (20 * 1000 * 1000)

/* The map, and what is made from it. */
static void forget_map(struct rio_dataset *dataset)
{
	rio_general_destroy(rio_steal(dataset->general));
	rio_codes_destroy(rio_steal(dataset->codes));
	rio_map_destroy(rio_steal(dataset->map));
}

void rio_dataset_destroy(struct rio_dataset *dataset)
{
	if (!dataset)
		return;
	rio_dense_destroy(dataset->dense);
	rio_seek_index_destroy(dataset->seek_index);
	forget_map(dataset);
	rio_schema_destroy(dataset->schema);
	free(dataset);
}

void rio_dataset_destroyp(struct rio_dataset **dataset)
{
	rio_dataset_destroy(*dataset);
}

const struct rio_stamp *rio_dataset_stamp(const struct rio_dataset *dataset)
{
	return &dataset->map->stamp;
}

const struct rio_schema *rio_dataset_schema(const struct rio_dataset *dataset)
{
	return dataset->schema;
}

const struct rio_map *rio_dataset_map(const struct rio_dataset *dataset)
{
	return dataset->map;
}

enum rio_map_origin rio_dataset_map_origin(const struct rio_dataset *dataset)
{
	return dataset->map_origin;
}

const char *rio_dataset_map_reason(const struct rio_dataset *dataset)
{
	return dataset->map_reason;
}

const char *rio_dataset_compression(const struct rio_dataset *dataset)
{
	return dataset->codec ? dataset->codec->name : NULL;
}

uint64_t rio_dataset_text_bytes(const struct rio_dataset *dataset)
{
	return rio_map_src_end(dataset->map);
}

uint64_t rio_dataset_nr_rows(const struct rio_dataset *dataset)
{
	return rio_map_nr_rows(dataset->map);
}

size_t rio_dataset_record_bytes(const struct rio_dataset *dataset)
{
	return dataset->dense ? rio_dense_record_bytes(dataset->dense) : 0;
}

uint64_t rio_dataset_nr_records(const struct rio_dataset *dataset)
{
	const struct rio_map *map = dataset->map;

	return map->sizes ? rio_map_records_before(map, map->nr_checkpoints - 1)
			  : rio_dataset_nr_rows(dataset);
}

const struct rio_codes *rio_dataset_codes(const struct rio_dataset *dataset)
{
	return dataset->codes;
}

uint64_t rio_dataset_bad_quote_off(const struct rio_dataset *dataset)
{
	const struct rio_map *map = dataset->map;

	if (map->bad_quote_off == RIO_NO_OFFSET)
		return RIO_NO_OFFSET;
	if (!map->sizes)
		return map->bad_quote_row * rio_dataset_record_bytes(dataset);
	/* Its place is the last. */
	return rio_dataset_len_bytes(dataset) - RIO_MIN(rio_dataset_len_bytes(dataset),
		(uint64_t)RIO_BAD_RECORD_BYTES);
}

uint64_t rio_dataset_len_bytes(const struct rio_dataset *dataset)
{
	const struct rio_sizes *sizes = dataset->map->sizes;

	if (sizes)
		return sizes->all.record_off;
	return rio_dataset_nr_rows(dataset) * rio_dataset_record_bytes(dataset);
}

static struct rio_map_build build_of(const struct rio_schema *schema)
{
	return (struct rio_map_build){
		.dialect = schema->rules.dialect,
		.data_off = schema->data_off,
		.data_line = schema->data_line,
	};
}

static int build_map(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, struct rio_error *err)
{
	struct rio_map_build build = build_of(dataset->schema);
	int r;

	build.nr_threads = config->nr_threads;
	build.progress = config->progress;
	build.progress_data = config->progress_data;
	r = rio_map_build(source, &build, &dataset->map, err);
	if (r == 0 && rio_dataset_needs_sizes(dataset->schema))
		r = rio_dataset_size(dataset, source, config, err);
	if (r < 0)
		forget_map(dataset);
	return r;
}

struct recount {
	const struct rio_dataset *dataset;
	struct rio_source *source;
};

static int count_again(void *data, struct rio_map **ret, struct rio_error *err)
{
	const struct recount *recount = data;
	const struct rio_map_build build = build_of(recount->dataset->schema);

	return rio_map_build(recount->source, &build, ret, err);
}

int rio_dataset_fetch(const struct rio_dataset *dataset, struct rio_source *source, size_t group,
	struct rio_error *err)
{
	return rio_map_fetch(dataset->map, group, count_again, &(struct recount){dataset, source},
		err);
}

/* Whether a kept map is one of such records, and begins and ends where the data does. */
static int check_fits(const struct rio_dataset *dataset, struct rio_source *source,
	struct rio_error *err)
{
	uint64_t src_end;
	int r;

	if (dataset->map->data_off != dataset->schema->data_off)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"the map begins at another row than the data");
	if (!dataset->map->sizes != !rio_dataset_needs_sizes(dataset->schema))
		return rio_fail(err, RIO_EMAP_DAMAGED, "the map is one of other records");
	/* Not known (RIO_ENOT_INDEXED) where a compressed source has lost its seek index. */
	r = rio_source_len(source, &src_end, err);
	if (r == 0 && src_end != rio_map_src_end(dataset->map))
		r = rio_fail(err, RIO_EMAP_DAMAGED,
			"the map ends at byte %ju of a source of %ju bytes",
			(uintmax_t)rio_map_src_end(dataset->map), (uintmax_t)src_end);
	return r;
}

static int load_map(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_map **ret_stale, struct rio_error *err)
{
	bool in_parts = config->in_parts && !rio_dataset_needs_sizes(dataset->schema);
	int r = in_parts && !ret_stale
		? rio_store_load_part(config->store, key, stamp, &dataset->map, err)
		: rio_store_load(config->store, key, stamp, &dataset->map, ret_stale, err);

	if (r == 0)
		r = check_fits(dataset, source, err);
	if (r == 0 && dataset->map->sizes)
		r = rio_dataset_use_sizes(dataset, err);
	if (r < 0)
		forget_map(dataset);
	return r;
}

/* Whether the new map only continues the old one. */
static bool continues(const struct rio_map *old, const struct rio_map *new)
{
	size_t nr = old->nr_checkpoints - 1; /* its sentinel is no row start */

	return nr < new->nr_checkpoints && old->data_off == new->data_off &&
	       rio_map_begin_alike(old, new, nr);
}

/* Say how the map came to be, after load_map failed with why. */
static void note_origin(struct rio_dataset *dataset, const struct rio_map *stale,
	const struct rio_error *why)
{
	dataset->map_origin = RIO_MAP_BUILT;
	if (why->code != RIO_EMAP_STALE && why->code != RIO_EMAP_DAMAGED)
		return;
	dataset->map_origin = stale && continues(stale, dataset->map) ? RIO_MAP_EXTENDED
								       : RIO_MAP_REBUILT;
	snprintf(dataset->map_reason, sizeof(dataset->map_reason), "%s", why->message);
}

/*
 * Wait until nobody else builds this map, or the caller gives up: the builder may be
 * a stopped process.  Where no lock can be had, the map is built without.
 */
static int wait_for_turn(const struct rio_dataset_config *config, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_store_lock **ret, struct rio_error *trouble,
	struct rio_error *err)
{
	while (rio_store_try_lock(config->store, key, ret, trouble) > 0) {
		if (config->progress && config->progress(config->progress_data, 0,
						stamp->size_bytes))
			return rio_fail_errno(err, EINTR,
				"waiting for another builder was stopped");
		nanosleep(&(struct timespec){.tv_nsec = LOCK_POLL_NS}, NULL);
	}
	return 0;
}

/* Give a compressed source the seek index that is kept for it, where there is one. */
static void load_seek_index(const struct rio_dataset_config *config,
	const struct rio_stamp *stamp, struct rio_source *source)
{
	struct rio_seek_index *index;

	if (!config->store || rio_store_load_seek(config->store, config->store_path, stamp,
				      &index, NULL) < 0)
		return;
	if (index->codec == rio_packed_codec(source))
		rio_packed_take_index(source, index);
	else
		rio_seek_index_destroy(index);
}

/* Keep the index that a pass has made; its windows are in the draft already. */
static int keep_seek_index(struct rio_seek_draft *draft, struct rio_source *source,
	const struct rio_stamp *stamp, struct rio_error *err)
{
	struct rio_seek_index *index = rio_packed_steal_index(source);
	int r = rio_seek_draft_keep(draft, stamp, index, err);

	rio_packed_take_index(source, index);
	return r;
}

/*
 * Build the map, and in the same pass the seek index of a compressed source that has
 * none, which is then kept.  Where the index folder makes trouble, for instance because
 * it is full, the pass is made again without it.
 */
static int build_both(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, const struct rio_stamp *stamp,
	struct rio_error *trouble, struct rio_error *err)
{
	_cleanup_(rio_seek_draft_destroyp) struct rio_seek_draft *draft = NULL;
	struct rio_seek_index *index;
	struct rio_error why;
	uint64_t windows_off;
	int r, fd;

	if (!rio_source_is_unread(source) ||
		rio_seek_draft_create(config->store, config->store_path, &draft, &fd, &windows_off,
			trouble) < 0)
		return build_map(dataset, source, config, err);
	r = rio_seek_index_create(rio_packed_codec(source), fd, windows_off, &index, &why);
	if (r == 0) {
		rio_packed_prepare_index(source, index);
		r = build_map(dataset, source, config, &why);
	}
	if (r == RIO_ESYSTEM && why.sys_errno != EINTR) {
		*trouble = why;
		return build_map(dataset, source, config, err);
	}
	if (r == 0)
		dataset->seek_is_kept = keep_seek_index(draft, source, stamp, trouble) == 0;
	else if (err)
		*err = why;
	return r;
}

/* Build the map and keep it, under the lock that lets one builder at a time. */
static int build_kept_map(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, const struct rio_store_key *key,
	const struct rio_stamp *stamp, struct rio_error *err)
{
	struct rio_store_lock *lock = NULL;
	struct rio_map *stale = NULL;
	struct rio_error why, trouble = {0};
	int r = wait_for_turn(config, key, stamp, &lock, &trouble, err);

	if (r < 0)
		return r;
	r = load_map(dataset, source, config, key, stamp, &stale, &why);
	if (r == 0) {
		dataset->map_origin = RIO_MAP_LOADED;
	} else {
		r = build_both(dataset, source, config, stamp, &trouble, err);
		if (r == 0) {
			note_origin(dataset, stale, &why);
			rio_store_save(config->store, key, dataset->map, &trouble);
		}
	}
	rio_map_destroy(stale);
	rio_store_unlock(lock);
	if (r == 0 && trouble.code)
		snprintf(dataset->map_reason, sizeof(dataset->map_reason),
			"the map is not kept: %.400s", trouble.message);
	return r;
}

static int fail_not_kept(struct rio_error *err)
{
	return rio_fail(err, RIO_ENOT_INDEXED, "no map of this state of the file is kept");
}

/* Load the map, or build it and keep it. */
static int find_kept_map(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, const struct rio_stamp *stamp,
	struct rio_error *err)
{
	_cleanup_free_ char *row_key = NULL;
	struct rio_error why;
	int r = rio_options_row_key(config->options, &row_key, err);

	if (r < 0)
		return r;
	const struct rio_store_key key = {config->store_path, row_key};

	if (rio_packed_codec(source))
		load_seek_index(config, stamp, source);
	dataset->seek_is_kept = rio_packed_codec(source) && !rio_source_is_unread(source);
	if (load_map(dataset, source, config, &key, stamp, NULL, &why) == 0) {
		dataset->map_origin = RIO_MAP_LOADED;
		return 0;
	}
	return config->kept_only ? fail_not_kept(err)
				 : build_kept_map(dataset, source, config, &key, stamp, err);
}

static int find_map(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, const struct rio_stamp *stamp,
	struct rio_error *err)
{
	bool is_large = stamp->size_bytes >= RIO_STORE_SOURCE_BYTES_MIN;

	if (config->store && is_large && !stamp->written)
		return find_kept_map(dataset, source, config, stamp, err);
	if (config->kept_only)
		return fail_not_kept(err);
	if (config->store && is_large)
		snprintf(dataset->map_reason, sizeof(dataset->map_reason),
			"the map is not kept: the file is open for writing");
	return build_map(dataset, source, config, err);
}

static int describe(struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_dataset_config *config, struct rio_error *err)
{
	struct rio_stamp stamp;
	uint64_t len_bytes;
	int r = rio_source_settled_stamp(source, &stamp, err);

	if (r == 0)
		r = rio_dataset_infer(source, config->options, &stamp, &dataset->schema, err);
	if (r == 0)
		r = find_map(dataset, source, config, &stamp, err);
	if (r < 0)
		return r;
	dataset->codec = rio_packed_codec(source);
	if (dataset->codec && !dataset->seek_is_kept)
		dataset->seek_index = rio_packed_steal_index(source);
	if (!rio_stamp_equal(&stamp, &dataset->map->stamp))
		return rio_fail(err, RIO_ESOURCE_CHANGED, "the file changed while it was indexed");
	if (!dataset->schema->nr_columns || dataset->general)
		return 0;
	r = rio_dense_create(dataset->schema, &dataset->dense, err);
	if (r < 0)
		return r;
	if (!rio_mul_ok(rio_dataset_nr_rows(dataset), rio_dataset_record_bytes(dataset),
		    &len_bytes) || len_bytes > INT64_MAX)
		return rio_fail(err, RIO_ESCHEMA, "the encoded file would be too large");
	return 0;
}

int rio_dataset_create(struct rio_source *source, const struct rio_dataset_config *config,
	struct rio_dataset **ret, struct rio_error *err)
{
	_cleanup_(rio_dataset_destroyp) struct rio_dataset *dataset =
		calloc(1, sizeof(*dataset));
	int r = dataset ? rio_options_check(config->options, err)
			: rio_fail(err, RIO_ENOMEM, "out of memory");

	if (r == 0)
		r = describe(dataset, source, config, err);
	if (r < 0) {
		rio_error_set_file(err, rio_source_name(source));
		return r;
	}
	*ret = rio_steal(dataset);
	return 0;
}

static int on_piece(void *data, const uint8_t *bytes, size_t len_bytes, uint64_t done_bytes,
	struct rio_error *err)
{
	const struct rio_dataset_config *config = data;

	/* How much there is to do is not known here, and only asked for to be shown. */
	if (config->progress && config->progress(config->progress_data, done_bytes, done_bytes))
		return rio_fail_errno(err, EINTR, "decompressing was stopped");
	return 0;
}

int rio_dataset_attach(const struct rio_dataset *dataset,
	const struct rio_dataset_config *config, struct rio_source *source,
	struct rio_error *err)
{
	uint64_t src_end;
	int r = 0;

	if (rio_packed_codec(source) != dataset->codec)
		return rio_fail(err, RIO_ESOURCE_CHANGED,
			"the file has changed since it was indexed");
	if (!dataset->codec)
		return 0;
	if (dataset->seek_index)
		rio_packed_borrow_index(source, dataset->seek_index);
	else
		load_seek_index(config, rio_dataset_stamp(dataset), source);
	if (rio_source_is_unread(source))
		r = rio_source_read_through(source, on_piece, (void *)config, err);
	if (r == 0)
		r = rio_source_len(source, &src_end, err);
	if (r == 0 && src_end != rio_map_src_end(dataset->map))
		r = rio_fail(err, RIO_ESOURCE_CHANGED, "the file has changed since it was indexed");
	if (r < 0)
		rio_error_set_file(err, rio_source_name(source));
	return r;
}
