/* SPDX-License-Identifier: Apache-2.0 */
#include "settings/load.h"

#include "base/io.h"
#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT_BYTES_MAX RIO_MIB

int rio_settings_load_fd(int fd_taken, const char *path, const char *folder,
	struct rio_settings **ret, struct rio_error *err)
{
	_cleanup_close_ int fd = fd_taken;
	_cleanup_free_ char *text = malloc(TEXT_BYTES_MAX + 1);
	ssize_t len;

	if (!text)
		return rio_fail(err, RIO_ENOMEM, "no memory for settings");
	len = rio_read_all(fd, text, TEXT_BYTES_MAX + 1);
	if (len < 0)
		return rio_fail_file(err, errno, path, "cannot read settings");
	if ((size_t)len > TEXT_BYTES_MAX) {
		rio_fail(err, RIO_EOPTION, "more than 1 MiB is no settings file");
		rio_error_set_file(err, path);
		return RIO_EOPTION;
	}
	return rio_settings_parse(text, (size_t)len, path, folder, ret, err);
}

/* The folder of path, absolute, links resolved. */
static char *folder_of(const char *path)
{
	_cleanup_free_ char *folder = strdup(path);
	char *slash = folder ? strrchr(folder, '/') : NULL;

	if (!folder)
		return NULL;
	if (!slash)
		return realpath(".", NULL);
	slash[slash == folder] = '\0';
	return realpath(folder, NULL);
}

static int load(const char *path, const char *folder, struct rio_settings **ret,
	struct rio_error *err)
{
	int fd = folder ? open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : -1;

	if (fd < 0)
		return rio_fail_file(err, errno, path, "cannot open settings");
	return rio_settings_load_fd(fd, path, folder, ret, err);
}

int rio_settings_load(const char *path, struct rio_settings **ret, struct rio_error *err)
{
	_cleanup_free_ char *folder = folder_of(path);

	return load(path, folder, ret, err);
}

/* A settings file in that folder: 0, or 1 where there is none. */
static int try_folder(const char *folder, struct rio_settings **ret, struct rio_error *err)
{
	char path[PATH_MAX + sizeof("/" RIO_SETTINGS_NAME)];
	struct stat st;

	if (stat(*folder ? folder : "/", &st) < 0 ||
		(st.st_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH))
		return 1;
	stpcpy(stpcpy(path, folder), "/" RIO_SETTINGS_NAME);
	if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 1;
	return load(path, *folder ? folder : "/", ret, err);
}

int rio_settings_find(const char *folder, struct rio_settings **ret, struct rio_error *err)
{
	_cleanup_free_ char *at = strdup(folder);
	struct rio_settings *found = NULL;
	int r = 1;

	if (!at || strlen(at) >= PATH_MAX)
		return rio_fail(err, RIO_ENOMEM, "no memory for a path");
	if (strcmp(at, "/") == 0)
		*at = '\0';
	for (;;) {
		char *slash;

		r = try_folder(at, &found, err);
		slash = strrchr(at, '/');
		if (r <= 0 || !slash)
			break;
		*slash = '\0';
	}
	if (r >= 0)
		*ret = found;
	return RIO_MIN(r, 0);
}
