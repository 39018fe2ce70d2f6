/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/report.h"

#include "tool/json.h"
#include "tool/tool.h"

#include <float.h>
#include <math.h>

static json_t *json_count(uint64_t nr)
{
	return json_integer((json_int_t)nr);
}

/* A place that is not known is null. */
static json_t *json_place(bool known, uint64_t place)
{
	return known ? json_count(place) : json_null();
}

/* off is in RecordIO, where the error is of a frame there; RIO_NO_OFFSET otherwise. */
static json_t *json_error(const char *name, const struct rio_error *err, uint64_t off)
{
	bool in_text = off == RIO_NO_OFFSET && err->line; /* a CSV, or settings */
	bool in_csv = in_text && err->code == RIO_EROW;

	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}",
		"kind", rio_kind_word(err->kind),
		"file", rio_json_text(*err->file ? err->file : name),
		"row", json_place(in_csv, err->row),
		"line", json_place(in_text, err->line),
		"column", json_place(in_text, err->column),
		"offset", off == RIO_NO_OFFSET ? json_place(in_csv, err->src_off)
					       : json_count(off),
		"message", rio_json_text(err->message));
}

static json_t *json_findings(const struct rio_report *report)
{
	const struct rio_findings *findings = &report->survey->findings;
	json_t *list = json_array();

	for (size_t i = 0; i < findings->nr; i++)
		json_array_append_new(list,
			json_error(report->name, &findings->all[i].err,
				report->schema ? RIO_NO_OFFSET : findings->all[i].off));
	return list;
}

static json_t *json_kinds(const struct rio_findings *findings)
{
	json_t *kinds = json_object();

	for (enum rio_kind kind = 0; kind < RIO_NR_KINDS; kind++)
		if (findings->nr_of_kind[kind])
			json_object_set_new(kinds, rio_kind_word(kind),
				json_count(findings->nr_of_kind[kind]));
	return kinds;
}

static json_t *json_histogram(const struct rio_range *range)
{
	const uint64_t *bins;
	unsigned nr = rio_range_bins(range, &bins);
	double width = 1 / range->scale;
	json_t *counts = json_array();

	for (unsigned i = 0; i < nr; i++)
		json_array_append_new(counts, json_count(bins[i]));
	/* The lowest bin may begin below all doubles. */
	return json_pack("{s:f, s:f, s:o}", "begin", fmax((double)range->first * width, -DBL_MAX),
		"width", width, "counts", counts);
}

static json_t *json_range(const struct rio_report *report, const char *role, size_t column,
	const struct rio_range *range)
{
	const struct rio_schema *schema = report->schema;
	bool any = range->nr_numbers;

	return json_pack("{s:I, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"number", (json_int_t)column,
		"name", schema && schema->names ? rio_json_text(schema->names[column]) : json_null(),
		"role", role,
		"numbers", json_count(range->nr_numbers),
		"infinite", json_count(range->nr_infinite),
		"missing", json_count(range->nr_missing),
		"text", json_count(range->nr_text),
		"min", any ? json_real(range->min) : json_null(),
		"max", any ? json_real(range->max) : json_null(),
		"histogram", any ? json_histogram(range) : json_null());
}

static void append_ranges(json_t *list, const struct rio_report *report, const char *role,
	const struct rio_range *ranges, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		json_array_append_new(list, json_range(report,
			role ? role : rio_tool_role(report->schema, i), i, &ranges[i]));
}

static json_t *json_columns(const struct rio_report *report)
{
	const struct rio_survey *s = report->survey;
	json_t *list = json_array();

	if (report->schema) {
		append_ranges(list, report, NULL, s->columns, s->nr_columns);
		return list;
	}
	append_ranges(list, report, "label", s->facts.label.ranges, s->facts.label.nr_ranges);
	append_ranges(list, report, "feature", s->facts.features.ranges,
		s->facts.features.nr_ranges);
	return list;
}

static void append_reason(void *data, const char *reason)
{
	json_array_append_new(data, json_string(reason));
}

static json_t *json_verdict(const struct rio_report *report, const struct rio_algorithm *a)
{
	json_t *reasons = json_array();
	unsigned nr = rio_report_judge(report, a, append_reason, reasons);

	return json_pack("{s:s, s:b, s:b, s:o}", "algorithm", rio_algorithm_name(a), "takes",
		nr == 0, "pipe", (int)rio_algorithm_pipes(a), "reasons", reasons);
}

static json_t *json_verdicts(const struct rio_report *report)
{
	const struct rio_algorithm *a;
	json_t *list = json_array();

	for (size_t i = 0; (a = rio_algorithm_at(i)); i++)
		if (!report->algorithm || a == report->algorithm)
			json_array_append_new(list, json_verdict(report, a));
	return list;
}

static int put(json_t *root, struct rio_error *err)
{
	if (!rio_json_put(stdout, root))
		return rio_fail(err, RIO_ENOMEM, "no memory for JSON");
	putchar('\n');
	return 0;
}

int rio_report_json(const struct rio_report *report, struct rio_error *err)
{
	const struct rio_survey *s = report->survey;

	return put(json_pack(
		"{s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"file", rio_json_text(report->name),
		"kind", report->schema ? "csv" : "recordio",
		"ok", (int)rio_report_is_ok(report),
		"rows", json_count(report->schema ? s->nr_rows : s->facts.nr_records),
		"records", json_count(s->facts.nr_records),
		"errors", json_count(s->findings.nr_total),
		"error_kinds", json_kinds(&s->findings),
		"other_lengths", json_count(s->nr_other_lengths),
		"nul_bytes", json_count(s->nr_nul),
		"unreadable", json_count(s->nr_unreadable),
		"first_errors", json_findings(report),
		"columns", json_columns(report),
		"algorithms", json_verdicts(report)), err);
}

int rio_report_json_unread(const char *name, const char *kind, const struct rio_error *why,
	struct rio_error *err)
{
	json_t *error = json_error(name, why, RIO_NO_OFFSET);

	/* Its place may be in the header, or before any row is known. */
	json_object_set_new(error, "row", json_null());
	return put(json_pack(
		"{s:o, s:s?, s:b, s:n, s:n, s:i, s:{s:i}, s:n, s:n, s:n, s:[o], s:[], s:[]}",
		"file", rio_json_text(name),
		"kind", kind,
		"ok", 0,
		"rows",
		"records",
		"errors", 1,
		"error_kinds", rio_kind_word(why->kind), 1,
		"other_lengths",
		"nul_bytes",
		"unreadable",
		"first_errors", error,
		"columns",
		"algorithms"), err);
}
