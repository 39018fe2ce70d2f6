/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "errors.h"
#include "kernel_read_ahead.h"

static time_t uptime(const struct rfs_mount *mount)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - mount->begun.tv_sec;
}

char *rfs_control_text(struct rfs_mount *mount, enum rfs_kind kind, bool with_errors)
{
	struct rfs_readahead_usage usage;
	_cleanup_free_ struct rfs_feed_report *feeds = NULL;
	char *errors[RFS_ERRORS_MAX], *text;
	struct rfs_status status = {
		.source = mount->beneath->path,
		.options = mount->options->given,
		.settings = rfs_settings_path(mount->settings),
		.uptime_seconds = uptime(mount),
		.counters = &mount->counters,
		.files_known = rfs_tree_nr_nodes(mount->tree),
	};

	rfs_readahead_usage(mount->readahead, &usage);
	status.blocks = usage.nr_blocks;
	status.memory_bytes = usage.memory_bytes;
	status.memory_budget_bytes = usage.budget_bytes;
	status.block_hits = usage.nr_hits;
	status.block_misses = usage.nr_misses;
	status.read_ahead_kib = rfs_kernel_read_ahead_kib(mount->device);
	if (kind != RFS_STATUS)
		return rfs_status_metrics(&status);
	if (mount->fifos)
		feeds = rfs_feeds_get(rfs_fifos_feeds(mount->fifos), &status.nr_feeds);
	status.feeds = feeds;
	status.errors = errors;
	status.nr_errors = with_errors ? rfs_errors_get(mount->beneath, errors) : 0;
	text = rfs_status_text(&status);
	for (size_t i = 0; i < status.nr_errors; i++)
		free(errors[i]);
	return text;
}
