/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset/texts.h"
#include "tool/json.h"
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { OPTION_JSON };

/* Of a wide file the text shows the first columns and the last. */
enum { COLUMNS_SHOWN = 12 };

const char *rio_tool_role(const struct rio_schema *schema, size_t column)
{
	for (size_t i = 0; i < schema->nr_label; i++)
		if (schema->label[i] == column)
			return "label";
	for (size_t i = 0; i < schema->nr_features; i++)
		if (schema->features[i] == column)
			return "feature";
	return column == schema->uid_column ? "uid" : "dropped";
}

static const char *type_of(const struct rio_schema *schema, size_t column)
{
	static const char *const texts[] = {
		[RIO_COLUMN_EMPTY] = "empty",
		[RIO_COLUMN_NUMBER] = "number",
		[RIO_COLUMN_TEXT] = "text",
	};

	return texts[schema->types[column]];
}

static const char *dtype_text(enum rio_dtype dtype)
{
	return dtype == RIO_INT32 ? "int32" : dtype == RIO_FLOAT64 ? "float64" : "float32";
}

static const char *origin_text(enum rio_map_origin origin)
{
	static const char *const texts[] = {
		[RIO_MAP_BUILT] = "built",
		[RIO_MAP_LOADED] = "loaded",
		[RIO_MAP_EXTENDED] = "extended",
		[RIO_MAP_REBUILT] = "rebuilt",
	};

	return texts[origin];
}

/* Where the map is kept, or NULL where it is not; its size. */
static char *kept_map(const struct rio_tool_call *call, const struct rio_tool_input *input,
	uint64_t *ret_bytes)
{
	_cleanup_free_ char *row_key = NULL;
	_cleanup_free_ char *path = NULL;
	struct stat st;

	*ret_bytes = 0;
	if (!call->store || !input->store_path ||
		rio_dataset_stamp(input->dataset)->size_bytes < RIO_STORE_SOURCE_BYTES_MIN ||
		rio_options_row_key(&input->options, &row_key, NULL) ||
		rio_store_path(call->store, &(struct rio_store_key){input->store_path, row_key},
			&path, NULL) ||
		stat(path, &st) < 0)
		return NULL;
	*ret_bytes = (uint64_t)st.st_size;
	return rio_steal(path);
}

/* Maybe not known. */
struct count {
	bool is_known;
	uint64_t nr;
};

static bool is_set(const struct rio_tool_input *input, const char *option)
{
	size_t i = 0;

	while (strcmp(rio_option_table[i].name, option) != 0)
		i++;
	return input->choices[i].setting;
}

/*
 * Missing cells that became a value.  Where the map does not count them it takes a pass
 * over the file, which is made if somebody said what becomes of such cells.
 */
static int find_filled(const struct rio_tool_input *input, struct count *ret,
	struct rio_error *err)
{
	const struct rio_dataset *dataset = input->dataset;
	const struct rio_dataset_config config = {.options = &input->options};
	bool fills = rio_dataset_schema(dataset)->rules.missing == RIO_MISSING_NUMBER;

	*ret = (struct count){.is_known = true};
	if (!fills)
		return 0;
	ret->is_known = rio_dataset_map(dataset)->sizes || is_set(input, "missing") ||
			is_set(input, "bad_row");
	return ret->is_known ? rio_dataset_count_filled(dataset, input->source, &config, &ret->nr,
				       err) : 0;
}

static json_t *json_dialect(const struct rio_dialect *dialect)
{
	char delimiter[] = {(char)dialect->delimiter, '\0'};
	char quote[] = {(char)dialect->quote, '\0'};

	return json_pack("{s:s, s:s?}", "delimiter", delimiter, "quote",
		dialect->quote == RIO_QUOTE_NONE ? NULL : quote);
}

static json_t *json_columns(const struct rio_schema *schema)
{
	json_t *columns = json_array();

	for (size_t i = 0; i < schema->nr_columns; i++)
		json_array_append_new(columns,
			json_pack("{s:I, s:o, s:s, s:s}", "number", (json_int_t)i, "name",
				schema->names ? rio_json_text(schema->names[i]) : json_null(),
				"role", rio_tool_role(schema, i), "type", type_of(schema, i)));
	return columns;
}

static json_t *json_map(const struct rio_tool_call *call, const struct rio_tool_input *input)
{
	const struct rio_dataset *dataset = input->dataset;
	const char *reason = rio_dataset_map_reason(dataset);
	uint64_t map_bytes;
	_cleanup_free_ char *path = kept_map(call, input, &map_bytes);

	return json_pack("{s:s, s:o, s:I, s:I, s:o}",
		"origin", origin_text(rio_dataset_map_origin(dataset)),
		"reason", *reason ? rio_json_text(reason) : json_null(),
		"checkpoints", (json_int_t)rio_dataset_map(dataset)->nr_checkpoints,
		"bytes", (json_int_t)map_bytes,
		"path", path ? rio_json_text(path) : json_null());
}

/* A count, or null where there is none. */
static json_t *json_count(bool is_known, uint64_t count)
{
	return is_known ? json_integer((json_int_t)count) : json_null();
}

static json_t *json_bad_quote(const struct rio_map *map)
{
	if (map->bad_quote_off == RIO_NO_OFFSET)
		return json_null();
	return json_pack("{s:I, s:I}", "offset", (json_int_t)map->bad_quote_off, "row",
		(json_int_t)map->bad_quote_row);
}

/* What was set for this file, and by what: a settings file's line, or the command line. */
static json_t *json_choice(const struct rio_choice *choice)
{
	const struct rio_setting *s = choice->setting;
	const char *path = choice->settings->path;

	return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", s->name, "value",
		rio_json_text(s->value), "file", path ? rio_json_text(path) : json_null(), "line",
		path ? json_integer((json_int_t)s->line) : json_null(), "section",
		s->section ? rio_json_text(s->section) : json_null());
}

static json_t *json_options(const struct rio_tool_input *input)
{
	json_t *options = json_array();

	for (size_t i = 0; rio_option_table[i].name; i++)
		if (input->choices[i].setting)
			json_array_append_new(options, json_choice(&input->choices[i]));
	return options;
}

/* A line of JSON a file, so that the output of many can be read one by one. */
static int print_json(const struct rio_tool_call *call, const struct rio_tool_input *input,
	const struct count *filled, struct rio_error *err)
{
	const struct rio_dataset *dataset = input->dataset;
	const struct rio_schema *schema = rio_dataset_schema(dataset);
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;
	uint64_t record_bytes = rio_dataset_record_bytes(dataset);
	json_t *root = json_pack("{s:o, s:I, s:I, s:I, s:o, s:b, s:o, s:s, s:s, s:o, s:I, s:I, s:s?,"
		" s:I, s:o, s:o, s:o, s:o, s:o, s:o}",
		"file", rio_json_text(input->name),
		"rows", (json_int_t)rio_dataset_nr_rows(dataset),
		"records", (json_int_t)rio_dataset_nr_records(dataset),
		"skipped", (json_int_t)(sizes ? sizes->all.nr_skipped : 0),
		"filled", json_count(filled->is_known, filled->nr),
		"header", (int)schema->has_header,
		"dialect", json_dialect(&schema->rules.dialect),
		"dtype", dtype_text(schema->dtype),
		"label_dtype", dtype_text(schema->label_dtype),
		"record_bytes", json_count(!sizes, record_bytes),
		"file_bytes", (json_int_t)rio_dataset_len_bytes(dataset),
		"source_bytes", (json_int_t)rio_dataset_stamp(dataset)->size_bytes,
		"compression", rio_dataset_compression(dataset),
		"text_bytes", (json_int_t)rio_dataset_text_bytes(dataset),
		"bad_quote", json_bad_quote(rio_dataset_map(dataset)),
		"columns", json_columns(schema),
		"texts", rio_dataset_texts(dataset),
		"map", json_map(call, input),
		"settings", input->file ? rio_json_text(input->file->path) : json_null(),
		"options", json_options(input));

	if (!rio_json_put(stdout, root))
		return rio_fail(err, RIO_ENOMEM, "no memory for JSON");
	putchar('\n');
	return 0;
}

static void print_column(const struct rio_schema *schema, size_t column)
{
	char name[256];

	printf("  %5zu  %-8s %-7s", column, rio_tool_role(schema, column), type_of(schema, column));
	if (schema->names)
		printf(" %s", rio_quote_cell((const uint8_t *)schema->names[column],
				      strlen(schema->names[column]), name, sizeof(name)));
	putchar('\n');
}

/* Text where a number is wanted stops every reader: say so before one finds out. */
static void print_text_columns(const struct rio_schema *schema)
{
	for (size_t i = 0; i < schema->nr_columns; i++) {
		if (schema->types[i] != RIO_COLUMN_TEXT ||
			strcmp(rio_tool_role(schema, i), "dropped") == 0)
			continue;
		printf("  note          column %zu holds text, which is no number: %s\n", i,
			rio_schema_is_label(schema, i)
				? "--label chooses another, --text map numbers it"
				: "--drop leaves it out, --text says what else may become of it");
		return;
	}
}

static void print_columns(const struct rio_schema *schema)
{
	size_t nr = schema->nr_columns, shown = nr > COLUMNS_SHOWN + 1 ? COLUMNS_SHOWN - 1 : nr;

	printf("  columns       %zu: %zu feature%s (%s), %zu label%s (%s)\n", nr,
		schema->nr_features, schema->nr_features == 1 ? "" : "s",
		dtype_text(schema->dtype), schema->nr_label, schema->nr_label == 1 ? "" : "s",
		dtype_text(schema->label_dtype));
	for (size_t i = 0; i < shown; i++)
		print_column(schema, i);
	if (shown < nr) {
		printf("      …  %zu more\n", nr - shown - 1);
		print_column(schema, nr - 1);
	}
	if (!schema->rules.bad_is_nan && schema->text == RIO_TEXT_ERROR)
		print_text_columns(schema);
}

static void print_size(const char *label, uint64_t len_bytes)
{
	char text[RIO_TOOL_SIZE_BYTES];

	printf("  %-13s %ju bytes", label, (uintmax_t)len_bytes);
	if (len_bytes >= RIO_KIB)
		printf(" (%s)", rio_tool_size(len_bytes, text));
	putchar('\n');
}

static void print_map(const struct rio_tool_call *call, const struct rio_tool_input *input)
{
	const struct rio_map *map = rio_dataset_map(input->dataset);
	const char *reason = rio_dataset_map_reason(input->dataset);
	uint64_t map_bytes;
	_cleanup_free_ char *path = kept_map(call, input, &map_bytes);

	printf("  map           %s, %zu checkpoint%s", origin_text(rio_dataset_map_origin(
		input->dataset)), map->nr_checkpoints, map->nr_checkpoints == 1 ? "" : "s");
	if (path)
		printf(", %ju bytes in %s", (uintmax_t)map_bytes, path);
	else if (rio_dataset_stamp(input->dataset)->size_bytes < RIO_STORE_SOURCE_BYTES_MIN)
		printf(", too small to need one kept");
	else if (!*reason)
		printf(", not kept");
	printf("%s%s\n", *reason ? "; " : "", reason);
	if (map->bad_quote_off != RIO_NO_OFFSET)
		printf("  unreadable    from row %ju on: a misplaced or open quote at byte %ju\n",
			(uintmax_t)map->bad_quote_row, (uintmax_t)map->bad_quote_off);
}

/* "options  label=price  recordiofs.ini:3 [train/]" */
static void print_options(const struct rio_tool_input *input)
{
	const char *title = "options";

	for (size_t i = 0; rio_option_table[i].name; i++) {
		const struct rio_setting *s = input->choices[i].setting;
		const char *path = s ? input->choices[i].settings->path : NULL;
		char set[256];

		if (!s)
			continue;
		snprintf(set, sizeof(set), "%s=%s", s->name, s->value);
		printf("  %-13s %-22s  ", title, set);
		if (!path)
			puts("command line");
		else if (s->section)
			printf("%s:%ju [%s]\n", path, (uintmax_t)s->line, s->section);
		else
			printf("%s:%ju\n", path, (uintmax_t)s->line);
		title = "";
	}
	if (input->file)
		printf("  %-13s %s\n", "settings", input->file->path);
}

/* How rows and records differ. */
static void print_records(const struct rio_dataset *dataset, const struct count *filled)
{
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;

	if (sizes)
		printf("  records       %ju, of many lengths\n",
			(uintmax_t)rio_dataset_nr_records(dataset));
	else
		print_size("record", rio_dataset_record_bytes(dataset));
	if (sizes && sizes->all.nr_skipped)
		printf("  skipped       %ju row%s that do not fit\n",
			(uintmax_t)sizes->all.nr_skipped,
			sizes->all.nr_skipped == 1 ? "" : "s");
	if (filled->nr)
		printf("  filled        %ju missing cell%s\n", (uintmax_t)filled->nr,
			filled->nr == 1 ? "" : "s");
}

/* Texts and their numbers: all of a few, the first of many. */
static void print_texts(const struct rio_dataset *dataset)
{
	enum { TEXTS_SHOWN = 10 };
	const struct rio_codes *codes = rio_dataset_codes(dataset);
	size_t nr_columns = codes ? rio_dataset_schema(dataset)->nr_columns : 0;

	for (size_t c = 0; c < nr_columns; c++) {
		size_t nr = rio_codes_nr(codes, c);

		if (!nr)
			continue;
		printf("  texts         column %zu: %zu of them\n", c, nr);
		for (size_t i = 0; i < RIO_MIN(nr, (size_t)TEXTS_SHOWN); i++) {
			size_t len_bytes;
			const void *bytes = rio_codes_text(codes, c, i, &len_bytes);
			char text[RIO_QUOTED_TEXT_BYTES];

			printf("  %5zu  %s\n", i, rio_quote_cell(bytes, len_bytes, text,
				sizeof(text)));
		}
		if (nr > TEXTS_SHOWN)
			printf("      …  %zu more; --json lists them\n", nr - TEXTS_SHOWN);
	}
}

static void print_text(const struct rio_tool_call *call, const struct rio_tool_input *input,
	const struct count *filled)
{
	const struct rio_dataset *dataset = input->dataset;
	const struct rio_schema *schema = rio_dataset_schema(dataset);
	const struct rio_dialect *dialect = &schema->rules.dialect;

	printf("%s\n  rows          %ju\n", input->name, (uintmax_t)rio_dataset_nr_rows(dataset));
	printf("  header        %s\n", schema->has_header ? "yes" : "no");
	printf("  delimiter     %s%.1s\n", dialect->delimiter == '\t' ? "tab" : "",
		dialect->delimiter == '\t' ? "" : (const char *)&dialect->delimiter);
	if (dialect->quote == RIO_QUOTE_NONE)
		printf("  quote         none\n");
	else
		printf("  quote         %c\n", dialect->quote);
	print_size("source", rio_dataset_stamp(dataset)->size_bytes);
	if (rio_dataset_compression(dataset)) {
		printf("  compression   %s\n", rio_dataset_compression(dataset));
		print_size("text", rio_dataset_text_bytes(dataset));
	}
	print_records(dataset, filled);
	print_size("file", rio_dataset_len_bytes(dataset));
	print_map(call, input);
	print_options(input);
	print_columns(schema);
	print_texts(dataset);
}

static int info_file(const struct rio_tool_call *call, const char *name, struct rio_error *err)
{
	_cleanup_(rio_tool_input_deinit) struct rio_tool_input input = {0};
	struct count filled;
	int r = rio_tool_input_open(name, &input, err);

	if (!r)
		r = rio_tool_input_describe(&input, call, call->store, NULL, err);
	if (!r)
		r = find_filled(&input, &filled, err);
	if (r)
		return r;
	if (call->values[OPTION_JSON])
		return print_json(call, &input, &filled, err);
	print_text(call, &input, &filled);
	return 0;
}

static enum rio_exit info(const struct rio_tool_call *call)
{
	enum rio_exit code = RIO_EXIT_DONE;
	struct rio_error err;

	if (!call->nr_files) {
		rio_fail(&err, RIO_EOPTION, "info needs a FILE; see recordio info --help");
		return rio_tool_report(&err);
	}
	for (size_t i = 0; i < call->nr_files; i++)
		if (info_file(call, call->files[i], &err))
			code = rio_tool_worse(code, rio_tool_report(&err));
	return code;
}

const struct rio_tool_command rio_tool_info = {
	.name = "info",
	.arguments = "FILE...",
	.help = "Tell what CSV files hold, and what their encoded files are",
	.options = {
		[OPTION_JSON] = {"json", NULL, "a JSON object a file, each on a line"},
	},
	.run = info,
};
