/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of kernels: the loops that touch every byte of a CSV.
 *
 *	tally      counts rows, for both quote states that a stretch may begin in
 *	scan       turns a chunk into the positions of its fields
 *	to_f32/64  turn fields, given by position, into numbers
 *	to_i32     the same, into whole ones
 *
 * Each kernel (portable, and per instruction set) fills the whole table, and
 * all of them give the same results.  rio_kernel() chooses once, at run time;
 * the environment variable RECORDIOFS_KERNEL forces one by name, for tests.
 *
 * Below it: csv/dialect, csv/cell.  Memory is the caller's throughout.
 */
#ifndef RIO_CSV_KERNEL_H
#define RIO_CSV_KERNEL_H

#include "base/util.h"
#include "csv/cell.h"
#include "csv/dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Readable bytes (of any value) that must lie before and behind a chunk. */
#define RIO_PAD_BYTES 64

/*
 * What a stretch of a CSV holds.  Fed piece by piece: the same tally goes into
 * each call, the pieces follow each other without a gap.
 *
 * The stretch begins at a line start: offset 0 of the data, or behind any line
 * feed.  Whether that is inside quotes depends on everything before, so each
 * figure that quotes decide is kept for both: [0] begins outside, [1] inside.
 */
struct rio_tally {
	uint64_t nr_rows[2];    /* rows that end within the stretch; blank lines are none */
	uint64_t bad_quote[2];  /* offset from the stretch's begin, or RIO_NO_OFFSET */
	uint64_t nr_lines;      /* line feeds */
	uint64_t len_bytes;     /* fed so far */

	/*
	 * Where the first row begins if the stretch begins inside: behind the first
	 * line feed that is then outside, from the stretch's begin; or RIO_NO_OFFSET.
	 * And the line feeds up to there.
	 */
	uint64_t inside_row_off;
	uint64_t inside_row_lines;

	bool odd_quotes;        /* an odd number of quotes so far: the state is flipped */

	/* Carried from piece to piece. */
	bool line_has_content;  /* the current line holds more than blanks, so far */
	bool field_has_content; /* more than blanks since the last delimiter or line feed */
	bool after_quote;       /* nothing but blanks since the last quote */
	bool last_is_quote;     /* the last byte was one */
};

static inline void rio_tally_init(struct rio_tally *tally)
{
	*tally = (struct rio_tally){
		.bad_quote = {RIO_NO_OFFSET, RIO_NO_OFFSET},
		.inside_row_off = RIO_NO_OFFSET,
	};
}

/*
 * The fields of a chunk, by the offsets of the separators that end them.
 *
 * Field i is [end[i - 1] + 1, end[i]); end[-1] is (uint32_t)-1, so that field 0
 * begins at 0.  A field is raw: quotes, blanks and a CR before the LF are in
 * it.  A blank line ends no field: it becomes blanks before the next one.
 */
struct rio_fields {
	uint32_t *end;      /* caller's; room for len_bytes + RIO_PAD_BYTES, and [-1] */
	size_t nr_fields;
	size_t nr_rows;     /* how many of the ends are row ends */
	bool has_nul;       /* a NUL byte lies somewhere in the chunk */
	bool open_quote;    /* the chunk ends inside quotes */
};

/* How many fields the row has whose first is field; it must end within the chunk. */
static inline size_t rio_fields_in_row(const struct rio_fields *fields, const uint8_t *p,
	size_t field)
{
	size_t i = field;

	while (p[fields->end[i]] != '\n')
		i++;
	return i - field + 1;
}

struct rio_kernel {
	const char *name;

	/* Whether this machine can run it. */
	bool (*usable)(void);

	/* Add the next len_bytes at p.  No padding is needed. */
	void (*tally)(const struct rio_dialect *dialect, const uint8_t *p, size_t len_bytes,
		struct rio_tally *tally);

	/*
	 * Find the fields of [p, p + len_bytes), len_bytes < 2^31 - RIO_PAD_BYTES,
	 * beginning at a row start outside quotes.  Padding is read on both sides.
	 */
	void (*scan)(const struct rio_dialect *dialect, const uint8_t *p, size_t len_bytes,
		struct rio_fields *fields);

	/*
	 * Read nr fields of the chunk at p: field i is [before[i] + 1, end[i]), so
	 * for consecutive fields before is end - 1.  Returns nr, or the index of
	 * the first field that rules refuse (out is then set up to there).
	 */
	size_t (*to_f32)(const struct rio_cell_rules *rules, const uint8_t *p,
		const uint32_t *before, const uint32_t *end, size_t nr, float *out);
	size_t (*to_f64)(const struct rio_cell_rules *rules, const uint8_t *p,
		const uint32_t *before, const uint32_t *end, size_t nr, double *out);

	/* The same; what int32 does not hold is refused, too: fractions, NaN, what is too large. */
	size_t (*to_i32)(const struct rio_cell_rules *rules, const uint8_t *p,
		const uint32_t *before, const uint32_t *end, size_t nr, int32_t *out);
};

/*
 * How many fields the calling thread's kernels have given up in a group and read by
 * themselves so far: a counter, counted where that happens.
 */
extern _Thread_local uint64_t rio_nr_slow_fields;

/* The kernel in use.  Safe from many threads. */
const struct rio_kernel *rio_kernel(void);

/* All that were built, fastest first, ended by NULL: for tests and benchmarks. */
extern const struct rio_kernel *const rio_kernels[];

extern const struct rio_kernel rio_kernel_portable;
#ifdef RIO_HAVE_AVX2
extern const struct rio_kernel rio_kernel_avx2;
#endif
#ifdef RIO_HAVE_AVX512
extern const struct rio_kernel rio_kernel_avx512;
#endif

#endif
