/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a channel is made of is looked at when somebody asks, as everything in the mount,
 * with one exception: which files a share or a manifest leaves to File mode, and whether
 * everybody may read them, depends on all names below the channel's folder, and listing
 * these for each name that is looked up would make a listing of n files cost n listings.
 * So these answers are kept for a second.
 */
#include "sagemaker/shown.h"

#include "base/util.h"
#include "log.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KEPT_SECONDS 1

/* What is shown of a channel. */
struct entry {
	char *name;
	struct rio_objects keys;     /* sorted */
	struct timespec keys_read;   /* CLOCK_MONOTONIC; 0: not yet */
	bool is_public;
	struct timespec public_read; /* likewise */
};

struct rfs_shown {
	const struct rio_job *job;
	const struct rfs_channels *channels;

	pthread_mutex_t lock; /* all below; held while a folder is listed */
	struct entry *entries;
	size_t nr;
};

struct rfs_shown *rfs_shown_create(const struct rio_job *job, const struct rfs_channels *channels)
{
	struct rfs_shown *shown = calloc(1, sizeof(*shown));

	if (!shown)
		return NULL;
	shown->job = job;
	shown->channels = channels;
	pthread_mutex_init(&shown->lock, NULL);
	return shown;
}

void rfs_shown_destroy(struct rfs_shown *shown)
{
	if (!shown)
		return;
	for (size_t i = 0; i < shown->nr; i++) {
		free(shown->entries[i].name);
		rio_objects_deinit(&shown->entries[i].keys);
	}
	free(shown->entries);
	pthread_mutex_destroy(&shown->lock);
	free(shown);
}

static int list(const struct rfs_shown *shown, const char *name, struct rio_objects *ret,
	struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects all = {0}, chosen = {0};
	_cleanup_free_ size_t *order = NULL;
	size_t nr = 0;
	int r = rfs_channels_objects(shown->channels, name, &all, err);

	if (!r)
		r = rio_objects_order(&all, shown->job, RIO_FILE_MODE, &order, &nr, err);
	for (size_t i = 0; !r && i < nr; i++)
		r = rio_objects_add(&chosen, all.keys[order[i]], err);
	if (r)
		return r;
	rio_objects_sort(&chosen);
	*ret = chosen;
	chosen = (struct rio_objects){0};
	return 0;
}

/* The channel's entry, new or known; NULL without memory. */
static struct entry *find(struct rfs_shown *shown, const char *name)
{
	struct entry *more;

	for (size_t i = 0; i < shown->nr; i++)
		if (strcmp(shown->entries[i].name, name) == 0)
			return &shown->entries[i];
	more = reallocarray(shown->entries, shown->nr + 1, sizeof(*more));
	if (!more)
		return NULL;
	shown->entries = more;
	more[shown->nr] = (struct entry){.name = strdup(name)};
	return more[shown->nr].name ? &more[shown->nr++] : NULL;
}

/* Whether what was read then is too old to be told; it is then read now. */
static bool is_old(struct timespec *read)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (read->tv_sec && now.tv_sec - read->tv_sec <= KEPT_SECONDS)
		return false;
	*read = now;
	return true;
}

/* Its keys; none where they cannot be told, and the log says why. */
static const struct rio_objects *keys_of(struct rfs_shown *shown, const char *name)
{
	struct entry *entry = find(shown, name);
	struct rio_error err;

	if (!entry || !is_old(&entry->keys_read))
		return entry ? &entry->keys : NULL;
	rio_objects_deinit(&entry->keys);
	if (list(shown, name, &entry->keys, &err))
		rfs_log_error(&err);
	return &entry->keys;
}

/* Whether key, or with is_folder one that begins with it, is among the sorted keys. */
static bool has(const struct rio_objects *keys, const char *key, bool is_folder)
{
	size_t begin = 0, end = keys->nr;

	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;

		if (strcmp(keys->keys[middle], key) < 0)
			begin = middle + 1;
		else
			end = middle;
	}
	if (begin == keys->nr)
		return false;
	return is_folder ? strncmp(keys->keys[begin], key, strlen(key)) == 0
			 : strcmp(keys->keys[begin], key) == 0;
}

bool rfs_shown_has(struct rfs_shown *shown, const char *path, bool is_folder)
{
	_cleanup_free_ char *copy = NULL;
	const struct rio_objects *keys;
	const char *name, *key;
	bool is_shown;

	if (!shown->job->manifest && shown->job->distribution == RIO_FULLY_REPLICATED)
		return true;
	/* The keys in a folder begin with its own and a slash. */
	if (asprintf(&copy, "%s%s", path, is_folder ? "/" : "") < 0)
		return false;
	name = rfs_channels_split(shown->channels, copy, &key);
	if (!key || !*key)
		return true;
	pthread_mutex_lock(&shown->lock);
	keys = keys_of(shown, name);
	is_shown = keys && has(keys, key, is_folder);
	pthread_mutex_unlock(&shown->lock);
	return is_shown;
}

static bool everybody_may(const struct rfs_beneath *beneath, const char *path)
{
	struct stat st;
	mode_t wanted;

	if (rfs_beneath_stat(beneath, path, &st))
		return false;
	wanted = S_ISDIR(st.st_mode) ? 0005 : 0004;
	return (st.st_mode & wanted) == wanted;
}

/* The object at path, and each folder on the way to it from its channel's, which ends at len. */
static bool is_reachable(const struct rfs_beneath *beneath, char *path, size_t len)
{
	char *slash;

	while (strlen(path) > len) {
		if (!everybody_may(beneath, path))
			return false;
		slash = strrchr(path, '/');
		*slash = '\0';
	}
	return true;
}

static bool is_public(const struct rfs_channels *channels,
	const struct rfs_beneath *beneath, const char *name)
{
	_cleanup_(rio_objects_deinit) struct rio_objects objects = {0};
	const char *folder = rfs_channels_folder(channels, name);
	struct rio_error err;
	bool all_may;

	all_may = folder && everybody_may(beneath, ".") && everybody_may(beneath, folder) &&
		    rfs_channels_objects(channels, name, &objects, &err) == 0;
	for (size_t i = 0; all_may && i < objects.nr; i++) {
		_cleanup_free_ char *path = NULL;

		all_may = asprintf(&path, "%s/%s", folder, objects.keys[i]) >= 0 &&
			    is_reachable(beneath, path, strlen(folder));
	}
	return all_may;
}

bool rfs_shown_to_all(struct rfs_shown *shown, const struct rfs_beneath *beneath, const char *name)
{
	struct entry *entry;
	bool to_all;

	pthread_mutex_lock(&shown->lock);
	entry = find(shown, name);
	if (entry && is_old(&entry->public_read))
		entry->is_public = is_public(shown->channels, beneath, name);
	to_all = entry && entry->is_public;
	pthread_mutex_unlock(&shown->lock);
	return to_all;
}
