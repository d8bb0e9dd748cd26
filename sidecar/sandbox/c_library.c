/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Short forms of functions of the C library, for the release. Those of musl have code for threads,
 * for kernels that this program does not run on, for descriptors of O_PATH, and for long texts: 3.5
 * kB of it. Results, errno and the numbers of the system calls are the same. The linker takes the
 * functions from here, since it looks into musl last. Other builds have the functions of their C
 * library.
 *
 * This file is compiled without link-time optimisation, since the compiler makes calls of strlen()
 * and memchr() by itself. It does not include headers that declare a function with `...`: the
 * arguments are passed as those of a function that has a fixed number of them.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define AT_FDCWD      (-100)
#define O_CREAT       0100
#define SIGNALS_BYTES 8 /* of a set of signals, as the kernel has it */

/* Of musl: for an error, set errno to -result and return -1; else return the result. */
long __syscall_ret(unsigned long result);

static inline __attribute__((always_inline)) long trap3(long number, long a, long b, long c)
{
#ifdef __x86_64__
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b, x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#endif
}

static inline __attribute__((always_inline)) long trap6(long number, long a, long b, long c, long d,
							long e, long f)
{
#ifdef __x86_64__
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#endif
}

#define CALL3(number, a, b, c) \
	__syscall_ret((unsigned long)trap3(number, (long)(a), (long)(b), (long)(c)))
#define CALL6(number, a, b, c, d, e, f) \
	__syscall_ret((unsigned long)trap6(number, (long)(a), (long)(b), (long)(c), (long)(d), \
					   (long)(e), (long)(f)))

/* ---- system calls ---- */

long syscall(long number, long a, long b, long c, long d, long e, long f)
{
	return CALL6(number, a, b, c, d, e, f);
}

/* The kernel puts these values behind the environment of a new process. */
unsigned long getauxval(unsigned long type)
{
	extern char **environ;
	char **variable = environ;
	const unsigned long *pair;

	while (*variable)
		variable++;
	pair = (const unsigned long *)(variable + 1);
	while (pair[0] != type && pair[0] != 0)
		pair += 2;
	return pair[1];
}

int prctl(int option, long a, long b, long c, long d)
{
	return (int)CALL6(SYS_prctl, option, a, b, c, d, 0);
}

int ioctl(int fd, int request, void *data)
{
	return (int)CALL3(SYS_ioctl, fd, request, data);
}

int openat(int dir_fd, const char *path, int flags, mode_t mode)
{
	return (int)CALL6(SYS_openat, dir_fd, path, flags, flags & O_CREAT ? mode : 0, 0, 0);
}

int open(const char *path, int flags, mode_t mode)
{
#ifdef SYS_open
	return (int)CALL3(SYS_open, path, flags, flags & O_CREAT ? mode : 0);
#else
	return openat(AT_FDCWD, path, flags, mode);
#endif
}

/* An interrupted close(2) has closed the descriptor. */
int close(int fd)
{
	long result = trap3(SYS_close, fd, 0, 0);

	return (int)__syscall_ret(result == -EINTR ? 0 : (unsigned long)result);
}

ssize_t read(int fd, void *data, size_t len)
{
	return CALL3(SYS_read, fd, data, len);
}

ssize_t write(int fd, const void *data, size_t len)
{
	return CALL3(SYS_write, fd, data, len);
}

ssize_t pread(int fd, void *data, size_t len, off_t at)
{
	return CALL6(SYS_pread64, fd, data, len, at, 0, 0);
}

int fsync(int fd)
{
	return (int)CALL3(SYS_fsync, fd, 0, 0);
}

/* The kernel's struct stat is that of the C library, on both architectures. */
int fstat(int fd, struct stat *st)
{
	return (int)CALL3(SYS_fstat, fd, st, 0);
}

int fstatat(int dir_fd, const char *restrict path, struct stat *restrict st, int flags)
{
	return (int)CALL6(SYS_newfstatat, dir_fd, path, st, flags, 0, 0);
}

int stat(const char *restrict path, struct stat *restrict st)
{
#ifdef SYS_stat
	return (int)CALL3(SYS_stat, path, st, 0);
#else
	return fstatat(AT_FDCWD, path, st, 0);
#endif
}

int lstat(const char *restrict path, struct stat *restrict st)
{
#ifdef SYS_lstat
	return (int)CALL3(SYS_lstat, path, st, 0);
#else
	return fstatat(AT_FDCWD, path, st, 0x100); /* AT_SYMLINK_NOFOLLOW */
#endif
}

int fstatfs(int fd, struct statfs *out)
{
	return (int)CALL3(SYS_fstatfs, fd, out, 0);
}

void *mmap(void *start, size_t len, int protection, int flags, int fd, off_t at)
{
	return (void *)CALL6(SYS_mmap, start, len, protection, flags, fd, at);
}

int socket(int domain, int type, int protocol)
{
	return (int)CALL3(SYS_socket, domain, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return (int)CALL3(SYS_connect, fd, address, len);
}

ssize_t recvfrom(int fd, void *restrict data, size_t len, int flags, struct sockaddr *restrict from,
		 socklen_t *restrict from_len)
{
	return CALL6(SYS_recvfrom, fd, data, len, flags, from, from_len);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *to,
	       socklen_t to_len)
{
	return CALL6(SYS_sendto, fd, data, len, flags, to, to_len);
}

#ifdef SYS_poll
int poll(struct pollfd *fds, nfds_t count, int wait_ms)
{
	return (int)CALL3(SYS_poll, fds, count, wait_ms);
}
#endif

pid_t waitpid(pid_t pid, int *status, int options)
{
	return (pid_t)CALL6(SYS_wait4, pid, status, options, 0, 0, 0);
}

/* There are no threads and no locks whose state the child would have to mend. The child keeps the
 * thread ID of its parent in musl's memory: raise() and abort() would signal the parent, and a
 * release does not call them (log/bug.c). */
pid_t _Fork(void)
{
#ifdef SYS_fork
	return (pid_t)CALL3(SYS_fork, 0, 0, 0);
#else
	return (pid_t)CALL6(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
#endif
}

int nanosleep(const struct timespec *wait, struct timespec *left)
{
	return (int)CALL3(SYS_nanosleep, wait, left, 0);
}

int signalfd(int fd, const sigset_t *signals, int flags)
{
	return (int)CALL6(SYS_signalfd4, fd, signals, SIGNALS_BYTES, flags, 0, 0);
}

/* What the kernel knows of a signal. */
struct action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

#define SA_RESTORER_GIVEN 0x04000000

void __restore_rt(void); /* of musl: returns from a handler */

int sigaction(int number, const struct sigaction *restrict new, struct sigaction *restrict old)
{
	struct action set, was;
	int result;

	if (new) {
		set = (struct action){new->sa_handler,
				      (unsigned long)new->sa_flags | SA_RESTORER_GIVEN,
				      __restore_rt, *(const unsigned long *)&new->sa_mask};
	}
	result = (int)CALL6(SYS_rt_sigaction, number, new ? &set : NULL, old ? &was : NULL,
			    SIGNALS_BYTES, 0, 0);
	if (old && result == 0) {
		old->sa_handler = was.handler;
		old->sa_flags = (int)was.flags;
		*(unsigned long *)&old->sa_mask = was.mask;
	}
	return result;
}

void (*signal(int number, void (*handler)(int)))(int)
{
	struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;

	return sigaction(number, &new, &old) == 0 ? old.sa_handler : SIG_ERR;
}

/* ---- memory and texts ---- */

#ifdef __x86_64__
void *memset(void *data, int byte, size_t len)
{
	void *at = data;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(len) : "a"(byte) : "memory");
	return data;
}
#endif

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return (size_t)(end - text);
}

void *memchr(const void *data, int byte, size_t len)
{
	for (const unsigned char *c = data; len > 0; c++, len--)
		if (*c == (unsigned char)byte)
			return (void *)c;
	return NULL;
}

/* musl's strchr() calls it. */
char *__strchrnul(const char *text, int byte)
{
	while (*text && *text != (char)byte)
		text++;
	return (char *)text;
}

size_t strcspn(const char *text, const char *ends)
{
	size_t len = 0;

	while (text[len] && *__strchrnul(ends, text[len]) == '\0')
		len++;
	return len;
}

size_t strspn(const char *text, const char *some)
{
	size_t len = 0;

	while (text[len] && *__strchrnul(some, text[len]))
		len++;
	return len;
}
