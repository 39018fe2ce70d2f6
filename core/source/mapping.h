/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of a file in memory, from which reading never ends the process.
 *
 * Whoever truncates a mapped file turns reads behind its new end into SIGBUS, and so
 * does a disk that fails.  Here the rest of the mapping becomes zeros then, and
 * destroying it tells that it did: what was read is to be thrown away.
 *
 * Making one takes the process's SIGBUS; faults elsewhere go to whoever had it.
 */
#ifndef RIO_SOURCE_MAPPING_H
#define RIO_SOURCE_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rio_mapping {
	const uint8_t *bytes; /* NULL: none */
	size_t len_bytes;
	struct rio_mapping_guard *guard;
};

/*
 * Map [off, off + len_bytes) of a regular file; off is a multiple of the page size.
 * False where the file is on no local filesystem, or where it cannot be mapped: read
 * it then.
 */
bool rio_mapping_create(int fd, uint64_t off, size_t len_bytes, struct rio_mapping *ret);

/* Returns whether all that was read from it was in the file.  Takes an empty one. */
bool rio_mapping_destroy(struct rio_mapping *mapping);

#endif
