/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fnmatch knows no **, so a path is matched part by part, and fnmatch sees one part at
 * a time.  Where parts differ, the latest ** takes one folder more: as for * within a
 * word, going back to the latest is enough, and the time is bounded by the product of
 * both lengths.
 */
#include "settings/glob.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

/* The part at p, on the caller's stack. */
#define PART(p) strndupa(p, strcspn(p, "/"))

static bool is_stars(const char *glob)
{
	return strncmp(glob, "**", 2) == 0 && (glob[2] == '/' || glob[2] == '\0');
}

/* Behind the part at p: the next one, or the end. */
static const char *behind(const char *p)
{
	p += strcspn(p, "/");
	return *p ? p + 1 : p;
}

static bool part_matches(const char *glob, const char *path)
{
	return *glob && *path && fnmatch(PART(glob), PART(path), 0) == 0;
}

static bool path_matches(const char *glob, const char *path)
{
	const char *stars_glob = NULL, *stars_path = NULL;

	while (*path) {
		if (is_stars(glob) || !*glob) {
			/* At the end, ** and a slash are all that is below. */
			if (*glob && !*behind(glob))
				return true;
			if (*glob) {
				stars_glob = glob = behind(glob);
				stars_path = path;
				continue;
			}
		} else if (part_matches(glob, path)) {
			glob = behind(glob);
			path = behind(path);
			continue;
		}
		if (!stars_glob)
			return false;
		glob = stars_glob;
		path = stars_path = behind(stars_path);
	}
	return !*glob;
}

bool rio_glob_matches(const char *glob, const char *path)
{
	size_t len = strlen(glob);
	const char *slash = strrchr(path, '/');

	if (!strchr(glob, '/'))
		return fnmatch(glob, slash ? slash + 1 : path, 0) == 0;
	if (*glob == '/')
		glob++;
	if (!*glob)
		return true; /* "/" is all below the top folder */
	if (glob[strlen(glob) - 1] == '/') {
		char *all_below = strcat(strcpy(__builtin_alloca(len + 3), glob), "**");

		return path_matches(all_below, path);
	}
	return path_matches(glob, path);
}

bool rio_glob_is_anchored(const char *glob)
{
	return strchr(glob, '/') && strncmp(glob, "**/", 3) != 0;
}
