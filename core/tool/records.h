/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a file that a command line names: of RecordIO as it lies there, of a
 * CSV as it would be encoded.
 *
 * Below it: record/unframe, tool.
 */
#ifndef RIO_TOOL_RECORDS_H
#define RIO_TOOL_RECORDS_H

#include "record/unframe.h"
#include "tool/tool.h"

/* A record of more is not read, unless the user says so. */
#define RIO_TOOL_RECORD_BYTES_MAX (64 * RIO_MIB)

struct rio_tool_records {
	const char *name; /* for messages; borrowed */
	const char *kind; /* "csv", "recordio", or NULL: could not be told */
	struct rio_unframe unframe;
	int fd;                      /* of RecordIO; -1 with a CSV */
	uint64_t size_bytes;         /* of a regular RecordIO file, else 0 */
	struct rio_tool_input input; /* a CSV */
	struct rio_scratch *scratch;
	uint64_t off;                /* in the encoded file */
};

/* --max_record's value, or the usual where it is NULL. */
int rio_tool_record_max(const char *value, size_t *ret, struct rio_error *err);

/*
 * Open name, which is RecordIO if it is "-", no regular file, begins with the magic, or is
 * called *.recordio, *.rec or *.pbr; all else is CSV.  ret is in use until
 * rio_tool_records_close, on failure too, and must not move.  progress (may be NULL) is told
 * of a CSV's describing.
 */
int rio_tool_records_open(const struct rio_tool_call *call, const char *name,
	size_t record_bytes_max, struct rio_progress *progress, struct rio_tool_records *ret,
	struct rio_error *err);
/* A rio_pull of an opened RecordIO file's bytes. */
int rio_tool_records_pull(void *records, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err);
void rio_tool_records_close(struct rio_tool_records *records);

#endif
