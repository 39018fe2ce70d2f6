/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target as a plain test: run it over every file of a folder. */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

static int is_plain(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The input has a block of its own, so that sanitizers see every byte too many. */
static bool run(int dir_fd, const char *name)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return false;
	data = malloc((size_t)st.st_size);
	if ((!data && st.st_size) || read(fd, data, (size_t)st.st_size) != st.st_size)
		return false;
	LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
	return true;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int nr = argc == 2 ? scandir(argv[1], &entries, is_plain, alphasort) : -1;
	int dir_fd = nr > 0 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (dir_fd < 0) {
		fprintf(stderr, "usage: %s FOLDER (with inputs in it)\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < nr; i++) {
		/* Said before, so that it stands there if the target aborts. */
		fprintf(stderr, "%s/%s\n", argv[1], entries[i]->d_name);
		if (!run(dir_fd, entries[i]->d_name)) {
			perror(entries[i]->d_name);
			return 1;
		}
		free(entries[i]);
	}
	free(entries);
	close(dir_fd);
	return 0;
}
