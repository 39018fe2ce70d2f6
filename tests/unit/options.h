/* SPDX-License-Identifier: Apache-2.0 */
/* Options for tests, written as "name=value name=value". */
#ifndef TESTS_OPTIONS_H
#define TESTS_OPTIONS_H

#include "unit.h"

#include "schema/options.h"

static inline void set_options(struct rio_options *options, const char *text)
{
	char *copy = strdup(text), *rest = copy, *item;
	struct rio_error err;

	assert_int_equal(rio_options_init(options, &err), 0);
	while ((item = strsep(&rest, " "))) {
		char *value = strchr(item, '=');

		if (!value)
			continue;
		*value++ = '\0';
		assert_int_equal(rio_options_set(options, item, value, &err), 0);
	}
	free(copy);
}

#endif
