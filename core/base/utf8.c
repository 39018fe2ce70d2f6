/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

/* The second byte decides about overlong forms, surrogates and what lies beyond Unicode. */
size_t rio_utf8_len(const uint8_t *p, const uint8_t *end)
{
	size_t len = p[0] < 0x80                    ? 1
		     : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
		     : p[0] >= 0xe0 && p[0] <= 0xef ? 3
		     : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4
						    : 0;

	if (!len || (size_t)(end - p) < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
		(p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

bool rio_is_utf8(const void *text, size_t len_bytes)
{
	const uint8_t *p = text, *end = p + len_bytes;

	while (p < end) {
		size_t len = rio_utf8_len(p, end);

		if (len == 0)
			return false;
		p += len;
	}
	return true;
}
