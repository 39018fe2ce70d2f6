/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static enum rio_kind kind_of(enum rio_code code)
{
	switch (code) {
	case RIO_OK:
	case RIO_EROW: /* rio_fail_row knows better */
		break;
	case RIO_ENOMEM:
		return RIO_KIND_MEMORY;
	case RIO_ESYSTEM:
		return RIO_KIND_SYSTEM;
	case RIO_ESCHEMA:
		return RIO_KIND_SCHEMA;
	case RIO_EOPTION:
	case RIO_EPAST_END:
		return RIO_KIND_OPTION;
	case RIO_ESOURCE_CHANGED:
		return RIO_KIND_CHANGED;
	case RIO_ENOT_INDEXED:
	case RIO_EMAP_STALE:
	case RIO_EMAP_DAMAGED:
		return RIO_KIND_MAP;
	case RIO_EDAMAGED:
		return RIO_KIND_DAMAGED;
	}
	return RIO_KIND_NONE;
}

const char *rio_kind_word(enum rio_kind kind)
{
	static const char *const words[RIO_NR_KINDS] = {
		[RIO_KIND_NONE] = "none",
		[RIO_KIND_NUMBER] = "number",
		[RIO_KIND_MISSING] = "missing",
		[RIO_KIND_WHOLE] = "whole",
		[RIO_KIND_RANGE] = "range",
		[RIO_KIND_UTF8] = "utf8",
		[RIO_KIND_FIELDS] = "fields",
		[RIO_KIND_NUL] = "nul",
		[RIO_KIND_QUOTE] = "quote",
		[RIO_KIND_LONG] = "long",
		[RIO_KIND_MAGIC] = "magic",
		[RIO_KIND_FRAME] = "frame",
		[RIO_KIND_RECORD] = "record",
		[RIO_KIND_SCHEMA] = "schema",
		[RIO_KIND_OPTION] = "option",
		[RIO_KIND_DAMAGED] = "damaged",
		[RIO_KIND_CHANGED] = "changed",
		[RIO_KIND_MAP] = "map",
		[RIO_KIND_SYSTEM] = "system",
		[RIO_KIND_MEMORY] = "memory",
	};

	return words[kind];
}

static void set(struct rio_error *err, enum rio_code code, int sys_errno)
{
	memset(err, 0, sizeof(*err));
	err->code = code;
	err->kind = kind_of(code);
	err->sys_errno = sys_errno;
}

/* End a text that did not fit its room with "…", behind a whole character. */
static void cut(char *text, size_t room)
{
	size_t at = room - sizeof("…");

	for (int i = 0; i < 3 && (text[at] & 0xc0) == 0x80; i++)
		at--;
	strcpy(text + at, "…");
}

static void say(struct rio_error *err, const char *format, va_list args)
{
	if (vsnprintf(err->message, sizeof(err->message), format, args) >=
		(int)sizeof(err->message))
		cut(err->message, sizeof(err->message));
}

int rio_fail(struct rio_error *err, enum rio_code code, const char *format, ...)
{
	if (err) {
		va_list args;

		set(err, code, 0);
		va_start(args, format);
		say(err, format, args);
		va_end(args);
	}
	return code;
}

int rio_fail_row(struct rio_error *err, enum rio_kind kind, const char *format, ...)
{
	if (err) {
		va_list args;

		set(err, RIO_EROW, 0);
		err->kind = kind;
		va_start(args, format);
		say(err, format, args);
		va_end(args);
	}
	return RIO_EROW;
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
		if (snprintf(err->message + len, sizeof(err->message) - len, ": %s",
			    strerror_r(sys_errno, reason, sizeof(reason))) >=
			(int)(sizeof(err->message) - len))
			cut(err->message, sizeof(err->message));
	}
	return RIO_ESYSTEM;
}

void rio_error_set_file(struct rio_error *err, const char *file)
{
	if (!err || err->file[0])
		return;
	if (snprintf(err->file, sizeof(err->file), "%s", file) >= (int)sizeof(err->file))
		cut(err->file, sizeof(err->file));
}

int rio_fail_file(struct rio_error *err, int sys_errno, const char *file, const char *what)
{
	rio_fail_errno(err, sys_errno, "%s", what);
	rio_error_set_file(err, file);
	return RIO_ESYSTEM;
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

/* Whether the character at p is one that a terminal would obey: C0, DEL or C1. */
static bool is_control(const uint8_t *p)
{
	return *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0);
}

static char *quote(const uint8_t *p, size_t len_bytes, char mark, char *text, size_t text_bytes)
{
	enum { SHOWN_BYTES_MAX = 40 };
	const uint8_t *end = p + len_bytes;
	size_t n = 0;

	/* What follows a character: its own bytes, "…", a mark and the end. */
	const size_t behind = 4 + sizeof("…'");

	if (text_bytes < behind + 1) {
		if (text_bytes)
			text[0] = '\0';
		return text;
	}
	text[n++] = mark;
	while (p < end && n < SHOWN_BYTES_MAX && n + behind <= text_bytes) {
		size_t len = rio_utf8_len(p, end);

		if (len == 0 || is_control(p)) {
			n += (size_t)snprintf(text + n, text_bytes - n, "\\x%02x", *p++);
			continue;
		}
		memcpy(text + n, p, len);
		n += len;
		p += len;
	}
	snprintf(text + n, text_bytes - n, "%s%c", p < end ? "…" : "", mark);
	return text;
}

char *rio_quote_cell(const uint8_t *cell, size_t cell_bytes, char *text, size_t text_bytes)
{
	return quote(cell, cell_bytes, '\'', text, text_bytes);
}

char *rio_quote_name(const char *name, char *text, size_t text_bytes)
{
	return quote((const uint8_t *)name, strlen(name), '"', text, text_bytes);
}
