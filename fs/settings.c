/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A settings file within SOURCE is opened as sources are (beneath): a link
 * recordiofs.ini -> /etc/shadow is an error, and a FIFO of that name is not waited for.
 * What stands above SOURCE is its owner's, and core finds it.
 *
 * What was found is kept in libc's tree (tsearch), by folder; a folder without a file
 * of its own points to what holds for the one above.  One lock guards the tree, and is
 * held while a file is read: these are small and few.
 */
#include "settings.h"

#include "base/util.h"
#include "settings/load.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <string.h>

/* A settings file, or why it could not be read. */
struct found {
	struct rio_settings *file; /* NULL: there is none, or r is set */
	int r;
	struct rio_error err;
};

struct folder {
	char *path;                 /* below SOURCE */
	const struct found *counts; /* here: its own, or that of a folder above */
	struct found *own;
};

struct rfs_settings {
	const struct rfs_options *options;
	const struct rfs_beneath *beneath;
	struct found top;     /* for SOURCE, or for all where the command line says so */
	bool look;            /* in folders below SOURCE as well */
	pthread_mutex_t lock; /* all below */
	void *folders;        /* of tsearch */
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct folder *)a)->path, ((const struct folder *)b)->path);
}

static void destroy_folder(void *data)
{
	struct folder *folder = data;

	if (folder->own)
		rio_settings_destroy(folder->own->file);
	free(folder->own);
	free(folder->path);
	free(folder);
}

void rfs_settings_destroy(struct rfs_settings *settings)
{
	if (!settings)
		return;
	tdestroy(settings->folders, destroy_folder);
	rio_settings_destroy(settings->top.file);
	pthread_mutex_destroy(&settings->lock);
	free(settings);
}

const char *rfs_settings_path(const struct rfs_settings *settings)
{
	return settings->top.file ? settings->top.file->path : NULL;
}

static bool is_given(const struct rfs_options *options, const char *name)
{
	for (size_t i = 0; i < options->given_encoding.nr; i++)
		if (strcmp(options->given_encoding.all[i].name, name) == 0)
			return true;
	return false;
}

/* The suffix is the whole mount's, and the one option that is not a file's. */
static int take_suffix(struct rfs_options *options, const struct rio_settings *top,
	struct rio_error *err)
{
	int r = 0;

	for (size_t i = 0; top && !r && i < top->nr; i++)
		if (strcmp(top->all[i].name, "suffix") == 0 && !is_given(options, "suffix"))
			r = rio_options_set(&options->encoding, "suffix", top->all[i].value, err);
	return r;
}

static int load_top(struct rfs_settings *settings, const char *config, struct rio_error *err)
{
	if (!config)
		return rio_settings_find(settings->beneath->path, &settings->top.file, err);
	if (strcmp(config, "none") == 0)
		return 0;
	return rio_settings_load(config, &settings->top.file, err);
}

int rfs_settings_create(struct rfs_options *options, const struct rfs_beneath *beneath,
	struct rfs_settings **ret, struct rio_error *err)
{
	struct rfs_settings *settings = calloc(1, sizeof(*settings));
	int r;

	if (!settings)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	settings->options = options;
	settings->beneath = beneath;
	settings->look = !options->config;
	pthread_mutex_init(&settings->lock, NULL);
	r = load_top(settings, options->config, err);
	if (!r)
		r = take_suffix(options, settings->top.file, err);
	if (r)
		rfs_settings_destroy(settings);
	else
		*ret = settings;
	return r;
}

/* The settings file in a folder below SOURCE, if there is one: *ret stays NULL without. */
static int read_own(const struct rfs_settings *settings, const char *path, struct found **ret)
{
	_cleanup_free_ char *folder = rfs_beneath_absolute(settings->beneath, path);
	_cleanup_free_ char *rel = NULL, *name = NULL;
	_cleanup_close_ int probed_fd = -1;
	struct found *found;
	struct stat st;
	int fd, e;

	if (!folder || asprintf(&rel, "%s/" RIO_SETTINGS_NAME, path) < 0 ||
		asprintf(&name, "%s/" RIO_SETTINGS_NAME, folder) < 0)
		return ENOMEM;
	e = rfs_beneath_probe(settings->beneath, rel, &probed_fd, &st);
	if (e == ENOENT || (!e && !S_ISREG(st.st_mode)))
		return 0;
	found = calloc(1, sizeof(*found));
	if (!found)
		return ENOMEM;
	/* A link that leads out (EXDEV), too: recordio would follow it. */
	e = e ? e : rfs_beneath_reopen(probed_fd, &fd);
	found->r = e ? rio_fail_file(&found->err, e, name, "cannot open settings")
		     : rio_settings_load_fd(fd, name, folder, &found->file, &found->err);
	/* Nothing below the folder can be encoded, whatever the reason: for good. */
	if (found->r)
		found->r = found->err.code = RIO_EOPTION;
	*ret = found;
	return 0;
}

/* A folder below SOURCE that is not known yet; above is what holds for the one it is in. */
static struct folder *add_folder(struct rfs_settings *settings, const char *path,
	const struct found *above)
{
	struct folder *folder = calloc(1, sizeof(*folder));

	if (!folder)
		return NULL;
	folder->path = strdup(path);
	if (folder->path && read_own(settings, path, &folder->own) == 0) {
		folder->counts = folder->own ? folder->own : above;
		if (tsearch(folder, &settings->folders, compare))
			return folder;
	}
	destroy_folder(folder);
	return NULL;
}

/* What holds in the folder that path[0..len) names, from SOURCE down; NULL without memory. */
static const struct found *find(struct rfs_settings *settings, const char *path, size_t len)
{
	const struct found *counts = &settings->top;

	for (size_t i = 1; counts && i <= len; i++) {
		_cleanup_free_ char *name = NULL;
		struct folder **known, *folder;

		if (i < len && path[i] != '/')
			continue;
		name = strndup(path, i);
		if (!name)
			return NULL;
		known = tfind(&(struct folder){.path = name}, &settings->folders, compare);
		folder = known ? *known : add_folder(settings, name, counts);
		counts = folder ? folder->counts : NULL;
	}
	return counts;
}

/*
 * The folder of the source at path, below SOURCE, with links resolved, as recordio has
 * it: "" is SOURCE.  The kernel knows the way to what it has open.
 */
static char *real_folder(const struct rfs_beneath *beneath, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = strndup(path, slash ? (size_t)(slash - path) : 0);
	char link[sizeof("/proc/self/fd/") + 3 * sizeof(int)], real[PATH_MAX];
	size_t len = strcmp(beneath->path, "/") == 0 ? 0 : strlen(beneath->path);
	_cleanup_close_ int fd = -1;
	struct stat st;
	ssize_t n;

	if (!folder || !*folder || rfs_beneath_probe(beneath, folder, &fd, &st))
		return rio_steal(folder);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real) - 1);
	if (n <= 0)
		return rio_steal(folder);
	real[n] = '\0';
	/* SOURCE itself may have been moved, and is then called as before. */
	if (strncmp(real, beneath->path, len) != 0 || (real[len] && real[len] != '/'))
		return rio_steal(folder);
	return strdup(real + len + (real[len] == '/'));
}

int rfs_settings_get(struct rfs_settings *settings, const char *path, struct rio_options *ret,
	struct rio_error *err)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	_cleanup_free_ char *folder = real_folder(settings->beneath, path);
	_cleanup_free_ char *in_source = NULL, *absolute = NULL;
	const struct found *counts = &settings->top;
	int r;

	if (!folder || asprintf(&in_source, "%s%s%s", folder, *folder ? "/" : "", name) < 0 ||
		!(absolute = rfs_beneath_absolute(settings->beneath, in_source)))
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (settings->look && *folder) {
		pthread_mutex_lock(&settings->lock);
		counts = find(settings, folder, strlen(folder));
		pthread_mutex_unlock(&settings->lock);
	}
	if (!counts)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	if (counts->r) {
		*err = counts->err;
		return counts->r;
	}
	r = rio_settings_resolve(counts->file, &settings->options->given_encoding, absolute, ret,
		NULL, err);
	if (r || settings->options->layout != RFS_SAGEMAKER)
		return r;
	r = rio_job_apply(&settings->options->job, ret, err);
	if (r)
		rio_options_deinit(ret);
	return r;
}
