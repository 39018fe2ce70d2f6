/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_unit.h"

#include "base/grow.h"
#include "feed/feed.h"
#include "record/frame.h"
#include "source/packed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* A channel in memory. */
struct object {
	const char *key;
	const void *bytes;
	size_t len_bytes;
};

struct channel {
	struct object objects[16];
	size_t nr;
	const char *options;
	int stop_fd; /* made readable as an object is opened; 0: none */
};

static int open_object(void *data, const char *key, struct rio_feed_object *ret,
	struct rio_error *err)
{
	const struct channel *channel = data;
	struct rio_source *inner;

	if (channel->stop_fd)
		assert_int_equal(eventfd_write(channel->stop_fd, 1), 0);
	for (size_t i = 0; i < channel->nr; i++) {
		const struct object *o = &channel->objects[i];

		if (strcmp(o->key, key) != 0)
			continue;
		if (!o->bytes)
			return rio_fail_errno(err, ENOENT, "cannot open");
		assert_int_equal(rio_source_from_memory(o->bytes, o->len_bytes, key, &inner, err), 0);
		assert_int_equal(rio_source_unpack(inner, &ret->source, err), 0);
		set_options(&ret->options, channel->options);
		return 0;
	}
	fail_msg("%s is not in the channel", key);
	return 0;
}

static void add(struct channel *channel, const char *key, const void *bytes, size_t len_bytes)
{
	channel->objects[channel->nr++] = (struct object){key, bytes, len_bytes};
}

static void add_text(struct channel *channel, const char *key, const char *text)
{
	add(channel, key, text, strlen(text));
}

/* Whole lines of a text, about so many bytes. */
static void add_lines(struct channel *channel, const char *key, const struct packing *text,
	size_t len_bytes)
{
	const uint8_t *end = memrchr(text->bytes, '\n', len_bytes);

	add(channel, key, text->bytes, (size_t)(end - text->bytes) + 1);
}

/* How the pipe's other end behaves. */
struct reader {
	int fd;
	size_t step_bytes; /* read at once */
	size_t leave_at;   /* having read so much */
	struct packing got;
	size_t room;
};

static void *read_pipe(void *data)
{
	struct reader *reader = data;
	struct packing *got = &reader->got;
	size_t most = RIO_MIN(reader->step_bytes, 64 * RIO_KIB);
	ssize_t n = 1;

	while (n > 0 && got->len_bytes < reader->leave_at) {
		assert_int_equal(rio_grow(&got->bytes, &reader->room, got->len_bytes + most, NULL),
			0);
		n = read(reader->fd, got->bytes + got->len_bytes, most);
		got->len_bytes += n > 0 ? (size_t)n : 0;
	}
	if (!got->len_bytes)
		free(rio_steal(got->bytes));
	close(reader->fd);
	return NULL;
}

/* An epoch, and what came out of the pipe. */
struct epoch {
	struct packing got;
	struct rio_feed_result result;
	struct rio_error err;
	int r;
};

struct setup {
	const char *job;
	uint64_t epoch;
	unsigned nr_threads;
	uint64_t bytes_per_second, stall_ms;
	int stop_fd; /* 0: none */
	size_t step_bytes, leave_at; /* 0: much */
	bool reads_late; /* when nothing is written any more */
};

static void set_job(struct rio_job *job, const char *text)
{
	char *copy = strdup(text ? text : ""), *rest = copy, *item;
	struct rio_error err;

	assert_int_equal(rio_job_init(job, &err), 0);
	while ((item = strsep(&rest, " "))) {
		char *value = strchr(item, '=');

		if (!value)
			continue;
		*value++ = '\0';
		assert_int_equal(rio_job_set(job, item, value, &err), 0);
	}
	assert_int_equal(rio_job_check(job, &err), 0);
	free(copy);
}

static struct epoch feed(const struct channel *channel, struct setup setup)
{
	struct epoch e = {0};
	struct rio_job job;
	struct rio_objects objects = {0};
	struct reader reader = {.step_bytes = setup.step_bytes ? setup.step_bytes : SIZE_MAX,
		.leave_at = setup.leave_at ? setup.leave_at : SIZE_MAX};
	struct rio_feed_config config = {.job = &job, .objects = &objects, .epoch = setup.epoch,
		.open = open_object, .open_data = (void *)channel, .nr_threads = setup.nr_threads,
		.bytes_per_second = setup.bytes_per_second, .stall_ms = setup.stall_ms,
		.stop_fd = setup.stop_fd ? setup.stop_fd : -1};
	pthread_t thread;
	int ends[2];

	set_job(&job, setup.job);
	for (size_t i = 0; i < channel->nr; i++)
		assert_int_equal(rio_objects_add(&objects, channel->objects[i].key, &e.err), 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	reader.fd = ends[0];
	if (!setup.reads_late)
		assert_int_equal(pthread_create(&thread, NULL, read_pipe, &reader), 0);
	e.r = rio_feed_epoch(&config, ends[1], &e.result, &e.err);
	close(ends[1]);
	if (setup.reads_late)
		assert_int_equal(pthread_create(&thread, NULL, read_pipe, &reader), 0);
	pthread_join(thread, NULL);
	e.got = reader.got;
	rio_objects_deinit(&objects);
	rio_job_deinit(&job);
	return e;
}

/* What an epoch without a shuffle is: the objects as streams, one after the other. */
static struct packing expect(const struct channel *channel)
{
	struct packing all = {0};

	for (size_t i = 0; i < channel->nr; i++) {
		const struct object *o = &channel->objects[i];
		struct streamed s = stream_bytes(o->bytes, o->len_bytes, channel->options, 4096);

		packing_add(&all, s.out.bytes, s.out.len_bytes);
		free(s.out.bytes);
	}
	return all;
}

static void assert_packing_equal(const struct packing *a, const struct packing *b)
{
	assert_int_equal(a->len_bytes, b->len_bytes);
	if (a->len_bytes)
		assert_memory_equal(a->bytes, b->bytes, a->len_bytes);
}

static struct packing make_table(uint64_t seed, size_t len_bytes)
{
	struct packing p = {malloc(len_bytes), len_bytes};

	rnd_table(&seed, p.bytes, len_bytes);
	while (p.len_bytes && p.bytes[p.len_bytes - 1] != '\n')
		p.len_bytes--;
	return p;
}

static size_t count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	size_t nr = 0;

	assert_non_null(dir);
	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr;
}

/* A table of several pieces, small files and files with nothing in them. */
static struct packing table;
static struct channel some;

static int set_up(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	table = make_table(3, RIO_MIB);
	some.options = "bad_row=nan uid=row";
	add_text(&some, "a.csv", "1,2\n3,4");
	add_text(&some, "b.csv", "");
	add(&some, "c.csv", table.bytes, table.len_bytes);
	add_text(&some, "d.csv", "y,a\n");
	add_text(&some, "e.csv", "y,a\r\n5,\"6\n\"\r\n");
	add_lines(&some, "f.csv", &table, table.len_bytes / 3);
	return 0;
}

static int tear_down(void **state)
{
	free(table.bytes);
	return 0;
}

static void feed__writes_all_objects_back_to_back(void **state)
{
	struct packing all = expect(&some);

	for (unsigned n = 0; n <= 8; n++) {
		struct epoch e = feed(&some, (struct setup){.nr_threads = n, .epoch = n});

		assert_int_equal(e.r, 0);
		assert_packing_equal(&e.got, &all);
		assert_int_equal(e.result.len_bytes, all.len_bytes);
		assert_false(e.result.reader_left || e.result.stopped);
		free(e.got.bytes);
	}
	free(all.bytes);
}

static void feed__of_nothing_is_the_end_at_once(void **state)
{
	struct channel empty = {.options = ""}, rowless = {.options = "header=yes"};
	struct epoch e = feed(&empty, (struct setup){0});

	assert_int_equal(e.r, 0);
	assert_int_equal(e.got.len_bytes, 0);
	add_text(&rowless, "a.csv", "");
	add_text(&rowless, "b.csv", "a,b\n");
	add_text(&rowless, "c.csv", "\n\n");
	e = feed(&rowless, (struct setup){0});
	assert_int_equal(e.r, 0);
	assert_int_equal(e.got.len_bytes, 0);
	assert_int_equal(e.result.nr_records, 0);
}

static void feed__counts_records(void **state)
{
	struct channel channel = {.options = "header=no bad_row=skip missing=zero uid=row"};
	struct epoch e;

	add_text(&channel, "a.csv", "1,2\n3\n4,\n");
	add_text(&channel, "b.csv", "x,2\n5,6\n");
	e = feed(&channel, (struct setup){0});
	assert_int_equal(e.r, 0);
	assert_int_equal(e.result.nr_records, 3);
	assert_int_equal(e.result.nr_skipped, 2);
	assert_int_equal(e.result.nr_filled, 1);
	free(e.got.bytes);
}

/* Two hundred epochs left at any point: nothing stays behind, and it is no failure. */
static void feed__ends_well_when_the_reader_leaves(void **state)
{
	struct packing all = expect(&some);
	size_t nr_fds = count_entries("/proc/self/fd"), nr_threads = count_entries("/proc/self/task");
	uint64_t seed = 8;

	for (uint64_t i = 0; i < 200; i++) {
		struct setup setup = {.epoch = i, .nr_threads = 1 + i % 5,
			.leave_at = 1 + rnd(&seed) % (all.len_bytes + all.len_bytes / 4),
			.step_bytes = 1 + rnd(&seed) % (64 * RIO_KIB)};
		struct epoch e;

		if (setup.leave_at < 3000)
			setup.step_bytes = 1 + setup.step_bytes % 100;
		e = feed(&some, setup);
		assert_int_equal(e.r, 0);
		assert_false(e.result.stopped);
		assert_true(e.result.reader_left || e.result.len_bytes == all.len_bytes);
		assert_true(e.got.len_bytes <= all.len_bytes);
		assert_memory_equal(e.got.bytes, all.bytes, e.got.len_bytes);
		free(e.got.bytes);
	}
	assert_int_equal(count_entries("/proc/self/fd"), nr_fds);
	assert_int_equal(count_entries("/proc/self/task"), nr_threads);
	free(all.bytes);
}

static void feed__waits_for_a_slow_reader(void **state)
{
	struct channel channel = {.options = "header=no"};
	struct packing all;
	struct epoch e;

	add_lines(&channel, "a.csv", &table, table.len_bytes / 16);
	all = expect(&channel);
	e = feed(&channel, (struct setup){.step_bytes = 7});
	assert_int_equal(e.r, 0);
	assert_packing_equal(&e.got, &all);
	free(e.got.bytes);
	free(all.bytes);
}

/* Reads nothing: the pipe is full, and then somebody wants it to end. */
struct stopping {
	int stop_fd, full_fd;
};

static void *stop_when_full(void *data)
{
	struct stopping *s = data;
	struct pollfd fd = {s->full_fd, POLLOUT, 0};

	while (poll(&fd, 1, 0) > 0 && fd.revents & POLLOUT)
		usleep(1000);
	assert_int_equal(eventfd_write(s->stop_fd, 1), 0);
	return NULL;
}

static void feed__ends_when_it_is_told_to(void **state)
{
	static const char *const jobs[] = {"", "compression=gzip", "shuffle=rows seed=4"};
	static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
	struct channel large = {.options = "header=no"};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(keys); i++)
		add(&large, keys[i], table.bytes, table.len_bytes);
	for (unsigned i = 0; i < 9; i++) {
		struct rio_job job;
		struct rio_objects objects = {0};
		struct stopping s = {.stop_fd = eventfd(0, EFD_CLOEXEC)};
		struct rio_feed_config config = {.job = &job, .objects = &objects,
			.open = open_object, .open_data = &large, .nr_threads = 1 + i,
			.stop_fd = s.stop_fd};
		struct rio_feed_result result;
		struct rio_error err;
		pthread_t thread;
		int ends[2];

		set_job(&job, jobs[i % 3]);
		for (size_t k = 0; k < large.nr; k++)
			assert_int_equal(rio_objects_add(&objects, large.objects[k].key, &err), 0);
		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		s.full_fd = ends[1];
		assert_int_equal(pthread_create(&thread, NULL, stop_when_full, &s), 0);
		assert_int_equal(rio_feed_epoch(&config, ends[1], &result, &err), 0);
		assert_true(result.stopped);
		assert_false(result.reader_left);
		pthread_join(thread, NULL);
		close(ends[0]);
		close(ends[1]);
		close(s.stop_fd);
		rio_objects_deinit(&objects);
		rio_job_deinit(&job);
	}
}

/* Rows that become nothing, for a long time: it is not waited for the first that does. */
static void feed__ends_when_it_is_told_to_where_there_is_nothing_to_write(void **state)
{
	char csv[8000];
	struct channel channel = {.options = "header=no bad_row=skip",
		.stop_fd = eventfd(0, EFD_CLOEXEC)};
	struct epoch e;

	for (size_t i = 0; i < sizeof(csv); i += 4)
		memcpy(csv + i, "x,y\n", 4);
	add(&channel, "a.csv", csv, sizeof(csv));
	e = feed(&channel, (struct setup){.stop_fd = channel.stop_fd});
	assert_int_equal(e.r, 0);
	assert_true(e.result.stopped);
	assert_int_equal(e.got.len_bytes, strlen(RIO_FEED_MARK));
	assert_memory_equal(e.got.bytes, RIO_FEED_MARK, e.got.len_bytes);
	free(e.got.bytes);
	close(channel.stop_fd);
}

static const uint8_t mark[] = {0xff, 0xff, 0xff, 0xff};

static void feed__that_is_stopped_before_it_begins_says_so(void **state)
{
	static const char *const jobs[] = {"", "compression=gzip", "record_wrapper=recordio"};
	int stop_fd = eventfd(1, EFD_CLOEXEC);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(jobs); i++) {
		struct epoch e = feed(&some, (struct setup){.stop_fd = stop_fd, .stall_ms = 1000000,
							.bytes_per_second = 1, .job = jobs[i]});

		assert_int_equal(e.r, 0);
		assert_true(e.result.stopped);
		assert_int_equal(e.got.len_bytes, sizeof(mark));
		assert_memory_equal(e.got.bytes, mark, sizeof(mark));
		free(e.got.bytes);
	}
	close(stop_fd);
}

/* Stop a feed a little after it has begun; it is slow, so it cannot be done by then. */
static void *stop_soon(void *data)
{
	usleep(150 * 1000);
	assert_int_equal(eventfd_write(*(int *)data, 1), 0);
	return NULL;
}

/* Portions of one record each: wherever it is stopped, that is between two of them. */
static void feed__that_is_stopped_between_records_says_so(void **state)
{
	enum { RECORD_BYTES = 48, PORTIONS_PER_SECOND = 50 };
	struct channel channel = {.options = "header=no"};
	struct packing all;
	struct epoch e;
	int stop_fd = eventfd(0, EFD_CLOEXEC);
	char csv[4000];
	pthread_t thread;

	for (size_t i = 0; i < sizeof(csv); i += 4)
		memcpy(csv + i, "1,2\n", 4);
	add(&channel, "a.csv", csv, sizeof(csv));
	all = expect(&channel);
	assert_int_equal(all.len_bytes, RECORD_BYTES * sizeof(csv) / 4);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop_fd), 0);
	e = feed(&channel, (struct setup){.stop_fd = stop_fd,
				 .bytes_per_second = RECORD_BYTES * PORTIONS_PER_SECOND});
	pthread_join(thread, NULL);
	assert_true(e.result.stopped);
	assert_int_equal(e.got.len_bytes % RECORD_BYTES, sizeof(mark));
	assert_memory_equal(e.got.bytes, all.bytes, e.got.len_bytes - sizeof(mark));
	assert_memory_equal(e.got.bytes + e.got.len_bytes - sizeof(mark), mark, sizeof(mark));
	free(e.got.bytes);
	free(all.bytes);
	close(stop_fd);
}

/* What fills a pipe's pages ends between two records. */
static void feed__that_is_stopped_with_its_pipe_full_says_so(void **state)
{
	enum { RECORD_BYTES = 64, LEN_BYTES = 480000 };
	struct channel channel = {.options = "header=no"};
	_cleanup_free_ char *csv = malloc(LEN_BYTES);
	int stop_fd = eventfd(0, EFD_CLOEXEC);
	struct packing all;
	pthread_t thread;
	struct epoch e;

	for (size_t i = 0; i < LEN_BYTES; i += 12)
		memcpy(csv + i, "1,2,3,4,5,6\n", 12);
	add(&channel, "a.csv", csv, LEN_BYTES);
	all = expect(&channel);
	assert_int_equal(all.len_bytes, LEN_BYTES / 12 * RECORD_BYTES);
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop_fd), 0);
	e = feed(&channel, (struct setup){.stop_fd = stop_fd, .reads_late = true});
	pthread_join(thread, NULL);
	assert_true(e.result.stopped);
	assert_true(e.got.len_bytes < all.len_bytes);
	assert_int_equal(e.got.len_bytes % RECORD_BYTES, sizeof(mark));
	assert_memory_equal(e.got.bytes + e.got.len_bytes - sizeof(mark), mark, sizeof(mark));
	free(e.got.bytes);
	free(all.bytes);
	close(stop_fd);
}

static void feed__ends_in_a_mark_at_an_error(void **state)
{
	struct packing p = make_table(4, 300 * RIO_KIB);
	struct channel channel = {.options = "header=no"};
	struct packing all;

	add_lines(&channel, "a.csv", &table, table.len_bytes / 2);
	add(&channel, "b.csv", p.bytes, p.len_bytes);
	add(&channel, "c.csv", table.bytes, table.len_bytes);
	p.bytes[p.len_bytes - 2] = 'x';
	channel.nr = 2;
	all = expect(&channel);
	channel.nr = 3;
	packing_add(&all, mark, sizeof(mark));
	for (unsigned n = 1; n <= 8; n++) {
		struct epoch e = feed(&channel, (struct setup){.nr_threads = n});

		assert_int_equal(e.r, RIO_EROW);
		assert_string_equal(e.err.file, "b.csv");
		assert_packing_equal(&e.got, &all);
		free(e.got.bytes);
	}
	free(all.bytes);
	free(p.bytes);
}

static void feed__ends_in_a_mark_where_an_object_cannot_be_opened(void **state)
{
	struct channel channel = {.options = "header=no"};
	struct packing all;
	struct epoch e;

	add_text(&channel, "a.csv", "1,2\n");
	all = expect(&channel);
	packing_add(&all, mark, sizeof(mark));
	add(&channel, "b.csv", NULL, 0);
	add_text(&channel, "c.csv", "1,2\n");
	e = feed(&channel, (struct setup){0});
	assert_int_equal(e.r, RIO_ESYSTEM);
	assert_int_equal(e.err.sys_errno, ENOENT);
	assert_packing_equal(&e.got, &all);
	free(e.got.bytes);
	free(all.bytes);
}

/* Inflate a stream of one member; false: it has no end. */
static bool inflate_all(const struct packing *gz, struct packing *ret)
{
	z_stream z = {.next_in = gz->bytes, .avail_in = (uInt)gz->len_bytes};
	uint8_t buffer[10000];
	int r;

	*ret = (struct packing){0};
	assert_int_equal(inflateInit2(&z, MAX_WBITS + 16), Z_OK);
	do {
		z.next_out = buffer;
		z.avail_out = sizeof(buffer);
		r = inflate(&z, Z_NO_FLUSH);
		packing_add(ret, buffer, sizeof(buffer) - z.avail_out);
	} while (r == Z_OK);
	assert_true(r == Z_STREAM_END ? z.avail_in == 0 : r == Z_BUF_ERROR);
	inflateEnd(&z);
	return r == Z_STREAM_END;
}

static void feed__gzips_to_the_same_bytes_with_any_threads(void **state)
{
	struct packing all = expect(&some), first = {0}, text;

	for (unsigned n = 1; n <= 8; n++) {
		struct epoch e = feed(&some,
			(struct setup){.nr_threads = n, .job = "compression=gzip"});

		assert_int_equal(e.r, 0);
		if (n == 1) {
			first = e.got;
			assert_true(inflate_all(&first, &text));
			assert_packing_equal(&text, &all);
			assert_true(first.len_bytes < all.len_bytes);
			free(text.bytes);
			continue;
		}
		assert_packing_equal(&e.got, &first);
		free(e.got.bytes);
	}
	free(first.bytes);
	free(all.bytes);
}

static void feed__gzips_nothing_to_an_empty_member(void **state)
{
	struct channel empty = {.options = ""};
	struct epoch e = feed(&empty, (struct setup){.job = "compression=gzip"});
	struct packing text;

	assert_int_equal(e.r, 0);
	assert_true(inflate_all(&e.got, &text));
	assert_int_equal(text.len_bytes, 0);
	free(text.bytes);
	free(e.got.bytes);
}

static void feed__leaves_a_gzip_stream_without_its_end_at_an_error(void **state)
{
	struct channel channel = {.options = "header=no"};
	struct packing all, text;
	struct epoch e;

	add_text(&channel, "a.csv", "1,2\n3,4\n5,x\n");
	all = expect(&channel);
	e = feed(&channel, (struct setup){.job = "compression=gzip"});
	assert_int_equal(e.r, RIO_EROW);
	assert_false(inflate_all(&e.got, &text));
	assert_packing_equal(&text, &all);
	free(text.bytes);
	free(all.bytes);
	free(e.got.bytes);
}

/* --- wrapped --- */

static void add_frame(struct packing *p, const void *payload, size_t n)
{
	uint8_t head[RIO_FRAME_HEAD_BYTES];

	rio_frame_put_head(head, n);
	packing_add(p, head, sizeof(head));
	packing_add(p, payload, n);
	packing_add(p, "\0\0\0", -n % 4);
}

static void feed__wraps_each_object_as_it_is_stored(void **state)
{
	struct packing gz = {0}, all = {0};
	struct channel channel = {.options = ""};

	packing_add_gzip(&gz, table.bytes, table.len_bytes, 6);
	add(&channel, "a.csv", "any\0thing", 9);
	add_text(&channel, "b.csv", "");
	add(&channel, "c.csv.gz", gz.bytes, gz.len_bytes);
	add(&channel, "d.csv", table.bytes, table.len_bytes);
	add_text(&channel, "e.csv", "four");
	for (size_t i = 0; i < channel.nr; i++)
		add_frame(&all, channel.objects[i].bytes, channel.objects[i].len_bytes);
	for (unsigned n = 1; n <= 8; n++) {
		struct epoch e = feed(&channel,
			(struct setup){.nr_threads = n, .job = "record_wrapper=recordio"});

		assert_int_equal(e.r, 0);
		assert_packing_equal(&e.got, &all);
		assert_int_equal(e.result.nr_records, channel.nr);
		free(e.got.bytes);
	}
	free(all.bytes);
	free(gz.bytes);
}

static int open_huge(void *data, const char *key, struct rio_feed_object *ret,
	struct rio_error *err)
{
	int fd = memfd_create(key, MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, (off_t)1 << 29), 0);
	set_options(&ret->options, "");
	return rio_source_from_fd(fd, key, &ret->source, err);
}

static void feed__wraps_no_object_that_no_frame_holds(void **state)
{
	char key[] = "huge.csv", *keys[] = {key};
	struct rio_objects objects = {.keys = keys, .nr = 1};
	struct rio_job job;
	struct rio_feed_config config = {.job = &job, .objects = &objects, .open = open_huge,
		.stop_fd = -1};
	struct rio_feed_result result;
	struct rio_error err;
	uint8_t got[8];
	int ends[2];

	set_job(&job, "record_wrapper=recordio");
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(rio_feed_epoch(&config, ends[1], &result, &err), RIO_ESCHEMA);
	assert_string_equal(err.file, "huge.csv");
	assert_int_equal(read(ends[0], got, sizeof(got)), 4);
	assert_memory_equal(got, mark, 4);
	close(ends[0]);
	close(ends[1]);
	rio_job_deinit(&job);
}

/* --- shuffled --- */

static int by_bytes(const void *a, const void *b, void *one)
{
	return memcmp(a, b, *(size_t *)one);
}

/* Records of one size, sorted. */
static void sort_records(struct packing *p, size_t one)
{
	assert_int_equal(p->len_bytes % one, 0);
	qsort_r(p->bytes, p->len_bytes / one, one, by_bytes, &one);
}

static void feed__shuffles_the_rows_of_each_epoch_anew(void **state)
{
	struct packing p = make_table(6, 5 * RIO_MIB), all, first = {0};
	struct channel channel = {.options = "header=no"};
	uint32_t payload_bytes;
	size_t one;

	add(&channel, "a.csv", p.bytes, p.len_bytes);
	add_lines(&channel, "b.csv", &p, p.len_bytes / 3);
	all = expect(&channel);
	memcpy(&payload_bytes, all.bytes + 4, 4);
	one = rio_frame_bytes(payload_bytes);
	sort_records(&all, one);
	for (unsigned n = 1; n <= 5; n++) {
		struct epoch e = feed(&channel,
			(struct setup){.nr_threads = n, .epoch = n / 5, .job = "shuffle=rows seed=11"});

		assert_int_equal(e.r, 0);
		if (n == 1) {
			first = e.got;
			continue;
		}
		assert_int_equal(e.got.len_bytes, first.len_bytes);
		if (n < 5)
			assert_memory_equal(e.got.bytes, first.bytes, first.len_bytes);
		else
			assert_memory_not_equal(e.got.bytes, first.bytes, first.len_bytes);
		if (n >= 4)
			sort_records(&e.got, one);
		if (n >= 4)
			assert_packing_equal(&e.got, &all);
		free(e.got.bytes);
	}
	sort_records(&first, one);
	assert_packing_equal(&first, &all);
	free(first.bytes);
	free(all.bytes);
	free(p.bytes);
}

/* Add the records of a text, permuted as a block of that number. */
static void add_shuffled(struct packing *p, const uint8_t *text, size_t n, size_t one,
	uint64_t block)
{
	struct streamed s = stream_bytes(text, n, "header=no", 10000);
	size_t nr = s.out.len_bytes / one;
	uint32_t *order = calloc(nr, sizeof(*order));

	uint8_t *to;

	rio_permutation(7, 1, "k.csv", block, order, (uint32_t)nr);
	packing_add(p, s.out.bytes, s.out.len_bytes);
	to = p->bytes + p->len_bytes - s.out.len_bytes;
	for (size_t i = 0; i < nr; i++)
		to = mempcpy(to, s.out.bytes + order[i] * one, one);
	free(order);
	free(s.out.bytes);
}

/* The border of a block is the first row end that makes it long enough. */
static void feed__shuffles_in_blocks_that_the_format_states(void **state)
{
	struct packing p = make_table(14, RIO_SHUFFLE_BLOCK_BYTES + 100 * RIO_KIB), expected = {0};
	struct channel channel = {.options = "header=no"};
	const uint8_t *border = memchr(p.bytes + RIO_SHUFFLE_BLOCK_BYTES - 1, '\n',
		p.len_bytes - RIO_SHUFFLE_BLOCK_BYTES);
	size_t first = (size_t)(border - p.bytes) + 1;
	uint32_t payload_bytes;
	struct epoch e;

	add(&channel, "k.csv", p.bytes, p.len_bytes);
	e = feed(&channel, (struct setup){.epoch = 1, .job = "shuffle=rows seed=7"});
	assert_int_equal(e.r, 0);
	memcpy(&payload_bytes, e.got.bytes + 4, 4);
	add_shuffled(&expected, p.bytes, first, rio_frame_bytes(payload_bytes), 0);
	add_shuffled(&expected, p.bytes + first, p.len_bytes - first,
		rio_frame_bytes(payload_bytes), 1);
	assert_packing_equal(&e.got, &expected);
	free(e.got.bytes);
	free(expected.bytes);
	free(p.bytes);
}

/* Rows of many lengths, in one block: the order is what rio_permutation says. */
static void feed__shuffles_records_of_many_lengths(void **state)
{
	struct channel channel = {.options = "header=no dtype=int32 uid=row"};
	char csv[20000], *end = csv;
	uint64_t seed = 12;
	uint32_t order[1000];
	struct packing all, expected = {0};
	size_t offs[1001] = {0};
	struct epoch e;

	for (size_t i = 0; i < 1000; i++)
		end += sprintf(end, "%zu,%ju\n", i % 7, (uintmax_t)(rnd(&seed) >> (33 + i % 31)));
	add(&channel, "k.csv", csv, (size_t)(end - csv));
	all = expect(&channel);
	for (size_t i = 0; i < 1000; i++) {
		uint32_t n;

		memcpy(&n, all.bytes + offs[i] + 4, 4);
		offs[i + 1] = offs[i] + rio_frame_bytes(n);
	}
	assert_int_equal(offs[1000], all.len_bytes);
	rio_permutation(5, 2, "k.csv", 0, order, 1000);
	for (size_t i = 0; i < 1000; i++)
		packing_add(&expected, all.bytes + offs[order[i]], offs[order[i] + 1] - offs[order[i]]);
	e = feed(&channel, (struct setup){.epoch = 2, .job = "shuffle=rows seed=5"});
	assert_int_equal(e.r, 0);
	assert_packing_equal(&e.got, &expected);
	free(e.got.bytes);
	free(expected.bytes);
	free(all.bytes);
}

/* --- slow --- */

static void feed__is_not_faster_than_it_shall_be(void **state)
{
	struct channel channel = {.options = "header=no"};
	struct timespec begin, end;
	struct packing all;
	struct epoch e;

	add_lines(&channel, "a.csv", &table, 20000);
	all = expect(&channel);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	e = feed(&channel, (struct setup){.bytes_per_second = 5 * all.len_bytes, .stall_ms = 50});
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_int_equal(e.r, 0);
	assert_packing_equal(&e.got, &all);
	assert_true((double)(end.tv_sec - begin.tv_sec) +
			(double)(end.tv_nsec - begin.tv_nsec) / 1e9 > 0.05 + 0.2 * 0.8);
	free(e.got.bytes);
	free(all.bytes);
}

static void feed__that_is_slow_sees_that_its_reader_has_left(void **state)
{
	struct epoch e = feed(&some, (struct setup){.bytes_per_second = 1000, .leave_at = 10});

	assert_int_equal(e.r, 0);
	assert_true(e.result.reader_left);
	assert_true(e.result.len_bytes < 1000);
	free(e.got.bytes);
}

/* --- together --- */

static void *feed_some(void *data)
{
	struct packing *all = data;

	for (int i = 0; i < 3; i++) {
		struct epoch e = feed(&some, (struct setup){.nr_threads = 3});

		assert_int_equal(e.r, 0);
		assert_packing_equal(&e.got, all);
		free(e.got.bytes);
	}
	return NULL;
}

static void feed__feeds_many_channels_at_once(void **state)
{
	struct packing all = expect(&some);
	pthread_t threads[8];

	for (size_t i = 0; i < RIO_ARRAY_SIZE(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, feed_some, &all), 0);
	for (size_t i = 0; i < RIO_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	free(all.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(feed__writes_all_objects_back_to_back),
		cmocka_unit_test(feed__of_nothing_is_the_end_at_once),
		cmocka_unit_test(feed__counts_records),
		cmocka_unit_test(feed__ends_well_when_the_reader_leaves),
		cmocka_unit_test(feed__waits_for_a_slow_reader),
		cmocka_unit_test(feed__ends_when_it_is_told_to),
		cmocka_unit_test(feed__ends_when_it_is_told_to_where_there_is_nothing_to_write),
		cmocka_unit_test(feed__that_is_stopped_before_it_begins_says_so),
		cmocka_unit_test(feed__that_is_stopped_between_records_says_so),
		cmocka_unit_test(feed__that_is_stopped_with_its_pipe_full_says_so),
		cmocka_unit_test(feed__ends_in_a_mark_at_an_error),
		cmocka_unit_test(feed__ends_in_a_mark_where_an_object_cannot_be_opened),
		cmocka_unit_test(feed__gzips_to_the_same_bytes_with_any_threads),
		cmocka_unit_test(feed__gzips_nothing_to_an_empty_member),
		cmocka_unit_test(feed__leaves_a_gzip_stream_without_its_end_at_an_error),
		cmocka_unit_test(feed__wraps_each_object_as_it_is_stored),
		cmocka_unit_test(feed__wraps_no_object_that_no_frame_holds),
		cmocka_unit_test(feed__shuffles_the_rows_of_each_epoch_anew),
		cmocka_unit_test(feed__shuffles_in_blocks_that_the_format_states),
		cmocka_unit_test(feed__shuffles_records_of_many_lengths),
		cmocka_unit_test(feed__is_not_faster_than_it_shall_be),
		cmocka_unit_test(feed__that_is_slow_sees_that_its_reader_has_left),
		cmocka_unit_test(feed__feeds_many_channels_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
