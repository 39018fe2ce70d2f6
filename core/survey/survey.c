/* SPDX-License-Identifier: Apache-2.0 */
#include "survey/survey.h"

#include <errno.h>
#include <string.h>

int rio_survey_init(struct rio_survey *survey, const struct rio_survey_config *config,
	struct rio_error *err)
{
	*survey = (struct rio_survey){.findings.max = config->findings_max};
	survey->findings.all = calloc(config->findings_max + 1, sizeof(*survey->findings.all));
	return survey->findings.all ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

void rio_survey_deinit(struct rio_survey *survey)
{
	free(survey->findings.all);
	free(survey->columns);
	rio_facts_deinit(&survey->facts);
	*survey = (struct rio_survey){0};
}

/* Room for one more than are kept: the last then falls off the end. */
void rio_findings_add(struct rio_findings *findings, uint64_t off, const struct rio_error *err)
{
	size_t at = findings->nr;

	findings->nr_total++;
	findings->nr_of_kind[err->kind]++;
	if (at == findings->max && (!at || off >= findings->all[at - 1].off))
		return;
	while (at > 0 && findings->all[at - 1].off > off)
		at--;
	memmove(findings->all + at + 1, findings->all + at,
		(findings->nr - at) * sizeof(*findings->all));
	findings->all[at] = (struct rio_finding){off, *err};
	findings->nr = RIO_MIN(findings->nr + 1, findings->max);
}

int rio_facts_add_framed(struct rio_facts *facts, uint64_t number,
	const struct rio_framed *framed, struct rio_error *err)
{
	Aialgs__Data__Record *record =
		aialgs__data__record__unpack(NULL, framed->len_bytes, framed->payload);

	if (!record)
		return rio_fail_row(err, RIO_KIND_RECORD,
			"byte %ju: record %ju holds no SageMaker record", (uintmax_t)framed->off,
			(uintmax_t)number);
	rio_facts_add(facts, number, framed->nr_parts, record);
	aialgs__data__record__free_unpacked(record, NULL);
	return 0;
}

/* The next record that is whole; damage before it is found. */
static int next_record(struct rio_survey *survey, struct rio_unframe *unframe,
	struct rio_framed *ret, struct rio_error *err)
{
	int r = rio_unframe_next(unframe, ret, err);

	while (r == RIO_EROW) {
		rio_findings_add(&survey->findings, err->src_off, err);
		r = rio_unframe_resync(unframe, err);
		if (r == 0)
			r = rio_unframe_next(unframe, ret, err);
	}
	return r;
}

int rio_survey_recordio(rio_pull *pull, void *pull_data, uint64_t size_bytes,
	const struct rio_survey_config *config, struct rio_survey *ret, struct rio_error *err)
{
	struct rio_unframe unframe;
	struct rio_framed framed;
	uint64_t number = 0;
	int r = rio_survey_init(ret, config, err);

	rio_facts_init(&ret->facts, true);
	rio_unframe_init(&unframe, pull, pull_data, config->record_bytes_max);
	while (!r && !(r = next_record(ret, &unframe, &framed, err))) {
		if (rio_facts_add_framed(&ret->facts, number++, &framed, err))
			rio_findings_add(&ret->findings, framed.off, err);
		if (config->progress && config->progress(config->progress_data, unframe.off,
						size_bytes))
			r = rio_fail_errno(err, EINTR, "stopped");
	}
	ret->len_bytes = unframe.off;
	rio_unframe_deinit(&unframe);
	return RIO_MIN(r, 0);
}
