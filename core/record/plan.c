/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a file's records: rio_general_create and what it needs. */
#include "record/plan.h"

#include <stdio.h>
#include <string.h>

void rio_general_destroy(struct rio_general *g)
{
	if (!g)
		return;
	for (size_t i = 0; g->entries && i < g->nr_entries; i++) {
		rio_tensor_deinit(&g->entries[i].tensor);
		free(g->entries[i].slots);
		free(g->entries[i].hashed);
	}
	for (size_t i = 0; i < RIO_NR_DTYPES; i++)
		free(g->groups[i].columns);
	for (size_t i = 0; i < g->nr_texts; i++)
		free(g->texts[i].prefix);
	free(g->texts);
	free(g->entries);
	free(g->uses);
	free(g);
}

/* What is hashed of a column begins with "NAME=", or its number without a header. */
static bool make_prefix(struct rio_general *g, struct text_column *t)
{
	char number[16];
	int n;

	snprintf(number, sizeof(number), "%u", t->column);
	n = asprintf(&t->prefix, "%s=", g->schema->names ? g->schema->names[t->column] : number);
	if (n < 0) {
		t->prefix = NULL;
		return false;
	}
	t->prefix_bytes = (size_t)n;
	g->prefix_bytes_max = RIO_MAX(g->prefix_bytes_max, t->prefix_bytes);
	return true;
}

/* The text of a column, added where it is new. */
static struct text_column *use_text(struct rio_general *g, uint32_t column)
{
	struct text_column *t;

	if (g->uses[column].text)
		return &g->texts[g->uses[column].text - 1];
	t = &g->texts[g->nr_texts];
	*t = (struct text_column){.column = column};
	g->uses[column].text = (uint32_t)++g->nr_texts;
	return t;
}

static bool is_text(const struct rio_schema *s, uint32_t column)
{
	return s->as_text && s->as_text[column];
}

/* Note what a column of an entry needs. */
static void use_column(struct rio_general *g, uint32_t column, enum rio_dtype dtype)
{
	struct use *use = &g->uses[column];
	struct text_column *text;

	use->is_int32 = dtype == RIO_INT32;
	use->is_number = !is_text(g->schema, column);
	if (use->is_number)
		return;
	text = use_text(g, column);
	text->is_feature = true;
	text->is_coded = g->schema->text == RIO_TEXT_MAP;
	text->is_hashed = g->schema->text == RIO_TEXT_HASH;
}

static bool use_columns(struct rio_general *g)
{
	const struct rio_schema *s = g->schema;
	bool ok = true;

	for (size_t i = 0; i < s->nr_features; i++)
		use_column(g, s->features[i], s->dtype);
	for (size_t i = 0; i < s->nr_label; i++)
		use_column(g, s->label[i], s->label_dtype);
	if (s->uid_column != RIO_NO_COLUMN) {
		use_text(g, s->uid_column)->is_uid = true;
		g->uid_text = g->uses[s->uid_column].text;
	}
	for (size_t i = 0; i < g->nr_texts && ok; i++)
		ok = make_prefix(g, &g->texts[i]);
	return ok;
}

/* Put the number columns into their groups, in file order. */
static bool make_groups(struct rio_general *g)
{
	const struct rio_schema *s = g->schema;

	for (size_t i = 0; i < RIO_NR_DTYPES; i++) {
		g->groups[i].columns = calloc(s->nr_columns, sizeof(uint32_t));
		if (!g->groups[i].columns)
			return false;
	}
	for (uint32_t c = 0; c < s->nr_columns; c++) {
		enum rio_dtype dtype = rio_schema_is_label(s, c) ? s->label_dtype : s->dtype;
		struct group *group = &g->groups[dtype];

		if (!g->uses[c].is_number)
			continue;
		g->uses[c].place = (uint32_t)group->nr;
		group->columns[group->nr++] = c;
	}
	for (size_t i = 0; i < RIO_NR_DTYPES; i++)
		g->groups[i].all_columns = g->groups[i].nr == s->nr_columns;
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
	return rio_tensor_prepare(&e->tensor);
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
	return rio_tensor_prepare(&e->tensor);
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
		if (e->tensor.dtype == RIO_INT32)
			e->varints_off = reserve(g, 1, rio_varints_room(nr));
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
