/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of errno in words, and why a file may not be read. */
#ifndef STS_BASE_ERRNO_WORDS_H
#define STS_BASE_ERRNO_WORDS_H

#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"

#define STS_BARRED_MAX_BYTES 128 /* what sts_add_barred() adds, with a NUL */

/*
 * The meaning of an errno, for a message: "no such file". The words are our own, so that they are
 * the same with every libc.
 *   err  in  any value; ESPIPE gives "not a regular file": the system returns it for a FIFO or a
 *            socket, and sts_file_open() for a device as well
 * Returns a text that is valid until the next call, never NULL. A number without words of its own
 * gives "an unexpected error of the system".
 */
const char *sts_errno_words(int err);

/*
 * Add why this process may not read a file or enter a directory: "permission denied: mode 0600,
 * owner 0, group 0, and this process is UID 65532, GID 65532".
 *   st   in  of the file; NULL: unknown, since a directory above it may not be entered
 *   err  in  EACCES or EPERM
 */
void sts_add_barred(struct sts_text *t, const struct stat *st, int err);

/*
 * Why a file could not be read: the words of sts_add_barred() if this process may not read it, else
 * those of sts_errno_words().
 *   path  in  of the file, from the current directory
 * Returns a text that is valid until the next call, never NULL.
 */
const char *sts_read_words(const char *path, int err);

/*
 * The error for a call that has failed with an errno. When no descriptor is free (EMFILE, ENFILE),
 * the call fails whatever its purpose is, and the limit must be raised. So these have an error of
 * their own.
 *   usual  in  the error for any other errno
 * Returns STS_EFILES or usual.
 */
enum sts_err sts_errno_code(int err, enum sts_err usual);

#endif
