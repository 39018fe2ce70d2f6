/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inih is small, and meets what it was not made for in silence: a line of more than 200
 * bytes is taken apart in the middle, a section's name is cut at 49, and ends at the
 * first ']', an indented line belongs to the one before.  How much of that is so was
 * decided where it was compiled.
 *
 * So it gets its lines from a reader that knows its limits: lines come without
 * indentation and without remarks, what it would cut is an error with its place, and a
 * value that is too long for a line, as a list of names may be, is handed over in
 * pieces, cut behind a ':', which inih reads as continuation lines and this file joins
 * again.
 */
#include "settings/ini.h"

#include "base/util.h"

#include <ctype.h>
#include <ini.h>
#include <string.h>

enum { SECTION_BYTES_MAX = 49 };

/* What inih keeps of a line for itself: a line feed, a NUL, and one to be sure. */
enum { LINE_RESERVE = 3 };

struct reading {
	const char *next, *end; /* of the text */
	char *line;             /* at hand, without indentation and line end; owned */
	char *rest;             /* of it, not handed over yet; NULL: all is */
	char *section;          /* owned */
	struct rio_ini_line at;
	char *name, *value;     /* gathered, not told yet; owned */
	struct rio_ini_line told;
	rio_ini_on_line *on_line;
	void *data;
	int r;
	struct rio_error *err;
};

static int fail(struct reading *rd, uint64_t column, const char *what)
{
	rio_fail(rd->err, RIO_EOPTION, "%s", what);
	if (rd->err) {
		rd->err->line = rd->at.number;
		rd->err->column = column;
	}
	return RIO_EOPTION;
}

static int fail_memory(struct reading *rd)
{
	return rio_fail(rd->err, RIO_ENOMEM, "no memory for settings");
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Tell the line that was gathered; the section it stands in may be over. */
static int tell(struct reading *rd)
{
	int r = 0;

	if (rd->name) {
		rd->told.name = rd->name;
		rd->told.value = rd->value;
		r = rd->on_line(rd->data, &rd->told, rd->err);
	}
	free(rio_steal(rd->name));
	free(rio_steal(rd->value));
	return r;
}

/* "[pattern]  ; remark", of which inih must not lose a byte. */
static int check_section(struct reading *rd)
{
	const char *name = rd->line + 1, *end = strchr(name, ']'), *p;
	int r;

	if (!end)
		return fail(rd, rd->at.column, "a section without its ']'");
	for (p = end + 1; is_blank(*p); p++)
		;
	if (*p && (*p != ';' || p == end + 1))
		return fail(rd, rd->at.column + (uint64_t)(p - rd->line),
			"a section ends at its first ']': patterns have no [abc], write ? for it");
	if (end - name > SECTION_BYTES_MAX)
		return fail(rd, rd->at.column,
			"a pattern of more than 49 bytes: write * for a part");
	if (end == name)
		return fail(rd, rd->at.column, "a section without a pattern");
	for (p = name; p < end; p++)
		if (*p == '[' || (*p == ';' && is_blank(p[-1])) || (p == name && is_blank(*p)))
			return fail(rd, rd->at.column + (uint64_t)(p - rd->line),
				"this cannot stand in a pattern");
	r = tell(rd);
	free(rd->section);
	rd->section = strndup(name, (size_t)(end - name));
	return r ? r : rd->section ? 0 : fail_memory(rd);
}

/* A folder's name alone would match no file. */
static int check_pattern(struct reading *rd)
{
	const char *slash = strrchr(rd->section, '/');
	const char *last = slash ? slash + 1 : rd->section;

	if (!*last || strpbrk(last, ".*?"))
		return 0;
	return fail(rd, rd->at.column + 1,
		"no CSV has such a name; all below a folder is [FOLDER/]");
}

/* A remark behind a value, but for a blank: a piece cut within it would pass for value. */
static void drop_remark(char *line)
{
	for (char *p = line; (p = strchr(p, ';')); p++)
		if (p > line && isspace((unsigned char)p[-1])) {
			while (p - 1 > line && isspace((unsigned char)p[-2]))
				p--;
			*p = '\0';
			return;
		}
}

static int check_line(struct reading *rd)
{
	const char *equals;

	if (rd->line[0] == '[') {
		int r = check_section(rd);

		return r ? r : check_pattern(rd);
	}
	if (strchr(";#", rd->line[0])) /* or the end of the line */
		return 0;
	drop_remark(rd->line);
	equals = strpbrk(rd->line, "=:");
	if (!equals || equals == rd->line)
		return fail(rd, rd->at.column, "expected NAME = VALUE, or [PATTERN]");
	for (equals++; is_blank(*equals); equals++)
		;
	rd->at.value_column = rd->at.column + (uint64_t)(equals - rd->line);
	return 0;
}

/* Take the next line off the text. */
static int take_line(struct reading *rd)
{
	const char *begin = rd->next, *line_end = memchr(begin, '\n', (size_t)(rd->end - begin));
	const char *end = line_end ? line_end : rd->end, *p = begin;

	rd->next = line_end ? line_end + 1 : rd->end;
	rd->at.number++;
	if (memchr(begin, '\0', (size_t)(end - begin)))
		return fail(rd, 1, "a NUL byte: this is no text");
	while (p < end && is_blank(*p))
		p++;
	while (end > p && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	rd->at.column = (uint64_t)(p - begin) + 1;
	free(rd->line);
	rd->line = strndup(p, (size_t)(end - p));
	rd->rest = rd->line;
	return rd->line ? check_line(rd) : fail_memory(rd);
}

/* Where the rest of a line can be cut to room bytes at most; 0: nowhere. */
static size_t find_cut(const char *rest, size_t room)
{
	size_t cut = RIO_MIN(strlen(rest), room);

	if (cut == strlen(rest))
		return cut;
	while (cut > 0 && (rest[cut - 1] != ':' || strchr(" \t;#", rest[cut])))
		cut--;
	return cut;
}

/* inih's reader: a line, or a piece of one, as fgets would give it. */
static char *hand_over(char *str, int num, void *stream)
{
	struct reading *rd = stream;
	size_t cut, room = (size_t)num - LINE_RESERVE;
	bool is_continued = rd->rest != NULL;

	if (!rd->r && !rd->rest && rd->next < rd->end)
		rd->r = take_line(rd);
	if (rd->r || !rd->rest)
		return NULL;
	if (rd->rest[0] && strchr(";#", rd->rest[0]) && !is_continued)
		rd->rest[0] = '\0'; /* a remark may be of any length */
	cut = find_cut(rd->rest, room - is_continued);
	if (!cut && *rd->rest) {
		rd->r = fail(rd, rd->at.column, "a line too long, without a ':' to part it at");
		return NULL;
	}
	strcpy(str, is_continued ? " " : "");
	strncat(str, rd->rest, cut);
	rd->rest = rd->rest[cut] ? rd->rest + cut : NULL;
	return str;
}

static int gather(struct reading *rd, const char *name, const char *value)
{
	rd->told = rd->at;
	rd->told.section = rd->section;
	rd->name = strdup(name);
	rd->value = strdup(value);
	return rd->name && rd->value ? 0 : fail_memory(rd);
}

static int append(struct reading *rd, const char *value)
{
	char *longer = realloc(rd->value, strlen(rd->value) + strlen(value) + 1);

	if (!longer)
		return fail_memory(rd);
	rd->value = strcat(longer, value);
	return 0;
}

static int on_pair(void *user, const char *section, const char *name, const char *value)
{
	struct reading *rd = user;
	bool is_same_line = rd->name && rd->told.number == rd->at.number;

	if (!rd->r && is_same_line)
		rd->r = append(rd, value);
	else if (!rd->r)
		rd->r = tell(rd);
	if (!rd->r && !is_same_line)
		rd->r = gather(rd, name, value);
	return rd->r == 0;
}

int rio_ini_read(const char *text, size_t len_bytes, rio_ini_on_line *on_line, void *data,
	struct rio_error *err)
{
	static const char mark[] = "\xef\xbb\xbf";
	bool has_mark = len_bytes >= 3 && memcmp(text, mark, 3) == 0;
	struct reading rd = {
		.next = text + (has_mark ? 3 : 0),
		.end = text + len_bytes,
		.on_line = on_line,
		.data = data,
		.err = err,
	};
	int found = ini_parse_stream(hand_over, &rd, on_pair, &rd);

	if (!rd.r)
		rd.r = tell(&rd);
	if (!rd.r && found)
		rd.r = fail(&rd, 1, "inih cannot read this text");
	free(rd.name);
	free(rd.value);
	free(rd.line);
	free(rd.section);
	return rd.r;
}
