/* SPDX-License-Identifier: Apache-2.0 */
#include "sagemaker/job_files.h"

#include "base/util.h"
#include "channel/config.h"
#include "channel/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * All text of the file open at fd (taken).  A mount lasts, and may read it again: what gives
 * its bytes only once, or has none of its own, is no file for it.
 */
static int load(int fd, const char *path, char **ret, size_t *ret_bytes, struct rio_error *err)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		r = rio_fail_file(err, errno, path, "cannot be read");
	else if (!S_ISREG(st.st_mode))
		r = rio_fail(err, RIO_EOPTION, "no regular file");
	if (!r)
		return rio_job_load_fd(fd, path, ret, ret_bytes, err);
	rio_error_set_file(err, path);
	close(fd);
	return r;
}

int rfs_job_hyperparameters(const struct rio_job *job, char **ret, struct rio_error *err)
{
	const char *path = job->hyperparameters;
	_cleanup_free_ char *text = NULL, *made = NULL;
	size_t text_bytes;
	int fd, r;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return rio_fail_errno(err, errno, "hyperparameters=%s: cannot be opened", path);
	r = load(fd, path, &text, &text_bytes, err);
	if (!r)
		r = rio_config_text(RIO_CONFIG_HYPERPARAMETERS, job, NULL, 0, text, &made, err);
	if (r)
		rio_error_set_file(err, path);
	else
		*ret = rio_steal(text);
	return r;
}

int rfs_job_manifest(const struct rio_job *job, const struct rfs_beneath *beneath, char **ret,
	size_t *ret_bytes, struct rio_error *err)
{
	const char *given = job->manifest, *source = beneath->path;
	size_t len = strlen(source);
	int fd, e;

	if (strncmp(given, source, len) == 0 && given[len] == '/')
		given += len + 1;
	e = rfs_beneath_open(beneath, given, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);
	if (e == EXDEV)
		return rio_fail(err, RIO_EOPTION, "manifest=%s: it must lie below SOURCE, %s",
			given, source);
	if (e)
		return rio_fail_errno(err, e, "manifest=%s: cannot be opened below SOURCE", given);
	return load(fd, given, ret, ret_bytes, err);
}
