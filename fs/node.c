/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To tell a file's size its rows must be counted, which takes seconds where the
 * file is large and no map is kept.  Ten who ask at the same time must not count
 * ten times, and those who ask for other files must not wait:
 *
 *	             +------ gave up, or trouble of the moment ------+
 *	             v                                               |
 *	  UNKNOWN -----> DESCRIBING (by one, without the lock) ------+--> READY
 *	                    others wait on the condition             +--> BROKEN
 *
 * Who waits looks up every 100 ms whether its own caller has gone.  Where the
 * one that counts is interrupted, counting stops, and the next takes over.  A
 * counting thread that goes on by itself was rejected: after Ctrl-C on a huge
 * file nobody wants its load.
 */
#include "node.h"

#include "base/util.h"
#include "errors.h"
#include "log.h"
#include "to_errno.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#define WAIT_NS (100 * 1000 * 1000)

/* Smaller numbers belong to the nodes that are no source's. */
#define INO_MIN 16

uint64_t rfs_node_ino(const char *path, const struct rio_stamp *stamp)
{
	XXH64_hash_t of_path = XXH3_64bits(path, strlen(path));
	const uint64_t state[] = {stamp->dev, stamp->ino, stamp->size_bytes,
		(uint64_t)stamp->mtime_ns, (uint64_t)stamp->ctime_ns, stamp->written};
	uint64_t ino = XXH3_64bits_withSeed(state, sizeof(state), of_path) >> 1;

	return RIO_MAX(ino, (uint64_t)INO_MIN);
}

struct rio_stamp rfs_folder_stamp(const struct stat *st)
{
	return (struct rio_stamp){.dev = st->st_dev, .ino = st->st_ino};
}

int rfs_node_compare(const void *a, const void *b)
{
	const struct rfs_node *x = a, *y = b;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	/* The same hash: the same node, or once in many lifetimes not. */
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (!rio_stamp_equal(&x->stamp, &y->stamp))
		return memcmp(&x->stamp, &y->stamp, sizeof(x->stamp));
	return strcmp(x->path, y->path);
}

struct rfs_node *rfs_node_create(enum rfs_kind kind, const char *path,
	const struct rio_stamp *stamp, const struct stat *source_st)
{
	struct rfs_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->path = strdup(path);
	if (!node->path) {
		free(node);
		return NULL;
	}
	node->stamp = *stamp;
	if (source_st)
		node->source_st = *source_st;
	node->ino = rfs_node_ino(path, stamp);
	node->bad_off = RIO_NO_OFFSET;
	pthread_mutex_init(&node->lock, NULL);
	pthread_cond_init(&node->described, NULL);
	return node;
}

struct rfs_node *rfs_node_create_fixed(enum rfs_kind kind, const char *path, uint64_t ino)
{
	struct rfs_node *node = rfs_node_create(kind, path, &(struct rio_stamp){0}, NULL);

	if (node)
		node->ino = ino;
	return node;
}

void rfs_node_destroy(struct rfs_node *node)
{
	if (!node)
		return;
	rio_view_destroy(node->view);
	rio_dataset_destroy(node->dataset);
	free(node->members);
	free(node->folder);
	pthread_cond_destroy(&node->described);
	pthread_mutex_destroy(&node->lock);
	free(node->error);
	free(node->text);
	free(node->path);
	free(node);
}

static char *format_error(const struct rio_error *err)
{
	char text[RIO_ERROR_TEXT_BYTES];

	return strdup(rio_error_format(err, text, sizeof(text)));
}

static int on_progress(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	const struct rfs_waiter *waiter = data;

	return waiter->gave_up(waiter->data);
}

static void log_map(const char *path, const struct rio_dataset *dataset)
{
	static const char *const how[] = {
		[RIO_MAP_BUILT] = "",
		[RIO_MAP_LOADED] = "",
		[RIO_MAP_EXTENDED] = "map extended: ",
		[RIO_MAP_REBUILT] = "map rebuilt: ",
	};
	const char *reason = rio_dataset_map_reason(dataset);

	if (reason[0])
		rfs_log_note("%s: %s%s", path, how[rio_dataset_map_origin(dataset)], reason);
}

/* Rows that are left out, and cells that are made up, are never a secret. */
static void tell_losses(const char *path, const struct rio_dataset *dataset,
	struct rfs_counters *counters)
{
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;

	if (!sizes || !(sizes->all.nr_skipped | sizes->nr_filled))
		return;
	rfs_count(&counters->skipped_rows, sizes->all.nr_skipped);
	rfs_count(&counters->filled_cells, sizes->nr_filled);
	rfs_log_note("%s: of %ju rows %ju are skipped; %ju missing cells are filled", path,
		(uintmax_t)rio_dataset_nr_rows(dataset), (uintmax_t)sizes->all.nr_skipped,
		(uintmax_t)sizes->nr_filled);
}

/* The file itself is at fault, and is until it changes: so say, once. */
static int found_broken(struct rfs_description *ret, int e, const char *path, struct rio_error *err)
{
	rio_error_set_file(err, path);
	rfs_log_error(err);
	ret->known = RFS_BROKEN;
	ret->broken_errno = e;
	ret->error = format_error(err);
	return 0;
}

static struct rio_dataset_config config_of(const struct rfs_describer *by, const char *path,
	const struct rio_options *options, const struct rfs_waiter *waiter)
{
	return (struct rio_dataset_config){
		.options = options,
		.store = by->store,
		.store_path = path,
		.progress = waiter ? on_progress : NULL,
		.progress_data = (void *)waiter,
		.kept_only = !waiter,
		.in_parts = true,
	};
}

/* Create a dataset of the opened source at fd (taken). */
static int create_dataset(struct rfs_node *node, const struct rfs_describer *by,
	const char *path, int fd, const struct rfs_waiter *waiter, struct rfs_description *ret)
{
	_cleanup_(rio_options_deinit) struct rio_options options = {0};
	const struct rio_dataset_config config = config_of(by, path, &options, waiter);
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	_cleanup_(rio_dataset_destroyp) struct rio_dataset *dataset = NULL;
	struct rio_view_member member = {.owner = node};
	struct rio_error err;
	int r;

	r = rio_source_from_fd(fd, path, &source, &err);
	if (!r)
		r = rfs_settings_get(by->settings, node->path, &options, &err);
	if (!r)
		r = rio_dataset_create(source, &config, &dataset, &err);
	member.dataset = dataset;
	if (!r)
		r = rio_view_create(&member, 1, &ret->view, &err);
	if (r == RIO_ESCHEMA || r == RIO_EROW || r == RIO_EOPTION || r == RIO_EDAMAGED)
		return found_broken(ret, EIO, path, &err);
	if (r == RIO_ENOT_INDEXED && !waiter)
		return 0;
	if (r) {
		int e = rfs_to_errno(&err);

		rio_error_set_file(&err, path);
		if (e != EINTR && e != ESTALE)
			rfs_log_error(&err);
		return e;
	}
	if (!rio_stamp_equal(rio_dataset_stamp(dataset), &node->stamp)) {
		rio_view_destroy(rio_steal(ret->view));
		return ESTALE;
	}
	log_map(path, dataset);
	tell_losses(path, dataset, by->counters);
	ret->known = RFS_READY;
	ret->dataset = rio_steal(dataset);
	return 0;
}

/* A plain file is known by its stamp, once that must change with the next byte written. */
static int settle(const struct rfs_node *node, const char *path, int fd,
	struct rfs_description *ret)
{
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	struct rio_stamp stamp;
	struct rio_error err;

	if (rio_source_from_fd_as_it_is(fd, path, &source, &err) ||
		rio_source_settled_stamp(source, &stamp, &err))
		return rfs_to_errno(&err);
	if (!rio_stamp_equal(&stamp, &node->stamp))
		return ESTALE;
	ret->known = RFS_READY;
	return 0;
}

static int describe(struct rfs_node *node, const struct rfs_describer *by, int probed_fd,
	const struct rfs_waiter *waiter, struct rfs_description *ret)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(by->beneath, node->path);
	int fd, e;

	if (!path)
		return ENOMEM;
	e = rfs_beneath_reopen(probed_fd, &fd);
	if (e == EACCES || e == EPERM) {
		struct rio_error err;

		rio_fail_errno(&err, e, "cannot be read");
		return found_broken(ret, EACCES, path, &err);
	}
	if (e)
		return e;
	return node->kind == RFS_PLAIN ? settle(node, path, fd, ret)
				       : create_dataset(node, by, path, fd, waiter, ret);
}

static void wait_described(struct rfs_node *node)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += WAIT_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&node->described, &node->lock, &until);
}

bool rfs_node_take_turn(struct rfs_node *node, const struct rfs_waiter *waiter, int *ret_errno)
{
	bool mine;

	*ret_errno = 0;
	pthread_mutex_lock(&node->lock);
	while (node->known == RFS_DESCRIBING && waiter && !*ret_errno) {
		wait_described(node);
		if (node->known == RFS_DESCRIBING && waiter->gave_up(waiter->data))
			*ret_errno = EINTR;
	}
	mine = node->known == RFS_UNKNOWN && !*ret_errno;
	if (mine)
		node->known = RFS_DESCRIBING;
	pthread_mutex_unlock(&node->lock);
	return mine;
}

void rfs_node_publish(struct rfs_node *node, const struct rfs_description *found)
{
	pthread_mutex_lock(&node->lock);
	node->known = found->known;
	node->dataset = found->dataset;
	node->view = found->view;
	node->index = found->index;
	node->broken_errno = found->broken_errno;
	node->error = found->error;
	pthread_cond_broadcast(&node->described);
	pthread_mutex_unlock(&node->lock);
}

int rfs_node_describe(struct rfs_node *node, const struct rfs_describer *by, int probed_fd,
	const struct rfs_waiter *waiter)
{
	struct rfs_description found = {.known = RFS_UNKNOWN};
	int e;

	if (!rfs_node_take_turn(node, waiter, &e))
		return e;
	e = describe(node, by, probed_fd, waiter, &found);
	if (found.error)
		rfs_errors_note(node->path, &node->stamp, found.error);
	rfs_node_publish(node, &found);
	return e;
}

int rfs_node_attach(struct rfs_node *node, const struct rfs_describer *by, const char *path,
	const struct rfs_waiter *waiter, struct rio_source *source)
{
	const struct rio_dataset_config config = config_of(by, path, NULL, waiter);
	struct rio_error err;
	int e;

	if (rio_dataset_attach(node->dataset, &config, source, &err) == 0)
		return 0;
	e = rfs_to_errno(&err);
	if (e != EINTR && e != ESTALE)
		rfs_log_error(&err);
	return e;
}

void rfs_node_note_bad(struct rfs_node *node, uint64_t bad_off, const struct rio_error *err)
{
	_cleanup_free_ char *latest = NULL;
	char *error = format_error(err);
	bool first, foremost;

	pthread_mutex_lock(&node->lock);
	first = node->bad_off == RIO_NO_OFFSET;
	foremost = bad_off < node->bad_off;
	if (foremost) {
		char *before = node->error;

		node->bad_off = bad_off;
		node->error = error;
		error = before;
	}
	pthread_mutex_unlock(&node->lock);
	free(error);
	latest = foremost && !rfs_node_is_view(node) ? rfs_node_error(node) : NULL;
	if (latest)
		rfs_errors_note(node->path, &node->stamp, latest);
	if (first && !rfs_node_is_view(node))
		rfs_log_error(err);
}

bool rfs_node_begin_first_open(struct rfs_node *node)
{
	bool first;

	pthread_mutex_lock(&node->lock);
	while (node->opened == RFS_OPENING)
		pthread_cond_wait(&node->described, &node->lock);
	first = node->opened == RFS_UNOPENED;
	if (first)
		node->opened = RFS_OPENING;
	pthread_mutex_unlock(&node->lock);
	return first;
}

void rfs_node_end_first_open(struct rfs_node *node)
{
	pthread_mutex_lock(&node->lock);
	node->opened = RFS_OPENED;
	pthread_cond_broadcast(&node->described);
	pthread_mutex_unlock(&node->lock);
}

uint64_t rfs_node_bad_off(struct rfs_node *node)
{
	uint64_t off;

	pthread_mutex_lock(&node->lock);
	off = node->bad_off;
	pthread_mutex_unlock(&node->lock);
	return off;
}

char *rfs_node_error(struct rfs_node *node)
{
	char *copy;

	pthread_mutex_lock(&node->lock);
	copy = node->error ? strdup(node->error) : NULL;
	pthread_mutex_unlock(&node->lock);
	return copy;
}

enum rfs_known rfs_node_known(struct rfs_node *node, int *ret_errno)
{
	enum rfs_known known;

	pthread_mutex_lock(&node->lock);
	known = node->known;
	*ret_errno = node->broken_errno;
	pthread_mutex_unlock(&node->lock);
	return known;
}

bool rfs_node_is_settled(struct rfs_node *node)
{
	int broken_errno;
	enum rfs_known known = rfs_node_known(node, &broken_errno);

	return known == RFS_READY || known == RFS_BROKEN;
}

uint64_t rfs_node_len_bytes(const struct rfs_node *node)
{
	switch (node->kind) {
	case RFS_PLAIN:
		return node->stamp.size_bytes;
	case RFS_INDEX:
		return rio_index_text_len_bytes(&node->index);
	default:
		return rio_view_len_bytes(node->view);
	}
}
