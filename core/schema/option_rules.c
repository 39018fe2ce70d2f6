/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean together: which do not go, and what an offset map depends on. */
#include "schema/options.h"

#include "base/util.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool has_int32(const struct rio_options *o)
{
	return o->dtype == RIO_INT32 || o->label_dtype == RIO_INT32;
}

static bool has_groups(const struct rio_options *o)
{
	return o->keys && strcmp(o->keys, "names") != 0;
}

static bool has_uid_column(const struct rio_options *o)
{
	return o->uid && strcmp(o->uid, "row") != 0;
}

/* NaN is the default, and refused cell by cell. */
static bool fills_no_int32(const struct rio_options *o)
{
	return o->missing == RIO_MISSING_NUMBER && !isnan(o->missing_value) &&
	       !rio_is_int32(o->missing_value);
}

int rio_options_check(const struct rio_options *o, struct rio_error *err)
{
	bool nan_rows = o->bad_row == RIO_BAD_ROW_NAN;
	const struct {
		bool clash;
		const char *why;
	} rules[] = {
		{nan_rows && has_int32(o), "bad_row=nan: int32 has no NaN; bad_row=skip?"},
		{nan_rows && o->text == RIO_TEXT_BYTES,
			"bad_row=nan and text=bytes: there are no bytes that stand for NaN"},
		{nan_rows && has_uid_column(o),
			"bad_row=nan and a uid from a column: a row of another length has none"},
		{o->dtype == RIO_INT32 && o->label_dtype == RIO_INT32 && fills_no_int32(o),
			"missing is not a whole number that int32 holds"},
		{o->zero_row == RIO_ZERO_ROW_ZERO && o->format != RIO_SPARSE,
			"zero_row is about format=sparse: a dense row has its zeros anyway"},
		{o->format == RIO_SPARSE && o->keys && strcmp(o->keys, "names") == 0,
			"format=sparse and keys=names: a key of one column leaves nothing out"},
		{o->features && has_groups(o),
			"features and the groups of keys both name the features; keys=KEY=COLUMNS "
			"is enough"},
	};

	if (o->dialect.quote == o->dialect.delimiter)
		return rio_fail(err, RIO_EOPTION, "delimiter and quote are both '%c'",
			o->dialect.delimiter);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(rules); i++)
		if (rules[i].clash)
			return rio_fail(err, RIO_EOPTION, "%s", rules[i].why);
	return 0;
}

/*
 * Whether records may differ in length, or columns need a table of texts, so that an
 * offset map holds more than where rows lie.
 */
static bool need_sizes(const struct rio_options *o)
{
	return has_int32(o) || o->format == RIO_SPARSE || o->keys || o->text == RIO_TEXT_BYTES ||
	       o->text == RIO_TEXT_HASH || o->text == RIO_TEXT_MAP ||
	       o->bad_row == RIO_BAD_ROW_SKIP || o->uid || o->magic == RIO_MAGIC_SHIFT;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

int rio_options_row_key(const struct rio_options *o, char **ret, struct rio_error *err)
{
	static const char *const header_words[] = {"auto", "yes", "no"};
	_cleanup_free_ char *rows = NULL;
	int n = asprintf(&rows, "header=%s delimiter=0x%02x quote=%d", header_words[o->header],
		o->dialect.delimiter, o->dialect.quote);

	if (n >= 0 && !need_sizes(o)) {
		*ret = rio_steal(rows);
		return 0;
	}
	if (n >= 0)
		n = asprintf(ret, "%s label=%s features=%s drop=%s dtype=%d,%d format=%d,%d "
			"keys=%s text=%d,%u missing=%d,%a bad_row=%d uid=%s magic=%d", rows,
			or_empty(o->label), or_empty(o->features), or_empty(o->drop), o->dtype,
			o->label_dtype, o->format, o->zero_row, or_empty(o->keys), o->text,
			o->nr_buckets, o->missing, o->missing_value, o->bad_row,
			or_empty(o->uid), o->magic);
	return n < 0 ? rio_fail(err, RIO_ENOMEM, "out of memory") : 0;
}
