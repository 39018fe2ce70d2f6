/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular file, read with pread: a file that is truncated meanwhile gives a
 * short read, where a mapping gives SIGBUS.  Passes over all of it may map it all the
 * same, with source/mapping.c's guard.
 */
#include "source/packed.h"

#include "source/mapping.h"

#include "base/io.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

struct file_source {
	struct rio_source base;
	int fd;
};

static int fail(struct file_source *file, struct rio_error *err, const char *what)
{
	return rio_fail_file(err, errno, file->base.name, what);
}

static int file_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	struct file_source *file = (struct file_source *)source;
	ssize_t n;

	/* No file reaches further, and pread would call it an error. */
	len_bytes = off < INT64_MAX ? RIO_MIN(len_bytes, (uint64_t)INT64_MAX - off) : 0;
	n = rio_pread_all(file->fd, dst, len_bytes, off);
	if (n < 0)
		return fail(file, err, "cannot read");
	*ret_bytes = (size_t)n;
	return 0;
}

static int file_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	struct file_source *file = (struct file_source *)source;

	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return fail(file, err, "cannot stat");
	*ret = rio_stamp_of_stat(&st);
	return 0;
}

static bool file_is_written(struct rio_source *source)
{
	return rio_fd_is_written(((struct file_source *)source)->fd);
}

static bool file_map(struct rio_source *source, uint64_t off, size_t len_bytes,
	struct rio_mapping *ret)
{
	return rio_mapping_create(((struct file_source *)source)->fd, off, len_bytes, ret);
}

static void file_destroy(struct rio_source *source)
{
	struct file_source *file = (struct file_source *)source;

	close(file->fd);
	free(file->base.name);
	free(file);
}

static const struct rio_source_ops file_ops = {
	.read_at = file_read_at,
	.stamp = file_stamp,
	.map = file_map,
	.is_written = file_is_written,
	.destroy = file_destroy,
};

static int check_regular(int fd, const char *name, struct rio_error *err)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		r = rio_fail_errno(err, errno, "cannot stat");
	else if (!S_ISREG(st.st_mode))
		r = rio_fail_errno(err, S_ISDIR(st.st_mode) ? EISDIR : EINVAL,
			"not a regular file");
	if (r < 0)
		rio_error_set_file(err, name);
	return r;
}

int rio_source_from_fd_as_it_is(int fd_taken, const char *name, struct rio_source **ret,
	struct rio_error *err)
{
	_cleanup_close_ int fd = fd_taken;
	_cleanup_free_ char *name_copy = NULL;
	struct file_source *file;
	int r = check_regular(fd, name, err);

	if (r < 0)
		return r;
	name_copy = strdup(name);
	file = malloc(sizeof(*file));
	if (!name_copy || !file) {
		free(file);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	file->base.ops = &file_ops;
	file->base.name = rio_steal(name_copy);
	file->fd = rio_steal_fd(&fd);
	*ret = &file->base;
	return 0;
}

int rio_source_from_fd(int fd, const char *name, struct rio_source **ret, struct rio_error *err)
{
	struct rio_source *file;
	int r = rio_source_from_fd_as_it_is(fd, name, &file, err);

	return r ? r : rio_source_unpack(file, ret, err);
}

int rio_source_open(const char *path, struct rio_source **ret, struct rio_error *err)
{
	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? rio_fail_file(err, errno, path, "cannot open")
		      : rio_source_from_fd(fd, path, ret, err);
}
