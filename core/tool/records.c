/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/records.h"

#include "record/frame.h"
#include "tool/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static bool begins_with_magic(int fd)
{
	uint8_t magic[4], begin[4];

	rio_frame_put_u32(magic, RIO_FRAME_MAGIC);
	return pread(fd, begin, sizeof(begin), 0) == sizeof(begin) &&
	       memcmp(begin, magic, sizeof(magic)) == 0;
}

/* 1: name is RecordIO; 0: a CSV; or negative. */
static int check_recordio(const char *name, struct rio_error *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (strcmp(name, "-") == 0)
		return 1;
	if (stat(name, &st) < 0)
		return rio_fail_file(err, errno, name, "cannot open");
	if (!S_ISREG(st.st_mode) || rio_path_is_recordio(name))
		return 1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? rio_fail_file(err, errno, name, "cannot open") : begins_with_magic(fd);
}

int rio_tool_record_max(const char *value, size_t *ret, struct rio_error *err)
{
	uint64_t len_bytes = RIO_TOOL_RECORD_BYTES_MAX;
	const char *p = value;

	if (value && (!rio_tool_read_size(&p, &len_bytes) || *p || len_bytes > SIZE_MAX / 4))
		return rio_fail(err, RIO_EOPTION,
			"--max_record %s is no size, in bytes or with K, M, G", value);
	*ret = (size_t)len_bytes;
	return 0;
}

int rio_tool_records_pull(void *data, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err)
{
	struct rio_tool_records *records = data;
	ssize_t n;

	do
		n = read(records->fd, dst, len_bytes);
	while (n < 0 && errno == EINTR);
	*ret_bytes = n > 0 ? (size_t)n : 0;
	return n < 0 ? rio_fail_file(err, errno, records->name, "cannot read") : 0;
}

static int pull_csv(void *data, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err)
{
	struct rio_tool_records *records = data;
	int r;

	*ret_bytes = 0;
	r = rio_dataset_read(records->input.dataset, records->input.source, records->scratch,
		records->off, dst, len_bytes, ret_bytes, NULL, err);
	records->off += *ret_bytes;
	return r;
}

static int open_recordio(struct rio_tool_records *records, const char *name,
	struct rio_error *err)
{
	struct stat st;

	records->fd = strcmp(name, "-") == 0
			      ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			      : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (records->fd < 0 || fstat(records->fd, &st) < 0)
		return rio_fail_file(err, errno, records->name, "cannot open");
	if (S_ISREG(st.st_mode))
		records->size_bytes = (uint64_t)st.st_size;
	return 0;
}

static int open_csv(struct rio_tool_records *records, const struct rio_tool_call *call,
	const char *name, struct rio_progress *progress, struct rio_error *err)
{
	int r = rio_tool_input_open(name, &records->input, err);

	if (!r)
		r = rio_tool_input_describe(&records->input, call, call->store, progress, err);
	return r ? r : rio_scratch_create(&records->scratch, err);
}

int rio_tool_records_open(const struct rio_tool_call *call, const char *name,
	size_t record_bytes_max, struct rio_progress *progress, struct rio_tool_records *ret,
	struct rio_error *err)
{
	int is_recordio;

	*ret = (struct rio_tool_records){
		.name = strcmp(name, "-") == 0 ? "standard input" : name, .fd = -1};
	is_recordio = check_recordio(name, err);
	if (is_recordio < 0)
		return is_recordio;
	ret->kind = is_recordio ? "recordio" : "csv";
	rio_unframe_init(&ret->unframe, is_recordio ? rio_tool_records_pull : pull_csv, ret,
		record_bytes_max);
	return is_recordio ? open_recordio(ret, name, err)
			   : open_csv(ret, call, name, progress, err);
}

void rio_tool_records_close(struct rio_tool_records *records)
{
	rio_unframe_deinit(&records->unframe);
	rio_scratch_destroy(records->scratch);
	rio_tool_input_deinit(&records->input);
	rio_closep(&records->fd);
}
