/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answers to the kernel's requests: each takes a request apart, asks a
 * module below, and replies.
 *
 * Below it: everything else in fs but daemon and main.
 */
#ifndef RFS_OPS_H
#define RFS_OPS_H

#include "mount.h"

#include <fuse_lowlevel.h>

extern const struct fuse_lowlevel_ops rfs_ops;

#endif
