/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/harden.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/resident.h"
#include "sandbox/layers.h"

#define WORKER_CPU_S       20
#define WORKER_FILE_BYTES  (1024 * 1024)
#define WORKER_DESCRIPTORS 64

#define LISTENER_DESCRIPTORS 32

static bool undumpable_from_start STS_RESIDENT;

/* Of the linker: the start of the program in memory. */
extern const ElfW(Ehdr) __ehdr_start;

/* Make whole pages read-only: those that the linker has marked as read-only after relocation
 * (PT_GNU_RELRO). */
static void apply_relro(void)
{
	const char *base = (const char *)&__ehdr_start;
	const ElfW(Phdr) *phdr = (const ElfW(Phdr) *)(base + __ehdr_start.e_phoff);
	uintptr_t pages = -getauxval(AT_PAGESZ);

	for (size_t i = 0; i < __ehdr_start.e_phnum; i++) {
		uintptr_t start = (uintptr_t)base + phdr[i].p_vaddr;
		uintptr_t end = (start + phdr[i].p_memsz) & pages;

		start &= pages;
		if (phdr[i].p_type == PT_GNU_RELRO && end > start)
			mprotect((void *)start, end - start, PROT_READ);
	}
}

/* Open /dev/null as each of the descriptors 0 to 2 that is closed. Otherwise the next file that is
 * opened would get the number of standard error, and the log would be written into it. A standard
 * output that was closed cannot be written to, so that what is printed is not lost without an
 * error. */
static void open_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (syscall(SYS_fcntl, fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

static void limit(int resource, rlim_t value)
{
	struct rlimit now, wanted = {value, value};

	/* setrlimit() of musl would link musl's code for signalling threads into the program. */
	if (syscall(SYS_prlimit64, 0, resource, NULL, &now) == 0 && now.rlim_max < value)
		wanted = (struct rlimit){now.rlim_max, now.rlim_max};
	syscall(SYS_prlimit64, 0, resource, &wanted, NULL);
}

void sts_harden_process(void)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);

	/* 0, or 2 where /proc/sys/fs/suid_dumpable is 2. Both keep processes of this UID out. */
	undumpable_from_start = dumpable == 0 || dumpable == 2;
	prctl(PR_SET_DUMPABLE, 0);
	limit(RLIMIT_CORE, 0);
	/* With the signal ignored, write(2) fails with EFBIG at the limit of the file size, and the
	 * error is reported. The signal would end the process. */
	signal(SIGXFSZ, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	apply_relro();
	open_standard_descriptors();
}

bool sts_harden_undumpable_from_start(void)
{
	return undumpable_from_start;
}

/* Cut a worker off from the log. Only the supervisor writes the log: a worker that a hostile answer
 * has taken over must neither forge lines nor write a token there. */
static void leave_log(bool from_stdin, bool to_stdout)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (nothing < 0)
		return;
	dup2(nothing, STDERR_FILENO);
	/* On a terminal, standard input is the same file as standard error, and can be written
	 * to. */
	if (!from_stdin)
		dup2(nothing, STDIN_FILENO);
	if (!to_stdout)
		dup2(nothing, STDOUT_FILENO);
	close(nothing);
}

void sts_harden_worker(bool from_stdin, bool to_stdout)
{
	if (!STS_RUNTIME_REPORTS)
		leave_log(from_stdin, to_stdout);
	limit(RLIMIT_CPU, WORKER_CPU_S);
	limit(RLIMIT_NOFILE, WORKER_DESCRIPTORS);
	if (!to_stdout)
		limit(RLIMIT_FSIZE, WORKER_FILE_BYTES);
}

void sts_harden_listener(void)
{
	limit(RLIMIT_NOFILE, LISTENER_DESCRIPTORS);
}
