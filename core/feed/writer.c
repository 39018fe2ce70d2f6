/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/writer.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <time.h>

/* What an unprivileged process may have, where the system's own setting was not changed. */
#define PIPE_BYTES RIO_MIB

/* A slow source's bytes come in portions, so many a second; none is larger than the most. */
#define PORTIONS_PER_SECOND 50
#define PORTION_BYTES_MAX   (64 * RIO_KIB)

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/*
 * A user has a limit for each pipe and for all of his, so less may be what can be had.  Twice
 * as much must be to be had, for rio_writer_force; what was only tried for that is given back.
 */
static void enlarge(int fd)
{
	int present = fcntl(fd, F_GETPIPE_SZ);

	if (present < 0)
		return;
	for (size_t wanted = PIPE_BYTES; wanted > (size_t)present; wanted /= 2)
		if (fcntl(fd, F_SETPIPE_SZ, (int)(2 * wanted)) >= 0) {
			fcntl(fd, F_SETPIPE_SZ, (int)wanted);
			return;
		}
}

int rio_writer_init(struct rio_writer *writer, int fd, int stop_fd, uint64_t bytes_per_second,
	struct rio_error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return rio_fail_errno(err, errno, "cannot write to the pipe");
	enlarge(fd);
	*writer = (struct rio_writer){.fd = fd, .stop_fd = stop_fd,
		.bytes_per_second = bytes_per_second};
	return 0;
}

/* Wait until there is room (if that is asked for), or something ends it, or until_ns. */
static int wait_until(const struct rio_writer *w, short events, int64_t until_ns,
	struct rio_error *err)
{
	struct pollfd fds[] = {{w->fd, events, 0}, {w->stop_fd, POLLIN, 0}};
	struct timespec left;
	int64_t left_ns;
	int n;

	do {
		left_ns = RIO_MAX(until_ns - now_ns(), INT64_C(0));
		left = (struct timespec){left_ns / NS_PER_S, left_ns % NS_PER_S};
		n = ppoll(fds, RIO_ARRAY_SIZE(fds), until_ns == INT64_MAX ? NULL : &left, NULL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return rio_fail_errno(err, errno, "cannot wait for the pipe");
	if (fds[1].revents)
		return RIO_STOPPED;
	return fds[0].revents & (POLLERR | POLLHUP | POLLNVAL) ? RIO_READER_LEFT : 0;
}

int rio_writer_look(const struct rio_writer *writer, struct rio_error *err)
{
	return wait_until(writer, 0, 0, err);
}

int rio_writer_pause(struct rio_writer *writer, uint64_t ms, struct rio_error *err)
{
	return wait_until(writer, 0, now_ns() + (int64_t)ms * NS_PER_MS, err);
}

/* How many of the next bytes may go at once, after the time that a slow source takes. */
static int take_portion(struct rio_writer *w, size_t len_bytes, size_t *ret,
	struct rio_error *err)
{
	uint64_t rate = w->bytes_per_second;
	int64_t now;
	int r;

	*ret = len_bytes;
	if (!rate)
		return 0;
	r = wait_until(w, 0, w->next_ns, err);
	now = now_ns();
	*ret = (size_t)RIO_MIN(RIO_MIN((uint64_t)len_bytes, PORTION_BYTES_MAX),
		RIO_MAX(rate / PORTIONS_PER_SECOND, UINT64_C(1)));

	/* What a reader did not fetch in time is not made up for. */
	w->next_ns = RIO_MAX(w->next_ns, now - NS_PER_S / PORTIONS_PER_SECOND) +
		     (int64_t)((double)*ret * NS_PER_S / (double)rate);
	return r;
}

static int write_portion(struct rio_writer *w, const uint8_t *p, size_t len_bytes,
	struct rio_error *err)
{
	int r = 0;

	while (len_bytes && r == 0) {
		ssize_t n = write(w->fd, p, len_bytes);

		if (n >= 0) {
			w->len_bytes += (size_t)n;
			p += n;
			len_bytes -= (size_t)n;
		} else if (errno == EAGAIN) {
			r = wait_until(w, POLLOUT, INT64_MAX, err);
		} else if (errno == EPIPE) {
			r = RIO_READER_LEFT;
		} else if (errno != EINTR) {
			r = rio_fail_errno(err, errno, "cannot write to the pipe");
		}
	}
	return r;
}

int rio_writer_write(struct rio_writer *writer, const void *bytes, size_t len_bytes,
	struct rio_error *err)
{
	const uint8_t *p = bytes;
	int r = rio_writer_look(writer, err);

	while (len_bytes && r == 0) {
		size_t n;

		r = take_portion(writer, len_bytes, &n, err);
		if (r == 0)
			r = write_portion(writer, p, n, err);
		p += n;
		len_bytes -= n;
	}
	return r;
}

void rio_writer_force(struct rio_writer *writer, const void *bytes, size_t len_bytes)
{
	ssize_t n = write(writer->fd, bytes, len_bytes);

	if (n < 0 && errno == EAGAIN) {
		fcntl(writer->fd, F_SETPIPE_SZ, 2 * fcntl(writer->fd, F_GETPIPE_SZ));
		n = write(writer->fd, bytes, len_bytes);
	}
	if (n > 0)
		writer->len_bytes += (size_t)n;
}
