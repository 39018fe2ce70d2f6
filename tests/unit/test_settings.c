/* SPDX-License-Identifier: Apache-2.0 */
/* Settings by folder: patterns, what an INI file may hold, which line wins, where mistakes are. */
#include "unit.h"

#include "settings/glob.h"
#include "settings/settings.h"

static void glob__follows_gitattributes_rules(void **state)
{
	static const struct {
		const char *glob, *path;
		bool matches;
	} cases[] = {
		{"*.csv", "a.csv", true}, {"*.csv", "t/u/a.csv", true}, {"*.csv", "a.csv.gz", false},
		{"a.csv", "t/a.csv", true}, {"a.csv", "ba.csv", false}, {"?.csv", "t/a.csv", true},
		{"/a.csv", "a.csv", true}, {"/a.csv", "t/a.csv", false}, {"/*.csv", "t/a.csv", false},
		{"t/*.csv", "t/a.csv", true}, {"t/*.csv", "s/t/a.csv", false},
		{"t/*.csv", "t/u/a.csv", false}, {"/t/*.csv", "t/a.csv", true},
		{"*/a.csv", "t/a.csv", true}, {"*/a.csv", "a.csv", false},
		{"*/a.csv", "t/u/a.csv", false}, {"t*/a.csv", "train/a.csv", true},
		{"**/a.csv", "a.csv", true}, {"**/a.csv", "t/u/a.csv", true},
		{"**/t/*.csv", "t/a.csv", true}, {"**/t/*.csv", "s/r/t/a.csv", true},
		{"**/t/*.csv", "s/t/u/a.csv", false}, {"**/t/*.csv", "t/t/t/a.csv", true},
		{"t/**/a.csv", "t/a.csv", true}, {"t/**/a.csv", "t/u/v/a.csv", true},
		{"t/**/a.csv", "a.csv", false}, {"t/**", "t/a.csv", true},
		{"t/**", "t/u/a.csv", true}, {"t/**", "t", false}, {"t/**", "u/t/a.csv", false},
		{"t/", "t/u/a.csv", true}, {"t/", "u/a.csv", false}, {"/t/", "t/a.csv", true},
		{"/", "t/a.csv", true}, {"**/t/", "s/t/u/a.csv", true}, {"**/t/", "s/u/a.csv", false},
		{"**/t/**/u/*.csv", "t/u/t/x/u/a.csv", true}, {"**", "t/a.csv", true},
		{"**/**/a.csv", "a.csv", true}, {"t**/a.csv", "t/u/a.csv", false},
		{"a.csv/", "a.csv", false}, {"*", ".x.csv", true},
		{"t\\*/a.csv", "t*/a.csv", true}, {"t\\*/a.csv", "tx/a.csv", false},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++)
		if (rio_glob_matches(cases[i].glob, cases[i].path) != cases[i].matches)
			fail_msg("%s and %s", cases[i].glob, cases[i].path);
}

static void glob__takes_no_time_however_many_stars_there_are(void **state)
{
	char path[4001];

	for (size_t i = 0; i < sizeof(path) - 1; i++)
		path[i] = i % 2 ? '/' : 'a';
	path[sizeof(path) - 2] = 'b';
	path[sizeof(path) - 1] = '\0';
	assert_false(rio_glob_matches("**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/x", path));
}

static int parse(const char *text, struct rio_settings **ret, struct rio_error *err)
{
	return rio_settings_parse(text, strlen(text), "s.ini", "/data", ret, err);
}

static struct rio_options resolve(const char *text, const char *path)
{
	struct rio_settings *settings;
	struct rio_options options;
	struct rio_error err;

	if (parse(text, &settings, &err) ||
		rio_settings_resolve(settings, NULL, path, &options, NULL, &err))
		fail_msg("%ju:%ju: %s", (uintmax_t)err.line, (uintmax_t)err.column, err.message);
	rio_settings_destroy(settings);
	return options;
}

static void expect_label(const char *text, const char *path, const char *label)
{
	struct rio_options options = resolve(text, path);

	if (label)
		assert_string_equal(options.label, label);
	else
		assert_null(options.label);
	rio_options_deinit(&options);
}

static void settings__of_a_csv_are_those_of_a_compressed_one(void **state)
{
	static const char both[] = "[*.csv.gz]\nlabel = g\n[*.csv]\nlabel = c\n";
	static const char other[] = "[*.csv]\nlabel = c\n[t/*.gz]\nlabel = g\n";

	expect_label("[*.csv]\nlabel = c\n", "/data/a.csv.gz", "c");
	expect_label("[t/a.csv]\nlabel = c\n", "/data/t/a.csv.gz", "c");
	expect_label("[/a.csv]\nlabel = c\n", "/data/t/a.csv.gz", NULL);
	expect_label("[*.gz]\nlabel = c\n", "/data/a.csv.gz", "c");
	expect_label("[*.csv.gz]\nlabel = c\n", "/data/a.csv", NULL);
	expect_label("[*.csv]\nlabel = c\n", "/data/a.csv.gz.bak", NULL);
	expect_label(both, "/data/a.csv.gz", "c");
	expect_label(other, "/data/t/a.csv.gz", "g");
	expect_label(other, "/data/t/a.csv", "c");
#ifdef RIO_HAVE_ZSTD
	expect_label("[*.csv]\nlabel = c\n", "/data/a.csv.zst", "c");
#endif
}

static void settings__later_lines_win(void **state)
{
	static const char text[] = "label = top\n[*.csv]\nlabel=any\n[t/]\nlabel=t\n[t/b.csv]\n"
				   "drop=x\n[*1.csv]\nlabel=one\n";

	expect_label("", "/data/a.csv", NULL);
	expect_label("label = top", "/data/a.csv", "top");
	expect_label("label = top", NULL, "top");
	expect_label(text, NULL, "top");
	expect_label(text, "/data/a.csv", "any");
	expect_label(text, "/data/t/b.csv", "t");
	expect_label(text, "/data/t/1.csv", "one");
}

static void settings__a_command_line_wins(void **state)
{
	struct rio_choice choices[RIO_CHOICES_MAX];
	struct rio_settings *file, given = {0};
	struct rio_options options;
	struct rio_error err;

	assert_int_equal(parse("label=a\ndrop=b\n[*.csv]\nmissing=zero", &file, &err), 0);
	assert_int_equal(rio_settings_add(&given, "drop", "c", &err), 0);
	assert_int_equal(rio_settings_resolve(file, &given, "/data/a.csv", &options, choices, &err), 0);
	assert_string_equal(options.label, "a");
	assert_string_equal(options.drop, "c");
	for (size_t i = 0; rio_option_table[i].name; i++) {
		const char *name = rio_option_table[i].name;
		const struct rio_choice *c = &choices[i];

		if (strcmp(name, "label") == 0)
			assert_true(c->settings == file && c->setting->line == 1);
		else if (strcmp(name, "drop") == 0)
			assert_true(c->settings == &given);
		else if (strcmp(name, "missing") == 0)
			assert_string_equal(c->setting->section, "*.csv");
		else
			assert_null(c->setting);
	}
	rio_options_deinit(&options);
	rio_settings_deinit(&given);
	rio_settings_destroy(file);
}

static void settings__read_what_an_ini_may_hold(void **state)
{
	expect_label("\xef\xbb\xbf# x\r\n; y\r\n\r\n  label \t= a b \r\n", NULL, "a b");
	expect_label("[a.csv] ; why\nlabel=x ; because\n", "/data/a.csv", "x");
	expect_label("label: x:y\n", NULL, "x:y");
	expect_label("label=x;y#z\n", NULL, "x;y#z");
	expect_label("label = x\n  drop = y\n", NULL, "x");
}

static void settings__a_hyphen_is_an_underscore(void **state)
{
	struct rio_options options = resolve("label-dtype = float64", NULL);

	assert_int_equal(options.label_dtype, RIO_FLOAT64);
	rio_options_deinit(&options);
}

/* Lists of names get long: whatever the length, not a byte is lost. */
static void settings__lines_may_be_long(void **state)
{
	for (size_t nr = 1; nr < 400; nr++) {
		char list[8000] = "", text[9000];

		for (size_t i = 0; i < nr; i++)
			snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s%zu",
				i ? ":" : "", i % 7 ? "col umn" : "x;", i);
		snprintf(text, sizeof(text), "# %s\n  label =  %s\n", list, list);
		expect_label(text, NULL, list);
	}
}

/* Longer than a piece of inih's, with places in the remark where a value could be parted. */
static void settings__a_remark_of_any_length_is_no_value(void **state)
{
	char text[600];

	for (int len = 0; len < 250; len++) {
		snprintf(text, sizeof(text), "label = y ; %.*s http:a:b:c %0300d", len,
			"-----------------------------------------------------------------------------"
			"-----------------------------------------------------------------------------"
			"-----------------------------------------------------------------------------"
			"-------------------------", 0);
		expect_label(text, NULL, "y");
		snprintf(text, sizeof(text), "label = y%*s; z", len + 1, "");
		expect_label(text, NULL, "y");
	}
}

static const struct {
	const char *text, *told;
} wrong[] = {
	{"label=x\n\n  lable = y", "s.ini:3:3: there is no option 'lable'; is label meant?"},
	{"frobnicate=1", "s.ini:1:1: there is no option 'frobnicate'"},
	{"[t/]\n dtype =  int8", "s.ini:2:11: dtype=int8 is not understood: dtype takes "},
	{"delimiter = ;", "s.ini:1:13: delimiter has no value; ';' behind a blank begins a comment"},
	{"label =", "s.ini:1:8: label has no value"},
	{"label ; = x", "s.ini:1:1: expected NAME = VALUE, or [PATTERN]"},
	{"label\n", "s.ini:1:1: expected NAME = VALUE, or [PATTERN]"},
	{"x=1\n = y", "s.ini:2:2: expected NAME = VALUE, or [PATTERN]"},
	{"[t/*.csv\n", "s.ini:1:1: a section without its ']'"},
	{"[t/[ab].csv]\n", "s.ini:1:8: a section ends at its first ']': patterns have no [abc]"},
	{"[a[b.csv]\n", "s.ini:1:3: this cannot stand in a pattern"},
	{"[a ;b.csv]\n", "s.ini:1:4: this cannot stand in a pattern"},
	{"[]\nlabel=x", "s.ini:1:1: a section without a pattern"},
	{"[train]\nlabel=x", "s.ini:1:2: no CSV has such a name; all below a folder is [FOLDER/]"},
	{"[a/1234567890123456789012345678901234567890123456789]", "s.ini:1:1: a pattern of more "},
	{"[*.csv]\nsuffix=rec", "s.ini:2:1: suffix names all files of a mount: it stands before"},
	{"label=a\nlabel=b", "s.ini:2:1: label is set in line 1 already"},
	{"[a.csv]\nlabel=x\n[b.csv]\nlabel=y\nlabel=z", "s.ini:5:1: label is set in line 4 already"},
};

static void settings__mistakes_are_told_with_their_place(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(wrong); i++) {
		struct rio_settings *settings;
		struct rio_error err;
		char text[RIO_ERROR_TEXT_BYTES];

		assert_int_equal(parse(wrong[i].text, &settings, &err), RIO_EOPTION);
		rio_error_format(&err, text, sizeof(text));
		if (strncmp(text, wrong[i].told, strlen(wrong[i].told)) != 0)
			fail_msg("%s\nnot %s", text, wrong[i].told);
	}
}

static void settings__no_byte_is_nul_and_no_line_endless(void **state)
{
	struct rio_settings *settings;
	struct rio_error err;
	char text[1000];

	assert_int_equal(rio_settings_parse("a=1\nb\0=2", 8, "s.ini", "/", &settings, &err),
		RIO_EOPTION);
	assert_int_equal(err.line, 2);
	memset(text, 'x', sizeof(text));
	memcpy(text, "\nlabel=", 7);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse(text, &settings, &err), RIO_EOPTION);
	assert_string_equal(err.message, "a line too long, without a ':' to part it at");
	assert_int_equal(err.line, 2);
}

static void settings__a_pattern_that_begins_elsewhere_is_an_error(void **state)
{
	struct rio_settings *settings;
	struct rio_options options;
	struct rio_error err;

	assert_int_equal(parse("\n[t/*.csv]\nlabel=x", &settings, &err), 0);
	assert_int_equal(rio_settings_resolve(settings, NULL, "/database/t/a.csv", &options, NULL,
		&err), RIO_EOPTION);
	assert_int_equal(err.line, 3);
	assert_non_null(strstr(err.message, "[**/t/*.csv] begins anywhere"));
	rio_settings_destroy(settings);
	expect_label("[**/t/*.csv]\nlabel=x", "/elsewhere/t/a.csv", "x");
	expect_label("[a.csv]\nlabel=x", "/elsewhere/t/a.csv", "x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(glob__follows_gitattributes_rules),
		cmocka_unit_test(glob__takes_no_time_however_many_stars_there_are),
		cmocka_unit_test(settings__of_a_csv_are_those_of_a_compressed_one),
		cmocka_unit_test(settings__later_lines_win),
		cmocka_unit_test(settings__a_command_line_wins),
		cmocka_unit_test(settings__read_what_an_ini_may_hold),
		cmocka_unit_test(settings__a_hyphen_is_an_underscore),
		cmocka_unit_test(settings__lines_may_be_long),
		cmocka_unit_test(settings__a_remark_of_any_length_is_no_value),
		cmocka_unit_test(settings__mistakes_are_told_with_their_place),
		cmocka_unit_test(settings__no_byte_is_nul_and_no_line_endless),
		cmocka_unit_test(settings__a_pattern_that_begins_elsewhere_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
