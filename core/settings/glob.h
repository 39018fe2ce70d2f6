/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns for paths, with .gitattributes' rules:
 *
 *	without a slash   the file's name, in any folder: *.csv
 *	with one          the whole path, in which * and ? match no slash: train/?.csv
 *	one in front      the same, for a name in the top folder: /a.csv
 *	one at the end    all below a folder: train/
 *	a part **         any number of folders, none as well
 *
 * Below it: libc only.
 */
#ifndef RIO_SETTINGS_GLOB_H
#define RIO_SETTINGS_GLOB_H

#include <stdbool.h>

/* path is relative, without "." or ".." in it. */
bool rio_glob_matches(const char *glob, const char *path);

/* Whether a pattern says where it begins: one that does has a meaning only below its folder. */
bool rio_glob_is_anchored(const char *glob);

#endif
