/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/handover.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "wire/job.h"
#include "wire/sealed_memory.h"

bool sts_handover_make(void)
{
	int fd = sts_sealed_memory_make("sts-token");
	bool made = fd >= 0 && dup2(fd, STS_INHERITED_TOKEN_FD) >= 0;

	if (fd >= 0 && fd != STS_INHERITED_TOKEN_FD)
		close(fd);
	return made;
}

/* Returns the size of the memory; -1 if the descriptor is something else. A file of a file system
 * has a name. */
static off_t size_of(void)
{
	struct stat st;

	return fstat(STS_INHERITED_TOKEN_FD, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0
		       ? st.st_size
		       : -1;
}

void sts_handover_put(struct sts_slice token)
{
	if (size_of() == 0)
		sts_file_write_fd(STS_INHERITED_TOKEN_FD, token.data, token.len);
}

struct sts_slice sts_handover_take(char *buf, size_t size)
{
	static char zeros[1024];
	off_t len = size_of();

	if (len <= 0 || (size_t)len > size ||
	    pread(STS_INHERITED_TOKEN_FD, buf, (size_t)len, 0) != len)
		return (struct sts_slice){NULL, 0};
	lseek(STS_INHERITED_TOKEN_FD, 0, SEEK_SET);
	for (off_t at = 0; at < len; at += (off_t)sizeof(zeros))
		sts_file_write_fd(STS_INHERITED_TOKEN_FD, zeros, sizeof(zeros));
	return (struct sts_slice){buf, (size_t)len};
}
