/* SPDX-License-Identifier: Apache-2.0 */
#include "base/io.h"

#include <errno.h>
#include <unistd.h>

/* Do call, one system call for the bytes from done on, until it comes to an end; or return -1. */
#define REPEAT(call)                                                                               \
	({                                                                                         \
		size_t done = 0;                                                                   \
		ssize_t n = 1;                                                                     \
                                                                                                   \
		while (done < len_bytes && n != 0) {                                               \
			n = (call);                                                                \
			if (n < 0 && errno != EINTR)                                               \
				return -1;                                                         \
			done += n > 0 ? (size_t)n : 0;                                             \
		}                                                                                  \
		done;                                                                              \
	})

ssize_t rio_read_all(int fd, void *dst, size_t len_bytes)
{
	return (ssize_t)REPEAT(read(fd, (char *)dst + done, len_bytes - done));
}

ssize_t rio_pread_all(int fd, void *dst, size_t len_bytes, uint64_t off)
{
	return (ssize_t)REPEAT(
		pread(fd, (char *)dst + done, len_bytes - done, (off_t)(off + done)));
}

int rio_write_all(int fd, const void *src, size_t len_bytes)
{
	return REPEAT(write(fd, (const char *)src + done, len_bytes - done)) == len_bytes ? 0 : -1;
}

int rio_pwrite_all(int fd, const void *src, size_t len_bytes, uint64_t off)
{
	return REPEAT(pwrite(fd, (const char *)src + done, len_bytes - done,
		       (off_t)(off + done))) == len_bytes ? 0 : -1;
}
