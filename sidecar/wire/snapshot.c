/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include "wire/sealed_memory.h"

int sts_snapshot_make(void)
{
	return sts_sealed_memory_make("config");
}

bool sts_snapshot_fill(int fd, const char *data, size_t len)
{
	int ignored;

	if (write(fd, data, len) == (ssize_t)len &&
	    sts_sealed_memory_seal(fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		return true;
	/* No worker may take a part of the file for the whole file. */
	ignored = ftruncate(fd, 0);
	(void)ignored;
	return false;
}

bool sts_snapshot_read(int fd, char *buf, size_t size, size_t *len)
{
	ssize_t got = pread(fd, buf, size, 0);

	*len = got > 0 ? (size_t)got : 0;
	return got > 0 && *len < size;
}
