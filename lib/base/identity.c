/* SPDX-License-Identifier: Apache-2.0 */
#include "base/identity.h"

#include <sys/stat.h>

#include "base/hash.h"

uint64_t sts_file_identity(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return STS_IDENTITY_MISSING;
	const uint64_t parts[] = {st.st_dev, st.st_ino, (uint64_t)st.st_size,
				  (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
	return sts_hash(STS_HASH_START, parts, sizeof(parts)) | 1;
}

uint64_t sts_files_identity(uint64_t before, const char *path)
{
	const uint64_t parts[] = {before, sts_file_identity(path)};

	return sts_hash(STS_HASH_START, parts, sizeof(parts)) | 1;
}

bool sts_identity_is_possible(uint64_t identity)
{
	return identity == STS_IDENTITY_UNKNOWN || identity == STS_IDENTITY_MISSING ||
	       (identity & 1) != 0;
}
