/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of printf that our messages use, in place of the C library's, which would bring floating
 * point, wide characters and streams into the binary.
 *
 * Understood: %% %c %s %d %u %x %o, the lengths l, ll and z, a precision for %s (also *), a width
 * (also *), and the flags 0 and -. Anything else is a bug of ours: it stops the text with "%!".
 */
#ifndef STS_BASE_FORMAT_H
#define STS_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

/*
 * Format into out, NUL-terminated when size > 0.
 *   fmt  in  ours, never a peer's
 * Returns the length of the whole text without the NUL, of which at most size - 1 bytes were
 * written.
 */
size_t sts_format(char *out, size_t size, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
