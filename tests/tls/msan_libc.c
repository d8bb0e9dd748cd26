/* SPDX-License-Identifier: Apache-2.0 */
/* clang 14 does not know that stat(2) and its relatives write to a struct, since they are functions
 * of the C library's own from version 2.33 on, nor what syscall(2) and explicit_bzero(3) write to.
 * The linker puts these in their place. */
#include <sanitizer/msan_interface.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

int __real_stat64(const char *path, struct stat *st);
int __real_lstat64(const char *path, struct stat *st);
int __real_fstat64(int fd, struct stat *st);
int __real_fstatat64(int fd, const char *path, struct stat *st, int flags);
void __real_explicit_bzero(void *data, size_t len);
void __wrap_explicit_bzero(void *data, size_t len);
long __real_syscall(long number, ...);
int __wrap_stat64(const char *path, struct stat *st);
int __wrap_lstat64(const char *path, struct stat *st);
int __wrap_fstat64(int fd, struct stat *st);
int __wrap_fstatat64(int fd, const char *path, struct stat *st, int flags);
long __wrap_syscall(long number, ...);

static int written(int result, struct stat *st)
{
	if (result == 0)
		__msan_unpoison(st, sizeof(*st));
	return result;
}

int __wrap_stat64(const char *path, struct stat *st)
{
	return written(__real_stat64(path, st), st);
}

int __wrap_lstat64(const char *path, struct stat *st)
{
	return written(__real_lstat64(path, st), st);
}

int __wrap_fstat64(int fd, struct stat *st)
{
	return written(__real_fstat64(fd, st), st);
}

int __wrap_fstatat64(int fd, const char *path, struct stat *st, int flags)
{
	return written(__real_fstatat64(fd, path, st, flags), st);
}

long __wrap_syscall(long number, ...)
{
	long a[6], result;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	__msan_unpoison(a, sizeof(a)); /* a call has up to six arguments */
	result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_getdents64 && result > 0)
		__msan_unpoison((void *)a[1], (size_t)result);
	if (number == SYS_prlimit64 && result == 0 && a[3])
		__msan_unpoison((void *)a[3], sizeof(struct rlimit));
	return result;
}

void __wrap_explicit_bzero(void *data, size_t len)
{
	__real_explicit_bzero(data, len);
	__msan_unpoison(data, len);
}
