/* SPDX-License-Identifier: Apache-2.0 */
/* recordiofs SOURCE MOUNTPOINT: from the command line to a session, and back down. */
#include "base/util.h"
#include "bench.h"
#include "daemon.h"
#include "handle.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What a mount is made of, in the order in which it is made. */
struct parts {
	struct rfs_options options;
	char *mountpoint; /* absolute */
	struct rfs_beneath beneath;
	struct rfs_settings *settings;
	struct rio_store *store;
	struct rfs_channels *channels; /* layout=sagemaker */
};

static bool is_within(const char *path, const char *folder)
{
	size_t len = strcmp(folder, "/") == 0 ? 0 : strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static int fail_path(const char *what, const char *path, int e)
{
	rfs_log("%s%s: %s", what, path, strerror(e));
	return RFS_EXIT_SYSTEM;
}

static int open_source(struct parts *parts)
{
	const char *given = parts->options.source;
	_cleanup_free_ char *path = realpath(given, NULL);
	int e;

	if (!path)
		return fail_path("SOURCE ", given, errno);
	e = rfs_beneath_init(&parts->beneath, path, is_within(parts->mountpoint, path));
	if (e == ENOSYS)
		rfs_log("SOURCE %s: the kernel has no openat2 (Linux 5.6), or it is forbidden here", given);
	else if (e)
		fail_path("SOURCE ", given, e);
	return e ? RFS_EXIT_SYSTEM : 0;
}

static int find_mountpoint(struct parts *parts)
{
	const char *given = parts->options.mountpoint;
	int e = rfs_daemon_resolve_mountpoint(given, &parts->mountpoint);

	if (e == ENOENT)
		rfs_log("MOUNTPOINT %s does not exist; make it first: mkdir -p %s", given, given);
	else if (e == EBUSY)
		rfs_log("MOUNTPOINT %s is the mount of a recordiofs already; unmount that first: "
			"fusermount3 -u %s", given, given);
	else if (e)
		fail_path("MOUNTPOINT ", given, e);
	return e ? RFS_EXIT_SYSTEM : 0;
}

/* Wrong settings are a wrong call: nothing is mounted. */
static int open_settings(struct parts *parts)
{
	struct rio_error err;
	int r = rfs_settings_create(&parts->options, &parts->beneath, &parts->settings, &err);

	if (!r) {
		const char *path = rfs_settings_path(parts->settings);

		/* Not to be overlooked: a file that SOURCE does not show. */
		if (path && !parts->options.config && !is_within(path, parts->beneath.path))
			rfs_log_note("settings are those of %s, above SOURCE", path);
		return 0;
	}
	rfs_log_error(&err);
	return r == RIO_EOPTION ? RFS_EXIT_CALL : RFS_EXIT_SYSTEM;
}

/* Before the daemon leaves this folder, from which a relative index_dir is meant. */
static int open_store(struct parts *parts)
{
	const char *given = parts->options.index_dir;
	struct rio_error err;

	if (!parts->options.keep_maps)
		return 0;
	if (rio_store_create(given, &parts->store, &err) == 0)
		return 0;
	rfs_log_error(&err);
	if (given)
		return RFS_EXIT_SYSTEM;
	rfs_log_note("no offset maps are kept");
	return 0;
}

/* Before the daemon leaves this folder, as above. */
static int open_channels(struct parts *parts)
{
	struct rio_error err;
	int r;

	if (parts->options.layout != RFS_SAGEMAKER)
		return 0;
	r = rfs_channels_create(&parts->options, &parts->beneath, parts->settings,
		parts->mountpoint, &parts->channels, &err);
	if (!r)
		return 0;
	rfs_log_error(&err);
	return r == RIO_EOPTION ? RFS_EXIT_CALL : RFS_EXIT_SYSTEM;
}

static int add_session_words(struct parts *parts)
{
	struct fuse_args *args = &parts->options.session;
	_cleanup_free_ char *fsname = NULL;
	_cleanup_free_ char *words = NULL;
	char fixed[160];

	snprintf(fixed, sizeof(fixed), "-oro,default_permissions,subtype=recordiofs,max_read=%zu%s",
		RFS_READ_BYTES_MAX, parts->options.allow_other ? ",allow_other" : "");
	if (asprintf(&fsname, "fsname=%s", parts->beneath.path) < 0)
		return ENOMEM;
	if (fuse_opt_add_opt_escaped(&words, fsname) || fuse_opt_add_arg(args, fixed) ||
		fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, words))
		return ENOMEM;
	return 0;
}

/* What a thread works with: a reply of its own, and the scratch of a segment or two. */
#define THREAD_BYTES (RFS_READ_BYTES_MAX + RIO_MIB / 2)

/* The budget less what threads may take of it, but half of it at least, is for blocks. */
static uint64_t block_bytes(const struct rfs_options *options, unsigned nr_workers)
{
	uint64_t threads_bytes = (options->nr_threads + nr_workers) * (uint64_t)THREAD_BYTES;

	return options->memory_bytes - RIO_MIN(options->memory_bytes / 2, threads_bytes);
}

static int create_input(struct parts *parts, struct rfs_mount *mount)
{
	const struct rfs_feeds_config config = {
		.job = &parts->options.job,
		.channels = parts->channels,
		.beneath = &parts->beneath,
		.store = parts->store,
		.counters = &mount->counters,
	};
	int e;

	if (parts->options.layout != RFS_SAGEMAKER)
		return 0;
	e = rfs_fifos_create(&config, &mount->fifos);
	return e ? e : rfs_input_create(&parts->options, &parts->beneath, parts->channels,
			       mount->fifos, &mount->input);
}

/* In the process that stays. */
static int serve(struct parts *parts, int ready_fd)
{
	struct rfs_mount mount = {
		.options = &parts->options,
		.beneath = &parts->beneath,
		.settings = parts->settings,
	};
	unsigned nr_workers = (unsigned)RIO_MAX(sysconf(_SC_NPROCESSORS_ONLN), 1L);
	int code = RFS_EXIT_SYSTEM;
	int e;

	rfs_opened_init(&mount.opened);
	clock_gettime(CLOCK_MONOTONIC, &mount.begun);
	e = create_input(parts, &mount);
	if (!e)
		e = rfs_tree_create(&parts->options, &parts->beneath, parts->settings,
			parts->store, &mount.counters, mount.input, &mount.tree);
	if (!e)
		e = rfs_readahead_create(block_bytes(&parts->options, nr_workers), nr_workers,
			rfs_handle_fill, &mount.readahead);
	if (!e)
		e = add_session_words(parts);
	if (e)
		rfs_log("cannot start: %s", strerror(e));
	else
		code = rfs_daemon_serve(&mount, &parts->options.session, parts->mountpoint,
			ready_fd);
	rfs_opened_deinit(&mount.opened);
	rfs_readahead_destroy(mount.readahead);
	rfs_tree_destroy(mount.tree);
	rfs_input_destroy(mount.input);
	rfs_fifos_destroy(mount.fifos);
	rfs_bench_deinit();
	return code;
}

static int run(struct parts *parts)
{
	int ready_fd = -1;
	int code = find_mountpoint(parts);

	if (code)
		return code;
	if (parts->options.says_rw && !parts->options.is_from_mount)
		rfs_log_note("rw has no effect: the mount is read-only, SOURCE is never written");
	code = open_source(parts);
	if (code)
		return code;
	code = open_settings(parts);
	if (!code)
		code = open_store(parts);
	if (!code)
		code = open_channels(parts);
	if (!code && !parts->options.fake) {
		code = parts->options.foreground ? -1 : rfs_daemon_detach(&ready_fd);
		if (code < 0)
			code = serve(parts, ready_fd);
	}
	rfs_channels_destroy(parts->channels);
	rio_store_destroy(parts->store);
	rfs_settings_destroy(parts->settings);
	rfs_beneath_deinit(&parts->beneath);
	return code;
}

static int fail_call(const struct rio_error *err)
{
	rfs_log_error(err);
	if (err->code != RIO_EOPTION)
		return RFS_EXIT_SYSTEM;
	fputs("Try 'recordiofs --help'.\n", stderr);
	return RFS_EXIT_CALL;
}

/* Called with stdin, stdout or stderr closed: no file of ours may get its number. */
static void fill_stdio(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/*
 * One heap for all threads: what is small they keep at hand anyway, and a thread that
 * answers its first request need not make a heap first.
 */
static void share_heap(void)
{
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
}

int main(int argc, char **argv)
{
	struct parts parts = {0};
	struct rio_error err;
	int code, call;

	fill_stdio();
	share_heap();
	rfs_log_adopt_libfuse();
	call = rfs_options_parse(&parts.options, argc, argv, &err);
	switch (call) {
	case RFS_CALL_MOUNT:
		code = run(&parts);
		break;
	case RFS_CALL_HELP:
		rfs_options_usage(stdout);
		code = RFS_EXIT_OK;
		break;
	case RFS_CALL_VERSION:
		printf("recordiofs %s\n", RIO_VERSION);
		code = RFS_EXIT_OK;
		break;
	default:
		code = fail_call(&err);
	}
	free(parts.mountpoint);
	rfs_options_deinit(&parts.options);
	return code;
}
