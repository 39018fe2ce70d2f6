/* SPDX-License-Identifier: Apache-2.0 */
#include "source/codec.h"

#include "base/util.h"

#include <string.h>

static const struct rio_codec *const codecs[] = {
	&rio_codec_gzip,
#ifdef RIO_HAVE_ZSTD
	&rio_codec_zstd,
#endif
};

const struct rio_codec *rio_codec_of_head(const uint8_t *head, size_t len_bytes)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(codecs); i++)
		if (codecs[i]->is_head(head, len_bytes))
			return codecs[i];
	return NULL;
}

const char *rio_codec_left_out(const uint8_t *head, size_t len_bytes)
{
#ifndef RIO_HAVE_ZSTD
	if (len_bytes >= 4 && memcmp(head, "\x28\xb5\x2f\xfd", 4) == 0)
		return "zstd";
#endif
	return NULL;
}

const struct rio_codec *rio_codec_of_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < RIO_ARRAY_SIZE(codecs); i++) {
		size_t tail = strlen(codecs[i]->ending);

		if (len > tail && strcmp(name + len - tail, codecs[i]->ending) == 0)
			return codecs[i];
	}
	return NULL;
}

const struct rio_codec *rio_codec_of_id(uint64_t id)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(codecs); i++)
		if (codecs[i]->id == id)
			return codecs[i];
	return NULL;
}
