/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers that grow by doubling, and keep what is in them. */
#ifndef RIO_BASE_GROW_H
#define RIO_BASE_GROW_H

#include "base/error.h"

#include <stddef.h>

/* Have room for wanted bytes; buffer is a pointer to the (maybe NULL) pointer.  RIO_ENOMEM. */
int rio_grow(void *buffer, size_t *room, size_t wanted, struct rio_error *err);

#endif
