/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/schema.h"

#include "csv/kernel.h"
#include "csv/locate.h"
#include "schema/columns.h"
#include "schema/keys.h"
#include "schema/sample.h"

#include <stdio.h>
#include <string.h>

void rio_schema_destroy(struct rio_schema *schema)
{
	if (!schema)
		return;
	for (size_t i = 0; schema->names && i < schema->nr_columns; i++)
		free(schema->names[i]);
	free(schema->names);
	free(schema->types);
	free(schema->label);
	free(schema->features);
	rio_keys_free(schema->keys, schema->nr_keys);
	free(schema->as_text);
	free(schema);
}

static void schema_destroyp(struct rio_schema **schema)
{
	rio_schema_destroy(*schema);
}

/* Files that are no text, by how they begin. */
static const struct {
	const char *begin;
	size_t len_bytes;
	const char *what;
} foreign[] = {
	{"\xff\xfe", 2, "UTF-16, as its byte order mark says: convert it to UTF-8"},
	{"\xfe\xff", 2, "UTF-16, as its byte order mark says: convert it to UTF-8"},
	{"\x1f\x8b", 2, "compressed with gzip: uncompress it"},
	{"\x28\xb5\x2f\xfd", 4, "compressed with zstd: uncompress it"},
	{"\xfd" "7zXZ", 5, "compressed with xz: uncompress it"},
	{"PK\x03\x04", 4, "a zip archive (or a spreadsheet): export CSV from it"},
	{"\x0a\x23\xd7\xce", 4, "RecordIO already, not CSV"},
};

/* The length of a byte order mark. */
static int skip_mark(const uint8_t *p, size_t n, uint64_t *ret, struct rio_error *err)
{
	*ret = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	for (size_t i = 0; i < RIO_ARRAY_SIZE(foreign); i++)
		if (n >= foreign[i].len_bytes &&
			memcmp(p, foreign[i].begin, foreign[i].len_bytes) == 0)
			return rio_fail(err, RIO_ESCHEMA, "the file is %s", foreign[i].what);
	return 0;
}

/* A cell of the header as a name: quotes taken off, doubled ones made single. */
static char *name_of(const struct rio_dialect *dialect, struct rio_span raw)
{
	struct rio_span cell = rio_cell_trim(dialect, raw.begin, raw.end);
	bool quoted = cell.begin > raw.begin && cell.begin[-1] == dialect->quote;
	char *name = malloc((size_t)(cell.end - cell.begin) + 1), *out = name;

	if (!name)
		return NULL;
	for (const uint8_t *p = cell.begin; p < cell.end; p++) {
		*out++ = (char)*p;
		if (quoted && *p == dialect->quote && p + 1 < cell.end && p[1] == *p)
			p++;
	}
	*out = '\0';
	return name;
}

static int read_names(struct rio_schema *schema, const struct rio_sample *sample,
	struct rio_error *err)
{
	schema->names = calloc(schema->nr_columns, sizeof(*schema->names));
	if (!schema->names)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < schema->nr_columns; i++) {
		schema->names[i] =
			name_of(&schema->rules.dialect, rio_sample_cell(sample, i));
		if (!schema->names[i])
			return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	return 0;
}

/* Fail over the cell of the first row that sample[at] is in; a byte order mark is no column. */
static int fail_at(const struct rio_schema *schema, const uint8_t *sample, size_t at,
	enum rio_kind kind, const char *message, struct rio_error *err)
{
	struct rio_locator l;

	rio_fail_row(err, kind, "%s", message);
	if (!err)
		return RIO_EROW;
	rio_locator_init(&l, &schema->rules.dialect, schema->header_off, 1);
	rio_locator_feed(&l, sample + l.off, at + 1 - l.off);
	err->src_off = l.cell_off;
	err->line = l.cell_line;
	err->column = l.cell_column;
	return RIO_EROW;
}

/* The first misplaced quote in sample[header_off, end), or RIO_NO_OFFSET. */
static uint64_t find_bad_quote(const struct rio_schema *schema, const uint8_t *sample, size_t end)
{
	size_t begin = schema->header_off;
	struct rio_tally tally;

	rio_tally_init(&tally);
	rio_kernel()->tally(&schema->rules.dialect, sample + begin, end - begin, &tally);
	return tally.bad_quote[0] == RIO_NO_OFFSET ? RIO_NO_OFFSET : begin + tally.bad_quote[0];
}

/* A header is not counted by the map's pass, so what that would find is looked for here. */
static int check_header(const struct rio_schema *schema, const uint8_t *sample,
	struct rio_error *err)
{
	size_t begin = schema->header_off, len = schema->data_off - begin;
	const uint8_t *nul = memchr(sample + begin, '\0', len);
	uint64_t bad_quote = find_bad_quote(schema, sample, schema->data_off);

	if (bad_quote != RIO_NO_OFFSET)
		return fail_at(schema, sample, bad_quote, RIO_KIND_QUOTE,
			"a quote stands inside a field of the header", err);
	if (nul)
		return fail_at(schema, sample, (size_t)(nul - sample), RIO_KIND_NUL,
			"a NUL byte in the header", err);
	return 0;
}

/* The types of the columns, from all sampled rows that are data. */
static int take_types(struct rio_schema *schema, const struct rio_column_view *views,
	struct rio_error *err)
{
	schema->types = calloc(schema->nr_columns, sizeof(*schema->types));
	if (!schema->types)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < schema->nr_columns; i++) {
		const struct rio_column_view *v = &views[i];
		bool counts = !schema->has_header;

		if (v->text_below || (counts && v->first == RIO_CELL_TEXT))
			schema->types[i] = RIO_COLUMN_TEXT;
		else if (v->number_below || (counts && v->first == RIO_CELL_NUMBER))
			schema->types[i] = RIO_COLUMN_NUMBER;
	}
	return 0;
}

static int take_header(struct rio_schema *schema, const struct rio_options *options,
	const struct rio_sample *rows, const uint8_t *sample, struct rio_error *err)
{
	_cleanup_free_ struct rio_column_view *views = NULL;
	int r = rio_sample_look(rows, &options->dialect, &views, &schema->nr_columns, err);

	if (r < 0)
		return r;
	schema->has_header = options->header == RIO_HEADER_YES;
	if (options->header == RIO_HEADER_AUTO)
		r = rio_sample_has_header(views, schema->nr_columns, &schema->has_header, err);
	if (r == 0)
		r = take_types(schema, views, err);
	if (r < 0)
		return r;
	if (!schema->has_header)
		return 0;
	schema->data_off = schema->header_off + rows->fields.end[schema->nr_columns - 1] + 1;
	r = check_header(schema, sample, err);
	return r < 0 ? r : read_names(schema, rows, err);
}

/* A file of one column, under options that want more, most likely has another delimiter. */
static void hint_one_column(struct rio_span row, struct rio_error *err)
{
	static const char delimiters[] = ";\t| ,";
	const char *c = delimiters;
	size_t len = err ? strlen(err->message) : 0;

	while (*c && !memchr(row.begin, *c, (size_t)(row.end - row.begin)))
		c++;
	if (!err)
		return;
	snprintf(err->message + len, sizeof(err->message) - len,
		*c == '\0'	 ? "; the file has one column: label=none?"
		: *c == '\t' ? "; the file has one column: delimiter=tab?"
			     : "; the file has one column: delimiter='%c'?",
		*c);
}

static bool contains(const uint32_t *columns, size_t nr, size_t column)
{
	for (size_t i = 0; i < nr; i++)
		if (columns[i] == column)
			return true;
	return false;
}

bool rio_schema_is_label(const struct rio_schema *schema, size_t column)
{
	return contains(schema->label, schema->nr_label, column);
}

bool rio_schema_is_fixed(const struct rio_schema *s)
{
	bool fixed = s->dtype != RIO_INT32 && (s->label_dtype != RIO_INT32 || !s->nr_label) &&
		     s->format == RIO_DENSE && !s->skips_bad_rows && !s->uid_is_row &&
		     s->uid_column == RIO_NO_COLUMN && s->magic == RIO_MAGIC_PLAIN;

	for (size_t i = 0; i < s->nr_keys; i++)
		fixed &= !s->keys[i].is_bytes && s->keys[i].nr_hashed == 0;
	if (!fixed || s->text != RIO_TEXT_MAP)
		return fixed;
	for (size_t i = 0; i < s->nr_columns; i++)
		if (s->as_text[i] && (rio_schema_is_label(s, i) ||
			contains(s->features, s->nr_features, i)))
			return false;
	return true;
}

static int resolve_label(struct rio_schema *schema, const struct rio_options *options,
	struct rio_error *err)
{
	if (options->label && strcmp(options->label, "none") == 0)
		return 0;
	if (options->label)
		return rio_columns_resolve("label", options->label, schema->names,
			schema->nr_columns, &schema->label, &schema->nr_label, err);
	schema->label = calloc(1, sizeof(*schema->label));
	schema->nr_label = 1;
	return schema->label ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

/* The features as they are named, by features or by groups of keys; NULL: not at all. */
static int named_features(const struct rio_options *options, char **ret, struct rio_error *err)
{
	bool groups = options->keys && strcmp(options->keys, "names") != 0;

	*ret = NULL;
	if (!groups && !options->features)
		return 0;
	*ret = groups ? rio_keys_columns(options->keys) : strdup(options->features);
	return *ret ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

/* Keep of the named features, or of all columns, what is neither dropped, label nor uid. */
static int resolve_features(struct rio_schema *schema, const struct rio_options *options,
	const bool *dropped, struct rio_error *err)
{
	_cleanup_free_ char *named = NULL;
	size_t nr = schema->nr_columns, nr_kept = 0;
	int r = named_features(options, &named, err);

	if (r < 0)
		return r;
	if (named)
		r = rio_columns_resolve(options->features ? "features" : "keys", named,
			schema->names, schema->nr_columns, &schema->features, &nr, err);
	else
		schema->features = calloc(nr, sizeof(*schema->features));
	if (r < 0 || !schema->features)
		return r < 0 ? r : rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < nr; i++) {
		uint32_t column = named ? schema->features[i] : (uint32_t)i;
		bool is_label = rio_schema_is_label(schema, column);

		if (named && is_label)
			return rio_fail(err, RIO_ESCHEMA,
				"column %u is both a feature and the label; say label=COLUMN or "
				"label=none", column);
		if (!is_label && !dropped[column] && (named || column != schema->uid_column))
			schema->features[nr_kept++] = column;
	}
	schema->nr_features = nr_kept;
	return nr_kept ? 0 : rio_fail(err, RIO_ESCHEMA, "no column is left to be a feature");
}

static int resolve_uid(struct rio_schema *schema, const struct rio_options *options,
	struct rio_error *err)
{
	_cleanup_free_ uint32_t *columns = NULL;
	size_t nr;
	int r;

	schema->uid_column = RIO_NO_COLUMN;
	schema->uid_is_row = options->uid && strcmp(options->uid, "row") == 0;
	if (!options->uid || schema->uid_is_row)
		return 0;
	r = rio_columns_resolve("uid", options->uid, schema->names, schema->nr_columns, &columns,
		&nr, err);
	if (r < 0)
		return r;
	if (nr != 1)
		return rio_fail(err, RIO_ESCHEMA, "uid=%s names %zu columns, and not one",
			options->uid, nr);
	if (rio_schema_is_label(schema, columns[0]))
		return rio_fail(err, RIO_ESCHEMA,
			"column %u is both the uid and the label; say label=COLUMN or label=none",
			columns[0]);
	schema->uid_column = columns[0];
	return 0;
}

static int resolve_roles(struct rio_schema *schema, const struct rio_options *options,
	struct rio_error *err)
{
	_cleanup_free_ bool *dropped = calloc(schema->nr_columns, sizeof(*dropped));
	_cleanup_free_ uint32_t *drop = NULL;
	size_t nr_drop = 0;
	int r = dropped ? resolve_label(schema, options, err)
			: rio_fail(err, RIO_ENOMEM, "out of memory");

	if (r == 0 && options->drop)
		r = rio_columns_resolve("drop", options->drop, schema->names,
			schema->nr_columns, &drop, &nr_drop, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < nr_drop; i++) {
		dropped[drop[i]] = true;
		if (rio_schema_is_label(schema, drop[i]))
			return rio_fail(err, RIO_ESCHEMA,
				"column %u is both dropped and the label; say label=COLUMN or "
				"label=none", drop[i]);
	}
	r = resolve_uid(schema, options, err);
	if (r == 0)
		r = resolve_features(schema, options, dropped, err);
	return r < 0 ? r : rio_keys_find(schema, options, err);
}

/* The file's only row has an odd number of quotes. */
static int fail_open(const struct rio_schema *schema, const uint8_t *sample, size_t sample_bytes,
	struct rio_error *err)
{
	const uint8_t *open = memrchr(sample, schema->rules.dialect.quote, sample_bytes);
	uint64_t bad_quote = find_bad_quote(schema, sample, sample_bytes);

	if (bad_quote != RIO_NO_OFFSET)
		return fail_at(schema, sample, bad_quote, RIO_KIND_QUOTE,
			"a quote stands inside a field of the first row", err);
	return fail_at(schema, sample, (size_t)(open - sample), RIO_KIND_QUOTE,
		"a quote is opened in the first row and never closed", err);
}

/*
 * Whether all lines end in a carriage return alone, as on old Macs: to everybody else the
 * file is one row, and if that is a header there are no records, and no error.
 */
static bool has_mac_lines(const struct rio_dialect *dialect, const uint8_t *p, const uint8_t *end)
{
	bool quoted = false;

	while (p < end && (rio_dialect_is_blank(dialect, *p) || *p == '\n'))
		p++;
	while (p < end && (rio_dialect_is_blank(dialect, end[-1]) || end[-1] == '\n'))
		end--;
	for (; p < end; p++) {
		if (*p == '\r' && !quoted)
			return true;
		quoted ^= *p == dialect->quote;
	}
	return false;
}

/* Infer from the first rows, which begin at sample + schema->header_off. */
static int infer_rows(struct rio_schema *schema, const struct rio_options *options,
	const uint8_t *sample, size_t sample_bytes, bool whole, struct rio_error *err)
{
	_cleanup_(rio_sample_deinit) struct rio_sample rows = {0};
	size_t begin = schema->header_off;
	int r = rio_sample_init(&rows, &options->dialect, sample + begin, sample_bytes - begin,
		err);

	if (r < 0)
		return r;
	if (rows.fields.nr_rows < 2 && !whole && sample_bytes < RIO_ROW_BYTES_MAX)
		return RIO_SAMPLE_TOO_SHORT;
	if (rows.fields.nr_rows < 2 &&
		has_mac_lines(&options->dialect, sample + begin, sample + sample_bytes))
		return rio_fail(err, RIO_ESCHEMA,
			"lines end in a carriage return alone, as on old Macs; tr '\\r' '\\n' makes "
			"them line feeds");
	if (rows.fields.nr_rows == 0 && !whole)
		return fail_at(schema, sample, begin, RIO_KIND_LONG,
			"a first row without end: a quote may not be closed", err);
	if (rows.fields.nr_rows == 0)
		return rows.fields.open_quote ? fail_open(schema, sample, sample_bytes, err) : 0;
	r = take_header(schema, options, &rows, sample, err);
	if (r < 0)
		return r;
	r = resolve_roles(schema, options, err);
	if (r == RIO_ESCHEMA && schema->nr_columns == 1)
		hint_one_column(rio_sample_cell(&rows, 0), err);
	return r;
}

int rio_schema_infer(const struct rio_options *options, uint8_t *sample, size_t sample_bytes,
	bool whole, struct rio_schema **ret, struct rio_error *err)
{
	_cleanup_(schema_destroyp) struct rio_schema *schema = calloc(1, sizeof(*schema));
	uint8_t behind = sample[sample_bytes];
	int r;

	if (!schema)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	schema->dtype = options->dtype;
	schema->label_dtype = options->label_dtype;
	schema->format = options->format;
	schema->zero_row = options->zero_row;
	schema->text = options->text;
	schema->nr_buckets = options->nr_buckets;
	schema->skips_bad_rows = options->bad_row == RIO_BAD_ROW_SKIP;
	schema->uid_column = RIO_NO_COLUMN;
	schema->magic = options->magic;
	schema->rules = (struct rio_cell_rules){
		.dialect = options->dialect,
		.missing = options->missing,
		.missing_value = options->missing_value,
		.bad_is_nan = options->bad_row == RIO_BAD_ROW_NAN,
	};
	r = skip_mark(sample, sample_bytes, &schema->header_off, err);
	if (r < 0)
		return r;
	schema->data_off = schema->header_off;

	/* A last row without a line feed is a row all the same. */
	if (whole)
		sample[sample_bytes] = '\n';
	r = infer_rows(schema, options, sample, sample_bytes + whole, whole, err);
	sample[sample_bytes] = behind;
	if (r == 0) {
		/* A header that ends with the file has no line feed behind it. */
		schema->data_off = RIO_MIN(schema->data_off, sample_bytes);
		for (size_t i = 0; i < schema->data_off; i++)
			schema->data_line += sample[i] == '\n';
		*ret = rio_steal(schema);
	}
	return r;
}
