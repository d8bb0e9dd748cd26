/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the configuration file said when the plans were made: a memory file, which the child that
 * plans fills and seals, the supervisor holds and never reads, and workers inherit. Nobody can
 * change it any more.
 */
#ifndef STS_WIRE_SNAPSHOT_H
#define STS_WIRE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

/* Make an empty one. Returns a descriptor, or -1. */
int sts_snapshot_make(void);

/* Fill it, and seal it. False when that failed: there is none then. */
bool sts_snapshot_fill(int fd, const char *data, size_t len);

/* Read it all, whoever else does. Returns false when it is not there or longer than size. */
bool sts_snapshot_read(int fd, char *buf, size_t size, size_t *len);

#endif
