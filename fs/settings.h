/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which options each file of the mount is encoded with: those of its nearest
 * recordiofs.ini, or of the file that the command line names, and then the command
 * line's own.
 *
 * What holds for a folder is looked for once, when a file of it is first described,
 * and then holds until the mount ends: a node's bytes never change.
 *
 * Below it: core/settings, beneath, options.
 */
#ifndef RFS_SETTINGS_H
#define RFS_SETTINGS_H

#include "beneath.h"
#include "options.h"
#include "settings/settings.h"

struct rfs_settings;

/*
 * Borrows options and beneath, and reads the settings file that counts for SOURCE
 * itself, before the daemon leaves its folder.  Of that, options->encoding.suffix is
 * set, unless the command line did.  Codes of core's.
 */
int rfs_settings_create(struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings **ret, struct rio_error *err);
void rfs_settings_destroy(struct rfs_settings *settings);

/* The settings file that counts for SOURCE, as messages name it; NULL: none. */
const char *rfs_settings_path(const struct rfs_settings *settings);

/*
 * The options of the source at path, below SOURCE; to be deinitialised.  RIO_EOPTION
 * where its settings file is wrong.  Safe from many threads.
 */
int rfs_settings_get(struct rfs_settings *settings, const char *path, struct rio_options *ret,
	struct rio_error *err);

#endif
