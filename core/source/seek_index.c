/* SPDX-License-Identifier: Apache-2.0 */
#include "source/seek_index.h"

#include "base/io.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

/* A deflated window is larger than this only if it was none. */
#define KEPT_BYTES_MAX (RIO_WINDOW_BYTES_MAX + 1024)

int rio_seek_index_create(const struct rio_codec *codec, int windows_fd, uint64_t windows_off,
	struct rio_seek_index **ret, struct rio_error *err)
{
	static _Atomic uint64_t nr_created;
	struct rio_seek_index *index = calloc(1, sizeof(*index));

	if (!index) {
		if (windows_fd >= 0)
			close(windows_fd);
		return rio_fail(err, RIO_ENOMEM, "no memory for a seek index");
	}
	index->codec = codec;
	index->id = ++nr_created;
	index->spacing_bytes = windows_fd < 0 ? RIO_SEEK_SPACING_MEMORY_BYTES
					      : RIO_SEEK_SPACING_BYTES;
	index->windows_fd = windows_fd;
	index->windows_off = index->windows_end = windows_off;
	*ret = index;
	return 0;
}

void rio_seek_index_destroy(struct rio_seek_index *index)
{
	if (!index)
		return;
	if (index->windows_fd >= 0)
		close(index->windows_fd);
	free(index->windows);
	free(index->points);
	free(index);
}

void rio_seek_index_destroyp(struct rio_seek_index **index)
{
	rio_seek_index_destroy(*index);
}

static int grow(void *array, size_t *room, size_t wanted, size_t size, struct rio_error *err)
{
	void **p = array, *grown;
	size_t more = RIO_MAX(2 * *room, wanted);

	if (wanted <= *room)
		return 0;
	grown = reallocarray(*p, more, size);
	if (!grown)
		return rio_fail(err, RIO_ENOMEM, "no memory for a seek index");
	*p = grown;
	*room = more;
	return 0;
}

/* Keep bytes behind the windows that are there. */
static int append(struct rio_seek_index *index, const uint8_t *bytes, size_t len_bytes,
	struct rio_error *err)
{
	size_t at = (size_t)(index->windows_end - index->windows_off);
	int r = 0;

	if (index->windows_fd < 0)
		r = grow(&index->windows, &index->windows_room, at + len_bytes, 1, err);
	if (r < 0)
		return r;
	if (index->windows_fd < 0)
		memcpy(index->windows + at, bytes, len_bytes);
	else if (rio_pwrite_all(index->windows_fd, bytes, len_bytes, index->windows_end) < 0)
		return rio_fail_errno(err, errno, "cannot write a seek index");
	index->windows_end += len_bytes;
	return 0;
}

int rio_seek_index_add(struct rio_seek_index *index, uint64_t bit, uint64_t off,
	const uint8_t *window, size_t window_bytes, struct rio_error *err)
{
	struct rio_seek_point point = {
		.bit = bit, .off = off, .window_off = index->windows_end};
	uint8_t kept[KEPT_BYTES_MAX];
	uLongf kept_bytes = sizeof(kept);
	int r = grow(&index->points, &index->points_room, index->nr_points + 1,
		sizeof(*index->points), err);

	if (r < 0)
		return r;
	if (window_bytes) {
		if (compress2(kept, &kept_bytes, window, window_bytes, Z_BEST_SPEED) != Z_OK)
			return rio_fail(err, RIO_ENOMEM, "no memory for a seek index");
		r = append(index, kept, kept_bytes, err);
		point.window_bytes = kept_bytes;
		point.window_seal = XXH3_64bits_withSeed(kept, kept_bytes, bit);
	}
	if (r < 0)
		return r;
	index->points[index->nr_points++] = point;
	return 0;
}

size_t rio_seek_index_find(const struct rio_seek_index *index, uint64_t off)
{
	size_t low = 0, high = index->nr_points - 1;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (index->points[middle].off <= off)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static int read_kept(const struct rio_seek_index *index, const struct rio_seek_point *point,
	uint8_t *kept, struct rio_error *err)
{
	ssize_t n;

	if (index->windows_fd < 0) {
		memcpy(kept, index->windows + (point->window_off - index->windows_off),
			point->window_bytes);
		return 0;
	}
	n = rio_pread_all(index->windows_fd, kept, point->window_bytes, point->window_off);
	if (n < 0)
		return rio_fail_errno(err, errno, "cannot read a seek index");
	return (uint64_t)n == point->window_bytes ? 0 :
		rio_fail(err, RIO_EMAP_DAMAGED, "damaged seek index: cut short");
}

int rio_seek_index_window(const struct rio_seek_index *index, size_t number,
	uint8_t window[RIO_WINDOW_BYTES_MAX], size_t *ret_bytes, struct rio_error *err)
{
	const struct rio_seek_point *point = &index->points[number];
	uint8_t kept[KEPT_BYTES_MAX];
	uLongf len_bytes = RIO_WINDOW_BYTES_MAX;
	int r = read_kept(index, point, kept, err);

	if (r < 0)
		return r;
	if (XXH3_64bits_withSeed(kept, point->window_bytes, point->bit) != point->window_seal ||
		uncompress(window, &len_bytes, kept, point->window_bytes) != Z_OK)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged seek index: window %zu fails its seal", number);
	*ret_bytes = len_bytes;
	return 0;
}

int rio_seek_index_check_windows(const struct rio_seek_index *index, struct rio_error *err)
{
	uint8_t window[RIO_WINDOW_BYTES_MAX];
	size_t n;
	int r = 0;

	for (size_t k = 0; r == 0 && k < index->nr_points; k++)
		if (index->points[k].window_bytes)
			r = rio_seek_index_window(index, k, window, &n, err);
	return r;
}

static int check_point(const struct rio_seek_index *index, size_t k, struct rio_error *err)
{
	const struct rio_seek_point *a = &index->points[k], *b = a + 1;
	bool is_last = k + 2 == index->nr_points;

	/* A file may hold nothing but empty members: then begin and end of the text are one. */
	if (b->bit <= a->bit || b->off < a->off || (b->off == a->off && !is_last) ||
		b->off - a->off > RIO_SEEK_SPAN_BYTES_MAX)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged seek index: point %zu lies at byte %ju, behind one at %ju", k + 1,
			(uintmax_t)b->off, (uintmax_t)a->off);
	if (a->window_bytes > KEPT_BYTES_MAX || a->window_off < index->windows_off ||
		a->window_off > index->windows_end ||
		a->window_bytes > index->windows_end - a->window_off ||
		(a->window_bytes ? a->off == 0 || !index->codec->window : a->bit % 8 != 0))
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged seek index: the window of point %zu lies nowhere", k);
	return 0;
}

int rio_seek_index_check(const struct rio_seek_index *index, uint64_t source_bytes,
	struct rio_error *err)
{
	const struct rio_seek_point *last = index->points + index->nr_points - 1;
	int r = 0;

	if (index->nr_points < 2 || index->points->bit != 0 || index->points->off != 0 ||
		last->bit != 8 * source_bytes || last->window_bytes)
		return rio_fail(err, RIO_EMAP_DAMAGED,
			"damaged seek index: it does not reach from begin to end");
	for (size_t k = 0; r == 0 && k + 1 < index->nr_points; k++)
		r = check_point(index, k, err);
	return r;
}
