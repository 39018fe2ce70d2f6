/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole of float()'s grammar, any length, exactly rounded, at no hurry.
 * number.c asks it where its own arithmetic cannot tell, or does not want to.
 *
 * Below it: csv/number_tables, libc.
 */
#ifndef RIO_CSV_NUMBER_EXACT_H
#define RIO_CSV_NUMBER_EXACT_H

#include <stdbool.h>
#include <stdint.h>

/* As rio_number_parse, but reads nothing outside of [begin, end). */
bool rio_number_exact(const uint8_t *begin, const uint8_t *end, double *ret);

#endif
