/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sealed_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* This flag exists since Linux 6.3. An older kernel refuses it with EINVAL. The headers of the C
 * library may be older. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif

int sts_sealed_memory_make(const char *name)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create(name, flags) : fd;
}

bool sts_sealed_memory_seal(int fd, unsigned seals)
{
	return syscall(SYS_fcntl, fd, F_ADD_SEALS, seals | F_SEAL_SEAL) == 0;
}
