/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of recordiofs.  What a file is encoded to is core's to parse
 * (schema/options.h), and so is what a training job says (channel/job.h); this adds what
 * concerns the mount, and knows which of mount(8)'s words are none of ours.
 *
 * Below it: core/schema, core/channel, libfuse's option parser.
 */
#ifndef RFS_OPTIONS_H
#define RFS_OPTIONS_H

#include "channel/job.h"
#include "schema/options.h"
#include "settings/settings.h"

#include <fuse_opt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum rfs_layout { RFS_MIRROR, RFS_SAGEMAKER };

struct rfs_options {
	char *source;      /* both as given */
	char *mountpoint;
	bool foreground;
	bool fake;         /* mount -f: say what would fail, mount nothing */
	bool says_rw;
	bool is_from_mount; /* called by mount(8), as far as can be told */

	struct rio_options encoding;        /* where no settings file says otherwise */
	struct rio_settings given_encoding; /* the words of it that were given */
	char *config;                       /* a settings file, or "none"; NULL: not given */

	enum rfs_layout layout;
	struct rio_job job;   /* RFS_SAGEMAKER */
	const char *job_word; /* one of its words that was given; NULL: none was */

	char *index_dir;   /* NULL: the user's cache folder */
	bool keep_maps;    /* false: index_dir=none */
	uint64_t memory_bytes;
	unsigned nr_threads;
	bool has_uid, has_gid;
	uid_t uid;
	gid_t gid;
	mode_t umask;
	bool direct_io;
	bool allow_other;
	bool passthrough;
	bool concat;
	unsigned nr_shards; /* 0: none */
	bool idx;

	char *given;              /* the -o words in effect, joined by commas; "" for none */
	struct fuse_args session; /* words that libfuse and the kernel are to have */
};

/* The mount's own options, as rio_option_table is core's. */
extern const struct rio_option_info rfs_option_table[];

/* Set the option of that entry.  RIO_EOPTION says what it takes. */
int rfs_option_set(struct rfs_options *options, const struct rio_option_info *info,
	const char *value, struct rio_error *err);

enum rfs_call { RFS_CALL_MOUNT = 0, RFS_CALL_HELP, RFS_CALL_VERSION };

/*
 * Returns an enum rfs_call, or RIO_EOPTION or RIO_ENOMEM; ret must be
 * deinitialised in every case.
 */
int rfs_options_parse(struct rfs_options *ret, int argc, char **argv, struct rio_error *err);
void rfs_options_deinit(struct rfs_options *options);

void rfs_options_usage(FILE *file);

#endif
