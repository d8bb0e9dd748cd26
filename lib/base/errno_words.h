/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of errno in words. */
#ifndef STS_BASE_ERRNO_WORDS_H
#define STS_BASE_ERRNO_WORDS_H

/*
 * The meaning of an errno, for a message: "no such file". The words are our own, so that they are
 * the same with every libc.
 *   err  in  any value; EINVAL gets the words for what sts_file_open() means by it
 * Returns static text, never NULL. A number without words of its own gives "an unexpected error of
 * the system".
 */
const char *sts_errno_words(int err);

#endif
