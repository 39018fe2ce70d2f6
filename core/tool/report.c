/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/report.h"

#include "tool/bars.h"
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>

/* Of a wide file the text shows the first columns and the last. */
enum { COLUMNS_SHOWN = 12 };

static const char *plural(uint64_t nr)
{
	return nr == 1 ? "" : "s";
}

unsigned rio_report_judge(const struct rio_report *report,
	const struct rio_algorithm *algorithm, rio_on_reason *on_reason, void *data)
{
	const struct rio_survey *s = report->survey;
	uint64_t nr_wrong = s->findings.nr_total;
	char reason[64];

	snprintf(reason, sizeof(reason), "%ju error%s in the file", (uintmax_t)nr_wrong,
		plural(nr_wrong));
	if (nr_wrong && on_reason)
		on_reason(data, reason);
	return (nr_wrong > 0) + rio_algorithm_judge(algorithm, &s->facts, on_reason, data);
}

bool rio_report_is_ok(const struct rio_report *report)
{
	return report->survey->findings.nr_total == 0 &&
	       (!report->algorithm || !rio_report_judge(report, report->algorithm, NULL, NULL));
}

static void print_findings(const struct rio_findings *findings)
{
	char text[RIO_ERROR_TEXT_BYTES];

	for (size_t i = 0; i < findings->nr; i++)
		printf("  %s\n", rio_error_format(&findings->all[i].err, text, sizeof(text)));
	if (findings->nr < findings->nr_total)
		printf("  … and %ju more\n", (uintmax_t)(findings->nr_total - findings->nr));
}

static void print_kinds(const struct rio_findings *findings)
{
	const char *separator = "  errors        ";

	for (enum rio_kind kind = 0; kind < RIO_NR_KINDS; kind++) {
		if (!findings->nr_of_kind[kind])
			continue;
		printf("%s%ju %s", separator, (uintmax_t)findings->nr_of_kind[kind],
			rio_kind_word(kind));
		separator = ", ";
	}
	if (*separator == ',')
		putchar('\n');
}

static uint64_t sum_of(const struct rio_survey *survey, size_t field)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < survey->nr_columns; i++)
		sum += *(const uint64_t *)((const char *)&survey->columns[i] + field);
	return sum;
}

#define SUM_OF(survey, field) sum_of(survey, offsetof(struct rio_range, field))

static void print_counts(const struct rio_survey *s)
{
	printf("  cells         %ju numbers, %ju missing, %ju of text",
		(uintmax_t)(SUM_OF(s, nr_numbers) + SUM_OF(s, nr_infinite)),
		(uintmax_t)SUM_OF(s, nr_missing), (uintmax_t)SUM_OF(s, nr_text));
	if (SUM_OF(s, nr_infinite))
		printf(", %ju of the numbers infinite", (uintmax_t)SUM_OF(s, nr_infinite));
	putchar('\n');
	if (s->nr_other_lengths)
		printf("  lengths       %ju row%s with more or fewer fields than columns\n",
			(uintmax_t)s->nr_other_lengths, plural(s->nr_other_lengths));
	if (s->nr_nul)
		printf("  NUL bytes     in %ju row%s\n", (uintmax_t)s->nr_nul, plural(s->nr_nul));
	if (s->nr_unreadable)
		printf("  unreadable    %ju row%s from a bad quote on, as far as they can be told\n",
			(uintmax_t)s->nr_unreadable, plural(s->nr_unreadable));
}

static void print_range(const struct rio_range *range)
{
	char bars[RIO_BARS_BYTES], min[32] = "", max[32] = "";

	if (range->nr_numbers) {
		snprintf(min, sizeof(min), "%.6g", range->min);
		snprintf(max, sizeof(max), "%.6g", range->max);
	}
	printf("%10ju %9ju %9ju  %12s  %12s",
		(uintmax_t)(range->nr_numbers + range->nr_infinite), (uintmax_t)range->nr_missing,
		(uintmax_t)range->nr_text, min, max);
	if (rio_bars_shown()) {
		unsigned nr = rio_range_bins(range, &(const uint64_t *){NULL});

		printf("  %s%*s", rio_bars(range, bars), (int)(RIO_RANGE_BINS - nr), "");
	}
}

static void print_column(const struct rio_report *report, const char *role, size_t column,
	const struct rio_range *range)
{
	char name[RIO_QUOTED_TEXT_BYTES];

	printf("  %6zu  %-8s", column, role);
	print_range(range);
	if (report->schema && report->schema->names)
		printf("  %s", rio_quote_name(report->schema->names[column], name, sizeof(name)));
	putchar('\n');
}

static void print_table(const struct rio_report *report, const char *role,
	const struct rio_range *ranges, size_t nr)
{
	size_t shown = nr > COLUMNS_SHOWN + 1 ? COLUMNS_SHOWN - 1 : nr;

	for (size_t i = 0; i < nr; i++) {
		if (i == shown && i + 1 < nr) {
			printf("       …  %zu more\n", nr - shown - 1);
			i = nr - 1;
		}
		print_column(report, role ? role : rio_tool_role(report->schema, i), i,
			&ranges[i]);
	}
}

static void print_columns(const struct rio_report *report)
{
	const struct rio_survey *s = report->survey;

	printf("  column  %-8s%10s %9s %9s  %12s  %12s%s\n", "role", "numbers", "missing", "text",
		"min", "max", rio_bars_shown() ? "  histogram" : "");
	if (report->schema) {
		print_table(report, NULL, s->columns, s->nr_columns);
		return;
	}
	print_table(report, "label", s->facts.label.ranges, s->facts.label.nr_ranges);
	print_table(report, "feature", s->facts.features.ranges, s->facts.features.nr_ranges);
}

static void print_reason(void *data, const char *reason)
{
	printf("                %s\n", reason);
}

static void print_algorithms(const struct rio_report *report)
{
	const struct rio_algorithm *a;
	const char *separator = "  taken by      ";

	for (size_t i = 0; (a = rio_algorithm_at(i)); i++) {
		if (rio_report_judge(report, a, NULL, NULL))
			continue;
		printf("%s%s", separator, rio_algorithm_name(a));
		separator = ", ";
	}
	puts(*separator == ',' ? "" : "  taken by      none of SageMaker's algorithms");
}

static void print_verdict(const struct rio_report *report)
{
	const struct rio_algorithm *a = report->algorithm;

	if (!a) {
		if (!report->survey->findings.nr_total)
			print_algorithms(report);
		return;
	}
	if (rio_report_judge(report, a, NULL, NULL)) {
		printf("  not taken     by %s:\n", rio_algorithm_name(a));
		rio_report_judge(report, a, print_reason, NULL);
		return;
	}
	printf("  taken         by %s, %s\n", rio_algorithm_name(a),
		rio_algorithm_pipes(a) ? "in Pipe mode as well" : "but not in Pipe mode");
}

void rio_report_text(const struct rio_report *report)
{
	const struct rio_survey *s = report->survey;
	uint64_t nr_wrong = s->findings.nr_total;

	printf("%s: %s: ", report->name, rio_report_is_ok(report) ? "ok" : "wrong");
	if (report->schema)
		printf("%ju row%s", (uintmax_t)(s->nr_rows + s->nr_unreadable),
			plural(s->nr_rows + s->nr_unreadable));
	else
		printf("%ju record%s", (uintmax_t)s->facts.nr_records, plural(s->facts.nr_records));
	/* Rows may be skipped on purpose. */
	if (report->schema && s->facts.nr_records + nr_wrong != s->nr_rows && !s->nr_unreadable)
		printf(", %ju record%s", (uintmax_t)s->facts.nr_records,
			plural(s->facts.nr_records));
	if (nr_wrong)
		printf(", %ju error%s", (uintmax_t)nr_wrong, plural(nr_wrong));
	putchar('\n');
	print_findings(&s->findings);
	print_kinds(&s->findings);
	if (report->schema)
		print_counts(s);
	print_columns(report);
	print_verdict(report);
}
