/* SPDX-License-Identifier: Apache-2.0 */
#include "ops.h"

#include "base/util.h"
#include "bench.h"
#include "caller.h"
#include "control.h"
#include "handle.h"
#include "text.h"
#include "xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* For what cannot change: the kernel asks again only once it has forgotten. */
#define FOREVER_SECONDS (365.0 * 24 * 3600)

/* For a folder's own times and permissions; what lies in it is looked up each time. */
#define FOLDER_SECONDS 1.0

static struct rfs_mount *mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static struct rfs_node *node_of(fuse_req_t req, fuse_ino_t id)
{
	if (id == FUSE_ROOT_ID)
		return rfs_tree_root(mount_of(req)->tree);
	return (struct rfs_node *)(uintptr_t)id;
}

static void *pointer_of(const struct fuse_file_info *fi)
{
	return (void *)(uintptr_t)fi->fh;
}

/* A name that is not there is no failure; all else is counted. */
static void reply_failed(fuse_req_t req, int e)
{
	if (e != ENOENT)
		rfs_count(&mount_of(req)->counters.errors, 1);
	fuse_reply_err(req, e);
}

static bool gave_up(void *data)
{
	fuse_req_t req = data;

	if (fuse_session_exited(mount_of(req)->session) || atomic_load(&mount_of(req)->ending))
		return true;
	return fuse_req_interrupted(req) && rfs_caller_is_ending(fuse_req_ctx(req)->pid);
}

/* --- session --- */

static void unwant(struct fuse_conn_info *conn, unsigned caps)
{
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 17)
	fuse_unset_feature_flag(conn, caps);
#else
	conn->want &= ~caps;
#endif
}

/* Replies are made in memory, so there is nothing to splice. */
static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	conn->max_read = RFS_READ_BYTES_MAX;
	unwant(conn, FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
#ifdef FUSE_CAP_DIRECT_IO_ALLOW_MMAP
	/* So that the good part of a file with a bad record can still be mapped. */
	fuse_set_feature_flag(conn, FUSE_CAP_DIRECT_IO_ALLOW_MMAP);
#endif
}

/* --- names and attributes --- */

static double attr_seconds(const struct rfs_attr *attr)
{
	if (attr->is_final)
		return FOREVER_SECONDS;
	return S_ISDIR(attr->st.st_mode) ? FOLDER_SECONDS : 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct rfs_mount *mount = mount_of(req);
	const struct rfs_waiter waiter = {gave_up, req, fuse_req_ctx(req)->pid};
	struct fuse_entry_param entry = {0};
	struct rfs_attr attr;
	struct rfs_node *node;
	int e;

	e = rfs_tree_lookup(mount->tree, node_of(req, parent), name, &waiter, &node, &attr);
	if (e) {
		reply_failed(req, e);
		return;
	}
	entry.ino = (uintptr_t)node;
	entry.attr = attr.st;
	entry.attr_timeout = attr_seconds(&attr);
	/* The kernel has not taken the entry where its caller has gone. */
	if (fuse_reply_entry(req, &entry))
		rfs_tree_forget(mount->tree, node, 1);
}

static void op_forget(fuse_req_t req, fuse_ino_t id, uint64_t nr)
{
	rfs_tree_forget(mount_of(req)->tree, node_of(req, id), nr);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	for (size_t i = 0; i < count; i++)
		rfs_tree_forget(mount_of(req)->tree, node_of(req, forgets[i].ino),
			forgets[i].nlookup);
	fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	const struct rfs_waiter waiter = {.gave_up = gave_up, .data = req};
	struct rfs_attr attr;
	int e = rfs_tree_getattr(mount_of(req)->tree, node_of(req, id), &waiter, &attr);

	if (e)
		reply_failed(req, e);
	else
		fuse_reply_attr(req, &attr.st, attr_seconds(&attr));
}

static void op_statfs(fuse_req_t req, fuse_ino_t id)
{
	const uint64_t unit = 4096;
	struct statvfs st;

	if (fstatvfs(mount_of(req)->beneath->fd, &st) < 0) {
		reply_failed(req, errno);
		return;
	}
	st.f_blocks = (fsblkcnt_t)((double)st.f_blocks * (double)st.f_frsize / (double)unit);
	st.f_bfree = (fsblkcnt_t)((double)st.f_bfree * (double)st.f_frsize / (double)unit);
	st.f_bavail = (fsblkcnt_t)((double)st.f_bavail * (double)st.f_frsize / (double)unit);
	st.f_bsize = st.f_frsize = unit;
	st.f_namemax = 255;
	fuse_reply_statfs(req, &st);
}

/* --- handles --- */

/* Give the kernel a handle; it is closed if the kernel has not taken it. */
static void reply_opened(fuse_req_t req, struct fuse_file_info *fi, struct rfs_opened *opened,
	void (*close)(struct rfs_opened *opened))
{
	struct rfs_opened_set *set = &mount_of(req)->opened;

	rfs_opened_add(set, opened, close);
	fi->fh = (uintptr_t)opened;
	if (fuse_reply_open(req, fi))
		rfs_opened_close(set, opened);
}

static void op_release(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	rfs_opened_close(&mount_of(req)->opened, pointer_of(fi));
	fuse_reply_err(req, 0);
}

/* --- folders --- */

struct folder_handle {
	struct rfs_opened opened;
	pthread_mutex_t lock;
	struct rfs_listing listing; /* lock; read anew at offset 0 */
};

static void close_folder(struct rfs_opened *opened)
{
	struct folder_handle *folder = (struct folder_handle *)opened;

	rfs_listing_deinit(&folder->listing);
	pthread_mutex_destroy(&folder->lock);
	free(folder);
}

static void op_opendir(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	struct folder_handle *folder = calloc(1, sizeof(*folder));

	if (!folder) {
		reply_failed(req, ENOMEM);
		return;
	}
	pthread_mutex_init(&folder->lock, NULL);
	reply_opened(req, fi, &folder->opened, close_folder);
}

/* Entries from index on, as many as fit.  An entry's offset is the next one's index. */
static size_t put_entries(fuse_req_t req, const struct rfs_listing *listing, size_t index,
	char *buf, size_t room)
{
	size_t used = 0;

	for (; index < listing->nr; index++) {
		const struct rfs_entry *entry = &listing->entries[index];
		const struct stat st = {.st_ino = entry->ino, .st_mode = entry->type};
		size_t len = fuse_add_direntry(req, buf + used, room - used, entry->name, &st,
			(off_t)index + 1);

		if (len > room - used)
			break;
		used += len;
	}
	return used;
}

static void op_readdir(fuse_req_t req, fuse_ino_t id, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	struct folder_handle *folder = pointer_of(fi);
	_cleanup_free_ char *buf = malloc(size);
	size_t used = 0;
	int e = buf ? 0 : ENOMEM;

	pthread_mutex_lock(&folder->lock);
	if (!e && off == 0) {
		rfs_listing_deinit(&folder->listing);
		e = rfs_tree_list(mount_of(req)->tree, node_of(req, id), &folder->listing);
	}
	if (!e)
		used = put_entries(req, &folder->listing, (size_t)off, buf, size);
	pthread_mutex_unlock(&folder->lock);
	if (e)
		reply_failed(req, e);
	else
		fuse_reply_buf(req, buf, used);
}

/* --- files --- */

/*
 * Messages quote cells, so they are for who may read every source anyhow; others
 * have the attribute of the files that they may read.
 */
static bool may_see_errors(fuse_req_t req)
{
	uid_t uid = fuse_req_ctx(req)->uid;

	return uid == 0 || uid == geteuid();
}

static void reply_text(fuse_req_t req, struct fuse_file_info *fi, struct rfs_text *text)
{
	if (text)
		reply_opened(req, fi, &text->opened, rfs_text_close);
	else
		reply_failed(req, ENOMEM);
}

/* What a text of config says never changes, unlike that of a control file. */
static void open_config(fuse_req_t req, const struct rfs_node *node, struct fuse_file_info *fi)
{
	fi->keep_cache = 1;
	reply_text(req, fi, rfs_text_open(strdup(node->text)));
}

static void open_control(fuse_req_t req, const struct rfs_node *node, struct fuse_file_info *fi)
{
	char *text = rfs_control_text(mount_of(req), node->kind, may_see_errors(req));

	fi->direct_io = 1;
	reply_text(req, fi, rfs_text_open(text));
}

static void close_file(struct rfs_opened *opened)
{
	rfs_handle_close((struct rfs_handle *)opened);
}

/* A node's file in the kernel's page cache. */
struct cached_file {
	struct rfs_mount *mount;
	struct rfs_node *node;
};

/*
 * The kernel waits for pages that are being read, and these reads might wait for this
 * thread: only while nobody else has the file open can that not be.  Bytes of a file
 * that is being written are for one reader only.
 */
static void store_pages(void *data, const void *bytes, size_t len_bytes)
{
	const struct cached_file *file = data;
	struct fuse_bufvec buf = FUSE_BUFVEC_INIT(len_bytes);

	buf.buf[0].mem = (void *)bytes;
	if (!file->node->stamp.written && fuse_lowlevel_notify_store(file->mount->session,
						  (uintptr_t)file->node, 0, &buf, 0) == 0)
		rfs_count(&file->mount->counters.served_bytes, len_bytes);
}

static void open_file(fuse_req_t req, struct rfs_node *node, struct fuse_file_info *fi)
{
	struct rfs_mount *mount = mount_of(req);
	const struct rfs_waiter waiter = {.gave_up = gave_up, .data = req};
	struct cached_file file = {mount, node};
	struct rfs_handle *handle;
	int e = rfs_handle_open(mount->tree, mount->readahead, &mount->counters, node, &waiter,
		mount->options->direct_io, &(struct rfs_pages){store_pages, &file}, &handle);

	if (e) {
		reply_failed(req, e);
		return;
	}
	fi->direct_io = handle->direct;
	/* Pages of a file that is being written are for this reader only. */
	fi->keep_cache = !node->stamp.written;
	fi->noflush = 1;
	reply_opened(req, fi, &handle->opened, close_file);
}

static void op_open(fuse_req_t req, fuse_ino_t id, struct fuse_file_info *fi)
{
	struct rfs_node *node = node_of(req, id);

	if ((fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC))
		fuse_reply_err(req, EROFS);
	else if (rfs_node_is_file(node))
		open_file(req, node, fi);
	else if (node->kind == RFS_TEXT)
		open_config(req, node, fi);
	else
		open_control(req, node, fi);
}

static void read_text(fuse_req_t req, const char *text, size_t size, off_t off)
{
	size_t len = strlen(text);
	size_t begin = (size_t)RIO_MIN((uint64_t)off, len);
	size_t n = RIO_MIN(RIO_MIN(size, len - begin), RFS_READ_BYTES_MAX);
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();

	if (!bench) {
		reply_failed(req, ENOMEM);
		return;
	}
	/* Not out of text itself: another thread may free it before the reply returns. */
	memcpy(bench->reply, text + begin, n);
	fuse_reply_buf(req, (const char *)bench->reply, n);
}

static void read_file(fuse_req_t req, struct rfs_handle *handle, size_t size, off_t off)
{
	struct rfs_counters *counters = &mount_of(req)->counters;
	struct rfs_answer answer;
	uint64_t len_bytes = 0;
	int e, nr;

	rfs_count(&counters->requests, 1);
	e = rfs_handle_read(handle, (uint64_t)off, size, &answer);
	if (e) {
		reply_failed(req, e);
		return;
	}
	nr = (int)RIO_MAX(answer.pieces.nr, 1u);
	for (int i = 0; i < nr; i++)
		len_bytes += answer.pieces.iov[i].iov_len;
	fuse_reply_iov(req, answer.pieces.iov, nr);
	rfs_handle_put(handle, &answer);
	rfs_count(&counters->served_bytes, len_bytes);
}

static void op_read(fuse_req_t req, fuse_ino_t id, size_t size, off_t off,
	struct fuse_file_info *fi)
{
	if (rfs_node_is_file(node_of(req, id)))
		read_file(req, pointer_of(fi), size, off);
	else
		read_text(req, ((struct rfs_text *)pointer_of(fi))->text, size, off);
}

/* --- extended attributes --- */

/* Whose errors this caller may see; NULL: none's. */
static const struct rfs_input *input_of(fuse_req_t req)
{
	return may_see_errors(req) ? mount_of(req)->input : NULL;
}

/* size 0 asks how much room is needed. */
static void reply_xattr(fuse_req_t req, const char *bytes, size_t len, size_t size)
{
	if (size == 0)
		fuse_reply_xattr(req, len);
	else if (size < len)
		fuse_reply_err(req, ERANGE);
	else
		fuse_reply_buf(req, bytes, len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t id, const char *name, size_t size)
{
	_cleanup_free_ char *value = rfs_xattr_value(mount_of(req)->beneath, input_of(req),
		node_of(req, id), name);

	if (!value)
		fuse_reply_err(req, ENODATA);
	else if (strlen(value) > RFS_XATTR_BYTES_MAX)
		fuse_reply_err(req, E2BIG);
	else
		reply_xattr(req, value, strlen(value), size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t id, size_t size)
{
	char list[RFS_XATTR_LIST_BYTES];
	size_t len = rfs_xattr_list(mount_of(req)->beneath, input_of(req), node_of(req, id), list);

	reply_xattr(req, list, len, size);
}

/* --- what would change something ---
 *
 * The mount is read-only, so the kernel refuses all of this by itself, until
 * somebody remounts it.
 */

#define REFUSE(name, ...)                                                                          \
	static void op_##name(fuse_req_t req, fuse_ino_t id, __VA_ARGS__)                          \
	{                                                                                          \
		fuse_reply_err(req, EROFS);                                                        \
	}

REFUSE(setattr, struct stat *st, int set, struct fuse_file_info *fi)
REFUSE(mknod, const char *name, mode_t mode, dev_t dev)
REFUSE(mkdir, const char *name, mode_t mode)
REFUSE(unlink, const char *name)
REFUSE(rmdir, const char *name)
REFUSE(rename, const char *name, fuse_ino_t to, const char *to_name, unsigned flags)
REFUSE(link, fuse_ino_t to, const char *to_name)
REFUSE(write, const char *buf, size_t size, off_t off, struct fuse_file_info *fi)
REFUSE(create, const char *name, mode_t mode, struct fuse_file_info *fi)
REFUSE(setxattr, const char *name, const char *value, size_t size, int flags)
REFUSE(removexattr, const char *name)
REFUSE(fallocate, int mode, off_t off, off_t len, struct fuse_file_info *fi)

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EROFS);
}

const struct fuse_lowlevel_ops rfs_ops = {
	.init = op_init,
	.lookup = op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = op_getattr,
	.statfs = op_statfs,

	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_release,

	.open = op_open,
	.read = op_read,
	.release = op_release,

	.getxattr = op_getxattr,
	.listxattr = op_listxattr,

	.setattr = op_setattr,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.write = op_write,
	.create = op_create,
	.setxattr = op_setxattr,
	.removexattr = op_removexattr,
	.fallocate = op_fallocate,
};
