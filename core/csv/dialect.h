/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a CSV file separates and quotes: RFC 4180 with the choices that the
 * world adds.  A plain value.
 */
#ifndef RIO_CSV_DIALECT_H
#define RIO_CSV_DIALECT_H

#include <stdbool.h>
#include <stdint.h>

#define RIO_QUOTE_NONE (-1)

struct rio_dialect {
	uint8_t delimiter; /* one ASCII byte: no quote, CR, LF or NUL */
	int16_t quote;     /* one ASCII byte, or RIO_QUOTE_NONE */
};

#define RIO_DIALECT_DEFAULT ((struct rio_dialect){.delimiter = ',', .quote = '"'})

/*
 * Bytes that may surround a value without belonging to it, and of which a
 * blank line may consist: space, tab and carriage return, but never the
 * delimiter itself.
 */
static inline bool rio_dialect_is_blank(const struct rio_dialect *d, uint8_t c)
{
	return (c == ' ' || c == '\t' || c == '\r') && c != d->delimiter;
}

#endif
