/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each FIFO waits with its writing end held open, so that a reader's open(2) returns at
 * once, and inotify tells of it by name.  The first thing then is to put a new FIFO in its
 * place:
 *
 *	train_3 ─ waits ── opened ─┬─ goes on without a name, and is fed by a thread
 *	                           └─ a new train_3 waits: who opens it gets the epoch anew
 *	                              (and train_4, unless it was there)
 *
 * So nobody can open what is being fed, or was: what is left in such a pipe is a part of an
 * epoch, which nothing tells from a whole one.  Any number of epochs can be fed at the same
 * time, also of one channel, whose reader may open the next before it closes the last.
 *
 * Waiting in open(2) for a reader, in a thread a FIFO, was rejected: nothing but a reader
 * or a signal ends that; and so was trying again and again, which takes time of the
 * processors while nothing happens, and lets a reader that does not wait see an end of file.
 *
 * Everything here but feed() runs in one thread.
 */
#include "tool/feed_pipes.h"

#include "base/util.h"
#include "feed/feed.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors that are not FIFOs': sources, those of the maps kept, standard streams. */
#define FDS_RESERVED 256

struct rio_fed_epoch {
	int fd;
	bool is_begun;
};

struct rio_feeder {
	struct rio_feeder *next;
	const struct rio_pipes *pipes;
	struct rio_fed_channel *channel;
	uint64_t epoch;
	bool is_first; /* of those of its epoch */
	int fd;
	pthread_t thread;
	struct rio_feed_result result;
	int r;
	struct rio_error err;
	atomic_bool is_done;
};

static char *fifo_name(const struct rio_fed_channel *channel, uint64_t epoch)
{
	char *name;

	return asprintf(&name, "%s_%ju", channel->name, (uintmax_t)epoch) < 0 ? NULL : name;
}

/* rio_feed_config's. */
static int open_object(void *data, const char *key, struct rio_feed_object *ret,
	struct rio_error *err)
{
	const struct rio_feeder *feeder = data;
	const struct rio_tool_call *call = feeder->pipes->config.call;
	_cleanup_(rio_tool_input_deinit) struct rio_tool_input input = {0};
	_cleanup_free_ char *path = NULL;
	int r;

	if (asprintf(&path, "%s/%s", feeder->channel->folder, key) < 0)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	r = rio_tool_input_open(path, &input, err);
	if (!r)
		r = rio_tool_input_resolve(&input, call, err);
	if (!r)
		r = rio_job_apply(&call->job, &input.options, err);
	if (r)
		return r;
	*ret = (struct rio_feed_object){
		.source = rio_steal(input.source),
		.options = input.options,
		.store_path = rio_steal(input.store_path),
	};
	input.options = (struct rio_options){0};
	return 0;
}

static void *feed(void *data)
{
	struct rio_feeder *feeder = data;
	const struct rio_pipes_config *config = &feeder->pipes->config;
	const struct rio_feed_config feed_config = {
		.job = &config->call->job,
		.objects = &feeder->channel->objects,
		.epoch = feeder->epoch,
		.open = open_object,
		.open_data = feeder,
		.store = config->call->store,
		.bytes_per_second = config->bytes_per_second,
		.stall_ms = config->stall_ms,
		.stop_fd = feeder->pipes->stop_fd,
	};

	feeder->r = rio_feed_epoch(&feed_config, feeder->fd, &feeder->result, &feeder->err);
	/* The reader's end of file; what else ends with the feeder can wait. */
	close(feeder->fd);
	feeder->fd = -1;
	atomic_store(&feeder->is_done, true);
	eventfd_write(feeder->pipes->ended_fd, 1);
	return NULL;
}

/* Takes fd, on failure too. */
static int start_feeder(struct rio_pipes *pipes, struct rio_fed_channel *channel,
	uint64_t epoch, bool is_first, int fd, struct rio_error *err)
{
	struct rio_feeder *feeder = malloc(sizeof(*feeder));
	int e = ENOMEM;

	if (feeder) {
		*feeder = (struct rio_feeder){.next = pipes->feeders, .pipes = pipes,
			.channel = channel, .epoch = epoch, .is_first = is_first, .fd = fd};
		e = pthread_create(&feeder->thread, NULL, feed, feeder);
	}
	if (e) {
		rio_feed_reject(fd);
		close(fd);
		free(feeder);
		return rio_fail_errno(err, e, "cannot start a thread");
	}
	pipes->feeders = feeder;
	return 0;
}

static bool is_opened(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

	/* A pipe that nobody reads is in error. */
	return poll(&poll_fd, 1, 0) == 1 && !(poll_fd.revents & POLLERR);
}

/* Take the first FIFO of a channel away.  Who has opened it just before gets his epoch. */
static int retire(struct rio_pipes *pipes, struct rio_fed_channel *channel,
	struct rio_error *err)
{
	_cleanup_free_ char *name = fifo_name(channel, channel->first);
	const struct rio_fed_epoch epoch = channel->epochs[0];
	uint64_t number = channel->first++;

	if (name)
		rio_feed_folder_remove_fifo(pipes->config.folder, name, epoch.fd);
	memmove(channel->epochs, channel->epochs + 1, --channel->nr * sizeof(*channel->epochs));
	if (is_opened(epoch.fd))
		return start_feeder(pipes, channel, number, !epoch.is_begun, epoch.fd, err);
	close(epoch.fd);
	return 0;
}

/* The FIFO of the epoch behind the last that has one. */
static int add_epoch(struct rio_pipes *pipes, struct rio_fed_channel *channel,
	struct rio_error *err)
{
	_cleanup_free_ char *name = fifo_name(channel, channel->first + channel->nr);
	int fd, r = channel->nr == pipes->epochs_max ? retire(pipes, channel, err) : 0;

	if (r)
		return r;
	if (channel->nr == channel->room) {
		size_t room = channel->room ? 2 * channel->room : 16;
		struct rio_fed_epoch *more = reallocarray(channel->epochs, room, sizeof(*more));

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "out of memory");
		channel->epochs = more;
		channel->room = room;
	}
	r = name ? rio_feed_folder_fifo(pipes->config.folder, name, -1, &fd, err)
		 : rio_fail(err, RIO_ENOMEM, "out of memory");
	if (!r)
		channel->epochs[channel->nr++] = (struct rio_fed_epoch){.fd = fd};
	return r;
}

/* The epoch's FIFO, or NULL where it has none. */
static struct rio_fed_epoch *find_epoch(const struct rio_fed_channel *channel, uint64_t epoch)
{
	return epoch - channel->first < channel->nr ? &channel->epochs[epoch - channel->first]
						    : NULL;
}

/* Put a new FIFO in the place of an epoch's, whose descriptor is then the caller's. */
static int replace(const struct rio_pipes *pipes, struct rio_fed_channel *channel,
	uint64_t epoch, int *ret_fd, struct rio_error *err)
{
	struct rio_fed_epoch *found = find_epoch(channel, epoch);
	_cleanup_free_ char *name = fifo_name(channel, epoch);
	int fd = found->fd, r;

	r = name ? rio_feed_folder_fifo(pipes->config.folder, name, fd, &found->fd, err)
		 : rio_fail(err, RIO_ENOMEM, "out of memory");
	if (!r)
		*ret_fd = fd;
	return r;
}

/* Feed an epoch whose FIFO somebody has opened, if he is not gone again. */
static int serve_epoch(struct rio_pipes *pipes, struct rio_fed_channel *channel,
	uint64_t epoch, struct rio_error *err)
{
	struct rio_fed_epoch *found = find_epoch(channel, epoch);
	_cleanup_close_ int fd = -1;
	bool is_first = found && !found->is_begun;
	int r = 0;

	if (!found)
		return 0;
	if (is_opened(found->fd))
		r = replace(pipes, channel, epoch, &fd, err);
	found->is_begun = true;
	/* The next must be there before this one ends; it may move found. */
	if (!r && epoch + 1 == channel->first + channel->nr && epoch + 1 != pipes->config.nr_epochs)
		r = add_epoch(pipes, channel, err);
	if (r && fd >= 0)
		rio_feed_reject(fd);
	if (!r && fd >= 0)
		return start_feeder(pipes, channel, epoch, is_first, rio_steal_fd(&fd), err);
	/* He has closed it early, before there was a byte. */
	channel->nr_read += is_first;
	return r;
}

/* After more was opened than inotify remembers: see who has opened what. */
static int serve_all(struct rio_pipes *pipes, struct rio_error *err)
{
	int r = 0;

	for (size_t c = 0; c < pipes->config.nr_channels; c++) {
		struct rio_fed_channel *channel = &pipes->config.channels[c];

		for (uint64_t epoch = channel->first; !r && find_epoch(channel, epoch); epoch++)
			if (is_opened(find_epoch(channel, epoch)->fd))
				r = serve_epoch(pipes, channel, epoch, err);
	}
	return r;
}

/* Serve the FIFO of this name, if it is one. */
static int serve_name(struct rio_pipes *pipes, const char *name, struct rio_error *err)
{
	const char *line = strrchr(name, '_');

	for (size_t c = 0; line && c < pipes->config.nr_channels; c++) {
		struct rio_fed_channel *channel = &pipes->config.channels[c];
		uint64_t epoch = strtoull(line + 1, NULL, 10);
		_cleanup_free_ char *meant = fifo_name(channel, epoch);

		/* Not train_007, nor train_7 of another channel. */
		if (meant && strcmp(name, meant) == 0)
			return serve_epoch(pipes, channel, epoch, err);
	}
	return 0;
}

static int serve_opened(struct rio_pipes *pipes, struct rio_error *err)
{
	_Alignas(struct inotify_event) char
		events[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	ssize_t len_bytes;
	int r = 0;

	while (!r && (len_bytes = read(pipes->watch_fd, events, sizeof(events))) > 0)
		for (const char *p = events; !r && p < events + len_bytes;) {
			const struct inotify_event *event = (const void *)p;

			if (event->mask & IN_Q_OVERFLOW)
				r = serve_all(pipes, err);
			else if (event->len && !(event->mask & IN_ISDIR))
				r = serve_name(pipes, event->name, err);
			p += sizeof(*event) + event->len;
		}
	return r;
}

/* Tell of what is wrong with the data, once. */
static void tell(struct rio_pipes *pipes, struct rio_feeder *feeder)
{
	struct rio_fed_channel *channel = feeder->channel;
	char text[RIO_ERROR_TEXT_BYTES];

	rio_error_format(&feeder->err, text, sizeof(text));
	pipes->code = rio_tool_worse(pipes->code, rio_tool_exit(feeder->err.code));
	if (channel->told && strcmp(channel->told, text) == 0)
		return;
	rio_tool_report(&feeder->err);
	free(channel->told);
	channel->told = strdup(text);
}

/* Takes the feeder. */
static void end_feeder(struct rio_pipes *pipes, struct rio_feeder *feeder)
{
	pthread_join(feeder->thread, NULL);
	if (feeder->r)
		tell(pipes, feeder);
	else if (feeder->is_first && !feeder->result.stopped)
		feeder->channel->nr_read++;
	free(feeder);
}

/* all: wait for those that are still at work. */
static void end_feeders(struct rio_pipes *pipes, bool all)
{
	for (struct rio_feeder **link = &pipes->feeders; *link;) {
		struct rio_feeder *feeder = *link;

		if (all || atomic_load(&feeder->is_done)) {
			*link = feeder->next;
			end_feeder(pipes, feeder);
		} else {
			link = &feeder->next;
		}
	}
}

int rio_pipes_serve(struct rio_pipes *pipes, struct rio_error *err)
{
	eventfd_t nr;

	eventfd_read(pipes->ended_fd, &nr);
	end_feeders(pipes, false);
	return serve_opened(pipes, err);
}

void rio_pipes_close(struct rio_pipes *pipes)
{
	for (size_t c = 0; c < pipes->config.nr_channels; c++)
		while (pipes->config.channels[c].nr)
			retire(pipes, &pipes->config.channels[c], NULL);
}

bool rio_pipes_are_read(const struct rio_pipes *pipes)
{
	for (size_t c = 0; c < pipes->config.nr_channels; c++)
		if (pipes->config.channels[c].nr_read != pipes->config.nr_epochs)
			return false;
	return pipes->config.nr_epochs > 0;
}

bool rio_pipes_are_busy(const struct rio_pipes *pipes)
{
	return pipes->feeders != NULL;
}

static size_t count_epochs_max(size_t nr_channels)
{
	struct rlimit limit;
	rlim_t free_fds;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		limit.rlim_cur = 0;
	free_fds = limit.rlim_cur > FDS_RESERVED ? limit.rlim_cur - FDS_RESERVED : 0;
	return RIO_MAX(free_fds / nr_channels, 2);
}

int rio_pipes_init(struct rio_pipes *ret, const struct rio_pipes_config *config,
	struct rio_error *err)
{
	int r = 0;

	*ret = (struct rio_pipes){
		.config = *config,
		.epochs_max = count_epochs_max(config->nr_channels),
		.watch_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
		.ended_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
	};
	if (ret->watch_fd < 0 || ret->ended_fd < 0 || ret->stop_fd < 0 ||
		inotify_add_watch(ret->watch_fd, config->folder->data, IN_OPEN) < 0)
		return rio_fail_errno(err, errno, "cannot watch %s for readers",
			config->folder->data);
	for (size_t c = 0; !r && c < config->nr_channels; c++)
		r = add_epoch(ret, &config->channels[c], err);
	return r;
}

void rio_pipes_deinit(struct rio_pipes *pipes)
{
	eventfd_write(pipes->stop_fd, 1);
	rio_pipes_close(pipes);
	end_feeders(pipes, true);
	close(pipes->stop_fd);
	close(pipes->ended_fd);
	close(pipes->watch_fd);
}
