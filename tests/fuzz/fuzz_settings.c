/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A settings file of anybody's making, and a path: what is taken is made of options
 * that exist, each applies once, and what is refused has a place.
 */
#include "fuzz.h"

#include "settings/settings.h"

/* The first line of the input is the path. */
static char *take_path(struct input *in)
{
	const uint8_t *end = in->left ? memchr(in->p, '\n', in->left) : NULL;
	size_t len = end ? (size_t)(end - in->p) : 0;
	char *path = NULL;

	claim(asprintf(&path, "/data/%.*s", (int)len, len ? (const char *)in->p : "") > 0);
	in->p += len + (end != NULL);
	in->left -= len + (end != NULL);
	return path;
}

static void check_resolve(const struct rio_settings *settings, const char *path)
{
	struct rio_choice choices[RIO_CHOICES_MAX];
	struct rio_options options;
	struct rio_error err;
	int r = rio_settings_resolve(settings, NULL, path, &options, choices, &err);

	claim(r == 0 || r == RIO_EOPTION);
	if (r)
		return;
	for (size_t i = 0; rio_option_table[i].name; i++)
		claim(!choices[i].setting ||
			(strcmp(choices[i].setting->name, rio_option_table[i].name) == 0 &&
				choices[i].settings == settings));
	rio_options_deinit(&options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	_cleanup_free_ char *path = take_path(&in);
	/* A copy without a NUL behind it, so that sanitizers see a read too far. */
	_cleanup_free_ char *text = malloc(in.left + !in.left);
	struct rio_settings *settings = NULL;
	struct rio_error err;
	int r;

	claim(text);
	if (in.left)
		memcpy(text, in.p, in.left);
	r = rio_settings_parse(text, in.left, "s.ini", "/data", &settings, &err);
	claim(r == 0 || r == RIO_EOPTION);
	if (r) {
		claim(err.line >= 1 && err.column >= 1 && strcmp(err.file, "s.ini") == 0);
		return 0;
	}
	check_resolve(settings, path);
	check_resolve(settings, NULL);
	check_resolve(settings, "/elsewhere/a.csv");
	rio_settings_destroy(settings);
	return 0;
}
