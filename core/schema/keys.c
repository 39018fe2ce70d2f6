/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/keys.h"

#include "base/utf8.h"
#include "schema/columns.h"

#include <stdio.h>
#include <string.h>

static const char values_key[] = "values";

void rio_keys_free(struct rio_key *keys, size_t nr)
{
	for (size_t i = 0; keys && i < nr; i++) {
		free(keys[i].name);
		free(keys[i].columns);
		free(keys[i].hashed);
	}
	free(keys);
}

char *rio_keys_columns(const char *groups)
{
	_cleanup_free_ char *copy = strdup(groups);
	char *list = malloc(strlen(groups) + 1), *out = list, *rest = copy, *item;

	if (!copy || !list) {
		free(list);
		return NULL;
	}
	*list = '\0';
	while ((item = strsep(&rest, ":"))) {
		char *column = strchr(item, '=');

		if (out > list)
			*out++ = ':';
		out = stpcpy(out, column ? column + 1 : item);
	}
	return list;
}

/* Where keys are gathered: never more than features are. */
struct gathering {
	struct rio_schema *schema;
	const struct rio_options *options;
	struct rio_error *err;
};

static bool is_text(const struct rio_schema *schema, uint32_t column)
{
	return schema->as_text && schema->as_text[column];
}

/* A key of at most nr columns; copies name. */
static int add_key(struct gathering *g, const char *name, bool is_bytes, size_t nr,
	struct rio_key **ret)
{
	struct rio_schema *s = g->schema;
	struct rio_key *key;
	char text[RIO_QUOTED_TEXT_BYTES];

	if (!rio_is_utf8(name, strlen(name)))
		return rio_fail(g->err, RIO_ESCHEMA, "%s cannot be a key: it is not UTF-8",
			rio_quote_name(name, text, sizeof(text)));
	key = &s->keys[s->nr_keys++];
	*key = (struct rio_key){
		.name = strdup(name),
		.columns = calloc(nr, sizeof(*key->columns)),
		.hashed = calloc(nr, sizeof(*key->hashed)),
		.is_bytes = is_bytes,
	};
	*ret = key;
	return key->name && key->columns && key->hashed
		       ? 0 : rio_fail(g->err, RIO_ENOMEM, "out of memory");
}

/* A column as a key of its own: its name, or its number where there is no header. */
static int add_column_key(struct gathering *g, uint32_t column, bool is_bytes,
	struct rio_key **ret)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", column);
	return add_key(g, g->schema->names ? g->schema->names[column] : number, is_bytes, 1, ret);
}

static void add_column(struct gathering *g, struct rio_key *key, uint32_t column)
{
	if (g->schema->text == RIO_TEXT_HASH && is_text(g->schema, column))
		key->hashed[key->nr_hashed++] = column;
	else
		key->columns[key->nr_columns++] = column;
}

/* A key of these features; texts that stay bytes have keys of their own. */
static int add_group(struct gathering *g, const char *name, const uint32_t *columns, size_t nr)
{
	struct rio_key *key = NULL;
	bool apart = g->schema->text == RIO_TEXT_BYTES;
	int r = 0;

	for (size_t i = 0; i < nr && r == 0; i++) {
		if (apart && is_text(g->schema, columns[i]))
			continue;
		if (!key)
			r = add_key(g, name, false, nr, &key);
		if (r == 0)
			add_column(g, key, columns[i]);
	}
	return r;
}

static int add_bytes_keys(struct gathering *g)
{
	const struct rio_schema *s = g->schema;
	int r = 0;

	for (size_t i = 0; i < s->nr_features && r == 0; i++) {
		struct rio_key *key;

		if (!is_text(s, s->features[i]))
			continue;
		r = add_column_key(g, s->features[i], true, &key);
		if (r == 0)
			key->columns[key->nr_columns++] = s->features[i];
	}
	return r;
}

static int add_named_keys(struct gathering *g)
{
	const struct rio_schema *s = g->schema;
	int r = 0;

	for (size_t i = 0; i < s->nr_features && r == 0; i++) {
		bool is_bytes = s->text == RIO_TEXT_BYTES && is_text(s, s->features[i]);
		struct rio_key *key;

		r = add_column_key(g, s->features[i], is_bytes, &key);
		if (r == 0)
			add_column(g, key, s->features[i]);
	}
	return r;
}

static bool is_feature(const struct rio_schema *s, uint32_t column)
{
	for (size_t i = 0; i < s->nr_features; i++)
		if (s->features[i] == column)
			return true;
	return false;
}

/* One group: its columns, as far as they are features still. */
static int add_listed_group(struct gathering *g, const char *name, const char *list)
{
	const struct rio_schema *s = g->schema;
	_cleanup_free_ uint32_t *columns = NULL;
	size_t nr, nr_left = 0;
	int r = rio_columns_resolve("keys", list, s->names, s->nr_columns, &columns, &nr, g->err);

	for (size_t i = 0; r == 0 && i < nr; i++)
		if (is_feature(s, columns[i]))
			columns[nr_left++] = columns[i];
	return r < 0 ? r : add_group(g, name, columns, nr_left);
}

static int add_groups(struct gathering *g)
{
	_cleanup_free_ char *copy = strdup(g->options->keys);
	char *group = copy;

	if (!copy)
		return rio_fail(g->err, RIO_ENOMEM, "out of memory");
	while (group) {
		char *list = strchr(group, '='), *next = list + 1;
		int r;

		/* The next group begins at the item before the next '='. */
		*list++ = '\0';
		next = strchr(list, '=');
		while (next && *next != ':')
			next--;
		if (next)
			*next++ = '\0';
		r = add_listed_group(g, group, list);
		if (r < 0)
			return r;
		group = next;
	}
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rio_key *)a)->name, ((const struct rio_key *)b)->name);
}

/* Of sorted keys. */
static int check_names(const struct rio_schema *s, struct rio_error *err)
{
	char text[RIO_QUOTED_TEXT_BYTES];

	for (size_t i = 1; i < s->nr_keys; i++)
		if (by_name(&s->keys[i - 1], &s->keys[i]) == 0)
			return rio_fail(err, RIO_ESCHEMA,
				"%s would be the key of two features; rename a column, or group "
				"them: keys=KEY=COLUMNS",
				rio_quote_name(s->keys[i].name, text, sizeof(text)));
	return 0;
}

/* How large the options make a record, whatever stands in it. */
static int check_size(const struct rio_schema *s, struct rio_error *err)
{
	size_t nr_hashed = 0;

	for (size_t i = 0; i < s->nr_keys; i++)
		nr_hashed += s->keys[i].nr_hashed > 0;
	if (s->nr_keys > RIO_KEYS_MAX)
		return rio_fail(err, RIO_ESCHEMA,
			"%zu keys in a record, of %u at most; keys=KEY=COLUMNS groups columns",
			s->nr_keys, RIO_KEYS_MAX);
	if (s->format != RIO_SPARSE && nr_hashed * s->nr_buckets > RIO_DENSE_BUCKETS_MAX)
		return rio_fail(err, RIO_ESCHEMA,
			"text=hash:%u under %zu key%s makes %zu values of each row, of %u at most "
			"where records are dense: format=sparse, or a smaller N", s->nr_buckets,
			nr_hashed, nr_hashed == 1 ? "" : "s", nr_hashed * s->nr_buckets,
			RIO_DENSE_BUCKETS_MAX);
	return 0;
}

/* Which columns text= is about; a label can be numbered, and nothing else. */
static int find_texts(struct rio_schema *s, struct rio_error *err)
{
	if (s->text == RIO_TEXT_ERROR)
		return 0;
	s->as_text = calloc(s->nr_columns, sizeof(*s->as_text));
	if (!s->as_text)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < s->nr_columns; i++) {
		s->as_text[i] = s->types[i] == RIO_COLUMN_TEXT;
		if (s->as_text[i] && s->text != RIO_TEXT_MAP && rio_schema_is_label(s, i))
			return rio_fail(err, RIO_ESCHEMA,
				"the label, column %zu, is text: text=map numbers it, label= "
				"chooses another", i);
	}
	return 0;
}

static void drop_texts(struct rio_schema *s)
{
	size_t nr = 0;

	for (size_t i = 0; i < s->nr_features; i++)
		if (!is_text(s, s->features[i]))
			s->features[nr++] = s->features[i];
	s->nr_features = nr;
}

int rio_keys_find(struct rio_schema *schema, const struct rio_options *options,
	struct rio_error *err)
{
	struct gathering g = {schema, options, err};
	int r = find_texts(schema, err);

	if (r == 0 && schema->text == RIO_TEXT_DROP)
		drop_texts(schema);
	if (r == 0 && schema->nr_features == 0)
		r = rio_fail(err, RIO_ESCHEMA,
			"no column is left to be a feature: all are text, and text=drop");
	if (r < 0)
		return r;
	schema->keys = calloc(schema->nr_features + 1, sizeof(*schema->keys));
	if (!schema->keys)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (!options->keys)
		r = add_group(&g, values_key, schema->features, schema->nr_features);
	else if (strcmp(options->keys, "names") == 0)
		r = add_named_keys(&g);
	else
		r = add_groups(&g);
	if (r == 0 && schema->text == RIO_TEXT_BYTES &&
		(!options->keys || strcmp(options->keys, "names") != 0))
		r = add_bytes_keys(&g);
	if (r == 0)
		r = check_size(schema, err);
	if (r < 0)
		return r;
	qsort(schema->keys, schema->nr_keys, sizeof(*schema->keys), by_name);
	return check_names(schema, err);
}
