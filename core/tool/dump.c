/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON line a record, written as the record is read, so that the longest record is
 * all that memory holds.
 */
#include "tool/record_json.h"
#include "tool/records.h"

#include <stdio.h>

enum { OPTION_RAW, OPTION_MAX_RECORD };

#define OUT_BYTES (256 * RIO_KIB)

static int dump_records(const struct rio_tool_call *call, struct rio_tool_records *records,
	struct rio_error *err)
{
	struct rio_framed framed;
	uint64_t number = 0;
	int r;

	while ((r = rio_unframe_next(&records->unframe, &framed, err)) == 0) {
		if (call->values[OPTION_RAW])
			rio_record_json_raw(stdout, number++, &framed);
		else
			r = rio_record_json(stdout, number++, &framed, err);
		if (r)
			break;
		/* Nobody reads on: writing is over, and reading with it. */
		if (ferror(stdout))
			return 0;
	}
	if (r < 0)
		rio_error_set_file(err, records->name);
	return r < 0 ? r : 0;
}

static int dump_file(const struct rio_tool_call *call, const char *name,
	size_t record_bytes_max, struct rio_error *err)
{
	_cleanup_(rio_tool_records_close) struct rio_tool_records records;
	int r = rio_tool_records_open(call, name, record_bytes_max, NULL, &records, err);

	return r ? r : dump_records(call, &records, err);
}

static int dump_files(const struct rio_tool_call *call, struct rio_error *err)
{
	size_t record_bytes_max;
	int r = rio_tool_record_max(call->values[OPTION_MAX_RECORD], &record_bytes_max, err);

	if (r)
		return r;
	if (!call->nr_files)
		return rio_fail(err, RIO_EOPTION, "dump needs a FILE; see recordio dump --help");
	for (size_t i = 0; !r && i < call->nr_files; i++)
		r = dump_file(call, call->files[i], record_bytes_max, err);
	return r;
}

static enum rio_exit dump(const struct rio_tool_call *call)
{
	struct rio_error err;
	int r;

	setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, OUT_BYTES);
	r = dump_files(call, &err);
	/* What came before an error stands before it. */
	if (r)
		fflush(stdout);
	return r ? rio_tool_report(&err) : RIO_EXIT_DONE;
}

const struct rio_tool_command rio_tool_dump = {
	.name = "dump",
	.arguments = "FILE...",
	.help = "Print the records of RecordIO files, or of CSV files, a line of JSON each",
	.options = {
		[OPTION_RAW] = {"raw", NULL, "of each record only place, length and first bytes"},
		[OPTION_MAX_RECORD] = {"max_record", "SIZE",
			"a longer record is an error; else 64M"},
	},
	.run = dump,
};
