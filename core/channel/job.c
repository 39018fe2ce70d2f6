/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/job.h"

#include "base/util.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEFAULT_HOST "algo-1"

/* Reads a value and says whether it could; what is not understood changes nothing. */
typedef bool job_setter(struct rio_job *job, const char *value);

/* The index of value among words, or -1; SageMaker's capitals need not be typed. */
static int one_of(const char *value, const char *const words[])
{
	for (int i = 0; words[i]; i++)
		if (strcasecmp(value, words[i]) == 0)
			return i;
	return -1;
}

static bool set_text(char **field, const char *value)
{
	char *copy = *value ? strdup(value) : NULL;

	if (!copy)
		return false;
	free(*field);
	*field = copy;
	return true;
}

static bool set_input_mode(struct rio_job *job, const char *value)
{
	int i = one_of(value, (const char *const[]){"Pipe", "File", "FastFile", NULL});

	if (i >= 0)
		job->input_mode = (enum rio_input_mode)i;
	return i >= 0;
}

static bool set_shuffle(struct rio_job *job, const char *value)
{
	int i = one_of(value, (const char *const[]){"none", "files", "rows", NULL});

	if (i >= 0)
		job->shuffle = (enum rio_shuffle)i;
	job->shuffle_set |= i >= 0;
	return i >= 0;
}

/* Decimal digits and nothing else. */
static bool read_number(const char *text, uint64_t max, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value > max)
		return false;
	*ret = value;
	return true;
}

static bool set_seed(struct rio_job *job, const char *value)
{
	if (!read_number(value, UINT64_MAX, &job->seed))
		return false;
	job->seed_set = true;
	if (!job->shuffle_set)
		job->shuffle = RIO_SHUFFLE_FILES;
	return true;
}

static bool set_distribution(struct rio_job *job, const char *value)
{
	int i = one_of(value, (const char *const[]){"FullyReplicated", "ShardedByS3Key", NULL});

	if (i >= 0)
		job->distribution = (enum rio_distribution)i;
	return i >= 0;
}

/* Letters and digits of ASCII, '-', '.' and '_'; at least one. */
static bool is_name(const char *text)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-._";

	return *text && text[strspn(text, characters)] == '\0';
}

bool rio_job_is_channel(const char *name)
{
	return is_name(name) && strlen(name) <= 64;
}

/* Which of hosts name is; nr_hosts where it is none. */
static size_t find_host(const struct rio_job *job, const char *name)
{
	size_t i = 0;

	while (i < job->nr_hosts && strcmp(name, job->hosts[i]) != 0)
		i++;
	return i;
}

static void free_hosts(struct rio_job *job)
{
	for (size_t i = 0; i < job->nr_hosts; i++)
		free(job->hosts[i]);
	free(job->hosts);
}

static bool add_host(struct rio_job *job, const char *name)
{
	if (!is_name(name) || find_host(job, name) < job->nr_hosts)
		return false;
	job->hosts[job->nr_hosts] = strdup(name);
	return job->hosts[job->nr_hosts] && ++job->nr_hosts;
}

static bool set_hosts(struct rio_job *job, const char *value)
{
	struct rio_job fresh = {.hosts = calloc(strlen(value) / 2 + 1, sizeof(*fresh.hosts))};
	_cleanup_free_ char *copy = strdup(value), *first = NULL;
	char *rest = copy, *name;
	bool ok = copy && fresh.hosts;

	while (ok && (name = strsep(&rest, ":")))
		ok = add_host(&fresh, name);
	first = ok ? strdup(fresh.hosts[0]) : NULL;
	if (!first) {
		free_hosts(&fresh);
		return false;
	}
	free_hosts(job);
	job->hosts = fresh.hosts;
	job->nr_hosts = fresh.nr_hosts;
	return job->current_host_set || set_text(&job->current_host, first);
}

static bool set_current_host(struct rio_job *job, const char *value)
{
	job->current_host_set = is_name(value) && set_text(&job->current_host, value);
	return job->current_host_set;
}

/* Take the blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len && strchr(" \t", text[len - 1]); len--)
		text[len - 1] = '\0';
	return text;
}

/* "label_size=2", the only parameter that is known. */
static bool read_label_size(char *parameter, int *ret)
{
	char *equals = strchr(parameter, '=');
	uint64_t number;

	if (!equals)
		return false;
	*equals = '\0';
	if (strcasecmp(trim(parameter), "label_size") != 0 ||
		!read_number(trim(equals + 1), RIO_LABEL_SIZE_MAX, &number))
		return false;
	*ret = (int)number;
	return true;
}

static bool set_content_type(struct rio_job *job, const char *value)
{
	_cleanup_free_ char *copy = strdup(value);
	char *rest = copy, *parameter;
	int label_size = -1;

	if (!copy || one_of(trim(strsep(&rest, ";")),
			(const char *const[]){RIO_TYPE_RECORDIO, RIO_TYPE_CSV, NULL}) < 0)
		return false;
	while ((parameter = strsep(&rest, ";")))
		if (label_size >= 0 || !read_label_size(parameter, &label_size))
			return false;
	job->label_size = label_size;
	return set_text(&job->content_type, value);
}

static bool set_compression(struct rio_job *job, const char *value)
{
	int i = one_of(value, (const char *const[]){"None", "Gzip", NULL});

	if (i >= 0)
		job->compression = (enum rio_compression)i;
	return i >= 0;
}

static bool set_record_wrapper(struct rio_job *job, const char *value)
{
	int i = one_of(value, (const char *const[]){"None", "RecordIO", NULL});

	if (i >= 0)
		job->record_wrapper = (enum rio_wrapper)i;
	return i >= 0;
}

static bool set_manifest(struct rio_job *job, const char *value)
{
	return set_text(&job->manifest, value);
}

static bool set_hyperparameters(struct rio_job *job, const char *value)
{
	return set_text(&job->hyperparameters, value);
}

const struct rio_option_info rio_job_table[] = {
	{"input_mode", "Pipe|File|FastFile", "what inputdataconfig.json says of the channels"},
	{"shuffle", "none|files|rows", "what each epoch finds in another order"},
	{"seed", "NUMBER", "what the order comes from; alone, it means shuffle=files"},
	{"distribution", "FullyReplicated|ShardedByS3Key", "all files for each host, or its share"},
	{"hosts", "NAME[:NAME...]", "the hosts of the job; else algo-1"},
	{"current_host", "NAME", "which of them this one is; else the first"},
	{"content_type", "TYPE[;label_size=N]", "as in the job; label_size says what label would"},
	{"compression", "None|Gzip", "whether what the pipes carry is gzipped"},
	{"record_wrapper", "None|RecordIO", "RecordIO: each CSV file as it is, in one record"},
	{"manifest", "FILE", "SageMaker's JSON list of the files to take, in this order"},
	{"hyperparameters", "FILE", "a JSON object; else there are none"},
	{NULL, NULL, NULL},
};

/* In the table's order; takes says of a refused value what would do. */
static const struct {
	job_setter *set;
	const char *takes;
} setters[] = {
	{set_input_mode, "Pipe, File or FastFile"},
	{set_shuffle, "none, files or rows"},
	{set_seed, "a whole number from 0, of 64 bits"},
	{set_distribution, "FullyReplicated or ShardedByS3Key"},
	{set_hosts, "names of letters, digits, '-', '.' and '_', each once, with ':' between"},
	{set_current_host, "one of hosts"},
	{set_content_type, RIO_TYPE_CSV " or " RIO_TYPE_RECORDIO ", with ;label_size=N if the "
		"number of label columns is to be told: nothing else is made of a CSV"},
	{set_compression, "None or Gzip"},
	{set_record_wrapper, "None or RecordIO"},
	{set_manifest, "a file"},
	{set_hyperparameters, "a file"},
};
_Static_assert(RIO_ARRAY_SIZE(setters) + 1 == RIO_ARRAY_SIZE(rio_job_table),
	"every word has a setter");

int rio_job_init(struct rio_job *job, struct rio_error *err)
{
	*job = (struct rio_job){.label_size = -1};
	return set_hosts(job, DEFAULT_HOST) ? 0 : rio_fail(err, RIO_ENOMEM, "out of memory");
}

void rio_job_deinit(struct rio_job *job)
{
	free_hosts(job);
	free(job->current_host);
	free(job->content_type);
	free(job->manifest);
	free(job->hyperparameters);
	*job = (struct rio_job){0};
}

int rio_job_set(struct rio_job *job, const char *name, const char *value, struct rio_error *err)
{
	for (size_t i = 0; rio_job_table[i].name; i++) {
		if (strcmp(name, rio_job_table[i].name) != 0)
			continue;
		if (setters[i].set(job, value))
			return 0;
		return rio_fail(err, RIO_EOPTION, "%s=%s is not understood: %s takes %s", name,
			value, name, setters[i].takes);
	}
	return rio_fail(err, RIO_EOPTION, "unknown option: %s", name);
}

static bool is_recordio(const struct rio_job *job)
{
	const char *type = job->content_type ? job->content_type : "";

	type += strspn(type, " \t");
	return strncasecmp(type, RIO_TYPE_RECORDIO, strlen(RIO_TYPE_RECORDIO)) == 0;
}

int rio_job_check(const struct rio_job *job, struct rio_error *err)
{
	bool wrapped = job->record_wrapper == RIO_WRAPPED;
	bool piped = job->input_mode == RIO_MODE_PIPE;
	const struct {
		bool clash;
		const char *why;
	} rules[] = {
		{job->seed_set && job->shuffle == RIO_SHUFFLE_NONE,
			"seed and shuffle=none: there is nothing for the seed to order"},
		{wrapped && job->shuffle == RIO_SHUFFLE_ROWS,
			"record_wrapper=RecordIO and shuffle=rows: a record holds a whole file; "
			"shuffle=files?"},
		{wrapped && job->label_size >= 0,
			"record_wrapper=RecordIO and label_size: files are sent as they are, "
			"without a label of their own"},
		{wrapped && is_recordio(job),
			"record_wrapper=RecordIO and content_type=" RIO_TYPE_RECORDIO
			": the records hold CSV files as they are"},
		{wrapped && !piped,
			"record_wrapper=RecordIO is about pipes, as in SageMaker: "
			"input_mode=Pipe?"},
		{job->compression == RIO_GZIP && !piped,
			"compression=Gzip is about pipes, as in SageMaker: input_mode=Pipe?"},
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(rules); i++)
		if (rules[i].clash)
			return rio_fail(err, RIO_EOPTION, "%s", rules[i].why);
	if (rio_job_host(job) == job->nr_hosts)
		return rio_fail(err, RIO_EOPTION, "current_host=%s is not among hosts, %s%s",
			job->current_host, job->hosts[0], job->nr_hosts > 1 ? " …" : "");
	return 0;
}

int rio_job_apply(const struct rio_job *job, struct rio_options *options, struct rio_error *err)
{
	char list[sizeof("0-") + 3 * sizeof(int)];

	if (options->label || job->label_size < 0)
		return 0;
	if (job->label_size == 0)
		return rio_options_set(options, "label", "none", err);
	snprintf(list, sizeof(list), job->label_size > 1 ? "0-%d" : "%d", job->label_size - 1);
	return rio_options_set(options, "label", list, err);
}

size_t rio_job_host(const struct rio_job *job)
{
	return find_host(job, job->current_host);
}
