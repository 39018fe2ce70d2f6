/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both texts come from one table, so that neither can know what the other does
 * not.
 */
#include "status.h"

#include "base/util.h"

#include <stdio.h>
#include <string.h>

struct line {
	const char *key;
	const char *type; /* Prometheus': a counter's name gets _total */
	const char *help;
	uint64_t value;
};

/* A type of ours: a gauge, and what is meant is a hundredth of the value. */
static const char ratio[] = "ratio";

enum { NR_LINES = 23 };

static uint64_t get(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Relaxed counters are not in step: this is as right as they are. */
static uint64_t hundredths(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)(100.0 * (double)part / (double)whole + 0.5) : 0;
}

static void gather(const struct rfs_status *s, struct line lines[NR_LINES])
{
	const struct rfs_counters *c = s->counters;
	const struct line all[NR_LINES] = {
		{"uptime_seconds", "gauge", "Time since the mount", (uint64_t)s->uptime_seconds},
		{"read_ahead_kib", "gauge", "What the kernel reads ahead of a sequential reader",
			s->read_ahead_kib},
		{"open_files", "gauge", "Open handles of encoded files", get(&c->open_files)},
		{"files_known", "gauge", "Files and folders that the kernel has looked up",
			s->files_known},
		{"blocks", "gauge", "Blocks held for sequential readers", s->blocks},
		{"memory_bytes", "gauge", "Memory of blocks", s->memory_bytes},
		{"memory_budget_bytes", "gauge", "What memory_bytes never exceeds",
			s->memory_budget_bytes},
		{"requests", "counter", "Reads asked for by the kernel", get(&c->requests)},
		{"served_bytes", "counter", "Bytes of encoded files given out",
			get(&c->served_bytes)},
		{"source_bytes", "counter", "Bytes of sources read and scanned to encode",
			get(&c->source_bytes)},
		{"source_bytes_per_byte", ratio, "source_bytes by served_bytes",
			hundredths(get(&c->source_bytes), get(&c->served_bytes))},
		{"rows", "counter", "Rows encoded", get(&c->rows)},
		{"slow_numbers", "counter", "Numbers that had to be read one by one",
			get(&c->slow_fields)},
		{"block_hits", "counter", "Blocks that were there when a reader came for them",
			s->block_hits},
		{"block_misses", "counter", "Blocks that a reader waited for, or made by itself",
			s->block_misses},
		{"lone_reads", "counter", "Reads encoded on the spot, without a block",
			get(&c->lone_reads)},
		{"skipped_rows", "counter", "Rows left out of files that were looked up",
			get(&c->skipped_rows)},
		{"filled_cells", "counter", "Missing cells that became a value: counted at look-up "
			"where records differ in size, and else as they are encoded",
			get(&c->filled_cells)},
		{"feeds", "counter", "Epochs of channels that somebody began to read from a FIFO",
			get(&c->feeds)},
		{"failed_feeds", "counter", "Those that an error has ended", get(&c->failed_feeds)},
		{"fed_bytes", "counter", "Bytes written to FIFOs, of epochs that have ended",
			get(&c->fed_bytes)},
		{"fed_records", "counter", "Records encoded for them", get(&c->fed_records)},
		{"errors", "counter", "Requests that failed", get(&c->errors)},
	};

	for (size_t i = 0; i < NR_LINES; i++)
		lines[i] = all[i];
}

void rfs_count_read(struct rfs_counters *counters, const struct rio_read_stats *stats)
{
	rfs_count(&counters->source_bytes, stats->source_bytes);
	rfs_count(&counters->rows, stats->nr_rows);
	rfs_count(&counters->slow_fields, stats->slow_fields);
	rfs_count(&counters->filled_cells, stats->nr_filled);
}

static void put_value(FILE *file, const struct line *line)
{
	if (line->type == ratio)
		fprintf(file, "%ju.%02u\n", (uintmax_t)(line->value / 100),
			(unsigned)(line->value % 100));
	else
		fprintf(file, "%ju\n", (uintmax_t)line->value);
}

/* On one line: line feeds are escaped, and what else is special there. */
static void put_escaped(FILE *file, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", file);
		else if (strchr(special, *text))
			fprintf(file, "\\%c", *text);
		else
			fputc(*text, file);
	}
}

/* What a stream of open_memstream has gathered, if it could. */
static char *finish(FILE *file, char **text)
{
	int failed = ferror(file) | fclose(file);

	if (failed) {
		free(*text);
		return NULL;
	}
	return *text;
}

static void put_feed(FILE *file, const struct rfs_feed_report *feed)
{
	fprintf(file, "feed: %s %ju: %s, files: %ju, bytes: %ju, records: %ju", feed->channel,
		(uintmax_t)feed->epoch, feed->state, (uintmax_t)feed->nr_objects,
		(uintmax_t)feed->len_bytes, (uintmax_t)feed->nr_records);
	if (feed->nr_skipped | feed->nr_filled)
		fprintf(file, ", skipped: %ju, filled: %ju", (uintmax_t)feed->nr_skipped,
			(uintmax_t)feed->nr_filled);
	fputc('\n', file);
}

char *rfs_status_text(const struct rfs_status *status)
{
	struct line lines[NR_LINES];
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return NULL;
	gather(status, lines);
	fputs("version: " RIO_VERSION "\nsource: ", file);
	put_escaped(file, status->source, "\\");
	fputs("\noptions: ", file);
	put_escaped(file, status->options, "\\");
	fputs("\nsettings: ", file);
	put_escaped(file, status->settings ? status->settings : "none", "\\");
	fputc('\n', file);
	for (size_t i = 0; i < NR_LINES; i++) {
		fprintf(file, "%s: ", lines[i].key);
		put_value(file, &lines[i]);
	}
	for (size_t i = 0; i < status->nr_feeds; i++)
		put_feed(file, &status->feeds[i]);
	for (size_t i = 0; i < status->nr_errors; i++) {
		fputs("error_file: ", file);
		put_escaped(file, status->errors[i], "\\");
		fputc('\n', file);
	}
	return finish(file, &text);
}

char *rfs_status_metrics(const struct rfs_status *status)
{
	struct line lines[NR_LINES];
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		return NULL;
	gather(status, lines);
	fputs("# HELP recordiofs_info What is mounted\n# TYPE recordiofs_info gauge\n"
	      "recordiofs_info{version=\"" RIO_VERSION "\",source=\"", file);
	put_escaped(file, status->source, "\\\"");
	fputs("\"} 1\n", file);
	for (size_t i = 0; i < NR_LINES; i++) {
		const struct line *l = &lines[i];
		const char *total = l->type[0] == 'c' ? "_total" : "";

		fprintf(file, "# HELP recordiofs_%s%s %s\n# TYPE recordiofs_%s%s %s\n"
			      "recordiofs_%s%s ",
			l->key, total, l->help, l->key, total,
			l->type == ratio ? "gauge" : l->type, l->key, total);
		put_value(file, l);
	}
	return finish(file, &text);
}
