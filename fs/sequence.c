/* SPDX-License-Identifier: Apache-2.0 */
#include "sequence.h"

/* So much has been read when a sequence is taken for one. */
#define START_BYTES (512 * RIO_KIB)

void rfs_sequence_init(struct rfs_sequence *sequence)
{
	*sequence = (struct rfs_sequence){.front = 0};
	pthread_mutex_init(&sequence->lock, NULL);
}

void rfs_sequence_deinit(struct rfs_sequence *sequence)
{
	pthread_mutex_destroy(&sequence->lock);
}

/* A read near the front: what it adds to the sequence, in front or in a gap that was left. */
static void extend(struct rfs_sequence *s, uint64_t off, uint64_t end)
{
	/* Not yet for the read that completes it: workers would slow down the first. */
	s->established |= s->run_bytes >= START_BYTES;
	if (end > s->front) {
		uint64_t gap = off > s->front ? off - s->front : 0;

		s->gap_bytes += gap;
		s->run_bytes -= RIO_MIN(gap, s->run_bytes);
		s->run_bytes += end - s->front - gap;
		s->front = end;
	} else {
		uint64_t filled = RIO_MIN(end - off, s->gap_bytes);

		s->gap_bytes -= filled;
		s->run_bytes += filled;
	}
}

bool rfs_sequence_note(struct rfs_sequence *s, uint64_t off, uint64_t end, uint64_t *ret_front,
	bool *ret_ended)
{
	bool was, is;

	pthread_mutex_lock(&s->lock);
	was = s->established;
	if (off > s->front + RFS_SEQUENCE_SLACK_BYTES ||
		end + RFS_SEQUENCE_SLACK_BYTES < s->front) {
		s->front = end;
		s->run_bytes = s->gap_bytes = 0;
		s->established = false;
	} else {
		extend(s, off, end);
	}
	is = s->established;
	*ret_front = s->front;
	pthread_mutex_unlock(&s->lock);
	*ret_ended = was && !is;
	return is;
}
