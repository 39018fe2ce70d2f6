/* SPDX-License-Identifier: Apache-2.0 */
#include "dataset/texts.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* Each byte that is no UTF-8 becomes U+FFFD, as with Python's errors="replace". */
static json_t *clean_text(const uint8_t *p, size_t len_bytes)
{
	static const char replacement[] = "\xef\xbf\xbd";
	_cleanup_free_ char *clean = malloc(strlen(replacement) * len_bytes + 1);
	const uint8_t *end = p + len_bytes;
	char *out = clean;

	if (!clean)
		return NULL;
	while (p < end) {
		size_t len = rio_utf8_len(p, end);

		out = len ? mempcpy(out, p, len) : mempcpy(out, replacement, strlen(replacement));
		p += len ? len : 1;
	}
	return json_stringn(clean, (size_t)(out - clean));
}

static json_t *column_texts(const struct rio_codes *codes, size_t column)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < rio_codes_nr(codes, column); i++) {
		size_t len_bytes;
		const void *text = rio_codes_text(codes, column, i, &len_bytes);

		json_array_append_new(texts, clean_text(text, len_bytes));
	}
	return texts;
}

json_t *rio_dataset_texts(const struct rio_dataset *dataset)
{
	const struct rio_codes *codes = rio_dataset_codes(dataset);
	size_t nr_columns = rio_dataset_schema(dataset)->nr_columns;
	json_t *columns = codes ? json_object() : json_null();

	for (size_t c = 0; codes && c < nr_columns; c++) {
		char number[24];

		if (rio_codes_nr(codes, c) == 0)
			continue;
		snprintf(number, sizeof(number), "%zu", c);
		json_object_set_new(columns, number, column_texts(codes, c));
	}
	return columns;
}
