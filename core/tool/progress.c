/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/progress.h"
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

/* Seconds between two bars, and between two lines: a log should stay short. */
static const double bar_seconds = 0.1, line_seconds = 10;

static double seconds_since(const struct timespec *then)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

void rio_progress_init(struct rio_progress *progress, uint64_t total_bytes)
{
	*progress = (struct rio_progress){
		.is_terminal = isatty(STDERR_FILENO),
		.total_bytes = total_bytes,
	};
	clock_gettime(CLOCK_MONOTONIC, &progress->start);
	progress->shown = progress->start;
}

/* "42% of 3.0 GiB, 812.0 MiB/s, 0:02 left" */
static void describe(const struct rio_progress *progress, uint64_t done, char *text,
	size_t text_bytes)
{
	char total[RIO_TOOL_SIZE_BYTES], rate_text[RIO_TOOL_SIZE_BYTES];
	double rate = (double)done / seconds_since(&progress->start);
	double left = rate > 0 ? (double)(progress->total_bytes - done) / rate : 0;

	snprintf(text, text_bytes, "%3.0f%% of %s, %s/s, %.0f:%02.0f left",
		100.0 * (double)done / (double)RIO_MAX(progress->total_bytes, (uint64_t)1),
		rio_tool_size(progress->total_bytes, total),
		rio_tool_size((uint64_t)rate, rate_text), (double)((uint64_t)left / 60),
		(double)((uint64_t)left % 60));
}

static void draw_bar(const struct rio_progress *progress, uint64_t done, const char *text)
{
	static const char full[] = "########################################";
	struct winsize size = {0};
	size_t width, filled;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = 80;
	/* Brackets, a blank between, and the last column, where terminals wrap. */
	width = size.ws_col > strlen(text) + 4 ? size.ws_col - strlen(text) - 4 : 0;
	width = RIO_MIN(width, sizeof(full) - 1);
	filled = (size_t)((double)width * (double)done /
			  (double)RIO_MAX(progress->total_bytes, (uint64_t)1));
	fprintf(stderr, "\r\033[K[%.*s%*s] %.*s", (int)filled, full, (int)(width - filled), "",
		size.ws_col > 4 ? size.ws_col - 4 : 0, text);
}

int rio_progress_update(void *data, uint64_t done_bytes, uint64_t total_bytes)
{
	struct rio_progress *progress = data;
	uint64_t done = RIO_MIN(progress->done_bytes + done_bytes, progress->total_bytes);
	char text[128];

	if (seconds_since(&progress->shown) < (progress->is_terminal ? bar_seconds : line_seconds))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &progress->shown);
	describe(progress, done, text, sizeof(text));
	if (progress->is_terminal)
		draw_bar(progress, done, text);
	else
		fprintf(stderr, "recordio: %s\n", text);
	progress->is_drawn = progress->is_terminal;
	return 0;
}

void rio_progress_file_done(struct rio_progress *progress, uint64_t len_bytes, bool counted)
{
	if (counted)
		progress->done_bytes += len_bytes;
	else
		progress->total_bytes -= RIO_MIN(progress->total_bytes, len_bytes);
}

void rio_progress_clear(struct rio_progress *progress)
{
	if (progress->is_drawn)
		fputs("\r\033[K", stderr);
	progress->is_drawn = false;
}
