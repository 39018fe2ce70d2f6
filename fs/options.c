/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three callers speak to this parser: people, mount.fuse3 (for -t
 * fuse.recordiofs: SOURCE MOUNTPOINT -o words), and mount itself through a link
 * /sbin/mount.recordiofs, which adds -n, -s, -v, -t TYPE and means by -f "fake".
 * libfuse's fuse_opt cuts the line and the -o lists (\, is a comma inside a
 * value); what a word means is looked up here, in this order:
 *
 *	words of mount(8) that say nothing to us  ->  dropped
 *	words for the kernel                      ->  session
 *	our own table                             ->  a setter (option_table.c)
 *	core's table                              ->  rio_options_set
 *	a training job's                          ->  rio_job_set
 *
 * What is left is refused, with a hint where it is plain what was meant.
 */
#include "options.h"

#include "base/util.h"
#include "mount_words.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define DEFAULT_MEMORY_BYTES (64 * (uint64_t)RIO_MIB)
/* Enough that some can wait for files being counted while others are served. */
#define DEFAULT_NR_THREADS 16

struct parse {
	struct rfs_options *options;
	int argc;
	char **argv;
	bool is_helper; /* run by mount(8) */
	int call;       /* enum rfs_call or a negative code */
	struct rio_error *err;
};

static int fail_memory(struct rio_error *err)
{
	return rio_fail(err, RIO_ENOMEM, "out of memory");
}

static const struct rio_option_info *find_in(const struct rio_option_info *table,
	const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static const struct rio_option_info *find(const char *name)
{
	const struct rio_option_info *own = find_in(rfs_option_table, name);

	if (!own)
		own = find_in(rio_option_table, name);
	return own ? own : find_in(rio_job_table, name);
}

/* Cut word behind the name, in which a hyphen is as good as an underscore; its value or NULL. */
static char *split(char *word)
{
	for (; *word && *word != '='; word++)
		if (*word == '-')
			*word = '_';
	if (!*word)
		return NULL;
	*word = '\0';
	return word + 1;
}

/* A comma in a list of columns ends the word: what is behind it comes here. */
static int fail_unknown(const struct rfs_options *options, const char *word,
	struct rio_error *err)
{
	static const char *const lists[] = {"label=", "features=", "drop="};
	const char *comma = strrchr(options->given, ',');
	const char *last = comma ? comma + 1 : options->given;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(lists); i++)
		if (strncmp(last, lists[i], strlen(lists[i])) == 0 && !strchr(word, '='))
			return rio_fail(err, RIO_EOPTION,
				"unknown option: %s; lists are written %s:%s", word, last, word);
	return rio_fail(err, RIO_EOPTION, "unknown option: %.*s", (int)strcspn(word, "="), word);
}

static int set_encoding(struct rfs_options *options, const char *name, const char *value,
	struct rio_error *err)
{
	int r;

	/* What libfuse leaves of "," and of "\t". */
	if (strcmp(name, "delimiter") == 0 && !*value)
		return rio_fail(err, RIO_EOPTION,
			"delimiter= has no value; a comma is written 'delimiter=\\,'");
	if (strcmp(name, "delimiter") == 0 && strcmp(value, "t") == 0)
		return rio_fail(err, RIO_EOPTION,
			"delimiter=t is not understood; a tab is written delimiter=tab");
	r = rio_options_set(&options->encoding, name, value, err);
	return r ? r : rio_settings_add(&options->given_encoding, name, value, err);
}

static int set_job(struct rfs_options *options, const char *name, const char *value,
	struct rio_error *err)
{
	options->job_word = find_in(rio_job_table, name)->name;
	return rio_job_set(&options->job, name, value, err);
}

/* A channel in File mode holds its objects: what is more would be trained with, too. */
static int check_views(const struct rfs_options *options, struct rio_error *err)
{
	const char *given = options->passthrough ? "passthrough"
			    : options->concat    ? "concat"
			    : options->idx       ? "idx"
			    : options->nr_shards ? "shards"
						 : NULL;

	if (!given)
		return 0;
	return rio_fail(err, RIO_EOPTION, "%s does not go with layout=sagemaker, which shows a "
		"channel's own files", given);
}

/* Words come in any order, so only the end tells whether they are wanted. */
static int check_job(const struct rfs_options *options, struct rio_error *err)
{
	int r;

	if (options->layout == RFS_SAGEMAKER) {
		r = rio_job_check(&options->job, err);
		return r ? r : check_views(options, err);
	}
	if (!options->job_word)
		return 0;
	return rio_fail(err, RIO_EOPTION, "%s is about a training job: add layout=sagemaker",
		options->job_word);
}

static int note_given(struct rfs_options *options, const char *word, struct rio_error *err)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", options->given, options->given[0] ? "," : "", word) < 0)
		return fail_memory(err);
	free(options->given);
	options->given = joined;
	return 0;
}

static int set_word(struct rfs_options *options, const char *word, struct rio_error *err)
{
	_cleanup_free_ char *name = strdup(word);
	const struct rio_option_info *info;
	const char *value;
	int r;

	if (!name)
		return fail_memory(err);
	value = split(name);
	info = find(name);
	if (!info)
		return fail_unknown(options, word, err);
	if (!info->values && value)
		return rio_fail(err, RIO_EOPTION, "%s takes no value", name);
	if (info->values && !value)
		return rio_fail(err, RIO_EOPTION, "%s needs a value: %s", name, info->values);
	if (find_in(rfs_option_table, name))
		r = rfs_option_set(options, info, value, err);
	else if (find_in(rio_option_table, name))
		r = set_encoding(options, name, value, err);
	else
		r = set_job(options, name, value, err);
	return r ? r : note_given(options, word, err);
}

static int to_session(struct rfs_options *options, const char *word, struct rio_error *err)
{
	_cleanup_free_ char *list = NULL;

	if (fuse_opt_add_opt_escaped(&list, word) || fuse_opt_add_arg(&options->session, "-o") ||
		fuse_opt_add_arg(&options->session, list))
		return fail_memory(err);
	return 0;
}

/* What stands behind word on the line. */
static const char *word_behind(const struct parse *parse, const char *word)
{
	for (int i = 1; i + 1 < parse->argc; i++)
		if (strcmp(parse->argv[i], word) == 0)
			return parse->argv[i + 1];
	return "VALUE";
}

/* Options are written --label price for recordio, not here. */
static int fail_dashed(const struct parse *parse, const char *word)
{
	_cleanup_free_ char *name = strdup(word + strspn(word, "-"));
	const struct rio_option_info *info;
	const char *value;

	if (!name)
		return fail_memory(parse->err);
	value = split(name);
	info = find(name);
	if (!info)
		return rio_fail(parse->err, RIO_EOPTION, "unknown option: %s", word);
	if (!info->values)
		return rio_fail(parse->err, RIO_EOPTION, "unknown option: %s; write -o %s", word,
			name);
	return rio_fail(parse->err, RIO_EOPTION, "unknown option: %s; write -o %s=%s", word, name,
		value ? value : word_behind(parse, word));
}

static int set_path(struct parse *parse, const char *path)
{
	struct rfs_options *options = parse->options;
	char **field = !options->source ? &options->source : &options->mountpoint;

	if (*field && strchr(path, '='))
		return rio_fail(parse->err, RIO_EOPTION,
			"one argument too many: %s; write -o %s", path, path);
	if (*field)
		return rio_fail(parse->err, RIO_EOPTION, "one argument too many: %s", path);
	if (!path[0])
		return rio_fail(parse->err, RIO_EOPTION, "an empty path");
	*field = strdup(path);
	return *field ? 0 : fail_memory(parse->err);
}

enum { KEY_HELP, KEY_VERSION, KEY_FOREGROUND, KEY_HELPER };

static const struct fuse_opt line[] = {
	FUSE_OPT_KEY("-h", KEY_HELP),
	FUSE_OPT_KEY("--help", KEY_HELP),
	FUSE_OPT_KEY("-V", KEY_VERSION),
	FUSE_OPT_KEY("--version", KEY_VERSION),
	FUSE_OPT_KEY("-f", KEY_FOREGROUND),
	FUSE_OPT_KEY("-n", KEY_HELPER),
	FUSE_OPT_KEY("-s", KEY_HELPER),
	FUSE_OPT_KEY("-v", KEY_HELPER),
	FUSE_OPT_KEY("-t ", KEY_HELPER),
	FUSE_OPT_KEY("-N ", KEY_HELPER),
	FUSE_OPT_END,
};

/* A word of the line.  fuse_opt takes the '-' off what -o lists, and off nothing else. */
static int take_word(struct parse *parse, const char *word, int key)
{
	struct rfs_options *options = parse->options;

	switch (key) {
	case FUSE_OPT_KEY_NONOPT:
		return set_path(parse, word);
	case KEY_HELP:
		return RFS_CALL_HELP;
	case KEY_VERSION:
		return RFS_CALL_VERSION;
	case KEY_FOREGROUND:
		*(parse->is_helper ? &options->fake : &options->foreground) = true;
		return 0;
	case KEY_HELPER:
		if (parse->is_helper)
			return 0;
		break;
	default:
		if (word[0] == '-')
			break;
		options->says_rw |= strcmp(word, "rw") == 0;
		options->is_from_mount |= rfs_word_is_added(word);
		if (!word[0] || rfs_word_is_dropped(word))
			return 0;
		if (rfs_word_is_for_kernel(word))
			return to_session(options, word, parse->err);
		return set_word(options, word, parse->err);
	}
	return fail_dashed(parse, word);
}

static int on_word(void *data, const char *word, int key, struct fuse_args *out)
{
	struct parse *parse = data;

	parse->call = take_word(parse, word, key);
	return parse->call ? -1 : 0;
}

static bool is_mount_helper(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strncmp(slash ? slash + 1 : argv0, "mount.", strlen("mount.")) == 0;
}

int rfs_options_parse(struct rfs_options *ret, int argc, char **argv, struct rio_error *err)
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	struct parse parse = {
		.options = ret,
		.argc = argc,
		.argv = argv,
		.is_helper = argc > 0 && is_mount_helper(argv[0]),
		.err = err,
	};
	int r;

	*ret = (struct rfs_options){
		.is_from_mount = parse.is_helper,
		.keep_maps = true,
		.memory_bytes = DEFAULT_MEMORY_BYTES,
		.nr_threads = DEFAULT_NR_THREADS,
	};
	r = rio_options_init(&ret->encoding, err);
	if (!r)
		r = rio_job_init(&ret->job, err);
	if (r)
		return r;
	ret->given = strdup("");
	if (!ret->given || fuse_opt_add_arg(&ret->session, "recordiofs"))
		return fail_memory(err);

	r = fuse_opt_parse(&args, &parse, line, on_word);
	fuse_opt_free_args(&args);
	if (parse.call)
		return parse.call;
	if (r)
		return rio_fail(err, RIO_EOPTION, "the last option needs a value");
	if (!ret->source)
		return rio_fail(err, RIO_EOPTION, "SOURCE and MOUNTPOINT are missing");
	if (!ret->mountpoint)
		return rio_fail(err, RIO_EOPTION, "MOUNTPOINT is missing: recordiofs %s MOUNTPOINT",
			ret->source);
	r = rio_options_check(&ret->encoding, err);
	if (!r)
		r = check_job(ret, err);
	return r ? r : RFS_CALL_MOUNT;
}

void rfs_options_deinit(struct rfs_options *options)
{
	rio_options_deinit(&options->encoding);
	fuse_opt_free_args(&options->session);
	free(options->source);
	free(options->mountpoint);
	rio_settings_deinit(&options->given_encoding);
	free(options->config);
	rio_job_deinit(&options->job);
	free(options->index_dir);
	free(options->given);
}
