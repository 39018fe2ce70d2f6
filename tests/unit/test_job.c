/* SPDX-License-Identifier: Apache-2.0 */
/* What a job says of its data: each word's values, and which words go together. */
#include "unit.h"

#include "channel/job.h"

static void set(struct rio_job *job, const char *word)
{
	_cleanup_free_ char *name = strdup(word);
	struct rio_error err;
	char *value = strchr(name, '=');

	*value++ = '\0';
	if (rio_job_set(job, name, value, &err))
		fail_msg("%s: %s", word, err.message);
}

static struct rio_job job_of(const char *words)
{
	_cleanup_free_ char *copy = strdup(words);
	struct rio_job job;
	struct rio_error err;
	char *rest = copy, *word;

	assert_int_equal(rio_job_init(&job, &err), 0);
	while ((word = strsep(&rest, "|")))
		if (*word)
			set(&job, word);
	return job;
}

static void job__begins_with_the_documented_defaults(void **state)
{
	struct rio_job job = job_of("");
	struct rio_error err;

	assert_int_equal(job.input_mode, RIO_MODE_PIPE);
	assert_int_equal(job.shuffle, RIO_SHUFFLE_NONE);
	assert_int_equal(job.distribution, RIO_FULLY_REPLICATED);
	assert_int_equal(job.nr_hosts, 1);
	assert_string_equal(job.hosts[0], "algo-1");
	assert_string_equal(job.current_host, "algo-1");
	assert_int_equal(rio_job_host(&job), 0);
	assert_null(job.content_type);
	assert_int_equal(job.label_size, -1);
	assert_int_equal(job.compression, RIO_UNCOMPRESSED);
	assert_int_equal(job.record_wrapper, RIO_NOT_WRAPPED);
	assert_null(job.manifest);
	assert_null(job.hyperparameters);
	assert_int_equal(rio_job_check(&job, &err), 0);
	rio_job_deinit(&job);
}

#define FIELD(field) offsetof(struct rio_job, field), sizeof(((struct rio_job *)0)->field)

static const struct {
	const char *word;
	size_t off, bytes;
	uint64_t number;
} accepted[] = {
	{"input_mode=Pipe", FIELD(input_mode), RIO_MODE_PIPE},
	{"input_mode=file", FIELD(input_mode), RIO_MODE_FILE},
	{"input_mode=FASTFILE", FIELD(input_mode), RIO_MODE_FAST_FILE},
	{"shuffle=none", FIELD(shuffle), RIO_SHUFFLE_NONE},
	{"shuffle=files", FIELD(shuffle), RIO_SHUFFLE_FILES},
	{"shuffle=rows", FIELD(shuffle), RIO_SHUFFLE_ROWS},
	{"seed=0", FIELD(seed), 0},
	{"seed=18446744073709551615", FIELD(seed), UINT64_MAX},
	{"seed=7", FIELD(shuffle), RIO_SHUFFLE_FILES},
	{"shuffle=rows|seed=7", FIELD(shuffle), RIO_SHUFFLE_ROWS},
	{"seed=7|shuffle=rows", FIELD(shuffle), RIO_SHUFFLE_ROWS},
	{"distribution=FullyReplicated", FIELD(distribution), RIO_FULLY_REPLICATED},
	{"distribution=shardedbys3key", FIELD(distribution), RIO_SHARDED_BY_KEY},
	{"hosts=a", FIELD(nr_hosts), 1},
	{"hosts=algo-1:algo-2:algo_3.x", FIELD(nr_hosts), 3},
	{"content_type=text/csv", FIELD(label_size), UINT32_MAX},
	{"content_type=text/csv;label_size=0", FIELD(label_size), 0},
	{"content_type=Text/CSV ; Label_Size = 2 ", FIELD(label_size), 2},
	{"content_type= application/x-recordio-protobuf; label_size=1", FIELD(label_size), 1},
	{"content_type=text/csv;label_size=1|content_type=text/csv", FIELD(label_size),
		UINT32_MAX},
	{"compression=None", FIELD(compression), RIO_UNCOMPRESSED},
	{"compression=gzip", FIELD(compression), RIO_GZIP},
	{"record_wrapper=none", FIELD(record_wrapper), RIO_NOT_WRAPPED},
	{"record_wrapper=RecordIO", FIELD(record_wrapper), RIO_WRAPPED},
};

static void job__takes_every_documented_value(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(accepted); i++) {
		struct rio_job job = job_of(accepted[i].word);
		uint64_t number = 0;

		memcpy(&number, (const char *)&job + accepted[i].off, accepted[i].bytes);
		if (number != accepted[i].number)
			fail_msg("%s: %ju", accepted[i].word, (uintmax_t)number);
		rio_job_deinit(&job);
	}
}

static const struct {
	const char *name, *value, *message;
} refused[] = {
	{"input_mode", "", "input_mode= is not understood: input_mode takes Pipe, File or "
		"FastFile"},
	{"input_mode", "Pipes", NULL},
	{"shuffle", "yes", "shuffle=yes is not understood: shuffle takes none, files or rows"},
	{"seed", "-1", "seed=-1 is not understood: seed takes a whole number from 0, of 64 bits"},
	{"seed", "18446744073709551616", NULL},
	{"seed", "", NULL},
	{"seed", " 1", NULL},
	{"seed", "1x", NULL},
	{"distribution", "Sharded", NULL},
	{"hosts", "", NULL},
	{"hosts", "a:", NULL},
	{"hosts", ":a", NULL},
	{"hosts", "a::b", NULL},
	{"hosts", "a:b:a", "hosts=a:b:a is not understood: hosts takes names of letters, digits, "
		"'-', '.' and '_', each once, with ':' between"},
	{"hosts", "a b", NULL},
	{"current_host", "", NULL},
	{"content_type", "", NULL},
	{"content_type", "image/png", "content_type=image/png is not understood: content_type "
		"takes text/csv or application/x-recordio-protobuf, with ;label_size=N if the "
		"number of label columns is to be told: nothing else is made of a CSV"},
	{"content_type", "text/csv;", NULL},
	{"content_type", "text/csv;label_size", NULL},
	{"content_type", "text/csv;label_size=", NULL},
	{"content_type", "text/csv;label_size=-1", NULL},
	{"content_type", "text/csv;label_size=65537", NULL},
	{"content_type", "text/csv;label_size=1;label_size=1", NULL},
	{"content_type", "text/csv;charset=x", NULL},
	{"content_type", "text/csvs", NULL},
	{"compression", "zstd", NULL},
	{"record_wrapper", "yes", NULL},
	{"manifest", "", NULL},
	{"hyperparameters", "", NULL},
	{"label", "0", "unknown option: label"},
};

static void job__refuses_all_else_and_changes_nothing(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(refused); i++) {
		struct rio_job job = job_of(""), same;
		struct rio_error err;

		same = job;
		if (rio_job_set(&job, refused[i].name, refused[i].value, &err) != RIO_EOPTION)
			fail_msg("%s=%s is taken", refused[i].name, refused[i].value);
		if (refused[i].message)
			assert_string_equal(err.message, refused[i].message);
		assert_memory_equal(&job, &same, sizeof(job));
		rio_job_deinit(&job);
	}
}

static const struct {
	const char *words;
	const char *message; /* NULL: they go together */
} together[] = {
	{"seed=1|shuffle=none", "seed and shuffle=none: there is nothing for the seed to order"},
	{"shuffle=none|seed=1", "seed and shuffle=none: there is nothing for the seed to order"},
	{"shuffle=rows", NULL},
	{"shuffle=rows|record_wrapper=RecordIO", "record_wrapper=RecordIO and shuffle=rows: a "
		"record holds a whole file; shuffle=files?"},
	{"shuffle=files|record_wrapper=RecordIO|compression=Gzip", NULL},
	{"record_wrapper=RecordIO|content_type=text/csv", NULL},
	{"record_wrapper=RecordIO|content_type=text/csv;label_size=1", "record_wrapper=RecordIO "
		"and label_size: files are sent as they are, without a label of their own"},
	{"record_wrapper=RecordIO|content_type= Application/X-recordio-protobuf",
		"record_wrapper=RecordIO and content_type=application/x-recordio-protobuf: the "
		"records hold CSV files as they are"},
	{"record_wrapper=RecordIO|input_mode=File",
		"record_wrapper=RecordIO is about pipes, as in SageMaker: input_mode=Pipe?"},
	{"compression=Gzip|input_mode=FastFile",
		"compression=Gzip is about pipes, as in SageMaker: input_mode=Pipe?"},
	{"compression=None|input_mode=File|record_wrapper=None", NULL},
	{"distribution=ShardedByS3Key", NULL},
	{"hosts=a:b|current_host=b", NULL},
	{"current_host=b|hosts=a:b", NULL},
	{"current_host=b", "current_host=b is not among hosts, algo-1"},
	{"hosts=a:b|current_host=c", "current_host=c is not among hosts, a …"},
};

static void job__words_that_contradict_are_refused(void **state)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(together); i++) {
		struct rio_job job = job_of(together[i].words);
		struct rio_error err = {0};
		int r = rio_job_check(&job, &err);

		if ((r == 0) != !together[i].message)
			fail_msg("%s: %s", together[i].words, err.message);
		if (r) {
			assert_int_equal(r, RIO_EOPTION);
			assert_string_equal(err.message, together[i].message);
		}
		rio_job_deinit(&job);
	}
}

static void job__the_current_host_is_the_first_unless_said(void **state)
{
	struct rio_job job = job_of("hosts=b:a");

	assert_string_equal(job.current_host, "b");
	set(&job, "hosts=c");
	assert_string_equal(job.current_host, "c");
	set(&job, "current_host=e");
	set(&job, "hosts=d:e:f");
	assert_string_equal(job.current_host, "e");
	assert_int_equal(rio_job_host(&job), 1);
	rio_job_deinit(&job);
}

static void job__label_size_is_the_label_unless_one_is_given(void **state)
{
	static const struct {
		const char *words, *given, *label;
	} cases[] = {
		{"", NULL, NULL},
		{"content_type=text/csv", NULL, NULL},
		{"content_type=text/csv;label_size=0", NULL, "none"},
		{"content_type=text/csv;label_size=1", NULL, "0"},
		{"content_type=text/csv;label_size=3", NULL, "0-2"},
		{"content_type=text/csv;label_size=3", "price", "price"},
		{"content_type=text/csv;label_size=0", "0", "0"},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct rio_job job = job_of(cases[i].words);
		struct rio_options options;
		struct rio_error err;

		assert_int_equal(rio_options_init(&options, &err), 0);
		if (cases[i].given)
			assert_int_equal(rio_options_set(&options, "label", cases[i].given, &err),
				0);
		assert_int_equal(rio_job_apply(&job, &options, &err), 0);
		if (cases[i].label)
			assert_string_equal(options.label, cases[i].label);
		else
			assert_null(options.label);
		rio_options_deinit(&options);
		rio_job_deinit(&job);
	}
}

static void job__knows_names_of_channels(void **state)
{
	assert_true(rio_job_is_channel("train"));
	assert_true(rio_job_is_channel("A-b_c.9"));
	assert_true(rio_job_is_channel(
		"0123456789012345678901234567890123456789012345678901234567890123"));
	assert_false(rio_job_is_channel(
		"01234567890123456789012345678901234567890123456789012345678901234"));
	assert_false(rio_job_is_channel(""));
	assert_false(rio_job_is_channel("a/b"));
	assert_false(rio_job_is_channel("a b"));
	assert_false(rio_job_is_channel("\xc3\xa9"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job__begins_with_the_documented_defaults),
		cmocka_unit_test(job__takes_every_documented_value),
		cmocka_unit_test(job__refuses_all_else_and_changes_nothing),
		cmocka_unit_test(job__words_that_contradict_are_refused),
		cmocka_unit_test(job__the_current_host_is_the_first_unless_said),
		cmocka_unit_test(job__label_size_is_the_label_unless_one_is_given),
		cmocka_unit_test(job__knows_names_of_channels),
	};

	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
