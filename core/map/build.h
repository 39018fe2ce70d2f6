/* SPDX-License-Identifier: Apache-2.0 */
/* Building an offset map: one parallel pass over the source. */
#ifndef RIO_MAP_BUILD_H
#define RIO_MAP_BUILD_H

#include "csv/dialect.h"
#include "map/map.h"

struct rio_map_build {
	struct rio_dialect dialect;
	uint64_t data_off;
	uint64_t data_line;  /* line feeds before data_off */
	unsigned nr_threads; /* 0: one a core */

	/*
	 * Called now and then, from any thread but never two at once, with the
	 * source bytes done so far; nonzero stops the build with RIO_ESYSTEM
	 * (EINTR).  May be NULL.
	 */
	int (*progress)(void *data, uint64_t done_bytes, uint64_t total_bytes);
	void *progress_data;
};

/*
 * Count the source's rows.  The stamp is taken before (wait for a settled one first)
 * and after the pass: RIO_ESOURCE_CHANGED where they differ.  Misplaced quotes are no
 * error here: the map tells of them.
 */
int rio_map_build(struct rio_source *source, const struct rio_map_build *build,
	struct rio_map **ret, struct rio_error *err);

#endif
