/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/json.h"

#include "base/util.h"

#include <string.h>

/* Bytes of the UTF-8 character at p, or 0 where there is none: jansson is the judge. */
static size_t character_bytes(const char *p)
{
	for (size_t len = 1; len <= strnlen(p, 4); len++) {
		json_t *character = json_stringn(p, len);

		if (character) {
			json_decref(character);
			return len;
		}
	}
	return 0;
}

json_t *rio_json_text(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	json_t *as_it_is = json_string(text);
	_cleanup_free_ char *clean =
		as_it_is ? NULL : malloc(strlen(replacement) * strlen(text) + 1);
	char *out = clean;

	if (!clean)
		return as_it_is;
	while (*text) {
		size_t len = character_bytes(text);

		out = len ? stpncpy(out, text, len) : stpcpy(out, replacement);
		text += len ? len : 1;
	}
	*out = '\0';
	return json_string(clean);
}

bool rio_json_put(FILE *file, json_t *value)
{
	bool ok = value && json_dumpf(value, file, JSON_COMPACT | JSON_ENCODE_ANY) == 0;

	json_decref(value);
	return ok;
}
