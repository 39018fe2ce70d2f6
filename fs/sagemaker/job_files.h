/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files that a job's words name.
 *
 * Below it: beneath, core/channel.
 */
#ifndef RFS_JOB_FILES_H
#define RFS_JOB_FILES_H

#include "beneath.h"
#include "channel/job.h"

#include <stddef.h>

/*
 * The text of the job's hyperparameters, checked; *ret stays NULL where there are none.
 * RIO_EOPTION where it is not what it should be, RIO_ESYSTEM.  Freed by the caller.
 */
int rfs_job_hyperparameters(const struct rio_job *job, char **ret, struct rio_error *err);

/*
 * The text of the job's manifest, which lies below SOURCE; its path may be written from the
 * root on.  RIO_EOPTION where it lies elsewhere or is no regular file, RIO_ESYSTEM.  Freed by
 * the caller.
 */
int rfs_job_manifest(const struct rio_job *job, const struct rfs_beneath *beneath, char **ret,
	size_t *ret_bytes, struct rio_error *err);

#endif
