/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands of `recordio` share: how one is described and called, how a
 * failure becomes a line on standard error and an exit code, and opening a file.
 *
 * Below it: all of core.  This folder alone prints.
 */
#ifndef RIO_TOOL_TOOL_H
#define RIO_TOOL_TOOL_H

#include "channel/job.h"
#include "dataset/dataset.h"
#include "settings/settings.h"

/* In the man page, too; scripts rely on them. */
enum rio_exit {
	RIO_EXIT_DONE = 0,
	RIO_EXIT_DATA = 1,   /* the data is wrong */
	RIO_EXIT_CALL = 2,   /* the call is wrong */
	RIO_EXIT_SYSTEM = 3, /* the system refused */
};

/* An option of one command alone. */
struct rio_tool_option {
	const char *name;
	const char *value; /* as the usage text shows it; NULL: it takes none */
	const char *help;
	bool repeats; /* may be given several times; one of a command's may */
};

#define RIO_TOOL_OPTIONS_MAX 5

struct rio_tool_call;

struct rio_tool_command {
	const char *name;
	const char *arguments; /* behind the options, in the usage text */
	const char *help;      /* a line */
	bool takes_job;        /* the words of rio_job_table are options, too */
	bool runs_command;     /* behind "--" stands one, and nothing else behind options */
	struct rio_tool_option options[RIO_TOOL_OPTIONS_MAX]; /* ended by a NULL name */
	enum rio_exit (*run)(const struct rio_tool_call *call);
};

extern const struct rio_tool_command rio_tool_cat, rio_tool_check, rio_tool_dump, rio_tool_feed,
	rio_tool_index, rio_tool_info;

/* A command line, read. */
struct rio_tool_call {
	struct rio_options options;               /* where there is no settings file */
	struct rio_settings given;                /* the encoding options of the line */
	struct rio_settings *config;              /* of --config; NULL: not given, or none */
	bool find_config;                         /* not given: look for each file's */
	struct rio_job job;                       /* of a command that takes one */
	struct rio_store *store;                  /* NULL: keep no maps */
	const char *values[RIO_TOOL_OPTIONS_MAX]; /* of the command's own; NULL: not given */
	const char **repeated;                    /* of the one that repeats; the array is owned */
	size_t nr_repeated;
	char **files;                             /* or the command; of argv, NULL behind them */
	size_t nr_files;
	bool help;
};

/*
 * Read argv[1..] for command into ret, which rio_tool_call_deinit releases, on
 * failure too.  RIO_EOPTION says what is wrong with the call.
 */
int rio_tool_parse(const struct rio_tool_command *command, int argc, char **argv,
	struct rio_tool_call *ret, struct rio_error *err);
void rio_tool_call_deinit(struct rio_tool_call *call);

/* The usage text of a command, from its table and rio_option_table. */
void rio_tool_usage(const struct rio_tool_command *command);

/* The one place where a code becomes an exit code. */
enum rio_exit rio_tool_exit(enum rio_code code);

/* Print err on standard error (but not that a reader closed its pipe). Its exit code. */
enum rio_exit rio_tool_report(const struct rio_error *err);

/* The worse of two exit codes: a refusing system, a wrong call, wrong data, none. */
static inline enum rio_exit rio_tool_worse(enum rio_exit a, enum rio_exit b)
{
	return a > b ? a : b;
}

/* A file that a command works on.  All owned. */
struct rio_tool_input {
	const char *name; /* borrowed */
	struct rio_source *source;
	char *store_path; /* absolute, or NULL where no map can be kept */
	struct rio_settings *found;      /* the settings file that was looked for, or NULL */
	const struct rio_settings *file; /* the one that counts: found, the call's, or NULL */
	struct rio_options options;      /* for this file, once described */
	struct rio_choice choices[RIO_CHOICES_MAX];
	struct rio_dataset *dataset;
};

/* Open name ("-" is standard input, if that is a regular file) without describing it. */
int rio_tool_input_open(const char *name, struct rio_tool_input *ret, struct rio_error *err);

/* Find the settings of an opened input, and its options. */
int rio_tool_input_resolve(struct rio_tool_input *input, const struct rio_tool_call *call,
	struct rio_error *err);

/*
 * Describe an opened input under its settings and the call's options.  store NULL keeps no map;
 * progress may be NULL.
 */
struct rio_progress;
int rio_tool_input_describe(struct rio_tool_input *input, const struct rio_tool_call *call,
	struct rio_store *store, struct rio_progress *progress, struct rio_error *err);

void rio_tool_input_deinit(struct rio_tool_input *input);

/* Write [off, end) of the encoded file to fd; what lies before a bad record is written. */
int rio_tool_write(const struct rio_tool_input *input, uint64_t off, uint64_t end, int fd,
	struct rio_error *err);

/* "label", "feature" or "dropped". */
const char *rio_tool_role(const struct rio_schema *schema, size_t column);

/* "64K" at *text; *text is then behind it. */
bool rio_tool_read_size(const char **text, uint64_t *ret);

/* "1.5 MiB", into text, which is returned. */
#define RIO_TOOL_SIZE_BYTES 32
char *rio_tool_size(uint64_t len_bytes, char text[RIO_TOOL_SIZE_BYTES]);

#endif
