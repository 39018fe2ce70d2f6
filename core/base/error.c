/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void set(struct rio_error *err, enum rio_code code, int sys_errno)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->sys_errno = sys_errno;
}

int rio_fail(struct rio_error *err, enum rio_code code, const char *format, ...)
{
	if (err) {
		va_list args;

		set(err, code, 0);
		va_start(args, format);
		vsnprintf(err->message, sizeof(err->message), format, args);
		va_end(args);
	}
	return code;
}

int rio_fail_errno(struct rio_error *err, int sys_errno, const char *format, ...)
{
	if (err) {
		va_list args;
		char reason[128];
		size_t len;

		set(err, RIO_ESYSTEM, sys_errno);
		va_start(args, format);
		vsnprintf(err->message, sizeof(err->message), format, args);
		va_end(args);
		len = strlen(err->message);
		snprintf(err->message + len, sizeof(err->message) - len, ": %s",
			strerror_r(sys_errno, reason, sizeof(reason)));
	}
	return RIO_ESYSTEM;
}

void rio_error_set_file(struct rio_error *err, const char *file)
{
	if (!err || err->file[0])
		return;
	if (snprintf(err->file, sizeof(err->file), "%s", file) >= (int)sizeof(err->file))
		strcpy(err->file + sizeof(err->file) - sizeof("…"), "…");
}

char *rio_error_format(const struct rio_error *err, char *text, size_t text_bytes)
{
	if (err->file[0] && err->line)
		snprintf(text, text_bytes, "%s:%ju:%ju: %s", err->file, (uintmax_t)err->line,
			(uintmax_t)err->column, err->message);
	else if (err->file[0])
		snprintf(text, text_bytes, "%s: %s", err->file, err->message);
	else
		snprintf(text, text_bytes, "%s", err->message);
	return text;
}

/* The length of the well-formed UTF-8 sequence at p, or 0. */
static size_t utf8_len(const uint8_t *p, const uint8_t *end)
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
	return len;
}

char *rio_quote_cell(const uint8_t *cell, size_t cell_bytes, char *text, size_t text_bytes)
{
	enum { SHOWN_BYTES_MAX = 40 };
	const uint8_t *p = cell, *end = cell + cell_bytes;
	size_t n = 0;

	/* What follows a character: its own bytes, "…", a quote and the end. */
	const size_t behind = 4 + sizeof("…'");

	if (text_bytes < behind + 1) {
		if (text_bytes)
			text[0] = '\0';
		return text;
	}
	text[n++] = '\'';
	while (p < end && n < SHOWN_BYTES_MAX && n + behind <= text_bytes) {
		size_t len = utf8_len(p, end);

		if (len == 0 || *p < 0x20 || *p == 0x7f) {
			n += (size_t)snprintf(text + n, text_bytes - n, "\\x%02x", *p++);
			continue;
		}
		memcpy(text + n, p, len);
		n += len;
		p += len;
	}
	snprintf(text + n, text_bytes - n, "%s'", p < end ? "…" : "");
	return text;
}
