/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/feed_command.h"

#include "base/io.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

int rio_signals_init(struct rio_signals *ret, struct rio_error *err)
{
	struct rio_signals signals = {.fd = -1};
	struct rlimit fds;
	sigset_t taken;

	sigemptyset(&taken);
	sigaddset(&taken, SIGCHLD);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(ending); i++) {
		struct sigaction action;

		/* As of a script's background job, or under nohup. */
		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&taken, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &taken, &signals.old_mask);
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &signals.old_pipe);
	sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &signals.old_child);
	if (getrlimit(RLIMIT_NOFILE, &signals.old_fds) == 0) {
		fds = signals.old_fds;
		fds.rlim_cur = fds.rlim_max;
		setrlimit(RLIMIT_NOFILE, &fds);
	}
	signals.fd = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
	*ret = signals;
	return signals.fd < 0 ? rio_fail_errno(err, errno, "cannot wait for signals") : 0;
}

/* Whether the user's own value counts. */
static bool is_users(const char *name)
{
	static const char *const begins[] = {"SM_MODEL_DIR=", "SM_OUTPUT_", "SM_NUM_",
		"SM_LOG_LEVEL=", "SAGEMAKER_BASE_DIR="};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static void set_variable(const char *entry)
{
	const char *equals = strchr(entry, '=');
	_cleanup_free_ char *name = strndup(entry, (size_t)(equals - entry));

	if (name)
		setenv(name, equals + 1, !is_users(entry));
}

/* In the child: it becomes the command, or tells why it cannot. */
static void become(char **argv, char *const *environment, const struct rio_signals *signals,
	int failure_fd)
{
	int e;

	for (; *environment; environment++)
		set_variable(*environment);
	setrlimit(RLIMIT_NOFILE, &signals->old_fds);
	sigaction(SIGPIPE, &signals->old_pipe, NULL);
	sigaction(SIGCHLD, &signals->old_child, NULL);
	sigprocmask(SIG_SETMASK, &signals->old_mask, NULL);
	execvp(argv[0], argv);
	e = errno;
	rio_write_all(failure_fd, &e, sizeof(e));
	_exit(127);
}

int rio_feed_command_start(struct rio_feed_command *ret, char **argv, char *const *environment,
	const struct rio_signals *signals, struct rio_error *err)
{
	_cleanup_close_ int read_fd = -1, write_fd = -1;
	int fds[2], e;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return rio_fail_errno(err, errno, "cannot run %s", argv[0]);
	read_fd = fds[0];
	write_fd = fds[1];
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return rio_fail_errno(err, errno, "cannot run %s", argv[0]);
	if (pid == 0)
		become(argv, environment, signals, write_fd);
	close(rio_steal_fd(&write_fd));
	if (rio_read_all(read_fd, &e, sizeof(e)) == sizeof(e)) {
		waitpid(pid, NULL, 0);
		return rio_fail_errno(err, e, "cannot run %s", argv[0]);
	}
	*ret = (struct rio_feed_command){.pid = pid};
	return 0;
}

static void note_end(struct rio_feed_command *command)
{
	int status;

	if (!command->pid || waitpid(command->pid, &status, WNOHANG) != command->pid)
		return;
	*command = (struct rio_feed_command){
		.has_ended = true,
		.code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
	};
}

int rio_signals_take(const struct rio_signals *signals, struct rio_feed_command *command)
{
	struct signalfd_siginfo info;
	int last = 0;

	while (read(signals->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			note_end(command);
			continue;
		}
		last = (int)info.ssi_signo;
		/* The terminal's went to the command, too. */
		if (command->pid && info.ssi_code != SI_KERNEL)
			kill(command->pid, last);
	}
	return last;
}
