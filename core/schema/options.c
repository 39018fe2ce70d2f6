/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/options.h"

#include "base/utf8.h"
#include "base/util.h"
#include "csv/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One function an option: it reads the value and says whether it could. */
typedef bool option_setter(struct rio_options *options, const char *value);

static bool set_text_field(char **field, const char *value)
{
	char *copy = *value ? strdup(value) : NULL;

	if (!copy)
		return false;
	free(*field);
	*field = copy;
	return true;
}

/* The index of value among words, or -1. */
static int one_of(const char *value, const char *const words[])
{
	for (int i = 0; words[i]; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	return -1;
}

static bool set_header(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"auto", "yes", "no", NULL});

	if (i >= 0)
		options->header = (enum rio_header)i;
	return i >= 0;
}

/* A printable ASCII byte or a tab, that cannot be part of a number or a line end. */
static bool is_separator(char c)
{
	return (c == '\t' || (c >= ' ' && c < 0x7f)) && !strchr("0123456789+-._", c) &&
	       !((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool set_delimiter(struct rio_options *options, const char *value)
{
	char c = strcmp(value, "tab") == 0 ? '\t' : strlen(value) == 1 ? value[0] : '\0';

	if (!is_separator(c))
		return false;
	options->dialect.delimiter = (uint8_t)c;
	return true;
}

static bool set_quote(struct rio_options *options, const char *value)
{
	if (strcmp(value, "none") == 0) {
		options->dialect.quote = RIO_QUOTE_NONE;
		return true;
	}
	if (strlen(value) != 1 || !is_separator(value[0]) || value[0] == ' ' || value[0] == '\t')
		return false;
	options->dialect.quote = (uint8_t)value[0];
	return true;
}

static bool set_label(struct rio_options *options, const char *value)
{
	return set_text_field(&options->label, value);
}

static bool set_features(struct rio_options *options, const char *value)
{
	return set_text_field(&options->features, value);
}

static bool set_drop(struct rio_options *options, const char *value)
{
	return set_text_field(&options->drop, value);
}

static const char *const dtype_words[] = {"float32", "float64", "int32", NULL};

static bool set_dtype(struct rio_options *options, const char *value)
{
	int i = one_of(value, dtype_words);

	if (i < 0)
		return false;
	options->dtype = (enum rio_dtype)i;
	if (!options->label_dtype_set)
		options->label_dtype = options->dtype;
	return true;
}

static bool set_label_dtype(struct rio_options *options, const char *value)
{
	int i = one_of(value, dtype_words);

	if (i < 0)
		return false;
	options->label_dtype = (enum rio_dtype)i;
	options->label_dtype_set = true;
	return true;
}

static bool set_format(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"dense", "sparse", NULL});

	if (i >= 0)
		options->format = (enum rio_format)i;
	return i >= 0;
}

static bool set_zero_row(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"shape", "zero", NULL});

	if (i >= 0)
		options->zero_row = (enum rio_zero_row)i;
	return i >= 0;
}

/* Groups are KEY=ITEM, and then items of the same key: each key has one, and a name. */
static bool are_groups(const char *value)
{
	for (bool first = true;; first = false) {
		size_t item_bytes = strcspn(value, ":"), key_bytes = strcspn(value, "=:");

		if (item_bytes == 0 || key_bytes == 0 || key_bytes + 1 == item_bytes)
			return false;
		if (first && key_bytes == item_bytes)
			return false;
		if (value[item_bytes] == '\0')
			return true;
		value += item_bytes + 1;
	}
}

static bool set_keys(struct rio_options *options, const char *value)
{
	if (strcmp(value, "values") == 0) {
		free(options->keys);
		options->keys = NULL;
		return true;
	}
	return (strcmp(value, "names") == 0 ||
		       (rio_is_utf8(value, strlen(value)) && are_groups(value))) &&
	       set_text_field(&options->keys, value);
}

static bool set_buckets(struct rio_options *options, const char *value)
{
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	n = strtoul(value, &end, 10);
	if (*end || n == 0 || n > RIO_BUCKETS_MAX)
		return false;
	options->text = RIO_TEXT_HASH;
	options->nr_buckets = (uint32_t)n;
	return true;
}

static bool set_text(struct rio_options *options, const char *value)
{
	static const enum rio_text kinds[] = {RIO_TEXT_ERROR, RIO_TEXT_DROP, RIO_TEXT_BYTES,
		RIO_TEXT_MAP};
	int i = one_of(value, (const char *const[]){"error", "drop", "bytes", "map", NULL});

	if (strncmp(value, "hash:", strlen("hash:")) == 0)
		return set_buckets(options, value + strlen("hash:"));
	if (i >= 0)
		options->text = kinds[i];
	return i >= 0;
}

/* A number as in a cell; rio_number_parse may look 16 bytes past either end. */
static bool parse_number(const char *value, double *ret)
{
	uint8_t padded[16 + 64 + 16] = {0};
	size_t len = strlen(value);

	if (len > 64)
		return false;
	memcpy(padded + 16, value, len);
	return rio_number_parse(padded + 16, padded + 16 + len, ret);
}

static bool set_missing(struct rio_options *options, const char *value)
{
	double number = 0;

	if (strcmp(value, "error") == 0) {
		options->missing = RIO_MISSING_ERROR;
		return true;
	}
	if (strcmp(value, "nan") == 0)
		number = NAN;
	else if (strcmp(value, "zero") != 0 && !parse_number(value, &number))
		return false;
	options->missing = RIO_MISSING_NUMBER;
	options->missing_value = number;
	return true;
}

static bool set_bad_row(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"error", "skip", "nan", NULL});

	if (i >= 0)
		options->bad_row = (enum rio_bad_row)i;
	return i >= 0;
}

static bool set_uid(struct rio_options *options, const char *value)
{
	if (strcmp(value, "none") != 0)
		return !strchr(value, ':') && set_text_field(&options->uid, value);
	free(options->uid);
	options->uid = NULL;
	return true;
}

static bool set_magic(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"plain", "shift", NULL});

	if (i >= 0)
		options->magic = (enum rio_magic)i;
	return i >= 0;
}

static bool set_suffix(struct rio_options *options, const char *value)
{
	int i = one_of(value, (const char *const[]){"recordio", "pbr", "rec", NULL});

	return i >= 0 && set_text_field(&options->suffix, value);
}

const struct rio_option_info rio_option_table[] = {
	{"header", "auto|yes|no", "whether the first row names the columns"},
	{"delimiter", ",|tab|CHARACTER", "what separates the fields"},
	{"quote", "\"|none|CHARACTER", "what encloses a field that holds separators"},
	{"label", "0|COLUMNS|none", "the label; several columns make a label vector"},
	{"features", "COLUMNS", "the features, in this order; else all but the label"},
	{"drop", "COLUMNS", "columns to leave out"},
	{"dtype", "float32|float64|int32", "type of the features"},
	{"label_dtype", "float32|float64|int32", "type of the label; else that of the features"},
	{"format", "dense|sparse", "all values, or those that are not zero with their places"},
	{"zero_row", "shape|zero", "what a sparse row of zeros holds: no value, or one zero"},
	{"keys", "values|names|KEY=COLUMNS", "keys of the features: one, a column each, or groups"},
	{"text", "error|drop|bytes|hash:N|map", "what a text column becomes"},
	{"missing", "nan|zero|error|NUMBER", "what an empty or NA cell becomes"},
	{"bad_row", "error|skip|nan", "what a row that does not fit becomes"},
	{"uid", "none|row|COLUMN", "what names a record: its row's number, or a cell"},
	{"magic", "plain|shift", "as the SDK, or without the frame's magic in a record"},
	{"suffix", "recordio|pbr|rec", "ending of the virtual files' names"},
	{NULL, NULL, NULL},
};

/* In the order of rio_option_table. */
static option_setter *const setters[] = {
	set_header, set_delimiter, set_quote, set_label, set_features, set_drop, set_dtype,
	set_label_dtype, set_format, set_zero_row, set_keys, set_text, set_missing, set_bad_row,
	set_uid, set_magic, set_suffix,
};
_Static_assert(RIO_ARRAY_SIZE(setters) + 1 == RIO_ARRAY_SIZE(rio_option_table),
	"every option has a setter");

int rio_options_init(struct rio_options *options, struct rio_error *err)
{
	*options = (struct rio_options){
		.dialect = RIO_DIALECT_DEFAULT,
		.missing = RIO_MISSING_NUMBER,
		.missing_value = NAN,
		.suffix = strdup("recordio"),
	};
	return options->suffix ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

void rio_options_deinit(struct rio_options *options)
{
	free(options->label);
	free(options->features);
	free(options->drop);
	free(options->keys);
	free(options->uid);
	free(options->suffix);
	*options = (struct rio_options){0};
}

int rio_options_set(struct rio_options *options, const char *name, const char *value,
	struct rio_error *err)
{
	for (size_t i = 0; rio_option_table[i].name; i++) {
		if (strcmp(name, rio_option_table[i].name) != 0)
			continue;
		if (setters[i](options, value))
			return 0;
		return rio_fail(err, RIO_EOPTION, "%s=%s is not understood: %s takes %s", name,
			value, name, rio_option_table[i].values);
	}
	return rio_fail(err, RIO_EOPTION, "unknown option: %s", name);
}

