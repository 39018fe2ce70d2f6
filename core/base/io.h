/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing until all is done: a system call may be interrupted, or do a part.
 *
 * Safe from many threads.  On failure errno tells why.
 */
#ifndef RIO_BASE_IO_H
#define RIO_BASE_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How many bytes were read, fewer than len_bytes only at the end; -1 on failure. */
ssize_t rio_read_all(int fd, void *dst, size_t len_bytes);
ssize_t rio_pread_all(int fd, void *dst, size_t len_bytes, uint64_t off);

/* 0, or -1 on failure: then a part may be written. */
int rio_write_all(int fd, const void *src, size_t len_bytes);
int rio_pwrite_all(int fd, const void *src, size_t len_bytes, uint64_t off);

#endif
