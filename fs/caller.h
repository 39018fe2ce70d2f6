/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the process behind a slow request still wants its answer.
 *
 * Below it: libc only.
 */
#ifndef RFS_CALLER_H
#define RFS_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether a signal that asks the thread tid to end (HUP, INT, QUIT, TERM, KILL)
 * is waiting for it.  True also where that cannot be found out.
 */
bool rfs_caller_is_ending(pid_t tid);

#endif
