/* SPDX-License-Identifier: Apache-2.0 */
#include "other_commands/our_kind.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* Read the name of a process from /proc/PID/comm (proc_pid_comm(5)). The kernel shows it even if
 * the process is not dumpable. */
static struct sts_slice read_comm(pid_t pid, char *buf, size_t size)
{
	char path[40];
	struct sts_text text;
	size_t len;

	sts_text_init(&text, path, sizeof(path));
	sts_text_addf(&text, "/proc/%u/comm", (unsigned)pid);
	if (sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, &len) != 0)
		len = 0;
	return (struct sts_slice){buf, len};
}

bool sts_is_our_kind(pid_t pid)
{
	char theirs[32], ours[32];
	struct sts_slice a = read_comm(pid, theirs, sizeof(theirs)),
			 b = read_comm(getpid(), ours, sizeof(ours));

	return a.len > 0 && sts_slice_same(a, b);
}
