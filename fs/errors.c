/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node knows its own error, but goes when the kernel forgets it, and a search
 * through all nodes would hold up every lookup.  So errors are noted here as they
 * are found, which is rare, in a list so short that it is simply walked.  Whether
 * one still holds is looked up when somebody asks.
 */
#include "errors.h"

#include "base/util.h"

#include <pthread.h>
#include <string.h>

struct entry {
	char *path;
	struct rio_stamp stamp;
	char *message;
};

/* Oldest first. */
static struct entry entries[RFS_ERRORS_MAX];
static size_t nr;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void deinit(struct entry *entry)
{
	free(entry->path);
	free(entry->message);
}

static bool copy(const struct entry *from, struct entry *ret)
{
	*ret = (struct entry){strdup(from->path), from->stamp, strdup(from->message)};
	if (ret->path && ret->message)
		return true;
	deinit(ret);
	return false;
}

static void drop(size_t i)
{
	deinit(&entries[i]);
	memmove(&entries[i], &entries[i + 1], (--nr - i) * sizeof(*entries));
}

void rfs_errors_note(const char *path, const struct rio_stamp *stamp, const char *message)
{
	struct entry entry;

	if (!copy(&(struct entry){(char *)path, *stamp, (char *)message}, &entry))
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nr; i++)
		if (strcmp(entries[i].path, path) == 0)
			drop(i--);
	if (nr == RFS_ERRORS_MAX)
		drop(0);
	entries[nr++] = entry;
	pthread_mutex_unlock(&lock);
}

static bool still_holds(const struct rfs_beneath *beneath, const struct entry *entry)
{
	struct rio_stamp stamp;
	struct stat st;

	if (rfs_beneath_stat(beneath, entry->path, &st))
		return false;
	stamp = rio_stamp_of_stat(&st);
	return rio_stamp_equal(&stamp, &entry->stamp);
}

size_t rfs_errors_get(const struct rfs_beneath *beneath, char *ret[RFS_ERRORS_MAX])
{
	struct entry copies[RFS_ERRORS_MAX];
	size_t nr_copies = 0, nr_ret = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < nr; i++)
		nr_copies += copy(&entries[i], &copies[nr_copies]);
	pthread_mutex_unlock(&lock);
	/* Looking at sources may take long, so it is done without the lock. */
	for (size_t i = 0; i < nr_copies; i++) {
		if (still_holds(beneath, &copies[i]))
			ret[nr_ret++] = rio_steal(copies[i].message);
		deinit(&copies[i]);
	}
	return nr_ret;
}
