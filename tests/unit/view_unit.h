/* SPDX-License-Identifier: Apache-2.0 */
/* Views over datasets in memory, and where the frames of encoded bytes begin. */
#ifndef TESTS_VIEW_UNIT_H
#define TESTS_VIEW_UNIT_H

#include "dataset_unit.h"

#include "view/view.h"

static int nr_taken; /* and not given back */

static int take_source(void *data, const struct rio_part *part, struct rio_source **ret,
	struct rio_error *err)
{
	const struct fixture *f = part->owner;

	nr_taken++;
	*ret = f->source;
	return 0;
}

static void give_source(void *data, const struct rio_part *part, struct rio_source *source)
{
	assert_ptr_equal(source, ((const struct fixture *)part->owner)->source);
	nr_taken--;
}

static const struct rio_view_sources from_memory = {.take = take_source, .give = give_source};

static inline struct rio_view *join(const struct fixture *files, size_t nr)
{
	struct rio_view_member members[8];
	struct rio_view *view = NULL;

	assert_in_range(nr, 1, RIO_ARRAY_SIZE(members));
	for (size_t i = 0; i < nr; i++)
		members[i] = (struct rio_view_member){files[i].dataset, (void *)&files[i]};
	assert_int_equal(rio_view_create(members, nr, &view, NULL), 0);
	return view;
}

/* A CSV whose encoding has records of the kind that its options ask for, as text. */
static inline char *make_rows(uint64_t *seed, size_t nr_rows)
{
	static const char *const texts[] = {"red", "\"gr\"\"een\"", "blue", "\"x,\ny\"", ""};
	char *text = malloc(nr_rows * 64 + 64), *p = text;

	p += sprintf(p, "a,b,c\n");
	for (size_t i = 0; i < nr_rows; i++)
		p += sprintf(p, "%d,%d,%s%s\n", (int)(rnd(seed) % 3),
			(int)(rnd(seed) >> rnd(seed) % 64 >> 1), texts[rnd(seed) % 5],
			rnd(seed) % 20 ? "" : ",1");
	return text;
}

/* The offset of every frame; freed by the caller. */
static inline uint64_t *frame_offs(const uint8_t *bytes, size_t len_bytes, size_t *ret_nr)
{
	uint64_t *offs = malloc((len_bytes / 8 + 1) * sizeof(*offs));
	size_t nr = 0, at = 0;

	while (at < len_bytes) {
		uint32_t len;

		memcpy(&len, bytes + at + 4, sizeof(len));
		offs[nr++] = at;
		at += 8 + (len + 3) / 4 * 4;
	}
	assert_int_equal(at, len_bytes);
	*ret_nr = nr;
	return offs;
}

#endif
