/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames and records of anybody's making: read in pieces of two sizes to the same
 * records, and each of them shown as JSON that jansson takes back.
 */
#include "fuzz.h"

#include "record/unframe.h"
#include "survey/algorithm.h"
#include "survey/survey.h"
#include "tool/record_json.h"

#include <jansson.h>

#define RECORD_BYTES_MAX 2000

struct tape {
	struct input in;
	size_t piece;
};

static int pull(void *data, void *dst, size_t len_bytes, size_t *ret_bytes, struct rio_error *err)
{
	struct tape *tape = data;
	size_t n = RIO_MIN(RIO_MIN(tape->piece, len_bytes), tape->in.left);

	if (n)
		memcpy(dst, tape->in.p, n);
	tape->in.p += n;
	tape->in.left -= n;
	*ret_bytes = n;
	return 0;
}

/* The next record, past all damage; false at the end. */
static bool next(struct rio_unframe *unframe, struct rio_framed *ret)
{
	struct rio_error err;
	uint64_t off = unframe->off;
	int r;

	while ((r = rio_unframe_next(unframe, ret, &err)) == RIO_EROW) {
		claim(strncmp(err.message, "byte ", 5) == 0 && err.src_off >= off);
		r = rio_unframe_resync(unframe, &err);
		if (r == RIO_UNFRAME_END)
			return false;
		claim(r == 0 && unframe->off % 4 == 0 && unframe->off > off);
		off = unframe->off;
	}
	claim(r == 0 || r == RIO_UNFRAME_END);
	return r == 0;
}

static void check_line(const char *line, size_t len)
{
	json_error_t error;
	json_t *value;

	claim(len > 2 && memchr(line, '\n', len) == line + len - 1);
	/* A key may be any uint64, which is more than jansson's integers hold. */
	value = json_loadb(line, len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &error);
	if (!value)
		fprintf(stderr, "%s in: %.*s", error.text, (int)len, line);
	claim(json_is_object(value));
	json_decref(value);
}

static void check_json(uint64_t number, const struct rio_framed *framed)
{
	struct rio_error err;
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	claim(file);
	if (rio_record_json(file, number, framed, &err)) {
		claim(err.code == RIO_EROW && ftell(file) == 0);
		rio_record_json_raw(file, number, framed);
	}
	fclose(file);
	check_line(text, len);
	free(text);
}

/* The survey of the same bytes: as many records, and a verdict of each algorithm. */
static void check_survey(struct tape tape, uint64_t nr_records)
{
	const struct rio_survey_config config = {
		.findings_max = 3, .record_bytes_max = RECORD_BYTES_MAX};
	const struct rio_algorithm *a;
	struct rio_survey survey;
	struct rio_error err;

	claim(rio_survey_recordio(pull, &tape, 0, &config, &survey, &err) == 0);
	claim(survey.facts.nr_records <= nr_records);
	claim(survey.findings.nr_total >= nr_records - survey.facts.nr_records);
	claim(survey.findings.nr == RIO_MIN(survey.findings.nr_total, config.findings_max));
	for (size_t i = 1; i < survey.findings.nr; i++)
		claim(survey.findings.all[i - 1].off <= survey.findings.all[i].off);
	for (size_t i = 0; (a = rio_algorithm_at(i)); i++)
		rio_algorithm_judge(a, &survey.facts, NULL, NULL);
	rio_survey_deinit(&survey);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	size_t piece = (size_t)take(&in, 1) + 1;
	struct tape tapes[] = {{in, piece}, {in, SIZE_MAX}};
	struct rio_unframe a, b;
	struct rio_framed x, y;
	uint64_t number = 0;

	rio_unframe_init(&a, pull, &tapes[0], RECORD_BYTES_MAX);
	rio_unframe_init(&b, pull, &tapes[1], RECORD_BYTES_MAX);
	while (next(&a, &x)) {
		claim(next(&b, &y));
		claim(x.off == y.off && x.len_bytes == y.len_bytes && x.nr_parts == y.nr_parts);
		claim(!x.len_bytes || memcmp(x.payload, y.payload, x.len_bytes) == 0);
		claim(x.len_bytes <= RECORD_BYTES_MAX);
		check_json(number++, &x);
	}
	claim(!next(&b, &y));
	check_survey((struct tape){in, piece}, number);
	rio_unframe_deinit(&a);
	rio_unframe_deinit(&b);
	return 0;
}
