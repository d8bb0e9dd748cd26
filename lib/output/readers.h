/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who can read the files in the output directory, as far as modes, owners and groups say. The
 * functions are pure: the caller looks at the directories. They know nothing of the application:
 * which UID it has, and whether it is meant to read the files.
 */
#ifndef STS_OUTPUT_READERS_H
#define STS_OUTPUT_READERS_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Who can read, besides the owner of the files. */
struct sts_readers {
	bool all;       /* every UID */
	bool has_group; /* the UIDs in `group`, if not all can */
	gid_t group;
};

/* Returns who may read a file with this mode and group, if everybody can get to it. */
struct sts_readers sts_readers_of(mode_t mode, gid_t group);

/*
 * Take away the readers that cannot enter a directory on the way to the files.
 *   dir  in  its mode and its group
 * Returns whether there are fewer readers now.
 */
bool sts_readers_enter(struct sts_readers *r, const struct stat *dir);

/* Is there no reader besides the owner? */
bool sts_readers_none(const struct sts_readers *r);

#endif
