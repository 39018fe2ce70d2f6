/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a SageMaker training job says about its data, apart from how a CSV is encoded:
 * the words that `recordiofs -o` and `recordio feed` share, in one table as
 * schema/options'.
 *
 * Below it: base, schema/options.  It sees no file.
 */
#ifndef RIO_CHANNEL_JOB_H
#define RIO_CHANNEL_JOB_H

#include "base/error.h"
#include "schema/options.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rio_input_mode { RIO_MODE_PIPE, RIO_MODE_FILE, RIO_MODE_FAST_FILE };

/* What a new epoch finds in another order. */
enum rio_shuffle {
	RIO_SHUFFLE_NONE,
	RIO_SHUFFLE_FILES,
	RIO_SHUFFLE_ROWS, /* files, and the rows of each in blocks */
};

enum rio_distribution { RIO_FULLY_REPLICATED, RIO_SHARDED_BY_KEY };

enum rio_compression { RIO_UNCOMPRESSED, RIO_GZIP };

enum rio_wrapper { RIO_NOT_WRAPPED, RIO_WRAPPED };

struct rio_job {
	enum rio_input_mode input_mode; /* what inputdataconfig.json says; all modes are served */
	enum rio_shuffle shuffle;       /* seed alone means files, as SageMaker's does */
	bool shuffle_set;
	uint64_t seed;
	bool seed_set;
	enum rio_distribution distribution;
	char **hosts;                   /* as given; one, "algo-1", where none is */
	size_t nr_hosts;
	char *current_host;             /* one of hosts; the first where none is given */
	bool current_host_set;
	char *content_type;             /* as given; NULL where it is not */
	int label_size;                 /* of content_type; -1: it says nothing */
	enum rio_compression compression;
	enum rio_wrapper record_wrapper;
	char *manifest;                 /* a path as given; NULL: none */
	char *hyperparameters;          /* likewise: a JSON object in a file */
};

/* The types that a CSV can be said to be.  What is delivered is the latter, or wrapped CSV. */
#define RIO_TYPE_CSV      "text/csv"
#define RIO_TYPE_RECORDIO "application/x-recordio-protobuf"

#define RIO_LABEL_SIZE_MAX 65536

/* As rio_option_table; ended by an entry whose name is NULL. */
extern const struct rio_option_info rio_job_table[];

int rio_job_init(struct rio_job *job, struct rio_error *err);
void rio_job_deinit(struct rio_job *job);

/*
 * Set one word.  RIO_EOPTION names it and what it takes.  Values are taken without regard
 * to SageMaker's capitals.
 */
int rio_job_set(struct rio_job *job, const char *name, const char *value, struct rio_error *err);

/* RIO_EOPTION where words that are fine alone do not go together. */
int rio_job_check(const struct rio_job *job, struct rio_error *err);

/*
 * What content_type's label_size says about label, where the options' user did not say it
 * himself: none, or the first columns.
 */
int rio_job_apply(const struct rio_job *job, struct rio_options *options, struct rio_error *err);

/*
 * Whether SageMaker would take a channel of this name: 1 to 64 letters and digits of ASCII,
 * '.', '-' and '_'.
 */
bool rio_job_is_channel(const char *name);

/* Which of hosts is current_host, from 0; nr_hosts where it is none, which check refuses. */
size_t rio_job_host(const struct rio_job *job);

#endif
