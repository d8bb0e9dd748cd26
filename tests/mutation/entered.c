/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes which functions a test enters. The compiler calls the hook at the start of each function
 * (-finstrument-functions). The file that STS_ENTERED names gets one byte for each address of the
 * program; processes that the test starts write to it, too. Where the environment does not name the
 * file, it is the file STS_ENTERED of the build, if that exists. That file has its size already,
 * since the sandbox does not let each process truncate it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef SIZE_BYTES
#define SIZE_BYTES (64L << 20)
#endif
#define UNCOUNTED __attribute__((no_instrument_function))

extern const char __executable_start[];
static unsigned char *entered;

UNCOUNTED __attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("STS_ENTERED");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *at;

#ifdef STS_ENTERED
	if (!path)
		fd = open(STS_ENTERED, O_RDWR | O_CLOEXEC);
#endif
	if (fd < 0)
		return;
	if (!path || ftruncate(fd, SIZE_BYTES) == 0) {
		at = mmap(NULL, SIZE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		entered = at == MAP_FAILED ? NULL : at;
	}
	close(fd);
}

UNCOUNTED void __cyg_profile_func_enter(void *function, void *caller);
UNCOUNTED void __cyg_profile_func_exit(void *function, void *caller);

void __cyg_profile_func_enter(void *function, void *caller)
{
	long at = (long)((const char *)function - __executable_start);

	(void)caller;
	if (entered && at >= 0 && at < SIZE_BYTES)
		entered[at] = 1;
}

void __cyg_profile_func_exit(void *function, void *caller)
{
	(void)function;
	(void)caller;
}
