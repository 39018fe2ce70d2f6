/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the benchmark's CSV files: generate a|b|c|d|COLUMNS MEGABYTES FILE
 *
 *	a   29 columns of %.18e, what numpy.savetxt writes: long numbers
 *	b   29 columns of %.6f, %.2f and short decimals: what most tables look like
 *	c   55 small integers, 44 of them 0 or 1: many fields to the byte
 *	d   quoted numbers, and texts with commas, quotes and line feeds inside
 *	2…  so many columns of %.6f, after a label of 0 or 1: b, as wide as one likes
 *
 * The columns of a and b follow the distributions of a physics data set (normal,
 * log-normal, three-valued), those of c a land survey's.  The same call always
 * writes the same bytes.
 *
 * Formatting a double takes longer than everything that the benchmark wants to
 * measure.  So each distribution is drawn and formatted once, into a pool of
 * 65536 texts, and a row is put together from random members of the pools: far
 * too many for a branch predictor to learn, and no slower than copying.
 */
#include "base/util.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	POOL_TEXTS = 1 << 16,
	TEXT_BYTES = 32,           /* a formatted number and its length */
	BUFFER_BYTES = 1 << 20,
	COLUMNS_MAX = 16384,
	ROW_BYTES_MAX = COLUMNS_MAX * TEXT_BYTES,
	FLOAT_COLUMNS = 29,        /* of a and b, the label among them */
	SOIL_COLUMNS = 40,         /* of c: one of them is 1 */
	AREA_COLUMNS = 4,
};

/* splitmix64: small, and the same on every machine. */
static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_bits(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* [0, n) for a small n. */
static unsigned random_below(unsigned n)
{
	return (unsigned)((random_bits() >> 32) * n >> 32);
}

static double random_unit(void)
{
	return (double)(random_bits() >> 11) * 0x1.0p-53;
}

static double draw_normal(void)
{
	double radius = sqrt(-2 * log(random_unit() + 1e-300));

	return radius * cos(2 * M_PI * random_unit());
}

static double draw_lognormal(void)
{
	return 0.8 * exp(0.5 * draw_normal());
}

static double draw_flag(void)
{
	return random_below(2);
}

/* A jet's tag: no, maybe, yes. */
static double draw_tag(void)
{
	static const double tags[] = {0.0, 1.0865380764, 2.1730761528};

	return tags[random_below(RIO_ARRAY_SIZE(tags))];
}

struct text {
	uint8_t len_bytes;
	char bytes[TEXT_BYTES - 1];
};

/* Texts of one distribution in one format. */
struct pool {
	struct text texts[POOL_TEXTS];
};

/* of_float: what a float32 array holds, shown with a double's digits. */
static struct pool *pool_create(double (*draw)(void), double scale, const char *format,
	bool of_float)
{
	struct pool *pool = malloc(sizeof(*pool));

	if (!pool)
		err(1, "pool");
	for (size_t i = 0; i < POOL_TEXTS; i++) {
		struct text *text = &pool->texts[i];
		double value = scale * draw();

		if (of_float)
			value = (double)(float)value;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		text->len_bytes = (uint8_t)snprintf(text->bytes, sizeof(text->bytes), format,
			value);
#pragma GCC diagnostic pop
	}
	return pool;
}

static struct {
	int fd;
	const char *path;
	char *begin;
	char *end; /* of what is filled */
	uint64_t flushed_bytes;
} out;

static void flush(void)
{
	for (char *p = out.begin; p < out.end;) {
		ssize_t n = write(out.fd, p, (size_t)(out.end - p));

		if (n < 0 && errno != EINTR)
			err(1, "%s", out.path);
		if (n > 0)
			p += n;
	}
	out.flushed_bytes += (uint64_t)(out.end - out.begin);
	out.end = out.begin;
}

static void put_char(char c)
{
	*out.end++ = c;
}

static void put_bytes(const char *bytes, size_t len_bytes)
{
	memcpy(out.end, bytes, len_bytes);
	out.end += len_bytes;
}

static void put_member(const struct pool *pool)
{
	const struct text *text = &pool->texts[random_bits() >> 48];

	memcpy(out.end, text->bytes, sizeof(text->bytes));
	out.end += text->len_bytes;
}

static void put_integer(int value)
{
	char digits[12];
	size_t n = sizeof(digits);
	unsigned rest = value < 0 ? 0u - (unsigned)value : (unsigned)value;

	do
		digits[--n] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (value < 0)
		digits[--n] = '-';
	put_bytes(digits + n, sizeof(digits) - n);
}

/* Columns 1 and on of a and b: tags at four places, normal or log-normal else. */
enum float_column { NORMAL, LOGNORMAL, TAG };

static enum float_column float_column(int i)
{
	if (i == 8 || i == 12 || i == 16 || i == 20)
		return TAG;
	return i % 4 == 1 || i % 4 == 2 ? NORMAL : LOGNORMAL;
}

static struct pool *label_pool, *column_pools[3], *percent_pools[2];

static void prepare_a(void)
{
	label_pool = pool_create(draw_flag, 1, "%.18e", true);
	column_pools[NORMAL] = pool_create(draw_normal, 1, "%.18e", true);
	column_pools[LOGNORMAL] = pool_create(draw_lognormal, 1, "%.18e", true);
	column_pools[TAG] = pool_create(draw_tag, 1, "%.18e", true);
}

static void row_a(void)
{
	put_member(label_pool);
	for (int i = 0; i < FLOAT_COLUMNS - 1; i++) {
		put_char(',');
		put_member(column_pools[float_column(i)]);
	}
}

static void prepare_b(void)
{
	label_pool = pool_create(draw_flag, 1, "%.0f", false);
	column_pools[NORMAL] = pool_create(draw_normal, 1, "%.6f", false);
	column_pools[LOGNORMAL] = pool_create(draw_lognormal, 1, "%.6f", false);
	percent_pools[NORMAL] = pool_create(draw_normal, 100, "%.2f", false);
	percent_pools[LOGNORMAL] = pool_create(draw_lognormal, 100, "%.2f", false);
}

static void row_b(void)
{
	static const char *const tags[] = {"0.0", "1.087", "2.173"};

	put_member(label_pool);
	for (int i = 0; i < FLOAT_COLUMNS - 1; i++) {
		enum float_column column = float_column(i);

		put_char(',');
		if (column == TAG) {
			const char *tag = tags[random_below(RIO_ARRAY_SIZE(tags))];

			put_bytes(tag, strlen(tag));
		} else {
			put_member(i % 7 == 3 ? percent_pools[column] : column_pools[column]);
		}
	}
}

/* n columns of which one is 1. */
static void put_one_hot(unsigned n)
{
	unsigned hot = random_below(n);

	for (unsigned i = 0; i < n; i++) {
		put_char(',');
		put_char(i == hot ? '1' : '0');
	}
}

static void row_c(void)
{
	static const struct {
		int low;
		unsigned nr_values;
	} columns[] = {
		{1859, 2000}, /* elevation */
		{0, 361},     /* aspect */
		{0, 67},      /* slope */
		{0, 1398},    /* distance to water */
		{-173, 775},  /* height above water */
		{0, 7118},    /* distance to a road */
		{0, 255},     /* shade in the morning, at noon, in the afternoon */
		{0, 255},
		{0, 255},
		{0, 7174},    /* distance to past fires */
	};

	for (size_t i = 0; i < RIO_ARRAY_SIZE(columns); i++) {
		if (i)
			put_char(',');
		put_integer(columns[i].low + (int)random_below(columns[i].nr_values));
	}
	put_one_hot(AREA_COLUMNS);
	put_one_hot(SOIL_COLUMNS);
	put_char(',');
	put_integer(1 + (int)random_below(7));
}

static struct pool *quoted_pool, *plain_pool;

static void prepare_d(void)
{
	quoted_pool = pool_create(draw_normal, 10, "\"%.4f\"", false);
	plain_pool = pool_create(draw_normal, 1, "%.3f", false);
}

static void put_text(void)
{
	static const char *const words[] = {"Smith", "shipped, late", "said \"\"hello\"\"",
		"Kyoto", "multi\nline", "order", "a, b, c", "the quick brown fox", "return", "x"};
	unsigned nr_words = 1 + random_below(6);

	put_char('"');
	for (unsigned i = 0; i < nr_words; i++) {
		const char *word = words[random_below(RIO_ARRAY_SIZE(words))];

		put_bytes(word, strlen(word));
		put_char(' ');
	}
	put_char('"');
}

static void row_d(void)
{
	put_integer((int)random_below(100000));
	for (int i = 0; i < 4; i++) {
		put_char(',');
		put_member(quoted_pool);
	}
	for (int i = 0; i < 3; i++) {
		put_char(',');
		put_text();
	}
	for (int i = 0; i < 4; i++) {
		put_char(',');
		put_member(plain_pool);
	}
}

static unsigned long nr_columns;

static void row_wide(void)
{
	put_member(label_pool);
	for (unsigned long i = 1; i < nr_columns; i++) {
		put_char(',');
		put_member(column_pools[NORMAL]);
	}
}

static const struct set {
	char name;
	void (*prepare)(void);
	void (*row)(void);
} sets[] = {
	{'a', prepare_a, row_a},
	{'b', prepare_b, row_b},
	{'c', NULL, row_c},
	{'d', prepare_d, row_d},
}, wide_set = {'\0', prepare_b, row_wide};

static const struct set *find_set(const char *name)
{
	for (size_t i = 0; i < RIO_ARRAY_SIZE(sets); i++)
		if (name[0] == sets[i].name && !name[1])
			return &sets[i];
	nr_columns = strtoul(name, NULL, 10);
	if (nr_columns < 2 || nr_columns > COLUMNS_MAX)
		errx(2, "there is no set '%s': a, b, c, d, or 2 to %d columns", name, COLUMNS_MAX);
	return &wide_set;
}

int main(int argc, char **argv)
{
	const struct set *set;
	uint64_t wanted_bytes;

	if (argc != 4)
		errx(2, "usage: generate a|b|c|d|COLUMNS MEGABYTES FILE");
	set = find_set(argv[1]);
	wanted_bytes = (uint64_t)(atof(argv[2]) * 1e6);
	out.path = argv[3];
	out.fd = open(out.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out.fd < 0)
		err(1, "%s", out.path);
	out.begin = out.end = malloc(BUFFER_BYTES);
	if (!out.begin)
		err(1, "buffer");
	if (set->prepare)
		set->prepare();

	while (out.flushed_bytes + (uint64_t)(out.end - out.begin) < wanted_bytes) {
		set->row();
		put_char('\n');
		if (out.end - out.begin > BUFFER_BYTES - ROW_BYTES_MAX)
			flush();
	}
	flush();
	if (close(out.fd) < 0)
		err(1, "%s", out.path);
	return 0;
}
