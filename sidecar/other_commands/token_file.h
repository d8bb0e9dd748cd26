/* SPDX-License-Identifier: Apache-2.0 */
/* The token that `inspect` and `verify` are about. */
#ifndef STS_OTHER_COMMANDS_TOKEN_FILE_H
#define STS_OTHER_COMMANDS_TOKEN_FILE_H

#include "options/options.h"
#include "protocol/answer.h"

#define STS_TOKEN_FILE_BYTES (STS_TOKEN_MAX_BYTES + 2)

/*
 * Read a file that the user named ("-" is standard input), or token.jwt of a directory.
 *   file   in   NULL for the token of the directory
 *   buf    out  `size` bytes of memory
 *   text   out  UNTRUSTED, trimmed
 * Returns STS_OK, STS_ESUBJECT_MISSING, or STS_ESUBJECT_UNREADABLE.
 */
enum sts_err sts_token_file_read(const char *file, const char *dir, char *buf, size_t size,
				 struct sts_slice *text, struct sts_error *e);

/* Print an error about the token. What is wrong is the file that the user named, and not an STS.
 * Returns the exit status of the error. */
int sts_token_file_complain(const struct sts_error *e);

#endif
