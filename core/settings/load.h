/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding and reading settings files.
 *
 * Below it: base, settings/settings.
 */
#ifndef RIO_SETTINGS_LOAD_H
#define RIO_SETTINGS_LOAD_H

#include "settings/settings.h"

#define RIO_SETTINGS_NAME "recordiofs.ini"

/* Read the file open at fd (taken), of any kind but large ones. */
int rio_settings_load_fd(int fd, const char *path, const char *folder, struct rio_settings **ret,
	struct rio_error *err);

/* Read the file at path; patterns are relative to the folder that it stands in. */
int rio_settings_load(const char *path, struct rio_settings **ret, struct rio_error *err);

/*
 * The settings file that counts for what lies in folder (absolute): the nearest, in it
 * or in a folder above.  *ret is NULL where there is none.  One in a folder in which
 * everybody may make files, as /tmp, is not looked at.
 */
int rio_settings_find(const char *folder, struct rio_settings **ret, struct rio_error *err);

#endif
