/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_read_ahead.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>

char *rfs_kernel_read_ahead_path(dev_t device, char path[RFS_KERNEL_READ_AHEAD_PATH_BYTES])
{
	snprintf(path, RFS_KERNEL_READ_AHEAD_PATH_BYTES, "/sys/class/bdi/%u:%u/read_ahead_kb",
		major(device), minor(device));
	return path;
}

unsigned rfs_kernel_read_ahead_kib(dev_t device)
{
	char path[RFS_KERNEL_READ_AHEAD_PATH_BYTES], text[32] = "";
	_cleanup_close_ int fd = -1;

	fd = open(rfs_kernel_read_ahead_path(device, path), O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return (unsigned)strtoul(text, NULL, 10);
}

int rfs_kernel_raise_read_ahead(dev_t device)
{
	char path[RFS_KERNEL_READ_AHEAD_PATH_BYTES], text[32];
	_cleanup_close_ int fd = -1;
	int len;

	if (rfs_kernel_read_ahead_kib(device) >= RFS_KERNEL_READ_AHEAD_KIB)
		return 0;
	len = snprintf(text, sizeof(text), "%d\n", RFS_KERNEL_READ_AHEAD_KIB);
	fd = open(rfs_kernel_read_ahead_path(device, path), O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, (size_t)len) == len ? 0 : errno;
}
