/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file is read to its end, whatever is wrong with it, and reported on standard
 * output; how far it is goes to standard error.
 */
#include "tool/paths.h"
#include "tool/progress.h"
#include "tool/records.h"
#include "tool/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_FOR, OPTION_ERRORS, OPTION_MAX_RECORD, OPTION_JSON };

enum { ERRORS_SHOWN = 10, ERRORS_SHOWN_MAX = 100000 };

struct checking {
	const struct rio_tool_call *call;
	const struct rio_algorithm *algorithm;
	struct rio_survey_config survey;
	struct rio_progress progress;
};

static int read_errors(const char *text, size_t *ret, struct rio_error *err)
{
	uint64_t nr = ERRORS_SHOWN;
	const char *p = text;

	if (text && (!rio_tool_read_size(&p, &nr) || *p || nr > ERRORS_SHOWN_MAX))
		return rio_fail(err, RIO_EOPTION, "--errors %s is no number up to %d", text,
			ERRORS_SHOWN_MAX);
	*ret = (size_t)nr;
	return 0;
}

static int read_algorithm(const char *name, const struct rio_algorithm **ret,
	struct rio_error *err)
{
	*ret = name ? rio_algorithm_find(name) : NULL;
	if (name && !*ret)
		return rio_fail(err, RIO_EOPTION, "--for %s is not known; there are %s", name,
			RIO_ALGORITHM_NAMES);
	return 0;
}

static int survey(struct checking *c, struct rio_tool_records *records, struct rio_survey *ret,
	struct rio_error *err)
{
	struct rio_progress *progress = &c->progress;
	uint64_t len_bytes = records->size_bytes;
	bool counted = false;
	int r;

	if (records->input.dataset) {
		len_bytes = rio_dataset_stamp(records->input.dataset)->size_bytes;
		counted = rio_dataset_map_origin(records->input.dataset) != RIO_MAP_LOADED;
	}
	/* Counting rows was the first half of a file; there is none, or a map was kept. */
	rio_progress_file_done(progress, len_bytes, counted);
	r = records->input.dataset
		    ? rio_survey_csv(records->input.dataset, records->input.source, &c->survey,
			      ret, err)
		    : rio_survey_recordio(rio_tool_records_pull, records, len_bytes, &c->survey,
			      ret, err);
	rio_progress_file_done(progress, len_bytes, true);
	return r;
}

static int report(struct checking *c, const struct rio_tool_records *records,
	const struct rio_survey *survey, bool *ret_ok, struct rio_error *err)
{
	const struct rio_report report = {
		.name = records->name,
		.schema = records->input.dataset ? rio_dataset_schema(records->input.dataset)
						 : NULL,
		.survey = survey,
		.algorithm = c->algorithm,
	};

	*ret_ok = rio_report_is_ok(&report);
	if (c->call->values[OPTION_JSON])
		return rio_report_json(&report, err);
	rio_report_text(&report);
	return 0;
}

/* A file that cannot be read through: standard output has an object for it all the same. */
static enum rio_exit report_unread(const struct checking *c, const char *name, const char *kind,
	const struct rio_error *why)
{
	enum rio_exit code = rio_tool_report(why);
	struct rio_error err;

	if (c->call->values[OPTION_JSON] && rio_report_json_unread(name, kind, why, &err))
		code = rio_tool_worse(code, rio_tool_report(&err));
	fflush(stdout);
	return code;
}

static enum rio_exit check_file(struct checking *c, const char *name)
{
	_cleanup_(rio_tool_records_close) struct rio_tool_records records;
	_cleanup_(rio_survey_deinit) struct rio_survey found = {0};
	struct rio_error err;
	bool ok = false;
	int r = rio_tool_records_open(c->call, name, c->survey.record_bytes_max, &c->progress,
		&records, &err);

	if (!r)
		r = survey(c, &records, &found, &err);
	rio_progress_clear(&c->progress);
	if (!r)
		r = report(c, &records, &found, &ok, &err);
	if (r) {
		rio_error_set_file(&err, records.name);
		return report_unread(c, records.name, records.kind, &err);
	}
	fflush(stdout);
	return ok ? RIO_EXIT_DONE : RIO_EXIT_DATA;
}

static enum rio_exit check_paths(struct checking *c)
{
	_cleanup_(rio_paths_deinit) struct rio_paths paths = {.with_recordio = true};
	enum rio_exit code = RIO_EXIT_DONE;
	struct rio_error err;
	bool has_stdin = false;

	for (size_t i = 0; i < c->call->nr_files; i++) {
		if (strcmp(c->call->files[i], "-") == 0)
			has_stdin = true;
		else if (rio_paths_add(&paths, c->call->files[i], &err))
			code = rio_tool_worse(code,
				report_unread(c, c->call->files[i], NULL, &err));
	}
	rio_progress_init(&c->progress, 2 * paths.total_bytes);
	if (has_stdin)
		code = rio_tool_worse(code, check_file(c, "-"));
	for (size_t i = 0; i < paths.nr; i++)
		code = rio_tool_worse(code, check_file(c, paths.paths[i]));
	if (code == RIO_EXIT_DONE && !paths.nr && !has_stdin)
		fputs("recordio: note: there is no CSV or RecordIO file to check\n", stderr);
	return code;
}

static enum rio_exit check(const struct rio_tool_call *call)
{
	struct checking c = {
		.call = call,
		.survey = {.progress = rio_progress_update, .progress_data = &c.progress},
	};
	struct rio_error err;
	int r = read_errors(call->values[OPTION_ERRORS], &c.survey.findings_max, &err);

	if (!r)
		r = rio_tool_record_max(call->values[OPTION_MAX_RECORD],
			&c.survey.record_bytes_max, &err);
	if (!r)
		r = read_algorithm(call->values[OPTION_FOR], &c.algorithm, &err);
	if (!r && !call->nr_files)
		r = rio_fail(&err, RIO_EOPTION, "check needs a PATH; see recordio check --help");
	return r ? rio_tool_report(&err) : check_paths(&c);
}

const struct rio_tool_command rio_tool_check = {
	.name = "check",
	.arguments = "PATH...",
	.help = "Read CSV and RecordIO files to their end; tell what is in them, and what wrong",
	.options = {
		[OPTION_FOR] = {"for", RIO_ALGORITHM_NAMES,
			"whether that algorithm of SageMaker's would take them"},
		[OPTION_ERRORS] = {"errors", "COUNT", "how many errors of a file to show; else 10"},
		[OPTION_MAX_RECORD] = {"max_record", "SIZE",
			"a longer record is an error; else 64M"},
		[OPTION_JSON] = {"json", NULL, "a JSON object a file, each on a line"},
	},
	.run = check,
};
