/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of errno in words. */
#ifndef STS_BASE_ERRNO_WORDS_H
#define STS_BASE_ERRNO_WORDS_H

/*
 * What an errno means, for a message: "no such file". The words are ours, the same with every libc;
 * a number without words of its own is "an unexpected error of the system". EINVAL reads as what
 * sts_file_open() means by it. Static storage; never NULL.
 */
const char *sts_errno_words(int err);

#endif
