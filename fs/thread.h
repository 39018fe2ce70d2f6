/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that no signal goes to: those are the process's, and taken in one place (daemon).
 *
 * Below it: libc only.
 */
#ifndef RFS_THREAD_H
#define RFS_THREAD_H

#include <pthread.h>

/* As pthread_create: returns 0 or a positive errno. */
int rfs_thread_start(pthread_t *ret, void *(*run)(void *data), void *data);

#endif
