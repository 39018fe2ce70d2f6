/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_RANGE };

/* [off, end) of all files, one behind the other. */
struct range {
	uint64_t off;
	uint64_t end;
};

static int read_range(const char *text, struct range *ret, struct rio_error *err)
{
	struct range range = {0, UINT64_MAX};
	uint64_t len_bytes;
	const char *p = text;
	bool ok = true;

	if (text) {
		ok = rio_tool_read_size(&p, &range.off) && *p++ == ':';
		if (ok && *p)
			ok = rio_tool_read_size(&p, &len_bytes) && *p == '\0' &&
			     rio_add_ok(range.off, len_bytes, &range.end);
	}
	if (!ok)
		return rio_fail(err, RIO_EOPTION,
			"--range %s is not OFF:LEN, in bytes or with K, M, G; LEN may be empty",
			text);
	*ret = range;
	return 0;
}

/* Write what of the range lies in this file, which begins at *begin; move *begin on. */
static int cat_file(const struct rio_tool_call *call, const char *name, const struct range *range,
	uint64_t *begin, struct rio_error *err)
{
	_cleanup_(rio_tool_input_deinit) struct rio_tool_input input = {0};
	uint64_t len_bytes, off, end;
	int r = rio_tool_input_open(name, &input, err);

	if (!r)
		r = rio_tool_input_describe(&input, call, call->store, NULL, err);
	if (r)
		return r;
	len_bytes = rio_dataset_len_bytes(input.dataset);
	off = range->off > *begin ? RIO_MIN(range->off - *begin, len_bytes) : 0;
	end = RIO_MIN(range->end - *begin, len_bytes);
	if (!rio_add_ok(*begin, len_bytes, begin))
		return rio_fail(err, RIO_EOPTION, "together the files are too large");
	return off < end ? rio_tool_write(&input, off, end, STDOUT_FILENO, err) : 0;
}

static int cat_files(const struct rio_tool_call *call, struct rio_error *err)
{
	struct range range = {0};
	uint64_t begin = 0;
	int r = read_range(call->values[OPTION_RANGE], &range, err);

	if (!r && !call->nr_files)
		r = rio_fail(err, RIO_EOPTION, "cat needs a FILE; see recordio cat --help");
	if (!r && isatty(STDOUT_FILENO))
		r = rio_fail(err, RIO_EOPTION,
			"records are not for a terminal: write them to a file, with > FILE.recordio");
	/* A joined stream with a hole in it is worse than a short one: the first error ends it. */
	for (size_t i = 0; !r && i < call->nr_files && (begin < range.end || i == 0); i++)
		r = cat_file(call, call->files[i], &range, &begin, err);
	if (!r && range.off > begin)
		r = rio_fail(err, RIO_EPAST_END, "--range begins at byte %ju, past the end at %ju",
			(uintmax_t)range.off, (uintmax_t)begin);
	return r;
}

static enum rio_exit cat(const struct rio_tool_call *call)
{
	struct rio_error err;

	return cat_files(call, &err) ? rio_tool_report(&err) : RIO_EXIT_DONE;
}

const struct rio_tool_command rio_tool_cat = {
	.name = "cat",
	.arguments = "FILE...",
	.help = "Write the encoded bytes of CSV files to standard output",
	.options = {
		[OPTION_RANGE] = {"range", "OFF:LEN", "only these bytes; LEN may be empty"},
	},
	.run = cat,
};
