/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in .recordiofs/status and metrics: looked up all over a mount.
 *
 * Below it: tree, readahead, status, errors, kernel_read_ahead.
 */
#ifndef RFS_CONTROL_H
#define RFS_CONTROL_H

#include "mount.h"

/* The text of RFS_STATUS or RFS_METRICS; freed by the caller, NULL without memory. */
char *rfs_control_text(struct rfs_mount *mount, enum rfs_kind kind, bool with_errors);

#endif
