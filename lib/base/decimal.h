/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decimal number as a double. This takes the place of the C library's strtod(3), which is exact
 * for every input and costs 5 kB. JSON numbers and expiries do not need that exactness. cJSON is
 * compiled to call this function.
 */
#ifndef STS_BASE_DECIMAL_H
#define STS_BASE_DECIMAL_H

/*
 * Read [-+]digits[.digits][(e|E)[-+]digits] from the start of z.
 *   z    in   NUL-terminated, UNTRUSTED
 *   end  out  points into z, behind the number; equal to z when there is no number; may be NULL
 * Returns the number, 0 when there is none. Whole numbers up to 2^53 are exact. Any other result is
 * right to within a few units of the last of 15 digits, unless the number has more than
 * 100 million digits. A number outside the range of a double gives infinity or 0.
 */
double sts_decimal(const char *z, char **end);

#endif
