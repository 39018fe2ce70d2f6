/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in memory as a source: for tests and fuzzers. */
#include "source/source.h"

#include "base/util.h"

#include <string.h>

struct memory_source {
	struct rio_source base;
	const uint8_t *data;
	size_t len_bytes;
};

static int memory_read_at(struct rio_source *source, uint64_t off, void *dst, size_t len_bytes,
	size_t *ret_bytes, struct rio_error *err)
{
	struct memory_source *memory = (struct memory_source *)source;
	size_t n = off < memory->len_bytes ? RIO_MIN(len_bytes, memory->len_bytes - off) : 0;

	if (n)
		memcpy(dst, memory->data + off, n);
	*ret_bytes = n;
	return 0;
}

static int memory_stamp(struct rio_source *source, struct rio_stamp *ret, struct rio_error *err)
{
	struct memory_source *memory = (struct memory_source *)source;

	*ret = (struct rio_stamp){.size_bytes = memory->len_bytes};
	return 0;
}

static void memory_destroy(struct rio_source *source)
{
	free(source->name);
	free(source);
}

static const struct rio_source_ops memory_ops = {
	.read_at = memory_read_at,
	.stamp = memory_stamp,
	.destroy = memory_destroy,
};

int rio_source_from_memory(const void *data, size_t len_bytes, const char *name,
	struct rio_source **ret, struct rio_error *err)
{
	struct memory_source *memory = malloc(sizeof(*memory));
	char *name_copy = strdup(name);

	if (!memory || !name_copy) {
		free(memory);
		free(name_copy);
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	}
	*memory = (struct memory_source){
		.base = {.ops = &memory_ops, .name = name_copy},
		.data = data,
		.len_bytes = len_bytes,
	};
	*ret = &memory->base;
	return 0;
}
