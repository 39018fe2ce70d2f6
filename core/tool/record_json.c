/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers are written here, since JSON libraries print float32 as if it were float64
 * (0.10000000149011612) and refuse NaN; NaN and infinities become the strings that
 * protobuf's own JSON has for them.  Text goes through jansson.  Nothing is built in
 * memory beside the record itself, which protobuf-c unpacks.
 *
 * protobuf lets a key stand twice, and the last counts; so it is with the members of a
 * JSON object, for the readers in use.  They are written as they come.
 */
#include "tool/record_json.h"

#include "base/util.h"
#include "record.pb-c.h"
#include "record/decimal.h"
#include "tool/json.h"

#include <inttypes.h>
#include <math.h>

/* Bytes of a payload that --raw shows. */
enum { HEAD_BYTES = 32 };

typedef void put_value(FILE *out, const void *values, size_t i);

static void put_text(FILE *out, const char *text)
{
	if (!rio_json_put(out, rio_json_text(text)))
		fputs("null", out);
}

static bool put_special(FILE *out, double value)
{
	if (isfinite(value))
		return false;
	fputs(isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"", out);
	return true;
}

static void put_f32(FILE *out, const void *values, size_t i)
{
	float value = ((const float *)values)[i];
	char text[RIO_DECIMAL_BYTES];

	if (!put_special(out, (double)value))
		fputs(rio_decimal_f32(value, text), out);
}

static void put_f64(FILE *out, const void *values, size_t i)
{
	double value = ((const double *)values)[i];
	char text[RIO_DECIMAL_BYTES];

	if (!put_special(out, value))
		fputs(rio_decimal_f64(value, text), out);
}

static void put_i32(FILE *out, const void *values, size_t i)
{
	fprintf(out, "%" PRId32, ((const int32_t *)values)[i]);
}

static void put_u64(FILE *out, const void *values, size_t i)
{
	fprintf(out, "%" PRIu64, ((const uint64_t *)values)[i]);
}

static void put_base64(FILE *out, const void *values, size_t i)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const ProtobufCBinaryData *bytes = (const ProtobufCBinaryData *)values + i;

	putc('"', out);
	for (size_t k = 0; k < bytes->len; k += 3) {
		size_t n = RIO_MIN(bytes->len - k, (size_t)3);
		uint32_t group = (uint32_t)bytes->data[k] << 16 |
				 (n > 1 ? (uint32_t)bytes->data[k + 1] << 8 : 0) |
				 (n > 2 ? bytes->data[k + 2] : 0);

		for (size_t d = 0; d < 4; d++)
			putc(d <= n ? digits[group >> (18 - 6 * d) & 63] : '=', out);
	}
	putc('"', out);
}

static json_t *text_of(const ProtobufCBinaryData *bytes)
{
	return json_stringn(bytes->len ? (const char *)bytes->data : "", bytes->len);
}

static void put_utf8(FILE *out, const void *values, size_t i)
{
	if (!rio_json_put(out, text_of((const ProtobufCBinaryData *)values + i)))
		fputs("null", out);
}

static void put_list(FILE *out, const char *name, put_value *put, const void *values, size_t nr)
{
	fprintf(out, ",\"%s\":[", name);
	for (size_t i = 0; i < nr; i++) {
		if (i)
			putc(',', out);
		put(out, values, i);
	}
	putc(']', out);
}

static void put_tensor(FILE *out, const char *type, put_value *put, const void *values,
	size_t nr_values, const uint64_t *keys, size_t nr_keys, const uint64_t *shape,
	size_t nr_shape)
{
	fprintf(out, "{\"type\":\"%s\"", type);
	put_list(out, "values", put, values, nr_values);
	if (nr_keys)
		put_list(out, "keys", put_u64, keys, nr_keys);
	if (nr_shape)
		put_list(out, "shape", put_u64, shape, nr_shape);
	putc('}', out);
}

static bool is_text(const Aialgs__Data__Bytes *bytes)
{
	for (size_t i = 0; i < bytes->n_value; i++) {
		json_t *text = text_of(&bytes->value[i]);

		json_decref(text);
		if (!text)
			return false;
	}
	return true;
}

static void put_bytes(FILE *out, const Aialgs__Data__Bytes *bytes)
{
	bool text = is_text(bytes);

	fputs("{\"type\":\"bytes\"", out);
	put_list(out, text ? "text" : "base64", text ? put_utf8 : put_base64, bytes->value,
		bytes->n_value);
	if (bytes->content_type) {
		fputs(",\"content_type\":", out);
		put_text(out, bytes->content_type);
	}
	putc('}', out);
}

#define PUT_TENSOR(out, type, put, t)                                                              \
	put_tensor(out, type, put, (t)->values, (t)->n_values, (t)->keys, (t)->n_keys, (t)->shape, \
		(t)->n_shape)

static void put_union(FILE *out, const Aialgs__Data__Value *value)
{
	switch (value ? value->value_case : AIALGS__DATA__VALUE__VALUE__NOT_SET) {
	case AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR:
		PUT_TENSOR(out, "float32", put_f32, value->float32_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR:
		PUT_TENSOR(out, "float64", put_f64, value->float64_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_INT32_TENSOR:
		PUT_TENSOR(out, "int32", put_i32, value->int32_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_BYTES:
		put_bytes(out, value->bytes);
		break;
	default:
		fputs("null", out);
	}
}

static void put_entry(FILE *out, size_t i, const char *key, const Aialgs__Data__Value *value)
{
	if (i)
		putc(',', out);
	put_text(out, key ? key : "");
	putc(':', out);
	put_union(out, value);
}

static void put_optional(FILE *out, const char *name, const char *text)
{
	if (!text)
		return;
	fprintf(out, ",\"%s\":", name);
	put_text(out, text);
}

static void put_record(FILE *out, const Aialgs__Data__Record *record)
{
	fputs(",\"label\":{", out);
	for (size_t i = 0; i < record->n_label; i++)
		put_entry(out, i, record->label[i]->key, record->label[i]->value);
	fputs("},\"features\":{", out);
	for (size_t i = 0; i < record->n_features; i++)
		put_entry(out, i, record->features[i]->key, record->features[i]->value);
	putc('}', out);
	put_optional(out, "uid", record->uid);
	put_optional(out, "metadata", record->metadata);
	put_optional(out, "configuration", record->configuration);
}

static void put_head(FILE *out, const struct rio_framed *framed)
{
	fputs(",\"head\":\"", out);
	for (size_t i = 0; i < RIO_MIN(framed->len_bytes, (size_t)HEAD_BYTES); i++)
		fprintf(out, "%02x", framed->payload[i]);
	putc('"', out);
}

/* What stands in front of every line, however the payload is shown. */
static void put_place(FILE *out, uint64_t number, const struct rio_framed *framed)
{
	fprintf(out, "{\"record\":%ju,\"offset\":%ju,\"bytes\":%zu", (uintmax_t)number,
		(uintmax_t)framed->off, framed->len_bytes);
	if (framed->nr_parts > 1)
		fprintf(out, ",\"parts\":%u", framed->nr_parts);
}

int rio_record_json(FILE *out, uint64_t number, const struct rio_framed *framed,
	struct rio_error *err)
{
	Aialgs__Data__Record *record =
		aialgs__data__record__unpack(NULL, framed->len_bytes, framed->payload);

	if (!record)
		return rio_fail_row(err, RIO_KIND_RECORD,
			"byte %ju: record %ju holds no SageMaker record; --raw shows its bytes",
			(uintmax_t)framed->off, (uintmax_t)number);
	put_place(out, number, framed);
	put_record(out, record);
	fputs("}\n", out);
	aialgs__data__record__free_unpacked(record, NULL);
	return 0;
}

void rio_record_json_raw(FILE *out, uint64_t number, const struct rio_framed *framed)
{
	put_place(out, number, framed);
	put_head(out, framed);
	fputs("}\n", out);
}
