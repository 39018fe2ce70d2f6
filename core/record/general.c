/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A *plan*, made once, says for each entry of a record where its values come from:
 *
 *	cells        y  a  b  "x"  c  id
 *	             │  │  │   │   │   └─ text: the uid
 *	f32, f64     y  a  b   │   c      numbers by type, columns in file order (kernels)
 *	texts                  x          its code, its bucket, or its bytes
 *	entries      features { a b code(x) c }   slots: places in f32, f64 or the texts
 *	             label    { y }
 *
 * Where an entry's slots follow one another, its values are used where they lie.
 * Everything that a row needs beside lies in an arena whose layout is the plan's.
 *
 * The record is put down field by field here and not by protobuf-c: sizing must not
 * build, and one allocation a value would cost more than all the rest.  A test holds
 * the bytes against those of protobuf's own packages.
 */
#include "record/general.h"

#include "base/utf8.h"
#include "base/util.h"
#include "record/cells.h"
#include "record/frame.h"
#include "record/shift.h"
#include "record/tensor.h"
#include "record/wire.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The state of a hash on the stack. */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

/* Fields of a Record. */
enum { RECORD_FEATURES = 1, RECORD_LABEL = 2, RECORD_UID = 3 };

/* A slot of this bit is the code of a text, and else a place among the row's numbers. */
#define CODE_SLOT (1u << 31)

/* Fields that are parsed at once. */
enum { BATCH_FIELDS = 4096 };

/* Columns that one kind of kernel reads; int32 goes through float64. */
struct group {
	uint32_t *columns; /* rising */
	size_t nr;
	bool all_columns;
};

struct text_column {
	uint32_t column;
	bool is_feature; /* or label: missing cells are */
	bool is_coded, is_hashed, is_uid;
	char *prefix;    /* "NAME=", which hashes begin with */
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
	size_t values_off, doubles_off, keys_off; /* in the arena */
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
	struct group f32, f64;
	struct text_column *texts;
	size_t nr_texts;
	struct entry *entries; /* the features' by key, then the label's */
	size_t nr_entries;
	struct use *uses; /* by column */
	uint32_t uid_text; /* 1 + a place in texts, or 0 */
	size_t images_off, spans_off, codes_off, buckets_off, arena_bytes;
};

void rio_general_destroy(struct rio_general *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->texts && i < g->nr_texts; i++)
		free(g->texts[i].prefix);
	for (size_t i = 0; g->entries && i < g->nr_entries; i++) {
		free(g->entries[i].slots);
		free(g->entries[i].hashed);
	}
	free(g->f32.columns);
	free(g->f64.columns);
	free(g->texts);
	free(g->entries);
	free(g->uses);
	free(g);
}

static struct group *group_of(struct rio_general *g, enum rio_dtype dtype)
{
	return dtype == RIO_FLOAT32 ? &g->f32 : &g->f64;
}

/* The text of a column, added where it is new; NULL without memory. */
static struct text_column *use_text(struct rio_general *g, uint32_t column)
{
	const struct rio_schema *s = g->schema;
	struct text_column *t;
	char number[16];

	if (g->uses[column].text)
		return &g->texts[g->uses[column].text - 1];
	t = &g->texts[g->nr_texts];
	snprintf(number, sizeof(number), "%u", column);
	*t = (struct text_column){.column = column};
	t->prefix_bytes = (size_t)RIO_MAX(asprintf(&t->prefix, "%s=",
		s->names ? s->names[column] : number), 0);
	if (!t->prefix_bytes)
		return NULL;
	g->uses[column].text = (uint32_t)++g->nr_texts;
	return t;
}

static bool is_text(const struct rio_schema *s, uint32_t column)
{
	return s->as_text && s->as_text[column];
}

/* Note what a column of an entry needs. */
static bool use_column(struct rio_general *g, uint32_t column, enum rio_dtype dtype)
{
	struct use *use = &g->uses[column];
	struct text_column *text;

	use->is_int32 = dtype == RIO_INT32;
	if (!is_text(g->schema, column)) {
		use->is_number = true;
		return true;
	}
	text = use_text(g, column);
	if (!text)
		return false;
	text->is_feature = true;
	text->is_coded = g->schema->text == RIO_TEXT_MAP;
	text->is_hashed = g->schema->text == RIO_TEXT_HASH;
	return true;
}

static bool use_columns(struct rio_general *g)
{
	const struct rio_schema *s = g->schema;
	bool ok = true;

	for (size_t i = 0; i < s->nr_features && ok; i++)
		ok = use_column(g, s->features[i], s->dtype);
	for (size_t i = 0; i < s->nr_label && ok; i++)
		ok = use_column(g, s->label[i], s->label_dtype);
	if (s->uid_column != RIO_NO_COLUMN && ok) {
		struct text_column *text = use_text(g, s->uid_column);

		ok = text != NULL;
		if (ok)
			text->is_uid = true;
		g->uid_text = g->uses[s->uid_column].text;
	}
	return ok;
}

/* Put the number columns into the two groups, in file order. */
static bool make_groups(struct rio_general *g)
{
	const struct rio_schema *s = g->schema;

	g->f32.columns = calloc(s->nr_columns, sizeof(uint32_t));
	g->f64.columns = calloc(s->nr_columns, sizeof(uint32_t));
	if (!g->f32.columns || !g->f64.columns)
		return false;
	for (uint32_t c = 0; c < s->nr_columns; c++) {
		enum rio_dtype dtype = rio_schema_is_label(s, c) ? s->label_dtype : s->dtype;
		struct group *group = group_of(g, dtype);

		if (!g->uses[c].is_number)
			continue;
		g->uses[c].place = (uint32_t)group->nr;
		group->columns[group->nr++] = c;
	}
	g->f32.all_columns = g->f32.nr == s->nr_columns;
	g->f64.all_columns = g->f64.nr == s->nr_columns;
	return true;
}

static bool entry_init(struct rio_general *g, struct entry *e, const uint32_t *columns, size_t nr,
	const uint32_t *hashed, size_t nr_hashed)
{
	e->slots = calloc(nr + 1, sizeof(*e->slots));
	e->hashed = calloc(nr_hashed + 1, sizeof(*e->hashed));
	if (!e->slots || !e->hashed)
		return false;
	e->nr_slots = nr;
	e->contiguous = true;
	for (size_t i = 0; i < nr; i++) {
		const struct use *use = &g->uses[columns[i]];

		e->slots[i] = use->is_number ? use->place : (use->text - 1) | CODE_SLOT;
		e->contiguous &= use->is_number && e->slots[i] == e->slots[0] + i;
	}
	e->nr_hashed = nr_hashed;
	e->nr_buckets = nr_hashed ? g->schema->nr_buckets : 0;
	for (size_t i = 0; i < nr_hashed; i++)
		e->hashed[i] = g->uses[hashed[i]].text - 1;
	e->tensor.width = nr + e->nr_buckets;
	return true;
}

static bool features_entry(struct rio_general *g, const struct rio_key *key, struct entry *e)
{
	const struct rio_schema *s = g->schema;

	e->tensor = (struct rio_tensor){
		.key = key->name,
		.key_bytes = strlen(key->name),
		.map = RECORD_FEATURES,
		.dtype = s->dtype,
		.is_bytes = key->is_bytes,
		.sparse = s->format == RIO_SPARSE && !key->is_bytes,
		.explicit_zero = s->zero_row == RIO_ZERO_ROW_ZERO,
	};
	if (!key->is_bytes)
		return entry_init(g, e, key->columns, key->nr_columns, key->hashed,
			key->nr_hashed);
	e->text = g->uses[key->columns[0]].text - 1;
	return true;
}

static bool make_entries(struct rio_general *g)
{
	const struct rio_schema *s = g->schema;

	g->entries = calloc(s->nr_keys + 1, sizeof(*g->entries));
	if (!g->entries)
		return false;
	for (size_t i = 0; i < s->nr_keys; i++)
		if (!features_entry(g, &s->keys[i], &g->entries[g->nr_entries++]))
			return false;
	if (!s->nr_label)
		return true;
	g->entries[g->nr_entries].tensor = (struct rio_tensor){
		.key = "values",
		.key_bytes = strlen("values"),
		.map = RECORD_LABEL,
		.dtype = s->label_dtype,
	};
	return entry_init(g, &g->entries[g->nr_entries++], s->label, s->nr_label, NULL, 0);
}

/* Reserve in the arena; all parts hold words of eight bytes at most. */
static size_t reserve(struct rio_general *g, size_t nr, size_t each)
{
	size_t off = g->arena_bytes;

	g->arena_bytes += (nr * each + 7) / 8 * 8;
	return off;
}

static void lay_out_arena(struct rio_general *g)
{
	size_t nr_hashed = 0;

	g->images_off = reserve(g, g->nr_entries, sizeof(struct rio_image));
	g->spans_off = reserve(g, g->nr_texts, sizeof(struct rio_span));
	g->codes_off = reserve(g, g->nr_texts, sizeof(double));
	for (size_t i = 0; i < g->nr_entries; i++) {
		struct entry *e = &g->entries[i];
		size_t nr = e->nr_slots + (e->tensor.sparse ? e->nr_hashed : e->nr_buckets) + 1;

		nr_hashed = RIO_MAX(nr_hashed, e->nr_hashed);
		if (e->tensor.is_bytes)
			continue;
		e->values_off = reserve(g, nr, rio_value_bytes(e->tensor.dtype));
		if (e->tensor.dtype == RIO_INT32 && !e->contiguous)
			e->doubles_off = reserve(g, e->nr_slots, sizeof(double));
		if (e->tensor.sparse)
			e->keys_off = reserve(g, nr, sizeof(uint32_t));
	}
	g->buckets_off = reserve(g, nr_hashed, sizeof(uint32_t));
}

int rio_general_create(const struct rio_schema *schema, const struct rio_codes *codes,
	struct rio_general **ret, struct rio_error *err)
{
	struct rio_general *g = calloc(1, sizeof(*g));
	bool ok = g != NULL;

	if (ok) {
		g->schema = schema;
		g->codes = codes;
		g->texts = calloc(schema->nr_columns, sizeof(*g->texts));
		g->uses = calloc(schema->nr_columns, sizeof(*g->uses));
		ok = g->texts && g->uses && use_columns(g) && make_groups(g) && make_entries(g);
	}
	if (!ok) {
		rio_general_destroy(g);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	lay_out_arena(g);
	*ret = g;
	return 0;
}

void rio_general_scratch_deinit(struct rio_general_scratch *s)
{
	free(s->f32);
	free(s->f64);
	free(s->before);
	free(s->end);
	free(s->arena);
	free(s->text);
	free(s->plain);
	*s = (struct rio_general_scratch){0};
}

/* Grow a buffer whose contents need not be kept. */
static bool grow(void *buffer, size_t *room, size_t wanted)
{
	void **p = buffer;

	if (wanted <= *room && *p)
		return true;
	free(*p);
	*p = malloc(wanted);
	*room = *p ? wanted : 0;
	return *p != NULL;
}

static bool make_room(const struct rio_general *g, size_t nr_rows, struct rio_general_scratch *s)
{
	size_t nr = RIO_MAX(g->f32.nr, g->f64.nr) * nr_rows + 1, room = s->numbers_room;

	if (nr > room || !s->f32) {
		s->numbers_room = 0;
		if (!grow(&s->f32, &(size_t){0}, nr * sizeof(float)) ||
			!grow(&s->f64, &(size_t){0}, nr * sizeof(double)) ||
			!grow(&s->before, &(size_t){0}, nr * sizeof(uint32_t)) ||
			!grow(&s->end, &(size_t){0}, nr * sizeof(uint32_t)))
			return false;
		s->numbers_room = nr;
	}
	return grow(&s->arena, &s->arena_room, g->arena_bytes + 1);
}

size_t rio_general_batch_rows(const struct rio_general *g)
{
	return RIO_MAX(BATCH_FIELDS / g->schema->nr_columns, (size_t)1);
}

static void gather(const struct group *group, size_t nr_columns, const uint32_t *end,
	size_t nr_rows, struct rio_general_scratch *s)
{
	uint32_t *before_out = s->before, *end_out = s->end;

	for (size_t row = 0; row < nr_rows; row++, end += nr_columns)
		for (size_t i = 0; i < group->nr; i++) {
			*end_out++ = end[group->columns[i]];
			*before_out++ = end[(ptrdiff_t)group->columns[i] - 1];
		}
}

/* Read a group's numbers. Returns the rows before the first that is refused. */
static size_t parse_group(const struct rio_general *g, const struct group *group,
	const uint8_t *p, const uint32_t *end, size_t nr_rows, struct rio_general_scratch *s)
{
	struct rio_cell_rules rules = g->schema->rules;
	const uint32_t *before = end - 1;
	size_t nr = group->nr * nr_rows;

	if (!nr)
		return nr_rows;
	rules.nr_filled = &s->nr_filled_parsed;
	if (!group->all_columns) {
		gather(group, g->schema->nr_columns, end, nr_rows, s);
		before = s->before;
		end = s->end;
	}
	return (group == &g->f32 ? rio_kernel()->to_f32(&rules, p, before, end, nr, s->f32)
				 : rio_kernel()->to_f64(&rules, p, before, end, nr, s->f64)) /
	       group->nr;
}

int rio_general_parse(const struct rio_general *g, const uint8_t *p, const uint32_t *end,
	size_t nr_rows, struct rio_general_scratch *s, size_t *ret_nr_fine, struct rio_error *err)
{
	size_t fine = nr_rows, f64_fine;

	if (!make_room(g, nr_rows, s))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	/* Once more where a row is refused, so that only cells of fine rows are counted. */
	do {
		nr_rows = fine;
		s->nr_filled_parsed = 0;
		fine = parse_group(g, &g->f32, p, end, nr_rows, s);
		f64_fine = parse_group(g, &g->f64, p, end, nr_rows, s);
		fine = RIO_MIN(fine, f64_fine);
	} while (fine < nr_rows);
	s->nr_filled += s->nr_filled_parsed;
	*ret_nr_fine = fine;
	return 0;
}

int rio_general_parse_nan(const struct rio_general *g, struct rio_general_scratch *s,
	struct rio_error *err)
{
	if (!make_room(g, 1, s))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < g->f32.nr; i++)
		s->f32[i] = NAN;
	for (size_t i = 0; i < g->f64.nr; i++)
		s->f64[i] = NAN;
	return 0;
}

static struct rio_span *spans_of(const struct rio_general *g, struct rio_general_scratch *s)
{
	return (struct rio_span *)(void *)(s->arena + g->spans_off);
}

static double *codes_of(const struct rio_general *g, struct rio_general_scratch *s)
{
	return (double *)(void *)(s->arena + g->codes_off);
}

static struct rio_image *images_of(const struct rio_general *g, struct rio_general_scratch *s)
{
	return (struct rio_image *)(void *)(s->arena + g->images_off);
}

/* Room for a row's texts without their quotes; rio_number_parse looks past both ends. */
static uint8_t *text_room(const struct rio_general *g, const uint32_t *end,
	struct rio_general_scratch *s)
{
	size_t row_bytes = end[g->schema->nr_columns - 1] - (end[-1] + 1);

	return grow(&s->text, &s->text_room, row_bytes + 2 * RIO_PAD_BYTES)
		       ? s->text + RIO_PAD_BYTES : NULL;
}

/* What a missing text is numbered. */
static double missing_code(const struct rio_cell_rules *rules)
{
	return rules->missing == RIO_MISSING_NUMBER ? rules->missing_value : NAN;
}

/* What a text makes for: *code is its number, or for hashed ones NaN where it is missing. */
static enum rio_trouble read_text(const struct rio_general *g, const struct text_column *t,
	struct rio_span text, double *code, uint64_t *nr_filled)
{
	const struct rio_cell_rules *rules = &g->schema->rules;
	size_t len_bytes = (size_t)(text.end - text.begin);
	uint32_t number;

	*code = 0;
	if (t->is_uid && !rio_is_utf8(text.begin, len_bytes))
		return RIO_TROUBLE_UTF8;
	if (t->is_feature && rio_text_is_missing(text)) {
		if (rules->missing == RIO_MISSING_ERROR && !rules->bad_is_nan)
			return RIO_TROUBLE_CELL;
		*code = t->is_hashed ? NAN : missing_code(rules);
		if (t->is_coded || t->is_hashed)
			*nr_filled += rules->missing == RIO_MISSING_NUMBER;
		return RIO_NO_TROUBLE;
	}
	if (!t->is_coded)
		return RIO_NO_TROUBLE;
	number = rio_codes_find(g->codes, t->column, text.begin, len_bytes);
	*code = number;
	return number == RIO_NO_CODE ? RIO_TROUBLE_CODE : RIO_NO_TROUBLE;
}

static enum rio_trouble read_texts(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, struct rio_general_scratch *s)
{
	struct rio_span *spans = spans_of(g, s);
	double *codes = codes_of(g, s);
	uint8_t *room;

	if (!g->nr_texts)
		return RIO_NO_TROUBLE;
	room = end ? text_room(g, end, s) : NULL;
	if (end && !room)
		return RIO_TROUBLE_MEMORY;
	for (size_t i = 0; i < g->nr_texts; i++) {
		const struct text_column *t = &g->texts[i];
		enum rio_trouble trouble;

		spans[i] = (struct rio_span){NULL, NULL};
		codes[i] = NAN;
		if (!end)
			continue;
		spans[i] = rio_cell_text(&g->schema->rules.dialect,
			p + (uint32_t)(end[(ptrdiff_t)t->column - 1] + 1), p + end[t->column],
			&room);
		trouble = read_text(g, t, spans[i], &codes[i], &s->nr_filled);
		if (trouble)
			return trouble;
	}
	return RIO_NO_TROUBLE;
}

/* The buckets that a row's texts fall into, sorted.  Returns how many there are. */
static size_t find_buckets(const struct rio_general *g, const struct entry *e,
	struct rio_general_scratch *s, uint32_t *buckets)
{
	const struct rio_span *spans = spans_of(g, s);
	const double *codes = codes_of(g, s);
	size_t nr = 0;

	for (size_t i = 0; i < e->nr_hashed; i++) {
		const struct text_column *t = &g->texts[e->hashed[i]];
		const struct rio_span *text = &spans[e->hashed[i]];
		XXH64_state_t state;
		uint32_t bucket;
		size_t at = nr;

		if (isnan(codes[e->hashed[i]]))
			continue;
		XXH64_reset(&state, 0);
		XXH64_update(&state, t->prefix, t->prefix_bytes);
		XXH64_update(&state, text->begin, (size_t)(text->end - text->begin));
		bucket = (uint32_t)(XXH64_digest(&state) % e->nr_buckets);
		for (; at && buckets[at - 1] > bucket; at--)
			buckets[at] = buckets[at - 1];
		buckets[at] = bucket;
		nr++;
	}
	return nr;
}

static void add_one(enum rio_dtype dtype, void *values, size_t i)
{
	if (dtype == RIO_FLOAT32)
		((float *)values)[i] += 1;
	else if (dtype == RIO_FLOAT64)
		((double *)values)[i] += 1;
	else
		((int32_t *)values)[i] += 1;
}

/* A row's numbers, by the types of kernels. */
struct numbers {
	const float *f32;
	const double *f64;
	const double *codes;
};

static double number_at(const struct entry *e, const struct numbers *n, size_t i)
{
	uint32_t slot = e->slots[i];

	return slot & CODE_SLOT ? n->codes[slot & ~CODE_SLOT]
	       : e->tensor.dtype == RIO_FLOAT32 ? (double)n->f32[slot]
						: n->f64[slot];
}

/* The values of the entry's slots, in its type and order; NULL where one is no int32. */
static const void *take_values(const struct entry *e, const struct numbers *n, uint8_t *arena)
{
	void *values = arena + e->values_off;
	double *doubles = (double *)(void *)(arena + e->doubles_off);
	float *f32 = values;

	if (e->contiguous && e->tensor.dtype == RIO_FLOAT32)
		return n->f32 + e->slots[0];
	if (e->contiguous && e->tensor.dtype == RIO_FLOAT64)
		return n->f64 + e->slots[0];
	if (e->tensor.dtype == RIO_FLOAT32) {
		for (size_t i = 0; i < e->nr_slots; i++)
			f32[i] = e->slots[i] & CODE_SLOT ? (float)number_at(e, n, i)
							 : n->f32[e->slots[i]];
		return f32;
	}
	if (e->tensor.dtype == RIO_FLOAT64)
		doubles = values;
	for (size_t i = 0; i < e->nr_slots && !e->contiguous; i++)
		doubles[i] = number_at(e, n, i);
	if (e->tensor.dtype == RIO_FLOAT64)
		return values;
	return rio_tensor_to_int32(e->contiguous ? n->f64 + e->slots[0] : doubles, e->nr_slots,
		       values) ? values : NULL;
}

/* Dense: all values, and behind them all buckets. */
static void make_dense(const struct entry *e, const void *values, const uint32_t *buckets,
	size_t nr_used, uint8_t *arena, struct rio_image *image)
{
	size_t each = rio_value_bytes(e->tensor.dtype);
	uint8_t *all = arena + e->values_off;

	image->values = values;
	image->nr_values = e->tensor.width;
	if (!e->nr_buckets)
		return;
	if (values != all)
		memcpy(all, values, e->nr_slots * each);
	memset(all + e->nr_slots * each, 0, e->nr_buckets * each);
	for (size_t i = 0; i < nr_used; i++)
		add_one(e->tensor.dtype, all, e->nr_slots + buckets[i]);
	image->values = all;
}

/* Sparse: what is not zero, and its place. */
static void make_sparse(const struct entry *e, const void *values, const uint32_t *buckets,
	size_t nr_used, uint8_t *arena, struct rio_image *image)
{
	size_t each = rio_value_bytes(e->tensor.dtype);
	uint8_t *kept = arena + e->values_off;
	uint32_t *keys = (uint32_t *)(void *)(arena + e->keys_off);
	size_t n = rio_tensor_compact(e->tensor.dtype, values, e->nr_slots, kept, keys);

	for (size_t i = 0; i < nr_used; i++) {
		if (i == 0 || buckets[i] != buckets[i - 1]) {
			memset(kept + n * each, 0, each);
			keys[n++] = (uint32_t)e->nr_slots + buckets[i];
		}
		add_one(e->tensor.dtype, kept, n - 1);
	}
	if (n == 0 && e->tensor.explicit_zero) {
		memset(kept, 0, each);
		keys[n++] = 0;
	}
	image->values = kept;
	image->keys = keys;
	image->nr_values = n;
}

static bool make_image(const struct rio_general *g, const struct entry *e,
	const struct numbers *numbers, struct rio_general_scratch *s, struct rio_image *image)
{
	uint32_t *buckets = (uint32_t *)(void *)(s->arena + g->buckets_off);
	const void *values;
	size_t nr_used;

	if (e->tensor.is_bytes) {
		const struct rio_span *text = &spans_of(g, s)[e->text];

		image->values = text->begin;
		image->nr_values = (size_t)(text->end - text->begin);
		return true;
	}
	values = take_values(e, numbers, s->arena);
	if (!values)
		return false;
	nr_used = e->nr_hashed ? find_buckets(g, e, s, buckets) : 0;
	if (e->tensor.sparse)
		make_sparse(e, values, buckets, nr_used, s->arena, image);
	else
		make_dense(e, values, buckets, nr_used, s->arena, image);
	return true;
}

/* The cell that is no int32 says what is wrong with it. */
static enum rio_trouble trouble_of(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end)
{
	enum rio_trouble trouble = RIO_TROUBLE_NAN;

	if (end)
		rio_general_find_trouble(g, p, end, &trouble);
	return trouble;
}

static struct rio_span uid_of(const struct rio_general *g, uint64_t row,
	struct rio_general_scratch *s)
{
	const uint8_t *uid = (const uint8_t *)s->uid;

	if (g->uid_text)
		return spans_of(g, s)[g->uid_text - 1];
	return (struct rio_span){uid, uid + snprintf(s->uid, sizeof(s->uid), "%ju",
		(uintmax_t)row)};
}

static bool has_uid(const struct rio_general *g)
{
	return g->uid_text || g->schema->uid_is_row;
}

static uint8_t *put_payload(const struct rio_general *g, struct rio_general_scratch *s,
	uint8_t *dst)
{
	const struct rio_image *images = images_of(g, s);

	for (size_t i = 0; i < g->nr_entries; i++)
		dst = rio_tensor_put(&g->entries[i].tensor, &images[i], dst);
	if (has_uid(g)) {
		size_t len_bytes = (size_t)(s->uid_text.end - s->uid_text.begin);

		dst = rio_field_put_head(dst, RECORD_UID, len_bytes);
		memcpy(dst, s->uid_text.begin, len_bytes);
		dst += len_bytes;
	}
	return dst;
}

/* Put the payload down plainly, and see how far it must be shifted. */
static enum rio_trouble find_shift(const struct rio_general *g, struct rio_general_scratch *s)
{
	if (!grow(&s->plain, &s->plain_room, s->payload_bytes))
		return RIO_TROUBLE_MEMORY;
	put_payload(g, s, s->plain);
	s->shift = rio_shift_find(s->plain, s->payload_bytes);
	return s->shift < 0 ? RIO_TROUBLE_MAGIC : RIO_NO_TROUBLE;
}

/* Cells of a row that were counted as filled while it was parsed, and it is no record. */
static uint64_t count_filled(const struct rio_general *g, const uint8_t *p, const uint32_t *end)
{
	struct rio_cell_rules rules = g->schema->rules;
	uint64_t nr = 0;

	rules.nr_filled = &nr;
	for (uint32_t c = 0; c < g->schema->nr_columns && end; c++) {
		double value;

		if (g->uses[c].is_number)
			rio_cell_read(&rules, p + (uint32_t)(end[(ptrdiff_t)c - 1] + 1),
				p + end[c], &value);
	}
	return nr;
}

static enum rio_trouble size_row(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, size_t i, uint64_t row, struct rio_general_scratch *s,
	size_t *ret_bytes)
{
	const struct numbers numbers = {s->f32 + i * g->f32.nr, s->f64 + i * g->f64.nr,
		codes_of(g, s)};
	struct rio_image *images = images_of(g, s);
	enum rio_trouble trouble = read_texts(g, p, end, s);
	size_t payload_bytes = 0;

	if (trouble)
		return trouble;
	for (size_t k = 0; k < g->nr_entries; k++) {
		if (!make_image(g, &g->entries[k], &numbers, s, &images[k]))
			return trouble_of(g, p, end);
		payload_bytes += rio_tensor_measure(&g->entries[k].tensor, &images[k]);
	}
	if (has_uid(g)) {
		s->uid_text = uid_of(g, row, s);
		payload_bytes += rio_field_bytes((size_t)(s->uid_text.end - s->uid_text.begin));
	}
	if (payload_bytes > RIO_FRAME_PAYLOAD_BYTES_MAX - RIO_SHIFT_BYTES_MAX)
		return RIO_TROUBLE_LARGE;
	s->payload_bytes = payload_bytes;
	s->shift = 0;
	trouble = g->schema->magic == RIO_MAGIC_SHIFT ? find_shift(g, s) : RIO_NO_TROUBLE;
	*ret_bytes = rio_frame_bytes(payload_bytes + (size_t)s->shift);
	return trouble;
}

enum rio_trouble rio_general_size(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, size_t i, uint64_t row, struct rio_general_scratch *s,
	size_t *ret_bytes)
{
	uint64_t nr_filled = s->nr_filled;
	enum rio_trouble trouble = size_row(g, p, end, i, row, s, ret_bytes);

	if (trouble)
		s->nr_filled = nr_filled - count_filled(g, p, end);
	return trouble;
}

void rio_general_build(const struct rio_general *g, struct rio_general_scratch *s, uint8_t *dst)
{
	size_t payload_bytes = s->payload_bytes + (size_t)s->shift;
	size_t pad = rio_frame_bytes(payload_bytes) - RIO_FRAME_HEAD_BYTES - payload_bytes;

	rio_frame_put_head(dst, payload_bytes);
	dst += RIO_FRAME_HEAD_BYTES;
	if (g->schema->magic == RIO_MAGIC_SHIFT)
		rio_shift_put(s->plain, s->payload_bytes, s->shift, dst);
	else
		put_payload(g, s, dst);
	memset(dst + payload_bytes, 0, pad);
}

static enum rio_trouble number_trouble(const struct rio_general *g, const struct use *use,
	const uint8_t *begin, const uint8_t *end)
{
	const struct rio_cell_rules *rules = &g->schema->rules;
	double value = NAN;
	enum rio_cell_kind kind = rio_cell_read(rules, begin, end, &value);

	if (!rio_cell_kind_ok(rules, kind))
		return RIO_TROUBLE_CELL;
	if (!use->is_int32 || rio_is_int32(value))
		return RIO_NO_TROUBLE;
	return isnan(value) ? RIO_TROUBLE_NAN
	       : value >= INT32_MIN && value <= INT32_MAX ? RIO_TROUBLE_WHOLE
							  : RIO_TROUBLE_RANGE;
}

static enum rio_trouble text_trouble(const struct rio_general *g, const struct use *use,
	const struct text_column *t, const uint8_t *begin, const uint8_t *end)
{
	_cleanup_free_ uint8_t *copy = malloc((size_t)(end - begin) + 2 * RIO_PAD_BYTES);
	uint8_t *room = copy + RIO_PAD_BYTES;
	struct rio_span text;
	enum rio_trouble trouble;
	uint64_t ignored = 0;
	double code = 0;

	if (!copy)
		return RIO_TROUBLE_MEMORY;
	text = rio_cell_text(&g->schema->rules.dialect, begin, end, &room);
	trouble = read_text(g, t, text, &code, &ignored);
	if (trouble == RIO_NO_TROUBLE && t->is_coded && use->is_int32 && !rio_is_int32(code))
		trouble = isnan(code) ? RIO_TROUBLE_NAN : RIO_TROUBLE_WHOLE;
	return trouble;
}

uint32_t rio_general_find_trouble(const struct rio_general *g, const uint8_t *p,
	const uint32_t *end, enum rio_trouble *ret)
{
	for (uint32_t c = 0; c < g->schema->nr_columns; c++) {
		const struct use *use = &g->uses[c];
		const uint8_t *cell = p + (uint32_t)(end[(ptrdiff_t)c - 1] + 1);
		enum rio_trouble trouble = RIO_NO_TROUBLE;

		if (use->text)
			trouble = text_trouble(g, use, &g->texts[use->text - 1], cell,
				p + end[c]);
		if (!trouble && use->is_number)
			trouble = number_trouble(g, use, cell, p + end[c]);
		if (trouble) {
			*ret = trouble;
			return c;
		}
	}
	return RIO_NO_COLUMN;
}

int rio_general_gather(const struct rio_general *g, const uint8_t *p, const uint32_t *end,
	struct rio_general_scratch *s, struct rio_codes *codes, struct rio_error *err)
{
	uint8_t *room = text_room(g, end, s);
	int r = room ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");

	for (size_t i = 0; i < g->nr_texts && r == 0; i++) {
		const struct text_column *t = &g->texts[i];
		struct rio_span text;

		if (!t->is_coded)
			continue;
		text = rio_cell_text(&g->schema->rules.dialect,
			p + (uint32_t)(end[(ptrdiff_t)t->column - 1] + 1), p + end[t->column],
			&room);
		if (!rio_text_is_missing(text))
			r = rio_codes_add(codes, t->column, text.begin,
				(size_t)(text.end - text.begin), err);
	}
	return r;
}
