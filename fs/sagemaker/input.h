/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folders of layout=sagemaker, as a training job has them at /opt/ml/input:
 *
 *	config/inputdataconfig.json, resourceconfig.json, hyperparameters.json
 *	data/train/…    the channel's files, encoded: the folders of tree
 *	data/train_0 …  a FIFO for every epoch
 *
 * Below it: shown, fifo, channels, input_names, listing, attr.  Functions return 0 or a
 * positive errno, and are safe from many threads.
 */
#ifndef RFS_INPUT_H
#define RFS_INPUT_H

#include "attr.h"
#include "listing.h"
#include "node.h"
#include "options.h"
#include "sagemaker/channels.h"
#include "sagemaker/fifo.h"
#include "sagemaker/shown.h"

#include <stdbool.h>

struct rfs_input;

/* Borrows all but ret. */
int rfs_input_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_channels *channels, struct rfs_fifos *fifos, struct rfs_input **ret);
void rfs_input_destroy(struct rfs_input *input);

/* What a name of the layout's own folders is; one of these. */
struct rfs_input_found {
	struct rfs_node *node;  /* a fixed one, or a FIFO's, with a reference more */
	struct rfs_node *fresh; /* new, owned by the caller: an RFS_TEXT */
	const char *folder;     /* a channel's, below SOURCE; borrowed */
};

/* ENOENT where parent, one of the layout's own folders, has no such name. */
int rfs_input_lookup(struct rfs_input *input, const struct rfs_node *parent, const char *name,
	const struct rfs_waiter *waiter, struct rfs_input_found *ret);

/* The folder data, for expelling names in it. */
struct rfs_node *rfs_input_data(struct rfs_input *input);

/* Whether node is one of config and data, which are always there. */
bool rfs_input_is_fixed(const struct rfs_input *input, const struct rfs_node *node);

void rfs_input_forget(struct rfs_input *input, struct rfs_node *node, uint64_t nr);

/* The attributes of the layout's own folders, of texts and FIFOs. */
int rfs_input_attr(struct rfs_input *input, struct rfs_node *node, struct rfs_attr *ret);

/* One of the layout's own folders. */
int rfs_input_list(struct rfs_input *input, const struct rfs_node *root,
	const struct rfs_node *folder, struct rfs_listing *ret);

/* Of a channel's folder, or one below it, take away what is not shown. */
void rfs_input_filter(struct rfs_input *input, const struct rfs_node *folder,
	struct rfs_listing *listing);

/* Whether the source, or the folder, at path below SOURCE is shown. */
bool rfs_input_shows(struct rfs_input *input, const char *path, bool is_folder);

/* Why the latest epoch of a channel has failed, of its folder; freed by the caller, or NULL. */
char *rfs_input_error(const struct rfs_input *input, const struct rfs_node *folder);

#endif
