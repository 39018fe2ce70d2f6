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
 * Each field of the record (an entry of features or label) that holds an aligned magic is
 * shifted by the fewest bytes, up to three, that leave none in it.  They are its length's,
 * or, where that would take more than the five bytes that readers allow a length, its
 * tag's.  No magic can lie across two fields: none of its bytes but the first is a tag.
 *
 * Below it: base, record/wire, record/frame.
 */
#ifndef RIO_RECORD_SHIFT_H
#define RIO_RECORD_SHIFT_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a record's payload once it is shifted, or 0 where a field has some magic
 * at a multiple of 4 whatever is tried.
 */
size_t rio_shift_bytes(const uint8_t *payload, size_t payload_bytes);

/* Write the payload, shifted, to dst: as many bytes as rio_shift_bytes said. */
void rio_shift_put(const uint8_t *payload, size_t payload_bytes, uint8_t *dst);

#endif
