/* SPDX-License-Identifier: Apache-2.0 */
/* What record/general's own files share: the plan, and a row's parts in the arena. */
#ifndef RIO_RECORD_PLAN_H
#define RIO_RECORD_PLAN_H

#include "record/general.h"

#include "base/util.h"
#include "record/cells.h"
#include "record/tensor.h"

/* Texts are short: their hashes are inlined. */
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Fields of a Record. */
enum { RECORD_FEATURES = 1, RECORD_LABEL = 2, RECORD_UID = 3 };

/* A slot of this bit is the code of a text, and else a place among the row's numbers. */
#define CODE_SLOT (1u << 31)

/* Columns that one kind of kernel reads. */
struct group {
	uint32_t *columns; /* rising */
	size_t nr;
	bool all_columns;
};

struct text_column {
	uint32_t column;
	bool is_feature; /* or label: missing cells are */
	bool is_coded, is_hashed, is_uid;
	char *prefix; /* "NAME=": what is hashed is this and the text */
	size_t prefix_bytes;
};

struct entry {
	struct rio_tensor tensor;
	uint32_t *slots;
	size_t nr_slots;
	bool contiguous;   /* slots follow one another, and are numbers */
	uint32_t *hashed;  /* places in texts */
	size_t nr_hashed;
	size_t nr_buckets; /* behind the slots; 0 without hashed columns */
	uint32_t text;     /* of bytes */
	size_t values_off, varints_off, keys_off; /* in the arena */
};

/* A column that some entry, or the uid, is made from. */
struct use {
	bool is_number;
	bool is_int32; /* its number, or its code, goes into an int32 tensor */
	uint32_t text; /* 1 + a place in texts, or 0 */
	uint32_t place; /* among the numbers of its group */
};

struct rio_general {
	const struct rio_schema *schema;
	const struct rio_codes *codes;
	struct group groups[RIO_NR_DTYPES];
	struct text_column *texts;
	size_t nr_texts;
	struct entry *entries; /* the features' by key, then the label's */
	size_t nr_entries;
	struct use *uses; /* by column */
	uint32_t uid_text; /* 1 + a place in texts, or 0 */
	size_t prefix_bytes_max;
	size_t images_off, spans_off, codes_off, buckets_off, arena_bytes;
};

static inline struct rio_span *rio_general_spans(const struct rio_general *g,
	struct rio_general_scratch *s)
{
	return (struct rio_span *)(void *)(s->arena + g->spans_off);
}

static inline double *rio_general_codes(const struct rio_general *g,
	struct rio_general_scratch *s)
{
	return (double *)(void *)(s->arena + g->codes_off);
}

static inline struct rio_image *rio_general_images(const struct rio_general *g,
	struct rio_general_scratch *s)
{
	return (struct rio_image *)(void *)(s->arena + g->images_off);
}

/* Grow a buffer whose contents need not be kept. */
static inline bool rio_general_grow(void *buffer, size_t *room, size_t wanted)
{
	void **p = buffer;

	if (wanted <= *room && *p)
		return true;
	free(*p);
	*p = malloc(wanted);
	*room = *p ? wanted : 0;
	return *p != NULL;
}

/* What a text makes for: *code is its number, or for hashed ones NaN where it is missing. */
enum rio_trouble rio_general_read_text(const struct rio_general *general,
	const struct text_column *column, struct rio_span text, double *code,
	uint64_t *nr_filled);

/* All texts of a row, and their codes; end is NULL where there is no row. */
enum rio_trouble rio_general_read_texts(const struct rio_general *general, const uint8_t *p,
	const uint32_t *end, struct rio_general_scratch *scratch);

/* The buckets that a row's texts fall into, sorted if sparse.  Returns how many there are. */
size_t rio_general_find_buckets(const struct rio_general *general, const struct entry *entry,
	struct rio_general_scratch *scratch, uint32_t *buckets);

/* Cells of a row that are counted as filled when it is parsed. */
uint64_t rio_general_count_filled(const struct rio_general *general, const uint8_t *p,
	const uint32_t *end);

#endif
