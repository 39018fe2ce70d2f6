/* SPDX-License-Identifier: Apache-2.0 */
#include "thread.h"

#include <signal.h>

int rfs_thread_start(pthread_t *ret, void *(*run)(void *data), void *data)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(ret, NULL, run, data);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}
