/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word is a little-endian u64, and a head is nothing but words and two texts, so
 * reading one is a loop and not a list of casts.
 *
 * Nothing that a file says is believed before it is shown to be what was written.
 * The order of that is the point:
 *
 *   1. The header's seal.  Its place follows from the header's length, which
 *      every version keeps in the same word, so that a flipped bit in the
 *      version is damage, and a whole header of another version is not.
 *   2. The sizes in the header, summed with checked arithmetic, must give the
 *      file's true length.  Only then is memory asked for.
 *   3. The sections' seals.  They are seeded with the header's, so that a
 *      section of one file does not pass in another.
 *   4. What the kind knows of its own contents: the seals say that we wrote it, this
 *      says that what we wrote made sense.
 */
#include "map/sealed.h"

#include "base/io.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

/* The longest header that a version to come may have, the shortest that has a seal. */
#define HEADER_BYTES_MAX (64 * RIO_KIB)
#define HEADER_BYTES_MIN ((RIO_SEALED_FILE_BYTES + 2) * sizeof(uint64_t))

/*
 * Longer than any path that the kernel takes, and than the lists of columns that a row
 * key has in it: a settings file is 1 MiB at most, a word of a command line 128 KiB.
 */
#define TEXT_BYTES_MAX (4 * RIO_MIB)

void rio_sealed_swap(uint64_t *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		words[i] = htole64(words[i]);
}

struct rio_stamp rio_sealed_stamp(const uint64_t *words)
{
	return (struct rio_stamp){
		.dev = words[RIO_SEALED_DEV],
		.ino = words[RIO_SEALED_INO],
		.size_bytes = words[RIO_SEALED_SIZE_BYTES],
		.mtime_ns = (int64_t)words[RIO_SEALED_MTIME_NS],
		.ctime_ns = (int64_t)words[RIO_SEALED_CTIME_NS],
	};
}

/* --- the key --- */

/* path NUL row_key NUL. */
static int join_key(const struct rio_store_key *key, char **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	size_t path_bytes = strlen(key->source_path) + 1, key_bytes = strlen(key->row_key) + 1;
	char *text = malloc(path_bytes + key_bytes);

	if (!text)
		return rio_fail(err, RIO_ENOMEM, "no memory for a map's name");
	memcpy(text, key->source_path, path_bytes);
	memcpy(text + path_bytes, key->row_key, key_bytes);
	*ret = text;
	*ret_bytes = path_bytes + key_bytes;
	return 0;
}

int rio_store_key_hash(const struct rio_store_key *key, struct rio_store_hash *ret,
	struct rio_error *err)
{
	_cleanup_free_ char *text = NULL;
	XXH128_hash_t hash;
	size_t len_bytes = 0;
	int r = join_key(key, &text, &len_bytes, err);

	if (r)
		return r;
	hash = XXH3_128bits(text, len_bytes - 1);
	*ret = (struct rio_store_hash){hash.low64, hash.high64};
	return 0;
}

/* --- writing --- */

int rio_sealed_write_all(int fd, const void *data, size_t len_bytes, struct rio_error *err)
{
	return rio_write_all(fd, data, len_bytes) < 0
		       ? rio_fail_errno(err, errno, "cannot write a map") : 0;
}

int rio_sealed_write_seal(int fd, uint64_t seal, struct rio_error *err)
{
	rio_sealed_swap(&seal, 1);
	return rio_sealed_write_all(fd, &seal, sizeof(seal), err);
}

uint64_t rio_sealed_text_end(const struct rio_sealed_kind *kind, const struct rio_store_key *key)
{
	return rio_sealed_header_bytes(kind) + strlen(key->source_path) + 1 +
	       strlen(key->row_key) + 1 + RIO_SEAL_BYTES;
}

/* All but the seal, which goes over the words as they lie in the file. */
static void fill_words(uint64_t *words, const struct rio_sealed_kind *kind,
	const struct rio_store_key *key, const struct rio_store_hash *hash,
	const struct rio_stamp *stamp)
{
	words[RIO_SEALED_MAGIC] = kind->magic;
	words[RIO_SEALED_VERSION] = kind->version;
	words[RIO_SEALED_HEADER_BYTES] = rio_sealed_header_bytes(kind);
	words[RIO_SEALED_KEY_LOW] = hash->low;
	words[RIO_SEALED_KEY_HIGH] = hash->high;
	words[RIO_SEALED_DEV] = stamp->dev;
	words[RIO_SEALED_INO] = stamp->ino;
	words[RIO_SEALED_SIZE_BYTES] = stamp->size_bytes;
	words[RIO_SEALED_MTIME_NS] = (uint64_t)stamp->mtime_ns;
	words[RIO_SEALED_CTIME_NS] = (uint64_t)stamp->ctime_ns;
	words[kind->path_word] = strlen(key->source_path);
	words[kind->path_word + 1] = strlen(key->row_key);
}

static int write_text(int fd, const struct rio_store_key *key, uint64_t seed,
	struct rio_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len_bytes = 0;
	int r = join_key(key, &text, &len_bytes, err);

	if (!r)
		r = rio_sealed_write_all(fd, text, len_bytes, err);
	return r ? r : rio_sealed_write_seal(fd, XXH3_64bits_withSeed(text, len_bytes, seed), err);
}

int rio_sealed_write_head(int fd, const struct rio_sealed_kind *kind,
	const struct rio_store_key *key, const struct rio_stamp *stamp, uint64_t *words,
	uint64_t *ret_seal, struct rio_error *err)
{
	size_t sealed_bytes = rio_sealed_header_bytes(kind) - RIO_SEAL_BYTES;
	struct rio_store_hash hash;
	int r;

	if (strlen(key->source_path) > TEXT_BYTES_MAX || strlen(key->row_key) > TEXT_BYTES_MAX)
		return rio_fail(err, RIO_EOPTION, "a path, or options, of more than %zu MiB",
			TEXT_BYTES_MAX / RIO_MIB);
	r = rio_store_key_hash(key, &hash, err);
	if (r)
		return r;
	fill_words(words, kind, key, &hash, stamp);
	rio_sealed_swap(words, kind->nr_words - 1);
	*ret_seal = XXH3_64bits(words, sealed_bytes);
	r = rio_sealed_write_all(fd, words, sealed_bytes, err);
	if (!r)
		r = rio_sealed_write_seal(fd, *ret_seal, err);
	return r ? r : write_text(fd, key, *ret_seal, err);
}

/* --- reading --- */

static int read_all(int fd, const struct rio_sealed_kind *kind, void *data, size_t len_bytes,
	struct rio_error *err)
{
	ssize_t n = rio_read_all(fd, data, len_bytes);

	if (n < 0)
		return rio_fail_errno(err, errno, "cannot read a %s", kind->name);
	if ((size_t)n < len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: it ends %zu bytes too early",
			kind->name, len_bytes - (size_t)n);
	return 0;
}

int rio_sealed_read(int fd, const struct rio_sealed_kind *kind, void *data, size_t len_bytes,
	uint64_t seed, const char *what, struct rio_error *err)
{
	uint64_t seal;
	int r = read_all(fd, kind, data, len_bytes + RIO_SEAL_BYTES, err);

	if (r)
		return r;
	memcpy(&seal, (const char *)data + len_bytes, sizeof(seal));
	rio_sealed_swap(&seal, 1);
	if (seal != XXH3_64bits_withSeed(data, len_bytes, seed))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: its %s fail their seal",
			kind->name, what);
	return 0;
}

/* A header that is not of this version: is it whole, and so of another one? */
static int other_version(int fd, const struct rio_sealed_kind *kind, const uint64_t *words,
	uint64_t true_bytes, struct rio_error *err)
{
	_cleanup_free_ uint64_t *header = NULL;
	uint64_t len_bytes = words[RIO_SEALED_HEADER_BYTES], seal;
	size_t nr_words = len_bytes / sizeof(uint64_t);

	if (len_bytes < HEADER_BYTES_MIN || len_bytes > HEADER_BYTES_MAX ||
		len_bytes > true_bytes || len_bytes % sizeof(uint64_t))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged %s: a header of %ju bytes in a file of %ju", kind->name,
			(uintmax_t)len_bytes, (uintmax_t)true_bytes);
	header = malloc(len_bytes);
	if (!header)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a %s", kind->name);
	if (pread(fd, header, len_bytes, 0) != (ssize_t)len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: its header cannot be read",
			kind->name);
	seal = le64toh(header[nr_words - 1]);
	if (seal != XXH3_64bits(header, len_bytes - RIO_SEAL_BYTES))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: its header fails its seal",
			kind->name);
	if (words[RIO_SEALED_VERSION] == kind->version)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged %s: a header of %ju bytes, not %zu", kind->name,
			(uintmax_t)len_bytes, rio_sealed_header_bytes(kind));
	return rio_fail(err, RIO_EMAP_STALE, "%s of version %ju, this program writes version %ju",
		kind->name, (uintmax_t)words[RIO_SEALED_VERSION], (uintmax_t)kind->version);
}

static int find_length(int fd, const struct rio_sealed_kind *kind, uint64_t *ret,
	struct rio_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return rio_fail_errno(err, errno, "cannot look at a %s", kind->name);
	if (!S_ISREG(st.st_mode))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: not a regular file",
			kind->name);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int read_header(int fd, const struct rio_sealed_kind *kind, uint64_t true_bytes,
	uint64_t *words, struct rio_error *err)
{
	uint64_t raw[RIO_SEALED_NR_WORDS_MAX] = {0};
	size_t header_bytes = rio_sealed_header_bytes(kind);
	size_t head_bytes = RIO_MIN(true_bytes, header_bytes), sealed = kind->nr_words - 1;
	int r;

	if (true_bytes < HEADER_BYTES_MIN)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: it is only %ju bytes long",
			kind->name, (uintmax_t)true_bytes);
	r = read_all(fd, kind, raw, head_bytes, err);
	if (r)
		return r;
	memcpy(words, raw, header_bytes);
	rio_sealed_swap(words, kind->nr_words);
	if (words[RIO_SEALED_MAGIC] != kind->magic)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: it does not begin like one",
			kind->name);
	if (words[RIO_SEALED_VERSION] != kind->version ||
		words[RIO_SEALED_HEADER_BYTES] != header_bytes)
		return other_version(fd, kind, words, true_bytes, err);
	if (head_bytes < header_bytes || words[sealed] != XXH3_64bits(raw, sealed * sizeof(*raw)))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: its header fails its seal",
			kind->name);
	return 0;
}

int rio_sealed_read_header(int fd, const struct rio_sealed_kind *kind, uint64_t *words,
	uint64_t *ret_true_bytes, struct rio_error *err)
{
	uint64_t true_bytes = 0;
	int r = find_length(fd, kind, &true_bytes, err);

	if (!r)
		r = read_header(fd, kind, true_bytes, words, err);
	if (!r)
		*ret_true_bytes = true_bytes;
	return r;
}

bool rio_sealed_head_bytes(const struct rio_sealed_kind *kind, const uint64_t *words,
	uint64_t *ret)
{
	uint64_t path_bytes = words[kind->path_word], key_bytes = words[kind->path_word + 1];

	*ret = rio_sealed_header_bytes(kind) + path_bytes + 1 + key_bytes + 1 + RIO_SEAL_BYTES;
	return path_bytes <= TEXT_BYTES_MAX && key_bytes <= TEXT_BYTES_MAX;
}

int rio_sealed_check_size(const struct rio_sealed_kind *kind, const uint64_t *words,
	uint64_t sum, uint64_t true_bytes, struct rio_error *err)
{
	if (sum != words[RIO_SEALED_FILE_BYTES])
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged %s: the sizes in its header do not add up", kind->name);
	if (sum != true_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged %s: a file of %ju bytes that should have %ju", kind->name,
			(uintmax_t)true_bytes, (uintmax_t)sum);
	return 0;
}

/* The text as it was read must be the one that the key's hash was made of. */
static int check_key(const struct rio_sealed_kind *kind, const uint64_t *words, const char *path,
	const char *row_key, struct rio_error *err)
{
	struct rio_store_hash hash;
	int r = rio_store_key_hash(&(struct rio_store_key){path, row_key}, &hash, err);

	if (r == 0 && (hash.low != words[RIO_SEALED_KEY_LOW] ||
			      hash.high != words[RIO_SEALED_KEY_HIGH]))
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: its key is not its path's",
			kind->name);
	return r;
}

int rio_sealed_read_text(int fd, const struct rio_sealed_kind *kind, const uint64_t *words,
	char **ret_path, char **ret_row_key, struct rio_error *err)
{
	size_t path_bytes = words[kind->path_word], key_bytes = words[kind->path_word + 1];
	size_t len_bytes = path_bytes + 1 + key_bytes + 1;
	_cleanup_free_ char *text = malloc(len_bytes + RIO_SEAL_BYTES);
	int r;

	if (!text)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a %s", kind->name);
	r = rio_sealed_read(fd, kind, text, len_bytes, words[kind->nr_words - 1],
		"path and options", err);
	if (r)
		return r;
	if (text[path_bytes] || text[path_bytes + 1 + key_bytes] || strlen(text) != path_bytes ||
		strlen(text + path_bytes + 1) != key_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged %s: a NUL byte within its path",
			kind->name);
	*ret_path = strdup(text);
	*ret_row_key = strdup(text + path_bytes + 1);
	if (!*ret_path || !*ret_row_key)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a %s", kind->name);
	return check_key(kind, words, *ret_path, *ret_row_key, err);
}
