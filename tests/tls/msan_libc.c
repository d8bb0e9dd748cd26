/* SPDX-License-Identifier: Apache-2.0 */
/* clang 14 does not know that stat(2) and its relatives write to a struct, since they are functions
 * of the C library's own from version 2.33 on, nor what syscall(2) and explicit_bzero(3) write to.
 * These stand before those of the C library, and call them. A test can have a function of its own
 * in the place of one of these: by its name, or by the linker's --wrap. */
#include <dlfcn.h>
#include <sanitizer/msan_interface.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The function of the C library. */
#define NEXT(function, symbol) ((__typeof__(&(function)))dlsym(RTLD_NEXT, symbol))

#pragma weak stat
#pragma weak lstat
#pragma weak fstat
#pragma weak fstatat
#pragma weak syscall

static int written(int result, struct stat *st)
{
	if (result == 0)
		__msan_unpoison(st, sizeof(*st));
	return result;
}

/* With _FILE_OFFSET_BITS=64 the symbols of these four end with 64. */
int stat(const char *path, struct stat *st)
{
	return written(NEXT(stat, "stat64")(path, st), st);
}

int lstat(const char *path, struct stat *st)
{
	return written(NEXT(lstat, "lstat64")(path, st), st);
}

int fstat(int fd, struct stat *st)
{
	return written(NEXT(fstat, "fstat64")(fd, st), st);
}

int fstatat(int fd, const char *path, struct stat *st, int flags)
{
	return written(NEXT(fstatat, "fstatat64")(fd, path, st, flags), st);
}

long syscall(long number, ...)
{
	long a[6], result;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	__msan_unpoison(a, sizeof(a)); /* a call has up to six arguments */
	result = NEXT(syscall, "syscall")(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (result < 0)
		return result;
	switch (number) {
	case SYS_clock_gettime:
		__msan_unpoison((void *)a[1], sizeof(struct timespec));
		break;
	case SYS_getdents64:
		__msan_unpoison((void *)a[1], (size_t)result);
		break;
	case SYS_newfstatat:
		__msan_unpoison((void *)a[2], sizeof(struct stat));
		break;
	case SYS_pipe2:
		__msan_unpoison((void *)a[0], 2 * sizeof(int));
		break;
	case SYS_prlimit64:
		if (a[3])
			__msan_unpoison((void *)a[3], sizeof(struct rlimit));
		break;
	}
	return result;
}

void explicit_bzero(void *data, size_t len)
{
	NEXT(explicit_bzero, "explicit_bzero")(data, len);
	__msan_unpoison(data, len);
}
