/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of characters in ASCII, whatever the locale. A byte above 0x7e is neither a digit, nor a
 * letter, nor white space. */
#ifndef STS_BASE_ASCII_H
#define STS_BASE_ASCII_H

#include <stdbool.h>

/* Is c one of 0 to 9? */
static inline bool sts_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Is c one of a to z or A to Z? */
static inline bool sts_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Is c white space of the C locale: SP, HT, LF, VT, FF or CR? */
static inline bool sts_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The small letter for a capital letter; any other character as it is. */
static inline char sts_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

#endif
