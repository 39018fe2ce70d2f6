/* SPDX-License-Identifier: Apache-2.0 */
#include "mount_words.h"

#include <stddef.h>
#include <string.h>

static bool is_one_of(const char *word, const char *const words[])
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static bool begins_with_one_of(const char *word, const char *const prefixes[])
{
	for (; *prefixes; prefixes++)
		if (strncmp(word, *prefixes, strlen(*prefixes)) == 0)
			return true;
	return false;
}

bool rfs_word_is_dropped(const char *word)
{
	static const char *const words[] = {
		"rw", "ro", "defaults", "auto", "noauto", "user", "nouser", "users", "owner",
		"group", "nofail", "_netdev", "dev", "nodev", "suid", "nosuid", "exec", "async",
		"sync", "dirsync", "atime", "noatime", "diratime", "nodiratime", "relatime",
		"norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "silent",
		"loud", "mand", "nomand", "iversion", "noiversion", NULL,
	};
	static const char *const prefixes[] = {"x-", "X-", "comment=", "user=", NULL};

	return is_one_of(word, words) || begins_with_one_of(word, prefixes);
}

bool rfs_word_is_added(const char *word)
{
	static const char *const words[] = {"dev", "nodev", "suid", "nosuid", NULL};

	return is_one_of(word, words);
}

bool rfs_word_is_for_kernel(const char *word)
{
	static const char *const prefixes[] = {
		"context=", "fscontext=", "defcontext=", "rootcontext=", NULL};

	return strcmp(word, "noexec") == 0 || begins_with_one_of(word, prefixes);
}
