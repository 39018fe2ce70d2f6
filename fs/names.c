/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include "csv/file_name.h"

#include <stddef.h>
#include <string.h>

bool rfs_name_is_hidden(const char *name)
{
	return name[0] == '.';
}

/* The length of what stands before ".suffix", or 0. */
static size_t stem_len(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix) + 1;

	if (len <= tail || name[len - tail] != '.' || strcmp(name + len - tail + 1, suffix) != 0)
		return 0;
	return len - tail;
}

/* stem[0..len) ending, if it fits. */
static bool join(const char *stem, size_t len, const char *dot, const char *ending, rfs_name ret)
{
	if (len + strlen(dot) + strlen(ending) > NAME_MAX)
		return false;
	memcpy(ret, stem, len);
	stpcpy(stpcpy(ret + len, dot), ending);
	return true;
}

enum rfs_name_kind rfs_name_to_virtual(const char *suffix, const char *source, rfs_name ret,
	unsigned *ret_rank)
{
	size_t len = rfs_name_is_hidden(source) ? 0 : rio_csv_stem(source, ret_rank);

	if (!len)
		return RFS_NAME_OTHER;
	return join(source, len, ".", suffix, ret) ? RFS_NAME_CSV : RFS_NAME_TOO_LONG;
}

bool rfs_name_to_source(const char *suffix, const char *name, unsigned rank, rfs_name ret)
{
	size_t len = rfs_name_is_hidden(name) ? 0 : stem_len(name, suffix);

	return len && join(name, len, "", rio_csv_ending(rank), ret);
}
