/* SPDX-License-Identifier: Apache-2.0 */
/* Each test hardens a child of this process, and looks at it from inside. */
#include "sandbox/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sandbox/layers.h"
#include "test.h"

/* Run a function in a child. The function returns the number of its first MUST() that does not
 * hold, or 0. Returns that number, or 1000 plus the signal that ended the child. */
static int in_child(int (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define MUST(condition) \
	do { \
		if (!(condition)) \
			return __COUNTER__ + 1; \
	} while (0)

static bool has_limit(int resource, rlim_t value)
{
	struct rlimit now;

	return getrlimit(resource, &now) == 0 && now.rlim_cur == value && now.rlim_max == value;
}

static bool is_null(int fd, int flags)
{
	struct stat null, st;

	return stat("/dev/null", &null) == 0 && fstat(fd, &st) == 0 && st.st_rdev == null.st_rdev &&
	       S_ISCHR(st.st_mode) && (fcntl(fd, F_GETFL) & O_ACCMODE) == flags &&
	       fcntl(fd, F_GETFD) == 0;
}

/* What the kernel says of whether this process is dumpable; -1: as it is. */
static int said_dumpable = -1;

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	unsigned long arg[4];
	va_list args;

	va_start(args, option);
	for (size_t i = 0; i < 4; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	return option == PR_GET_DUMPABLE && said_dumpable >= 0
		       ? said_dumpable
		       : __real_prctl(option, arg[0], arg[1], arg[2], arg[3]);
}

static int process(void)
{
	struct sigaction action;

	prctl(PR_SET_DUMPABLE, 1);
	sts_harden_process();
	MUST(!sts_harden_undumpable_from_start());
	MUST(prctl(PR_GET_DUMPABLE) == 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	MUST(has_limit(RLIMIT_CORE, 0));
	MUST(sigaction(SIGXFSZ, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
	/* Once more: now it was not dumpable. */
	sts_harden_process();
	MUST(sts_harden_undumpable_from_start());
	/* 2 is for root alone: /proc/sys/fs/suid_dumpable. */
	said_dumpable = 1;
	sts_harden_process();
	MUST(!sts_harden_undumpable_from_start());
	said_dumpable = 2;
	sts_harden_process();
	MUST(sts_harden_undumpable_from_start());
	return 0;
}

static int closed_descriptors(void)
{
	close(0);
	close(1);
	close(2);
	close(3);
	sts_harden_process();
	MUST(is_null(0, O_RDONLY));
	MUST(is_null(1, O_RDONLY));
	MUST(is_null(2, O_WRONLY));
	MUST(fcntl(3, F_GETFD) < 0);
	return 0;
}

static int open_descriptors(void)
{
	struct stat before, after;

	MUST(fstat(1, &before) == 0);
	close(2);
	sts_harden_process();
	MUST(fstat(1, &after) == 0 && before.st_ino == after.st_ino);
	MUST(is_null(2, O_WRONLY));
	return 0;
}

/* The memory that is read-only after relocation, in whole pages. */
static char *relro;
static size_t relro_len;

static int find_relro(struct dl_phdr_info *info, size_t size, void *unused)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)unused;
	for (size_t i = 0; i < info->dlpi_phnum && !relro; i++) {
		const ElfW(Phdr) *phdr = &info->dlpi_phdr[i];
		uintptr_t start = (info->dlpi_addr + phdr->p_vaddr) / page * page;
		uintptr_t end = (info->dlpi_addr + phdr->p_vaddr + phdr->p_memsz) / page * page;

		if (phdr->p_type == PT_GNU_RELRO && end > start) {
			relro = (char *)start;
			relro_len = end - start;
		}
	}
	return 1; /* the first object is the program */
}

static bool harden_before_write;
static size_t written_place;

static int write_there(void)
{
	MUST(mprotect(relro, relro_len, PROT_READ | PROT_WRITE) == 0);
	if (harden_before_write)
		sts_harden_process();
	*(volatile char *)(relro + written_place) = relro[written_place];
	return 0;
}

static void relocated_memory(void)
{
	dl_iterate_phdr(find_relro, NULL);
	if (!relro) {
		sts_test_skipped = "less than a page is read-only after relocation";
		return;
	}
	for (int i = 0; i < 4; i++) {
		harden_before_write = i % 2;
		written_place = i < 2 ? 0 : relro_len - 1;
		CHECK_INT(in_child(write_there), i % 2 ? 1000 + SIGSEGV : 0);
	}
}

static bool from_stdin, to_stdout;

static int worker(void)
{
	int in[2], out[2];

	MUST(pipe(in) == 0 && pipe(out) == 0);
	MUST(dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1 && dup2(out[1], 2) == 2);
	for (int fd = 3; fd < 20; fd++)
		close(fd);
	sts_harden_worker(from_stdin, to_stdout);
	MUST(from_stdin ? !is_null(0, O_RDONLY) : is_null(0, O_RDONLY));
	MUST(to_stdout ? !is_null(1, O_RDONLY) : is_null(1, O_RDONLY));
	MUST(is_null(2, O_RDONLY));
	MUST(fcntl(3, F_GETFD) < 0);
	MUST(has_limit(RLIMIT_CPU, 20));
	MUST(has_limit(RLIMIT_NOFILE, 64));
	MUST(has_limit(RLIMIT_FSIZE, 1 << 20) == !to_stdout);
	return 0;
}

static void workers(void)
{
	for (int i = 0; i < 4; i++) {
		from_stdin = i % 2;
		to_stdout = i / 2;
		CHECK_INT(in_child(worker), 0);
	}
}

static int small_limits(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){30, 30});
	setrlimit(RLIMIT_CPU, &(struct rlimit){5, 10});
	sts_harden_worker(true, true);
	MUST(has_limit(RLIMIT_NOFILE, 30));
	MUST(has_limit(RLIMIT_CPU, 10));
	return 0;
}

/* No file can be opened, as where /dev/null is missing: descriptors stay as they are. */
static int no_descriptor(void)
{
	struct stat before, after;

	MUST(fstat(2, &before) == 0);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
	sts_harden_worker(false, false);
	MUST(fstat(2, &after) == 0 && before.st_ino == after.st_ino);
	MUST(has_limit(RLIMIT_CPU, 20));
	close(1);
	sts_harden_process();
	MUST(fcntl(1, F_GETFD) < 0);
	MUST(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	return 0;
}

static int listener(void)
{
	sts_harden_listener();
	MUST(has_limit(RLIMIT_NOFILE, 32));
	return 0;
}

static void a_process(void)
{
	CHECK_INT(in_child(process), 0);
}

static void descriptors(void)
{
	CHECK_INT(in_child(closed_descriptors), 0);
	CHECK_INT(in_child(open_descriptors), 0);
}

static void other_limits(void)
{
	CHECK_INT(in_child(small_limits), 0);
	CHECK_INT(in_child(no_descriptor), 0);
	CHECK_INT(in_child(listener), 0);
}

static const struct sts_test tests[] = {
	{"any process", a_process},
	{"standard descriptors", descriptors},
	{"memory that is read-only after relocation", relocated_memory},
	{"workers", workers},
	{"limits that were lower, and the listener's", other_limits},
};

int main(void)
{
	if (STS_RUNTIME_REPORTS) {
		printf("1..0 # SKIP the runtime of the sanitizers needs what is taken away\n");
		return 0;
	}
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
