/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goal 1's side of ours: the pass that counts a CSV's rows and makes its map.
 *
 *	count_rows CSV THREADS
 *
 * Prints a JSON object.  The CSV has no header.
 */
#include "map/build.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>

static void die(const struct rio_error *error)
{
	char text[RIO_ERROR_TEXT_BYTES];

	errx(1, "%s", rio_error_format(error, text, sizeof(text)));
}

int main(int argc, char **argv)
{
	struct rio_map_build build = {.dialect = RIO_DIALECT_DEFAULT};
	struct rio_source *source;
	struct rio_map *map;
	struct rio_error error;

	if (argc != 3)
		errx(2, "usage: count_rows CSV THREADS");
	build.nr_threads = (unsigned)atoi(argv[2]);
	if (rio_source_open(argv[1], &source, &error) < 0 ||
		rio_map_build(source, &build, &map, &error) < 0)
		die(&error);
	printf("{\"rows\": %" PRIu64 ", \"map_bytes\": %zu}\n", rio_map_nr_rows(map),
		rio_map_len_bytes(map));
	rio_map_destroy(map);
	rio_source_destroy(source);
	return 0;
}
