/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decoder goes in one direction, and readers do not: they read on where they were,
 * jump, ask for the same bytes again, and several workers who encode ahead stand in
 * neighbouring places of one file.  So the unit is the span.  It is decoded from its
 * point on, as far as somebody needs, and then stands still until somebody needs more:
 *
 *	span   | decoded, for everyone ......... | not yet ....... |
 *	                                         ^ a decoder, live
 *
 * Reading on continues the decoder.  A jump begins a span at its point.  Who wants
 * bytes of a span that another is decoding waits for those bytes and no longer; who
 * stands at its begin finds them made by who stands further on.  So as long as a
 * span is here no byte of it is decoded twice, however many read it, and different
 * spans are decoded at the same time.
 *
 * The bound is one for the process, because what matters is its memory and not who
 * opened how many files; the least recently used span goes first.  It grows with the
 * cores, since each core's worker needs a span of its own: with fewer spans than
 * workers they would take each other's away and decode them again.
 *
 * Rejected: a few live decoders that move through the file (two workers in one span
 * would both decode its begin, and taking another's decoder makes that one start
 * over), and a cache for each open file (the bound would be none).
 */
#include "source/spans.h"

#include "base/util.h"
#include "source/unpacker.h"

#include <pthread.h>
#include <string.h>
#include <sys/queue.h>

/* Decoded at a time: who waits for bytes gets them this soon. */
#define STEP_BYTES (128 * RIO_KIB)

/* What the largest decoder takes (zstd's), and the usual one. */
#define DECODER_BYTES_MAX (9 * RIO_MIB)
#define DECODER_BYTES     (192 * RIO_KIB)

/* Room for one of the longest spans, and for two usual ones a core. */
#define BASE_BYTES (RIO_SEEK_SPAN_BYTES_MAX + DECODER_BYTES_MAX)
#define CORE_BYTES (2 * (RIO_SEEK_SPACING_BYTES + 2 * DECODER_BYTES))

struct span {
	TAILQ_ENTRY(span) link;
	/* Constant. */
	uint64_t index_id;
	size_t number;
	uint64_t off; /* of the text */
	size_t len_bytes;
	uint8_t *bytes;

	size_t charged_bytes; /* to used_bytes: its bytes, and a decoder's while it has one */
	unsigned nr_users;
	bool failed;          /* nobody finds it any more */
	bool filling;         /* whoever set it has unpacker, and writes behind filled_bytes */
	size_t filled_bytes;  /* what lies before is constant */
	struct rio_unpacker *unpacker; /* NULL before the first byte and behind the last */
};

/* Most recently used first. */
static TAILQ_HEAD(span_list, span) spans = TAILQ_HEAD_INITIALIZER(spans);
static uint64_t used_bytes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all of these, and spans */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

/* What the cache may hold: decoded bytes, decoders, input. */
static uint64_t bytes_max(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return BASE_BYTES + (uint64_t)RIO_MAX(cores, 1) * CORE_BYTES;
}

/* --- the list; the lock is held in all of this --- */

static void free_span(struct span *span)
{
	rio_unpacker_destroy(span->unpacker);
	free(span->bytes);
	free(span);
}

static void drop(struct span *span)
{
	TAILQ_REMOVE(&spans, span, link);
	used_bytes -= span->charged_bytes;
	free_span(span);
}

static size_t cost(const struct rio_seek_index *index, size_t number)
{
	const struct rio_seek_point *point = &index->points[number];

	return (size_t)(point[1].off - point->off) + index->codec->state_bytes;
}

/* Drop the least recently used one, if there is one that nobody uses. */
static bool drop_oldest(void)
{
	struct span *span;

	TAILQ_FOREACH_REVERSE(span, &spans, span_list, link)
		if (!span->nr_users) {
			drop(span);
			return true;
		}
	return false;
}

static struct span *find(const struct rio_seek_index *index, size_t number)
{
	struct span *span;

	TAILQ_FOREACH(span, &spans, link)
		if (span->index_id == index->id && span->number == number && !span->failed)
			return span;
	return NULL;
}

static struct span *add(const struct rio_seek_index *index, size_t number)
{
	const struct rio_seek_point *point = &index->points[number];
	struct span *span = calloc(1, sizeof(*span));

	if (!span)
		return NULL;
	span->index_id = index->id;
	span->number = number;
	span->off = point->off;
	span->len_bytes = (size_t)(point[1].off - point->off);
	span->bytes = malloc(span->len_bytes);
	if (!span->bytes) {
		free(span);
		return NULL;
	}
	span->charged_bytes = cost(index, number);
	used_bytes += span->charged_bytes;
	TAILQ_INSERT_HEAD(&spans, span, link);
	return span;
}

/* The span, in use by the caller; NULL without memory. */
static struct span *take(const struct rio_seek_index *index, size_t number)
{
	uint64_t wanted = cost(index, number), most = bytes_max();
	struct span *span;

	while (!(span = find(index, number)) && used_bytes + wanted > most)
		if (!drop_oldest())
			pthread_cond_wait(&changed, &lock);
	if (span) {
		TAILQ_REMOVE(&spans, span, link);
		TAILQ_INSERT_HEAD(&spans, span, link);
	} else {
		span = add(index, number);
	}
	if (span)
		span->nr_users++;
	return span;
}

/* It has no decoder any more, and needs none. */
static void forget_decoder(struct span *span)
{
	used_bytes -= span->charged_bytes - span->len_bytes;
	span->charged_bytes = span->len_bytes;
}

static void put(struct span *span)
{
	span->nr_users--;
	if (span->failed && !span->nr_users)
		drop(span);
	pthread_cond_broadcast(&changed);
}

/* --- decoding --- */

static int misfit(const struct span *span, const char *what, struct rio_error *err)
{
	return rio_fail(err, RIO_EMAP_DAMAGED,
		"the compressed file is not what was indexed, in the text from byte %ju on: %s",
		(uintmax_t)span->off, what);
}

/* A decoder that begins at a point. */
static int begin_at(struct span *span, const struct rio_seek_index *index, size_t number,
	struct rio_error *err)
{
	const struct rio_seek_point *point = &index->points[number];
	const struct rio_codec *reader = index->codec->reader ? index->codec->reader
							       : index->codec;
	uint8_t window[RIO_WINDOW_BYTES_MAX];
	size_t window_bytes = 0;
	int r = 0;

	if (point->window_bytes)
		r = rio_seek_index_window(index, number, window, &window_bytes, err);
	return r < 0 ? r : rio_unpacker_create(reader, point->bit, window, window_bytes,
				   &span->unpacker, err);
}

/* Decode len_bytes behind the filled ones. */
static int decode(struct span *span, struct rio_source *packed, size_t len_bytes,
	struct rio_error *err)
{
	struct rio_error why;
	size_t n = 0;
	int r = rio_unpacker_run(span->unpacker, packed, span->bytes + span->filled_bytes,
		len_bytes, false, &n, &why);

	if (r == RIO_EDAMAGED)
		return misfit(span, why.message, err);
	if (r < 0) {
		if (err)
			*err = why;
		return r;
	}
	return n == len_bytes ? 0 : misfit(span, "it ends too early", err);
}

/*
 * Where the span begins; but if that point's window is damaged, where one before it does,
 * and on from there: the first needs none.
 */
static int start(struct span *span, const struct rio_seek_index *index, struct rio_source *packed,
	struct rio_error *err)
{
	size_t k = span->number;
	int r = begin_at(span, index, k, err);

	while (r == RIO_EMAP_DAMAGED && k > 0)
		r = begin_at(span, index, --k, err);
	for (uint64_t off = index->points[k].off, n; r == 0 && off < span->off; off += n) {
		n = RIO_MIN(span->off - off, (uint64_t)span->len_bytes);
		r = decode(span, packed, n, err);
	}
	return r;
}

/* The next bytes, without the lock: *ret_bytes of them behind the filled ones. */
static int fill(struct span *span, const struct rio_seek_index *index, struct rio_source *packed,
	size_t *ret_bytes, struct rio_error *err)
{
	size_t room = RIO_MIN(span->len_bytes - span->filled_bytes, (size_t)STEP_BYTES);
	int r = span->unpacker ? 0 : start(span, index, packed, err);

	if (r == 0)
		r = decode(span, packed, room, err);
	if (r < 0)
		return r;
	*ret_bytes = room;
	if (span->filled_bytes + room == span->len_bytes) {
		rio_unpacker_destroy(span->unpacker);
		span->unpacker = NULL;
	}
	return 0;
}

/* Have the span filled up to end, by whom it may be; under the lock. */
static int await(struct span *span, const struct rio_seek_index *index, struct rio_source *packed,
	size_t end, struct rio_error *err)
{
	while (span->filled_bytes < end && !span->failed) {
		size_t n;
		int r;

		if (span->filling) {
			pthread_cond_wait(&changed, &lock);
			continue;
		}
		span->filling = true;
		pthread_mutex_unlock(&lock);
		r = fill(span, index, packed, &n, err);
		pthread_mutex_lock(&lock);
		span->filling = false;
		pthread_cond_broadcast(&changed);
		if (r < 0) {
			span->failed = true;
			return r;
		}
		span->filled_bytes += n;
		if (!span->unpacker)
			forget_decoder(span);
	}
	return 0;
}

int rio_spans_read(const struct rio_seek_index *index, struct rio_source *packed, uint64_t off,
	void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	size_t number = rio_seek_index_find(index, off), begin, n;
	struct span *span;
	int r = 0;

	pthread_mutex_lock(&lock);
	for (;;) {
		span = take(index, number);
		if (!span) {
			pthread_mutex_unlock(&lock);
			return rio_fail(err, RIO_ENOMEM, "no memory to decompress into");
		}
		begin = (size_t)(off - span->off);
		n = RIO_MIN(len_bytes, span->len_bytes - begin);
		r = await(span, index, packed, begin + n, err);
		if (r < 0 || span->filled_bytes >= begin + n)
			break;
		put(span); /* another's decoding failed: find out by oneself */
	}
	if (r == 0) {
		pthread_mutex_unlock(&lock);
		memcpy(dst, span->bytes + begin, n);
		pthread_mutex_lock(&lock);
		*ret_bytes = n;
	}
	put(span);
	pthread_mutex_unlock(&lock);
	return r;
}
