/* SPDX-License-Identifier: Apache-2.0 */
#include "survey/facts.h"

#include "base/util.h"

#include <math.h>
#include <string.h>

/* One record's side, gathered over its keys before it counts as one record. */
struct look {
	uint64_t number;
	uint64_t width;
	bool has_value, has_nan, has_infinite, has_negative, is_sparse, is_empty_sparse;
	bool has_other_key, has_other_than_seq2seq;
};

void rio_facts_init(struct rio_facts *facts, bool wants_ranges)
{
	*facts = (struct rio_facts){.wants_ranges = wants_ranges};
}

void rio_facts_deinit(struct rio_facts *facts)
{
	free(facts->features.ranges);
	free(facts->label.ranges);
	*facts = (struct rio_facts){0};
}

static void count(struct rio_fact *fact, bool is_so, uint64_t number)
{
	if (!is_so)
		return;
	fact->first = fact->nr ? RIO_MIN(fact->first, number) : number;
	fact->nr++;
}

static struct rio_range *range_at(struct rio_side *side, uint64_t base, uint64_t column)
{
	if (!rio_add_ok(base, column, &column) || column >= RIO_FACTS_RANGES_MAX)
		return NULL;
	if (column >= side->ranges_room) {
		size_t least = RIO_MAX((size_t)column + 1, (size_t)16);
		size_t room = RIO_MAX(2 * side->ranges_room, least);
		struct rio_range *ranges = reallocarray(side->ranges, room, sizeof(*ranges));

		if (!ranges)
			return NULL;
		memset(ranges + side->ranges_room, 0,
			(room - side->ranges_room) * sizeof(*ranges));
		side->ranges = ranges;
		side->ranges_room = room;
	}
	side->nr_ranges = RIO_MAX(side->nr_ranges, (size_t)column + 1);
	return &side->ranges[column];
}

static void look_at_value(struct look *look, double value, struct rio_range *range)
{
	look->has_nan |= isnan(value);
	look->has_infinite |= isinf(value);
	look->has_negative |= value < 0;
	if (!range)
		return;
	if (isnan(value))
		range->nr_missing++;
	else
		rio_range_add(range, value);
}

/* A tensor's values as doubles, whatever its type. */
struct tensor {
	size_t nr_values, nr_keys, nr_shape;
	const float *f32;
	const double *f64;
	const int32_t *i32;
	const uint64_t *keys, *shape;
};

static double value_at(const struct tensor *t, size_t i)
{
	return t->f32 ? (double)t->f32[i] : t->f64 ? t->f64[i] : (double)t->i32[i];
}

static void look_at_tensor(struct rio_side *side, bool wants_ranges, struct look *look,
	const struct tensor *t)
{
	bool is_sparse = t->nr_keys || t->nr_shape;
	uint64_t base = look->width;

	look->has_value |= t->nr_values || is_sparse;
	look->is_sparse |= is_sparse;
	look->is_empty_sparse |= is_sparse && !t->nr_values;
	look->width += t->nr_shape ? t->shape[t->nr_shape - 1] : t->nr_values;
	for (size_t i = 0; i < t->nr_values; i++) {
		uint64_t column = i < t->nr_keys ? t->keys[i] : i;

		look_at_value(look, value_at(t, i),
			wants_ranges ? range_at(side, base, column) : NULL);
	}
}

#define TENSOR(member, t)                                                                          \
	((struct tensor){                                                                          \
		.nr_values = (t)->n_values,                                                        \
		.nr_keys = (t)->n_keys,                                                            \
		.nr_shape = (t)->n_shape,                                                          \
		.member = (t)->values,                                                             \
		.keys = (t)->keys,                                                                 \
		.shape = (t)->shape,                                                               \
	})

static void look_at_entry(struct rio_side *side, bool wants_ranges, struct look *look,
	const char *key, const Aialgs__Data__Value *value)
{
	struct tensor tensor;

	key = key ? key : ""; /* an entry need not have one */
	look->has_other_key |= strcmp(key, "values") != 0;
	look->has_other_than_seq2seq |= strcmp(key, "source") != 0 && strcmp(key, "target") != 0;
	switch (value ? value->value_case : AIALGS__DATA__VALUE__VALUE__NOT_SET) {
	case AIALGS__DATA__VALUE__VALUE_FLOAT32_TENSOR:
		side->types |= RIO_TYPE_FLOAT32;
		tensor = TENSOR(f32, value->float32_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_FLOAT64_TENSOR:
		side->types |= RIO_TYPE_FLOAT64;
		tensor = TENSOR(f64, value->float64_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_INT32_TENSOR:
		side->types |= RIO_TYPE_INT32;
		tensor = TENSOR(i32, value->int32_tensor);
		break;
	case AIALGS__DATA__VALUE__VALUE_BYTES:
		side->types |= RIO_TYPE_BYTES;
		look->has_value = true;
		return;
	default:
		side->types |= RIO_TYPE_NONE;
		return;
	}
	look_at_tensor(side, wants_ranges, look, &tensor);
}

static void note_width(struct rio_side *side, uint64_t least, uint64_t most, uint64_t nr)
{
	if (!nr)
		return;
	side->width_min = side->nr_present ? RIO_MIN(side->width_min, least) : least;
	side->width_max = RIO_MAX(side->width_max, most);
	side->nr_present += nr;
}

static void count_look(struct rio_side *side, const struct look *look)
{
	count(&side->absent, !look->has_value, look->number);
	count(&side->nan, look->has_nan, look->number);
	count(&side->infinite, look->has_infinite, look->number);
	count(&side->negative, look->has_negative, look->number);
	count(&side->sparse, look->is_sparse, look->number);
	count(&side->empty_sparse, look->is_empty_sparse, look->number);
	count(&side->other_key, look->has_other_key, look->number);
	count(&side->not_seq2seq, look->has_other_than_seq2seq, look->number);
	note_width(side, look->width, look->width, look->has_value);
}

void rio_facts_add(struct rio_facts *facts, uint64_t number, unsigned nr_parts,
	const Aialgs__Data__Record *record)
{
	struct look features = {.number = number}, label = {.number = number};

	for (size_t i = 0; i < record->n_features; i++)
		look_at_entry(&facts->features, facts->wants_ranges, &features,
			record->features[i]->key, record->features[i]->value);
	for (size_t i = 0; i < record->n_label; i++)
		look_at_entry(&facts->label, facts->wants_ranges, &label, record->label[i]->key,
			record->label[i]->value);
	count_look(&facts->features, &features);
	count_look(&facts->label, &label);
	count(&facts->split, nr_parts > 1, number);
	facts->nr_records++;
}

static void merge_fact(struct rio_fact *fact, const struct rio_fact *other)
{
	if (other->nr)
		fact->first = fact->nr ? RIO_MIN(fact->first, other->first) : other->first;
	fact->nr += other->nr;
}

static void merge_side(struct rio_side *side, const struct rio_side *other)
{
	side->types |= other->types;
	merge_fact(&side->absent, &other->absent);
	merge_fact(&side->nan, &other->nan);
	merge_fact(&side->infinite, &other->infinite);
	merge_fact(&side->negative, &other->negative);
	merge_fact(&side->sparse, &other->sparse);
	merge_fact(&side->empty_sparse, &other->empty_sparse);
	merge_fact(&side->other_key, &other->other_key);
	merge_fact(&side->not_seq2seq, &other->not_seq2seq);
	note_width(side, other->width_min, other->width_max, other->nr_present);
}

void rio_facts_merge(struct rio_facts *facts, const struct rio_facts *other)
{
	merge_side(&facts->features, &other->features);
	merge_side(&facts->label, &other->label);
	merge_fact(&facts->split, &other->split);
	facts->nr_records += other->nr_records;
}
