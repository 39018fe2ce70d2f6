/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a check has found, for people and as JSON.
 *
 * Below it: survey, tool/bars, tool/json.
 */
#ifndef RIO_TOOL_REPORT_H
#define RIO_TOOL_REPORT_H

#include "survey/algorithm.h"
#include "survey/survey.h"

struct rio_report {
	const char *name;
	const struct rio_schema *schema; /* of a CSV; NULL: RecordIO */
	const struct rio_survey *survey;
	const struct rio_algorithm *algorithm; /* NULL: none was asked for */
};

/* Whether nothing is wrong with the file, and the algorithm asked for takes it. */
bool rio_report_is_ok(const struct rio_report *report);

/*
 * As rio_algorithm_judge, but that no algorithm takes a file in which something is wrong.
 * Returns how many reasons there are; on_reason may be NULL.
 */
unsigned rio_report_judge(const struct rio_report *report,
	const struct rio_algorithm *algorithm, rio_on_reason *on_reason, void *data);

void rio_report_text(const struct rio_report *report);

/* A line of JSON.  RIO_ENOMEM. */
int rio_report_json(const struct rio_report *report, struct rio_error *err);

/*
 * The same of a file that could not be read to its end, and why.  kind is "csv" or
 * "recordio", or NULL where that is not known.
 */
int rio_report_json_unread(const char *name, const char *kind, const struct rio_error *why,
	struct rio_error *err);

#endif
