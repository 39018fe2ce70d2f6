/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seek index's file.  proto/FORMAT.md has the drawing; in short:
 *
 *	| header | path NUL NUL, seal | windows | points, seal |
 *
 * Windows make up nearly all of it, and come while the source is decoded: they are
 * written to their place at once and never held in memory.  Where that place begins
 * follows from the path alone; the head is written last, over the hole before it.
 * For the same reason each window has its seal in its point, and is read when it is
 * needed.
 */
#include "map/store_seek.h"

#include "map/sealed.h"
#include "map/store_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <xxhash.h>

enum word {
	W_CODEC = RIO_SEALED_NR_WORDS,
	W_WINDOWS_BYTES,
	W_NR_POINTS,
	W_PATH_BYTES,
	W_ROW_KEY_BYTES,
	W_SEAL,
	NR_WORDS,
};

static const struct rio_sealed_kind kind = {
	.name = "seek index",
	.magic = UINT64_C(0x0a1a4b4545534f52), /* "ROSEEK", a DOS end of file, LF */
	.version = 1,
	.nr_words = NR_WORDS,
	.path_word = W_PATH_BYTES,
};

_Static_assert(sizeof(struct rio_seek_point) == 5 * sizeof(uint64_t),
	"a point in memory is five words, as it is in the file");

enum { POINT_WORDS = 5 };

static struct rio_store_key key_of(const char *source_path)
{
	return (struct rio_store_key){source_path, ""};
}

/* --- writing --- */

struct rio_seek_draft {
	struct rio_store_temporary temporary;
	char *source_path;
};

int rio_seek_draft_create(struct rio_store *store, const char *source_path,
	struct rio_seek_draft **ret, int *ret_fd, uint64_t *ret_windows_off,
	struct rio_error *err)
{
	struct rio_store_key key = key_of(source_path);
	struct rio_seek_draft *draft = malloc(sizeof(*draft));
	char *path = strdup(source_path);
	int r, fd = -1;

	if (!draft || !path) {
		free(draft);
		free(path);
		return rio_fail(err, RIO_ENOMEM, "no memory for a seek index");
	}
	draft->source_path = path;
	r = rio_store_temporary_create(store, &key, RIO_STORE_SEEK, &draft->temporary, err);
	if (r == 0) {
		fd = fcntl(draft->temporary.fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			r = rio_fail_errno(err, errno, "cannot make a seek index");
	}
	if (r < 0) {
		rio_seek_draft_destroy(draft);
		return r;
	}
	*ret = draft;
	*ret_fd = fd;
	*ret_windows_off = rio_sealed_text_end(&kind, &key);
	return 0;
}

void rio_seek_draft_destroy(struct rio_seek_draft *draft)
{
	if (!draft)
		return;
	rio_store_temporary_destroy(&draft->temporary);
	free(draft->source_path);
	free(draft);
}

void rio_seek_draft_destroyp(struct rio_seek_draft **draft)
{
	rio_seek_draft_destroy(*draft);
}

static int write_points(int fd, const struct rio_seek_index *index, uint64_t seed,
	struct rio_error *err)
{
	size_t nr_words = index->nr_points * POINT_WORDS;
	_cleanup_free_ uint64_t *words = malloc(nr_words * sizeof(*words));
	int r;

	if (!words)
		return rio_fail(err, RIO_ENOMEM, "no memory to write a seek index");
	memcpy(words, index->points, nr_words * sizeof(*words));
	rio_sealed_swap(words, nr_words);
	if (lseek(fd, (off_t)index->windows_end, SEEK_SET) < 0)
		return rio_fail_errno(err, errno, "cannot write a seek index");
	r = rio_sealed_write_all(fd, words, nr_words * sizeof(*words), err);
	return r ? r : rio_sealed_write_seal(fd,
			       XXH3_64bits_withSeed(words, nr_words * sizeof(*words), seed), err);
}

int rio_seek_draft_keep(struct rio_seek_draft *draft, const struct rio_stamp *stamp,
	struct rio_seek_index *index, struct rio_error *err)
{
	struct rio_store_key key = key_of(draft->source_path);
	uint64_t words[NR_WORDS] = {
		[W_CODEC] = index->codec->id,
		[W_WINDOWS_BYTES] = index->windows_end - index->windows_off,
		[W_NR_POINTS] = index->nr_points,
		[RIO_SEALED_FILE_BYTES] = index->windows_end +
			index->nr_points * sizeof(*index->points) + RIO_SEAL_BYTES,
	};
	uint64_t seal;
	int fd = draft->temporary.fd, r;

	r = rio_sealed_write_head(fd, &kind, &key, stamp, words, &seal, err);
	if (!r)
		r = write_points(fd, index, seal, err);
	if (!r)
		r = rio_store_temporary_publish(&draft->temporary, err);
	if (!r)
		index->id = seal;
	return r;
}

/* --- reading --- */

void rio_seek_file_deinit(struct rio_seek_file *file)
{
	rio_seek_index_destroy(file->index);
	free(file->source_path);
	free(file->row_key);
	*file = (struct rio_seek_file){0};
}

static int check_sizes(const uint64_t *words, uint64_t true_bytes, struct rio_error *err)
{
	uint64_t sum, points_bytes;

	if (!rio_sealed_head_bytes(&kind, words, &sum) ||
		!rio_add_ok(sum, words[W_WINDOWS_BYTES], &sum) ||
		!rio_mul_ok(words[W_NR_POINTS], sizeof(struct rio_seek_point), &points_bytes) ||
		!rio_add_ok(sum, points_bytes, &sum) || !rio_add_ok(sum, RIO_SEAL_BYTES, &sum))
		sum = UINT64_MAX;
	return rio_sealed_check_size(&kind, words, sum, true_bytes, err);
}

static int read_points(const uint64_t *words, struct rio_seek_index *index,
	struct rio_error *err)
{
	size_t nr = words[W_NR_POINTS];
	int fd = index->windows_fd, r;

	index->points = malloc(nr * sizeof(*index->points) + RIO_SEAL_BYTES);
	if (!index->points)
		return rio_fail(err, RIO_ENOMEM, "no memory for a seek index of %zu points", nr);
	index->nr_points = index->points_room = nr;
	index->windows_end = index->windows_off + words[W_WINDOWS_BYTES];
	if (lseek(fd, (off_t)index->windows_end, SEEK_SET) < 0)
		return rio_fail_errno(err, errno, "cannot read a seek index");
	r = rio_sealed_read(fd, &kind, index->points, nr * sizeof(*index->points), words[W_SEAL],
		"points", err);
	if (r)
		return r;
	rio_sealed_swap(&index->points->bit, nr * POINT_WORDS);
	return rio_seek_index_check(index, words[RIO_SEALED_SIZE_BYTES], err);
}

/* Behind the text; fd is the index's from here on. */
static int read_index(int fd, const uint64_t *words, struct rio_seek_file *file,
	struct rio_error *err)
{
	const struct rio_codec *codec = rio_codec_of_id(words[W_CODEC]);
	uint64_t windows_off;
	int r;

	if (!codec) {
		close(fd);
		return rio_fail(err, RIO_EMAP_STALE, "seek index of a format that is not known here");
	}
	rio_sealed_head_bytes(&kind, words, &windows_off);
	r = rio_seek_index_create(codec, fd, windows_off, &file->index, err);
	if (r)
		return r;
	file->index->id = words[W_SEAL];
	return read_points(words, file->index, err);
}

int rio_seek_file_read(int fd_taken, struct rio_seek_file *ret, struct rio_error *err)
{
	_cleanup_(rio_seek_file_deinit) struct rio_seek_file file = {0};
	_cleanup_close_ int fd = fd_taken;
	uint64_t words[NR_WORDS] = {0}, true_bytes;
	int r = rio_sealed_read_header(fd, &kind, words, &true_bytes, err);

	if (!r)
		r = check_sizes(words, true_bytes, err);
	if (!r)
		r = rio_sealed_read_text(fd, &kind, words, &file.source_path, &file.row_key, err);
	if (!r)
		r = read_index(rio_steal_fd(&fd), words, &file, err);
	if (r)
		return r;
	file.stamp = rio_sealed_stamp(words);
	*ret = file;
	file = (struct rio_seek_file){0};
	return 0;
}

int rio_store_load_seek(struct rio_store *store, const char *source_path,
	const struct rio_stamp *stamp, struct rio_seek_index **ret, struct rio_error *err)
{
	struct rio_store_key key = key_of(source_path);
	_cleanup_(rio_seek_file_deinit) struct rio_seek_file file = {0};
	_cleanup_close_ int dir_fd = rio_store_open_dir(store, false, err);
	char name[RIO_STORE_NAME_BYTES], text[256];
	int r = dir_fd < 0 ? dir_fd : rio_store_name(&key, RIO_STORE_SEEK, name, err);

	if (r >= 0)
		r = rio_store_open(store, dir_fd, name, err);
	if (r >= 0)
		r = rio_seek_file_read(r, &file, err);
	if (r < 0)
		return r;
	if (strcmp(file.source_path, source_path) != 0)
		return rio_fail(err, RIO_EMAP_DAMAGED, "damaged seek index: it is that of %s",
			file.source_path);
	if (!rio_stamp_equal(&file.stamp, stamp))
		return rio_fail(err, RIO_EMAP_STALE, "%s",
			rio_store_compare(&file.stamp, stamp, text, sizeof(text)));
	*ret = rio_steal(file.index);
	return 0;
}
