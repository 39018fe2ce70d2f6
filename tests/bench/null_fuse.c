/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FUSE's own floor: a mount with one file whose bytes are in memory already.
 * What a real mount takes longer than this one, is its own doing.
 *
 *	null_fuse MOUNTPOINT NAME BYTES [CONTENT]
 *
 * The file NAME is BYTES long.  It holds the file CONTENT over and over (a CSV
 * of any size, without a disk of that size), or zeros.  Stays in the foreground
 * until it is unmounted or gets SIGTERM.
 *
 * The pattern is kept in memory often enough that any request, wherever it
 * begins, is one run of bytes that need not be put together:
 *
 *	| content | content | … | content |
 *	      ^ off % content_bytes
 *	      |<- a request, 1 MiB at most ->|
 */
#define FUSE_USE_VERSION 314

#include "base/util.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_INO = 2, REQUEST_BYTES_MAX = 1 << 20 };

static const double cached_seconds = 3600;

static struct {
	const char *name;
	uint64_t len_bytes;
	char *pattern;
	size_t period_bytes;
} file;

static struct stat attributes(fuse_ino_t ino)
{
	if (ino == FUSE_ROOT_ID)
		return (struct stat){.st_ino = ino, .st_mode = S_IFDIR | 0755, .st_nlink = 2};
	return (struct stat){
		.st_ino = ino,
		.st_mode = S_IFREG | 0444,
		.st_nlink = 1,
		.st_size = (off_t)file.len_bytes,
		.st_blksize = REQUEST_BYTES_MAX,
	};
}

static void on_init(void *data, struct fuse_conn_info *conn)
{
	conn->max_read = REQUEST_BYTES_MAX;
	conn->max_readahead = REQUEST_BYTES_MAX;
	conn->want &= ~(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param entry = {
		.ino = FILE_INO,
		.attr = attributes(FILE_INO),
		.attr_timeout = cached_seconds,
		.entry_timeout = cached_seconds,
	};

	if (parent != FUSE_ROOT_ID || strcmp(name, file.name) != 0)
		fuse_reply_err(req, ENOENT);
	else
		fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st = attributes(ino);

	fuse_reply_attr(req, &st, cached_seconds);
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	fi->keep_cache = 1;
	fuse_reply_open(req, fi);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t len_bytes, off_t off,
	struct fuse_file_info *fi)
{
	uint64_t left = file.len_bytes - RIO_MIN((uint64_t)off, file.len_bytes);

	fuse_reply_buf(req, file.pattern + (uint64_t)off % file.period_bytes,
		RIO_MIN(len_bytes, left));
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t room, off_t off,
	struct fuse_file_info *fi)
{
	char entry[512];
	struct stat st = attributes(FILE_INO);

	if (off)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, entry,
			fuse_add_direntry(req, entry, sizeof(entry), file.name, &st, 1));
}

static const struct fuse_lowlevel_ops ops = {
	.init = on_init,
	.lookup = on_lookup,
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.readdir = on_readdir,
};

/* Read all of path to the end of p, which has room for it. */
static void read_all(const char *path, char *p, size_t len_bytes)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	while (len_bytes) {
		ssize_t n = read(fd, p, len_bytes);

		if (n <= 0)
			err(1, "%s", path);
		p += n;
		len_bytes -= (size_t)n;
	}
}

static void load_pattern(const char *path)
{
	struct stat st = {.st_size = REQUEST_BYTES_MAX};
	size_t room;

	if (path && stat(path, &st) < 0)
		err(1, "%s", path);
	if (!st.st_size)
		errx(1, "%s: empty", path);
	file.period_bytes = (size_t)st.st_size;
	room = file.period_bytes + REQUEST_BYTES_MAX;
	file.pattern = malloc(room);
	if (!file.pattern)
		err(1, "pattern");
	memset(file.pattern, 0, room);
	if (path)
		read_all(path, file.pattern, file.period_bytes);
	for (size_t i = file.period_bytes; i < room; i++)
		file.pattern[i] = file.pattern[i - file.period_bytes];
}

/* Returns main's. */
static int serve(const char *mountpoint)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	struct fuse_session *session;
	int failed = 1;

	if (fuse_opt_add_arg(&args, "null_fuse") || fuse_opt_add_arg(&args, "-oro") ||
		fuse_opt_add_arg(&args, "-ofsname=null,max_read=1048576"))
		errx(1, "arguments");
	session = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (session && !fuse_set_signal_handlers(session)) {
		if (!fuse_session_mount(session, mountpoint)) {
			failed = fuse_session_loop_mt(session, config) < 0;
			fuse_session_unmount(session);
		}
		fuse_remove_signal_handlers(session);
	}
	if (session)
		fuse_session_destroy(session);
	fuse_loop_cfg_destroy(config);
	fuse_opt_free_args(&args);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
		errx(2, "usage: null_fuse MOUNTPOINT NAME BYTES [CONTENT]");
	file.name = argv[2];
	file.len_bytes = strtoull(argv[3], NULL, 10);
	load_pattern(argv[4]);
	return serve(argv[1]);
}
