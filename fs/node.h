/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an inode number of the mount stands for, and what is known about it.
 *
 * A file's node is bound to one state (stamp) of its source: size, attributes
 * and content never change, so the kernel may cache them for good.  A changed
 * source gets another node, with another inode number.
 *
 * A view (RFS_JOINED, RFS_SHARD, RFS_INDEX) is made of other nodes, its members, and bound
 * to their states; what is said of files here holds for it.
 *
 * Below it: beneath, settings, to_errno, log, core/dataset, core/view.  References and the
 * table of nodes are tree's.
 */
#ifndef RFS_NODE_H
#define RFS_NODE_H

#include "beneath.h"
#include "dataset/dataset.h"
#include "settings.h"
#include "status.h"
#include "view/index_text.h"
#include "view/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum rfs_kind {
	RFS_FOLDER,
	RFS_PLAIN,  /* any other file, as it is (passthrough) */
	RFS_FILE,
	RFS_JOINED, /* all files of a folder, one behind the other */
	RFS_SHARD,  /* of a file, or of what is joined */
	RFS_INDEX,  /* MXNet's, of any of these */
	RFS_CONTROL, /* MOUNTPOINT/.recordiofs */
	RFS_STATUS,  /* in it */
	RFS_METRICS,
	/* layout=sagemaker: */
	RFS_INPUT,  /* the root, as /opt/ml/input */
	RFS_CONFIG, /* config in it */
	RFS_DATA,   /* data in it */
	RFS_TEXT,   /* a file in config, one state of it */
	RFS_FIFO,   /* an epoch of a channel, one opening of it: fifo's */
};

enum rfs_known {
	RFS_UNKNOWN,
	RFS_DESCRIBING, /* someone is at it */
	RFS_READY,      /* it can be read, by what is set below */
	RFS_BROKEN,     /* no file that can be encoded: broken_errno and error are set */
};

struct rfs_node {
	/* Constant. */
	enum rfs_kind kind;
	char *path;             /* of the source, below SOURCE; "." for SOURCE; a view's own */
	struct rio_stamp stamp; /* RFS_FOLDER: dev and ino only; a view: of all its members */
	struct stat source_st;  /* of the source in this state, or of all members as one */
	uint64_t ino;           /* 63 bits, of path and stamp */
	struct rfs_node **members; /* views: pinned; RFS_JOINED: files, else one */
	size_t nr_members;
	char *folder;           /* RFS_JOINED: that of the members, below SOURCE */
	unsigned shard, nr_shards; /* RFS_SHARD */
	char *text;             /* RFS_TEXT: what it holds */

	uint64_t nr_refs; /* the kernel's lookups and our handles; guarded by tree's lock, an
			     RFS_FIFO's by fifo's */

	pthread_mutex_t lock;     /* all below */
	pthread_cond_t described; /* known or opened has changed */
	enum rfs_known known;
	struct rio_dataset *dataset; /* RFS_FILE: constant once RFS_READY, as the next two */
	struct rio_view *view;       /* what its bytes are; RFS_INDEX, RFS_PLAIN: NULL */
	struct rio_index_text index; /* RFS_INDEX */
	int broken_errno;
	enum { RFS_UNOPENED, RFS_OPENING, RFS_OPENED } opened; /* for the first time */
	uint64_t bad_off; /* of the first record known to be bad, or RIO_NO_OFFSET */
	char *error;      /* the message about it, or about a broken file; NULL: none */

	atomic_bool told_long_names; /* RFS_FOLDER */
	atomic_bool told_hidden;     /* RFS_FOLDER */
	atomic_bool told_no_view;    /* RFS_FOLDER */
	atomic_bool told_filled;     /* files and views */
};

/* Whether it is opened and read by way of its sources: a file or a view. */
static inline bool rfs_node_is_file(const struct rfs_node *node)
{
	return node->kind >= RFS_PLAIN && node->kind <= RFS_INDEX;
}

static inline bool rfs_node_is_view(const struct rfs_node *node)
{
	return node->kind >= RFS_JOINED && node->kind <= RFS_INDEX;
}

/* Whether it is one of the folders that layout=sagemaker makes. */
static inline bool rfs_node_is_of_input(const struct rfs_node *node)
{
	return node->kind == RFS_INPUT || node->kind == RFS_CONFIG || node->kind == RFS_DATA;
}

/* What names a node: two that are equal are one. */
int rfs_node_compare(const void *a, const void *b);

/* The inode number of path in the state stamp. */
uint64_t rfs_node_ino(const char *path, const struct rio_stamp *stamp);

/* What a folder is known by: that it changes inside does not make it another. */
struct rio_stamp rfs_folder_stamp(const struct stat *st);

/* Copies path.  NULL without memory. */
struct rfs_node *rfs_node_create(enum rfs_kind kind, const char *path,
	const struct rio_stamp *stamp, const struct stat *source_st);
/* One that is always there, and has no source. */
struct rfs_node *rfs_node_create_fixed(enum rfs_kind kind, const char *path, uint64_t ino);
void rfs_node_destroy(struct rfs_node *node);

/* Someone who waits, and may stop to. */
struct rfs_waiter {
	bool (*gave_up)(void *data); /* from any thread */
	void *data;
	pid_t tid; /* the thread, as the mount's process sees it; 0: in another world */
};

/* How files are described. */
struct rfs_describer {
	const struct rfs_beneath *beneath;
	struct rfs_settings *settings;
	struct rio_store *store; /* NULL: none */
	struct rfs_counters *counters;
};

/* What describing comes to; published in one go. */
struct rfs_description {
	enum rfs_known known;
	struct rio_dataset *dataset;
	struct rio_view *view;
	struct rio_index_text index;
	int broken_errno;
	char *error;
};

/*
 * Wait while another describes (without a waiter: do not).  True: it is the caller's turn,
 * who must publish what he finds.  Else *ret_errno is 0, or EINTR where the waiter gave up.
 */
bool rfs_node_take_turn(struct rfs_node *node, const struct rfs_waiter *waiter, int *ret_errno);
void rfs_node_publish(struct rfs_node *node, const struct rfs_description *found);

/* Its bytes; node is RFS_READY. */
uint64_t rfs_node_len_bytes(const struct rfs_node *node);

/*
 * See to it that node, an RFS_FILE or RFS_PLAIN, is RFS_READY or RFS_BROKEN; probed_fd is an
 * O_PATH descriptor of its source.  Of many callers one does the work.  Returns
 * 0, or a positive errno: EINTR where the waiter gave up, ESTALE where the source
 * is not in node's state any more, or what keeps it from being read just now.
 *
 * Without a waiter (NULL) nothing is waited for or counted: only what a kept map tells
 * is found, and node may stay RFS_UNKNOWN.
 */
int rfs_node_describe(struct rfs_node *node, const struct rfs_describer *by, int probed_fd,
	const struct rfs_waiter *waiter);

/*
 * Make source, newly opened from node's (RFS_READY) file at path, ready for reading.
 * Returns 0 or a positive errno: EINTR where the waiter gave up, ESTALE where it is
 * not in node's state any more.
 */
int rfs_node_attach(struct rfs_node *node, const struct rfs_describer *by, const char *path,
	const struct rfs_waiter *waiter, struct rio_source *source);

/*
 * Note that the record that begins at bad_off cannot be encoded; of a file that is logged,
 * the first time.
 */
void rfs_node_note_bad(struct rfs_node *node, uint64_t bad_off, const struct rio_error *err);

uint64_t rfs_node_bad_off(struct rfs_node *node);

/* What is known of it; *ret_errno is why it is RFS_BROKEN. */
enum rfs_known rfs_node_known(struct rfs_node *node, int *ret_errno);

/* Whether it is known, and for good, what a file is: RFS_READY or RFS_BROKEN. */
bool rfs_node_is_settled(struct rfs_node *node);

/* True for the first who asks; others are kept until that one has ended it. */
bool rfs_node_begin_first_open(struct rfs_node *node);
void rfs_node_end_first_open(struct rfs_node *node);

/* A copy of the message, freed by the caller; NULL where there is none (or no memory). */
char *rfs_node_error(struct rfs_node *node);

#endif
