/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of ten thousand files cannot hold them all open, and one that is read in sequence
 * by several threads has a few in use at once.  So sources are kept in a few slots, of
 * which the one that is not in use for longest makes room.  Opening is done without the
 * lock; who finds no slot has a source of his own, and closes it.
 *
 * A plain file has one source, which is opened with it: no lock is taken for that.
 */
#include "sources.h"

#include "base/util.h"

#include <errno.h>

static bool never_gives_up(void *data)
{
	return false;
}

static const struct rfs_waiter patient = {.gave_up = never_gives_up};

void rfs_sources_init(struct rfs_sources *sources, struct rfs_tree *tree,
	const struct rfs_waiter *waiter)
{
	*sources = (struct rfs_sources){.tree = tree, .waiter = waiter ? waiter : &patient};
	pthread_mutex_init(&sources->lock, NULL);
}

void rfs_sources_deinit(struct rfs_sources *sources)
{
	rio_source_destroy(sources->sole);
	for (size_t i = 0; i < RFS_SOURCES_MAX; i++)
		rio_source_destroy(sources->slots[i].source);
	pthread_mutex_destroy(&sources->lock);
}

/* The lock is held in these two. */
static struct rio_source *use(struct rfs_sources *sources, struct rfs_source_slot *slot)
{
	slot->nr_users++;
	slot->last_use = ++sources->nr_uses;
	return slot->source;
}

static struct rfs_source_slot *find(struct rfs_sources *sources, const struct rfs_node *file)
{
	for (size_t i = 0; i < RFS_SOURCES_MAX; i++)
		if (sources->slots[i].file == file)
			return &sources->slots[i];
	return NULL;
}

/* A free slot, or the one that was not used for longest; NULL: all are in use. */
static struct rfs_source_slot *find_room(struct rfs_sources *sources)
{
	struct rfs_source_slot *oldest = NULL;

	for (size_t i = 0; i < RFS_SOURCES_MAX; i++) {
		struct rfs_source_slot *slot = &sources->slots[i];

		if (!slot->nr_users && (!oldest || slot->last_use < oldest->last_use))
			oldest = slot;
	}
	return oldest;
}

/* Keep source, just opened, if there is room and nobody was quicker; what to close is left. */
static struct rio_source *keep(struct rfs_sources *sources, const struct rfs_node *file,
	struct rio_source **source)
{
	struct rfs_source_slot *slot = find(sources, file);
	struct rio_source *evicted;

	if (slot)
		return use(sources, slot);
	slot = find_room(sources);
	if (!slot)
		return rio_steal(*source);
	evicted = slot->source;
	*slot = (struct rfs_source_slot){.file = file, .source = *source};
	*source = evicted;
	return use(sources, slot);
}

static int fail_open(int e, struct rio_error *err)
{
	if (e == ESTALE)
		return rio_fail(err, RIO_ESOURCE_CHANGED, "the file has changed");
	return e == ENOMEM ? rio_fail(err, RIO_ENOMEM, "out of memory")
			   : rio_fail_errno(err, e, "cannot be opened");
}

static int take(void *data, const struct rio_part *part, struct rio_source **ret,
	struct rio_error *err)
{
	struct rfs_sources *sources = data;
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	struct rfs_node *file = part->owner;
	struct rfs_source_slot *slot;
	int e;

	if (sources->sole) {
		*ret = sources->sole;
		return 0;
	}
	pthread_mutex_lock(&sources->lock);
	slot = find(sources, file);
	if (slot)
		*ret = use(sources, slot);
	pthread_mutex_unlock(&sources->lock);
	if (slot)
		return 0;
	e = rfs_tree_open_source(sources->tree, file, sources->waiter, &source);
	if (e) {
		fail_open(e, err);
		rio_error_set_file(err, file->path);
		return err ? (int)err->code : RIO_ESYSTEM;
	}
	pthread_mutex_lock(&sources->lock);
	*ret = keep(sources, file, &source);
	pthread_mutex_unlock(&sources->lock);
	return 0;
}

static void give(void *data, const struct rio_part *part, struct rio_source *source)
{
	struct rfs_sources *sources = data;
	struct rfs_source_slot *slot;

	if (sources->sole)
		return;
	pthread_mutex_lock(&sources->lock);
	slot = find(sources, part->owner);
	if (slot && slot->source == source)
		slot->nr_users--;
	else
		slot = NULL;
	pthread_mutex_unlock(&sources->lock);
	if (!slot)
		rio_source_destroy(source);
}

struct rio_view_sources rfs_sources_of_view(struct rfs_sources *sources)
{
	return (struct rio_view_sources){.take = take, .give = give, .data = sources};
}
