/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decimal number as a double: what JSON and expiries need of strtod(3), in place of the C
 * library's, which is exact for every input and costs 5 kB. cJSON is compiled against this one.
 */
#ifndef STS_BASE_DECIMAL_H
#define STS_BASE_DECIMAL_H

/*
 * Read [-+]digits[.digits][(e|E)[-+]digits] from the start of z.
 *   z    in   NUL-terminated, UNTRUSTED
 *   end  out  what follows the number, z itself when there is none; may be NULL
 * Whole numbers up to 2^53 are exact; anything else is right to within a few units of the last of
 * 15 digits. Past the range: infinity, or 0.
 */
double sts_decimal(const char *z, char **end);

#endif
