/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libfuse's fuse_daemonize lets the parent go before the kernel has been
 * answered, and "returns once it can be read" is what scripts build on.  So the
 * parent here waits on a pipe, and the child writes to it when a stat of the
 * mountpoint, made by a thread of its own, has come back: that is an answer given
 * through the mount itself.
 *
 *	parent   fork --- reads the pipe ------------------------ exits
 *	child         '-- mounts, serves ----------.             ^
 *	 a thread                 '-- stat ... back -> stdio away, 'R'
 *
 * A child that fails has told why on the stderr they share, and its exit code
 * becomes the parent's.
 */
#include "daemon.h"

#include "base/util.h"
#include "bench.h"
#include "kernel_read_ahead.h"
#include "log.h"
#include "thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <limits.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#define READY 'R'

/* --- to the background --- */

static int wait_ready(pid_t child, int fd)
{
	ssize_t n;
	int status;
	char c;

	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1 && c == READY)
		return RFS_EXIT_OK;
	if (waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status);
	return RFS_EXIT_SYSTEM;
}

int rfs_daemon_detach(int *ret_ready_fd)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		rfs_log("cannot make a pipe: %m");
		return RFS_EXIT_SYSTEM;
	}
	child = fork();
	if (child < 0) {
		rfs_log("cannot go to the background: %m");
		return RFS_EXIT_SYSTEM;
	}
	if (child > 0) {
		close(ends[1]);
		return wait_ready(child, ends[0]);
	}
	close(ends[0]);
	setsid();
	*ret_ready_fd = ends[1];
	return -1;
}

/* --- ready --- */

struct announcement {
	struct rfs_mount *mount;
	const char *mountpoint;
	int ready_fd;
};

/* For sequential readers; where that is not for us to do, say who can. */
static void raise_read_ahead(dev_t device)
{
	char path[RFS_KERNEL_READ_AHEAD_PATH_BYTES];
	int e = rfs_kernel_raise_read_ahead(device);

	if (e)
		rfs_log_note("the kernel reads only %u KiB ahead here (%s); root can make "
			"sequential reading faster: echo %d > %s",
			rfs_kernel_read_ahead_kib(device), strerror(e), RFS_KERNEL_READ_AHEAD_KIB,
			rfs_kernel_read_ahead_path(device, path));
}

static void leave_stdio(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	rfs_log_to_syslog();
	for (int i = 0; fd >= 0 && i <= 2; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* Whether what is mounted there answers, and is of fuse: it may be unmounted already. */
static bool is_served(const char *mountpoint, struct stat *ret_st)
{
	struct statfs fs;

	return stat(mountpoint, ret_st) == 0 && statfs(mountpoint, &fs) == 0 &&
	       fs.f_type == FUSE_SUPER_MAGIC && ret_st->st_ino == FUSE_ROOT_ID;
}

static void *announce(void *data)
{
	struct announcement *a = data;
	const char ready = READY;
	struct stat st;

	if (!is_served(a->mountpoint, &st))
		return NULL;
	a->mount->device = st.st_dev;
	if (a->ready_fd >= 0)
		leave_stdio();
	raise_read_ahead(st.st_dev);
	if (a->ready_fd >= 0)
		(void)!write(a->ready_fd, &ready, 1);
	rfs_bench_warm_up();
	return NULL;
}

/* --- a session --- */

/* Signals that end the mount wait until wait_to_end takes them. */
static void block_ending_signals(sigset_t *ret)
{
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	pthread_sigmask(SIG_BLOCK, ret, NULL);
}

/*
 * libfuse's own handler ends the loop at once.  But who waits for an epoch of a channel is
 * let go through the mount itself, which must be served for that.
 */
static void *wait_to_end(void *data)
{
	struct announcement *a = data;
	struct statfs fs;
	sigset_t ending;
	int signal_nr;

	block_ending_signals(&ending);
	while (sigwait(&ending, &signal_nr))
		;
	if (atomic_exchange(&a->mount->ending, true))
		return NULL;
	if (a->mount->fifos)
		rfs_fifos_end(a->mount->fifos, true);
	fuse_session_exit(a->mount->session);
	/* A thread of the loop must see a request to see that; unmounting lets this one go. */
	statfs(a->mountpoint, &fs);
	return NULL;
}

/* The thread that waits for a signal may wait still. */
static void end_waiting(struct rfs_mount *mount, pthread_t thread)
{
	if (!atomic_exchange(&mount->ending, true))
		pthread_kill(thread, SIGTERM);
	pthread_join(thread, NULL);
}

/* So that the kernel may forget a FIFO that nobody reads. */
static void expel(void *data, const char *name)
{
	struct rfs_mount *mount = data;

	fuse_lowlevel_notify_inval_entry(mount->session,
		(uintptr_t)rfs_input_data(mount->input), name, strlen(name));
}

/*
 * libfuse ends its threads by pthread_cancel.  glibc loads a library for that, and aborts
 * where there is no memory for it: then a mount would be left behind.
 */
static void prepare_to_end(void)
{
	dlopen("libgcc_s.so.1", RTLD_NOW);
}

static int loop(struct rfs_mount *mount)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int r;

	if (!config)
		return -ENOMEM;
	prepare_to_end();
	fuse_loop_cfg_set_max_threads(config, mount->options->nr_threads);
	r = fuse_session_loop_mt(mount->session, config);
	fuse_loop_cfg_destroy(config);
	return r;
}

static int fail_session(int r)
{
	rfs_log("the session has failed: %s", strerror(-r));
	return RFS_EXIT_SYSTEM;
}

static int serve_mounted(struct rfs_mount *mount, const char *mountpoint, int ready_fd)
{
	struct announcement announcement = {mount, mountpoint, ready_fd};
	pthread_t announcing, waiting;
	int r = mount->fifos ? -rfs_fifos_start(mount->fifos, mountpoint, expel, mount) : 0;
	bool announces, waits;

	if (!r)
		r = -rfs_thread_start(&waiting, wait_to_end, &announcement);
	waits = !r;
	announces = !r && rfs_thread_start(&announcing, announce, &announcement) == 0;
	if (!r)
		r = loop(mount);
	/* A thread that has no memory for its last request ends the loop as well as any. */
	if (atomic_load(&mount->ending))
		r = 0;
	/* Where nothing is mounted any more, no request of ours waits for an answer. */
	if (mount->fifos && r >= 0)
		rfs_fifos_end(mount->fifos, false);
	/* This also lets go a stat that nobody answers any more. */
	fuse_session_unmount(mount->session);
	if (mount->fifos)
		rfs_fifos_end(mount->fifos, false);
	if (announces)
		pthread_join(announcing, NULL);
	if (waits)
		end_waiting(mount, waiting);
	return r < 0 ? fail_session(r) : RFS_EXIT_OK;
}

/* libfuse has said what failed; this is what to do about it. */
static void tell_remedy(void)
{
	const char *container = "in a container: --device /dev/fuse --cap-add SYS_ADMIN; "
				"without a mount: recordio cat";
	_cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		rfs_log_note("root must allow it: chmod 666 /dev/fuse; %s", container);
	else if (fd < 0)
		rfs_log_note("there is no FUSE here: modprobe fuse; %s", container);
	else if (prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN) == 0)
		rfs_log_note("nobody may mount here; %s", container);
}

int rfs_daemon_serve(struct rfs_mount *mount, struct fuse_args *args, const char *mountpoint,
	int ready_fd)
{
	int code = RFS_EXIT_SYSTEM;
	sigset_t ending;

	/* A terminal that is closed is no reason to unmount, nor a reader that leaves to end. */
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	mount->session = fuse_session_new(args, &rfs_ops, sizeof(rfs_ops), mount);
	if (!mount->session)
		return code;
	block_ending_signals(&ending);
	if (fuse_session_mount(mount->session, mountpoint))
		tell_remedy();
	else if (chdir("/") == 0)
		code = serve_mounted(mount, mountpoint, ready_fd);
	fuse_session_destroy(mount->session);
	return code;
}

/* --- the mountpoint --- */

/* The path of something that cannot be looked at itself. */
static char *resolve_by_parent(const char *given)
{
	_cleanup_free_ char *for_dir = strdup(given);
	_cleanup_free_ char *for_base = strdup(given);
	_cleanup_free_ char *parent = NULL;
	char *path;

	if (!for_dir || !for_base)
		return NULL;
	parent = realpath(dirname(for_dir), NULL);
	if (!parent)
		return NULL;
	if (asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent,
		basename(for_base)) < 0)
		return NULL;
	return path;
}

/* Whether the topmost mount at path is one of ours. */
static bool is_ours(const char *path)
{
	FILE *file = setmntent("/proc/self/mounts", "re");
	bool ours = false;
	struct mntent *entry;

	if (!file)
		return false;
	while ((entry = getmntent(file)))
		if (strcmp(entry->mnt_dir, path) == 0)
			ours = strcmp(entry->mnt_type, "fuse.recordiofs") == 0;
	endmntent(file);
	return ours;
}

static int unmount_lazily(const char *path)
{
	int status = -1;
	pid_t child;

	if (umount2(path, MNT_DETACH) == 0)
		return 0;
	if (errno != EPERM)
		return errno;
	child = fork();
	if (child == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", "--", path, (char *)NULL);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		return EPERM;
	return 0;
}

static int remove_dead(const char *given)
{
	_cleanup_free_ char *path = resolve_by_parent(given);
	int e;

	if (!path || !is_ours(path))
		return ENOTCONN;
	e = unmount_lazily(path);
	if (!e)
		rfs_log_note("%s: unmounted what a recordiofs that has died left behind", path);
	return e;
}

int rfs_daemon_resolve_mountpoint(const char *given, char **ret)
{
	_cleanup_free_ char *path = NULL;
	struct stat st;
	int e = stat(given, &st) < 0 ? errno : 0;

	if (e == ENOTCONN) {
		e = remove_dead(given);
		if (!e && stat(given, &st) < 0)
			e = errno;
	}
	if (e)
		return e;
	if (!S_ISDIR(st.st_mode))
		return ENOTDIR;
	path = realpath(given, NULL);
	if (!path)
		return errno;
	if (is_ours(path))
		return EBUSY;
	*ret = rio_steal(path);
	return 0;
}
