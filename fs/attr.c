/* SPDX-License-Identifier: Apache-2.0 */
#include "attr.h"

#include "base/util.h"

#include <time.h>

static void set_owner(const struct rfs_options *o, const struct stat *source_st, struct stat *st)
{
	st->st_uid = o->has_uid ? o->uid : source_st->st_uid;
	st->st_gid = o->has_gid ? o->gid : source_st->st_gid;
	st->st_mode &= ~o->umask;
}

/* What readers of stdio and Python take as their buffer: a page would be slow. */
#define ST_BLKSIZE (256 * RIO_KIB)

static void set_size(struct stat *st, uint64_t len_bytes)
{
	st->st_size = (off_t)len_bytes;
	st->st_blocks = (blkcnt_t)((len_bytes + 511) / 512);
	st->st_blksize = ST_BLKSIZE;
}

void rfs_attr_of_file(const struct rfs_options *o, struct rfs_node *node, struct rfs_attr *ret)
{
	const struct stat *from = &node->source_st;
	struct stat *st = &ret->st;
	uint64_t len_bytes;

	ret->is_final = rfs_node_is_settled(node);
	pthread_mutex_lock(&node->lock);
	/*
	 * A file that cannot be encoded has one byte, which reads as EIO: many
	 * readers skip empty files without a word, and the error with them.
	 */
	len_bytes = node->known == RFS_READY ? rfs_node_len_bytes(node) : 1;
	pthread_mutex_unlock(&node->lock);

	*st = (struct stat){.st_ino = node->ino, .st_nlink = 1};
	st->st_mode = S_IFREG | (from->st_mode & 0444);
	st->st_mtim = st->st_atim = from->st_mtim;
	st->st_ctim = from->st_ctim;
	set_owner(o, from, st);
	set_size(st, len_bytes);
}

void rfs_attr_of_folder(const struct rfs_options *o, const struct rfs_node *node,
	const struct stat *from, struct rfs_attr *ret)
{
	struct stat *st = &ret->st;

	ret->is_final = false;
	*st = (struct stat){.st_ino = node->ino, .st_nlink = 2};
	st->st_mode = S_IFDIR | (from->st_mode & 0555);
	st->st_mtim = st->st_atim = from->st_mtim;
	st->st_ctim = from->st_ctim;
	set_owner(o, from, st);
	set_size(st, 0);
}

void rfs_attr_of_control(const struct rfs_options *o, const struct rfs_node *node,
	struct rfs_attr *ret)
{
	struct stat *st = &ret->st;
	const struct stat self = {.st_uid = geteuid(), .st_gid = getegid()};
	bool is_folder = node->kind == RFS_CONTROL;

	ret->is_final = false;
	*st = (struct stat){.st_ino = node->ino, .st_nlink = is_folder ? 2 : 1};
	st->st_mode = is_folder ? S_IFDIR | 0555 : S_IFREG | 0444;
	clock_gettime(CLOCK_REALTIME, &st->st_mtim);
	st->st_atim = st->st_ctim = st->st_mtim;
	set_owner(o, &self, st);
	set_size(st, 0);
}

void rfs_attr_of_own(const struct rfs_options *o, const struct rfs_node *node,
	struct rfs_attr *ret)
{
	const struct stat *from = &node->source_st;
	struct stat *st = &ret->st;

	ret->is_final = true;
	*st = (struct stat){.st_ino = node->ino, .st_nlink = 1, .st_mode = from->st_mode};
	st->st_mtim = st->st_atim = from->st_mtim;
	st->st_ctim = from->st_ctim;
	if (node->kind == RFS_FIFO) {
		/* Its mode is made so that its feeder can write, whose it must be for that. */
		st->st_uid = from->st_uid;
		st->st_gid = o->has_gid ? o->gid : from->st_gid;
		set_size(st, 0);
	} else {
		set_owner(o, from, st);
		set_size(st, node->stamp.size_bytes);
	}
}
