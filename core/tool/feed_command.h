/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command that is fed, and the signals that end both.
 *
 * Below it: base.
 */
#ifndef RIO_TOOL_FEED_COMMAND_H
#define RIO_TOOL_FEED_COMMAND_H

#include "base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Zeroed, but for fd -1, is none. */
struct rio_signals {
	int fd; /* readable where one has come */
	sigset_t old_mask;
	struct sigaction old_pipe, old_child;
	struct rlimit old_fds;
};

/*
 * Have the signals that end a program come to fd, but those that are ignored, and SIGCHLD;
 * ignore SIGPIPE; and let the process open as many files as it may.
 */
int rio_signals_init(struct rio_signals *ret, struct rio_error *err);

struct rio_feed_command {
	pid_t pid;      /* 0: none is running */
	bool has_ended;
	int code;       /* then: what a shell says of it */
};

/*
 * Run argv (NULL at the end, looked for in PATH), as if it were run instead of this
 * program, but with environment's variables set.  What the user has set of them is kept
 * where it says where results go, or what the machine has.  No other thread may run.
 */
int rio_feed_command_start(struct rio_feed_command *ret, char **argv, char *const *environment,
	const struct rio_signals *signals, struct rio_error *err);

/*
 * Take what has come: a command that has ended is noted, what ends a program is passed on
 * to it.  Returns the last of the latter, or 0.
 */
int rio_signals_take(const struct rio_signals *signals, struct rio_feed_command *command);

#endif
