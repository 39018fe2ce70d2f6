/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel tells of an interrupted request whatever the signal was: a timer of
 * a profiler, a child that ended, or Ctrl-C.  It takes an answer to any of them
 * as final, and programs do not expect stat to fail with EINTR because a child
 * ended.  So only signals that mean "end" make a request be given up; they stay
 * pending while their process waits in the kernel, and /proc shows them.
 */
#include "caller.h"

#include "base/util.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t bit(int sig)
{
	return (uint64_t)1 << (sig - 1);
}

bool rfs_caller_is_ending(pid_t tid)
{
	const uint64_t ending = bit(SIGHUP) | bit(SIGINT) | bit(SIGQUIT) | bit(SIGTERM) |
				bit(SIGKILL);
	char path[64], line[256];
	uint64_t pending = 0;
	unsigned nr_masks = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return true;
	/* The thread's own, and those of its whole process. */
	while (fgets(line, sizeof(line), file)) {
		unsigned long long mask;

		if (sscanf(line, "SigPnd: %llx", &mask) == 1 ||
			sscanf(line, "ShdPnd: %llx", &mask) == 1) {
			pending |= mask;
			nr_masks++;
		}
	}
	fclose(file);
	return nr_masks == 0 || (pending & ending);
}
