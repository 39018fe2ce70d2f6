/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel fills what is missing from a reply with zeros when the file goes
 * through the page cache: a short answer before a bad record would become wrong
 * bytes.  So a cached request that touches one is refused as a whole; the kernel
 * then asks again page by page, and gets the pages before it.  From then on the
 * record is known, and new handles are direct (past the page cache), where a
 * short answer is a short read: they get every byte before it.
 *
 * So it is well to know of one early.  The first to open a file has its begin encoded
 * (all of a small one), and the record of a quote that the map knows to be bad: errors
 * in the first rows, and in small files, take no byte before them from any reader.
 * Who opens it meanwhile waits for that.
 *
 * Once known, a bad record is a wall: no handle gets bytes from behind it, so
 * that what a reader sees does not depend on where it began.
 */
#include "handle.h"

#include "base/util.h"
#include "bench.h"
#include "log.h"
#include "to_errno.h"

#include <errno.h>

/* What the first to open a file has encoded: of a small one all, else what is read first. */
#define CHECK_WHOLE_BYTES RIO_MIB
#define CHECK_BEGIN_BYTES (128 * RIO_KIB)

static int read_plain(struct rfs_handle *handle, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	struct rio_source *source = handle->sources.sole;
	int r = rio_source_read_at(source, off, dst, len_bytes, ret_bytes, err);

	return r ? r : rio_source_check(source, &handle->node->stamp, err);
}

/* Where the map counts them, they were told of when it was looked up. */
static void tell_filled(struct rfs_node *node, uint64_t nr_filled)
{
	if (nr_filled && !atomic_exchange(&node->told_filled, true))
		rfs_log_note("%s: missing cells are filled; filled_cells of the status counts "
			"them", node->path);
}

static int encode(struct rfs_handle *handle, struct rio_scratch *scratch, uint64_t off, void *dst,
	size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	struct rio_read_stats stats = {0};
	int r;

	*ret_bytes = 0;
	if (handle->node->kind == RFS_PLAIN)
		r = read_plain(handle, off, dst, len_bytes, ret_bytes, err);
	else if (handle->node->kind == RFS_INDEX)
		r = rio_index_text_read(&handle->node->index, &handle->from, scratch, off, dst,
			len_bytes, ret_bytes, err);
	else
		r = rio_view_read(handle->node->view, &handle->from, scratch, off, dst, len_bytes,
			ret_bytes, &stats, err);
	rfs_count_read(handle->counters, &stats);
	tell_filled(handle->node, stats.nr_filled);
	return r;
}

/* A bad record, at err's place in the view, is one of a file; both are to know of it. */
static void note_bad(struct rfs_node *node, const struct rio_error *err)
{
	const struct rio_part *part = rio_view_part_at(node->view, err->record_off);

	rfs_node_note_bad(part->owner, part->first_off + (err->record_off - part->off), err);
	if (part->owner != node)
		rfs_node_note_bad(node, err->record_off, err);
}

size_t rfs_handle_fill(void *file, uint64_t off, void *dst, size_t len_bytes)
{
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();
	struct rio_error err;
	size_t n;
	int r;

	if (!bench)
		return 0;
	r = encode(file, bench->scratch, off, dst, len_bytes, &n, &err);
	return r == 0 || r == RIO_EROW ? n : 0;
}

/* Encode on this thread, to a bench that the answer keeps. */
static int read_now(struct rfs_handle *handle, uint64_t off, size_t len_bytes,
	struct rfs_answer *ret)
{
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();
	struct rio_error err;
	size_t n;
	int r;

	if (!bench)
		return ENOMEM;
	r = encode(handle, bench->scratch, off, bench->reply, len_bytes, &n, &err);
	if (r == RIO_EROW) {
		note_bad(handle->node, &err);
		if (!handle->direct || n == 0)
			return EIO;
	} else if (r) {
		if (r != RIO_ESOURCE_CHANGED)
			rfs_log_error(&err);
		return rfs_to_errno(&err);
	} else if (n != len_bytes) {
		return EIO; /* never fewer: the kernel would make them zeros */
	}
	rfs_count(&handle->counters->lone_reads, 1);
	ret->pieces.iov[0] = (struct iovec){bench->reply, n};
	ret->bench = rio_steal(bench);
	return 0;
}

/* Encode what lies at off, for the errors in it.  Returns how many bytes there are none in. */
static size_t check_range(struct rfs_handle *handle, struct rfs_bench *bench, uint64_t off,
	size_t len_bytes)
{
	struct rio_error err;
	size_t n = 0;
	int r = encode(handle, bench->scratch, off, bench->reply, len_bytes, &n, &err);

	if (r == RIO_EROW)
		note_bad(handle->node, &err);
	return r == 0 ? n : 0;
}

/* Where the first record lies that is known to be bad before anything is read. */
static uint64_t known_bad_off(const struct rio_view *view)
{
	for (const struct rio_part *part = view->parts; part->dataset; part++) {
		/* A bad quote takes all that follows, where it stands before the part, too. */
		uint64_t quote_off = RIO_MAX(rio_dataset_bad_quote_off(part->dataset),
			part->first_off);
		uint64_t off = RIO_MIN(rio_part_to_view(part, quote_off),
			rio_part_to_view(part, rfs_node_bad_off(part->owner)));

		if (off != RIO_NO_OFFSET)
			return off;
	}
	return RIO_NO_OFFSET;
}

/*
 * What the first to open a file does.  Its begin, if it is right, can go where reads
 * are answered from: it will be asked for next.
 */
static void look_for_bad(struct rfs_handle *handle, const struct rfs_pages *pages)
{
	_cleanup_(rfs_bench_givep) struct rfs_bench *bench = rfs_bench_take();
	struct rfs_node *node = handle->node;
	uint64_t size = rfs_node_len_bytes(node), bad_off;
	size_t n = (size_t)(size <= CHECK_WHOLE_BYTES ? size : CHECK_BEGIN_BYTES);

	if (!bench || !node->view)
		return;
	bad_off = known_bad_off(node->view);
	if (bad_off != RIO_NO_OFFSET)
		check_range(handle, bench, bad_off, 1);
	n = check_range(handle, bench, 0, n);
	if (n && !handle->direct && rfs_node_bad_off(node) == RIO_NO_OFFSET)
		pages->store(pages->data, bench->reply, n);
}

int rfs_handle_open(struct rfs_tree *tree, struct rfs_readahead *readahead,
	struct rfs_counters *counters, struct rfs_node *node, const struct rfs_waiter *waiter,
	bool direct, const struct rfs_pages *pages, struct rfs_handle **ret)
{
	_cleanup_(rio_source_destroyp) struct rio_source *source = NULL;
	struct rfs_handle *handle;
	int e;

	e = rfs_node_is_view(node) ? rfs_tree_open_view(tree, node, waiter)
				   : rfs_tree_open_source(tree, node, waiter, &source);
	if (e)
		return e;
	handle = calloc(1, sizeof(*handle));
	if (!handle)
		return ENOMEM;
	rfs_sources_init(&handle->sources, tree, NULL);
	handle->from = rfs_sources_of_view(&handle->sources);
	handle->tree = tree;
	handle->counters = counters;
	handle->node = node;
	handle->sources.sole = rio_steal(source);
	handle->direct = direct;
	if (rfs_node_begin_first_open(node)) {
		look_for_bad(handle, pages);
		rfs_node_end_first_open(node);
	}
	handle->direct |= rfs_node_bad_off(node) != RIO_NO_OFFSET;
	rfs_stream_init(&handle->stream, readahead, handle, rfs_node_len_bytes(node));
	rfs_tree_pin(tree, node);
	rfs_count(&counters->open_files, 1);
	*ret = handle;
	return 0;
}

void rfs_handle_close(struct rfs_handle *handle)
{
	rfs_stream_deinit(&handle->stream);
	rfs_sources_deinit(&handle->sources);
	rfs_tree_forget(handle->tree, handle->node, 1);
	rfs_count(&handle->counters->open_files, -1);
	free(handle);
}

int rfs_handle_read(struct rfs_handle *handle, uint64_t off, size_t len_bytes,
	struct rfs_answer *ret)
{
	uint64_t size = rfs_node_len_bytes(handle->node);
	uint64_t bad_off = rfs_node_bad_off(handle->node);

	*ret = (struct rfs_answer){.bench = NULL};
	if (off >= size)
		return 0;
	len_bytes = (size_t)RIO_MIN(len_bytes, size - off);
	if (len_bytes > RFS_READ_BYTES_MAX)
		return EINVAL;
	if (bad_off < off + len_bytes) {
		if (!handle->direct || bad_off <= off)
			return EIO;
		len_bytes = (size_t)(bad_off - off);
	}
	if (rfs_stream_get(&handle->stream, off, len_bytes, &ret->pieces))
		return 0;
	return read_now(handle, off, len_bytes, ret);
}

void rfs_handle_put(struct rfs_handle *handle, struct rfs_answer *answer)
{
	if (answer->pieces.nr)
		rfs_stream_put(&handle->stream, &answer->pieces);
	rfs_bench_give(answer->bench);
}
