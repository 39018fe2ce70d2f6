/* SPDX-License-Identifier: Apache-2.0 */
#include "sagemaker/channels.h"

#include "base/util.h"
#include "csv/file_name.h"
#include "log.h"
#include "names.h"
#include "sagemaker/job_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

/* SageMaker's own name for a channel that nobody has named. */
#define ONLY_CHANNEL "training"

struct rfs_channels {
	const struct rio_job *job;
	const struct rfs_beneath *beneath;
	struct rfs_settings *settings;
	const char *mountpoint;
	char *hyperparameters; /* the text; NULL: none */
	bool is_one;           /* SOURCE itself is the only channel */
	atomic_bool told_names;
};

/* --- which there are --- */

struct seen {
	char **folders;
	size_t nr_folders;
	size_t nr_files;  /* CSV files */
	size_t nr_others; /* folders whose names are no channel's */
};

void rfs_channels_free_names(char **names)
{
	for (size_t i = 0; names && names[i]; i++)
		free(names[i]);
	free(names);
}

static bool is_folder(const struct rfs_channels *channels, const char *name)
{
	_cleanup_free_ char *path = rfs_beneath_absolute(channels->beneath, name);
	struct stat st;

	return path && strcmp(path, channels->mountpoint) != 0 &&
	       rfs_beneath_stat(channels->beneath, name, &st) == 0 && S_ISDIR(st.st_mode) &&
	       !rfs_beneath_leads_through(channels->beneath, ".", &st);
}

static bool is_channel_name(const char *name)
{
	return !rfs_name_is_hidden(name) && rio_job_is_channel(name);
}

/* With room for the NULL behind the last. */
static int add_folder(struct seen *seen, const char *name)
{
	char **more = reallocarray(seen->folders, seen->nr_folders + 2, sizeof(*more));

	if (!more)
		return ENOMEM;
	seen->folders = more;
	more[seen->nr_folders] = strdup(name);
	if (!more[seen->nr_folders])
		return ENOMEM;
	more[++seen->nr_folders] = NULL;
	return 0;
}

static int see_entry(struct rfs_channels *channels, const struct dirent *entry,
	struct seen *seen)
{
	const char *name = entry->d_name;
	unsigned rank;

	if (rfs_name_is_hidden(name))
		return 0;
	if (entry->d_type == DT_REG || !is_folder(channels, name)) {
		seen->nr_files += rio_csv_stem(name, &rank) > 0;
		return 0;
	}
	if (rio_job_is_channel(name))
		return add_folder(seen, name);
	seen->nr_others++;
	if (!atomic_exchange(&channels->told_names, true))
		rfs_log_note("%s/%s: no channel, since SageMaker takes no such name for one "
			"(up to 64 letters, digits, '.', '-' and '_')", channels->beneath->path,
			name);
	return 0;
}

static void free_seen(struct seen *seen)
{
	rfs_channels_free_names(seen->folders);
}

/* What lies in SOURCE. */
static int look(struct rfs_channels *channels, struct seen *ret)
{
	_cleanup_(free_seen) struct seen seen = {.folders = calloc(1, sizeof(char *))};
	struct dirent *entry;
	DIR *dir;
	int e = seen.folders ? rfs_beneath_open_dir(channels->beneath, ".", &dir) : ENOMEM;

	if (e)
		return e;
	while (!e && (errno = 0, entry = readdir(dir)))
		e = see_entry(channels, entry, &seen);
	e = e ? e : errno;
	closedir(dir);
	if (!e) {
		*ret = seen;
		seen.folders = NULL;
	}
	return e;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int rfs_channels_names(struct rfs_channels *channels, char ***ret, size_t *ret_nr)
{
	struct seen seen = {0};
	int e = 0;

	if (channels->is_one) {
		seen.folders = calloc(1, sizeof(char *));
		e = seen.folders ? add_folder(&seen, ONLY_CHANNEL) : ENOMEM;
		if (e)
			free_seen(&seen);
	} else {
		e = look(channels, &seen);
	}
	if (e)
		return e;
	qsort(seen.folders, seen.nr_folders, sizeof(char *), compare_names);
	*ret = seen.folders;
	*ret_nr = seen.nr_folders;
	return 0;
}

const char *rfs_channels_folder(const struct rfs_channels *channels, const char *name)
{
	if (channels->is_one)
		return strcmp(name, ONLY_CHANNEL) == 0 ? "." : NULL;
	return is_channel_name(name) && is_folder(channels, name) ? name : NULL;
}

const char *rfs_channels_name_of(const struct rfs_channels *channels, const char *path)
{
	if (channels->is_one)
		return strcmp(path, ".") == 0 ? ONLY_CHANNEL : NULL;
	return strchr(path, '/') || strcmp(path, ".") == 0 ? NULL : path;
}

const char *rfs_channels_split(const struct rfs_channels *channels, char *path,
	const char **ret_key)
{
	char *slash;

	if (channels->is_one) {
		*ret_key = strcmp(path, ".") == 0 ? NULL : path;
		return ONLY_CHANNEL;
	}
	slash = strchr(path, '/');
	if (slash)
		*slash = '\0';
	*ret_key = slash ? slash + 1 : NULL;
	return path;
}

/* --- what the job says --- */

/* Of all the objects those that the manifest names. */
static int select_objects(const struct rfs_channels *channels, const char *name,
	struct rio_objects *objects, struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects all = *objects;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	*objects = (struct rio_objects){.nr_outside = all.nr_outside};
	r = rfs_job_manifest(channels->job, channels->beneath, &text, &len, err);
	if (!r)
		r = rio_objects_select(text, len, channels->job->manifest, name, &all, objects,
			err);
	return r;
}

int rfs_channels_objects(const struct rfs_channels *channels, const char *name,
	struct rio_objects *ret, struct rio_error *err)
{
	_cleanup_(rio_objects_deinit) struct rio_objects objects = {0};
	const char *folder = channels->is_one ? "." : name;
	_cleanup_free_ char *path = rfs_beneath_absolute(channels->beneath, folder);
	_cleanup_close_ int fd = -1;
	int e, r;

	if (!path)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	e = rfs_beneath_open(channels->beneath, folder, O_RDONLY | O_DIRECTORY, &fd);
	if (e)
		return rio_fail_file(err, e, path, "cannot be listed");
	r = rio_objects_list(fd, path, &objects, err);
	if (!r && channels->job->manifest)
		r = select_objects(channels, name, &objects, err);
	if (!r) {
		*ret = objects;
		objects = (struct rio_objects){0};
	}
	return r;
}

int rfs_channels_config(struct rfs_channels *channels, enum rio_config_file file, char **ret,
	struct rio_error *err)
{
	char **names;
	size_t nr;
	int e = rfs_channels_names(channels, &names, &nr);
	int r;

	if (e)
		return rio_fail_errno(err, e, "SOURCE cannot be listed");
	r = rio_config_text(file, channels->job, (const char *const *)names, nr,
		channels->hyperparameters, ret, err);
	rfs_channels_free_names(names);
	return r;
}

/* --- objects --- */

/* A regular file below SOURCE, opened as every source of the mount. */
static int open_source(const struct rfs_channels *channels, const char *rel, const char *path,
	struct rio_source **ret, struct rio_error *err)
{
	_cleanup_close_ int probed_fd = -1;
	struct stat st;
	int fd, r, e = rfs_beneath_probe(channels->beneath, rel, &probed_fd, &st);

	if (!e && !S_ISREG(st.st_mode))
		e = EINVAL;
	if (!e)
		e = rfs_beneath_reopen(probed_fd, &fd);
	r = e ? rio_fail_errno(err, e, "cannot be opened") : rio_source_from_fd(fd, path, ret, err);
	if (r)
		rio_error_set_file(err, path);
	return r;
}

int rfs_channels_open(void *data, const char *key, struct rio_feed_object *ret,
	struct rio_error *err)
{
	const struct rfs_opener *opener = data;
	const struct rfs_channels *channels = opener->channels;
	_cleanup_(rio_feed_object_deinit) struct rio_feed_object object = {0};
	_cleanup_free_ char *rel = rfs_beneath_join(channels->is_one ? "." : opener->name, key);
	int r;

	object.store_path = rel ? rfs_beneath_absolute(channels->beneath, rel) : NULL;
	if (!object.store_path)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	r = open_source(channels, rel, object.store_path, &object.source, err);
	if (!r)
		r = rfs_settings_get(channels->settings, rel, &object.options, err);
	if (r)
		return r;
	*ret = object;
	object = (struct rio_feed_object){0};
	return 0;
}

/* --- begin and end --- */

/* Every channel's choice is made once, so that a wrong manifest is a wrong call. */
static int check_manifest(struct rfs_channels *channels, struct rio_error *err)
{
	char **names;
	size_t nr;
	int e, r = 0;

	if (!channels->job->manifest)
		return 0;
	e = rfs_channels_names(channels, &names, &nr);
	if (e)
		return rio_fail_errno(err, e, "SOURCE cannot be listed");
	for (size_t i = 0; !r && i < nr; i++) {
		_cleanup_(rio_objects_deinit) struct rio_objects objects = {0};

		r = rfs_channels_objects(channels, names[i], &objects, err);
	}
	rfs_channels_free_names(names);
	return r;
}

static int find_channels(struct rfs_channels *channels, struct rio_error *err)
{
	_cleanup_(free_seen) struct seen seen = {0};
	int e = look(channels, &seen);

	if (e)
		return rio_fail_errno(err, e, "SOURCE cannot be listed");
	channels->is_one = seen.nr_files && !seen.nr_folders && !seen.nr_others;
	if (channels->is_one)
		rfs_log_note("%s has no folders: it is the one channel, " ONLY_CHANNEL,
			channels->beneath->path);
	else if (seen.nr_files)
		rfs_log_note("%s: CSV files in it that are in no channel: %zu; a folder is one",
			channels->beneath->path, seen.nr_files);
	return 0;
}

int rfs_channels_create(const struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings *settings, const char *mountpoint,
	struct rfs_channels **ret, struct rio_error *err)
{
	struct rfs_channels *channels = calloc(1, sizeof(*channels));
	int r;

	if (!channels)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	channels->job = &options->job;
	channels->beneath = beneath;
	channels->settings = settings;
	channels->mountpoint = mountpoint;
	r = find_channels(channels, err);
	if (!r)
		r = rfs_job_hyperparameters(channels->job, &channels->hyperparameters, err);
	if (!r)
		r = check_manifest(channels, err);
	if (r)
		rfs_channels_destroy(channels);
	else
		*ret = channels;
	return r;
}

void rfs_channels_destroy(struct rfs_channels *channels)
{
	if (!channels)
		return;
	free(channels->hyperparameters);
	free(channels);
}
