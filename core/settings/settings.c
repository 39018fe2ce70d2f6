/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/settings.h"

#include "base/util.h"
#include "settings/glob.h"
#include "settings/ini.h"
#include "source/codec.h"

#include <string.h>

void rio_settings_deinit(struct rio_settings *settings)
{
	for (size_t i = 0; i < settings->nr; i++) {
		free(settings->all[i].name);
		free(settings->all[i].value);
		free(settings->all[i].section);
	}
	free(settings->all);
	free(settings->path);
	free(settings->folder);
	*settings = (struct rio_settings){0};
}

void rio_settings_destroy(struct rio_settings *settings)
{
	if (!settings)
		return;
	rio_settings_deinit(settings);
	free(settings);
}

void rio_settings_destroyp(struct rio_settings **settings)
{
	rio_settings_destroy(*settings);
}

static int fail_memory(struct rio_error *err)
{
	return rio_fail(err, RIO_ENOMEM, "no memory for settings");
}

static int add(struct rio_settings *settings, const struct rio_ini_line *line,
	struct rio_error *err)
{
	struct rio_setting *s;

	if (settings->nr == settings->room) {
		size_t room = settings->room ? 2 * settings->room : 8;
		void *all = reallocarray(settings->all, room, sizeof(*settings->all));

		if (!all)
			return fail_memory(err);
		settings->all = all;
		settings->room = room;
	}
	s = &settings->all[settings->nr++];
	*s = (struct rio_setting){
		.name = strdup(line->name),
		.value = strdup(line->value),
		.section = line->section ? strdup(line->section) : NULL,
		.line = line->number,
		.column = line->column,
		.value_column = line->value_column,
	};
	if (!s->name || !s->value || (line->section && !s->section))
		return fail_memory(err);
	for (char *p = s->name; (p = strchr(p, '-'));)
		*p = '_';
	return 0;
}

int rio_settings_add(struct rio_settings *settings, const char *name, const char *value,
	struct rio_error *err)
{
	return add(settings, &(struct rio_ini_line){.name = name, .value = value}, err);
}

/* Insertions, removals and exchanges that lead from a to b; names are short. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], len = RIO_MIN(strlen(b), RIO_ARRAY_SIZE(row) - 1);

	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; *a; a++, i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = RIO_MIN(RIO_MIN(row[j], row[j - 1]) + 1,
				diagonal + (*a != b[j - 1]));

			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[len];
}

static const char *nearest_option(const char *name)
{
	const char *nearest = NULL;
	size_t least = 3 + strlen(name) / 4;

	for (size_t i = 0; rio_option_table[i].name; i++) {
		size_t d = distance(name, rio_option_table[i].name);

		if (d < least) {
			least = d;
			nearest = rio_option_table[i].name;
		}
	}
	return nearest;
}

static bool is_option(const char *name)
{
	for (size_t i = 0; rio_option_table[i].name; i++)
		if (strcmp(name, rio_option_table[i].name) == 0)
			return true;
	return false;
}

static int place(const struct rio_settings *settings, const struct rio_setting *s,
	uint64_t column, struct rio_error *err)
{
	if (err) {
		err->line = s->line;
		err->column = column;
	}
	rio_error_set_file(err, settings->path);
	return RIO_EOPTION;
}

static int fail_unknown(const struct rio_settings *settings, const struct rio_setting *s,
	struct rio_error *err)
{
	const char *nearest = nearest_option(s->name);
	char name[RIO_QUOTED_TEXT_BYTES];

	rio_quote_cell((const uint8_t *)s->name, strlen(s->name), name, sizeof(name));
	rio_fail(err, RIO_EOPTION, "there is no option %s%s%s%s", name,
		nearest ? "; is " : "", nearest ? nearest : "", nearest ? " meant?" : "");
	return place(settings, s, s->column, err);
}

/* The same option twice in a section is a slip. */
static int check_double(const struct rio_settings *settings, size_t at, struct rio_error *err)
{
	const struct rio_setting *s = &settings->all[at];

	for (size_t i = at; i-- > 0;) {
		const struct rio_setting *before = &settings->all[i];

		if (before->section != s->section &&
			(!before->section || !s->section || strcmp(before->section, s->section)))
			break;
		if (strcmp(before->name, s->name) == 0) {
			rio_fail(err, RIO_EOPTION, "%s is set in line %ju already", s->name,
				(uintmax_t)before->line);
			return place(settings, s, s->column, err);
		}
	}
	return 0;
}

static int check_setting(const struct rio_settings *settings, size_t at,
	struct rio_options *scratch, struct rio_error *err)
{
	const struct rio_setting *s = &settings->all[at];
	int r;

	if (!is_option(s->name))
		return fail_unknown(settings, s, err);
	if (strcmp(s->name, "suffix") == 0 && s->section) {
		rio_fail(err, RIO_EOPTION,
			"suffix names all files of a mount: it stands before the first section");
		return place(settings, s, s->column, err);
	}
	if (!*s->value) {
		rio_fail(err, RIO_EOPTION,
			"%s has no value; ';' behind a blank begins a comment", s->name);
		return place(settings, s, s->value_column, err);
	}
	r = rio_options_set(scratch, s->name, s->value, err);
	if (r)
		return r == RIO_EOPTION ? place(settings, s, s->value_column, err) : r;
	return check_double(settings, at, err);
}

static int check(const struct rio_settings *settings, struct rio_error *err)
{
	struct rio_options scratch;
	int r = rio_options_init(&scratch, err);

	if (r)
		return r;
	for (size_t i = 0; !r && i < settings->nr; i++)
		r = check_setting(settings, i, &scratch, err);
	rio_options_deinit(&scratch);
	return r;
}

static int on_line(void *data, const struct rio_ini_line *line, struct rio_error *err)
{
	return add(data, line, err);
}

int rio_settings_parse(const char *text, size_t len_bytes, const char *path, const char *folder,
	struct rio_settings **ret, struct rio_error *err)
{
	_cleanup_(rio_settings_destroyp) struct rio_settings *settings =
		calloc(1, sizeof(*settings));
	int r;

	if (!settings)
		return fail_memory(err);
	settings->path = strdup(path);
	settings->folder = strdup(strcmp(folder, "/") == 0 ? "" : folder);
	if (!settings->path || !settings->folder)
		return fail_memory(err);
	r = rio_ini_read(text, len_bytes, on_line, settings, err);
	if (r)
		rio_error_set_file(err, path);
	else
		r = check(settings, err);
	if (!r)
		*ret = rio_steal(settings);
	return r;
}

/* path relative to the settings file's folder; NULL where it does not lie below. */
static const char *relative(const struct rio_settings *file, const char *path)
{
	size_t len = strlen(file->folder);

	return strncmp(path, file->folder, len) == 0 && path[len] == '/' ? path + len + 1 : NULL;
}

/* A compressed file stands for its CSV: b.csv.gz is meant by what means b.csv, too. */
static int is_meant(const char *section, const char *path, struct rio_error *err)
{
	const struct rio_codec *codec = rio_codec_of_name(path);
	_cleanup_free_ char *plain = NULL;

	if (rio_glob_matches(section, path))
		return 1;
	if (!codec)
		return 0;
	plain = strndup(path, strlen(path) - strlen(codec->ending));
	return plain ? rio_glob_matches(section, plain) : fail_memory(err);
}

/* Whether a setting applies to the CSV at path.  0, 1 or an error. */
static int applies(const struct rio_settings *file, const struct rio_setting *s,
	const char *path, struct rio_error *err)
{
	const char *below;

	if (!s->section)
		return 1;
	if (!path)
		return 0;
	below = relative(file, path);
	if (!below && rio_glob_is_anchored(s->section)) {
		rio_fail(err, RIO_EOPTION,
			"[%s] begins at %s, and %s does not lie below that; [**/%s] begins anywhere",
			s->section, *file->folder ? file->folder : "/", path,
			s->section + (*s->section == '/'));
		return place(file, s, s->column, err);
	}
	return is_meant(s->section, below ? below : path + 1, err);
}

static void note(struct rio_choice *choices, const struct rio_settings *settings,
	const struct rio_setting *s)
{
	for (size_t i = 0; choices && rio_option_table[i].name; i++)
		if (strcmp(rio_option_table[i].name, s->name) == 0)
			choices[i] = (struct rio_choice){s, settings};
}

static int apply(const struct rio_settings *settings, const char *path, struct rio_options *ret,
	struct rio_choice *choices, struct rio_error *err)
{
	int r = 0;

	for (size_t i = 0; settings && !r && i < settings->nr; i++) {
		const struct rio_setting *s = &settings->all[i];

		r = applies(settings, s, path, err);
		if (r > 0) {
			r = rio_options_set(ret, s->name, s->value, err);
			note(choices, settings, s);
		}
	}
	return r;
}

int rio_settings_resolve(const struct rio_settings *file, const struct rio_settings *given,
	const char *path, struct rio_options *ret, struct rio_choice choices[RIO_CHOICES_MAX],
	struct rio_error *err)
{
	struct rio_options options;
	int r = rio_options_init(&options, err);

	if (r)
		return r;
	if (choices)
		memset(choices, 0, RIO_CHOICES_MAX * sizeof(*choices));
	r = apply(file, path, &options, choices, err);
	if (!r)
		r = apply(given, path, &options, choices, err);
	if (r)
		rio_options_deinit(&options);
	else
		*ret = options;
	return r;
}
