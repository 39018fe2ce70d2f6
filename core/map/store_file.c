/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file.  proto/FORMAT.md has the drawing; in short:
 *
 *	| header: 20 words, the last its seal | path NUL key NUL, seal | checkpoints, seal |
 *
 * What all kinds of files have, header, text and seals, is map/sealed's; here are the
 * words that a map has of its own, and its checkpoints.
 *
 * Nothing that the file says is believed before it is shown to be what was
 * written: after map/sealed's checks the sizes in the header must add up to the
 * file's true length before memory is asked for, and behind the seals stands
 * rio_map_check: they say that we wrote it, this says that what we wrote was a map.
 *
 * Rejected: mapping the file (a truncation would be a SIGBUS), and a generic
 * container (protobuf has no seal and no random access; SQLite would be a
 * database for one array).
 */
#include "map/store_file.h"

#include "map/sealed.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum word {
	W_DATA_OFF = RIO_SEALED_NR_WORDS,
	W_DATA_LINE,
	W_BAD_QUOTE_OFF,
	W_BAD_QUOTE_ROW,
	W_BAD_QUOTE_OPEN,
	W_NR_CHECKPOINTS,
	W_PATH_BYTES,
	W_ROW_KEY_BYTES,
	W_SEAL,
	NR_WORDS,
};

static const struct rio_sealed_kind kind = {
	.name = "map",
	.magic = UINT64_C(0x0a1a50414d4f4952), /* "RIOMAP", a DOS end of file, LF */
	.version = 1,
	.nr_words = NR_WORDS,
	.path_word = W_PATH_BYTES,
};

_Static_assert(sizeof(struct rio_checkpoint) == 3 * sizeof(uint64_t),
	"a checkpoint in memory is three words, as it is in the file");

void rio_store_file_deinit(struct rio_store_file *file)
{
	rio_map_destroy(file->map);
	free(file->source_path);
	free(file->row_key);
	*file = (struct rio_store_file){0};
}

/* What the header has of its own. */
static void fill_header(uint64_t *words, const struct rio_store_key *key,
	const struct rio_map *map)
{
	words[W_DATA_OFF] = map->data_off;
	words[W_DATA_LINE] = map->data_line;
	words[W_BAD_QUOTE_OFF] = map->bad_quote_off;
	words[W_BAD_QUOTE_ROW] = map->bad_quote_row;
	words[W_BAD_QUOTE_OPEN] = map->bad_quote_open;
	words[W_NR_CHECKPOINTS] = map->nr_checkpoints;
	words[RIO_SEALED_FILE_BYTES] = rio_sealed_text_end(&kind, key) +
				       map->nr_checkpoints * sizeof(*map->checkpoints) +
				       RIO_SEAL_BYTES;
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
		rio_sealed_swap(&piece->src_off, nr * 3);
		XXH3_64bits_update(state, piece, nr * sizeof(*piece));
		r = rio_sealed_write_all(fd, piece, nr * sizeof(*piece), err);
	}
	if (!r)
		r = rio_sealed_write_seal(fd, XXH3_64bits_digest(state), err);
	XXH3_freeState(state);
	return r;
}

int rio_store_file_write(int fd, const struct rio_store_key *key, const struct rio_map *map,
	struct rio_error *err)
{
	uint64_t words[NR_WORDS], seal;
	int r;

	fill_header(words, key, map);
	r = rio_sealed_write_head(fd, &kind, key, &map->stamp, words, &seal, err);
	return r ? r : write_checkpoints(fd, map, seal, err);
}

/* The sizes in a sealed header must add up to the file's own length. */
static int check_sizes(const uint64_t *words, uint64_t true_bytes, struct rio_error *err)
{
	uint64_t sum, checkpoint_bytes;

	if (!rio_sealed_head_bytes(&kind, words, &sum) ||
		!rio_mul_ok(words[W_NR_CHECKPOINTS], sizeof(struct rio_checkpoint),
			&checkpoint_bytes) ||
		!rio_add_ok(sum, checkpoint_bytes, &sum) ||
		!rio_add_ok(sum, RIO_SEAL_BYTES, &sum))
		sum = UINT64_MAX;
	return rio_sealed_check_size(&kind, words, sum, true_bytes, err);
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
	r = rio_sealed_read(fd, &kind, map->checkpoints, nr * sizeof(*map->checkpoints), words[W_SEAL],
		"checkpoints", err);
	if (!r)
		rio_sealed_swap(&map->checkpoints->src_off, nr * 3);
	return r;
}

static int read_map(int fd, const uint64_t *words, struct rio_store_file *file,
	struct rio_error *err)
{
	struct rio_map *map = file->map = calloc(1, sizeof(*map));
	int r;

	if (!map)
		return rio_fail(err, RIO_ENOMEM, "no memory to read a map");
	map->stamp = rio_sealed_stamp(words);
	map->data_off = words[W_DATA_OFF];
	map->data_line = words[W_DATA_LINE];
	map->bad_quote_off = words[W_BAD_QUOTE_OFF];
	map->bad_quote_row = words[W_BAD_QUOTE_ROW];
	map->bad_quote_open = words[W_BAD_QUOTE_OPEN] == 1;
	r = read_checkpoints(fd, words, map, err);
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
	r = rio_sealed_read_header(fd, &kind, true_bytes, words, err);
	if (!r)
		r = check_sizes(words, true_bytes, err);
	if (!r)
		r = rio_sealed_read_text(fd, &kind, words, &file.source_path, &file.row_key, err);
	if (!r)
		r = read_map(fd, words, &file, err);
	if (r)
		return r;
	*ret = file;
	file = (struct rio_store_file){0};
	return 0;
}
