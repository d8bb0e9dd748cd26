/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STS_TEST_WATCHES_H
#define STS_TEST_WATCHES_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* How many directories an inotify descriptor watches. */
static inline int watches_of(int fd)
{
	char path[64], text[4096];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	int info = open(path, O_RDONLY);
	ssize_t got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got > 0 ? got : 0] = '\0';
	for (const char *at = text; (at = strstr(at, "inotify wd:")); at++)
		count++;
	return count;
}

#endif
