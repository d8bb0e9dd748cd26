/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/snapshot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Linux 6.3; older ones refuse it. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int sts_snapshot_make(void)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	long fd = syscall(SYS_memfd_create, "config", flags | MFD_NOEXEC_SEAL);

	if (fd < 0)
		fd = syscall(SYS_memfd_create, "config", flags);
	return (int)fd;
}

bool sts_snapshot_fill(int fd, const char *data, size_t len)
{
	return write(fd, data, len) == (ssize_t)len &&
	       syscall(SYS_fcntl, fd, F_ADD_SEALS,
		       F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
}

bool sts_snapshot_read(int fd, char *buf, size_t size, size_t *len)
{
	ssize_t got = pread(fd, buf, size, 0);

	*len = got > 0 ? (size_t)got : 0;
	return got > 0 && *len < size;
}
