/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a channel: its CSV files, as the keys below a prefix are in S3, and the
 * order in which an epoch streams them.
 *
 * Below it: base, channel/job, csv/file_name, jansson (manifests).
 */
#ifndef RIO_CHANNEL_OBJECTS_H
#define RIO_CHANNEL_OBJECTS_H

#include "base/error.h"
#include "channel/job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. */
struct rio_objects {
	char **keys; /* paths below the channel's folder, owned; "b.csv", "2024/c.csv.gz" */
	size_t nr;
	size_t room;
	size_t nr_outside; /* not among them: CSV files, by name, whose links lead out */
};

/* By keys, bytewise. */
void rio_objects_sort(struct rio_objects *objects);

/* Whether key is among objects that are sorted, as rio_objects_list leaves them. */
bool rio_objects_has(const struct rio_objects *sorted, const char *key);

/* Add a key, which is copied. */
int rio_objects_add(struct rio_objects *objects, const char *key, struct rio_error *err);

/*
 * All CSV files at or below the open folder dir_fd, sorted by name bytewise, as S3 lists
 * keys; hidden names left out; links are followed but never out of the folder (but on
 * kernels older than 5.6) or in circles.  Of b.csv beside b.csv.gz the plain one.  folder
 * names it in errors.
 */
int rio_objects_list(int dir_fd, const char *folder, struct rio_objects *ret,
	struct rio_error *err);

/*
 * Those that the manifest (SageMaker's JSON text: [{"prefix": …}, "key", …]) names below
 * channel, in its order.  A prefix's bucket stands for the folder above all channels.
 * RIO_EOPTION, with the manifest's name (and line and column where it is no JSON), where it
 * is no manifest, or leads out of that folder.  known (of
 * rio_objects_list) says which there are: a key that is in channel but not there is an
 * error, RIO_ESYSTEM with ENOENT.
 */
int rio_objects_select(const char *manifest, size_t len_bytes, const char *manifest_name,
	const char *channel, const struct rio_objects *known, struct rio_objects *ret,
	struct rio_error *err);

void rio_objects_deinit(struct rio_objects *objects);

/*
 * The order of an epoch: indexes into objects, *ret_nr of them, freed by the caller.
 * Shuffled by the job's seed and the epoch, and of a sharded channel every n-th from the
 * host's number on.  Depends on nothing but job, epoch, and the keys.  epoch
 * RIO_FILE_MODE: what File mode shows, in name order.
 */
#define RIO_FILE_MODE UINT64_MAX
int rio_objects_order(const struct rio_objects *objects, const struct rio_job *job,
	uint64_t epoch, size_t **ret, size_t *ret_nr, struct rio_error *err);

/*
 * A permutation of 0 … nr - 1 that only seed, epoch, key (NULL: "") and block decide.
 * FORMAT.md states it: it is the same anywhere, for good.
 */
void rio_permutation(uint64_t seed, uint64_t epoch, const char *key, uint64_t block,
	uint32_t *ret, uint32_t nr);

#endif
