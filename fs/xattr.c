/* SPDX-License-Identifier: Apache-2.0 */
#include "xattr.h"

#include "base/util.h"
#include "dataset/texts.h"

#include <stdio.h>
#include <string.h>

#define PREFIX "user.recordiofs."

static char *print_count(uint64_t value)
{
	char *text;

	return asprintf(&text, "%ju", (uintmax_t)value) < 0 ? NULL : text;
}

/* What the node's bytes are, or NULL: that is not known, or there are none. */
static const struct rio_view *view_of(struct rfs_node *node)
{
	const struct rio_view *view;

	pthread_mutex_lock(&node->lock);
	view = node->view;
	pthread_mutex_unlock(&node->lock);
	return view;
}

/* text=map's table. */
static char *print_texts(const struct rio_dataset *dataset)
{
	json_t *texts = rio_dataset_codes(dataset) ? rio_dataset_texts(dataset) : NULL;
	char *text = texts ? json_dumps(texts, JSON_COMPACT) : NULL;

	json_decref(texts);
	return text;
}

static uint64_t nr_columns(const struct rio_dataset *dataset)
{
	return rio_dataset_schema(dataset)->nr_columns;
}

static uint64_t record_bytes(const struct rio_dataset *dataset)
{
	return rio_dataset_record_bytes(dataset);
}

static uint64_t nr_skipped(const struct rio_dataset *dataset)
{
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;

	return sizes ? sizes->all.nr_skipped : 0;
}

static uint64_t nr_filled(const struct rio_dataset *dataset)
{
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;

	return sizes ? sizes->nr_filled : 0;
}

static char *print_sum(const struct rio_view *view, uint64_t (*of)(const struct rio_dataset *d))
{
	uint64_t sum = 0;

	for (const struct rio_part *part = view->parts; part->dataset; part++)
		sum += of(part->dataset);
	return print_count(sum);
}

/* What is the same in all parts; NULL where it is not, or is what stands for none. */
static char *print_common(const struct rio_view *view, uint64_t (*of)(const struct rio_dataset *d),
	uint64_t none)
{
	const struct rio_part *first = view->parts;
	uint64_t value = first->dataset ? of(first->dataset) : none;

	for (const struct rio_part *part = first; part->dataset; part++)
		if (of(part->dataset) != value)
			return NULL;
	return value == none ? NULL : print_count(value);
}

static bool has_sizes(const struct rio_view *view)
{
	for (const struct rio_part *part = view->parts; part->dataset; part++)
		if (rio_dataset_map(part->dataset)->sizes)
			return true;
	return false;
}

/* What is told of whole files only, not of shards. */
static char *whole_value(const struct rfs_node *node, const struct rio_view *view, const char *name)
{
	if (strcmp(name, "rows") == 0)
		return print_sum(view, rio_dataset_nr_rows);
	if (strcmp(name, "skipped") == 0 && has_sizes(view))
		return print_sum(view, nr_skipped);
	if (strcmp(name, "filled") == 0 && has_sizes(view))
		return print_sum(view, nr_filled);
	if (strcmp(name, "texts") == 0 && node->kind == RFS_FILE)
		return print_texts(node->dataset);
	return NULL;
}

static char *view_value(const struct rfs_node *node, const struct rio_view *view, const char *name)
{
	if (strcmp(name, "records") == 0)
		return print_count(rio_view_nr_records(view));
	if (strcmp(name, "columns") == 0)
		return print_common(view, nr_columns, UINT64_MAX);
	if (strcmp(name, "record_bytes") == 0)
		return print_common(view, record_bytes, 0);
	if (strcmp(name, "files") == 0 && node->kind != RFS_FILE)
		return print_count(view->nr_parts);
	return node->kind == RFS_SHARD ? NULL : whole_value(node, view, name);
}

/* The CSV, or the folder of those that are joined. */
static char *source_value(const struct rfs_beneath *beneath, const struct rfs_node *node)
{
	while (node->kind == RFS_SHARD || node->kind == RFS_INDEX)
		node = node->members[0];
	return rfs_beneath_absolute(beneath, node->kind == RFS_JOINED ? node->folder : node->path);
}

char *rfs_xattr_value(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, const char *name)
{
	const struct rio_view *view;

	if (node->kind == RFS_FOLDER && input && strcmp(name, PREFIX "error") == 0)
		return rfs_input_error(input, node);
	if (!rfs_node_is_file(node) || strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	name += strlen(PREFIX);
	if (strcmp(name, "source") == 0)
		return source_value(beneath, node);
	if (strcmp(name, "error") == 0)
		return rfs_node_error(node);
	view = view_of(node);
	return view ? view_value(node, view, name) : NULL;
}

size_t rfs_xattr_list(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, char list[RFS_XATTR_LIST_BYTES])
{
	static const char *const names[] = {PREFIX "columns", PREFIX "error", PREFIX "files",
		PREFIX "filled", PREFIX "record_bytes", PREFIX "records", PREFIX "rows",
		PREFIX "skipped", PREFIX "source", PREFIX "texts"};
	size_t len = 0;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *value = rfs_xattr_value(beneath, input, node, names[i]);

		if (value && strlen(value) <= RFS_XATTR_BYTES_MAX)
			len += (size_t)(stpcpy(list + len, names[i]) - (list + len)) + 1;
	}
	return len;
}
