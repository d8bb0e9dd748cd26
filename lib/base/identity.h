/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A number by which a process finds out that a path leads to another file than before, or that the
 * file was changed. The functions use stat(2) and do not open the file. On a file system that does
 * not answer, stat(2) does not return, so the supervisor never calls these functions.
 */
#ifndef STS_BASE_IDENTITY_H
#define STS_BASE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#define STS_IDENTITY_UNKNOWN 0 /* nobody has looked */
#define STS_IDENTITY_MISSING 2 /* stat(2) fails there */

/*
 * Returns a number that changes when a path leads to another file or when the file changes, as far
 * as stat(2) shows it. Links are followed. The number is odd, or STS_IDENTITY_MISSING if stat(2)
 * fails.
 */
uint64_t sts_file_identity(const char *path);

/*
 * Returns one number for several files, in their order.
 *   before  in  the number of the files before; STS_IDENTITY_UNKNOWN if this is the first one
 * The number is odd.
 */
uint64_t sts_files_identity(uint64_t before, const char *path);

/* Is this a number that the functions above return, or STS_IDENTITY_UNKNOWN? */
bool sts_identity_is_possible(uint64_t identity);

#endif
