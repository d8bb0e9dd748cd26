/* SPDX-License-Identifier: Apache-2.0 */
/* Which files use up the room of a full file system. */
#ifndef STS_OUTPUT_LARGEST_H
#define STS_OUTPUT_LARGEST_H

#include "base/text.h"

#define STS_LARGEST_TEXT_BYTES 256

/* Add a size: "64 KiB" or "2048 MiB", in the largest unit of which there are at least ten. */
void sts_size_words(struct sts_text *out, uint64_t kib);

/*
 * Add the three regular files of a directory that take up the most room, with room and owner:
 * "core.17 (48 MiB, UID 1000), app.log (12 MiB, UID 1000), token.jwt (4 KiB, UID 65532)". Adds
 * nothing if there are none, or if the directory cannot be listed. No link is followed, no file is
 * opened, and directories beneath it are not looked into. Only the first 4096 entries are looked
 * at, and the text says so if there are more. Names are text from others: they are escaped and cut.
 *   dir_fd  in      open for reading; its position does not change
 *   out     in/out  STS_LARGEST_TEXT_BYTES hold the longest text
 */
void sts_largest_files(struct sts_text *out, int dir_fd);

#endif
