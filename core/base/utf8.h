/* SPDX-License-Identifier: Apache-2.0 */
/* Well-formed UTF-8, as protobuf's strings and people's terminals want it. */
#ifndef RIO_BASE_UTF8_H
#define RIO_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed sequence at p, or 0. */
size_t rio_utf8_len(const uint8_t *p, const uint8_t *end);

bool rio_is_utf8(const void *text, size_t len_bytes);

#endif
