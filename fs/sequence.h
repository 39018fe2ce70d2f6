/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a file is being read in sequence: what is asked for begins near the end of
 * what was asked for before.  Near, since several requests of one kernel read-ahead
 * come on several threads and overtake one another; a gap counts against it until it is
 * filled, so reading every tenth page is not a sequence.
 *
 * Below it: core/base.  Safe from many threads.
 */
#ifndef RFS_SEQUENCE_H
#define RFS_SEQUENCE_H

#include "base/util.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* How far requests of one sequence may lie apart. */
#define RFS_SEQUENCE_SLACK_BYTES (4 * RIO_MIB)

struct rfs_sequence {
	pthread_mutex_t lock; /* all below */
	uint64_t front;       /* the end of what has been asked for in sequence */
	uint64_t run_bytes;   /* how much of that, less what was left out */
	uint64_t gap_bytes;   /* left out so far */
	bool established;
};

void rfs_sequence_init(struct rfs_sequence *sequence);
void rfs_sequence_deinit(struct rfs_sequence *sequence);

/* Whether the read of [off, end) belongs to one; *ret_ended where it has just ended one. */
bool rfs_sequence_note(struct rfs_sequence *sequence, uint64_t off, uint64_t end,
	uint64_t *ret_front, bool *ret_ended);

#endif
