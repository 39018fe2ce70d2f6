/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number as the shortest decimal text that reads back as the same number, as
 * Python's repr() and numpy's print it.
 *
 * Below it: libc only.
 */
#ifndef RIO_RECORD_DECIMAL_H
#define RIO_RECORD_DECIMAL_H

#define RIO_DECIMAL_BYTES 40

/*
 * Write value into text, which is returned; always with a point or an exponent, so that
 * it is no integer: 1.0, -0.0, 0.1, 1e+40.  Finite values only.
 */
char *rio_decimal_f32(float value, char text[RIO_DECIMAL_BYTES]);
char *rio_decimal_f64(double value, char text[RIO_DECIMAL_BYTES]);

#endif
