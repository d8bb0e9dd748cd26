/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters are run as the kernel would run them, for each system call and many arguments, and
 * compared with what each stage may do, as it is written here once more. tests/sandbox/ asks the
 * kernel.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "sandbox/layers.h"
#include "test.h"

#define SIGNAL 10
#define PIDFD  7

/* The letters of the stages, as in docs/sandbox.md; X is the supervisor. */
enum {
	A = STS_SANDBOX_START,
	B = STS_SANDBOX_CONNECTED,
	C = STS_SANDBOX_ANSWERED,
	N = STS_SANDBOX_NOTIFY,
	S = STS_SANDBOX_SIGNAL,
	L = STS_SANDBOX_LISTENER,
	X = STS_SANDBOX_SUPERVISOR,
	W = A | B | C,
	ALL = A | B | C | N | S | L | X,
};

static struct sock_filter filter[512];
static size_t filter_len;
static int prctl_errno;

/* In place of the C library's: the filter is kept, and does not begin to hold. */
int prctl(int option, ...)
{
	const struct sock_fprog *program;
	unsigned long mode;
	va_list args;

	va_start(args, option);
	mode = va_arg(args, unsigned long);
	program = va_arg(args, const struct sock_fprog *);
	va_end(args);
	CHECK_INT(option, PR_SET_SECCOMP);
	CHECK_INT((int)mode, SECCOMP_MODE_FILTER);
	filter_len = program->len;
	CHECK(filter_len <= sizeof(filter) / sizeof(filter[0]));
	memcpy(filter, program->filter, filter_len * sizeof(filter[0]));
	errno = prctl_errno;
	return prctl_errno ? -1 : 0;
}

/* What the filter says of a system call. The instructions are those that seccomp(2) allows. */
static uint32_t verdict(const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t at = 0; at < filter_len; at++) {
		const struct sock_filter *f = &filter[at];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 != 0 || f->k + 4 > sizeof(*data))
				return 0xdead;
			memcpy(&a, (const char *)data + f->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			return 0xdead;
		}
	}
	return 0xdead; /* the program has no end */
}

/* ---- what is expected ---- */

static bool internet(const uint64_t *arg)
{
	uint64_t type = arg[1] & ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC);

	return (arg[0] == AF_INET || arg[0] == AF_INET6) && type <= SOCK_RAW && arg[2] == 0;
}

#ifdef __NR_open
static bool private_file(const uint64_t *arg)
{
	return (arg[2] & ~(uint64_t)0600) == 0;
}
#endif

static bool private_file_at(const uint64_t *arg)
{
	return (arg[3] & ~(uint64_t)0600) == 0;
}

static bool only_32_bits(uint64_t arg)
{
	return arg >> 32 == 0;
}

static bool read_only_at(const uint64_t *arg)
{
	uint64_t writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | 020000000;

	return only_32_bits(arg[2]) && (arg[2] & writes) == 0;
}

static bool no_address(const uint64_t *arg)
{
	return arg[4] == 0;
}

static bool not_executable(const uint64_t *arg)
{
	return only_32_bits(arg[2]) && (arg[2] & PROT_EXEC) == 0;
}

static bool plain_fork(const uint64_t *arg)
{
	return (arg[0] & ~(uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) == SIGCHLD;
}

static bool sigkill(const uint64_t *arg)
{
	return arg[1] == SIGKILL;
}

static bool get_flags(const uint64_t *arg)
{
	return arg[1] == F_GETFD || arg[1] == F_GETFL;
}

static bool add_seals(const uint64_t *arg)
{
	return arg[1] == F_ADD_SEALS;
}

static bool window_size(const uint64_t *arg)
{
	return arg[1] == TIOCGWINSZ;
}

static bool interface_number(const uint64_t *arg)
{
	return arg[1] == 0x8933; /* SIOCGIFINDEX */
}

static bool set_filter(const uint64_t *arg)
{
	return arg[0] == PR_SET_SECCOMP;
}

static bool harden(const uint64_t *arg)
{
	return arg[0] == PR_GET_DUMPABLE || (arg[0] == PR_SET_DUMPABLE && arg[1] == 0) ||
	       arg[0] == PR_SET_PDEATHSIG || arg[0] == PR_SET_NO_NEW_PRIVS ||
	       (arg[0] == PR_SET_MM && arg[1] == PR_SET_MM_MAP) || set_filter(arg);
}

static bool file_mode(const uint64_t *arg)
{
	return (arg[1] & ~(uint64_t)0266) == 0400;
}

static bool group_only(const uint64_t *arg)
{
	return arg[1] == 0xffffffff;
}

static bool give_back(const uint64_t *arg)
{
	return arg[2] == MADV_DONTNEED;
}

static bool any_signal(const uint64_t *arg)
{
	return arg[2] == 0 && arg[3] == 0;
}

static bool one_signal(const uint64_t *arg)
{
	return arg[1] == SIGNAL && any_signal(arg);
}

static bool one_process(const uint64_t *arg)
{
	return arg[0] == PIDFD && one_signal(arg);
}

static bool no_delay(const uint64_t *arg)
{
	return arg[1] == IPPROTO_TCP && arg[2] == TCP_NODELAY;
}

static bool listening(const uint64_t *arg)
{
	return (arg[1] == SOL_SOCKET && (arg[2] == SO_REUSEADDR || arg[2] == SO_LINGER)) ||
	       (arg[1] == IPPROTO_IPV6 && arg[2] == IPV6_V6ONLY);
}

static bool socket_error(const uint64_t *arg)
{
	return arg[1] == SOL_SOCKET && arg[2] == SO_ERROR;
}

static const struct row {
	int number;
	unsigned who;
	bool (*holds)(const uint64_t *arg);
} rows[] = {
	{__NR_read, X | W | N, NULL},
	{__NR_write, X | W | N | S | L, NULL},
	{__NR_close, X | W | N | L, NULL},
	{__NR_clock_gettime, X | W | L, NULL},
	{__NR_fstat, X | W | N | L, NULL},
	{__NR_newfstatat, X | W | N | L, NULL},
	{__NR_openat, X | A, private_file_at},
	{__NR_openat, B | C | N, read_only_at},
#ifdef __NR_open
	{__NR_open, X | A, private_file},
	{__NR_stat, X | A | L, NULL},
	{__NR_lstat, X, NULL},
	{__NR_poll, X | W | L, NULL},
	{__NR_fork, X, NULL},
	{__NR_dup2, X, NULL},
	{__NR_arch_prctl, X, NULL},
	{__NR_readlink, X, NULL},
#else
	{__NR_readlinkat, X, NULL},
#endif
	{__NR_ppoll, X | W | L, NULL},
	{__NR_exit_group, X | W | N | S | L, NULL},
	{__NR_restart_syscall, X | W | L, NULL},
	{__NR_rt_sigaction, X | W | N | S, NULL},
	{__NR_rt_sigreturn, X | W, NULL},
	{__NR_rt_sigprocmask, X, NULL},
	{__NR_getrandom, X | A | B, NULL},
	{__NR_getuid, X | W, NULL},
	{__NR_geteuid, X | W | L, NULL},
	{__NR_getegid, X | A, NULL},
	{__NR_getgroups, X | A, NULL},
	{__NR_nanosleep, X | A | L, NULL},
	{__NR_lseek, X | A | B, NULL},
	{__NR_pread64, X | A | B, NULL},
	{__NR_getdents64, X | A | B, NULL},
	{__NR_faccessat, X | A | L, NULL},
	{__NR_fstatfs, X | W | L, NULL},
	{__NR_unlinkat, X | W, NULL},
	{__NR_renameat, X | W, NULL},
	{__NR_fchown, X | W, group_only},
	{__NR_fchmod, X | W, file_mode},
	{__NR_fsync, X | W, NULL},
	{__NR_fallocate, X | A, NULL},
	{__NR_flock, X, NULL},
	{__NR_socket, X | A | L, internet},
	{__NR_connect, X | A, NULL},
	{__NR_ioctl, X | A, interface_number},
	{__NR_ioctl, X, window_size},
	{__NR_setsockopt, X, NULL},
	{__NR_setsockopt, A, no_delay},
	{__NR_setsockopt, L, listening},
	{__NR_getsockopt, X, NULL},
	{__NR_getsockopt, A, socket_error},
	{__NR_getpeername, X | A, NULL},
	{__NR_recvfrom, X | A | B | L, NULL},
	{__NR_sendto, X | A | B | L, no_address},
	{__NR_bind, X | L, NULL},
	{__NR_listen, X | L, NULL},
	{__NR_accept4, X | L, NULL},
	{__NR_shutdown, X | L, NULL},
	{__NR_prctl, A | B | N, set_filter},
	{__NR_prctl, X, harden},
	{__NR_landlock_create_ruleset, X | A, NULL},
	{__NR_landlock_add_rule, X | A, NULL},
	{__NR_landlock_restrict_self, X | A, NULL},
	{__NR_pidfd_open, X | N, NULL},
	{__NR_pidfd_send_signal, X, any_signal},
	{__NR_pidfd_send_signal, N, one_signal},
	{__NR_pidfd_send_signal, S, one_process},
	{__NR_clone, X, plain_fork},
	{__NR_execve, X, NULL},
	{__NR_execveat, X, NULL},
	{__NR_wait4, X, NULL},
	{__NR_kill, X, sigkill},
	{__NR_getpid, X | N, NULL},
	{__NR_getppid, X | N | L, NULL},
	{__NR_dup3, X, NULL},
	{__NR_pipe2, X, NULL},
	{__NR_fcntl, X | A, get_flags},
	{__NR_fcntl, X, add_seals},
	{__NR_timerfd_settime, X, NULL},
	{__NR_setitimer, X, NULL},
	{__NR_inotify_init1, X, NULL},
	{__NR_inotify_add_watch, X, NULL},
	{__NR_memfd_create, X, NULL},
	{__NR_ftruncate, X, NULL},
	{__NR_prlimit64, X, NULL},
	{__NR_setpriority, X, NULL},
	{__NR_set_tid_address, X, NULL},
	{__NR_mmap, X, not_executable},
	{__NR_mprotect, X, not_executable},
	{__NR_madvise, X | L, give_back},
	{__NR_munmap, X, NULL},
#if STS_SANITIZED
	/* what the runtime of such a build and the dynamic loader need besides */
	{__NR_read, ALL, NULL},
	{__NR_rt_sigaction, ALL, NULL},
	{__NR_rt_sigprocmask, ALL, NULL},
	{__NR_rt_sigreturn, ALL, NULL},
	{__NR_clock_nanosleep, ALL, NULL},
	{__NR_mmap, ALL, NULL},
	{__NR_mprotect, ALL, NULL},
	{__NR_munmap, ALL, NULL},
	{__NR_mremap, ALL, NULL},
	{__NR_madvise, ALL, NULL},
	{__NR_brk, ALL, NULL},
	{__NR_futex, ALL, NULL},
	{__NR_sigaltstack, ALL, NULL},
	{__NR_sched_yield, ALL, NULL},
	{__NR_sched_getaffinity, ALL, NULL},
	{__NR_getpid, ALL, NULL},
	{__NR_gettid, ALL, NULL},
	{__NR_tgkill, ALL, NULL},
	{__NR_readlinkat, ALL, NULL},
	{__NR_set_robust_list, ALL, NULL},
	{__NR_rseq, ALL, NULL},
	{__NR_prlimit64, ALL, NULL},
	{__NR_sysinfo, ALL, NULL},
	{__NR_uname, ALL, NULL},
	{__NR_pread64, ALL, NULL},
	{__NR_lseek, ALL, NULL},
	{__NR_prctl, ALL, NULL},
	{__NR_ioctl, ALL, NULL},
	{__NR_fcntl, ALL, NULL},
	{__NR_statx, ALL, NULL},
	{__NR_openat, ALL, NULL},
#ifdef __NR_access
	{__NR_open, ALL, NULL},
	{__NR_access, ALL, NULL},
	{__NR_readlink, ALL, NULL},
	{__NR_getrlimit, ALL, NULL},
#endif
#endif
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool is_allowed(unsigned stage, int number, const uint64_t *arg)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].number == number && (rows[i].who & stage) &&
		    (!rows[i].holds || rows[i].holds(arg)))
			return true;
	return false;
}

/* ---- the comparison ---- */

static size_t tried, allowed;

static void compare(unsigned stage, int number, const uint64_t *arg)
{
	struct seccomp_data data = {
		.nr = number,
#if defined(__x86_64__)
		.arch = AUDIT_ARCH_X86_64
	};
#else
		.arch = AUDIT_ARCH_AARCH64
	};
#endif
	uint32_t got, wanted = SECCOMP_RET_ERRNO | ((uint32_t)number < 424 ? EPERM : ENOSYS);

	memcpy(data.args, arg, sizeof(data.args));
	if (is_allowed(stage, number, arg))
		wanted = SECCOMP_RET_ALLOW;
	got = verdict(&data);
	tried++;
	allowed += got == SECCOMP_RET_ALLOW;
	CHECK_INT(got, wanted);
	if (got != wanted)
		printf("# stage %#x, call %d (%#llx, %#llx, %#llx, %#llx, %#llx)\n", stage, number,
		       (unsigned long long)arg[0], (unsigned long long)arg[1],
		       (unsigned long long)arg[2], (unsigned long long)arg[3],
		       (unsigned long long)arg[4]);
	/* Another architecture has no calls. */
	data.arch ^= 1;
	CHECK_INT(verdict(&data), SECCOMP_RET_ERRNO | ENOSYS);
}

/* Arguments that some condition allows. */
static const uint64_t allowed_arguments[][6] = {
	{0},
	{AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0},
	{AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0},
	{SIGCHLD},
	{CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD},
	{5, SIGKILL},
	{5, F_GETFD},
	{5, F_GETFL},
	{5, F_ADD_SEALS},
	{5, TIOCGWINSZ},
	{5, 0x8933},
	{PR_GET_DUMPABLE},
	{PR_SET_DUMPABLE, 0},
	{PR_SET_PDEATHSIG, SIGKILL},
	{PR_SET_NO_NEW_PRIVS, 1},
	{PR_SET_MM, PR_SET_MM_MAP},
	{PR_SET_SECCOMP, 2, 99},
	{5, 0400},
	{5, 0666},
	{5, 0xffffffff, 3},
	{5, SIGNAL, 0, 0},
	{PIDFD, SIGNAL, 0, 0},
	{5, IPPROTO_TCP, TCP_NODELAY},
	{5, SOL_SOCKET, SO_REUSEADDR},
	{5, SOL_SOCKET, SO_LINGER},
	{5, SOL_SOCKET, SO_ERROR},
	{5, IPPROTO_IPV6, IPV6_V6ONLY},
	{5, 6, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_DIRECTORY, 0},
	{5, 6, O_CREAT | O_WRONLY, 0600},
	{5, 6, PROT_READ | PROT_WRITE},
	{5, 6, MADV_DONTNEED},
};
#define ARGUMENTS (sizeof(allowed_arguments) / sizeof(allowed_arguments[0]))

/* From arguments that are allowed, change one: each bit of it, and to small numbers. */
static void compare_with_arguments(unsigned stage, int number)
{
	for (size_t i = 0; i < ARGUMENTS; i++) {
		uint64_t arg[6];

		memcpy(arg, allowed_arguments[i], sizeof(arg));
		compare(stage, number, arg);
		for (size_t place = 0; place < 5; place++) {
			uint64_t kept = arg[place];

			for (unsigned bit = 0; bit < 64; bit++) {
				arg[place] = kept ^ 1ull << bit;
				compare(stage, number, arg);
			}
			for (arg[place] = 0; arg[place] < 72; arg[place]++)
				compare(stage, number, arg);
			arg[place] = kept;
		}
	}
}

static bool has_condition(int number)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].number == number && rows[i].holds)
			return true;
	return false;
}

static void check_stage(unsigned stage)
{
	static const uint64_t none[6];
	struct sts_sandbox_target target = {.signal = SIGNAL, .pidfd = PIDFD};
	bool notifies = stage == N || stage == S;

	prctl_errno = 0;
	filter_len = 0;
	CHECK_INT(sts_seccomp_enter((enum sts_sandbox_stage)stage, notifies ? &target : NULL), 0);
	tried = allowed = 0;
	for (int number = 0; number < 1024 && sts_test_failures < 20; number++)
		if (has_condition(number))
			compare_with_arguments(stage, number);
		else /* a condition that only the filter has shows itself here */
			for (size_t i = 0; i < ARGUMENTS; i++)
				compare(stage, number, allowed_arguments[i]);
	compare(stage, 0x40000000, none); /* read(2) of the x32 ABI */
	compare(stage, 0x40000000 | 424, none);
	compare(stage, -1, none);
	CHECK(tried > 1000 && allowed > 0 && allowed < tried);
}

#define STAGE(name, letter) \
	static void name(void) \
	{ \
		check_stage(letter); \
	}

STAGE(start, A)
STAGE(connected, B)
STAGE(answered, C)
STAGE(notify, N)
STAGE(signal_only, S)
STAGE(listener, L)
STAGE(supervisor, X)

static void failures(void)
{
	prctl_errno = EINVAL;
	CHECK_INT(sts_seccomp_enter(STS_SANDBOX_SUPERVISOR, NULL), EINVAL);
	prctl_errno = 0;
	/* There is room for more rows before the filter is too long. */
	CHECK(filter_len > 100 && filter_len < 250);
}

static const struct sts_test tests[] = {
	{"a worker before it is connected", start},
	{"a worker that is connected", connected},
	{"a worker that has the answer", answered},
	{"a worker that notifies", notify},
	{"a worker that may send one signal to one process", signal_only},
	{"the listener", listener},
	{"the supervisor", supervisor},
	{"a filter that cannot be set", failures},
};

STS_TEST_MAIN(tests)
