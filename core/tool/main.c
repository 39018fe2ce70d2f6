/* SPDX-License-Identifier: Apache-2.0 */
/* The command recordio: which command, and what becomes of what it returns. */
#include "tool/tool.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct rio_tool_command *const commands[] = {
	&rio_tool_cat, &rio_tool_index, &rio_tool_info, &rio_tool_check, &rio_tool_dump,
	&rio_tool_feed,
};

enum rio_exit rio_tool_exit(enum rio_code code)
{
	switch (code) {
	case RIO_OK:
		return RIO_EXIT_DONE;
	case RIO_EROW:
	case RIO_ESCHEMA:
	case RIO_EDAMAGED:
	case RIO_ESOURCE_CHANGED:
	case RIO_ENOT_INDEXED:
	case RIO_EMAP_STALE:
	case RIO_EMAP_DAMAGED:
		return RIO_EXIT_DATA;
	case RIO_EOPTION:
	case RIO_EPAST_END:
		return RIO_EXIT_CALL;
	case RIO_ENOMEM:
	case RIO_ESYSTEM:
		break;
	}
	return RIO_EXIT_SYSTEM;
}

enum rio_exit rio_tool_report(const struct rio_error *err)
{
	char text[RIO_ERROR_TEXT_BYTES];

	if (err->code != RIO_ESYSTEM || err->sys_errno != EPIPE)
		fprintf(stderr, "recordio: %s\n", rio_error_format(err, text, sizeof(text)));
	return rio_tool_exit(err->code);
}

static void usage(FILE *out)
{
	fputs("Usage: recordio COMMAND [OPTION]... [FILE]...\n"
	      "CSV files as SageMaker's RecordIO-protobuf, without converting them.\n\n"
	      "Commands:\n",
		out);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->help);
	fputs("\nrecordio COMMAND --help tells its options, recordio --version the version.\n"
	      "Exit codes: 0 done, 1 wrong data, 2 wrong call, 3 the system refused.\n",
		out);
}

static enum rio_exit run(const struct rio_tool_command *command, int argc, char **argv)
{
	_cleanup_(rio_tool_call_deinit) struct rio_tool_call call = {0};
	struct rio_error err;

	if (rio_tool_parse(command, argc, argv, &call, &err) < 0)
		return rio_tool_report(&err);
	if (call.help) {
		rio_tool_usage(command);
		return RIO_EXIT_DONE;
	}
	return command->run(&call);
}

static enum rio_exit dispatch(int argc, char **argv)
{
	struct rio_error err;

	if (argc < 2) {
		usage(stderr);
		return RIO_EXIT_CALL;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return RIO_EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("recordio " RIO_VERSION);
		return RIO_EXIT_DONE;
	}
	for (size_t i = 0; i < RIO_ARRAY_SIZE(commands); i++)
		if (strcmp(argv[1], commands[i]->name) == 0)
			return run(commands[i], argc - 1, argv + 1);
	if (argv[1][0] == '-')
		rio_fail(&err, RIO_EOPTION,
			"unknown option: %s; options stand behind a command, as recordio cat %s",
			argv[1], argv[1]);
	else
		rio_fail(&err, RIO_EOPTION, "there is no command '%s'; recordio --help lists them",
			argv[1]);
	return rio_tool_report(&err);
}

int main(int argc, char **argv)
{
	enum rio_exit code = dispatch(argc, argv);

	/* A full disk shows only here, for what was printed. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		struct rio_error err;

		rio_fail_errno(&err, errno, "cannot write to standard output");
		code = rio_tool_worse(code, rio_tool_report(&err));
	}
	return code;
}
