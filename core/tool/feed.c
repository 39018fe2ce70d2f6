/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SageMaker's Pipe mode without a mount: the call is read into channels and numbers, the
 * folder is made, the command started, and then one loop waits for readers, for epochs
 * that are done, for the command and for signals, until there is nothing left to wait for.
 */
#include "tool/tool.h"

#include "channel/config.h"
#include "channel/load.h"
#include "tool/feed_command.h"
#include "tool/feed_folder.h"
#include "tool/feed_pipes.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_CHANNEL, OPTION_TO, OPTION_EPOCHS, OPTION_SLOW, OPTION_STALL };

struct feeding {
	const struct rio_tool_call *call;
	struct rio_fed_channel *channels;
	size_t nr_channels;
	uint64_t nr_epochs, bytes_per_second, stall_ms;
	char *hyperparameters; /* the text, or NULL */

	struct rio_feed_folder folder;
	struct rio_signals signals;
	struct rio_feed_command command;
	struct rio_pipes pipes;
};

/* "train=DIR". */
static int read_channel(const char *text, struct feeding *feeding, struct rio_error *err)
{
	struct rio_fed_channel *channel = &feeding->channels[feeding->nr_channels];
	const char *equals = strchr(text, '=');

	if (!equals || !equals[1])
		return rio_fail(err, RIO_EOPTION, "--channel %s is not NAME=DIR", text);
	channel->name = strndup(text, (size_t)(equals - text));
	channel->folder = strdup(equals + 1);
	feeding->nr_channels++;
	if (!channel->name || !channel->folder)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (!rio_job_is_channel(channel->name))
		return rio_fail(err, RIO_EOPTION, "--channel %s: a channel's name has 1 to 64 "
			"letters, digits, '-', '.' and '_'", text);
	for (size_t i = 0; i + 1 < feeding->nr_channels; i++)
		if (strcmp(feeding->channels[i].name, channel->name) == 0)
			return rio_fail(err, RIO_EOPTION, "there are two channels %s",
				channel->name);
	return 0;
}

static int read_channels(struct feeding *feeding, struct rio_error *err)
{
	const struct rio_tool_call *call = feeding->call;
	int r = 0;

	if (!call->nr_repeated)
		return rio_fail(err, RIO_EOPTION, "feed needs a --channel NAME=DIR; see recordio "
			"feed --help");
	feeding->channels = calloc(call->nr_repeated, sizeof(*feeding->channels));
	if (!feeding->channels)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; !r && i < call->nr_repeated; i++)
		r = read_channel(call->repeated[i], feeding, err);
	return r;
}

static bool read_whole(const char *text, uint64_t *ret)
{
	const char *p = text;

	return strspn(text, "0123456789") == strlen(text) && rio_tool_read_size(&p, ret) && !*p;
}

/* "64M" of bytes a second. */
static bool read_rate(const char *text, uint64_t *ret)
{
	return rio_tool_read_size(&text, ret) && !*text && *ret;
}

/* Seconds, with up to three digits behind a point, as milliseconds. */
static bool read_seconds(const char *text, uint64_t *ret)
{
	unsigned places = 0;
	bool has_point = false;
	uint64_t ms = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '.' && p > text && p[1] && !has_point) {
			has_point = true;
			continue;
		}
		if (*p < '0' || *p > '9' || places == 3 || ms > UINT64_MAX / 100000)
			return false;
		ms = 10 * ms + (uint64_t)(*p - '0');
		places += has_point;
	}
	for (; places < 3; places++)
		ms *= 10;
	*ret = ms;
	return *text;
}

static int read_call(struct feeding *feeding, struct rio_error *err)
{
	const char *const *values = feeding->call->values;

	if (!values[OPTION_TO])
		return rio_fail(err, RIO_EOPTION,
			"feed needs --to FOLDER; see recordio feed --help");
	if (feeding->call->job.input_mode != RIO_MODE_PIPE)
		return rio_fail(err, RIO_EOPTION,
			"feed is Pipe mode; recordiofs -o layout=sagemaker is all modes");
	if (values[OPTION_EPOCHS] && (!read_whole(values[OPTION_EPOCHS], &feeding->nr_epochs) ||
			!feeding->nr_epochs))
		return rio_fail(err, RIO_EOPTION, "--epochs %s is no number from 1",
			values[OPTION_EPOCHS]);
	if (values[OPTION_SLOW] && !read_rate(values[OPTION_SLOW], &feeding->bytes_per_second))
		return rio_fail(err, RIO_EOPTION, "--slow %s is no number of bytes, as 10M or 64K",
			values[OPTION_SLOW]);
	if (values[OPTION_STALL] && !read_seconds(values[OPTION_STALL], &feeding->stall_ms))
		return rio_fail(err, RIO_EOPTION,
			"--stall %s is no number of seconds, as 2 or 0.25", values[OPTION_STALL]);
	return read_channels(feeding, err);
}

/* Of a channel's objects those that the manifest names. */
static int select_objects(const struct rio_job *job, struct rio_fed_channel *channel,
	struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects all = channel->objects;
	_cleanup_free_ char *text = NULL;
	size_t text_bytes;
	int r;

	channel->objects = (struct rio_objects){0};
	r = rio_job_load(job->manifest, &text, &text_bytes, err);
	return r ? r : rio_objects_select(text, text_bytes, job->manifest, channel->name, &all,
				&channel->objects, err);
}

static int list_objects(const struct rio_job *job, struct rio_fed_channel *channel,
	struct rio_error *err)
{
	_cleanup_close_ int fd = open(channel->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return rio_fail_file(err, errno, channel->folder, "cannot be opened");
	r = rio_objects_list(fd, channel->folder, &channel->objects, err);
	if (!r && channel->objects.nr_outside)
		fprintf(stderr, "recordio: note: %s: left out, since links lead out of it: %zu\n",
			channel->folder, channel->objects.nr_outside);
	if (!r && job->manifest)
		r = select_objects(job, channel, err);
	if (r || channel->objects.nr)
		return r;
	if (job->manifest)
		return rio_fail(err, RIO_EOPTION, "%s names no file of channel %s", job->manifest,
			channel->name);
	return rio_fail(err, RIO_EOPTION, "%s has no CSV file for channel %s", channel->folder,
		channel->name);
}

static const char **name_channels(const struct feeding *feeding)
{
	const char **names = calloc(feeding->nr_channels, sizeof(*names));

	for (size_t i = 0; names && i < feeding->nr_channels; i++)
		names[i] = feeding->channels[i].name;
	return names;
}

static int write_config(struct feeding *feeding, const char *const *names, struct rio_error *err)
{
	int r = 0;

	for (enum rio_config_file file = 0; !r && file < RIO_CONFIG_FILES; file++) {
		_cleanup_free_ char *text = NULL;

		r = rio_config_text(file, &feeding->call->job, names, feeding->nr_channels,
			feeding->hyperparameters, &text, err);
		if (!r)
			r = rio_feed_folder_write(&feeding->folder, rio_config_name(file), text,
				err);
	}
	return r;
}

/* Where results go, unless the user says where.  What cannot be made here, the command misses. */
static void add_output_folders(struct feeding *feeding, char *const *environment)
{
	static const char *const names[] = {"SM_MODEL_DIR", "SM_OUTPUT_DIR", "SM_OUTPUT_DATA_DIR",
		"SM_OUTPUT_INTERMEDIATE_DIR"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(names); i++)
		for (char *const *entry = environment; !getenv(names[i]) && *entry; entry++)
			if (strncmp(*entry, names[i], strlen(names[i])) == 0 &&
				(*entry)[strlen(names[i])] == '=')
				rio_feed_folder_add(&feeding->folder,
					*entry + strlen(names[i]) + 1, NULL);
}

static void free_environmentp(char ***environment)
{
	rio_config_free_environment(*environment);
}

static int start_command(struct feeding *feeding, const char *const *names,
	struct rio_error *err)
{
	_cleanup_(free_environmentp) char **environment = NULL;
	int r = rio_config_environment(&feeding->call->job, names, feeding->nr_channels,
		feeding->hyperparameters, feeding->folder.path, &environment, err);

	if (!r)
		add_output_folders(feeding, environment);
	return r ? r : rio_feed_command_start(&feeding->command, feeding->call->files, environment,
				&feeding->signals, err);
}

/* Everything that can be wrong shows here, before a reader does. */
static int prepare(struct feeding *feeding, struct rio_error *err)
{
	_cleanup_free_ const char **names = NULL;
	const struct rio_job *job = &feeding->call->job;
	size_t text_bytes;
	int r = read_call(feeding, err);

	if (!r && job->hyperparameters)
		r = rio_job_load(job->hyperparameters, &feeding->hyperparameters, &text_bytes, err);
	for (size_t i = 0; !r && i < feeding->nr_channels; i++)
		r = list_objects(job, &feeding->channels[i], err);
	if (!r)
		r = rio_signals_init(&feeding->signals, err);
	if (!r)
		r = rio_feed_folder_init(&feeding->folder, feeding->call->values[OPTION_TO], err);
	names = name_channels(feeding);
	if (!r && !names)
		r = rio_fail(err, RIO_ENOMEM, "out of memory");
	if (!r)
		r = write_config(feeding, names, err);
	if (!r)
		r = rio_pipes_init(&feeding->pipes, &(struct rio_pipes_config){
			.call = feeding->call,
			.folder = &feeding->folder,
			.channels = feeding->channels,
			.nr_channels = feeding->nr_channels,
			.nr_epochs = feeding->nr_epochs,
			.bytes_per_second = feeding->bytes_per_second,
			.stall_ms = feeding->stall_ms,
		}, err);
	return r || !feeding->call->nr_files ? r : start_command(feeding, names, err);
}

/* Wait for the command and for signals, and, while it feeds, for readers and epochs' ends. */
static int wait_for_news(const struct feeding *feeding, bool feeds, struct rio_error *err)
{
	struct pollfd fds[] = {
		{.fd = feeding->signals.fd, .events = POLLIN},
		{.fd = feeding->pipes.watch_fd, .events = POLLIN},
		{.fd = feeding->pipes.ended_fd, .events = POLLIN},
	};

	if (poll(fds, feeds ? RIO_ARRAY_SIZE(fds) : 1, -1) < 0 && errno != EINTR)
		return rio_fail_errno(err, errno, "cannot wait for readers");
	return 0;
}

/* Epochs that cannot be delivered will not be read: those at work are the last. */
static bool is_hopeless(const struct feeding *feeding)
{
	return feeding->pipes.code != RIO_EXIT_DONE && feeding->nr_epochs;
}

static int feed_readers(struct feeding *feeding, int *ret_signal, struct rio_error *err)
{
	bool has_command = feeding->command.pid;
	struct rio_pipes *pipes = &feeding->pipes;
	int r = 0;

	while (!r) {
		int signal_nr;

		r = wait_for_news(feeding, true, err);
		signal_nr = rio_signals_take(&feeding->signals, &feeding->command);
		if (!r)
			r = rio_pipes_serve(pipes, err);
		if (has_command) {
			if (feeding->command.has_ended)
				return r;
			continue;
		}
		if (is_hopeless(feeding))
			rio_pipes_close(pipes);
		if (signal_nr || (!rio_pipes_are_busy(pipes) &&
					 (rio_pipes_are_read(pipes) || is_hopeless(feeding)))) {
			*ret_signal = signal_nr;
			return r;
		}
	}
	return r;
}

/* Nothing can be fed any more: the command finds no data, and ends of it. */
static void await_command(struct feeding *feeding)
{
	struct rio_error err;

	rio_pipes_close(&feeding->pipes);
	while (feeding->command.pid && wait_for_news(feeding, false, &err) == 0)
		rio_signals_take(&feeding->signals, &feeding->command);
}

static void deinit(struct feeding *feeding)
{
	rio_pipes_deinit(&feeding->pipes);
	rio_feed_folder_deinit(&feeding->folder);
	for (size_t i = 0; i < feeding->nr_channels; i++) {
		free(feeding->channels[i].name);
		free(feeding->channels[i].folder);
		free(feeding->channels[i].epochs);
		free(feeding->channels[i].told);
		rio_objects_deinit(&feeding->channels[i].objects);
	}
	free(feeding->channels);
	free(feeding->hyperparameters);
	if (feeding->signals.fd >= 0)
		close(feeding->signals.fd);
}

static enum rio_exit feed(const struct rio_tool_call *call)
{
	struct feeding feeding = {
		.call = call,
		.signals = {.fd = -1},
		.pipes = {.watch_fd = -1, .ended_fd = -1, .stop_fd = -1},
	};
	enum rio_exit code = RIO_EXIT_DONE;
	struct rio_error err;
	int signal_nr = 0, r = prepare(&feeding, &err);

	if (!r)
		r = feed_readers(&feeding, &signal_nr, &err);
	if (r)
		code = rio_tool_report(&err);
	await_command(&feeding);
	deinit(&feeding);
	code = rio_tool_worse(code, feeding.pipes.code);
	/* A command's code is its own, and one that a signal ended has a shell's. */
	if (feeding.command.code)
		return (enum rio_exit)feeding.command.code;
	if (signal_nr && feeding.nr_epochs)
		return (enum rio_exit)(128 + signal_nr);
	return code;
}

const struct rio_tool_command rio_tool_feed = {
	.name = "feed",
	.arguments = "--channel NAME=DIR --to FOLDER [-- COMMAND [ARG]...]",
	.help = "Feed a training script as SageMaker's Pipe mode does, without a mount",
	.takes_job = true,
	.runs_command = true,
	.options = {
		[OPTION_CHANNEL] = {"channel", "NAME=DIR", "a channel and the folder of its CSV "
			"files; may be repeated", true},
		[OPTION_TO] = {"to", "FOLDER",
			"where it makes config and data, as in /opt/ml/input", false},
		[OPTION_EPOCHS] = {"epochs", "COUNT", "so many of each channel; else without end",
			false},
		[OPTION_SLOW] = {"slow", "BYTES", "so many a second are sent at most, as 10M",
			false},
		[OPTION_STALL] = {"stall", "SECONDS", "wait so long before an epoch's first byte",
			false},
	},
	.run = feed,
};
