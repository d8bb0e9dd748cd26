/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of printf that our messages use. The C library's own would bring floating point, wide
 * characters and streams into the binary.
 *
 * A format may have %% %c %s %d %u %x %o, the lengths l, ll and z, a precision for %s, a width, and
 * the flags 0 and -. Precision and width may be numbers or *; a negative argument for * counts as
 * 0. Anything else is a bug of the caller: the text then ends with "%!".
 */
#ifndef STS_BASE_FORMAT_H
#define STS_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Format into a buffer.
 *   out   out  size bytes; the text, cut to size - 1 bytes, NUL-terminated when size > 0
 *   fmt   in   a format of our own, plain or packed (packed.h), never text from a peer
 *   args  in   not changed; the caller ends it
 * Returns the length of the whole text without the NUL, as if nothing had been cut.
 */
size_t sts_format(char *out, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
