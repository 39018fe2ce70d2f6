/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/json.h"

#include <string.h>

/* jansson counts columns in characters; ours are bytes.  It points at a token's last one. */
static uint64_t column_at(const char *text, size_t len_bytes, int position)
{
	size_t off = RIO_MIN((size_t)RIO_MAX(position, 1), len_bytes);
	uint64_t column = 0;

	while (off > 0 && text[off - 1] != '\n') {
		off--;
		column++;
	}
	return RIO_MAX(column, 1);
}

int rio_json_parse(const char *text, size_t len_bytes, const char *name, json_t **ret,
	struct rio_error *err)
{
	json_error_t trouble;
	json_t *value = json_loadb(text, len_bytes, JSON_REJECT_DUPLICATES, &trouble);

	if (value) {
		*ret = value;
		return 0;
	}
	if (json_error_code(&trouble) == json_error_out_of_memory)
		return rio_fail(err, RIO_ENOMEM, "no memory to read %s", name);
	rio_fail(err, RIO_EOPTION, "this is no JSON: %s", trouble.text);
	rio_error_set_file(err, name);
	err->line = (uint64_t)RIO_MAX(trouble.line, 1);
	err->column = column_at(text, len_bytes, trouble.position);
	return RIO_EOPTION;
}

/* The fewest digits that read back as the same numbers; 17 always do. */
char *rio_json_line(const json_t *value)
{
	const size_t flags = JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_ENCODE_ANY;

	for (size_t digits = 15;; digits++) {
		_cleanup_free_ char *text = json_dumps(value, flags | JSON_REAL_PRECISION(digits));
		_cleanup_json_ json_t *again =
			text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

		if (!text || digits == 17 || json_equal(again, value))
			return rio_steal(text);
	}
}
