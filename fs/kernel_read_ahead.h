/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the kernel reads ahead of a sequential reader of a mount.  It begins with
 * 128 KiB, and only root may tell it otherwise, in sysfs.
 *
 * Below it: core/base.
 */
#ifndef RFS_KERNEL_READ_AHEAD_H
#define RFS_KERNEL_READ_AHEAD_H

#include <stdint.h>
#include <sys/types.h>

/* What a reader may have under way: one request of the largest size. */
#define RFS_KERNEL_READ_AHEAD_KIB 1024

/* 0 where it cannot be told. */
unsigned rfs_kernel_read_ahead_kib(dev_t device);

/* To at least RFS_KERNEL_READ_AHEAD_KIB.  Returns 0, or a positive errno: who may not. */
int rfs_kernel_raise_read_ahead(dev_t device);

/* The file in sysfs that says it. */
enum { RFS_KERNEL_READ_AHEAD_PATH_BYTES = 64 };
char *rfs_kernel_read_ahead_path(dev_t device, char path[RFS_KERNEL_READ_AHEAD_PATH_BYTES]);

#endif
