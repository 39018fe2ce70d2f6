/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/load.h"

#include "base/io.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>

/* A manifest of 100 bytes a key then has 600,000 of them. */
#define TEXT_BYTES_MAX (64 * RIO_MIB)
#define FIRST_BYTES    (64 * RIO_KIB)

int rio_job_load_fd(int fd_taken, const char *path, char **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	_cleanup_close_ int fd = fd_taken;
	_cleanup_free_ char *text = NULL;
	size_t nr = 0;

	for (size_t room = FIRST_BYTES;; room *= 2) {
		char *more = realloc(text, room + 1);
		ssize_t n;

		if (!more)
			return rio_fail(err, RIO_ENOMEM, "no memory to read %s", path);
		text = more;
		n = rio_read_all(fd, text + nr, room - nr);
		if (n < 0)
			return rio_fail_file(err, errno, path, "cannot be read");
		nr += (size_t)n;
		if (nr < room)
			break;
		if (room == TEXT_BYTES_MAX) {
			rio_fail(err, RIO_EOPTION, "64 MiB or more are too many");
			rio_error_set_file(err, path);
			return RIO_EOPTION;
		}
	}
	text[nr] = '\0';
	*ret = rio_steal(text);
	*ret_bytes = nr;
	return 0;
}

int rio_job_load(const char *path, char **ret, size_t *ret_bytes, struct rio_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? rio_fail_file(err, errno, path, "cannot be opened")
		      : rio_job_load_fd(fd, path, ret, ret_bytes, err);
}
