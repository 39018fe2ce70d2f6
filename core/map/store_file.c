/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file.  proto/FORMAT.md has the drawing; in short:
 *
 *	| header: 21 words, the last its seal | path NUL key NUL, seal | checkpoints, seal |
 *	| sizes, seal |		only where records differ in length
 *
 * A word is a little-endian u64, and there is nothing but words and two texts,
 * so reading is a loop and not a list of casts.
 *
 * Nothing that the file says is believed before it is shown to be what was
 * written.  The order of that is the point:
 *
 *   1. The header's seal.  Its place follows from the header's length, which
 *      every version keeps in the same word, so that a flipped bit in the
 *      version is damage, and a whole header of another version is not.
 *   2. The sizes in the header, summed with checked arithmetic, must give the
 *      file's true length.  Only then is memory asked for.
 *   3. The sections' seals.  They are seeded with the header's, so that a
 *      section of one file does not pass in another.
 *   4. rio_map_check: the seals say that we wrote it, this says that what we wrote
 *      was a map.
 *
 * Rejected: mapping the file (a truncation would be a SIGBUS), and a generic
 * container (protobuf has no seal and no random access; SQLite would be a
 * database for one array).
 */
#include "map/store_file.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum word {
	W_MAGIC,
	W_VERSION,
	W_HEADER_BYTES,
	W_FILE_BYTES,
	W_KEY_LOW,
	W_KEY_HIGH,
	W_DEV,
	W_INO,
	W_SIZE_BYTES,
	W_MTIME_NS,
	W_CTIME_NS,
	W_DATA_OFF,
	W_DATA_LINE,
	W_BAD_QUOTE_OFF,
	W_BAD_QUOTE_ROW,
	W_BAD_QUOTE_OPEN,
	W_NR_CHECKPOINTS,
	W_PATH_BYTES,
	W_ROW_KEY_BYTES,
	W_SIZES_BYTES,
	W_SEAL,
	NR_WORDS,
};

#define MAGIC        UINT64_C(0x0a1a50414d4f4952) /* "RIOMAP", a DOS end of file, LF */
#define VERSION      2
#define HEADER_BYTES (NR_WORDS * sizeof(uint64_t))
#define SEAL_BYTES   sizeof(uint64_t)

/* The longest header that a version to come may have, the shortest that has a seal. */
#define HEADER_BYTES_MAX (64 * RIO_KIB)
#define HEADER_BYTES_MIN ((W_FILE_BYTES + 2) * sizeof(uint64_t))

/* Longer than any path that the kernel takes. */
#define TEXT_BYTES_MAX (64 * RIO_KIB)

_Static_assert(sizeof(struct rio_checkpoint) == 3 * sizeof(uint64_t),
	"a checkpoint in memory is three words, as it is in the file");

static void to_little_endian(uint64_t *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		words[i] = htole64(words[i]);
}

static void from_little_endian(uint64_t *words, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		words[i] = le64toh(words[i]);
}

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

void rio_store_file_deinit(struct rio_store_file *file)
{
	rio_map_destroy(file->map);
	free(file->source_path);
	free(file->row_key);
	*file = (struct rio_store_file){0};
}

static int write_all(int fd, const void *data, size_t len_bytes, struct rio_error *err)
{
	const char *p = data;

	while (len_bytes > 0) {
		ssize_t n = write(fd, p, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rio_fail_errno(err, errno, "cannot write a map");
		p += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

static int write_seal(int fd, uint64_t seal, struct rio_error *err)
{
	to_little_endian(&seal, 1);
	return write_all(fd, &seal, sizeof(seal), err);
}

/* All but the seal, which goes over the words as they lie in the file. */
static void fill_header(uint64_t *words, const struct rio_store_key *key,
	const struct rio_store_hash *hash, const struct rio_map *map, size_t sizes_bytes)
{
	words[W_MAGIC] = MAGIC;
	words[W_VERSION] = VERSION;
	words[W_HEADER_BYTES] = HEADER_BYTES;
	words[W_KEY_LOW] = hash->low;
	words[W_KEY_HIGH] = hash->high;
	words[W_DEV] = map->stamp.dev;
	words[W_INO] = map->stamp.ino;
	words[W_SIZE_BYTES] = map->stamp.size_bytes;
	words[W_MTIME_NS] = (uint64_t)map->stamp.mtime_ns;
	words[W_CTIME_NS] = (uint64_t)map->stamp.ctime_ns;
	words[W_DATA_OFF] = map->data_off;
	words[W_DATA_LINE] = map->data_line;
	words[W_BAD_QUOTE_OFF] = map->bad_quote_off;
	words[W_BAD_QUOTE_ROW] = map->bad_quote_row;
	words[W_BAD_QUOTE_OPEN] = map->bad_quote_open;
	words[W_NR_CHECKPOINTS] = map->nr_checkpoints;
	words[W_PATH_BYTES] = strlen(key->source_path);
	words[W_ROW_KEY_BYTES] = strlen(key->row_key);
	words[W_SIZES_BYTES] = sizes_bytes;
	words[W_FILE_BYTES] = HEADER_BYTES + words[W_PATH_BYTES] + 1 + words[W_ROW_KEY_BYTES] + 1 +
			      SEAL_BYTES + map->nr_checkpoints * sizeof(*map->checkpoints) +
			      SEAL_BYTES + (sizes_bytes ? sizes_bytes + SEAL_BYTES : 0);
}

static int write_header(int fd, const struct rio_store_key *key, const struct rio_map *map,
	size_t sizes_bytes, uint64_t *ret_seal, struct rio_error *err)
{
	struct rio_store_hash hash;
	uint64_t words[NR_WORDS];
	int r = rio_store_key_hash(key, &hash, err);

	if (r)
		return r;
	fill_header(words, key, &hash, map, sizes_bytes);
	to_little_endian(words, W_SEAL);
	*ret_seal = XXH3_64bits(words, HEADER_BYTES - SEAL_BYTES);
	r = write_all(fd, words, HEADER_BYTES - SEAL_BYTES, err);
	return r ? r : write_seal(fd, *ret_seal, err);
}

static int write_text(int fd, const struct rio_store_key *key, uint64_t seed,
	struct rio_error *err)
{
	_cleanup_free_ char *text = NULL;
	size_t len_bytes = 0;
	int r = join_key(key, &text, &len_bytes, err);

	if (!r)
		r = write_all(fd, text, len_bytes, err);
	return r ? r : write_seal(fd, XXH3_64bits_withSeed(text, len_bytes, seed), err);
}

/* Through a small buffer, as the array in memory is not ours to turn around. */
static int write_checkpoints(int fd, const struct rio_map *map, uint64_t seed,
	struct rio_error *err)
{
	enum { PIECE = 1024 };
	_cleanup_(rio_freep) struct rio_checkpoint *piece = malloc(PIECE * sizeof(*piece));
	XXH3_state_t *state = XXH3_createState();
	int r = 0;

	if (!piece || !state || XXH3_64bits_reset_withSeed(state, seed) != XXH_OK)
		r = rio_fail(err, RIO_ENOMEM, "no memory to write a map");
	for (size_t k = 0; !r && k < map->nr_checkpoints; k += PIECE) {
		size_t nr = RIO_MIN(map->nr_checkpoints - k, (size_t)PIECE);

		memcpy(piece, map->checkpoints + k, nr * sizeof(*piece));
		to_little_endian(&piece->src_off, nr * 3);
		XXH3_64bits_update(state, piece, nr * sizeof(*piece));
		r = write_all(fd, piece, nr * sizeof(*piece), err);
	}
	if (!r)
		r = write_seal(fd, XXH3_64bits_digest(state), err);
	XXH3_freeState(state);
	return r;
}

int rio_store_file_write(int fd, const struct rio_store_key *key, const struct rio_map *map,
	struct rio_error *err)
{
	_cleanup_free_ uint8_t *sizes = NULL;
	size_t sizes_bytes = 0;
	uint64_t seal;
	int r = map->sizes ? rio_sizes_pack(map->sizes, &sizes, &sizes_bytes, err) : 0;

	if (!r)
		r = write_header(fd, key, map, sizes_bytes, &seal, err);
	if (!r)
		r = write_text(fd, key, seal, err);
	if (!r)
		r = write_checkpoints(fd, map, seal, err);
	if (!r && sizes)
		r = write_all(fd, sizes, sizes_bytes, err);
	if (!r && sizes)
		r = write_seal(fd, XXH3_64bits_withSeed(sizes, sizes_bytes, seal), err);
	return r;
}

static int read_all(int fd, void *data, size_t len_bytes, struct rio_error *err)
{
	char *p = data;

	while (len_bytes > 0) {
		ssize_t n = read(fd, p, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return rio_fail_errno(err, errno, "cannot read a map");
		if (n == 0)
			return rio_fail(err, RIO_EMAP_DAMAGED,
				"damaged map: it ends %zu bytes too early", len_bytes);
		p += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

/* Read a section into data, and the seal behind it. */
static int read_sealed(int fd, void *data, size_t len_bytes, uint64_t seed, const char *what,
	struct rio_error *err)
{
	uint64_t seal;
	int r = read_all(fd, data, len_bytes, err);

	if (!r)
		r = read_all(fd, &seal, sizeof(seal), err);
	if (r)
		return r;
	from_little_endian(&seal, 1);
	if (seal != XXH3_64bits_withSeed(data, len_bytes, seed))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its %s fail their seal", what);
	return 0;
}

/* A header that is not of this version: is it whole, and so of another one? */
static int other_version(int fd, const uint64_t *words, uint64_t true_bytes,
	struct rio_error *err)
{
	_cleanup_free_ uint64_t *header = NULL;
	uint64_t len_bytes = words[W_HEADER_BYTES], seal;
	size_t nr_words = len_bytes / sizeof(uint64_t);

	if (len_bytes < HEADER_BYTES_MIN || len_bytes > HEADER_BYTES_MAX ||
		len_bytes > true_bytes || len_bytes % sizeof(uint64_t))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: a header of %ju bytes in a file of %ju",
			(uintmax_t)len_bytes, (uintmax_t)true_bytes);
	header = malloc(len_bytes);
	if (!header)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	if (pread(fd, header, len_bytes, 0) != (ssize_t)len_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its header cannot be read");
	seal = le64toh(header[nr_words - 1]);
	if (seal != XXH3_64bits(header, len_bytes - SEAL_BYTES))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its header fails its seal");
	if (words[W_VERSION] == VERSION)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: a header of %ju bytes, not %zu", (uintmax_t)len_bytes,
			HEADER_BYTES);
	return rio_fail(err, RIO_EMAP_STALE, "map of version %ju, this program writes version %d",
		(uintmax_t)words[W_VERSION], VERSION);
}

static int read_header(int fd, uint64_t true_bytes, uint64_t *words, struct rio_error *err)
{
	uint64_t raw[NR_WORDS];
	size_t head_bytes = RIO_MIN(true_bytes, HEADER_BYTES);
	int r;

	if (true_bytes < HEADER_BYTES_MIN)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: it is only %ju bytes long",
			(uintmax_t)true_bytes);
	memset(raw, 0, sizeof(raw));
	r = read_all(fd, raw, head_bytes, err);
	if (r)
		return r;
	memcpy(words, raw, sizeof(raw));
	from_little_endian(words, NR_WORDS);
	if (words[W_MAGIC] != MAGIC)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: it does not begin like one");
	if (words[W_VERSION] != VERSION || words[W_HEADER_BYTES] != HEADER_BYTES)
		return other_version(fd, words, true_bytes, err);
	if (head_bytes < HEADER_BYTES || words[W_SEAL] != XXH3_64bits(raw, W_SEAL * sizeof(*raw)))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its header fails its seal");
	return 0;
}

/* The sizes in a sealed header must add up to the file's own length. */
static int check_sizes(const uint64_t *words, uint64_t true_bytes, struct rio_error *err)
{
	uint64_t sum = HEADER_BYTES + 2 + 2 * SEAL_BYTES, checkpoint_bytes;

	if (words[W_PATH_BYTES] > TEXT_BYTES_MAX || words[W_ROW_KEY_BYTES] > TEXT_BYTES_MAX ||
		!rio_add_ok(sum, words[W_PATH_BYTES], &sum) ||
		!rio_add_ok(sum, words[W_ROW_KEY_BYTES], &sum) ||
		!rio_mul_ok(words[W_NR_CHECKPOINTS], sizeof(struct rio_checkpoint),
			&checkpoint_bytes) ||
		!rio_add_ok(sum, checkpoint_bytes, &sum) ||
		!rio_add_ok(sum, words[W_SIZES_BYTES], &sum) ||
		!rio_add_ok(sum, words[W_SIZES_BYTES] ? SEAL_BYTES : 0, &sum) ||
		sum != words[W_FILE_BYTES])
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: the sizes in its header do not add up");
	if (sum != true_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged map: a file of %ju bytes that should have %ju",
			(uintmax_t)true_bytes, (uintmax_t)sum);
	return 0;
}

static int read_text(int fd, const uint64_t *words, struct rio_store_file *file,
	struct rio_error *err)
{
	size_t path_bytes = words[W_PATH_BYTES], key_bytes = words[W_ROW_KEY_BYTES];
	_cleanup_free_ char *text = malloc(path_bytes + 1 + key_bytes + 1);
	struct rio_store_hash hash;
	int r;

	if (!text)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	r = read_sealed(fd, text, path_bytes + 1 + key_bytes + 1, words[W_SEAL], "path and options",
		err);
	if (r)
		return r;
	if (text[path_bytes] || text[path_bytes + 1 + key_bytes] || strlen(text) != path_bytes ||
		strlen(text + path_bytes + 1) != key_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: a NUL byte within its path");
	file->source_path = strdup(text);
	file->row_key = strdup(text + path_bytes + 1);
	if (!file->source_path || !file->row_key)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	r = rio_store_key_hash(&(struct rio_store_key){file->source_path, file->row_key}, &hash,
		err);
	if (!r && (hash.low != words[W_KEY_LOW] || hash.high != words[W_KEY_HIGH]))
		r = rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its key is not its path's");
	return r;
}

static int read_checkpoints(int fd, const uint64_t *words, struct rio_map *map,
	struct rio_error *err)
{
	size_t nr = words[W_NR_CHECKPOINTS];
	int r;

	if (nr == 0 || words[W_BAD_QUOTE_OPEN] > 1)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its header makes no sense");
	map->checkpoints = calloc(nr, sizeof(*map->checkpoints));
	if (!map->checkpoints)
		return rio_fail(err, RIO_ENOMEM, "no memory for a map of %zu checkpoints", nr);
	map->nr_checkpoints = nr;
	r = read_sealed(fd, map->checkpoints, nr * sizeof(*map->checkpoints), words[W_SEAL],
		"checkpoints", err);
	if (!r)
		from_little_endian(&map->checkpoints->src_off, nr * 3);
	return r;
}

static int read_sizes(int fd, const uint64_t *words, struct rio_map *map, struct rio_error *err)
{
	size_t len_bytes = words[W_SIZES_BYTES];
	_cleanup_free_ uint8_t *bytes = NULL;
	int r;

	if (!len_bytes)
		return 0;
	bytes = malloc(len_bytes);
	if (!bytes)
		return rio_fail(err, RIO_ENOMEM, "no memory for the sizes of a map");
	r = read_sealed(fd, bytes, len_bytes, words[W_SEAL], "sizes", err);
	return r ? r : rio_sizes_unpack(bytes, len_bytes, map->nr_checkpoints, &map->sizes, err);
}

static int read_map(int fd, const uint64_t *words, struct rio_store_file *file,
	struct rio_error *err)
{
	struct rio_map *map = file->map = calloc(1, sizeof(*map));
	int r;

	if (!map)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	map->stamp = (struct rio_stamp){
		.dev = words[W_DEV],
		.ino = words[W_INO],
		.size_bytes = words[W_SIZE_BYTES],
		.mtime_ns = (int64_t)words[W_MTIME_NS],
		.ctime_ns = (int64_t)words[W_CTIME_NS],
	};
	map->data_off = words[W_DATA_OFF];
	map->data_line = words[W_DATA_LINE];
	map->bad_quote_off = words[W_BAD_QUOTE_OFF];
	map->bad_quote_row = words[W_BAD_QUOTE_ROW];
	map->bad_quote_open = words[W_BAD_QUOTE_OPEN] == 1;
	r = read_checkpoints(fd, words, map, err);
	if (!r)
		r = read_sizes(fd, words, map, err);
	return r ? r : rio_map_check(map, err);
}

int rio_store_file_read(int fd, struct rio_store_file *ret, struct rio_error *err)
{
	_cleanup_(rio_store_file_deinit) struct rio_store_file file = {0};
	uint64_t words[NR_WORDS] = {0}, true_bytes;
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return rio_fail_errno(err, errno, "cannot look at a map");
	if (!S_ISREG(st.st_mode))
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: not a regular file");
	true_bytes = (uint64_t)st.st_size;
	r = read_header(fd, true_bytes, words, err);
	if (!r)
		r = check_sizes(words, true_bytes, err);
	if (!r)
		r = read_text(fd, words, &file, err);
	if (!r)
		r = read_map(fd, words, &file, err);
	if (r)
		return r;
	*ret = file;
	file = (struct rio_store_file){0};
	return 0;
}
