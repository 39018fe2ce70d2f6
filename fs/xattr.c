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

static const struct rio_dataset *dataset_of(struct rfs_node *node)
{
	const struct rio_dataset *dataset;

	pthread_mutex_lock(&node->lock);
	dataset = node->dataset;
	pthread_mutex_unlock(&node->lock);
	return dataset;
}

/* text=map's table. */
static char *print_texts(const struct rio_dataset *dataset)
{
	json_t *texts = rio_dataset_codes(dataset) ? rio_dataset_texts(dataset) : NULL;
	char *text = texts ? json_dumps(texts, JSON_COMPACT) : NULL;

	json_decref(texts);
	return text;
}

/* What only files with records of many lengths have. */
static char *sizes_value(const struct rio_dataset *dataset, const char *name)
{
	const struct rio_sizes *sizes = rio_dataset_map(dataset)->sizes;

	if (!sizes)
		return NULL;
	if (strcmp(name, "skipped") == 0)
		return print_count(sizes->all.nr_skipped);
	if (strcmp(name, "filled") == 0)
		return print_count(sizes->nr_filled);
	return strcmp(name, "texts") == 0 ? print_texts(dataset) : NULL;
}

char *rfs_xattr_value(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, const char *name)
{
	const struct rio_dataset *dataset;

	if (node->kind == RFS_FOLDER && input && strcmp(name, PREFIX "error") == 0)
		return rfs_input_error(input, node);
	if (node->kind != RFS_FILE || strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	name += strlen(PREFIX);
	dataset = dataset_of(node);
	if (strcmp(name, "source") == 0)
		return rfs_beneath_absolute(beneath, node->path);
	if (strcmp(name, "error") == 0)
		return rfs_node_error(node);
	if (!dataset)
		return NULL;
	if (strcmp(name, "rows") == 0)
		return print_count(rio_dataset_nr_rows(dataset));
	if (strcmp(name, "columns") == 0)
		return print_count(rio_dataset_schema(dataset)->nr_columns);
	if (strcmp(name, "records") == 0)
		return print_count(rio_dataset_nr_records(dataset));
	if (strcmp(name, "record_bytes") == 0 && rio_dataset_record_bytes(dataset))
		return print_count(rio_dataset_record_bytes(dataset));
	return sizes_value(dataset, name);
}

size_t rfs_xattr_list(const struct rfs_beneath *beneath, const struct rfs_input *input,
	struct rfs_node *node, char list[RFS_XATTR_LIST_BYTES])
{
	static const char *const names[] = {PREFIX "columns", PREFIX "error", PREFIX "filled",
		PREFIX "record_bytes", PREFIX "records", PREFIX "rows", PREFIX "skipped",
		PREFIX "source", PREFIX "texts"};
	size_t len = 0;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *value = rfs_xattr_value(beneath, input, node, names[i]);

		if (value && strlen(value) <= RFS_XATTR_BYTES_MAX)
			len += (size_t)(stpcpy(list + len, names[i]) - (list + len)) + 1;
	}
	return len;
}
