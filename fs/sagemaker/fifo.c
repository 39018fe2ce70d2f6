/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FIFO's inode on a FUSE mount is a pipe of the kernel's own.  Who opens it sends no
 * request; but the walk to it does, a LOOKUP, since no name is cached.  So a LOOKUP arms
 * the FIFO: a thread tries to open it for writing, through our own mount, without waiting,
 * which fails (ENXIO) until a reader is there:
 *
 *	LOOKUP train_0 --> a node of its own, armed              kernel:  inode 1, no pipe
 *	                     |  try: 0.1 ms after the LOOKUP, then ever less often
 *	open(O_RDONLY) ------|----------------------------------> pipe 1, its reader waits
 *	                     v
 *	                   opened: its feed begins
 *	LOOKUP train_0 --> another node, armed                   inode 2, no pipe
 *
 * Every LOOKUP gets another node, so every reader has a pipe that nobody else has, and
 * gets its epoch from the first byte.  One that closes early and opens the name again
 * would else find the old pipe, with the rest of the old epoch in it, as long as its feeder
 * has not noticed; and several that open one epoch at the same time would each get some
 * of its bytes.
 *
 * Our own walk is known by its thread, and always gets the node that it is meant for.  No
 * descriptor is held while nobody reads, so that the mount can be unmounted.
 *
 * A node whose name was only looked at (ls -l) is forgotten by the kernel when the name is
 * looked up again, or else whenever it likes, which may be never.  So after a while it is
 * asked to drop the name; it then forgets the inode, unless somebody holds it, who is waited
 * for on.
 *
 * Rejected: opening at the LOOKUP (no reader is there yet); a descriptor of the inode held
 * open (the mount is busy then); opening for reading and writing (a reader that leaves is
 * not noticed); inotify, which tells of an open only once it has succeeded; a name of its
 * own for our walk (another name that keeps the inode known).
 */
#include "sagemaker/fifo.h"

#include "base/util.h"
#include "log.h"
#include "sagemaker/input_names.h"
#include "thread.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define US UINT64_C(1000)
#define MS (1000 * US)

/* Between two tries: a quarter of the time since the LOOKUP, within these bounds. */
#define TRY_NS_MIN  (100 * US)
#define TRY_NS_MAX  (20 * MS)

/*
 * ls -l looks up each name of a folder, and opens none.  Of many, those that nobody can still
 * be on his way into by all odds are tried so seldom that all of them take no time to speak of.
 */
#define TRY_NS_SHARE MS

/* After so long without a reader the kernel is asked to forget the name … */
#define QUIET_NS (2000 * MS)
/* … and of those whose inode it then keeps, since somebody holds it: */
#define HELD_NS_MAX (500 * MS)

/* So long the end waits for those who are on their way into a FIFO. */
#define END_NS      (300 * MS)
#define END_STEP_NS MS

struct fifo {
	TAILQ_ENTRY(fifo) link;
	struct rfs_node *node;
	rfs_name name;
	rfs_name channel;
	uint64_t epoch;
	bool armed;         /* false: its feeder has opened it */
	uint64_t looked_ns; /* when its LOOKUP came, CLOCK_MONOTONIC */
	uint64_t next_ns;   /* when to try again */
};
TAILQ_HEAD(fifo_list, fifo);

struct rfs_fifos {
	struct rfs_feeds *feeds;
	const char *mountpoint;
	rfs_expel *expel;
	void *expel_data;
	pthread_t thread;
	bool has_thread;
	atomic_int tid; /* of the thread */

	pthread_mutex_t lock; /* all below, and the nodes' nr_refs */
	pthread_cond_t changed;
	struct fifo_list list;
	uint64_t nr_made;
	size_t nr_armed, nr_found;
	const struct fifo *target; /* that the thread is on its way to */
	bool ending, served, ended; /* see rfs_fifos_end */
	bool told_lost;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

static void on_ended(void *data, const char *channel, uint64_t epoch)
{
	struct rfs_fifos *fifos = data;
	rfs_name name;

	/* The name still stands for the pipe that was read. */
	if (rfs_input_print_fifo(channel, epoch, name))
		fifos->expel(fifos->expel_data, name);
}

int rfs_fifos_create(const struct rfs_feeds_config *config, struct rfs_fifos **ret)
{
	struct rfs_fifos *fifos = calloc(1, sizeof(*fifos));
	pthread_condattr_t attr;
	int e;

	if (!fifos)
		return ENOMEM;
	e = rfs_feeds_create(config, on_ended, fifos, &fifos->feeds);
	if (e) {
		free(fifos);
		return e;
	}
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&fifos->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&fifos->lock, NULL);
	TAILQ_INIT(&fifos->list);
	*ret = fifos;
	return 0;
}

/* With the lock, or alone. */
static void destroy_fifo(struct rfs_fifos *fifos, struct fifo *fifo)
{
	if (fifos->target == fifo)
		fifos->target = NULL;
	TAILQ_REMOVE(&fifos->list, fifo, link);
	rfs_node_destroy(fifo->node);
	free(fifo);
}

void rfs_fifos_destroy(struct rfs_fifos *fifos)
{
	if (!fifos)
		return;
	while (!TAILQ_EMPTY(&fifos->list))
		destroy_fifo(fifos, TAILQ_FIRST(&fifos->list));
	rfs_feeds_destroy(fifos->feeds);
	pthread_cond_destroy(&fifos->changed);
	pthread_mutex_destroy(&fifos->lock);
	free(fifos);
}

struct rfs_feeds *rfs_fifos_feeds(struct rfs_fifos *fifos)
{
	return fifos->feeds;
}

/* --- lookups --- */

/* With a reference, for who looked the name up. */
static struct fifo *create_fifo(struct rfs_fifos *fifos, const char *name, const char *channel,
	uint64_t epoch, mode_t mode)
{
	const struct rio_stamp stamp = {.ino = ++fifos->nr_made};
	struct stat st = {.st_mode = mode, .st_uid = geteuid(), .st_gid = getegid()};
	struct fifo *fifo = calloc(1, sizeof(*fifo));

	if (!fifo)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &st.st_mtim);
	st.st_ctim = st.st_mtim;
	fifo->node = rfs_node_create(RFS_FIFO, name, &stamp, &st);
	if (!fifo->node) {
		free(fifo);
		return NULL;
	}
	snprintf(fifo->name, sizeof(fifo->name), "%s", name);
	snprintf(fifo->channel, sizeof(fifo->channel), "%s", channel);
	fifo->epoch = epoch;
	fifo->armed = true;
	fifo->looked_ns = now_ns();
	fifo->next_ns = fifo->looked_ns + TRY_NS_MIN;
	fifo->node->nr_refs = 1;
	TAILQ_INSERT_TAIL(&fifos->list, fifo, link);
	return fifo;
}

int rfs_fifos_lookup(struct rfs_fifos *fifos, const char *name, const char *channel,
	uint64_t epoch, mode_t mode, struct rfs_node **ret)
{
	struct fifo *fifo = NULL;
	int e = 0;

	pthread_mutex_lock(&fifos->lock);
	if (fifos->ending)
		e = ENOTCONN;
	else if (!(fifo = create_fifo(fifos, name, channel, epoch, mode)))
		e = ENOMEM;
	else
		*ret = fifo->node;
	pthread_cond_signal(&fifos->changed);
	pthread_mutex_unlock(&fifos->lock);
	return e;
}

bool rfs_fifos_is_feeder(struct rfs_fifos *fifos, pid_t tid)
{
	return tid && tid == atomic_load(&fifos->tid);
}

int rfs_fifos_lookup_own(struct rfs_fifos *fifos, const char *name, struct rfs_node **ret)
{
	int e = ENOENT;

	pthread_mutex_lock(&fifos->lock);
	if (fifos->target && strcmp(fifos->target->name, name) == 0) {
		*ret = fifos->target->node;
		(*ret)->nr_refs++;
		e = 0;
	}
	pthread_mutex_unlock(&fifos->lock);
	return e;
}

void rfs_fifos_forget(struct rfs_fifos *fifos, struct rfs_node *node, uint64_t nr)
{
	struct fifo *fifo;

	pthread_mutex_lock(&fifos->lock);
	node->nr_refs -= RIO_MIN(nr, node->nr_refs);
	if (node->nr_refs == 0) {
		TAILQ_FOREACH(fifo, &fifos->list, link)
			if (fifo->node == node)
				break;
		destroy_fifo(fifos, fifo);
		pthread_cond_signal(&fifos->changed);
	}
	pthread_mutex_unlock(&fifos->lock);
}

/* --- readers --- */

/* Unmounted lazily, something is mounted over it, no descriptor is left: it is tried again. */
static void tell_lost(struct rfs_fifos *fifos, const char *path, int e)
{
	if (!fifos->told_lost && !fifos->ending)
		rfs_log_note("%s cannot be opened by recordiofs itself (%s): readers of "
			"epochs wait", path, strerror(e));
	fifos->told_lost = true;
}

/* A descriptor, or -1: nobody reads, or what is there is something else. */
static int try_open(const char *path, uint64_t ino, int *ret_errno)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
		O_NOFOLLOW);
	struct stat st;

	*ret_errno = fd < 0 ? errno : 0;
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISFIFO(st.st_mode) || st.st_ino != ino))
		*ret_errno = ENOENT;
	return *ret_errno ? -1 : rio_steal_fd(&fd);
}

/*
 * With the lock, which is given up while the pipe is opened.  Afterwards fifo may be gone,
 * unless it was opened: the kernel does not forget an inode that is open.
 */
static void try(struct rfs_fifos *fifos, struct fifo *fifo, int *ret_fd)
{
	_cleanup_free_ char *path = NULL;
	uint64_t ino = fifo->node->ino;
	int e = ENOMEM;

	if (asprintf(&path, "%s/data/%s", fifos->mountpoint, fifo->name) < 0)
		path = NULL;
	fifos->target = fifo;
	pthread_mutex_unlock(&fifos->lock);
	*ret_fd = path ? try_open(path, ino, &e) : -1;
	pthread_mutex_lock(&fifos->lock);
	if (*ret_fd >= 0)
		fifo->armed = false;
	else if (path && fifos->target && e != ENXIO)
		tell_lost(fifos, path, e);
	fifos->target = NULL;
}

/* When fifo is to be tried again if nobody is there now.  With the lock. */
static void put_off(const struct rfs_fifos *fifos, struct fifo *fifo)
{
	uint64_t now = now_ns();
	uint64_t age = now - fifo->looked_ns;
	uint64_t step = RIO_MIN(age / 4, age > QUIET_NS ? HELD_NS_MAX : TRY_NS_MAX);

	if (age > TRY_NS_MAX)
		step = RIO_MAX(step, fifos->nr_armed * TRY_NS_SHARE);
	fifo->next_ns = now + RIO_MAX(step, TRY_NS_MIN);
}

/* With the lock, which is given up meanwhile. */
static void expel(struct rfs_fifos *fifos, const char *name)
{
	pthread_mutex_unlock(&fifos->lock);
	fifos->expel(fifos->expel_data, name);
	pthread_mutex_lock(&fifos->lock);
}

/*
 * With the lock, which is given up meanwhile.  Our own walk, too, lets the kernel know the
 * name, so each that was in vain is followed by its end once nobody is expected any more.
 */
static void serve(struct rfs_fifos *fifos, struct fifo *fifo)
{
	bool is_quiet = now_ns() - fifo->looked_ns > QUIET_NS;
	uint64_t epoch = fifo->epoch;
	rfs_name name, channel;
	int fd;

	strcpy(name, fifo->name);
	strcpy(channel, fifo->channel);
	put_off(fifos, fifo);
	try(fifos, fifo, &fd);
	if (fd < 0 && is_quiet)
		expel(fifos, name);
	if (fd < 0)
		return;
	pthread_mutex_unlock(&fifos->lock);
	rfs_feeds_begin(fifos->feeds, channel, epoch, fd);
	pthread_mutex_lock(&fifos->lock);
}

/*
 * Who is to be tried first; NULL: nobody is armed.  Counts those who are.  Every other time
 * that is, of those whose time has come, not who waits longest but who was looked up last:
 * a reader is more likely there, and does not wait for all whom ls -l has left behind.
 */
static struct fifo *find_next(struct rfs_fifos *fifos)
{
	bool wants_last = fifos->nr_found++ % 2;
	uint64_t now = now_ns();
	struct fifo *fifo, *first = NULL;

	fifos->nr_armed = 0;
	TAILQ_FOREACH(fifo, &fifos->list, link) {
		fifos->nr_armed += fifo->armed;
		if (fifo->armed && (!first || fifo->next_ns < first->next_ns ||
					   (wants_last && fifo->next_ns <= now)))
			first = fifo;
	}
	return first;
}

static void wait_until(struct rfs_fifos *fifos, uint64_t ns)
{
	const struct timespec until = {
		.tv_sec = (time_t)(ns / (1000 * MS)),
		.tv_nsec = (long)(ns % (1000 * MS)),
	};

	pthread_cond_timedwait(&fifos->changed, &fifos->lock, &until);
}

/*
 * At the end: who waits is let go by a writer that comes, refuses, and goes.  A name that nobody
 * waits at is expelled, and is gone once the kernel has forgotten its inode; until then
 * somebody may be on his way into it.
 */
static void let_go(struct rfs_fifos *fifos)
{
	uint64_t end_ns = now_ns() + END_NS;
	struct fifo *fifo;

	TAILQ_FOREACH(fifo, &fifos->list, link)
		fifo->next_ns = 0;
	while ((fifo = find_next(fifos)) && now_ns() < end_ns) {
		rfs_name name;
		int fd;

		if (fifo->next_ns > now_ns()) {
			wait_until(fifos, fifo->next_ns);
			continue;
		}
		strcpy(name, fifo->name);
		fifo->next_ns = now_ns() + END_STEP_NS;
		try(fifos, fifo, &fd);
		if (fd < 0) {
			expel(fifos, name);
			continue;
		}
		rio_feed_reject(fd);
		close(fd);
	}
}

static void *watch(void *data)
{
	struct rfs_fifos *fifos = data;
	struct fifo *fifo;

	atomic_store(&fifos->tid, gettid());
	pthread_mutex_lock(&fifos->lock);
	while (!fifos->ending) {
		fifo = find_next(fifos);
		if (!fifo)
			pthread_cond_wait(&fifos->changed, &fifos->lock);
		else if (fifo->next_ns > now_ns())
			wait_until(fifos, fifo->next_ns);
		else
			serve(fifos, fifo);
	}
	if (fifos->served)
		let_go(fifos);
	pthread_mutex_unlock(&fifos->lock);
	rfs_feeds_end(fifos->feeds);
	return NULL;
}

int rfs_fifos_start(struct rfs_fifos *fifos, const char *mountpoint, rfs_expel *expel_name,
	void *expel_data)
{
	int e;

	fifos->mountpoint = mountpoint;
	fifos->expel = expel_name;
	fifos->expel_data = expel_data;
	e = rfs_thread_start(&fifos->thread, watch, fifos);
	fifos->has_thread = e == 0;
	return e;
}

void rfs_fifos_end(struct rfs_fifos *fifos, bool served)
{
	bool mine;

	pthread_mutex_lock(&fifos->lock);
	mine = !fifos->ending;
	if (mine)
		fifos->served = served;
	fifos->ending = true;
	pthread_cond_broadcast(&fifos->changed);
	while (!mine && !fifos->ended)
		pthread_cond_wait(&fifos->changed, &fifos->lock);
	pthread_mutex_unlock(&fifos->lock);
	if (!mine)
		return;
	if (fifos->has_thread)
		pthread_join(fifos->thread, NULL);
	pthread_mutex_lock(&fifos->lock);
	fifos->ended = true;
	pthread_cond_broadcast(&fifos->changed);
	pthread_mutex_unlock(&fifos->lock);
}
