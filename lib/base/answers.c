/* SPDX-License-Identifier: Apache-2.0 */
#include "base/answers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/system_calls.h"

static _Noreturn void ask(const char *path, const char *name)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	char byte;

	if (fd >= 0 && stat(path, &st) == 0) {
		fd = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0 && read(fd, &byte, 1) < 0)
			_exit(1);
	}
	_exit(0);
}

bool sts_path_answers(const char *path, const char *name)
{
	int ends[2];
	struct pollfd end = {0};
	bool answers;
	pid_t child;

	if (sts_pipe2(ends, O_CLOEXEC) != 0)
		return true;
	child = _Fork();
	if (child == 0)
		ask(path, name);
	/* The child closes the other end when it ends. */
	close(ends[1]);
	end.fd = ends[0];
	answers = child < 0 || poll(&end, 1, STS_ANSWERS_S * 1000) != 0;
	close(ends[0]);
	if (answers && child > 0)
		waitpid(child, NULL, 0);
	return answers;
}
