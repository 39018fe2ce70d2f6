/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/columns.h"

#include "base/util.h"

#include <stdio.h>
#include <string.h>

struct resolver {
	const char *option;
	char *const *names;
	size_t nr_columns;
	uint32_t *found; /* room for nr_columns: none can come twice */
	size_t nr_found;
	bool *seen; /* by column */
	struct rio_error *err;
};

static int add(struct resolver *r, size_t column)
{
	if (column >= r->nr_columns)
		return rio_fail(r->err, RIO_ESCHEMA,
			"%s: there is no column %zu, the file has %zu (numbers start at 0)",
			r->option, column, r->nr_columns);
	if (r->seen[column])
		return rio_fail(r->err, RIO_ESCHEMA, "%s: column %zu is named twice", r->option,
			column);
	r->seen[column] = true;
	r->found[r->nr_found++] = (uint32_t)column;
	return 0;
}

/* The column called name, or nr_columns; *twice where more than one is. */
static size_t find_name(const struct resolver *r, const char *name, bool *twice)
{
	size_t found = r->nr_columns;

	*twice = false;
	for (size_t i = 0; r->names && i < r->nr_columns; i++) {
		if (strcmp(r->names[i], name) != 0)
			continue;
		*twice = found < r->nr_columns;
		if (*twice)
			break;
		found = i;
	}
	return found;
}

/* Read decimal digits, all of text up to stop; false on anything else. */
static bool parse_column(const char *text, const char *stop, size_t *ret)
{
	size_t n = 0;

	if (text == stop)
		return false;
	for (; text < stop; text++) {
		if (*text < '0' || *text > '9' || n > UINT32_MAX)
			return false;
		n = 10 * n + (size_t)(*text - '0');
	}
	*ret = n;
	return true;
}

static int add_number(struct resolver *r, const char *item, size_t number)
{
	bool twice;
	size_t named = find_name(r, item, &twice);

	if (named < r->nr_columns && named != number)
		return rio_fail(r->err, RIO_ESCHEMA,
			"%s=%s is ambiguous: column %zu is named \"%s\"; write %zu-%zu for "
			"column number %zu, or %zu-%zu for the one of that name",
			r->option, item, named, item, number, number, number, named, named);
	return add(r, number);
}

static int add_range(struct resolver *r, size_t first, size_t last)
{
	if (first > last)
		return rio_fail(r->err, RIO_ESCHEMA, "%s: the range %zu-%zu runs backwards",
			r->option, first, last);
	for (size_t column = first; column <= last; column++) {
		int e = add(r, column);

		if (e < 0)
			return e;
	}
	return 0;
}

static int add_name(struct resolver *r, const char *item)
{
	char first[RIO_QUOTED_TEXT_BYTES], last[RIO_QUOTED_TEXT_BYTES];
	bool twice;
	size_t column = find_name(r, item, &twice);

	if (!r->names)
		return rio_fail(r->err, RIO_ESCHEMA,
			"%s: '%s' is no column number, and the file has no header to name columns",
			r->option, item);
	if (twice)
		return rio_fail(r->err, RIO_ESCHEMA,
			"%s: more than one column is named \"%s\"; give its number", r->option,
			item);
	if (column == r->nr_columns)
		return rio_fail(r->err, RIO_ESCHEMA,
			"%s: no column is named \"%s\" (the first is %s, the last %s)", r->option,
			item, rio_quote_name(r->names[0], first, sizeof(first)),
			rio_quote_name(r->names[r->nr_columns - 1], last, sizeof(last)));
	return add(r, column);
}

static int add_item(struct resolver *r, const char *item)
{
	const char *end = item + strlen(item), *dash = strchr(item, '-');
	size_t first, last;
	bool twice;

	if (parse_column(item, end, &first))
		return add_number(r, item, first);
	if (find_name(r, item, &twice) == r->nr_columns && dash &&
		parse_column(item, dash, &first) && parse_column(dash + 1, end, &last))
		return add_range(r, first, last);
	return add_name(r, item);
}

int rio_columns_resolve(const char *option, const char *list, char *const names[],
	size_t nr_columns, uint32_t **ret, size_t *ret_nr, struct rio_error *err)
{
	_cleanup_free_ char *copy = strdup(list);
	_cleanup_free_ uint32_t *found = calloc(nr_columns + 1, sizeof(*found));
	_cleanup_free_ bool *seen = calloc(nr_columns + 1, sizeof(*seen));
	struct resolver r = {option, names, nr_columns, found, 0, seen, err};
	char *rest = copy, *item;

	if (!copy || !found || !seen)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	while ((item = strsep(&rest, ":"))) {
		int e = add_item(&r, item);

		if (e < 0)
			return e;
	}
	*ret = rio_steal(found);
	*ret_nr = r.nr_found;
	return 0;
}
