/* SPDX-License-Identifier: Apache-2.0 */
#include "other_commands/other_process.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define STATUS_BYTES 4096 /* of /proc/PID/status */
#define SHARED_BYTES 1024 /* of a file that is compared */

size_t sts_process_read(int64_t pid, const char *file, char *buf, size_t size)
{
	char path[40];
	struct sts_text text;
	size_t len;

	sts_text_init(&text, path, sizeof(path));
	sts_text_addf(&text, "/proc/%u/%s", (unsigned)pid, file);
	return sts_file_read(AT_FDCWD, path, STS_FILE_FOLLOW, buf, size, &len) == 0 ? len : 0;
}

int64_t sts_process_number(int64_t pid, const char *key, int index)
{
	char memory[STATUS_BYTES];
	struct sts_slice status = {memory, sts_process_read(pid, "status", memory, sizeof(memory))};
	struct sts_slice line, word;
	uint64_t number;

	while (sts_slice_take_line(&status, &line)) {
		if (!sts_slice_take_prefix(&line, key))
			continue;
		while (sts_slice_take_word(&line, &word))
			if (index-- == 0 && sts_parse_u64(word, UINT32_MAX, &number))
				return (int64_t)number;
	}
	return -1;
}

bool sts_process_shares(int64_t pid, const char *file)
{
	char theirs[SHARED_BYTES], ours[SHARED_BYTES];
	size_t len = sts_process_read(pid, file, theirs, sizeof(theirs));

	return len > 0 && len == sts_process_read(getpid(), file, ours, sizeof(ours)) &&
	       memcmp(theirs, ours, len) == 0;
}

/* The kernel shows the name even if the process is not dumpable. */
bool sts_is_our_kind(int64_t pid)
{
	return sts_process_shares(pid, "comm");
}
