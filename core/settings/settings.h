/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings by folder: an INI file whose sections are patterns, and what of it applies
 * to one CSV.
 *
 *	label = price              before any section: for every file
 *	[train/]                   for what the pattern matches; later lines win
 *	drop = id
 *
 * The options are those of schema/options' table.  A command line's own words come
 * last, and win.
 *
 * Below it: base, source/codec (names), schema/options, inih.  It sees no file; settings/load does.
 */
#ifndef RIO_SETTINGS_SETTINGS_H
#define RIO_SETTINGS_SETTINGS_H

#include "schema/options.h"

#include <stddef.h>
#include <stdint.h>

/* "delimiter = ;" at one place. */
struct rio_setting {
	char *name;
	char *value;
	char *section;   /* the pattern; NULL before any */
	uint64_t line;   /* 0 on a command line */
	uint64_t column; /* of the name */
	uint64_t value_column;
};

/* A settings file, or the words of a command line.  Zeroed is empty. */
struct rio_settings {
	char *path;   /* as messages name it; NULL: a command line */
	char *folder; /* absolute: patterns are relative to it; "" is / */
	struct rio_setting *all;
	size_t nr, room;
};

/*
 * Read the text of a settings file; path and folder are copied.  RIO_EOPTION with file,
 * line and column, for a wrong value, an option that is not there, a pattern that can
 * match nothing, and what is no INI at all.
 */
int rio_settings_parse(const char *text, size_t len_bytes, const char *path, const char *folder,
	struct rio_settings **ret, struct rio_error *err);

/* Takes NULL. */
void rio_settings_destroy(struct rio_settings *settings);
void rio_settings_destroyp(struct rio_settings **settings);

/* Add a word of a command line, already known to be right. */
int rio_settings_add(struct rio_settings *settings, const char *name, const char *value,
	struct rio_error *err);
void rio_settings_deinit(struct rio_settings *settings);

/* What an option was set to, and by what.  Borrowed from the settings. */
struct rio_choice {
	const struct rio_setting *setting;  /* NULL: by nothing, it is the default */
	const struct rio_settings *settings;
};

#define RIO_CHOICES_MAX 32

/*
 * The options for the CSV at path (absolute; NULL: a file without a name, to which no
 * section applies).  file may be NULL; given may be, too.  choices (may be NULL) gets an
 * entry for each line of rio_option_table.
 *
 * RIO_EOPTION where a section's pattern begins at the settings file's folder, and path
 * does not lie below that: nobody could tell whether it is meant.
 */
int rio_settings_resolve(const struct rio_settings *file, const struct rio_settings *given,
	const char *path, struct rio_options *ret, struct rio_choice choices[RIO_CHOICES_MAX],
	struct rio_error *err);

#endif
