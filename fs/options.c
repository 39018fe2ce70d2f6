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
 *	our own table                             ->  a setter
 *	all others                                ->  rio_options_set, which refuses
 */
#include "options.h"

#include "base/util.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define DEFAULT_MEMORY_BYTES (64 * (uint64_t)RIO_MIB)
/* Enough that some can wait for files being counted while others are served. */
#define DEFAULT_NR_THREADS 32
#define NR_THREADS_MAX     1024

struct parse {
	struct rfs_options *options;
	bool is_helper; /* run by mount(8) */
	int call;       /* enum rfs_call or a negative code */
	struct rio_error *err;
};

/* A number in base, all of the text, no sign. */
static bool parse_number(const char *text, int base, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t value;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, base);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}

static bool parse_size(const char *text, uint64_t *ret)
{
	static const char units[] = "KMG";
	_cleanup_free_ char *digits = strdup(text);
	size_t len = strlen(text);
	unsigned shift = 0;
	uint64_t value;

	if (!digits || !len)
		return false;
	for (size_t i = 0; units[i]; i++)
		if (text[len - 1] == units[i] || text[len - 1] == units[i] + ('a' - 'A'))
			shift = 10 * (unsigned)(i + 1);
	if (shift)
		digits[len - 1] = '\0';
	if (!parse_number(digits, 10, (uint64_t)SSIZE_MAX >> shift, &value))
		return false;
	*ret = value << shift;
	return true;
}

static bool set_index_dir(struct rfs_options *options, const char *value)
{
	free(options->index_dir);
	options->keep_maps = strcmp(value, "none") != 0;
	options->index_dir = options->keep_maps ? strdup(value) : NULL;
	return value[0] && (options->index_dir || !options->keep_maps);
}

static bool set_memory(struct rfs_options *options, const char *value)
{
	return parse_size(value, &options->memory_bytes);
}

static bool set_threads(struct rfs_options *options, const char *value)
{
	uint64_t n;

	if (!parse_number(value, 10, NR_THREADS_MAX, &n) || n == 0)
		return false;
	options->nr_threads = (unsigned)n;
	return true;
}

/* The largest id stands for "no id" in system calls. */
static bool set_uid(struct rfs_options *options, const char *value)
{
	uint64_t id;

	options->has_uid = parse_number(value, 10, UINT32_MAX - 1, &id);
	if (options->has_uid)
		options->uid = (uid_t)id;
	return options->has_uid;
}

static bool set_gid(struct rfs_options *options, const char *value)
{
	uint64_t id;

	options->has_gid = parse_number(value, 10, UINT32_MAX - 1, &id);
	if (options->has_gid)
		options->gid = (gid_t)id;
	return options->has_gid;
}

static bool set_umask(struct rfs_options *options, const char *value)
{
	uint64_t mask;

	if (!parse_number(value, 8, 0777, &mask))
		return false;
	options->umask = (mode_t)mask;
	return true;
}

static bool set_layout(struct rfs_options *options, const char *value)
{
	return strcmp(value, "mirror") == 0;
}

static bool set_allow_other(struct rfs_options *options, const char *value)
{
	options->allow_other = true;
	return true;
}

const struct rio_option_info rfs_option_table[] = {
	{"layout", "mirror", "what is shown: SOURCE's folders with their CSV files encoded"},
	{"index_dir", "DIR|none", "where offset maps are kept; else the user's cache folder"},
	{"memory", "SIZE", "for encoding ahead of sequential readers; else 64M, 0 is none"},
	{"threads", "COUNT", "requests worked on at the same time; else 32"},
	{"uid", "ID", "who owns files and folders; else each source's owner"},
	{"gid", "ID", "their group; else each source's group"},
	{"umask", "MASK", "permission bits to take away, in octal; else 0"},
	{"allow_other", NULL, "let other users in, as permission bits allow"},
	{NULL, NULL, NULL},
};

/* In the table's order. */
static bool (*const setters[])(struct rfs_options *, const char *) = {
	set_layout, set_index_dir, set_memory, set_threads,
	set_uid,    set_gid,       set_umask,  set_allow_other,
};

_Static_assert(RIO_ARRAY_SIZE(setters) + 1 == RIO_ARRAY_SIZE(rfs_option_table),
	"an option, a setter");

/* What mount(8) and fstab say to others, or what is so in any case. */
static bool is_dropped(const char *word)
{
	static const char *const words[] = {
		"rw", "ro", "defaults", "auto", "noauto", "user", "nouser", "users", "owner",
		"group", "nofail", "_netdev", "dev", "nodev", "suid", "nosuid", "exec", "async",
		"sync", "dirsync", "atime", "noatime", "diratime", "nodiratime", "relatime",
		"norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "silent",
		"loud", "mand", "nomand", "iversion", "noiversion",
	};
	static const char *const prefixes[] = {"x-", "X-", "comment=", "user="};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	for (size_t i = 0; i < RIO_ARRAY_SIZE(prefixes); i++)
		if (strncmp(word, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static bool is_for_kernel(const char *word)
{
	static const char *const prefixes[] = {
		"context=", "fscontext=", "defcontext=", "rootcontext="};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(prefixes); i++)
		if (strncmp(word, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return strcmp(word, "noexec") == 0;
}

static int fail_memory(struct rio_error *err)
{
	return rio_fail(err, RIO_ENOMEM, "out of memory");
}

/* 1: it was ours and is set; 0: it is not ours. */
static int set_own(struct rfs_options *options, const char *name, const char *value,
	struct rio_error *err)
{
	for (size_t i = 0; rfs_option_table[i].name; i++) {
		const struct rio_option_info *info = &rfs_option_table[i];

		if (strcmp(info->name, name) != 0)
			continue;
		if (!info->values && value)
			return rio_fail(err, RIO_EOPTION, "%s takes no value", name);
		if (info->values && !value)
			return rio_fail(err, RIO_EOPTION, "%s needs a value: %s", name,
				info->values);
		if (!setters[i](options, value))
			return rio_fail(err, RIO_EOPTION, "%s=%s is not understood: %s takes %s",
				name, value, name, info->values);
		return 1;
	}
	return 0;
}

static int set_word(struct rfs_options *options, const char *word, struct rio_error *err)
{
	_cleanup_free_ char *name = strdup(word);
	char *joined, *value;
	int r;

	if (!name)
		return fail_memory(err);
	value = strchr(name, '=');
	if (value)
		*value++ = '\0';
	r = set_own(options, name, value, err);
	if (r < 0)
		return r;
	if (!r && !value)
		return rio_fail(err, RIO_EOPTION, "unknown option: %s", name);
	r = r ? 0 : rio_options_set(&options->encoding, name, value, err);
	if (r)
		return r;
	if (asprintf(&joined, "%s%s%s", options->given, options->given[0] ? "," : "", word) < 0)
		return fail_memory(err);
	free(options->given);
	options->given = joined;
	return 0;
}

static int to_session(struct rfs_options *options, const char *word, struct rio_error *err)
{
	_cleanup_free_ char *list = NULL;

	if (fuse_opt_add_opt_escaped(&list, word) || fuse_opt_add_arg(&options->session, "-o") ||
		fuse_opt_add_arg(&options->session, list))
		return fail_memory(err);
	return 0;
}

static int set_path(struct parse *parse, const char *path)
{
	struct rfs_options *options = parse->options;
	char **field = !options->source ? &options->source : &options->mountpoint;

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
		if (!word[0] || is_dropped(word))
			return 0;
		if (is_for_kernel(word))
			return to_session(options, word, parse->err);
		return set_word(options, word, parse->err);
	}
	return rio_fail(parse->err, RIO_EOPTION, "unknown option: %s", word);
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
		.options = ret, .is_helper = argc > 0 && is_mount_helper(argv[0]), .err = err};
	int r;

	*ret = (struct rfs_options){
		.keep_maps = true,
		.memory_bytes = DEFAULT_MEMORY_BYTES,
		.nr_threads = DEFAULT_NR_THREADS,
	};
	r = rio_options_init(&ret->encoding, err);
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
	if (!ret->mountpoint)
		return rio_fail(err, RIO_EOPTION, "SOURCE and MOUNTPOINT are needed");
	r = rio_options_check(&ret->encoding, err);
	return r ? r : RFS_CALL_MOUNT;
}

void rfs_options_deinit(struct rfs_options *options)
{
	rio_options_deinit(&options->encoding);
	fuse_opt_free_args(&options->session);
	free(options->source);
	free(options->mountpoint);
	free(options->index_dir);
	free(options->given);
}

static void print_table(FILE *file, const struct rio_option_info *table)
{
	for (; table->name; table++) {
		int n = fprintf(file, "  %s%s%s", table->name, table->values ? "=" : "",
			table->values ? table->values : "");

		fprintf(file, "%*s%s\n", n < 34 ? 34 - n : 2, "", table->help);
	}
}

void rfs_options_usage(FILE *file)
{
	fprintf(file, "Usage: recordiofs SOURCE MOUNTPOINT [-f] [-o OPTION[,OPTION...]]\n"
		      "Show the CSV files below the folder SOURCE as RecordIO files.\n\n"
		      "  -f                              stay in the foreground\n"
		      "  -o OPTION[,OPTION...]           see below\n"
		      "  -h, --help                      print this\n"
		      "  -V, --version                   print the version\n\n"
		      "Encoding, the default first (lists are separated by ':'):\n");
	print_table(file, rio_option_table);
	fprintf(file, "\nThe mount:\n");
	print_table(file, rfs_option_table);
	fprintf(file, "\nUnmount with: fusermount3 -u MOUNTPOINT\n");
}
