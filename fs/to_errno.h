/* SPDX-License-Identifier: Apache-2.0 */
/* What a caller of the mount is told when core fails. */
#ifndef RFS_TO_ERRNO_H
#define RFS_TO_ERRNO_H

#include "base/error.h"

/* A positive errno for a failed call's err. */
int rfs_to_errno(const struct rio_error *err);

#endif
