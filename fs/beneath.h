/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder SOURCE, held open, and everything below it: no path that is opened
 * here can lead out, not by "..", not by a symbolic link, not by a race.
 *
 * Below it: core/base.  It knows no names of the mount.
 *
 * All functions return 0 or a positive errno, and are safe from many threads.
 */
#ifndef RFS_BENEATH_H
#define RFS_BENEATH_H

#include "source/source.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct rfs_beneath {
	int fd;
	uint64_t resolve; /* of openat2 */
	char *path;       /* absolute; for messages and for naming maps, never opened again */
};

/*
 * Open the folder at path (absolute).  holds_mountpoint: the mount will lie
 * within it; other file systems below it are then left out, since the way into
 * our own would make a request wait for itself.
 */
int rfs_beneath_init(struct rfs_beneath *beneath, const char *path, bool holds_mountpoint);
void rfs_beneath_deinit(struct rfs_beneath *beneath);

/* Open rel ("." is SOURCE itself) with open(2)'s flags. */
int rfs_beneath_open(const struct rfs_beneath *beneath, const char *rel, int flags, int *ret_fd);

/* Open the folder rel to be listed; the caller closes it. */
int rfs_beneath_open_dir(const struct rfs_beneath *beneath, const char *rel, DIR **ret);

/* An O_PATH descriptor of rel, which opens nothing yet, and what it is. */
int rfs_beneath_probe(const struct rfs_beneath *beneath, const char *rel, int *ret_fd,
	struct stat *ret_st);

/* The same without a descriptor. */
int rfs_beneath_stat(const struct rfs_beneath *beneath, const char *rel, struct stat *ret_st);

/* The same of rel, which lies in the folder that dir_fd is open on, and has this name there. */
int rfs_beneath_stat_in(const struct rfs_beneath *beneath, int dir_fd, const char *name,
	const char *rel, struct stat *ret_st);

/*
 * Whether st is the folder rel or one of those above it.  What is found below
 * rel can be that only by way of a symbolic link, and whoever follows it walks in
 * circles.
 */
bool rfs_beneath_leads_through(const struct rfs_beneath *beneath, const char *rel,
	const struct stat *st);

/* Open for reading what a probe has found to be a regular file: that file, and no other. */
int rfs_beneath_reopen(int probed_fd, int *ret_fd);

/* The stamp of what a probe has found to be a regular file. */
struct rio_stamp rfs_beneath_stamp(int probed_fd, const struct stat *st);

/* What SOURCE itself is called; "" for the root of all. */
const char *rfs_beneath_name(const struct rfs_beneath *beneath);

/* Below SOURCE, what is called name in the folder rel; freed by the caller, NULL without memory. */
char *rfs_beneath_join(const char *rel, const char *name);

/* SOURCE's absolute path and rel, joined; freed by the caller, NULL without memory. */
char *rfs_beneath_absolute(const struct rfs_beneath *beneath, const char *rel);

#endif
