/* SPDX-License-Identifier: Apache-2.0 */
#include "sagemaker/input.h"

#include "base/util.h"
#include "log.h"
#include "sagemaker/input_names.h"
#include "to_errno.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define CONFIG_INO 5
#define DATA_INO   6

/* In a listing, of what has no number yet. */
#define UNKNOWN_INO UINT64_C(0xffffffff)

struct rfs_input {
	const struct rfs_options *options;
	const struct rfs_beneath *beneath;
	struct rfs_channels *channels;
	struct rfs_fifos *fifos;
	struct rfs_shown *shown;
	struct rfs_node *config, *data;
};

int rfs_input_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_channels *channels, struct rfs_fifos *fifos, struct rfs_input **ret)
{
	struct rfs_input *input = calloc(1, sizeof(*input));

	if (!input)
		return ENOMEM;
	input->options = options;
	input->beneath = beneath;
	input->channels = channels;
	input->fifos = fifos;
	input->shown = rfs_shown_create(&options->job, channels);
	input->config = rfs_node_create_fixed(RFS_CONFIG, "config", CONFIG_INO);
	input->data = rfs_node_create_fixed(RFS_DATA, "data", DATA_INO);
	if (!input->shown || !input->config || !input->data) {
		rfs_input_destroy(input);
		return ENOMEM;
	}
	*ret = input;
	return 0;
}

void rfs_input_destroy(struct rfs_input *input)
{
	if (!input)
		return;
	rfs_shown_destroy(input->shown);
	rfs_node_destroy(input->config);
	rfs_node_destroy(input->data);
	free(input);
}

struct rfs_node *rfs_input_data(struct rfs_input *input)
{
	return input->data;
}

bool rfs_input_is_fixed(const struct rfs_input *input, const struct rfs_node *node)
{
	return node == input->config || node == input->data;
}

/* --- config --- */

/* A text is known by what it says, so one that changes is another file. */
static int create_text(struct rfs_input *input, enum rio_config_file file, struct rfs_node **ret)
{
	_cleanup_free_ char *text = NULL, *path = NULL;
	struct rio_stamp stamp = {0};
	struct rio_error err;
	struct stat st;

	if (rfs_channels_config(input->channels, file, &text, &err)) {
		rfs_log_error(&err);
		return rfs_to_errno(&err);
	}
	if (rfs_beneath_stat(input->beneath, ".", &st))
		return ESTALE;
	st.st_mode = S_IFREG | (st.st_mode & 0444);
	stamp.size_bytes = strlen(text);
	stamp.ino = XXH3_64bits(text, stamp.size_bytes);
	if (asprintf(&path, "config/%s", rio_config_name(file)) < 0)
		return ENOMEM;
	*ret = rfs_node_create(RFS_TEXT, path, &stamp, &st);
	if (!*ret)
		return ENOMEM;
	(*ret)->text = rio_steal(text);
	return 0;
}

static int lookup_config(struct rfs_input *input, const char *name, struct rfs_node **ret)
{
	for (int i = 0; i < RIO_CONFIG_FILES; i++)
		if (strcmp(name, rio_config_name((enum rio_config_file)i)) == 0)
			return create_text(input, (enum rio_config_file)i, ret);
	return ENOENT;
}

/* --- data --- */

/*
 * A FIFO is its feeder's, who must write to it.  Others may read it where they may read all
 * of the channel's files; that is not looked up where nobody else is let in.
 */
static mode_t mode_of_fifo(const struct rfs_input *input, const char *channel)
{
	mode_t mode = 0644 & ~input->options->umask;

	if (input->options->allow_other &&
		!rfs_shown_to_all(input->shown, input->beneath, channel))
		mode &= 0600;
	return S_IFIFO | mode | 0600;
}

static int lookup_fifo(struct rfs_input *input, const char *name,
	const struct rfs_waiter *waiter, struct rfs_node **ret)
{
	rfs_name channel;
	uint64_t epoch;

	if (!rfs_input_parse_fifo(name, channel, &epoch) ||
		!rfs_channels_folder(input->channels, channel))
		return ENOENT;
	if (rfs_fifos_is_feeder(input->fifos, waiter->tid))
		return rfs_fifos_lookup_own(input->fifos, name, ret);
	return rfs_fifos_lookup(input->fifos, name, channel, epoch, mode_of_fifo(input, channel),
		ret);
}

/* A folder's name is the folder's, even where it looks like that of a FIFO. */
static int lookup_data(struct rfs_input *input, const char *name,
	const struct rfs_waiter *waiter, struct rfs_input_found *ret)
{
	ret->folder = rfs_channels_folder(input->channels, name);
	return ret->folder ? 0 : lookup_fifo(input, name, waiter, &ret->node);
}

int rfs_input_lookup(struct rfs_input *input, const struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_input_found *ret)
{
	*ret = (struct rfs_input_found){0};
	if (parent == input->config)
		return lookup_config(input, name, &ret->fresh);
	if (parent == input->data)
		return lookup_data(input, name, waiter, ret);
	if (strcmp(name, "config") == 0)
		ret->node = input->config;
	else if (strcmp(name, "data") == 0)
		ret->node = input->data;
	return ret->node ? 0 : ENOENT;
}

void rfs_input_forget(struct rfs_input *input, struct rfs_node *node, uint64_t nr)
{
	rfs_fifos_forget(input->fifos, node, nr);
}

int rfs_input_attr(struct rfs_input *input, struct rfs_node *node, struct rfs_attr *ret)
{
	struct stat st;

	if (node->kind == RFS_TEXT || node->kind == RFS_FIFO) {
		rfs_attr_of_own(input->options, node, ret);
		return 0;
	}
	if (rfs_beneath_stat(input->beneath, ".", &st))
		return ESTALE;
	rfs_attr_of_folder(input->options, node, &st, ret);
	return 0;
}

/* --- listings --- */

static int list_config(struct rfs_input *input, struct rfs_listing *ret)
{
	int e = 0;

	for (int i = 0; i < RIO_CONFIG_FILES && !e; i++) {
		struct rfs_node *node;

		e = create_text(input, (enum rio_config_file)i, &node);
		if (!e)
			e = rfs_listing_add(ret, rio_config_name((enum rio_config_file)i),
				node->ino, S_IFREG);
		if (!e)
			rfs_node_destroy(node);
	}
	return e;
}

static int list_channel(struct rfs_input *input, const char *name, struct rfs_listing *ret)
{
	const char *folder = rfs_channels_folder(input->channels, name);
	uint64_t next = rfs_feeds_next(rfs_fifos_feeds(input->fifos), name);
	struct rio_stamp stamp;
	struct stat st;
	int e;

	if (!folder || rfs_beneath_stat(input->beneath, folder, &st))
		return 0;
	stamp = rfs_folder_stamp(&st);
	e = rfs_listing_add(ret, name, rfs_node_ino(folder, &stamp), S_IFDIR);
	for (uint64_t epoch = 0; !e && epoch <= next; epoch++) {
		rfs_name fifo;

		if (rfs_input_print_fifo(name, epoch, fifo) &&
			!rfs_channels_folder(input->channels, fifo))
			e = rfs_listing_add(ret, fifo, UNKNOWN_INO, S_IFIFO);
	}
	return e;
}

static int list_data(struct rfs_input *input, struct rfs_listing *ret)
{
	size_t nr_dots = ret->nr, nr;
	char **names;
	int e = rfs_channels_names(input->channels, &names, &nr);

	if (e)
		return e;
	for (size_t i = 0; i < nr && !e; i++)
		e = list_channel(input, names[i], ret);
	rfs_channels_free_names(names);
	if (!e)
		rfs_listing_sort(ret, nr_dots);
	return e;
}

int rfs_input_list(struct rfs_input *input, const struct rfs_node *root,
	const struct rfs_node *folder, struct rfs_listing *ret)
{
	struct rfs_listing listing = {0};
	int e = rfs_listing_add(&listing, ".", folder->ino, S_IFDIR);

	if (!e)
		e = rfs_listing_add(&listing, "..", root->ino, S_IFDIR);
	if (!e && folder == input->config)
		e = list_config(input, &listing);
	else if (!e && folder == input->data)
		e = list_data(input, &listing);
	else if (!e)
		e = rfs_listing_add(&listing, "config", input->config->ino, S_IFDIR);
	if (!e && folder == root)
		e = rfs_listing_add(&listing, "data", input->data->ino, S_IFDIR);
	if (e)
		rfs_listing_deinit(&listing);
	else
		*ret = listing;
	return e;
}

bool rfs_input_shows(struct rfs_input *input, const char *path, bool is_folder)
{
	return rfs_shown_has(input->shown, path, is_folder);
}

/* The source of an entry; false where it has none. */
static bool source_of(const struct rfs_input *input, const struct rfs_node *folder,
	const struct rfs_entry *entry, char **ret)
{
	const char *name = entry->name;
	rfs_name source;

	if (S_ISREG(entry->type)) {
		if (!rfs_name_to_source(input->options->encoding.suffix, name, entry->rank, source))
			return false;
		name = source;
	}
	*ret = rfs_beneath_join(folder->path, name);
	return *ret;
}

void rfs_input_filter(struct rfs_input *input, const struct rfs_node *folder,
	struct rfs_listing *listing)
{
	size_t n = 2;

	/* Above a channel's folder is data, and not SOURCE. */
	if (rfs_channels_name_of(input->channels, folder->path))
		listing->entries[1].ino = input->data->ino;
	for (size_t i = n; i < listing->nr; i++) {
		struct rfs_entry *entry = &listing->entries[i];
		_cleanup_free_ char *path = NULL;

		if (source_of(input, folder, entry, &path) &&
			rfs_input_shows(input, path, S_ISDIR(entry->type)))
			listing->entries[n++] = *entry;
		else
			free(entry->name);
	}
	listing->nr = n;
}

char *rfs_input_error(const struct rfs_input *input, const struct rfs_node *folder)
{
	const char *name = rfs_channels_name_of(input->channels, folder->path);

	return name ? rfs_feeds_error(rfs_fifos_feeds(input->fifos), name) : NULL;
}
