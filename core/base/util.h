/* SPDX-License-Identifier: Apache-2.0 */
/* Small things that every module needs: cleanup attributes, checked sums, sizes. */
#ifndef RIO_BASE_UTIL_H
#define RIO_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#define rio_likely(x)   __builtin_expect(!!(x), 1)
#define rio_unlikely(x) __builtin_expect(!!(x), 0)

#define RIO_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define RIO_MIN(a, b)     ((a) < (b) ? (a) : (b))
#define RIO_MAX(a, b)     ((a) > (b) ? (a) : (b))

/* Stands for "there is none" where an offset or a row is asked for. */
#define RIO_NO_OFFSET UINT64_MAX

#define RIO_KIB ((size_t)1 << 10)
#define RIO_MIB ((size_t)1 << 20)

/* Sums and products of sizes that came from a file or a user: false on overflow. */
#define rio_add_ok(a, b, ret) (!__builtin_add_overflow((a), (b), (ret)))
#define rio_mul_ok(a, b, ret) (!__builtin_mul_overflow((a), (b), (ret)))

/* Whether int32 holds the number. */
static inline bool rio_is_int32(double value)
{
	return value >= INT32_MIN && value <= INT32_MAX && value == (double)(int32_t)value;
}

/* Locals that are freed or closed when their scope ends. */
#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void rio_freep(void *p)
{
	free(*(void **)p);
}

static inline void rio_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#define _cleanup_free_  _cleanup_(rio_freep)
#define _cleanup_close_ _cleanup_(rio_closep)

/* Hand a cleaned-up local to someone else: its cleanup then does nothing. */
#define rio_steal(p)                                                                               \
	({                                                                                         \
		__typeof__(p) stolen_ = (p);                                                       \
		(p) = NULL;                                                                        \
		stolen_;                                                                           \
	})

static inline int rio_steal_fd(int *fd)
{
	int stolen = *fd;
	*fd = -1;
	return stolen;
}

#endif
