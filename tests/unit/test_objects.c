/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a channel, and what a manifest takes of them, over real folders. */
#include "unit.h"

#include "channel/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char top[64];  /* holds the channel's folder and what lies beside it */
	char path[96]; /* the channel's */
	int fd;
};

static void write_file(const struct place *place, const char *rel)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", place->path, rel);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void make_folder(const struct place *place, const char *rel)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", place->path, rel);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link(const struct place *place, const char *rel, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", place->path, rel);
	assert_int_equal(symlink(to, path), 0);
}

static int enter(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->top, "/tmp/test_objects.XXXXXX");
	if (!mkdtemp(place->top))
		return -1;
	snprintf(place->path, sizeof(place->path), "%s/train", place->top);
	if (mkdir(place->path, 0700))
		return -1;
	place->fd = open(place->path, O_RDONLY | O_DIRECTORY);
	*state = place;
	return place->fd < 0 ? -1 : 0;
}

static int remove_it(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

static int leave(void **state)
{
	struct place *place = *state;
	int r = nftw(place->top, remove_it, 16, FTW_DEPTH | FTW_PHYS);

	close(place->fd);
	free(place);
	return r;
}

/* The keys, joined by blanks. */
static char *joined(const struct rio_objects *objects)
{
	static char text[4096];

	text[0] = '\0';
	for (size_t i = 0; i < objects->nr; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			objects->keys[i]);
	return text;
}

static struct rio_objects list(const struct place *place)
{
	struct rio_objects objects = {0};
	struct rio_error err;

	if (rio_objects_list(place->fd, place->path, &objects, &err))
		fail_msg("%s: %s", err.file, err.message);
	return objects;
}

static void assert_listed(const struct place *place, const char *expected)
{
	struct rio_objects objects = list(place);

	assert_string_equal(joined(&objects), expected);
	rio_objects_deinit(&objects);
}

static void list__is_sorted_as_keys_are(void **state)
{
	const struct place *place = *state;

	make_folder(place, "a");
	make_folder(place, "a/b");
	make_folder(place, "B");
	write_file(place, "a/b/z.csv");
	write_file(place, "a/x.csv");
	write_file(place, "a.csv");
	write_file(place, "a-1.csv");
	write_file(place, "B/y.csv");
	write_file(place, "\xc3\xa9.csv");
	assert_listed(place, "B/y.csv a-1.csv a.csv a/b/z.csv a/x.csv \xc3\xa9.csv");
}

static void list__leaves_out_what_is_hidden_or_no_csv(void **state)
{
	const struct place *place = *state;
	char fifo[128];

	make_folder(place, ".git");
	make_folder(place, "deep.csv");
	write_file(place, ".git/a.csv");
	write_file(place, ".hidden.csv");
	write_file(place, "notes.txt");
	write_file(place, ".csv");
	write_file(place, "UPPER.CSV");
	write_file(place, "deep.csv/inside.csv");
	snprintf(fifo, sizeof(fifo), "%s/pipe.csv", place->path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	make_link(place, "gone.csv", "nowhere");
	assert_listed(place, "deep.csv/inside.csv");
}

static void list__the_plain_file_stands_for_the_compressed_one(void **state)
{
	const struct place *place = *state;

	write_file(place, "b.csv.gz");
	write_file(place, "b.csv");
	write_file(place, "b.csv-x.csv");
	write_file(place, "c.csv.gz");
	write_file(place, "d.csv.gz.csv");
	write_file(place, "d.csv.gz");
	assert_listed(place, "b.csv b.csv-x.csv c.csv.gz d.csv.gz d.csv.gz.csv");
}

static void list__follows_links_but_not_out_or_in_circles(void **state)
{
	const struct place *place = *state;
	struct place beside = *place;
	struct rio_objects objects;

	snprintf(beside.path, sizeof(beside.path), "%s", place->top);
	write_file(&beside, "out.csv");
	make_folder(place, "a");
	write_file(place, "a/x.csv");
	make_link(place, "a/up", "..");
	make_link(place, "b", "a");
	make_link(place, "c.csv", "a/x.csv");
	make_link(place, "self.csv", "self.csv");
	make_link(place, "out.csv", "../out.csv");
	make_link(place, "top", "..");
	make_link(place, "passwd.csv", "/etc/passwd");
	objects = list(place);
	assert_string_equal(joined(&objects), "a/x.csv b/x.csv c.csv");
	assert_int_equal(objects.nr_outside, 2);
	rio_objects_deinit(&objects);
}

static void list__of_an_empty_folder_is_empty(void **state)
{
	assert_listed(*state, "");
}

static void list__names_the_folder_that_cannot_be_read(void **state)
{
	const struct place *place = *state;
	struct rio_objects objects = {0};
	struct rio_error err;
	char path[128];

	if (geteuid() == 0)
		skip();
	make_folder(place, "closed");
	snprintf(path, sizeof(path), "%s/closed", place->path);
	chmod(path, 0);
	assert_int_equal(rio_objects_list(place->fd, place->path, &objects, &err), RIO_ESYSTEM);
	chmod(path, 0700);
	assert_string_equal(err.file, path);
	assert_int_equal(err.sys_errno, EACCES);
}

static struct rio_objects known(void)
{
	static const char *const keys[] = {"2024/c.csv", "a.csv", "b.csv"};
	struct rio_objects objects = {0};
	struct rio_error err;

	for (size_t i = 0; i < RIO_ARRAY_SIZE(keys); i++)
		assert_int_equal(rio_objects_add(&objects, keys[i], &err), 0);
	return objects;
}

static void select__takes_a_manifests_keys_in_its_order(void **state)
{
	static const struct {
		const char *manifest, *selected;
	} cases[] = {
		{"[{\"prefix\": \"s3://bucket/\"}, \"train/b.csv\", \"train/a.csv\"]",
			"b.csv a.csv"},
		{"[{\"prefix\": \"s3://bucket/train/\"}, \"b.csv\", \"2024/c.csv\"]",
			"b.csv 2024/c.csv"},
		{"[{\"prefix\": \"s3://b/train/2024\"}, \"/c.csv\"]", "2024/c.csv"},
		{"[{\"prefix\": \"s3://b/tr\"}, \"ain/a.csv\", \"y/x.csv\"]", "a.csv"},
		{"[{\"prefix\": \"s3://b/\"}, \"test/x.csv\", \"training/y.csv\", \"z.csv\"]", ""},
		{"[{\"prefix\": \"s3://b/\"}, \"train/a.csv\", \"train/a.csv\"]", "a.csv a.csv"},
		{"[{\"prefix\": \"s3://b/\"}]", ""},
	};
	struct rio_objects all = known();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct rio_objects selected = {0};
		struct rio_error err;

		if (rio_objects_select(cases[i].manifest, strlen(cases[i].manifest), "m.json",
			    "train", &all, &selected, &err))
			fail_msg("%s: %s", cases[i].manifest, err.message);
		assert_string_equal(joined(&selected), cases[i].selected);
		rio_objects_deinit(&selected);
	}
	rio_objects_deinit(&all);
}

static void select__refuses_what_is_no_manifest(void **state)
{
	static const char no_path[] = "entry 2 of the manifest is no path below a folder: '.', "
		"'..' and empty names are none";
	static const char no_prefix[] =
		"entry 1 of the manifest is not {\"prefix\": \"s3://BUCKET/...\"}";
	static const struct {
		const char *manifest;
		int code;
		uint64_t line, column;
		const char *message; /* NULL: jansson's */
	} cases[] = {
		{"", RIO_EOPTION, 1, 1, NULL},
		{"[1,\n \"\xc3\xa9\" 2]", RIO_EOPTION, 2, 7, NULL},
		{"[\"a.csv\"] x", RIO_EOPTION, 1, 11, NULL},
		{"{\"prefix\": \"s3://b/\"}", RIO_EOPTION, 0, 0, no_prefix},
		{"[]", RIO_EOPTION, 0, 0, no_prefix},
		{"[\"train/a.csv\"]", RIO_EOPTION, 0, 0, no_prefix},
		{"[{\"prefix\": 1}, \"a\"]", RIO_EOPTION, 0, 0, no_prefix},
		{"[{\"prefix\": \"/train/\"}, \"a\"]", RIO_EOPTION, 0, 0, no_prefix},
		{"[{\"prefix\": \"s3://b/\", \"x\": 1}]", RIO_EOPTION, 0, 0, no_prefix},
		{"[{\"prefix\": \"s3://b\"}]", RIO_EOPTION, 0, 0,
			"entry 1 of the manifest names no bucket with a '/' behind it"},
		{"[{\"prefix\": \"s3:///x\"}]", RIO_EOPTION, 0, 0,
			"entry 1 of the manifest names no bucket with a '/' behind it"},
		{"[{\"prefix\": \"s3://b/\"}, 1]", RIO_EOPTION, 0, 0,
			"entry 2 of the manifest is no text"},
		{"[{\"prefix\": \"s3://b/\"}, \"../a.csv\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/train/\"}, \"../train/a.csv\"]", RIO_EOPTION, 0, 0,
			no_path},
		{"[{\"prefix\": \"s3://b/\"}, \"/train/a.csv\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/train/\"}, \"/a.csv\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/\"}, \"train/./a.csv\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/\"}, \"\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/\"}, \"train/\"]", RIO_EOPTION, 0, 0, no_path},
		{"[{\"prefix\": \"s3://b/\"}, \"train/none.csv\"]", RIO_ESYSTEM, 0, 0,
			"entry 2 of the manifest: train/none.csv is no CSV file that is there: "
			"No such file or directory"},
	};
	struct rio_objects all = known();

	for (size_t i = 0; i < RIO_ARRAY_SIZE(cases); i++) {
		struct rio_objects selected = {0};
		struct rio_error err;
		int r = rio_objects_select(cases[i].manifest, strlen(cases[i].manifest), "m.json",
			"train", &all, &selected, &err);

		if (r != cases[i].code || err.line != cases[i].line ||
			err.column != cases[i].column ||
			(cases[i].message && strcmp(err.message, cases[i].message) != 0))
			fail_msg("%s: %d, %ju:%ju: %s", cases[i].manifest, r, (uintmax_t)err.line,
				(uintmax_t)err.column, err.message);
		assert_string_equal(err.file, "m.json");
		assert_int_equal(selected.nr, 0);
	}
	rio_objects_deinit(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(list__is_sorted_as_keys_are, enter, leave),
		cmocka_unit_test_setup_teardown(list__leaves_out_what_is_hidden_or_no_csv, enter,
			leave),
		cmocka_unit_test_setup_teardown(list__the_plain_file_stands_for_the_compressed_one,
			enter, leave),
		cmocka_unit_test_setup_teardown(list__follows_links_but_not_out_or_in_circles,
			enter, leave),
		cmocka_unit_test_setup_teardown(list__of_an_empty_folder_is_empty, enter, leave),
		cmocka_unit_test_setup_teardown(list__names_the_folder_that_cannot_be_read, enter,
			leave),
		cmocka_unit_test(select__takes_a_manifests_keys_in_its_order),
		cmocka_unit_test(select__refuses_what_is_no_manifest),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
