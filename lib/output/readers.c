/* SPDX-License-Identifier: Apache-2.0 */
#include "output/readers.h"

struct sts_readers sts_readers_of(mode_t mode, gid_t group)
{
	return (struct sts_readers){
		.all = mode & S_IROTH, .has_group = mode & S_IRGRP, .group = group};
}

bool sts_readers_enter(struct sts_readers *r, const struct stat *dir)
{
	bool others = dir->st_mode & S_IXOTH, group = dir->st_mode & S_IXGRP;

	if (r->all) {
		if (others)
			return false;
		*r = (struct sts_readers){.has_group = group, .group = dir->st_gid};
		return true;
	}
	if (!r->has_group || (dir->st_gid == r->group ? group : others))
		return false;
	r->has_group = false;
	return true;
}

bool sts_readers_none(const struct sts_readers *r)
{
	return !r->all && !r->has_group;
}
