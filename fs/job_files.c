/* SPDX-License-Identifier: Apache-2.0 */
#include "job_files.h"

#include "base/io.h"
#include "base/util.h"
#include "channel/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A manifest of 100 bytes a key then has 600,000 of them. */
#define TEXT_BYTES_MAX ((off_t)(64 * RIO_MIB))

/* All of an opened file, with a NUL behind it. */
static int read_text(int fd, const char *path, char **ret, size_t *ret_len, struct rio_error *err)
{
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return rio_fail_errno(err, errno, "cannot be read");
	if (!S_ISREG(st.st_mode) || st.st_size > TEXT_BYTES_MAX)
		return rio_fail(err, RIO_EOPTION, "%s: no regular file of up to %ju MiB", path,
			(uintmax_t)TEXT_BYTES_MAX / RIO_MIB);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	n = rio_read_all(fd, text, (size_t)st.st_size);
	if (n < 0)
		return rio_fail_errno(err, errno, "%s: cannot be read", path);
	text[n] = '\0';
	*ret = rio_steal(text);
	*ret_len = (size_t)n;
	return 0;
}

int rfs_job_hyperparameters(const struct rio_job *job, char **ret, struct rio_error *err)
{
	const char *path = job->hyperparameters;
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL, *made = NULL;
	size_t len;
	int r;

	if (!path)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return rio_fail_errno(err, errno, "hyperparameters=%s: cannot be opened", path);
	r = read_text(fd, path, &text, &len, err);
	if (!r)
		r = rio_config_text(RIO_CONFIG_HYPERPARAMETERS, job, NULL, 0, text, &made, err);
	if (r)
		rio_error_set_file(err, path);
	else
		*ret = rio_steal(text);
	return r;
}

int rfs_job_manifest(const struct rio_job *job, const struct rfs_beneath *beneath, char **ret,
	size_t *ret_len, struct rio_error *err)
{
	const char *given = job->manifest, *source = beneath->path;
	size_t len = strlen(source);
	_cleanup_close_ int fd = -1;
	int e;

	if (strncmp(given, source, len) == 0 && given[len] == '/')
		given += len + 1;
	e = rfs_beneath_open(beneath, given, O_RDONLY | O_NONBLOCK | O_NOCTTY, &fd);
	if (e == EXDEV)
		return rio_fail(err, RIO_EOPTION, "manifest=%s: it must lie below SOURCE, %s",
			given, source);
	if (e)
		return rio_fail_errno(err, e, "manifest=%s: cannot be opened below SOURCE", given);
	return read_text(fd, given, ret, ret_len, err);
}
