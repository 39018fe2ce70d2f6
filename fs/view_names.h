/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What views are called, and back.  Of a folder train and a file b.recordio:
 *
 *	train              <->  train.recordio
 *	b.recordio, 2 of 3 <->  b-00001-of-00003.recordio
 *	b.recordio         <->  b.recordio.idx
 *
 * Pure functions of names; what is there is not looked at.  All return false where name
 * is none of these, or where the result would be too long for a name.
 *
 * Below it: names.
 */
#ifndef RFS_VIEW_NAMES_H
#define RFS_VIEW_NAMES_H

#include "names.h"

/* What five digits hold. */
#define RFS_SHARDS_MAX 99999

bool rfs_name_of_joined(const char *suffix, const char *folder, rfs_name ret);
bool rfs_name_to_folder(const char *suffix, const char *name, rfs_name ret);

bool rfs_name_of_shard(const char *suffix, const char *file, unsigned shard, unsigned nr_shards,
	rfs_name ret);
bool rfs_name_to_sharded(const char *suffix, const char *name, unsigned nr_shards, rfs_name ret,
	unsigned *ret_shard);

bool rfs_name_of_index(const char *file, rfs_name ret);
bool rfs_name_to_indexed(const char *name, rfs_name ret);

#endif
