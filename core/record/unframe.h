/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records out of RecordIO, whoever wrote it: one after the other, out of anything
 * that can be read from begin to end.  A record that dmlc or MXNet has split is put
 * together again.
 *
 * Below it: base, record/frame.  It knows no files, and not what a record holds.
 */
#ifndef RIO_RECORD_UNFRAME_H
#define RIO_RECORD_UNFRAME_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy the next bytes, at most len_bytes, to dst.  *ret_bytes may be fewer; 0 is the
 * end.  On failure *ret_bytes tells what could be had all the same.
 */
typedef int rio_pull(void *data, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err);

/*
 * Bytes from `begin` on are not used yet; byte `begin` stands at `off` in the input:
 *
 *	bytes | used | begin … not used … end | room for more |
 */
struct rio_unframe {
	rio_pull *pull;
	void *pull_data;
	size_t record_bytes_max;
	uint8_t *bytes;
	size_t begin, end, room;
	uint64_t off;
	uint64_t resync_off; /* of the first frame that can be tried after a failure */
	bool at_end;
	int pull_result; /* what the last pull came to, told once its bytes are used up */
	struct rio_error pull_err;
	uint8_t *joined; /* of a split record */
	size_t joined_room;
};

struct rio_framed {
	const uint8_t *payload; /* valid until the next call */
	size_t len_bytes;
	uint64_t off;      /* of its first frame */
	unsigned nr_parts; /* 1 unless it was split */
};

/* pull_data is borrowed.  A record of more than record_bytes_max is an error. */
void rio_unframe_init(struct rio_unframe *unframe, rio_pull *pull, void *pull_data,
	size_t record_bytes_max);
void rio_unframe_deinit(struct rio_unframe *unframe);

/* Begin anew, where pull has got to: what it gives next is byte 0. */
void rio_unframe_reset(struct rio_unframe *unframe);

/*
 * The next record.  Memory is that of one record, and no length is believed before
 * its bytes are there.  Returns 0, RIO_UNFRAME_END (> 0), RIO_EROW for damage (the
 * message begins with the byte's offset, and says what was expected; err->src_off is
 * that offset), or what pull failed with, once what it could give is used up.
 */
#define RIO_UNFRAME_END 1
int rio_unframe_next(struct rio_unframe *unframe, struct rio_framed *ret, struct rio_error *err);

/*
 * After RIO_EROW: go on behind the place of damage, to the next frame at an aligned
 * offset that can begin a record.  Returns as rio_unframe_next.
 */
int rio_unframe_resync(struct rio_unframe *unframe, struct rio_error *err);

#endif
