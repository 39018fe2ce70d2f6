/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SageMaker's manifest:
 *
 *	[ {"prefix": "s3://bucket/data/"}, "train/a.csv", "train/b.csv" ]
 *
 * means s3://bucket/data/train/a.csv and so on: prefix and key are put together as they
 * stand.  Here the bucket is SOURCE, whose folders are the channels, so that this names
 * data/train/a.csv below SOURCE, which is train/a.csv of the channel data.  What belongs
 * to other channels is theirs to look for.
 */
#include "channel/json.h"
#include "channel/objects.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEME "s3://"

struct manifest {
	const char *name;
	const char *channel;
	const struct rio_objects *known;
	const char *prefix; /* behind the bucket */
};

static int fail_entry(const struct manifest *manifest, size_t number, const char *why,
	struct rio_error *err)
{
	rio_fail(err, RIO_EOPTION, "entry %zu of the manifest %s", number, why);
	rio_error_set_file(err, manifest->name);
	return RIO_EOPTION;
}

/* Entry 1: {"prefix": "s3://bucket/..."}. */
static int read_prefix(struct manifest *manifest, const json_t *entry, struct rio_error *err)
{
	const char *uri = json_string_value(json_object_get(entry, "prefix"));
	const char *bucket, *slash;

	if (!uri || json_object_size(entry) != 1 || strncmp(uri, SCHEME, strlen(SCHEME)) != 0)
		return fail_entry(manifest, 1,
			"is not {\"prefix\": \"s3://BUCKET/...\"}", err);
	bucket = uri + strlen(SCHEME);
	slash = strchr(bucket, '/');
	if (!slash || slash == bucket)
		return fail_entry(manifest, 1, "names no bucket with a '/' behind it", err);
	manifest->prefix = slash + 1;
	return 0;
}

/* Names with single slashes between them, none of which leads up. */
static bool is_plain(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
			(len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

static int add_key(const struct manifest *manifest, size_t number, const char *key,
	struct rio_objects *ret, struct rio_error *err)
{
	size_t channel_bytes = strlen(manifest->channel);
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s%s", manifest->prefix, key) < 0)
		return rio_fail(err, RIO_ENOMEM, "no memory for a manifest");
	if (!is_plain(path))
		return fail_entry(manifest, number,
			"is no path below a folder: '.', '..' and empty names are none", err);
	if (strncmp(path, manifest->channel, channel_bytes) != 0 || path[channel_bytes] != '/')
		return 0;
	if (!rio_objects_has(manifest->known, path + channel_bytes + 1)) {
		rio_fail_errno(err, ENOENT, "entry %zu of the manifest: %s is no CSV file that is "
			"there", number, path);
		rio_error_set_file(err, manifest->name);
		return RIO_ESYSTEM;
	}
	return rio_objects_add(ret, path + channel_bytes + 1, err);
}

int rio_objects_select(const char *text, size_t len_bytes, const char *manifest_name,
	const char *channel, const struct rio_objects *known, struct rio_objects *ret,
	struct rio_error *err)
{
	struct manifest manifest = {.name = manifest_name, .channel = channel, .known = known};
	_cleanup_(rio_objects_deinit) struct rio_objects selected = {0};
	_cleanup_json_ json_t *list = NULL;
	int r = rio_json_parse(text, len_bytes, manifest_name, &list, err);

	if (!r)
		r = read_prefix(&manifest, json_array_get(list, 0), err);
	for (size_t i = 1; !r && i < json_array_size(list); i++) {
		const char *key = json_string_value(json_array_get(list, i));

		r = key ? add_key(&manifest, i + 1, key, &selected, err)
			: fail_entry(&manifest, i + 1, "is no text", err);
	}
	if (r)
		return r;
	*ret = selected;
	selected = (struct rio_objects){0};
	return 0;
}
