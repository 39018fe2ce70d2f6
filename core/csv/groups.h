/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the vector kernels share: taking fields a group at a time, reading those by
 * themselves that a group gave up, and learning from them.
 *
 * Exponents and quotes cost a group extra loads, so they are looked for only once a
 * field could not be read without: files are alike throughout.
 */
#ifndef RIO_CSV_GROUPS_H
#define RIO_CSV_GROUPS_H

#include "base/util.h"
#include "csv/field.h"
#include "csv/kernel.h"

#include <stddef.h>

/* What the fields of a call have needed so far. */
struct rio_habits {
	bool exponents; /* e+05 at the end */
	bool wrapped;   /* quotes, a blank on either side, a CR */
};

/* Fields, by their separators in the chunk at p. */
struct rio_group {
	const struct rio_dialect *dialect;
	const uint8_t *p;
	const uint32_t *before;
	const uint32_t *end;
	bool adjacent; /* each begins behind the one before it */
};

/* Read a group into out; a bit for each field that must be read by itself. */
typedef unsigned rio_group_reader(const struct rio_group *group, struct rio_habits habits,
	void *out);

/* Learn from a field. */
static inline void rio_habits_learn(struct rio_habits *habits, const struct rio_dialect *d,
	const uint8_t *begin, const uint8_t *end)
{
	if (begin == end)
		return;
	if (*begin == d->quote || *begin == ' ' || end[-1] == ' ' || end[-1] == '\r')
		habits->wrapped = true;
	while (end - begin > 4 && (end[-1] == d->quote || end[-1] == ' ' || end[-1] == '\r'))
		end--;
	if (end - begin > 4 && (end[-4] | 0x20) == 'e')
		habits->exponents = true;
}

static inline bool rio_group_read_one(const struct rio_group *g, size_t i,
	const struct rio_cell_rules *rules, struct rio_habits *habits, double *ret)
{
	rio_nr_slow_fields++;
	rio_habits_learn(habits, g->dialect, g->p + (uint32_t)(g->before[i] + 1),
		g->p + g->end[i]);
	return rio_field_read(rules, g->p, g->before[i], g->end[i], ret);
}

/* What the first fields, at most so many, need: giving up a group tells, but takes longer. */
static inline struct rio_habits rio_habits_of(const struct rio_dialect *d, const uint8_t *p,
	const uint32_t *before, const uint32_t *end, size_t nr)
{
	struct rio_habits habits = {0};

	for (size_t i = 0; i < nr; i++)
		rio_habits_learn(&habits, d, p + (uint32_t)(before[i] + 1), p + end[i]);
	return habits;
}

/*
 * All of a kernel's to_f32, to_f64 or to_i32 but the reader, which takes size fields and
 * is inlined for files with and without habits.  Numbers of each_bytes go into out.
 */
static inline __attribute__((always_inline)) size_t rio_groups_read(
	const struct rio_cell_rules *rules, const uint8_t *p, const uint32_t *before,
	const uint32_t *end, size_t nr, void *out, size_t each_bytes, rio_number_put *put,
	size_t size, rio_group_reader *reader)
{
	struct rio_habits habits =
		rio_habits_of(&rules->dialect, p, before, end, RIO_MIN(nr, size));
	double value;

	for (size_t i = 0; i < nr; i += size) {
		const struct rio_group g = {&rules->dialect, p, before + i, end + i,
			before + 1 == end};
		uint8_t *to = (uint8_t *)out + i * each_bytes;
		unsigned todo = (1u << RIO_MIN(size, nr - i)) - 1;

		if (rio_likely(nr - i >= size))
			todo = habits.exponents || habits.wrapped
				       ? reader(&g, habits, to)
				       : reader(&g, (struct rio_habits){0}, to);
		for (; rio_unlikely(todo); todo &= todo - 1) {
			size_t k = (size_t)__builtin_ctz(todo);

			if (!rio_group_read_one(&g, k, rules, &habits, &value) ||
				!put(to, k, value))
				return i + k;
		}
	}
	return nr;
}

#endif
