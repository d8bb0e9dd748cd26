/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/layers.h"

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
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "the system calls of this architecture are not in the table"
#endif

/* System calls from this number on are new. They have the same number on all architectures. A C
 * library may try a new call and then do without the call if it fails with ENOSYS, but not if it
 * fails with EPERM. The calls of the x32 ABI have bit 30 set, so their numbers are also above this
 * number. */
#define NEW_CALLS 424

/* A condition for one argument of a system call: in the low 32 bits (argument & mask) == value; the
 * high 32 bits must be zero. */
struct condition {
	uint8_t argument;
	bool and_next; /* the condition after this one must hold as well */
	uint32_t mask, value;
	uint8_t from; /* where the value comes from */
};

/* Where the value of a condition comes from. CONSTANT and FOR_STAGES: the table has the value.
 * TARGET_SIGNAL and TARGET_PIDFD: the value is known only when the filter is made (struct
 * sts_sandbox_target). A row with a condition other than CONSTANT does not count for the
 * supervisor, which has another row for the call. */
enum { CONSTANT, FOR_STAGES, TARGET_SIGNAL, TARGET_PIDFD };

/* The conditions of the table. A condition with several parts has its parts one after the other,
 * joined by and_next. */
enum {
	ANY,
	INTERNET, /* a TCP or UDP socket of IPv4 or IPv6; a raw socket needs a protocol number */
	INTERNET_TYPE,
	INTERNET_PROTOCOL,
	NO_ADDRESS, /* sendto(2) without an address, for a connected socket */
	NO_EXECUTE, /* no memory is made executable */
	PLAIN_FORK, /* fork(2): no new namespace, no thread */
	KILL,       /* SIGKILL is the only signal that the supervisor sends */
	GET_FLAGS,  /* F_GETFD and F_GETFL; F_SETOWN and F_SETSIG would send signals */
	ADD_SEALS,
	GIVE_BACK, /* madvise(2) that gives memory back */
	IS_TERMINAL,
	INTERFACE_NUMBER, /* the number of a network interface, by its name */
	GET_DUMPABLE,
	NOT_DUMPABLE,
	NOT_DUMPABLE_0,
	END_WITH_PARENT,
	NO_NEW_PRIVILEGES,
	ARGUMENTS, /* the listener says where its arguments are */
	ARGUMENTS_MAP,
	FILTER,
	PRIVATE_FILE, /* the mode of a new file is at most 0600: no set-user-ID program */
	PRIVATE_FILE_AT,
	READ_ONLY_AT, /* for reading a file that is there: no file is made or written to */
	FILE_MODE,    /* the modes that --mode may have */
	GROUP_ONLY,
	ONE_PROCESS, /* the signal of --notify-signal, with the one descriptor that was opened */
	ONE_SIGNAL,  /* the signal of --notify-signal */
	ANY_SIGNAL,  /* no siginfo_t, no flags: the call can do no more than kill(2) */
	ANY_SIGNAL_FLAGS,
	NO_DELAY, /* from here on: socket options, each with its level and then its name */
	NO_DELAY_NAME,
	REUSE_ADDRESS,
	REUSE_ADDRESS_NAME,
	LINGER,
	LINGER_NAME,
	V6_ONLY,
	V6_ONLY_NAME,
	SOCKET_ERROR,
	SOCKET_ERROR_NAME,
};

/* The flags of open(2) that make a file, or open it for writing. O_TMPFILE includes O_DIRECTORY,
 * which is allowed, and which has another value on each architecture. */
#define TMPFILE_ALONE (O_TMPFILE & ~O_DIRECTORY)
#define WRITE_FLAGS   (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | TMPFILE_ALONE)

_Static_assert(TMPFILE_ALONE == 020000000 && (WRITE_FLAGS & O_DIRECTORY) == 0, "see open(2)");

static const struct condition conditions[] = {
	[INTERNET] = {0, 1, ~8u, AF_INET},
	[INTERNET_TYPE] = {1, 1, ~(SOCK_NONBLOCK | SOCK_CLOEXEC | 3u), 0},
	[INTERNET_PROTOCOL] = {2, 0, ~0u, 0},
	[NO_ADDRESS] = {4, 0, ~0u, 0},
	[NO_EXECUTE] = {2, 0, PROT_EXEC, 0},
	[PLAIN_FORK] = {0, 0, ~(uint32_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID), SIGCHLD},
	[KILL] = {1, 0, ~0u, SIGKILL},
	[GET_FLAGS] = {1, 0, ~2u, F_GETFD},
	[ADD_SEALS] = {1, 0, ~0u, F_ADD_SEALS},
	[GIVE_BACK] = {2, 0, ~0u, MADV_DONTNEED},
	[IS_TERMINAL] = {1, 0, ~0u, TIOCGWINSZ},
	[INTERFACE_NUMBER] = {1, 0, ~0u, SIOCGIFINDEX},
	[GET_DUMPABLE] = {0, 0, ~0u, PR_GET_DUMPABLE},
	[NOT_DUMPABLE] = {0, 1, ~0u, PR_SET_DUMPABLE},
	[NOT_DUMPABLE_0] = {1, 0, ~0u, 0},
	[END_WITH_PARENT] = {0, 0, ~0u, PR_SET_PDEATHSIG},
	[NO_NEW_PRIVILEGES] = {0, 0, ~0u, PR_SET_NO_NEW_PRIVS},
	[ARGUMENTS] = {0, 1, ~0u, PR_SET_MM},
	[ARGUMENTS_MAP] = {1, 0, ~0u, PR_SET_MM_MAP},
	[FILTER] = {0, 0, ~0u, PR_SET_SECCOMP},
	[PRIVATE_FILE] = {2, 0, ~0600u, 0},
	[PRIVATE_FILE_AT] = {3, 0, ~0600u, 0},
	[READ_ONLY_AT] = {2, 0, WRITE_FLAGS, O_RDONLY, FOR_STAGES},
	[FILE_MODE] = {1, 0, ~0266u, 0400},
	[GROUP_ONLY] = {1, 0, ~0u, ~0u},
	[ONE_PROCESS] = {0, 1, ~0u, 0, TARGET_PIDFD},
	[ONE_SIGNAL] = {1, 1, ~0u, 0, TARGET_SIGNAL},
	[ANY_SIGNAL] = {2, 1, ~0u, 0},
	[ANY_SIGNAL_FLAGS] = {3, 0, ~0u, 0},
	[NO_DELAY] = {1, 1, ~0u, IPPROTO_TCP, FOR_STAGES},
	[NO_DELAY_NAME] = {2, 0, ~0u, TCP_NODELAY},
	[REUSE_ADDRESS] = {1, 1, ~0u, SOL_SOCKET, FOR_STAGES},
	[REUSE_ADDRESS_NAME] = {2, 0, ~0u, SO_REUSEADDR},
	[LINGER] = {1, 1, ~0u, SOL_SOCKET, FOR_STAGES},
	[LINGER_NAME] = {2, 0, ~0u, SO_LINGER},
	[V6_ONLY] = {1, 1, ~0u, IPPROTO_IPV6, FOR_STAGES},
	[V6_ONLY_NAME] = {2, 0, ~0u, IPV6_V6ONLY},
	[SOCKET_ERROR] = {1, 1, ~0u, SOL_SOCKET, FOR_STAGES},
	[SOCKET_ERROR_NAME] = {2, 0, ~0u, SO_ERROR},
};

_Static_assert((AF_INET6 & ~8) == AF_INET && (F_GETFL & ~2) == F_GETFD, "one mask for two values");

/* Short names of the stages and of sets of stages, for the table. */
#define A   STS_SANDBOX_START
#define B   STS_SANDBOX_CONNECTED
#define C   STS_SANDBOX_ANSWERED
#define N   STS_SANDBOX_NOTIFY
#define S   STS_SANDBOX_SIGNAL
#define L   STS_SANDBOX_LISTENER
#define W   (A | B | C)
#define ALL (W | N | S | L)

/* The system calls, and the stages that may make them. The supervisor may make all of them, since
 * its children inherit its filter. A stage may make the calls of the stages after it, since a
 * process cannot leave a filter. If a call has several rows, it is allowed if one of the rows
 * allows it. The stage S reports and ends, so it has few of the others' calls. */
static const struct call {
	uint16_t number;
	uint8_t who, condition;
} calls[] = {
	{__NR_read, W | N},
	{__NR_write, ALL},
	{__NR_close, W | N | L},
	{__NR_clock_gettime, W | L},
	{__NR_fstat, W | N | L},
	{__NR_newfstatat, W | N | L},
	{__NR_openat, A, PRIVATE_FILE_AT},
	{__NR_openat, B | C | N, READ_ONLY_AT},
#ifdef __NR_open
	{__NR_open, A, PRIVATE_FILE},
	{__NR_stat, A | L},
	{__NR_lstat, 0},
	{__NR_poll, W | L},
	{__NR_fork, 0},
	{__NR_dup2, 0},
	{__NR_arch_prctl, 0},
#endif
	{__NR_ppoll, W | L},
	{__NR_exit_group, ALL},
	{__NR_restart_syscall, W | L}, /* poll(2) or nanosleep(2) goes on after SIGCONT */
	{__NR_rt_sigaction, W | N | S},
	{__NR_rt_sigreturn, W}, /* the alarm of a worker that prints the token returns */
	{__NR_rt_sigprocmask, 0},
	{__NR_getrandom, A | B},
	{__NR_getuid, W},
	{__NR_geteuid, W | L},
	{__NR_getegid, A},
	{__NR_getgroups, A}, /* `doctor`: may a file get its group? */
	{__NR_nanosleep, A | L},
	{__NR_lseek, A | B},
	{__NR_pread64, A | B},
	{__NR_getdents64, A | B},
	/* the output directory */
	{__NR_faccessat, A | L},
	{__NR_fstatfs, W | L}, /* after a failed write: which room is used up? */
	{__NR_unlinkat, W},
	{__NR_renameat, W},
	{__NR_fchown, W, GROUP_ONLY},
	{__NR_fchmod, W, FILE_MODE},
	{__NR_fsync, W},
	{__NR_fallocate, A},
	{__NR_flock, 0},
	/* the network */
	{__NR_socket, A | L, INTERNET},
	{__NR_connect, A},
	{__NR_ioctl, A, INTERFACE_NUMBER}, /* for fe80::1%eth0 in resolv.conf and hosts */
	{__NR_setsockopt, 0},
	{__NR_setsockopt, A, NO_DELAY},
	{__NR_setsockopt, L, REUSE_ADDRESS},
	{__NR_setsockopt, L, LINGER},
	{__NR_setsockopt, L, V6_ONLY},
	{__NR_getsockopt, 0},
	{__NR_getsockopt, A, SOCKET_ERROR},
	{__NR_getpeername, A},
	{__NR_recvfrom, A | B | L},
	{__NR_sendto, A | B | L, NO_ADDRESS},
	{__NR_bind, L},
	{__NR_listen, L},
	{__NR_accept4, L},
	{__NR_shutdown, L},
	/* hardening, and the next layers of the sandbox */
	{__NR_prctl, A | B | N, FILTER},
	{__NR_prctl, 0, GET_DUMPABLE},
	{__NR_prctl, 0, NOT_DUMPABLE},
	{__NR_prctl, 0, END_WITH_PARENT},
	{__NR_prctl, 0, NO_NEW_PRIVILEGES},
	{__NR_prctl, 0, ARGUMENTS},
	{__NR_landlock_create_ruleset, A},
	{__NR_landlock_add_rule, A},
	{__NR_landlock_restrict_self, A},
	/* the signal to the application */
	{__NR_pidfd_open, N},
	{__NR_pidfd_send_signal, 0, ANY_SIGNAL},
	{__NR_pidfd_send_signal, N, ONE_SIGNAL},
	{__NR_pidfd_send_signal, S, ONE_PROCESS},
	/* the supervisor, and the start of a process */
	{__NR_clone, 0, PLAIN_FORK},
	{__NR_execve, 0},
	{__NR_execveat, 0},
	{__NR_wait4, 0},
	{__NR_kill, 0, KILL},
	{__NR_getpid, N},
	{__NR_getppid, N | L},
	{__NR_dup3, 0},
	{__NR_pipe2, 0},
	{__NR_fcntl, A, GET_FLAGS},
	{__NR_fcntl, 0, ADD_SEALS},
	{__NR_ioctl, 0, IS_TERMINAL},
	{__NR_timerfd_settime, 0},
	{__NR_setitimer, 0},
	{__NR_inotify_init1, 0},
	{__NR_inotify_add_watch, 0},
/* an examining child follows links */
#ifdef __NR_readlink
	{__NR_readlink, 0},
#else
	{__NR_readlinkat, 0},
#endif
	{__NR_memfd_create, 0},
	{__NR_ftruncate, 0},
	{__NR_prlimit64, 0},
	{__NR_setpriority, 0},
	{__NR_set_tid_address, 0},
	{__NR_mmap, 0, NO_EXECUTE},
	{__NR_mprotect, 0, NO_EXECUTE},
	{__NR_madvise, L, GIVE_BACK},
	{__NR_munmap, 0},
#if STS_SANITIZED
	/* the runtime of the sanitizers, and the dynamic loader */
	{__NR_read, ALL},
	{__NR_rt_sigaction, ALL},
	{__NR_rt_sigprocmask, ALL},
	{__NR_rt_sigreturn, ALL},
	{__NR_clock_nanosleep, ALL},
	{__NR_mmap, ALL},
	{__NR_mprotect, ALL},
	{__NR_munmap, ALL},
	{__NR_mremap, ALL},
	{__NR_madvise, ALL},
	{__NR_brk, ALL},
	{__NR_futex, ALL},
	{__NR_sigaltstack, ALL},
	{__NR_sched_yield, ALL},
	{__NR_sched_getaffinity, ALL},
	{__NR_getpid, ALL},
	{__NR_gettid, ALL},
	{__NR_tgkill, ALL},
	{__NR_readlinkat, ALL},
	{__NR_set_robust_list, ALL},
	{__NR_rseq, ALL},
	{__NR_prlimit64, ALL},
	{__NR_sysinfo, ALL},
	{__NR_uname, ALL},
	{__NR_pread64, ALL},
	{__NR_lseek, ALL},
	{__NR_prctl, ALL},
	{__NR_ioctl, ALL},
	{__NR_fcntl, ALL},
	{__NR_statx, ALL},
	{__NR_openat, ALL},
#ifdef __NR_access
	{__NR_open, ALL},
	{__NR_access, ALL},
	{__NR_readlink, ALL},
	{__NR_getrlimit, ALL},
#endif
#endif
};

/* The offset of a jump has 8 bits, so a longer program could not jump to its end. */
#define CODE_MAX 256

struct program {
	struct sock_filter code[CODE_MAX];
	unsigned short len;
	uint32_t signal, pidfd; /* for conditions whose value comes from there */
};

#define LOAD   (BPF_LD | BPF_W | BPF_ABS)
#define AND    (BPF_ALU | BPF_AND | BPF_K)
#define EQUAL  (BPF_JMP | BPF_JEQ | BPF_K)
#define RETURN (BPF_RET | BPF_K)

/* A placeholder in jump_true. sts_seccomp_enter() replaces it with the distance to the last
 * instruction, which allows the call. */
#define ALLOWED 255

static void emit(struct program *p, uint16_t code, uint32_t k, uint8_t jump_true,
		 unsigned jump_false)
{
	if (p->len < CODE_MAX)
		p->code[p->len++] = (struct sock_filter){code, jump_true, (uint8_t)jump_false, k};
}

/* The number of instructions of `count` conditions. A condition for the whole argument needs no
 * mask. */
static unsigned length(const struct condition *c, unsigned count)
{
	unsigned codes = 0;

	for (; count > 0; count--, c++)
		codes += c->mask == ~0u ? 4 : 5;
	return codes;
}

/* Emit `count` conditions that must all hold. If one does not hold, the program goes on after all
 * of them: it loads the number of the call again, for the next row. */
static void emit_conditions(struct program *p, const struct condition *c, unsigned count)
{
	for (; count > 0; count--, c++) {
		uint32_t low = (uint32_t)offsetof(struct seccomp_data, args) + 8u * c->argument;
		unsigned end = p->len + length(c, count);

		emit(p, LOAD, low + 4, 0, 0);
		emit(p, EQUAL, 0, 0, end - p->len - 1);
		emit(p, LOAD, low, 0, 0);
		if (c->mask != ~0u)
			emit(p, AND, c->mask, 0, 0);
		emit(p, EQUAL,
		     c->from == TARGET_PIDFD    ? p->pidfd
		     : c->from == TARGET_SIGNAL ? p->signal
						: c->value,
		     c->and_next ? 0 : ALLOWED, end - p->len - 1);
	}
	emit(p, LOAD, offsetof(struct seccomp_data, nr), 0, 0);
}

/* Does a later row allow the call to every stage, without a condition? There are such rows in
 * sanitizer builds, whose filters would not fit otherwise. */
static bool is_superseded(const struct call *call)
{
	for (const struct call *c = call + 1; c < calls + sizeof(calls) / sizeof(calls[0]); c++)
		if (c->number == call->number && c->who == ALL && c->condition == ANY)
			return true;
	return false;
}

static void emit_call(struct program *p, const struct call *call)
{
	const struct condition *c = &conditions[call->condition];
	unsigned count = 1;

	if (STS_SANITIZED && is_superseded(call))
		return;
	if (call->condition == ANY) {
		emit(p, EQUAL, call->number, ALLOWED, 0);
		return;
	}
	while (c[count - 1].and_next)
		count++;
	emit(p, EQUAL, call->number, 0, length(c, count) + 1);
	emit_conditions(p, c, count);
}

static bool is_of(const struct call *call, enum sts_sandbox_stage stage)
{
	return stage == STS_SANDBOX_SUPERVISOR ? conditions[call->condition].from == CONSTANT
					       : (call->who & stage) != 0;
}

/* When a process enters a filter, the kernel runs the filter for every number that there is. The
 * numbers stand in groups, so that each is compared with the rows of its group alone. */
#define GROUP 53

_Static_assert(NEW_CALLS % GROUP == 0, "the new calls begin a group");

/* Emit the rows of a group: the numbers below `end`. A higher number skips them. */
static void emit_group(struct program *p, enum sts_sandbox_stage stage, unsigned end)
{
	unsigned start = p->len;

	emit(p, BPF_JMP | BPF_JGE | BPF_K, end, 0, 0);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i].number - (end - GROUP) < GROUP && is_of(&calls[i], stage))
			emit_call(p, &calls[i]);
	emit(p, RETURN, SECCOMP_RET_ERRNO | (end > NEW_CALLS ? ENOSYS : EPERM), 0, 0);
	if (start < CODE_MAX)
		p->code[start].jt = (uint8_t)(p->len - start - 1);
}

/* Not inlined, since it needs two kilobytes of stack, which the callers should not have in their
 * frames. */
__attribute__((noinline)) int sts_seccomp_enter(enum sts_sandbox_stage stage,
						const struct sts_sandbox_target *target)
{
	struct program p;
	struct sock_fprog fprog = {.filter = p.code};

	p.len = 0;
	p.signal = target ? (uint32_t)target->signal : 0;
	p.pidfd = target ? (uint32_t)target->pidfd : 0;
	emit(&p, LOAD, offsetof(struct seccomp_data, arch), 0, 0);
	emit(&p, EQUAL, ARCH, 1, 0);
	emit(&p, RETURN, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	emit(&p, LOAD, offsetof(struct seccomp_data, nr), 0, 0);
	for (unsigned end = GROUP; end <= NEW_CALLS + GROUP; end += GROUP)
		emit_group(&p, stage, end);
	emit(&p, RETURN, SECCOMP_RET_ERRNO | ENOSYS, 0, 0);
	emit(&p, RETURN, SECCOMP_RET_ALLOW, 0, 0);
	for (unsigned i = 0; i < p.len; i++)
		if (p.code[i].jt == ALLOWED)
			p.code[i].jt = (uint8_t)(p.len - i - 2);
	/* If the program is full, its last instructions may be missing. */
	if (p.len == CODE_MAX)
		return E2BIG;
	fprog.len = p.len;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &fprog) == 0 ? 0 : errno;
}
