/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each file is made as a value of jansson's, and so is the environment, whose variables
 * are, as the training toolkit's, "SM_" and a property's name in capitals: texts as they
 * are, all else as JSON.  Values that jansson makes are NULL without memory, which is
 * looked for where a value becomes text: the functions that put values together take NULL,
 * and give it.
 */
#include "channel/config.h"

#include "channel/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GROUP     "homogeneousCluster"
#define INSTANCE  "local"
#define INTERFACE "eth0"
/* Python's logging.INFO. */
#define LOG_LEVEL 20

/* Hyperparameters that are not the training script's, but its framework's. */
#define FRAMEWORK_PREFIX "sagemaker_"

static int fail_memory(struct rio_error *err)
{
	return rio_fail(err, RIO_ENOMEM, "no memory for a training job's configuration");
}

const char *rio_config_name(enum rio_config_file file)
{
	static const char *const names[] = {
		[RIO_CONFIG_INPUT_DATA] = "inputdataconfig.json",
		[RIO_CONFIG_RESOURCE] = "resourceconfig.json",
		[RIO_CONFIG_HYPERPARAMETERS] = "hyperparameters.json",
	};

	return names[file];
}

static const char *content_type(const struct rio_job *job)
{
	if (job->record_wrapper == RIO_NOT_WRAPPED)
		return RIO_TYPE_RECORDIO;
	return job->content_type ? job->content_type : RIO_TYPE_CSV;
}

static json_t *input_data(const struct rio_job *job, const char *const *channels,
	size_t nr_channels)
{
	json_t *all = json_object();

	for (size_t i = 0; i < nr_channels; i++)
		json_object_set_new(all, channels[i], json_pack("{ss,ss,ss,ss}",
			"ContentType", content_type(job),
			"TrainingInputMode", job->input_mode == RIO_MODE_PIPE ? "Pipe" : "File",
			"S3DistributionType", job->distribution == RIO_SHARDED_BY_KEY
				? "ShardedByS3Key" : "FullyReplicated",
			"RecordWrapperType", job->record_wrapper == RIO_WRAPPED
				? "RecordIO" : "None"));
	if (json_object_size(all) == nr_channels)
		return all;
	json_decref(all);
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static json_t *sorted_names(const char *const *names, size_t nr)
{
	_cleanup_free_ const char **sorted = calloc(nr + 1, sizeof(*sorted));
	json_t *list = sorted ? json_array() : NULL;

	for (size_t i = 0; list && i < nr; i++)
		sorted[i] = names[i];
	if (list)
		qsort(sorted, nr, sizeof(*sorted), compare_names);
	for (size_t i = 0; list && i < nr; i++)
		json_array_append_new(list, json_string(sorted[i]));
	return list;
}

static json_t *hosts(const struct rio_job *job)
{
	return sorted_names((const char *const *)job->hosts, job->nr_hosts);
}

static json_t *resource(const struct rio_job *job)
{
	return json_pack("{ss,ss,ss,so,s[{ss,ss,so}],ss}", "current_host", job->current_host,
		"current_instance_type", INSTANCE, "current_group_name", GROUP,
		"hosts", hosts(job),
		"instance_groups", "instance_group_name", GROUP, "instance_type", INSTANCE,
			"hosts", hosts(job),
		"network_interface_name", INTERFACE);
}

/* A hyperparameter as SageMaker passes it on: as text. */
static int add_hyperparameter(json_t *all, const char *name, const json_t *value,
	const struct rio_job *job, struct rio_error *err)
{
	_cleanup_free_ char *text = NULL;

	if (json_is_object(value) || json_is_array(value) || json_is_null(value)) {
		rio_fail(err, RIO_EOPTION, "the hyperparameter \"%s\" is neither text, nor a "
			"number, true or false", name);
		rio_error_set_file(err, job->hyperparameters);
		return RIO_EOPTION;
	}
	text = json_is_string(value) ? strdup(json_string_value(value)) : rio_json_line(value);
	if (!text || json_object_set_new(all, name, json_string(text)))
		return fail_memory(err);
	return 0;
}

static int read_hyperparameters(const struct rio_job *job, const char *text, json_t **ret,
	struct rio_error *err)
{
	_cleanup_json_ json_t *given = NULL, *all = json_object();
	const char *name;
	json_t *value;
	int r = 0;

	if (text)
		r = rio_json_parse(text, strlen(text), job->hyperparameters, &given, err);
	if (!r && given && !json_is_object(given)) {
		rio_fail(err, RIO_EOPTION, "hyperparameters are an object, {\"name\": \"value\"}");
		rio_error_set_file(err, job->hyperparameters);
		return RIO_EOPTION;
	}
	json_object_foreach (given, name, value)
		if (!r)
			r = add_hyperparameter(all, name, value, job, err);
	if (!r)
		*ret = rio_steal(all);
	return r;
}

static int check_channels(const char *const *channels, size_t nr_channels, struct rio_error *err)
{
	for (size_t i = 0; i < nr_channels; i++)
		if (!rio_job_is_channel(channels[i]))
			return rio_fail(err, RIO_EOPTION, "'%s' is no name for a channel: it has 1 "
				"to 64 letters, digits, '-', '.' and '_'", channels[i]);
	return 0;
}

int rio_config_text(enum rio_config_file file, const struct rio_job *job,
	const char *const *channels, size_t nr_channels, const char *hyperparameters, char **ret,
	struct rio_error *err)
{
	_cleanup_json_ json_t *value = NULL;
	_cleanup_free_ char *line = NULL;
	int r = check_channels(channels, nr_channels, err);

	if (!r && file == RIO_CONFIG_HYPERPARAMETERS)
		r = read_hyperparameters(job, hyperparameters, &value, err);
	else if (!r)
		value = file == RIO_CONFIG_RESOURCE ? resource(job)
						    : input_data(job, channels, nr_channels);
	if (r)
		return r;
	line = value ? rio_json_line(value) : NULL;
	return line && asprintf(ret, "%s\n", line) >= 0 ? 0 : fail_memory(err);
}

/* Hyperparameters as a script gets them: what reads as JSON is the value that it says. */
static void split_hyperparameters(const json_t *texts, json_t *scripts, json_t *frameworks)
{
	const char *name;
	json_t *text;

	json_object_foreach ((json_t *)texts, name, text) {
		bool framework = strncmp(name, FRAMEWORK_PREFIX, strlen(FRAMEWORK_PREFIX)) == 0;
		json_t *value = json_loads(json_string_value(text),
			JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

		json_object_set_new(framework ? frameworks : scripts, name,
			value ? value : json_incref(text));
	}
}

/* The graphics cards that NVIDIA's driver shows. */
static int count_gpus(void)
{
	char path[sizeof("/dev/nvidia") + 3 * sizeof(int)];
	int nr = 0;

	do
		snprintf(path, sizeof(path), "/dev/nvidia%d", nr);
	while (access(path, F_OK) == 0 && ++nr);
	return nr;
}

/* The folder that input stands in for /opt/ml. */
static char *base_of(const char *input)
{
	const char *slash = strrchr(input, '/');

	return slash && strcmp(slash, "/input") == 0 ? strndup(input, (size_t)(slash - input))
						      : strdup(input);
}

static json_t *path_below(const char *folder, const char *below)
{
	return json_sprintf("%s%s", folder, below);
}

static json_t *channel_folders(const char *input, const char *const *channels,
	size_t nr_channels)
{
	json_t *all = json_object();

	for (size_t i = 0; i < nr_channels; i++)
		json_object_set_new(all, channels[i],
			json_sprintf("%s/data/%s", input, channels[i]));
	return all;
}

static json_t *folders(const char *base, const char *input)
{
	return json_pack("{so,so,so,so,so,so}", "input_dir", path_below(input, ""),
		"input_config_dir", path_below(input, "/config"),
		"model_dir", path_below(base, "/model"),
		"output_dir", path_below(base, "/output"),
		"output_data_dir", path_below(base, "/output/data"),
		"output_intermediate_dir", path_below(base, "/output/intermediate"));
}

static json_t *cluster(const struct rio_job *job)
{
	_cleanup_json_ json_t *names = hosts(job);

	return json_pack("{sO,sO,s[],ss,ss,ss,s[s],s[],s{s{ss,ss,sO}},sb,sb,ss}",
		"hosts", names, "current_instance_group_hosts", names, "distribution_hosts",
		"current_host", job->current_host, "current_instance_type", INSTANCE,
		"current_instance_group", GROUP, "instance_groups", GROUP,
		"distribution_instance_groups", "instance_groups_dict", GROUP,
			"instance_group_name", GROUP, "instance_type", INSTANCE, "hosts", names,
		"is_hetero", 0, "is_master",
		strcmp(job->current_host, json_string_value(json_array_get(names, 0))) == 0,
		"master_hostname", json_string_value(json_array_get(names, 0)));
}

static json_t *machine(void)
{
	return json_pack("{si,si,si,si,ss,so,so}", "num_cpus", (int)sysconf(_SC_NPROCESSORS_ONLN),
		"num_gpus", count_gpus(), "num_neurons", 0, "log_level", LOG_LEVEL,
		"network_interface_name", INTERFACE, "framework_module", json_null(),
		"job_name", json_null());
}

/* What the toolkit calls its training environment: all that it knows. */
static json_t *properties(const struct rio_job *job, const char *const *channels,
	size_t nr_channels, const json_t *hyperparameters, const char *input)
{
	_cleanup_free_ char *base = base_of(input);
	json_t *scripts = json_object(), *frameworks = json_object();
	json_t *all = base ? json_pack("{so,so,so,so,so}", "hyperparameters", scripts,
		"additional_framework_parameters", frameworks,
		"resource_config", resource(job),
		"input_data_config", input_data(job, channels, nr_channels),
		"channel_input_dirs", channel_folders(input, channels, nr_channels)) : NULL;
	json_t *parts[] = {all ? folders(base, input) : NULL, cluster(job), machine()};
	bool complete = all;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(parts); i++) {
		complete = complete && json_object_update(all, parts[i]) == 0;
		json_decref(parts[i]);
	}
	if (complete) {
		split_hyperparameters(hyperparameters, scripts, frameworks);
		return all;
	}
	json_decref(all);
	return NULL;
}

/* Properties that are variables of another name, or of the same, or of none. */
static const char *variable_of(const char *property)
{
	static const struct {
		const char *property;
		const char *variable;
	} others[] = {
		{"hyperparameters", "hps"},
		{"additional_framework_parameters", "framework_params"},
		{"channel_input_dirs", NULL},
		{"distribution_hosts", NULL},
		{"is_master", NULL},
		{"master_hostname", NULL},
		{"job_name", NULL},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(others); i++)
		if (strcmp(property, others[i].property) == 0)
			return others[i].variable;
	return property;
}

struct environment {
	char **all; /* ended by NULL */
	size_t nr, room;
};

/* Takes entry. */
static bool add_entry(struct environment *env, char *entry)
{
	if (env->nr + 1 >= env->room) {
		size_t room = env->room ? 2 * env->room : 64;
		char **more = reallocarray(env->all, room, sizeof(*more));

		if (!more) {
			free(entry);
			return false;
		}
		env->all = more;
		env->room = room;
	}
	env->all[env->nr++] = entry;
	env->all[env->nr] = NULL;
	return true;
}

/* PREFIX and the name in capitals.  What no variable can be called is left out. */
static bool add(struct environment *env, const char *prefix, const char *name,
	const json_t *value)
{
	_cleanup_free_ char *line = json_is_string(value) ? NULL : rio_json_line(value);
	const char *text = json_is_string(value) ? json_string_value(value) : line;
	char *entry;

	if (strchr(name, '=') || !name[0])
		return true;
	if (!text || asprintf(&entry, "SM_%s%s=%s", prefix, name,
			     json_is_null(value) ? "" : text) < 0)
		return false;
	for (char *p = entry; *p != '='; p++)
		if (*p >= 'a' && *p <= 'z')
			*p -= 'a' - 'A';
	return add_entry(env, entry);
}

/* Where the toolkit looks for input, unless it is /opt/ml. */
static bool add_base(struct environment *env, const char *input)
{
	_cleanup_free_ char *base = base_of(input);
	char *entry;

	if (base && strcmp(base, input) == 0)
		return true;
	return base && asprintf(&entry, "SAGEMAKER_BASE_DIR=%s", base) >= 0 &&
	       add_entry(env, entry);
}

static bool add_all(struct environment *env, const char *prefix, const json_t *values)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)values, name, value)
		if (!add(env, prefix, name, value))
			return false;
	return true;
}

static bool add_properties(struct environment *env, const json_t *properties)
{
	const char *property;
	json_t *value;

	json_object_foreach ((json_t *)properties, property, value) {
		const char *variable = variable_of(property);

		if (variable && !add(env, "", variable, value))
			return false;
	}
	return add_all(env, "CHANNEL_", json_object_get(properties, "channel_input_dirs")) &&
	       add_all(env, "HP_", json_object_get(properties, "hyperparameters"));
}

int rio_config_environment(const struct rio_job *job, const char *const *channels,
	size_t nr_channels, const char *hyperparameters, const char *input, char ***ret,
	struct rio_error *err)
{
	_cleanup_json_ json_t *texts = NULL, *known = NULL, *names = NULL;
	struct environment env = {0};
	int r = check_channels(channels, nr_channels, err);

	if (!r)
		r = read_hyperparameters(job, hyperparameters, &texts, err);
	if (r)
		return r;
	known = properties(job, channels, nr_channels, texts, input);
	names = sorted_names(channels, nr_channels);
	if (!known || !add_properties(&env, known) || !add(&env, "", "channels", names) ||
		!add(&env, "", "training_env", known) || !add_base(&env, input)) {
		rio_config_free_environment(env.all);
		return fail_memory(err);
	}
	*ret = env.all;
	return 0;
}

void rio_config_free_environment(char **environment)
{
	for (size_t i = 0; environment && environment[i]; i++)
		free(environment[i]);
	free(environment);
}
