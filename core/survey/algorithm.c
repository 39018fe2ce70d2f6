/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each algorithm asks of its records, as SageMaker's documentation of the common
 * data formats and the containers' own readers have it (proto/FORMAT.md: who reads it).
 * Where nothing is known, nothing is refused.
 */
#include "survey/algorithm.h"

#include "base/util.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum label { LABEL_UNUSED, LABEL_ONE, LABEL_SOME };

#define ANY_NUMBER (RIO_TYPE_FLOAT32 | RIO_TYPE_FLOAT64 | RIO_TYPE_INT32)

struct rio_algorithm {
	const char *name;
	unsigned types; /* that it takes */
	enum label label;
	bool takes_nan;          /* as a missing value */
	bool refuses_empty_rows; /* a sparse row of zeros alone */
	bool is_seq2seq;         /* keys source and target, of any length */
	bool pipes;
};

static const struct rio_algorithm algorithms[] = {
	{"linear-learner", RIO_TYPE_FLOAT32, LABEL_ONE, .pipes = true},
	{"factorization-machines", RIO_TYPE_FLOAT32, LABEL_ONE, .pipes = true},
	{"kmeans", ANY_NUMBER, LABEL_UNUSED, .pipes = true},
	{"knn", ANY_NUMBER, LABEL_SOME, .pipes = true},
	{"pca", ANY_NUMBER, LABEL_UNUSED, .pipes = true},
	{"rcf", ANY_NUMBER, LABEL_UNUSED, .pipes = true},
	{"ntm", ANY_NUMBER, LABEL_UNUSED, .pipes = true},
	{"lda", ANY_NUMBER, LABEL_UNUSED, .pipes = true},
	{"seq2seq", RIO_TYPE_INT32, LABEL_UNUSED, .is_seq2seq = true},
	{"xgboost", ANY_NUMBER, LABEL_ONE, .takes_nan = true, .refuses_empty_rows = true},
};

static bool is_called(const struct rio_algorithm *algorithm, const char *name)
{
	const char *p = algorithm->name;

	for (; *p && (*p == *name || (*p == '-' && *name == '_')); p++, name++)
		;
	return *p == *name;
}

const struct rio_algorithm *rio_algorithm_find(const char *name)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(algorithms); i++)
		if (is_called(&algorithms[i], name))
			return &algorithms[i];
	return NULL;
}

const struct rio_algorithm *rio_algorithm_at(size_t i)
{
	return i < RIO_ARRAY_SIZE(algorithms) ? &algorithms[i] : NULL;
}

const char *rio_algorithm_name(const struct rio_algorithm *algorithm)
{
	return algorithm->name;
}

bool rio_algorithm_pipes(const struct rio_algorithm *algorithm)
{
	return algorithm->pipes;
}

struct judging {
	const struct rio_algorithm *algorithm;
	const struct rio_facts *facts;
	rio_on_reason *on_reason;
	void *data;
	unsigned nr;
};

static void against(struct judging *j, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void against(struct judging *j, const char *format, ...)
{
	char reason[256];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	j->nr++;
	if (j->on_reason)
		j->on_reason(j->data, reason);
}

/* "… in 3 of 10 records, the first of them record 2" */
static void against_fact(struct judging *j, const struct rio_fact *fact, const char *what)
{
	if (fact->nr)
		against(j, "%s in %ju of %ju records, first in record %ju", what,
			(uintmax_t)fact->nr, (uintmax_t)j->facts->nr_records,
			(uintmax_t)fact->first);
}

/* "float64 and bytes" */
static const char *type_names(unsigned types, char text[64])
{
	static const char *const names[] = {"float32", "float64", "int32", "bytes", "no value"};
	const char *separator = "";

	text[0] = '\0';
	for (unsigned i = 0; i < RIO_ARRAY_SIZE(names); i++) {
		if (!(types & 1u << i))
			continue;
		strcat(strcat(text, separator), names[i]);
		separator = " and ";
	}
	return text;
}

static void judge_types(struct judging *j, const struct rio_side *side, const char *what)
{
	unsigned wrong = side->types & ~j->algorithm->types;
	char is[64], takes[64];

	if (wrong)
		against(j, "%s are %s; it takes %s", what, type_names(wrong, is),
			type_names(j->algorithm->types, takes));
	else if (side->types & (side->types - 1))
		against(j, "%s are %s; they must be of one type", what,
			type_names(side->types, is));
}

static void judge_numbers(struct judging *j, const struct rio_side *side, const char *nan,
	const char *infinite)
{
	against_fact(j, &side->nan, nan);
	against_fact(j, &side->infinite, infinite);
}

static void judge_features(struct judging *j)
{
	const struct rio_side *f = &j->facts->features;
	struct rio_side numbers = *f;

	judge_types(j, f, "features");
	if (j->algorithm->takes_nan)
		numbers.nan.nr = 0;
	judge_numbers(j, &numbers, "NaN (a missing value)", "an infinite feature");
	against_fact(j, &f->absent, "no features");
	if (j->algorithm->is_seq2seq) {
		against_fact(j, &f->not_seq2seq, "other keys than source and target");
		return;
	}
	against_fact(j, &f->other_key, "another key than values");
	if (f->width_min != f->width_max)
		against(j, "records have from %ju to %ju features; they must have equally many",
			(uintmax_t)f->width_min, (uintmax_t)f->width_max);
	if (f->sparse.nr && f->sparse.nr < f->nr_present)
		against_fact(j, &f->sparse, "sparse features beside dense ones");
	if (j->algorithm->refuses_empty_rows)
		against_fact(j, &f->empty_sparse,
			"a sparse row without a value, which stops its reader");
}

static void judge_label(struct judging *j)
{
	const struct rio_side *l = &j->facts->label;
	struct rio_fact absent = l->absent;
	enum label wants = j->algorithm->label;

	/* A file where only some have one is wrong for all: the first record sets the schema. */
	if (wants == LABEL_UNUSED && !l->nr_present)
		return;
	if (wants != LABEL_UNUSED && !l->nr_present) {
		against(j, "there is no label");
		return;
	}
	against_fact(j, &absent, "no label");
	if (wants == LABEL_UNUSED)
		return;
	judge_types(j, l, "labels");
	judge_numbers(j, l, "a NaN label", "an infinite label");
	if (wants == LABEL_ONE && l->width_max != 1)
		against(j, "a label of %ju values; it takes one", (uintmax_t)l->width_max);
	else if (l->width_min != l->width_max)
		against(j, "labels of %ju to %ju values; they must have equally many",
			(uintmax_t)l->width_min, (uintmax_t)l->width_max);
}

unsigned rio_algorithm_judge(const struct rio_algorithm *algorithm, const struct rio_facts *facts,
	rio_on_reason *on_reason, void *data)
{
	struct judging j = {algorithm, facts, on_reason, data, 0};

	if (!facts->nr_records) {
		against(&j, "there is no record");
		return j.nr;
	}
	against_fact(&j, &facts->split,
		"a record split into several frames, which only dmlc and MXNet put together,");
	judge_features(&j);
	judge_label(&j);
	return j.nr;
}
