/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channels of layout=sagemaker: which there are, which files each has, and how these
 * are opened to be streamed.
 *
 * Each folder right in SOURCE whose name SageMaker would take is a channel.  Where SOURCE
 * had files but no folders when it was mounted, it is the one channel there is, "training".
 *
 * Below it: job_files, beneath, names, settings, options, log, core/channel, core/feed.
 * Safe from many threads.
 */
#ifndef RFS_CHANNELS_H
#define RFS_CHANNELS_H

#include "beneath.h"
#include "channel/config.h"
#include "channel/objects.h"
#include "feed/feed.h"
#include "options.h"
#include "settings.h"

struct rfs_channels;

/*
 * Borrows all but ret.  mountpoint is no channel.  RIO_EOPTION where the
 * job names a file that is not what it should be, which is told before anything is mounted.
 */
int rfs_channels_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings *settings, const char *mountpoint, struct rfs_channels **ret,
	struct rio_error *err);
void rfs_channels_destroy(struct rfs_channels *channels);

/*
 * The names of all channels as they are now, sorted, with a NULL behind the last; freed
 * with rfs_channels_free_names.  Returns 0 or a positive errno.
 */
int rfs_channels_names(struct rfs_channels *channels, char ***ret, size_t *ret_nr);
void rfs_channels_free_names(char **names);

/* The folder of the channel called name, below SOURCE, or NULL: there is none. */
const char *rfs_channels_folder(const struct rfs_channels *channels, const char *name);

/*
 * Cut path, below SOURCE, in two: returns its channel's name, and *ret_key is what stands
 * behind that, NULL for the channel's folder itself.  Both lie in path, or are constant.
 */
const char *rfs_channels_split(const struct rfs_channels *channels, char *path,
	const char **ret_key);

/* The name of the channel whose folder is at path, or NULL: that is none's. */
const char *rfs_channels_name_of(const struct rfs_channels *channels, const char *path);

/* The text of one of the files of config; freed by the caller.  As rio_config_text. */
int rfs_channels_config(struct rfs_channels *channels, enum rio_config_file file, char **ret,
	struct rio_error *err);

/* The channel's objects as they are now, a manifest's choice of them where there is one. */
int rfs_channels_objects(const struct rfs_channels *channels, const char *name,
	struct rio_objects *ret, struct rio_error *err);

/* Who opens objects: data of rio_feed_config's open. */
struct rfs_opener {
	const struct rfs_channels *channels;
	const char *name;
};
int rfs_channels_open(void *opener, const char *key, struct rio_feed_object *ret,
	struct rio_error *err);

#endif
