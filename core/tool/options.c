/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line into a call.  getopt_long does the reading; its table is put
 * together from four: the command's own options, the common ones, the words of a
 * training job (channel/job) where the command takes them, and the encoding options
 * of schema/options.  The usage text comes from the same.
 *
 * An underscore in a name may be typed as a hyphen: such a name stands twice in
 * getopt's table, with one value.
 */
#include "settings/load.h"
#include "tool/tool.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { COMMON_INDEX_DIR, COMMON_CONFIG, COMMON_HELP };

static const struct rio_tool_option common[] = {
	[COMMON_INDEX_DIR] = {"index_dir", "DIR|none",
		"where offset maps are kept; else the user's cache folder"},
	[COMMON_CONFIG] = {"config", "FILE|none",
		"settings by folder; else of the nearest recordiofs.ini"},
	[COMMON_HELP] = {"help", NULL, "this text"},
};

/* What getopt_long returns: which table, and which line of it. */
enum { OWN = 0x100, COMMON = 0x200, ENCODING = 0x400, JOB = 0x800, LINE = 0xff };

enum { NAME_BYTES = 32, LONG_OPTIONS_MAX = 64 };

struct getopt_table {
	struct option options[LONG_OPTIONS_MAX + 1];
	char hyphened[LONG_OPTIONS_MAX][NAME_BYTES];
	size_t nr;
};

static void add_name(struct getopt_table *table, const char *name, bool has_value, int code)
{
	table->options[table->nr++] = (struct option){
		.name = name,
		.has_arg = has_value ? required_argument : no_argument,
		.val = code,
	};
}

static void add(struct getopt_table *table, const char *name, bool has_value, int code)
{
	char *hyphened = table->hyphened[table->nr];

	add_name(table, name, has_value, code);
	if (!strchr(name, '_'))
		return;
	snprintf(hyphened, NAME_BYTES, "%s", name);
	for (char *p = hyphened; (p = strchr(p, '_'));)
		*p = '-';
	add_name(table, hyphened, has_value, code);
}

static void fill(struct getopt_table *table, const struct rio_tool_command *command)
{
	memset(table, 0, sizeof(*table));
	for (int i = 0; i < RIO_TOOL_OPTIONS_MAX && command->options[i].name; i++)
		add(table, command->options[i].name, command->options[i].value, OWN | i);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(common); i++)
		add(table, common[i].name, common[i].value, COMMON | (int)i);
	for (int i = 0; command->takes_job && rio_job_table[i].name; i++)
		add(table, rio_job_table[i].name, true, JOB | i);
	for (int i = 0; rio_option_table[i].name; i++)
		add(table, rio_option_table[i].name, true, ENCODING | i);
}

/* The options of which argument's name is the begin, as "--a, --b"; how many. */
static size_t list_meant(const struct getopt_table *table, const char *argument, char *text,
	size_t text_bytes)
{
	const char *name = argument + strlen("--");
	size_t name_bytes = strcspn(name, "="), nr = 0, len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < table->nr && len < text_bytes; i++) {
		/* A name with hyphens stands behind the same with underscores. */
		if (strncmp(table->options[i].name, name, name_bytes) != 0 ||
			(i && table->options[i].val == table->options[i - 1].val))
			continue;
		len += (size_t)snprintf(text + len, text_bytes - len, "%s--%s", nr++ ? ", " : "",
			table->options[i].name);
	}
	return nr;
}

/* What getopt_long complains of, told our way.  optopt says which option it knew. */
static int fail_on(const struct rio_tool_command *command, const struct getopt_table *table,
	const char *argument, int code, struct rio_error *err)
{
	char meant[256], letter[] = {'-', (char)optopt, '\0'};

	if (code == ':' || optopt >= OWN)
		return rio_fail(err, RIO_EOPTION, "%s %s; recordio %s --help lists the options",
			argument, code == ':' ? "needs a value" : "takes no value",
			command->name);
	if (!optopt && list_meant(table, argument, meant, sizeof(meant)) > 1)
		return rio_fail(err, RIO_EOPTION, "%s may mean %s", argument, meant);
	return rio_fail(err, RIO_EOPTION, "unknown option: %s; recordio %s --help lists them",
		optopt ? letter : argument, command->name);
}

/* As for recordiofs: -o label=price.  words is NULL where -o ends the line. */
static int fail_mount_style(const char *words, struct rio_error *err)
{
	const char *value = words ? strchr(words, '=') : NULL;

	if (!value)
		return rio_fail(err, RIO_EOPTION, "unknown option: -o; write --OPTION VALUE");
	return rio_fail(err, RIO_EOPTION, "unknown option: -o; write --%.*s %.*s",
		(int)(value - words), words, (int)strcspn(value + 1, ","), value + 1);
}

/* What of the line is looked at once all of it is read. */
struct common_values {
	const char *index_dir;
	const char *config;
};

static int repeat(struct rio_tool_call *call, const char *value, struct rio_error *err)
{
	const char **more = reallocarray(call->repeated, call->nr_repeated + 1, sizeof(*more));

	if (!more)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	call->repeated = more;
	call->repeated[call->nr_repeated++] = value;
	return 0;
}

static int take(const struct rio_tool_command *command, struct rio_tool_call *call,
	struct common_values *values, int code, const char *value, struct rio_error *err)
{
	int line = code & LINE;

	if (code & ENCODING) {
		const char *name = rio_option_table[line].name;
		int r = rio_options_set(&call->options, name, value, err);

		return r ? r : rio_settings_add(&call->given, name, value, err);
	}
	if (code & JOB)
		return rio_job_set(&call->job, rio_job_table[line].name, value, err);
	if ((code & OWN) && command->options[line].repeats)
		return repeat(call, value, err);
	if (code & OWN)
		call->values[line] = value ? value : "";
	else if (line == COMMON_INDEX_DIR)
		values->index_dir = value;
	else if (line == COMMON_CONFIG)
		values->config = value;
	else
		call->help = true;
	return 0;
}

static int open_common(struct rio_tool_call *call, const struct common_values *values,
	struct rio_error *err)
{
	int r = 0;

	call->find_config = !values->config;
	if (values->config && strcmp(values->config, "none") != 0)
		r = rio_settings_load(values->config, &call->config, err);
	if (!r && values->index_dir && strcmp(values->index_dir, "none") != 0)
		r = rio_store_create(values->index_dir, &call->store, err);
	else if (!r && !values->index_dir && rio_store_create(NULL, &call->store, NULL))
		call->store = NULL; /* a user without a home: all but index works without maps */
	return r;
}

/* What options mean together, and what stands behind them. */
static int check_call(const struct rio_tool_command *command, const struct rio_tool_call *call,
	struct rio_error *err)
{
	int r = rio_options_check(&call->options, err);

	if (!r && command->takes_job)
		r = rio_job_check(&call->job, err);
	if (!r && command->runs_command && call->nr_files && strcmp(call->files[-1], "--") != 0)
		r = rio_fail(err, RIO_EOPTION, "one argument too many: %s; the command to run "
			"stands behind --", call->files[0]);
	return r;
}

int rio_tool_parse(const struct rio_tool_command *command, int argc, char **argv,
	struct rio_tool_call *ret, struct rio_error *err)
{
	struct getopt_table table;
	struct common_values values = {0};
	/* A command's own options are its own: none is looked for behind the first word. */
	const char *letters = command->runs_command ? "+:ho:" : ":ho:";
	int code, r = rio_options_init(&ret->options, err);

	if (!r)
		r = rio_job_init(&ret->job, err);
	fill(&table, command);
	opterr = 0;
	optind = 0; /* glibc's way to begin anew */
	while (!r && (code = getopt_long(argc, argv, letters, table.options, NULL)) != -1) {
		if (code == 'o' || (code == ':' && optopt == 'o'))
			r = fail_mount_style(optarg, err);
		else if (code == ':' || code == '?')
			r = fail_on(command, &table, argv[optind - 1], code, err);
		else if (code == 'h')
			ret->help = true;
		else
			r = take(command, ret, &values, code, optarg, err);
	}
	ret->files = argv + optind;
	ret->nr_files = (size_t)(argc - optind);
	if (!r && !ret->help)
		r = check_call(command, ret, err);
	if (!r && !ret->help)
		r = open_common(ret, &values, err);
	return r;
}

void rio_tool_call_deinit(struct rio_tool_call *call)
{
	rio_options_deinit(&call->options);
	rio_job_deinit(&call->job);
	free(call->repeated);
	rio_settings_deinit(&call->given);
	rio_settings_destroy(call->config);
	rio_store_destroy(call->store);
}

static void print_option(const char *name, const char *value, const char *help)
{
	char left[128];

	snprintf(left, sizeof(left), "--%s%s%s", name, value ? " " : "", value ? value : "");
	printf("  %-35s  %s\n", left, help);
}

void rio_tool_usage(const struct rio_tool_command *command)
{
	printf("Usage: recordio %s [OPTION]... %s\n%s\n\nOptions:\n", command->name,
		command->arguments, command->help);
	for (size_t i = 0; i < RIO_TOOL_OPTIONS_MAX && command->options[i].name; i++)
		print_option(command->options[i].name, command->options[i].value,
			command->options[i].help);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(common); i++)
		print_option(common[i].name, common[i].value, common[i].help);
	if (command->takes_job)
		puts("\nWhat the training job says (what comes first is the default):");
	for (size_t i = 0; command->takes_job && rio_job_table[i].name; i++)
		print_option(rio_job_table[i].name, rio_job_table[i].values, rio_job_table[i].help);
	puts("\nHow a CSV is read and encoded (what comes first is the default):");
	for (size_t i = 0; rio_option_table[i].name; i++)
		print_option(rio_option_table[i].name, rio_option_table[i].values,
			rio_option_table[i].help);
	puts("\nCOLUMNS are names or numbers from 0, separated by ':'; a range is 1-10.");
}
