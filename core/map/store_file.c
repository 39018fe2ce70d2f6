/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map file.  proto/FORMAT.md has the drawing; in short:
 *
 *	| header: 22 words, the last its seal | path NUL key NUL, seal |
 *	| groups, each with the seal of its checkpoints, seal | checkpoints |
 *	| sizes, seal |		only where records differ in length
 *
 * What all kinds of files have, header, text and seals, is map/sealed's; here are the
 * words that a map has of its own, and its checkpoints, each three little-endian u32.
 *
 * Nothing that the file says is believed before it is shown to be what was
 * written: after map/sealed's checks the sizes in the header must add up to the
 * file's true length before memory is asked for, and behind the seals stands
 * rio_map_check: they say that we wrote it, this says that what we wrote was a map.
 *
 * Rejected: a generic container (protobuf has no seal and no random access; SQLite
 * would be a database for one array).
 */
#include "map/store_file.h"

#include "map/rest.h"
#include "map/sealed.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
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
	W_NR_GROUPS,
	W_SIZES_BYTES,
	W_SEAL,
	NR_WORDS,
};

static const struct rio_sealed_kind kind = {
	.name = "map",
	.magic = UINT64_C(0x0a1a50414d4f4952), /* "RIOMAP", a DOS end of file, LF */
	.version = 5,
	.nr_words = NR_WORDS,
	.path_word = W_PATH_BYTES,
};

_Static_assert(sizeof(struct rio_checkpoint_group) == 5 * sizeof(uint64_t) &&
		       sizeof(struct rio_packed_checkpoint) == 3 * sizeof(uint32_t),
	"groups and checkpoints lie in memory as they do in the file");

void rio_store_file_deinit(struct rio_store_file *file)
{
	rio_map_destroy(file->map);
	free(file->source_path);
	free(file->row_key);
	*file = (struct rio_store_file){0};
}

/* What the header has of its own. */
static void fill_header(uint64_t *words, const struct rio_store_key *key,
	const struct rio_map *map, size_t sizes_bytes)
{
	words[W_DATA_OFF] = map->data_off;
	words[W_DATA_LINE] = map->data_line;
	words[W_BAD_QUOTE_OFF] = map->bad_quote_off;
	words[W_BAD_QUOTE_ROW] = map->bad_quote_row;
	words[W_BAD_QUOTE_OPEN] = map->bad_quote_open;
	words[W_NR_CHECKPOINTS] = map->nr_checkpoints;
	words[W_NR_GROUPS] = map->nr_groups;
	words[W_SIZES_BYTES] = sizes_bytes;
	words[RIO_SEALED_FILE_BYTES] = rio_sealed_text_end(&kind, key) +
				       map->nr_groups * sizeof(*map->groups) + RIO_SEAL_BYTES +
				       map->nr_checkpoints * sizeof(*map->packed) +
				       (sizes_bytes ? sizes_bytes + RIO_SEAL_BYTES : 0);
}

static int write_sealed(int fd, const void *data, size_t len_bytes, uint64_t seed,
	struct rio_error *err)
{
	int r = rio_sealed_write_all(fd, data, len_bytes, err);

	return r ? r : rio_sealed_write_seal(fd, XXH3_64bits_withSeed(data, len_bytes, seed), err);
}

/* As they are in memory, each with the seal of its checkpoints. */
static int write_groups(int fd, const struct rio_map *map, uint64_t seed, struct rio_error *err)
{
	size_t len_bytes = map->nr_groups * sizeof(*map->groups);
	_cleanup_free_ struct rio_checkpoint_group *groups = malloc(len_bytes);

	if (!groups)
		return rio_fail(err, RIO_ENOMEM, "no memory to write a map");
	memcpy(groups, map->groups, len_bytes);
	for (size_t i = 0; i < map->nr_groups; i++)
		groups[i].seal = rio_map_group_seal(map, i, seed);
	rio_sealed_swap((uint64_t *)groups, len_bytes / sizeof(uint64_t));
	return write_sealed(fd, groups, len_bytes, seed, err);
}

static int write_checkpoints(int fd, const struct rio_map *map, struct rio_error *err)
{
	struct rio_packed_checkpoint packed[RIO_MAP_GROUP_CHECKPOINTS];
	int r = 0;

	for (size_t i = 0; !r && i < map->nr_groups; i++) {
		size_t nr = rio_map_group_as_kept(map, i, packed);

		r = rio_sealed_write_all(fd, packed, nr * sizeof(*packed), err);
	}
	return r;
}

int rio_store_file_write(int fd, const struct rio_store_key *key, const struct rio_map *map,
	struct rio_error *err)
{
	_cleanup_free_ uint8_t *sizes = NULL;
	uint64_t words[NR_WORDS], seal;
	size_t sizes_bytes = 0;
	int r = map->sizes ? rio_sizes_pack(map->sizes, &sizes, &sizes_bytes, err) : 0;

	if (r)
		return r;
	fill_header(words, key, map, sizes_bytes);
	r = rio_sealed_write_head(fd, &kind, key, &map->stamp, words, &seal, err);
	if (!r)
		r = write_groups(fd, map, seal, err);
	if (!r)
		r = write_checkpoints(fd, map, err);
	return r || !sizes ? r : write_sealed(fd, sizes, sizes_bytes, seal, err);
}

/* The sizes in a sealed header must add up to the file's own length. */
static int check_sizes(const uint64_t *words, uint64_t true_bytes, struct rio_error *err)
{
	uint64_t sum, group_bytes, checkpoint_bytes;

	if (!rio_sealed_head_bytes(&kind, words, &sum) ||
		!rio_mul_ok(words[W_NR_GROUPS], sizeof(struct rio_checkpoint_group),
			&group_bytes) ||
		!rio_mul_ok(words[W_NR_CHECKPOINTS], sizeof(struct rio_packed_checkpoint),
			&checkpoint_bytes) ||
		!rio_add_ok(sum, group_bytes, &sum) ||
		!rio_add_ok(sum, checkpoint_bytes, &sum) ||
		!rio_add_ok(sum, RIO_SEAL_BYTES, &sum) ||
		!rio_add_ok(sum, words[W_SIZES_BYTES], &sum) ||
		!rio_add_ok(sum, words[W_SIZES_BYTES] ? RIO_SEAL_BYTES : 0, &sum))
		sum = UINT64_MAX;
	return rio_sealed_check_size(&kind, words, sum, true_bytes, err);
}

static int read_groups(int fd, const uint64_t *words, struct rio_map *map, struct rio_error *err)
{
	size_t nr = words[W_NR_GROUPS], len_bytes = nr * sizeof(*map->groups);
	int r;

	if (words[W_NR_CHECKPOINTS] == 0 || nr == 0 || words[W_BAD_QUOTE_OPEN] > 1)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged map: its header makes no sense");
	map->groups = malloc(len_bytes + RIO_SEAL_BYTES);
	if (!map->groups)
		return rio_fail(err, RIO_ENOMEM, "no memory for a map's %zu groups", nr);
	r = rio_sealed_read(fd, &kind, map->groups, len_bytes, words[W_SEAL], "groups", err);
	if (r)
		return r;
	rio_sealed_swap((uint64_t *)map->groups, len_bytes / sizeof(uint64_t));
	map->nr_groups = nr;
	map->nr_checkpoints = words[W_NR_CHECKPOINTS];
	return rio_map_check_groups(map, err);
}

/* All of them, or where path leads to the file, those of the last group. */
static int read_checkpoints(int fd, const uint64_t *words, const char *path, struct rio_map *map,
	struct rio_error *err)
{
	size_t len_bytes = map->nr_checkpoints * sizeof(*map->packed);
	off_t packed_off = lseek(fd, 0, SEEK_CUR);
	int r;

	/* Fresh pages, which take no memory before they are touched. */
	map->packed = calloc(map->nr_checkpoints, sizeof(*map->packed));
	if (!map->packed)
		return rio_fail(err, RIO_ENOMEM, "no memory for a map's %zu checkpoints",
			map->nr_checkpoints);
	r = path ? rio_map_leave_rest(map, path, fd, (uint64_t)packed_off, words[W_SEAL], err)
		 : rio_map_read_groups(map, 0, map->nr_groups, fd, (uint64_t)packed_off,
			   words[W_SEAL], err);
	if (!r && lseek(fd, packed_off + (off_t)len_bytes, SEEK_SET) < 0)
		r = rio_fail_errno(err, errno, "cannot read a map");
	return r;
}

static int read_sizes(int fd, const uint64_t *words, struct rio_map *map, struct rio_error *err)
{
	size_t len_bytes = words[W_SIZES_BYTES];
	_cleanup_free_ uint8_t *bytes = NULL;
	int r;

	if (!len_bytes)
		return 0;
	bytes = malloc(len_bytes + RIO_SEAL_BYTES);
	if (!bytes)
		return rio_fail(err, RIO_ENOMEM, "no memory for the sizes of a map");
	r = rio_sealed_read(fd, &kind, bytes, len_bytes, words[W_SEAL], "sizes", err);
	return r ? r : rio_sizes_unpack(bytes, len_bytes, map->nr_checkpoints, &map->sizes, err);
}

static int read_map(int fd, const uint64_t *words, const char *path, struct rio_store_file *file,
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
	r = read_groups(fd, words, map, err);
	if (!r)
		r = read_checkpoints(fd, words, path, map, err);
	if (!r)
		r = read_sizes(fd, words, map, err);
	return r ? r : rio_map_check(map, err);
}

int rio_store_file_read(int fd, const char *path, struct rio_store_file *ret,
	struct rio_error *err)
{
	_cleanup_(rio_store_file_deinit) struct rio_store_file file = {0};
	uint64_t words[NR_WORDS] = {0}, true_bytes;
	int r = rio_sealed_read_header(fd, &kind, words, &true_bytes, err);

	if (!r)
		r = check_sizes(words, true_bytes, err);
	if (!r)
		r = rio_sealed_read_text(fd, &kind, words, &file.source_path, &file.row_key, err);
	if (!r)
		r = read_map(fd, words, path, &file, err);
	if (r)
		return r;
	*ret = file;
	file = (struct rio_store_file){0};
	return 0;
}
