/* SPDX-License-Identifier: Apache-2.0 */
/* Each test executes this program again, with arguments and an environment that it knows. The new
 * process moves, looks at itself from its new stack, and ends with the number of the first MUST()
 * that does not hold, or with MOVED or STAYED. */
#include "sandbox/resident_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "test.h"

enum { MOVED = 100, STAYED, STOPPED };

#define MUST(condition) \
	do { \
		if (!(condition)) \
			return __COUNTER__ + 1; \
	} while (0)

static bool kernel_refuses;

int __real_prctl(int option, ...);

/* An emulator of another architecture may not know how a process says where its arguments are. */
static bool kernel_knows(void)
{
	unsigned size;

	return __real_prctl(PR_SET_MM, PR_SET_MM_MAP_SIZE, (long)&size, 0L, 0L) == 0;
}

int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	long arg[4];

	STS_TEST_ARGUMENTS(arg, option);
	if (kernel_refuses && option == PR_SET_MM) {
		errno = EINVAL;
		return -1;
	}
	if (option == PR_SET_MM && !kernel_knows())
		return 0;
	return __real_prctl(option, arg[0], arg[1], arg[2], arg[3]);
}

/* ---- the process that moves ---- */

static char **old_argv;

static char got[16384];

/* Read a file of /proc. The C library's own streams have memory of a heap, which looks for random
 * bytes on the old stack. */
static size_t read_file(const char *file)
{
	int fd = open(file, O_RDONLY);
	size_t len = 0;
	ssize_t more;

	while (fd >= 0 && (more = read(fd, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)more;
	close(fd);
	got[len] = '\0';
	return len;
}

/* Is this what a file of /proc says: these texts, each with its NUL? */
static bool has(const char *file, char *const *texts)
{
	size_t len = read_file(file), at = 0;

	for (; *texts; at += strlen(*texts++) + 1)
		if (at + strlen(*texts) >= len || strcmp(got + at, *texts) != 0)
			return false;
	return at == len;
}

/* How far the mapping of the stack is from the one before, and its first address. */
static uintptr_t guard_bytes, stack_start;

/* Is an address mapped? `hole` is then how far its mapping is from the one before. */
static bool is_mapped(const void *address, uintptr_t *hole)
{
	unsigned long from, to, before = 0;

	read_file("/proc/self/maps");
	for (char *line = got; sscanf(line, "%lx-%lx", &from, &to) == 2; before = to) {
		*hole = from - before;
		stack_start = from;
		if (from <= (uintptr_t)address && (uintptr_t)address < to)
			return true;
		line = strchr(line, '\n') + 1;
	}
	return false;
}

static void on_fault(int number, siginfo_t *fault, void *context)
{
	uintptr_t at = (uintptr_t)fault->si_addr;

	(void)number;
	(void)context;
	_exit(stack_start - guard_bytes <= at && at < stack_start ? STOPPED : 1);
}

static __attribute__((noinline)) int deeper(unsigned calls)
{
	volatile char frame[1024];

	frame[0] = (char)calls;
	return calls > 0 ? deeper(calls - 1) + frame[0] : frame[0];
}

/* Use more stack than there is. */
static int overflow(void)
{
	static char other_stack[65536];
	const stack_t other = {.ss_sp = other_stack, .ss_size = sizeof(other_stack)};
	const struct sigaction action = {.sa_sigaction = on_fault,
					 .sa_flags = SA_SIGINFO | SA_ONSTACK};

	MUST(sigaltstack(&other, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
	return deeper(1024) == 0;
}

static int look(char **argv)
{
	uintptr_t hole;

	MUST(argv != old_argv);
	MUST(strcmp(argv[2], "two words") == 0 && argv[3][0] == '\0' && argv[4] == NULL);
	MUST(strchr(sts_program_path(), '/') && access(sts_program_path(), X_OK) == 0);
	MUST(getauxval(AT_EUID) == geteuid() && getauxval(AT_EGID) == getegid());
	MUST(getauxval(AT_PAGESZ) == 0);
	MUST(!kernel_knows() ||
	     (has("/proc/self/cmdline", argv) && has("/proc/self/environ", environ)));
	MUST(!getenv("STS_TEST_A") || strcmp(getenv("STS_TEST_A"), "value of A") == 0);
	MUST((uintptr_t)__builtin_frame_address(0) % 16 == 0);
	MUST(!is_mapped(old_argv, &hole));
	MUST(is_mapped(&hole, &hole) && hole >= 4096);
	guard_bytes = hole;
	MUST((uintptr_t)&hole < (uintptr_t)argv && (uintptr_t)argv - (uintptr_t)&hole < 4096);
	if (strcmp(argv[1], "overflow") == 0)
		return overflow();
	return environ[0] ? MOVED + 10 : MOVED;
}

static int move(char **argv)
{
	old_argv = argv;
	kernel_refuses = strcmp(argv[1], "refuse") == 0;
	sts_resident_stack(argv, look);
	MUST(argv[2] && argv[4] == NULL && sts_program_path()[0]);
	return STAYED;
}

/* ---- the tests ---- */

/* Returns the status with which the process ends, or 1000 plus the signal. */
static int run(const char *how, const char *text, const char *const *environment)
{
	const char *const arguments[] = {"a program", how, text, "", NULL};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execve("/proc/self/exe", (char *const *)(uintptr_t)arguments,
		       (char *const *)(uintptr_t)environment);
		_exit(1);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static const char *const none[] = {NULL};
static const char *const some[] = {"STS_TEST_A=value of A", "STS_TEST_B=", "HOME=/", NULL};

static bool stays(void)
{
#ifdef __GLIBC__
	sts_test_skipped = "this C library keeps pointers to the stack";
	return true;
#else
	return false;
#endif
}

static void test_moves(void)
{
	if (stays())
		return;
	CHECK_INT(run("move", "two words", some), MOVED + 10);
	CHECK_INT(run("move", "two words", none), MOVED);
}

static void test_overflow(void)
{
	if (!stays())
		CHECK_INT(run("overflow", "two words", some), STOPPED);
}

static void test_too_long(void)
{
	static char text[66000];

	memset(text, 'x', sizeof(text) - 1);
	CHECK_INT(run("move", text, some), STAYED);
}

static void test_the_kernel_refuses(void)
{
	CHECK_INT(run("refuse", "two words", some), STAYED);
}

static const struct sts_test tests[] = {
	{"arguments and environment move with the stack", test_moves},
	{"a stack that is used up ends at the page below it", test_overflow},
	{"arguments that are too long stay", test_too_long},
	{"a kernel that refuses", test_the_kernel_refuses},
};

int main(int argc, char **argv)
{
	alarm(60);
	return argc > 1 ? move(argv) : sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
