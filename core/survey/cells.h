/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in the cells of a CSV: numbers, missing values, text, by column.  How the
 * options would encode them does not matter here.
 *
 * Below it: dataset, survey/range.
 */
#ifndef RIO_SURVEY_CELLS_H
#define RIO_SURVEY_CELLS_H

#include "dataset/dataset.h"
#include "survey/range.h"

/* What one thread counts.  Zeroed is empty. */
struct rio_cells {
	struct rio_range *columns; /* nr_columns of them, the caller's */
	uint64_t nr_rows;
	uint64_t nr_other_lengths; /* rows with more or fewer fields than columns */
	uint64_t nr_nul;           /* rows with a NUL byte */

	double *numbers; /* of a row; owned */
};

/*
 * Count the first nr_rows rows of a segment, by its number; scratch is the calling
 * thread's.  Rows behind one of more than RIO_ROW_BYTES_MAX are not looked at.
 */
int rio_cells_count(struct rio_cells *cells, const struct rio_dataset *dataset,
	struct rio_source *source, struct rio_scratch *scratch, size_t segment,
	uint64_t nr_rows, struct rio_error *err);

void rio_cells_deinit(struct rio_cells *cells);

#endif
