/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files are CSV by their name: b.csv, and compressed b.csv.gz and b.csv.zst.
 *
 * Below it: libc only.  What is in a file, source/packed looks at.
 */
#ifndef RIO_CSV_FILE_NAME_H
#define RIO_CSV_FILE_NAME_H

#include <stddef.h>

/*
 * The endings, each with its dot, by rank from 0; NULL behind the last.  Of files that
 * differ in nothing else the one of the least rank stands for all: the plain one.
 */
const char *rio_csv_ending(unsigned rank);

/* The length of a name without its ending, and that one's rank; 0 where it is no CSV's. */
size_t rio_csv_stem(const char *name, unsigned *ret_rank);

#endif
