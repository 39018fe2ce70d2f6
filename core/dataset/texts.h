/* SPDX-License-Identifier: Apache-2.0 */
/* text=map's table as JSON: an array a column, under the column's number. */
#ifndef RIO_DATASET_TEXTS_H
#define RIO_DATASET_TEXTS_H

#include "dataset/dataset.h"

#include <jansson.h>

/*
 * {"3": ["Aachen", "Bonn"]}: a text's place is its number.  Bytes that are no UTF-8 stand
 * as U+FFFD.  JSON's null where no text is numbered; NULL without memory.
 */
json_t *rio_dataset_texts(const struct rio_dataset *dataset);

#endif
