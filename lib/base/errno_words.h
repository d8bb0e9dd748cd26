/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of errno in words. */
#ifndef STS_BASE_ERRNO_WORDS_H
#define STS_BASE_ERRNO_WORDS_H

#include "base/error.h"

/*
 * The meaning of an errno, for a message: "no such file". The words are our own, so that they are
 * the same with every libc.
 *   err  in  any value; EINVAL gets the words for what sts_file_open() means by it
 * Returns static text, never NULL. A number without words of its own gives "an unexpected error of
 * the system".
 */
const char *sts_errno_words(int err);

/*
 * The error for a call that has failed with an errno. If no descriptor is left (EMFILE, ENFILE),
 * that is what must be mended, whatever the call was for.
 *   usual  in  the error for any other errno
 * Returns STS_EFILES or usual.
 */
enum sts_err sts_errno_code(int err, enum sts_err usual);

#endif
