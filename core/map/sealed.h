/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all files of the index folder have in common, as proto/FORMAT.md draws it:
 *
 *	| header: words, the last its seal | path NUL key NUL, seal | what the kind has |
 *
 * The first words are the same in each kind: what it is, its length, its key, and
 * the stamp of the source that it tells of.
 *
 * Below it: base, source (for the stamp), map/store (for the key).
 */
#ifndef RIO_MAP_SEALED_H
#define RIO_MAP_SEALED_H

#include "map/store.h"

enum rio_sealed_word {
	RIO_SEALED_MAGIC,
	RIO_SEALED_VERSION,
	RIO_SEALED_HEADER_BYTES,
	RIO_SEALED_FILE_BYTES,
	RIO_SEALED_KEY_LOW,
	RIO_SEALED_KEY_HIGH,
	RIO_SEALED_DEV,
	RIO_SEALED_INO,
	RIO_SEALED_SIZE_BYTES,
	RIO_SEALED_MTIME_NS,
	RIO_SEALED_CTIME_NS,
	RIO_SEALED_NR_WORDS, /* here the kind's own begin */
};

#define RIO_SEALED_NR_WORDS_MAX 32
#define RIO_SEAL_BYTES          sizeof(uint64_t)

/* A kind of file. */
struct rio_sealed_kind {
	const char *name;   /* in messages: "map" */
	uint64_t magic;
	uint64_t version;
	size_t nr_words;    /* of the header, its seal the last */
	size_t path_word;   /* the length of the path; the row key's is the next word */
};

/* The two halves of XXH3-128 over source path, NUL, row key. */
struct rio_store_hash {
	uint64_t low;
	uint64_t high;
};

int rio_store_key_hash(const struct rio_store_key *key, struct rio_store_hash *ret,
	struct rio_error *err);

static inline size_t rio_sealed_header_bytes(const struct rio_sealed_kind *kind)
{
	return kind->nr_words * sizeof(uint64_t);
}

/* Where the kind's own sections begin in a file of this key. */
uint64_t rio_sealed_text_end(const struct rio_sealed_kind *kind, const struct rio_store_key *key);

/*
 * Fill in the words that all kinds have, and write header and text to fd, from its
 * present offset.  file_bytes and the kind's own words are the caller's, set before.
 * *ret_seal seeds the seals of all sections.
 */
int rio_sealed_write_head(int fd, const struct rio_sealed_kind *kind,
	const struct rio_store_key *key, const struct rio_stamp *stamp, uint64_t *words,
	uint64_t *ret_seal, struct rio_error *err);

int rio_sealed_write_all(int fd, const void *data, size_t len_bytes, struct rio_error *err);
int rio_sealed_write_seal(int fd, uint64_t seal, struct rio_error *err);

/*
 * Read and check the header; *ret_true_bytes is the file's own length.  RIO_EMAP_DAMAGED,
 * or RIO_EMAP_STALE where it is whole but of another version.
 */
int rio_sealed_read_header(int fd, const struct rio_sealed_kind *kind, uint64_t *words,
	uint64_t *ret_true_bytes, struct rio_error *err);

/* The sizes that a kind found to add up to sum must be the file's own length. */
int rio_sealed_check_size(const struct rio_sealed_kind *kind, const uint64_t *words,
	uint64_t sum, uint64_t true_bytes, struct rio_error *err);

/* What header and text take together; false where the lengths in words are out of bounds. */
bool rio_sealed_head_bytes(const struct rio_sealed_kind *kind, const uint64_t *words,
	uint64_t *ret);

/* Read the text behind the header; both are freed by the caller. */
int rio_sealed_read_text(int fd, const struct rio_sealed_kind *kind, const uint64_t *words,
	char **ret_path, char **ret_row_key, struct rio_error *err);

/* Read a section and the seal behind it into data, which has room for both, and compare. */
int rio_sealed_read(int fd, const struct rio_sealed_kind *kind, void *data, size_t len_bytes,
	uint64_t seed, const char *what, struct rio_error *err);

struct rio_stamp rio_sealed_stamp(const uint64_t *words);

/* Words between the machine's order and the file's: both ways alike. */
void rio_sealed_swap(uint64_t *words, size_t nr);

#endif
