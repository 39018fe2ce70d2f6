/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration files of a training job, to the byte, and its environment. */
#include "unit.h"

#include "channel/config.h"

static const char *const channels[] = {"train", "Test-2"};

static struct rio_job job_of(const char *words)
{
	_cleanup_free_ char *copy = strdup(words);
	struct rio_job job;
	struct rio_error err;
	char *rest = copy, *word;

	assert_int_equal(rio_job_init(&job, &err), 0);
	while ((word = strsep(&rest, " "))) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		assert_int_equal(rio_job_set(&job, word, value, &err), 0);
	}
	return job;
}

static void assert_text(enum rio_config_file file, const char *words, size_t nr_channels,
	const char *hyperparameters, const char *expected)
{
	struct rio_job job = job_of(words);
	struct rio_error err;
	char *text;

	if (rio_config_text(file, &job, channels, nr_channels, hyperparameters, &text, &err))
		fail_msg("%s: %s", words, err.message);
	assert_string_equal(text, expected);
	free(text);
	rio_job_deinit(&job);
}

static void config__has_sagemakers_names(void **state)
{
	assert_string_equal(rio_config_name(RIO_CONFIG_INPUT_DATA), "inputdataconfig.json");
	assert_string_equal(rio_config_name(RIO_CONFIG_RESOURCE), "resourceconfig.json");
	assert_string_equal(rio_config_name(RIO_CONFIG_HYPERPARAMETERS), "hyperparameters.json");
}

static void config__input_data(void **state)
{
	assert_text(RIO_CONFIG_INPUT_DATA, "", 1, NULL,
		"{\"train\":{\"ContentType\":\"application/x-recordio-protobuf\","
		"\"RecordWrapperType\":\"None\",\"S3DistributionType\":\"FullyReplicated\","
		"\"TrainingInputMode\":\"Pipe\"}}\n");
	assert_text(RIO_CONFIG_INPUT_DATA, "input_mode=FastFile content_type=text/csv;label_size=1 "
		"distribution=ShardedByS3Key", 2, NULL,
		"{\"Test-2\":{\"ContentType\":\"application/x-recordio-protobuf\","
		"\"RecordWrapperType\":\"None\",\"S3DistributionType\":\"ShardedByS3Key\","
		"\"TrainingInputMode\":\"File\"},"
		"\"train\":{\"ContentType\":\"application/x-recordio-protobuf\","
		"\"RecordWrapperType\":\"None\",\"S3DistributionType\":\"ShardedByS3Key\","
		"\"TrainingInputMode\":\"File\"}}\n");
	assert_text(RIO_CONFIG_INPUT_DATA, "record_wrapper=RecordIO", 1, NULL,
		"{\"train\":{\"ContentType\":\"text/csv\",\"RecordWrapperType\":\"RecordIO\","
		"\"S3DistributionType\":\"FullyReplicated\",\"TrainingInputMode\":\"Pipe\"}}\n");
	assert_text(RIO_CONFIG_INPUT_DATA, "", 0, NULL, "{}\n");
}

static void config__resource(void **state)
{
	assert_text(RIO_CONFIG_RESOURCE, "", 1, NULL,
		"{\"current_group_name\":\"homogeneousCluster\",\"current_host\":\"algo-1\","
		"\"current_instance_type\":\"local\",\"hosts\":[\"algo-1\"],"
		"\"instance_groups\":[{\"hosts\":[\"algo-1\"],"
		"\"instance_group_name\":\"homogeneousCluster\",\"instance_type\":\"local\"}],"
		"\"network_interface_name\":\"eth0\"}\n");
	/* Sorted, whatever the order of shards is. */
	assert_text(RIO_CONFIG_RESOURCE, "hosts=algo-2:algo-10:algo-1 current_host=algo-10", 1,
		NULL,
		"{\"current_group_name\":\"homogeneousCluster\",\"current_host\":\"algo-10\","
		"\"current_instance_type\":\"local\",\"hosts\":[\"algo-1\",\"algo-10\",\"algo-2\"],"
		"\"instance_groups\":[{\"hosts\":[\"algo-1\",\"algo-10\",\"algo-2\"],"
		"\"instance_group_name\":\"homogeneousCluster\",\"instance_type\":\"local\"}],"
		"\"network_interface_name\":\"eth0\"}\n");
}

static void config__hyperparameters_are_texts(void **state)
{
	assert_text(RIO_CONFIG_HYPERPARAMETERS, "", 1, NULL, "{}\n");
	assert_text(RIO_CONFIG_HYPERPARAMETERS, "", 1,
		"{\"lr\": 0.1, \"k\": 10, \"name\": \"x\", \"on\": true, \"tiny\": 1e-7,"
		" \"third\": 0.33333333333333331, \"text\": \"{\\\"a\\\":1}\"}",
		"{\"k\":\"10\",\"lr\":\"0.1\",\"name\":\"x\",\"on\":\"true\","
		"\"text\":\"{\\\"a\\\":1}\",\"third\":\"0.3333333333333333\",\"tiny\":\"1e-7\"}\n");
}

static void config__refuses_what_are_no_hyperparameters(void **state)
{
	static const struct {
		const char *text, *message;
		uint64_t line;
	} cases[] = {
		{"[1]", "hyperparameters are an object, {\"name\": \"value\"}", 0},
		{"{\"a\": [1]}", "the hyperparameter \"a\" is neither text, nor a number, true or "
			"false", 0},
		{"{\"a\": null}", "the hyperparameter \"a\" is neither text, nor a number, true or "
			"false", 0},
		{"{\"a\": 1,\n \"a\": 2}", NULL, 2},
		{"\n{", NULL, 2},
		{"", NULL, 1},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct rio_job job = job_of("hyperparameters=h.json");
		struct rio_error err;
		char *text = NULL;

		assert_int_equal(rio_config_text(RIO_CONFIG_HYPERPARAMETERS, &job, channels, 2,
			cases[i].text, &text, &err), RIO_EOPTION);
		assert_string_equal(err.file, "h.json");
		assert_int_equal(err.line, cases[i].line);
		if (cases[i].message)
			assert_string_equal(err.message, cases[i].message);
		assert_null(text);
		rio_job_deinit(&job);
	}
}

static void config__refuses_channels_that_sagemaker_would(void **state)
{
	static const char *const wrong[] = {"train", "a/b"};
	struct rio_job job = job_of("");
	struct rio_error err;
	char *text = NULL, **environment = NULL;

	assert_int_equal(rio_config_text(RIO_CONFIG_INPUT_DATA, &job, wrong, 2, NULL, &text, &err),
		RIO_EOPTION);
	assert_string_equal(err.message, "'a/b' is no name for a channel: it has 1 to 64 letters, "
		"digits, '-', '.' and '_'");
	assert_int_equal(rio_config_environment(&job, wrong, 2, NULL, "/x", &environment, &err),
		RIO_EOPTION);
	rio_job_deinit(&job);
}

static const char *variable(char **environment, const char *name)
{
	size_t name_bytes = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, name_bytes) == 0 &&
			(*environment)[name_bytes] == '=')
			return *environment + name_bytes + 1;
	return NULL;
}

static char **environment_of(struct rio_job *job, const char *hyperparameters, const char *input)
{
	struct rio_error err;
	char **environment;

	assert_int_equal(rio_config_environment(job, channels, 2, hyperparameters, input,
		&environment, &err), 0);
	return environment;
}

static void environment__is_the_training_toolkits(void **state)
{
	static const struct {
		const char *name, *value;
	} expected[] = {
		{"SAGEMAKER_BASE_DIR", "/opt/ml"},
		{"SM_CHANNELS", "[\"Test-2\",\"train\"]"},
		{"SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"},
		{"SM_CHANNEL_TEST-2", "/opt/ml/input/data/Test-2"},
		{"SM_HOSTS", "[\"a\",\"b\"]"},
		{"SM_CURRENT_HOST", "b"},
		{"SM_CURRENT_INSTANCE_TYPE", "local"},
		{"SM_INSTANCE_GROUPS", "[\"homogeneousCluster\"]"},
		{"SM_IS_HETERO", "false"},
		{"SM_INPUT_DIR", "/opt/ml/input"},
		{"SM_INPUT_CONFIG_DIR", "/opt/ml/input/config"},
		{"SM_MODEL_DIR", "/opt/ml/model"},
		{"SM_OUTPUT_DIR", "/opt/ml/output"},
		{"SM_OUTPUT_DATA_DIR", "/opt/ml/output/data"},
		{"SM_OUTPUT_INTERMEDIATE_DIR", "/opt/ml/output/intermediate"},
		{"SM_NETWORK_INTERFACE_NAME", "eth0"},
		{"SM_LOG_LEVEL", "20"},
		{"SM_FRAMEWORK_MODULE", ""},
		{"SM_HPS", "{\"_x\":\"y z\",\"a=b\":1,\"flag\":true,\"lr\":0.1,\"name\":\"a\"}"},
		{"SM_HP_LR", "0.1"},
		{"SM_HP_NAME", "a"},
		{"SM_HP_FLAG", "true"},
		{"SM_HP__X", "y z"},
		{"SM_FRAMEWORK_PARAMS", "{\"sagemaker_program\":\"train.py\"}"},
		{"SM_HP_SAGEMAKER_PROGRAM", NULL},
		{"SM_HYPERPARAMETERS", NULL},
	};
	struct rio_job job = job_of("hosts=b:a");
	char **environment = environment_of(&job, "{\"lr\": \"0.1\", \"name\": \"\\\"a\\\"\", "
		"\"flag\": true, \"_x\": \"y z\", \"a=b\": 1, \"sagemaker_program\": \"train.py\"}",
		"/opt/ml/input");

	for (size_t i = 0; i < RIO_ARRAY_SIZE(expected); i++) {
		const char *got = variable(environment, expected[i].name);

		if (!got != !expected[i].value || (got && strcmp(got, expected[i].value) != 0))
			fail_msg("%s=%s", expected[i].name, got ? got : "(none)");
	}
	rio_config_free_environment(environment);
	rio_job_deinit(&job);
}

static void environment__tells_the_machine_and_the_files(void **state)
{
	struct rio_job job = job_of("");
	char **environment = environment_of(&job, NULL, "/srv/job");
	char *text;
	struct rio_error err;

	assert_int_equal(atoi(variable(environment, "SM_NUM_CPUS")), sysconf(_SC_NPROCESSORS_ONLN));
	assert_non_null(variable(environment, "SM_NUM_GPUS"));
	assert_string_equal(variable(environment, "SM_HPS"), "{}");
	assert_string_equal(variable(environment, "SM_MODEL_DIR"), "/srv/job/model");
	assert_null(variable(environment, "SAGEMAKER_BASE_DIR"));
	assert_string_equal(variable(environment, "SM_CHANNEL_TRAIN"), "/srv/job/data/train");
	assert_int_equal(rio_config_text(RIO_CONFIG_RESOURCE, &job, channels, 2, NULL, &text, &err),
		0);
	text[strlen(text) - 1] = '\0';
	assert_string_equal(variable(environment, "SM_RESOURCE_CONFIG"), text);
	assert_non_null(strstr(variable(environment, "SM_TRAINING_ENV"), text));
	free(text);
	rio_config_free_environment(environment);
	rio_job_deinit(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config__has_sagemakers_names),
		cmocka_unit_test(config__input_data),
		cmocka_unit_test(config__resource),
		cmocka_unit_test(config__hyperparameters_are_texts),
		cmocka_unit_test(config__refuses_what_are_no_hyperparameters),
		cmocka_unit_test(config__refuses_channels_that_sagemaker_would),
		cmocka_unit_test(environment__is_the_training_toolkits),
		cmocka_unit_test(environment__tells_the_machine_and_the_files),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
