/* SPDX-License-Identifier: Apache-2.0 */
/*
 * magic=shift: a record in which the frame's magic stands nowhere at a multiple of 4.
 *
 * A reader that begins in the middle of a file looks for the magic there, and takes a
 * value with those bits for a record's begin.  What moves it away is a varint written
 * longer than it must be: 9a 00 is 26 as 1a is, to every protobuf reader, and all that
 * follows stands a byte further on.
 *
 *	1a at 1:    0a 1a 0a 06 …         values at 16: the magic in them is aligned
 *	26 at 1:    0a 9a 00 0a 06 …      values at 17: it is not
 *
 * Up to three more bytes are tried.  They are the first field's length, or, where that
 * would take more than the five bytes that readers allow a length, its tag.
 *
 * Below it: base, record/wire, record/frame.
 */
#ifndef RIO_RECORD_SHIFT_H
#define RIO_RECORD_SHIFT_H

#include <stddef.h>
#include <stdint.h>

#define RIO_SHIFT_BYTES_MAX 3

/*
 * How many bytes a record must be shifted by: 0 to RIO_SHIFT_BYTES_MAX, or -1 where
 * each puts some magic at a multiple of 4.
 */
int rio_shift_find(const uint8_t *payload, size_t payload_bytes);

/* Write the payload, shifted, to dst: payload_bytes + shift. */
void rio_shift_put(const uint8_t *payload, size_t payload_bytes, int shift, uint8_t *dst);

#endif
