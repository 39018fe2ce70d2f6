/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether SageMaker's built-in algorithms take records like these.  A pure function of
 * what is known of the records.
 *
 * Below it: base, survey/facts.
 */
#ifndef RIO_SURVEY_ALGORITHM_H
#define RIO_SURVEY_ALGORITHM_H

#include "survey/facts.h"

struct rio_algorithm;

/* By the name that --for takes, "-" and "_" being one; NULL: there is none. */
const struct rio_algorithm *rio_algorithm_find(const char *name);

/* Number i of all, from 0; NULL behind the last. */
const struct rio_algorithm *rio_algorithm_at(size_t i);

/* All names, separated by "|". */
#define RIO_ALGORITHM_NAMES                                                                        \
	"linear-learner|factorization-machines|kmeans|knn|pca|rcf|ntm|lda|seq2seq|xgboost"

const char *rio_algorithm_name(const struct rio_algorithm *algorithm);

/* Whether it reads RecordIO in Pipe mode. */
bool rio_algorithm_pipes(const struct rio_algorithm *algorithm);

/* Told once for each reason not to take the records; NULL in its place tells nobody. */
typedef void rio_on_reason(void *data, const char *reason);

/* How many reasons there are against it: 0, and the algorithm takes the records. */
unsigned rio_algorithm_judge(const struct rio_algorithm *algorithm, const struct rio_facts *facts,
	rio_on_reason *on_reason, void *data);

#endif
