/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading all of a file, past every error: what its columns hold, what its records are,
 * and what is wrong with it.
 *
 *	CSV       cells ──► ranges          (of what stands there, whatever becomes of it)
 *	          the encoder ──► records ──► facts, findings
 *	RecordIO  frames ──► records ──► facts with ranges, findings
 *
 * What the encoder refuses is a finding, and nothing else is, so a file without one can
 * be encoded to its end.
 *
 * Below it: dataset, record/unframe.
 */
#ifndef RIO_SURVEY_SURVEY_H
#define RIO_SURVEY_SURVEY_H

#include "dataset/dataset.h"
#include "record/unframe.h"
#include "survey/facts.h"
#include "survey/range.h"

struct rio_finding {
	uint64_t off; /* in the encoded file: their order */
	struct rio_error err;
};

/* The first ones of all findings, in order. */
struct rio_findings {
	struct rio_finding *all; /* owned */
	size_t nr, max;
	uint64_t nr_total;
	uint64_t nr_of_kind[RIO_NR_KINDS];
};

struct rio_survey {
	struct rio_findings findings;
	struct rio_facts facts;

	/* Of a CSV. */
	struct rio_range *columns; /* owned; as the schema has them */
	size_t nr_columns;
	uint64_t nr_rows;          /* whose cells were read */
	uint64_t nr_other_lengths; /* of these: they have not as many fields as columns */
	uint64_t nr_nul;           /* … they hold a NUL byte */
	uint64_t nr_unreadable;    /* rows from a bad quote on */

	/* Of RecordIO. */
	uint64_t len_bytes;        /* read */
};

struct rio_survey_config {
	size_t findings_max;
	size_t record_bytes_max; /* RecordIO: a longer one is a finding */
	unsigned nr_threads;     /* CSV; 0: one a core */

	/* As rio_dataset_config's, in bytes of the file; may be NULL. */
	int (*progress)(void *data, uint64_t done_bytes, uint64_t total_bytes);
	void *progress_data;
};

/*
 * Survey a CSV.  Fails only where the survey itself does: the source has changed,
 * cannot be read, memory ran out.  ret is to be deinitialised in any case.
 */
int rio_survey_csv(const struct rio_dataset *dataset, struct rio_source *source,
	const struct rio_survey_config *config, struct rio_survey *ret, struct rio_error *err);

/* Survey RecordIO, from begin to end.  size_bytes is for progress; 0: not known. */
int rio_survey_recordio(rio_pull *pull, void *pull_data, uint64_t size_bytes,
	const struct rio_survey_config *config, struct rio_survey *ret, struct rio_error *err);

void rio_survey_deinit(struct rio_survey *survey);

/* For the passes: begin a survey; count a finding; add a record's facts. */
int rio_survey_init(struct rio_survey *survey, const struct rio_survey_config *config,
	struct rio_error *err);
void rio_findings_add(struct rio_findings *findings, uint64_t off, const struct rio_error *err);
int rio_facts_add_framed(struct rio_facts *facts, uint64_t number,
	const struct rio_framed *framed, struct rio_error *err);

#endif
