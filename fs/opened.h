/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is open on the mount, files, folders and control files alike.  The kernel
 * alone knows the handles that it was given, and a session may end before it has
 * released them: then they are closed from here.
 *
 * Below it: libc only.
 */
#ifndef RFS_OPENED_H
#define RFS_OPENED_H

#include <pthread.h>
#include <sys/queue.h>

/* Embedded, as the first member, in everything that a request opens. */
struct rfs_opened {
	LIST_ENTRY(rfs_opened) link; /* guarded by the set's lock */
	void (*close)(struct rfs_opened *opened);
};

struct rfs_opened_set {
	pthread_mutex_t lock;
	LIST_HEAD(, rfs_opened) head; /* lock */
};

void rfs_opened_init(struct rfs_opened_set *set);
/* Closes what is left. */
void rfs_opened_deinit(struct rfs_opened_set *set);

/* Takes opened, until it is closed. */
void rfs_opened_add(struct rfs_opened_set *set, struct rfs_opened *opened,
	void (*close)(struct rfs_opened *opened));
void rfs_opened_close(struct rfs_opened_set *set, struct rfs_opened *opened);

#endif
