/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pipe carries no errno.  A feed that fails leaves something that is no record at the end
 * of the pipe (core/feed does; here, where not even the first file could be found), and
 * tells: the log, status, and the channel's folder, in an extended attribute.
 *
 *	begin --> FEEDING --+--> DONE, LEFT (by its reader), FAILED, STOPPED
 *	                    '--> its thread waits to be joined: by the next begin, or the end
 */
#include "sagemaker/feeds.h"

#include "base/io.h"
#include "base/util.h"
#include "errors.h"
#include "log.h"
#include "thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>

/* How many that have ended are told of. */
#define KEPT_MAX 20

enum state { FEEDING, DONE, LEFT, FAILED, STOPPED };

static const char *const state_names[] = {
	[FEEDING] = "feeding",
	[DONE] = "done",
	[LEFT] = "reader left",
	[FAILED] = "failed",
	[STOPPED] = "stopped",
};

struct feed {
	TAILQ_ENTRY(feed) link;
	struct rfs_feeds *feeds;
	char *channel;
	uint64_t epoch;
	int fd;
	pthread_t thread;
	atomic_uint_fast64_t nr_objects;

	/* Guarded by feeds' lock. */
	enum state state;
	bool joined;
	struct rio_feed_result result;
};
TAILQ_HEAD(feed_list, feed);

/* What is logged of a channel once, however often it is read. */
enum told { TOLD_LOSSES, TOLD_OUTSIDE, TOLD_EMPTY, NR_TOLD };

/* What is kept of a channel. */
struct channel {
	char *name;
	uint64_t next_epoch;
	char *error;
	bool told[NR_TOLD];
};

struct rfs_feeds {
	struct rfs_feeds_config config;
	rfs_feed_ended *ended;
	void *ended_data;
	int stop_fd;

	pthread_mutex_t lock; /* all below */
	struct feed_list list; /* oldest first */
	struct channel *channels;
	size_t nr_channels;
	bool ending;
};

int rfs_feeds_create(const struct rfs_feeds_config *config, rfs_feed_ended *ended,
	void *ended_data, struct rfs_feeds **ret)
{
	struct rfs_feeds *feeds = calloc(1, sizeof(*feeds));
	int e;

	if (!feeds)
		return ENOMEM;
	feeds->config = *config;
	feeds->ended = ended;
	feeds->ended_data = ended_data;
	feeds->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (feeds->stop_fd < 0) {
		e = errno;
		free(feeds);
		return e;
	}
	pthread_mutex_init(&feeds->lock, NULL);
	TAILQ_INIT(&feeds->list);
	*ret = feeds;
	return 0;
}

static void destroy_feed(struct feed *feed)
{
	if (!feed)
		return;
	free(feed->channel);
	free(feed);
}

void rfs_feeds_destroy(struct rfs_feeds *feeds)
{
	struct feed *feed;

	if (!feeds)
		return;
	while ((feed = TAILQ_FIRST(&feeds->list))) {
		TAILQ_REMOVE(&feeds->list, feed, link);
		destroy_feed(feed);
	}
	for (size_t i = 0; i < feeds->nr_channels; i++) {
		free(feeds->channels[i].name);
		free(feeds->channels[i].error);
	}
	free(feeds->channels);
	close(feeds->stop_fd);
	pthread_mutex_destroy(&feeds->lock);
	free(feeds);
}

/* --- what is kept of a channel; all with the lock --- */

static struct channel *find_channel(struct rfs_feeds *feeds, const char *name)
{
	for (size_t i = 0; i < feeds->nr_channels; i++)
		if (strcmp(feeds->channels[i].name, name) == 0)
			return &feeds->channels[i];
	return NULL;
}

/* New or known; NULL without memory. */
static struct channel *get_channel(struct rfs_feeds *feeds, const char *name)
{
	struct channel *known = find_channel(feeds, name), *more;

	if (known)
		return known;
	more = reallocarray(feeds->channels, feeds->nr_channels + 1, sizeof(*more));
	if (!more)
		return NULL;
	feeds->channels = more;
	more[feeds->nr_channels] = (struct channel){.name = strdup(name)};
	return more[feeds->nr_channels].name ? &more[feeds->nr_channels++] : NULL;
}

uint64_t rfs_feeds_next(struct rfs_feeds *feeds, const char *name)
{
	struct channel *channel;
	uint64_t next;

	pthread_mutex_lock(&feeds->lock);
	channel = find_channel(feeds, name);
	next = channel ? channel->next_epoch : 0;
	pthread_mutex_unlock(&feeds->lock);
	return next;
}

char *rfs_feeds_error(struct rfs_feeds *feeds, const char *name)
{
	struct channel *channel;
	char *error;

	pthread_mutex_lock(&feeds->lock);
	channel = find_channel(feeds, name);
	error = channel && channel->error ? strdup(channel->error) : NULL;
	pthread_mutex_unlock(&feeds->lock);
	return error;
}

/* --- what became of a feed --- */

/* For status, as long as the file is in the state that has the error. */
static void note_file(const struct rfs_feeds *feeds, const struct rio_error *err, const char *text)
{
	const struct rfs_beneath *beneath = feeds->config.beneath;
	size_t len = strlen(beneath->path);
	const char *rel;
	struct rio_stamp stamp;
	struct stat st;

	if (strncmp(err->file, beneath->path, len) != 0 || err->file[len] != '/')
		return;
	rel = err->file + len + 1;
	if (rfs_beneath_stat(beneath, rel, &st))
		return;
	stamp = rio_stamp_of_stat(&st);
	rfs_errors_note(rel, &stamp, text);
}

/* What is wrong with a channel is logged once, however often it is read. */
static void note_failure(struct rfs_feeds *feeds, const char *name, const struct rio_error *err)
{
	char text[RIO_ERROR_TEXT_BYTES];
	struct channel *channel;
	bool is_news = true;

	rio_error_format(err, text, sizeof(text));
	pthread_mutex_lock(&feeds->lock);
	channel = get_channel(feeds, name);
	if (channel) {
		is_news = !channel->error || strcmp(channel->error, text) != 0;
		free(channel->error);
		channel->error = strdup(text);
	}
	pthread_mutex_unlock(&feeds->lock);
	rfs_count(&feeds->config.counters->failed_feeds, 1);
	if (is_news)
		rfs_log_error(err);
	note_file(feeds, err, text);
}

/* True the first time. */
static bool tell_once(struct rfs_feeds *feeds, const char *name, enum told what)
{
	struct channel *channel;
	bool is_first = false;

	pthread_mutex_lock(&feeds->lock);
	channel = get_channel(feeds, name);
	if (channel) {
		is_first = !channel->told[what];
		channel->told[what] = true;
	}
	pthread_mutex_unlock(&feeds->lock);
	return is_first;
}

static void note_success(struct rfs_feeds *feeds, const char *name)
{
	struct channel *channel;

	pthread_mutex_lock(&feeds->lock);
	channel = find_channel(feeds, name);
	if (channel) {
		free(channel->error);
		channel->error = NULL;
	}
	pthread_mutex_unlock(&feeds->lock);
}

/* Rows that are left out, and cells that are made up, are never a secret. */
static void tell_losses(struct feed *feed, const struct rio_feed_result *result)
{
	if ((result->nr_skipped | result->nr_filled) &&
		tell_once(feed->feeds, feed->channel, TOLD_LOSSES))
		rfs_log_note("channel %s, epoch %ju: %ju rows are skipped; %ju missing cells "
			"are filled", feed->channel, (uintmax_t)feed->epoch,
			(uintmax_t)result->nr_skipped, (uintmax_t)result->nr_filled);
}

/* Whoever trains on nothing should know why. */
static void tell_empty(struct feed *feed)
{
	if (atomic_load(&feed->nr_objects) == 0 &&
		tell_once(feed->feeds, feed->channel, TOLD_EMPTY))
		rfs_log_note("channel %s, epoch %ju: there is no file for this host, so nothing was "
			"in the pipe", feed->channel, (uintmax_t)feed->epoch);
}

static void finish(struct feed *feed, int r, const struct rio_feed_result *result,
	const struct rio_error *err)
{
	struct rfs_feeds *feeds = feed->feeds;
	enum state state = r ? FAILED : result->stopped ? STOPPED : result->reader_left ? LEFT
									       : DONE;

	rfs_count(&feeds->config.counters->fed_bytes, result->len_bytes);
	rfs_count(&feeds->config.counters->fed_records, result->nr_records);
	tell_losses(feed, result);
	if (state == FAILED)
		note_failure(feeds, feed->channel, err);
	if (state == DONE) {
		note_success(feeds, feed->channel);
		tell_empty(feed);
	}
	pthread_mutex_lock(&feeds->lock);
	feed->result = *result;
	feed->state = state;
	pthread_mutex_unlock(&feeds->lock);
}

/* --- a feed --- */

static int open_object(void *data, const char *key, struct rio_feed_object *ret,
	struct rio_error *err)
{
	struct feed *feed = data;
	struct rfs_opener opener = {feed->feeds->config.channels, feed->channel};

	atomic_fetch_add(&feed->nr_objects, 1);
	return rfs_channels_open(&opener, key, ret, err);
}

static int list(const struct feed *feed, struct rio_objects *ret, struct rio_error *err)
{
	const struct rfs_feeds_config *config = &feed->feeds->config;
	int r = rfs_channels_objects(config->channels, feed->channel, ret, err);

	if (r)
		rio_feed_reject(feed->fd);
	else if (ret->nr_outside && tell_once(feed->feeds, feed->channel, TOLD_OUTSIDE))
		rfs_log_note("channel %s: %zu CSV files are links that lead out of its folder, "
			"and are left out of its epochs", feed->channel, ret->nr_outside);
	return r;
}

static int feed_epoch(struct feed *feed, struct rio_feed_result *ret, struct rio_error *err)
{
	const struct rfs_feeds_config *config = &feed->feeds->config;
	_cleanup_(rio_objects_deinit) struct rio_objects objects = {0};
	int r = list(feed, &objects, err);

	if (r)
		return r;
	return rio_feed_epoch(
		&(struct rio_feed_config){
			.job = config->job,
			.objects = &objects,
			.epoch = feed->epoch,
			.open = open_object,
			.open_data = feed,
			.store = config->store,
			.stop_fd = feed->feeds->stop_fd,
		},
		feed->fd, ret, err);
}

static void *run(void *data)
{
	struct feed *feed = data;
	struct rio_feed_result result = {0};
	struct rio_error err;
	int r = feed_epoch(feed, &result, &err);

	/* What is wrong can be asked for as soon as the reader sees the end. */
	finish(feed, r, &result, &err);
	close(feed->fd);
	feed->feeds->ended(feed->feeds->ended_data, feed->channel, feed->epoch);
	return NULL;
}

static struct feed *create_feed(struct rfs_feeds *feeds, const char *channel, uint64_t epoch,
	int fd)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		return NULL;
	*feed = (struct feed){.feeds = feeds, .channel = strdup(channel), .epoch = epoch, .fd = fd};
	if (feed->channel)
		return feed;
	free(feed);
	return NULL;
}

/* One whose thread has ended, or is about to, and is still to be joined; NULL: none. */
static struct feed *find_ended(struct rfs_feeds *feeds, bool wait_for_all)
{
	struct feed *feed;

	pthread_mutex_lock(&feeds->lock);
	TAILQ_FOREACH(feed, &feeds->list, link)
		if (!feed->joined && (wait_for_all || feed->state != FEEDING))
			break;
	if (feed)
		feed->joined = true;
	pthread_mutex_unlock(&feeds->lock);
	return feed;
}

static void join_ended(struct rfs_feeds *feeds, bool wait_for_all)
{
	struct feed *feed;

	while ((feed = find_ended(feeds, wait_for_all)))
		pthread_join(feed->thread, NULL);
}

/* With the lock. */
static void drop_oldest(struct rfs_feeds *feeds)
{
	struct feed *feed, *next;
	unsigned nr = 0;

	for (feed = TAILQ_LAST(&feeds->list, feed_list); feed; feed = next) {
		next = TAILQ_PREV(feed, feed_list, link);
		if (!feed->joined || nr++ < KEPT_MAX)
			continue;
		TAILQ_REMOVE(&feeds->list, feed, link);
		destroy_feed(feed);
	}
}

/* The thread begins with the lock held, so that it ends behind this. */
static int start(struct rfs_feeds *feeds, struct feed *feed)
{
	struct channel *channel;
	int e;

	pthread_mutex_lock(&feeds->lock);
	e = feeds->ending ? ECANCELED : rfs_thread_start(&feed->thread, run, feed);
	if (!e) {
		TAILQ_INSERT_TAIL(&feeds->list, feed, link);
		drop_oldest(feeds);
		channel = get_channel(feeds, feed->channel);
		if (channel && channel->next_epoch == feed->epoch)
			channel->next_epoch++;
	}
	pthread_mutex_unlock(&feeds->lock);
	return e;
}

void rfs_feeds_begin(struct rfs_feeds *feeds, const char *name, uint64_t epoch, int fd)
{
	struct feed *feed = create_feed(feeds, name, epoch, fd);
	struct rio_error err;
	int e;

	join_ended(feeds, false);
	e = feed ? start(feeds, feed) : ENOMEM;
	if (!e) {
		rfs_count(&feeds->config.counters->feeds, 1);
		return;
	}
	destroy_feed(feed);
	if (e != ECANCELED) {
		rio_feed_reject(fd);
		rio_fail_errno(&err, e, "channel %s, epoch %ju: cannot be fed", name,
			(uintmax_t)epoch);
		note_failure(feeds, name, &err);
	}
	close(fd);
}

void rfs_feeds_end(struct rfs_feeds *feeds)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&feeds->lock);
	feeds->ending = true;
	pthread_mutex_unlock(&feeds->lock);
	(void)!write(feeds->stop_fd, &one, sizeof(one));
	join_ended(feeds, true);
}

/* --- what is told of them --- */

static struct rfs_feed_report report_of(struct feed *feed)
{
	struct rfs_feed_report report = {
		.epoch = feed->epoch,
		.state = state_names[feed->state],
		.nr_objects = atomic_load(&feed->nr_objects),
		.len_bytes = feed->result.len_bytes,
		.nr_records = feed->result.nr_records,
		.nr_skipped = feed->result.nr_skipped,
		.nr_filled = feed->result.nr_filled,
	};

	snprintf(report.channel, sizeof(report.channel), "%s", feed->channel);
	return report;
}

struct rfs_feed_report *rfs_feeds_get(struct rfs_feeds *feeds, size_t *ret_nr)
{
	struct rfs_feed_report *reports;
	struct feed *feed;
	size_t nr = 0;

	pthread_mutex_lock(&feeds->lock);
	TAILQ_FOREACH(feed, &feeds->list, link)
		nr++;
	reports = calloc(nr + 1, sizeof(*reports));
	*ret_nr = reports ? nr : 0;
	nr = 0;
	TAILQ_FOREACH(feed, &feeds->list, link)
		if (nr < *ret_nr)
			reports[nr++] = report_of(feed);
	pthread_mutex_unlock(&feeds->lock);
	return reports;
}
