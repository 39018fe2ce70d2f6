/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a source before its rows are counted: its begin is all that is read. */
#include "dataset/internal.h"

/* Files of /proc and its like hold more than the size that stat tells, which is 0. */
static int check_size(struct rio_source *source, const struct rio_stamp *stamp,
	uint64_t seen_bytes, struct rio_error *err)
{
	int r = seen_bytes > stamp->size_bytes ? rio_source_check(source, stamp, err) : 0;

	if (r < 0 || seen_bytes <= stamp->size_bytes)
		return r;
	return rio_fail(err, RIO_ESCHEMA,
		"the file holds more than its size of %ju bytes: encode a copy of it",
		(uintmax_t)stamp->size_bytes);
}

/* Infer the schema from a sample of the given size, or RIO_SAMPLE_TOO_SHORT. */
static int infer_from(struct rio_source *source, const struct rio_options *options,
	const struct rio_stamp *stamp, size_t sample_bytes, struct rio_schema **ret,
	struct rio_error *err)
{
	_cleanup_free_ uint8_t *buffer = calloc(1, sample_bytes + 2 * RIO_PAD_BYTES);
	size_t got = 0;
	int r;

	if (!buffer)
		return rio_fail(err, RIO_ENOMEM, "out of memory");

	/* One byte more than is used tells whether the sample is all there is. */
	r = rio_source_read_at(source, 0, buffer + RIO_PAD_BYTES, sample_bytes + 1, &got, err);
	if (r == 0 && !rio_packed_codec(source))
		r = check_size(source, stamp, got, err);
	if (r < 0)
		return r;
	return rio_schema_infer(options, buffer + RIO_PAD_BYTES, RIO_MIN(got, sample_bytes),
		got <= sample_bytes, ret, err);
}

int rio_dataset_infer(struct rio_source *source, const struct rio_options *options,
	const struct rio_stamp *stamp, struct rio_schema **ret, struct rio_error *err)
{
	size_t sample_bytes = RIO_SAMPLE_BYTES;
	int r;

	while ((r = infer_from(source, options, stamp, sample_bytes, ret, err)) ==
		RIO_SAMPLE_TOO_SHORT)
		sample_bytes *= 4;
	return r;
}

bool rio_dataset_needs_sizes(const struct rio_schema *schema)
{
	return schema->nr_columns && !rio_schema_is_fixed(schema);
}

int rio_dataset_create_unmapped(struct rio_source *source, const struct rio_options *options,
	const struct rio_stamp *stamp, struct rio_dataset **ret, struct rio_error *err)
{
	_cleanup_(rio_dataset_destroyp) struct rio_dataset *dataset =
		calloc(1, sizeof(*dataset));
	int r = dataset ? rio_options_check(options, err)
			: rio_fail(err, RIO_ENOMEM, "out of memory");

	if (r == 0)
		r = rio_dataset_infer(source, options, stamp, &dataset->schema, err);
	if (r == 0 && rio_dataset_needs_sizes(dataset->schema))
		r = rio_general_create(dataset->schema, NULL, &dataset->general, err);
	else if (r == 0 && dataset->schema->nr_columns)
		r = rio_dense_create(dataset->schema, &dataset->dense, err);
	if (r < 0)
		return r;
	*ret = rio_steal(dataset);
	return 0;
}
