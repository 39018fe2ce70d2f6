/* SPDX-License-Identifier: Apache-2.0 */
#include "view_names.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define INDEX_ENDING "idx"

/* "-00001-of-00003" */
#define SHARD_BYTES 15

/* The length of what stands before ".ending", or 0; a hidden name has none. */
static size_t stem_len(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending) + 1;

	if (rfs_name_is_hidden(name) || len <= tail || name[len - tail] != '.' ||
		strcmp(name + len - tail + 1, ending) != 0)
		return 0;
	return len - tail;
}

/* stem[0..len) middle .ending, if it fits. */
static bool join(const char *stem, size_t len, const char *middle, const char *ending,
	rfs_name ret)
{
	if (len + strlen(middle) + 1 + strlen(ending) > NAME_MAX)
		return false;
	memcpy(ret, stem, len);
	stpcpy(stpcpy(stpcpy(ret + len, middle), "."), ending);
	return true;
}

static bool cut(const char *name, size_t len, rfs_name ret)
{
	memcpy(ret, name, len);
	ret[len] = '\0';
	return len > 0;
}

bool rfs_name_of_joined(const char *suffix, const char *folder, rfs_name ret)
{
	return folder[0] && !rfs_name_is_hidden(folder) &&
	       join(folder, strlen(folder), "", suffix, ret);
}

bool rfs_name_to_folder(const char *suffix, const char *name, rfs_name ret)
{
	return cut(name, stem_len(name, suffix), ret);
}

static void print_shard(unsigned shard, unsigned nr_shards, char ret[SHARD_BYTES + 1])
{
	snprintf(ret, SHARD_BYTES + 1, "-%05u-of-%05u", shard % (RFS_SHARDS_MAX + 1),
		nr_shards % (RFS_SHARDS_MAX + 1));
}

bool rfs_name_of_shard(const char *suffix, const char *file, unsigned shard, unsigned nr_shards,
	rfs_name ret)
{
	char middle[SHARD_BYTES + 1];

	print_shard(shard, nr_shards, middle);
	return join(file, stem_len(file, suffix), middle, suffix, ret);
}

/* Five digits. */
static bool parse_shard(const char *digits, unsigned *ret)
{
	*ret = 0;
	for (size_t i = 0; i < 5; i++) {
		if (digits[i] < '0' || digits[i] > '9')
			return false;
		*ret = *ret * 10 + (unsigned)(digits[i] - '0');
	}
	return true;
}

bool rfs_name_to_sharded(const char *suffix, const char *name, unsigned nr_shards, rfs_name ret,
	unsigned *ret_shard)
{
	size_t len = stem_len(name, suffix);
	const char *tail = name + len - SHARD_BYTES;
	char expected[SHARD_BYTES + 1];

	if (len <= SHARD_BYTES || !parse_shard(tail + 1, ret_shard) || *ret_shard >= nr_shards)
		return false;
	print_shard(*ret_shard, nr_shards, expected);
	return memcmp(tail, expected, SHARD_BYTES) == 0 &&
	       join(name, len - SHARD_BYTES, "", suffix, ret);
}

bool rfs_name_of_index(const char *file, rfs_name ret)
{
	return join(file, strlen(file), "", INDEX_ENDING, ret);
}

bool rfs_name_to_indexed(const char *name, rfs_name ret)
{
	return cut(name, stem_len(name, INDEX_ENDING), ret);
}
