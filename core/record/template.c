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

/* A tensor of floats as protobuf-c sees it, tied together by pointers. */
struct tensor {
	Aialgs__Data__Float32Tensor f32;
	Aialgs__Data__Float64Tensor f64;
	Aialgs__Data__Value value;
};

/* An entry of the features, whose list points at it. */
struct entry {
	struct tensor tensor;
	Aialgs__Data__Record__FeaturesEntry entry;
};

/* Everything that one packing needs. */
struct packing {
	struct entry *entries;
	Aialgs__Data__Record__FeaturesEntry **features_list;
	struct tensor label_tensor;
	Aialgs__Data__Record__LabelEntry label;
	Aialgs__Data__Record__LabelEntry *label_list[1];
	Aialgs__Data__Record record;
};

static char values_key[] = "values";

/* Borrows values: nr of them, of dtype. */
static Aialgs__Data__Value *fill_tensor(struct tensor *t, enum rio_dtype dtype, void *values,
	size_t nr)
{
	aialgs__data__value__init(&t->value);
	if (dtype == RIO_FLOAT64) {
		aialgs__data__float64_tensor__init(&t->f64);
		t->f64.n_values = nr;
		t->f64.values = values;
		t->value.value_case = AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR;
		t->value.float64_tensor = &t->f64;
	} else {
		aialgs__data__float32_tensor__init(&t->f32);
		t->f32.n_values = nr;
		t->f32.values = values;
		t->value.value_case = AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR;
		t->value.float32_tensor = &t->f32;
	}
	return &t->value;
}

static void prepare(struct packing *p, const struct rio_schema *schema, void *values)
{
	aialgs__data__record__init(&p->record);
	for (size_t i = 0; i < schema->nr_keys; i++) {
		struct entry *e = &p->entries[i];

		aialgs__data__record__features_entry__init(&e->entry);
		e->entry.key = schema->keys[i].name;
		e->entry.value = fill_tensor(&e->tensor, schema->dtype, values,
			schema->keys[i].nr_columns);
		p->features_list[i] = &e->entry;
	}
	p->record.n_features = schema->nr_keys;
	p->record.features = p->features_list;

	if (!schema->nr_label)
		return;
	aialgs__data__record__label_entry__init(&p->label);
	p->label.key = values_key;
	p->label.value = fill_tensor(&p->label_tensor, schema->label_dtype, values,
		schema->nr_label);
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
	_cleanup_free_ struct entry *entries = calloc(schema->nr_keys, sizeof(*entries));
	_cleanup_free_ void *list = calloc(schema->nr_keys, sizeof(void *));
	struct packing p = {.entries = entries, .features_list = list};
	size_t payload_bytes;
	uint8_t *framed;

	if (!values || !entries || !list)
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

/* Where the values of each tensor begin; ones is the record whose value bits are all set. */
static int find_values(struct rio_template *t, const struct rio_schema *schema,
	const uint8_t *ones, struct rio_error *err)
{
	size_t width = rio_dtype_bytes(schema->dtype), off = 0;

	t->key_offs = calloc(schema->nr_keys, sizeof(*t->key_offs));
	if (!t->key_offs)
		return rio_fail(err, RIO_ENOMEM, "out of memory");
	for (size_t i = 0; i < schema->nr_keys; i++) {
		t->key_offs[i] = first_difference(t->bytes, ones, off);
		off = t->key_offs[i] + schema->keys[i].nr_columns * width;
	}
	if (schema->nr_label)
		t->label_off = first_difference(t->bytes, ones, off);
	return 0;
}

int rio_template_init(struct rio_template *t, const struct rio_schema *schema,
	struct rio_error *err)
{
	_cleanup_free_ uint8_t *ones = NULL;
	int r;

	*t = (struct rio_template){0};
	r = pack(schema, 0x00, &t->bytes, &t->len_bytes, err);
	if (r == 0)
		r = pack(schema, 0xff, &ones, &t->len_bytes, err);
	if (r == 0)
		r = find_values(t, schema, ones, err);
	if (r < 0)
		rio_template_deinit(t);
	return r;
}

void rio_template_deinit(struct rio_template *t)
{
	free(t->bytes);
	free(t->key_offs);
	*t = (struct rio_template){0};
}
