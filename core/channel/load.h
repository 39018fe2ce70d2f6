/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the files that a job names: its manifest, its hyperparameters.
 *
 * Below it: base.
 */
#ifndef RIO_CHANNEL_LOAD_H
#define RIO_CHANNEL_LOAD_H

#include "base/error.h"

#include <stddef.h>

/*
 * All text of the file open at fd (taken), whatever kind of file it is, with a NUL behind
 * it that *ret_bytes does not count; freed by the caller.  path names it in messages.
 * RIO_EOPTION of 64 MiB or more, RIO_ESYSTEM, RIO_ENOMEM.
 */
int rio_job_load_fd(int fd, const char *path, char **ret, size_t *ret_bytes,
	struct rio_error *err);

/* The same of the file at path. */
int rio_job_load(const char *path, char **ret, size_t *ret_bytes, struct rio_error *err);

#endif
