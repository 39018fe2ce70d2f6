/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <fuse_log.h>

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static atomic_bool to_syslog;

/* A file's name may hold a line feed; a message is one line all the same. */
static void put(int priority, const char *message)
{
	char line[4 * RIO_ERROR_TEXT_BYTES];
	size_t n = 0;

	for (const char *p = message; *p && n + sizeof("\\xNN") <= sizeof(line); p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			n += (size_t)sprintf(line + n, "\\x%02x", c);
		else
			line[n++] = (char)c;
	}
	line[n] = '\0';

	if (atomic_load(&to_syslog))
		syslog(priority, "%s", line);
	else
		fprintf(stderr, "recordiofs: %s%s\n", priority >= LOG_NOTICE ? "note: " : "", line);
}

static void vput(int priority, const char *format, va_list args)
{
	char message[2 * RIO_ERROR_TEXT_BYTES];

	vsnprintf(message, sizeof(message), format, args);
	put(priority, message);
}

void rfs_log(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vput(LOG_ERR, format, args);
	va_end(args);
}

void rfs_log_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vput(LOG_NOTICE, format, args);
	va_end(args);
}

void rfs_log_error(const struct rio_error *err)
{
	char text[RIO_ERROR_TEXT_BYTES];

	put(LOG_ERR, rio_error_format(err, text, sizeof(text)));
}

void rfs_log_to_syslog(void)
{
	openlog("recordiofs", LOG_PID, LOG_DAEMON);
	atomic_store(&to_syslog, true);
}

/* libfuse ends its messages with a line feed and begins most with "fuse: ". */
static void from_libfuse(enum fuse_log_level level, const char *format, va_list args)
{
	char message[RIO_ERROR_TEXT_BYTES];
	char *text = message;

	if (level > FUSE_LOG_INFO)
		return;
	vsnprintf(message, sizeof(message), format, args);
	message[strcspn(message, "\n")] = '\0';
	if (strncmp(text, "fuse: ", 6) == 0)
		text += 6;
	if (*text)
		put((int)level, text);
}

void rfs_log_adopt_libfuse(void)
{
	fuse_set_log_func(from_libfuse);
}
