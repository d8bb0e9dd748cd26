/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a process can cost, for tests/bench/memory.py: it writes the files of its
 * command line, and waits for ever. With --twice, a second process waits beside it.
 *
 *	floor [--twice] [DIRECTORY NAME SIZE [NAME SIZE]...]
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--twice") == 0) {
		if (fork() == 0)
			execl("/proc/self/exe", "floor", (char *)0);
		argc--;
		argv++;
	}
	if (argc > 1 && chdir(argv[1]) != 0)
		return 1;
	for (int i = 2; i + 1 < argc; i += 2) {
		int fd = open(argv[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		if (fd == -1)
			return 1;
		for (int left = atoi(argv[i + 1]); left > 0; left--) {
			if (write(fd, "t", 1) != 1)
				return 1;
		}
		close(fd);
	}
	pause();
	return 0;
}
