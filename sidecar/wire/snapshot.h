/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshot: a copy of the configuration file from which the plans were made, in a memory file.
 * The planning child fills it and seals it, the supervisor holds it and never reads it, and workers
 * inherit it. It cannot be changed after it is sealed.
 */
#ifndef STS_WIRE_SNAPSHOT_H
#define STS_WIRE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>

/* Make an empty snapshot. Returns a descriptor, which the caller closes, or -1 with errno. */
int sts_snapshot_make(void);

/* Fill the snapshot with `len` bytes, and seal it. Returns false if either failed: the snapshot is
 * then empty, and sts_snapshot_read() reads nothing from it. */
bool sts_snapshot_fill(int fd, const char *data, size_t len);

/* Read the whole snapshot into buf, which has `size` bytes. Several workers may read at the same
 * time: the file offset is not used. Returns false if there is no snapshot, if it is empty, or if
 * it has `size` bytes or more. */
bool sts_snapshot_read(int fd, char *buf, size_t size, size_t *len);

#endif
