/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf-c packs the same record twice, with all value bits zero and with all
 * of them one.  The bytes that differ are the values: nothing here needs to know
 * how tags and lengths are written.
 */
#include "record/template.h"

#include "record/frame.h"
#include "record.pb-c.h"

#include <string.h>

/* Everything that one packing needs, tied together by pointers. */
struct packing {
	Aialgs__Data__Float32Tensor f32[2];
	Aialgs__Data__Float64Tensor f64[2];
	Aialgs__Data__Value value[2];
	Aialgs__Data__Record__FeaturesEntry features;
	Aialgs__Data__Record__LabelEntry label;
	Aialgs__Data__Record__FeaturesEntry *features_list[1];
	Aialgs__Data__Record__LabelEntry *label_list[1];
	Aialgs__Data__Record record;
};

static char values_key[] = "values";

/* Borrows values: nr of them, of dtype. */
static Aialgs__Data__Value *tensor(struct packing *p, int i, enum rio_dtype dtype, void *values,
	size_t nr)
{
	Aialgs__Data__Value *value = &p->value[i];

	aialgs__data__value__init(value);
	if (dtype == RIO_FLOAT64) {
		aialgs__data__float64_tensor__init(&p->f64[i]);
		p->f64[i].n_values = nr;
		p->f64[i].values = values;
		value->value_case = AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR;
		value->float64_tensor = &p->f64[i];
	} else {
		aialgs__data__float32_tensor__init(&p->f32[i]);
		p->f32[i].n_values = nr;
		p->f32[i].values = values;
		value->value_case = AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR;
		value->float32_tensor = &p->f32[i];
	}
	return value;
}

static void prepare(struct packing *p, const struct rio_schema *schema, void *values)
{
	aialgs__data__record__init(&p->record);

	aialgs__data__record__features_entry__init(&p->features);
	p->features.key = values_key;
	p->features.value = tensor(p, 0, schema->dtype, values, schema->nr_features);
	p->features_list[0] = &p->features;
	p->record.n_features = 1;
	p->record.features = p->features_list;

	if (!schema->nr_label)
		return;
	aialgs__data__record__label_entry__init(&p->label);
	p->label.key = values_key;
	p->label.value = tensor(p, 1, schema->label_dtype, values, schema->nr_label);
	p->label_list[0] = &p->label;
	p->record.n_label = 1;
	p->record.label = p->label_list;
}

/* Pack with every value bit as in bits: a framed record. */
static int pack(const struct rio_schema *schema, int bits, uint8_t **ret, size_t *ret_bytes,
	struct rio_error *err)
{
	size_t nr = RIO_MAX(schema->nr_features, schema->nr_label);
	_cleanup_free_ void *values = malloc(nr * sizeof(double));
	struct packing p;
	size_t payload_bytes;
	uint8_t *framed;

	if (!values)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	memset(values, bits, nr * sizeof(double));
	prepare(&p, schema, values);
	payload_bytes = aialgs__data__record__get_packed_size(&p.record);
	if (payload_bytes > RIO_FRAME_PAYLOAD_BYTES_MAX)
		return rio_fail(err, RIO_ESCHEMA,
			"a record of %zu bytes is too large: the frame holds %zu", payload_bytes,
			(size_t)RIO_FRAME_PAYLOAD_BYTES_MAX);
	framed = calloc(1, rio_frame_bytes(payload_bytes));
	if (!framed)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	rio_frame_put_head(framed, payload_bytes);
	aialgs__data__record__pack(&p.record, framed + RIO_FRAME_HEAD_BYTES);
	*ret = framed;
	*ret_bytes = rio_frame_bytes(payload_bytes);
	return 0;
}

/* The first byte from off on at which a and b differ. */
static size_t first_difference(const uint8_t *a, const uint8_t *b, size_t off)
{
	while (a[off] == b[off])
		off++;
	return off;
}

int rio_template_init(struct rio_template *t, const struct rio_schema *schema,
	struct rio_error *err)
{
	size_t features_bytes = schema->nr_features * rio_dtype_bytes(schema->dtype);
	_cleanup_free_ uint8_t *ones = NULL;
	int r;

	*t = (struct rio_template){0};
	r = pack(schema, 0x00, &t->bytes, &t->len_bytes, err);
	if (r == 0)
		r = pack(schema, 0xff, &ones, &t->len_bytes, err);
	if (r < 0) {
		rio_template_deinit(t);
		return r;
	}
	t->features_off = first_difference(t->bytes, ones, 0);
	if (schema->nr_label)
		t->label_off = first_difference(t->bytes, ones, t->features_off + features_bytes);
	return 0;
}

void rio_template_deinit(struct rio_template *t)
{
	free(t->bytes);
	t->bytes = NULL;
}
