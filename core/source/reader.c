/* SPDX-License-Identifier: Apache-2.0 */
#include "source/reader.h"

#include "base/util.h"
#include "source/packed.h"
#include "source/unpacker.h"

#define SKIP_BYTES (16 * RIO_KIB)

int rio_reader_init(struct rio_reader *reader, struct rio_source *source, struct rio_error *err)
{
	const struct rio_codec *codec = rio_packed_codec(source);

	*reader = (struct rio_reader){.source = rio_packed_inner(source)};
	if (!codec)
		return 0;
	return rio_unpacker_create(codec->reader ? codec->reader : codec, 0, NULL, 0,
		&reader->unpacker, err);
}

void rio_reader_deinit(struct rio_reader *reader)
{
	rio_unpacker_destroy(reader->unpacker);
	*reader = (struct rio_reader){0};
}

int rio_reader_read(struct rio_reader *reader, void *dst, size_t len_bytes, size_t *ret_bytes,
	struct rio_error *err)
{
	size_t got = 0;
	int r = 0;

	if (reader->at_end || !len_bytes) {
		*ret_bytes = 0;
		return 0;
	}
	if (reader->unpacker)
		r = rio_unpacker_run(reader->unpacker, reader->source, dst, len_bytes, false, &got,
			err);
	else
		r = rio_source_read_at(reader->source, reader->off, dst, len_bytes, &got, err);
	if (r < 0) {
		rio_error_set_file(err, rio_source_name(reader->source));
		return r;
	}
	reader->off += got;
	reader->at_end = got < len_bytes;
	*ret_bytes = got;
	return 0;
}

int rio_reader_skip(struct rio_reader *reader, uint64_t len_bytes, struct rio_error *err)
{
	_cleanup_free_ uint8_t *skipped = NULL;
	size_t n = 1;
	int r = 0;

	if (!reader->unpacker) {
		reader->off += len_bytes;
		return 0;
	}
	skipped = malloc(SKIP_BYTES);
	if (!skipped)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (; r == 0 && len_bytes && n; len_bytes -= n)
		r = rio_reader_read(reader, skipped,
			(size_t)RIO_MIN(len_bytes, (uint64_t)SKIP_BYTES), &n, err);
	return r;
}
