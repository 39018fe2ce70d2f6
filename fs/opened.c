/* SPDX-License-Identifier: Apache-2.0 */
#include "opened.h"

void rfs_opened_init(struct rfs_opened_set *set)
{
	pthread_mutex_init(&set->lock, NULL);
	LIST_INIT(&set->head);
}

void rfs_opened_add(struct rfs_opened_set *set, struct rfs_opened *opened,
	void (*close)(struct rfs_opened *opened))
{
	opened->close = close;
	pthread_mutex_lock(&set->lock);
	LIST_INSERT_HEAD(&set->head, opened, link);
	pthread_mutex_unlock(&set->lock);
}

void rfs_opened_close(struct rfs_opened_set *set, struct rfs_opened *opened)
{
	pthread_mutex_lock(&set->lock);
	LIST_REMOVE(opened, link);
	pthread_mutex_unlock(&set->lock);
	opened->close(opened);
}

void rfs_opened_deinit(struct rfs_opened_set *set)
{
	while (!LIST_EMPTY(&set->head))
		rfs_opened_close(set, LIST_FIRST(&set->head));
	pthread_mutex_destroy(&set->lock);
}
