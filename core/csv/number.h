/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a number: exactly what Python's float() accepts, correctly rounded
 * to the nearest double, ties to even.
 *
 * Below it: libc only.  It knows nothing of quotes, missing values or columns;
 * csv/cell.h does.
 */
#ifndef RIO_CSV_NUMBER_H
#define RIO_CSV_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Read the number in [begin, end) into *ret and return true, or return false
 * and leave *ret alone where Python's float() would raise ValueError.
 *
 * Accepted, as there: white space around the number (ASCII's and Unicode's, in
 * UTF-8), a sign, digits with single underscores between them, a point, an
 * exponent, inf, infinity and nan in any case, and every Unicode decimal digit
 * in UTF-8.  Too large is inf, too small is 0, and -nan has its sign bit set.
 *
 * Up to 16 bytes on either side of [begin, end) may be read (never used), so
 * they must lie in the caller's memory.
 *
 * Safe from many threads; independent of the locale.
 */
bool rio_number_parse(const uint8_t *begin, const uint8_t *end, double *ret);

#endif
