/* SPDX-License-Identifier: Apache-2.0 */
#define STS_HOSTILE_ITSELF
#include "hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/report.h"

static char wanted_stage[32], wanted_action[32], wanted_without[32];
static char out_dir[512], victim_dir[512], token_file[512];
static const char *current; /* the stage of the attempts that are made */
static int results = -1;
static pid_t parent;            /* a worker in its sandbox may not ask for this */
static int parent_pidfd = -1;   /* if the worker may open one */
static int last_seen_stage = 0; /* of enum sts_sandbox_stage */
static bool without_seccomp, without_landlock;

/* The results are written with this descriptor, which the program does not use. */
#define RESULTS_FD 61

#define FILL_MIB 48 /* files that try_filling() makes */

static void copy(char *to, size_t size, const char *name)
{
	const char *value = getenv(name);

	snprintf(to, size, "%s", value ? value : "");
}

/* ---- attempts ---- */

static void write_result(const char *name, long returned)
{
	char line[128];
	int err = returned == -1 ? errno : 0;
	int len = snprintf(line, sizeof(line), "%s %s %d\n", current, name, err);

	if (write(results, line, (size_t)len) != len)
		_exit(99);
}

#define TRY(name, call, ...) write_result(name, syscall(SYS_##call, __VA_ARGS__))

/* Try to open a file, which does not stay open. */
static void try_open(const char *name, const char *path, int flags)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0600);

	write_result(name, fd);
	if (fd >= 0)
		syscall(SYS_close, fd);
}

static const char *in(char *buf, size_t size, const char *dir, const char *name)
{
	snprintf(buf, size, "%s/%s", dir, name);
	return buf;
}

/* Fill the output directory, which the application needs too, with files of 1 MiB. The result is
 * that of the first file that could not be made. What was made is removed again. */
static void try_filling(void)
{
	static const char mib[1 << 20];
	char path[600], name[32];
	int made = 0, fd = 0, err = 0;

	for (; made < FILL_MIB && fd >= 0; made++) {
		snprintf(name, sizeof(name), "filler%d", made);
		fd = (int)syscall(SYS_openat, AT_FDCWD, in(path, sizeof(path), out_dir, name),
				  O_WRONLY | O_CREAT, 0600);
		err = fd < 0 ? errno : 0;
		if (fd >= 0 && write(fd, mib, sizeof(mib)) != (ssize_t)sizeof(mib))
			err = errno;
		if (fd >= 0)
			close(fd);
	}
	while (made-- > 0) {
		snprintf(name, sizeof(name), "filler%d", made);
		syscall(SYS_unlinkat, AT_FDCWD, in(path, sizeof(path), out_dir, name), 0);
	}
	errno = err;
	write_result("make:files of 1 MiB", err ? -1 : 0);
}

/* These attempts stay within the output directory. open_results() has made the file "inside". */
static void try_inside(void)
{
	char path[600];

	try_filling();
	try_open("make:a file", in(path, sizeof(path), out_dir, "made"), O_WRONLY | O_CREAT);
	try_open("make:a file, for reading", path, O_RDONLY | O_CREAT);
	try_open("make:a file without a name", out_dir, O_TMPFILE | O_WRONLY);
	try_open("make:write to a file", in(path, sizeof(path), out_dir, "inside"), O_WRONLY);
	try_open("make:write and read a file", path, O_RDWR);
	try_open("make:truncate a file", path, O_RDONLY | O_TRUNC);
	try_open("inside:read", path, O_RDONLY);
	try_open("file:list the output directory", out_dir, O_RDONLY | O_DIRECTORY);
	TRY("inside:rename", renameat, AT_FDCWD, path, AT_FDCWD, path);
#ifdef SYS_open
	write_result("make:a file, the old call",
		     syscall(SYS_open, in(path, sizeof(path), out_dir, "made"), O_WRONLY | O_CREAT,
			     0600));
#endif
}

static void try_files(void)
{
	char path[600], other[600];
	int dir = (int)syscall(SYS_openat, AT_FDCWD, out_dir, O_PATH | O_DIRECTORY, 0);

	try_open("file:open /etc/passwd", "/etc/passwd", O_RDONLY);
	try_open("file:list /etc", "/etc", O_RDONLY | O_DIRECTORY);
	try_open("file:the subject token", token_file, O_RDONLY);
	try_open("file:another's secret", in(path, sizeof(path), victim_dir, "secret"), O_RDONLY);
	try_open("file:write outside", path, O_WRONLY);
	try_open("file:truncate outside", path, O_RDONLY | O_TRUNC);
	try_open("file:create outside", in(path, sizeof(path), victim_dir, "made"),
		 O_WRONLY | O_CREAT);
	try_open("file:temporary outside", victim_dir, O_TMPFILE | O_RDWR);
	try_open("file:/proc/self/exe", "/proc/self/exe", O_RDONLY);
	try_open("file:/proc/self/mem", "/proc/self/mem", O_RDWR);
	try_open("file:/proc/self/environ", "/proc/self/environ", O_RDONLY);
	try_open("file:/proc/1/mem", "/proc/1/mem", O_RDWR);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent);
	try_open("file:the parent's memory", path, O_RDWR);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)parent);
	try_open("file:the parent's environment", path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/fd/0", (int)parent);
	try_open("file:the parent's descriptors", path, O_RDONLY);
	try_open("file:a device", "/dev/null", O_RDWR);
	try_open("file:a terminal", "/dev/tty", O_RDWR);
	TRY("file:.. of the output directory", openat, dir, "../victim/secret", O_RDONLY, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/../victim/secret", dir);
	try_open("file:.. of a descriptor", path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", STDERR_FILENO);
	try_open("file:list /proc/self/fd", "/proc/self/fd", O_RDONLY | O_DIRECTORY);
	try_inside();
	in(path, sizeof(path), out_dir, "inside");
	in(other, sizeof(other), victim_dir, "moved");
	TRY("file:rename out of it", renameat, AT_FDCWD, path, AT_FDCWD, other);
	in(other, sizeof(other), victim_dir, "secret");
	TRY("file:rename into it", renameat, AT_FDCWD, other, AT_FDCWD, path);
	TRY("file:remove outside", unlinkat, AT_FDCWD, other, 0);
	TRY("call:link", linkat, AT_FDCWD, other, AT_FDCWD, path, 0);
	TRY("call:symlink", symlinkat, "/etc/passwd", AT_FDCWD, path);
	TRY("call:mkdir", mkdirat, AT_FDCWD, in(other, sizeof(other), out_dir, "folder"), 0700);
	TRY("call:mknod", mknodat, AT_FDCWD, other, S_IFIFO | 0600, 0);
	in(other, sizeof(other), victim_dir, "secret");
	TRY("call:chmod", fchmodat, AT_FDCWD, other, 0777);
	TRY("call:chown", fchownat, AT_FDCWD, other, -1, -1, 0);
	TRY("call:truncate", truncate, other, 0);
	TRY("call:utimensat", utimensat, AT_FDCWD, other, NULL, 0);
	TRY("call:setxattr", setxattr, other, "user.a", "b", 1, 0);
	TRY("call:readlink", readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof(path));
	TRY("call:openat2", openat2, AT_FDCWD, other, NULL, 0);
	TRY("call:open_by_handle_at", open_by_handle_at, dir, NULL, O_RDONLY);
	TRY("call:name_to_handle_at", name_to_handle_at, AT_FDCWD, other, NULL, NULL, 0);
	TRY("call:chdir", chdir, "/");
	TRY("call:chroot", chroot, "/nowhere");
	close(dir);
}

/* These attempts need only a descriptor: of a file of the worker, and of a file that it may
 * read. */
static void try_modes(void)
{
	char path[600];
	int fd = (int)syscall(SYS_openat, AT_FDCWD, in(path, sizeof(path), out_dir, "inside"),
			      O_RDONLY, 0);

	TRY("call:a set-user-ID program", fchmod, fd, 04700);
	TRY("call:a program", fchmod, fd, 0755);
	TRY("call:a file that nobody reads", fchmod, fd, 0);
	TRY("call:giving a file away", fchown, fd, 0, -1);
	TRY("call:a set-user-ID program from the start", openat, AT_FDCWD,
	    in(path, sizeof(path), out_dir, "program"), O_WRONLY | O_CREAT, 04700);
	close(fd);
}

static int connection(void)
{
	struct sockaddr_storage peer;

	for (int fd = 3; fd < 64; fd++) {
		socklen_t size = sizeof(peer);

		if (syscall(SYS_getpeername, fd, &peer, &size) == 0 || errno == EPERM) {
			struct stat st;

			if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
				return fd;
		}
	}
	return -1;
}

static void try_socket(const char *name, int family, int type, int protocol)
{
	int fd = (int)syscall(SYS_socket, family, type, protocol);

	write_result(name, fd);
	if (fd >= 0)
		close(fd);
}

static void try_tcp(const char *name, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	write_result(name, fd < 0 ? -1 : syscall(SYS_connect, fd, &to, sizeof(to)));
	close(fd);
}

static void try_network(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sockaddr unspecified = {.sa_family = AF_UNSPEC};
	struct iovec part = {(void *)(uintptr_t) "x", 1};
	struct msghdr message = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1};
	int fd = connection(), pair[2], on = 1;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	try_socket("net:tcp", AF_INET, SOCK_STREAM, 0);
	try_socket("net:tcp6", AF_INET6, SOCK_STREAM, 0);
	try_socket("net:udp", AF_INET, SOCK_DGRAM, 0);
	try_socket("net:udp6", AF_INET6, SOCK_DGRAM, 0);
	try_socket("call:raw socket", AF_INET, SOCK_RAW, IPPROTO_ICMP);
	try_socket("call:ping socket", AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	try_socket("call:mptcp", AF_INET, SOCK_STREAM, 262);
	try_socket("call:sctp", AF_INET, SOCK_STREAM, IPPROTO_SCTP);
	try_socket("call:unix", AF_UNIX, SOCK_STREAM, 0);
	try_socket("call:netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	try_socket("call:packet", AF_PACKET, SOCK_RAW, 0);
	try_socket("call:vsock", AF_VSOCK, SOCK_STREAM, 0);
	try_socket("call:alg", 38, SOCK_SEQPACKET, 0);
	TRY("call:socketpair", socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
	try_tcp("net:port 9", 9);
	/* This is not a socket: the call is refused as a call, or not. */
	TRY("recv:recvfrom", recvfrom, STDERR_FILENO, pair, 1, 0, NULL, NULL);
	TRY("recv:sendto", sendto, STDERR_FILENO, pair, 1, 0, NULL, 0);
	/* These would end the exchange. */
	if (fd < 0 || without_seccomp)
		return;
	TRY("conn:addressed sendto", sendto, fd, "x", 0, 0, &to, sizeof(to));
	TRY("conn:sendmsg", sendmsg, fd, &message, 0);
	TRY("conn:sendmmsg", sendmmsg, fd, &message, 0, 0);
	TRY("conn:disconnect", connect, fd, &unspecified, sizeof(unspecified));
	TRY("conn:connect", connect, fd, &to, sizeof(to));
	TRY("conn:bind", bind, fd, &to, sizeof(to));
	TRY("conn:listen", listen, fd, 1);
	TRY("conn:accept", accept4, fd, NULL, NULL, 0);
	TRY("conn:setsockopt", setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	TRY("conn:shutdown", shutdown, fd, 99);
	TRY("conn:splice", splice, fd, NULL, fd, NULL, 1, 0);
	TRY("conn:sendfile", sendfile, fd, fd, NULL, 1);
}

static void try_fork(const char *name, long returned)
{
	if (returned == 0)
		_exit(0);
	write_result(name, returned);
}

static void try_log(void)
{
	write_result("log:standard error", write(STDERR_FILENO, "forged\n", 7));
	write_result("log:standard output", write(STDOUT_FILENO, "forged\n", 7));
}

static void try_processes(void)
{
	char *const *none = (char *const *)1; /* so that nothing runs even if it is allowed */
	union sigval value = {0};
	siginfo_t info = {.si_signo = 0, .si_code = SI_QUEUE, .si_value = value};
	struct iovec part = {&value, sizeof(value)};

	TRY("call:execve", execve, "/proc/self/exe", none, none);
	TRY("call:execve of a shell", execve, "/bin/sh", none, none);
	TRY("call:execveat", execveat, AT_FDCWD, "/bin/sh", none, none, 0);
	try_fork("call:fork", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
#ifdef SYS_fork
	try_fork("call:fork, the old call", syscall(SYS_fork));
#endif
	TRY("call:clone, new namespaces", clone, CLONE_NEWUSER | CLONE_NEWNET | CLONE_THREAD, 0, 0,
	    0, 0);
	TRY("call:clone3", clone3, NULL, 0);
	TRY("call:ptrace", ptrace, PTRACE_SEIZE, parent, 0, 0);
	TRY("call:traceme", ptrace, -1, 0, 0, 0);
	TRY("call:process_vm_readv", process_vm_readv, parent, &part, 1, &part, 1, 0);
	TRY("call:process_vm_writev", process_vm_writev, parent, &part, 0, &part, 0, 0);
	TRY("signal:kill the parent", kill, parent, 0);
	TRY("call:kill all", kill, -1, 0);
	TRY("call:tgkill", tgkill, parent, parent, 0);
	TRY("call:tkill", tkill, parent, 0);
	TRY("call:rt_sigqueueinfo", rt_sigqueueinfo, parent, 0, &info);
	TRY("call:rt_tgsigqueueinfo", rt_tgsigqueueinfo, parent, parent, 0, &info);
	TRY("call:pidfd_send_signal", pidfd_send_signal, STDERR_FILENO, 0, NULL, 0);
	TRY("call:pidfd_getfd", pidfd_getfd, 0, 0, 0);
	TRY("call:F_SETOWN", fcntl, STDERR_FILENO, F_SETOWN, parent);
	TRY("call:F_SETSIG", fcntl, STDERR_FILENO, F_SETSIG, SIGTERM);
	TRY("call:F_SETFL", fcntl, STDERR_FILENO, F_SETFL, O_ASYNC);
	TRY("call:F_DUPFD", fcntl, STDERR_FILENO, F_DUPFD, 0);
	TRY("call:ioctl", ioctl, STDERR_FILENO, 0x5412 /* TIOCSTI */, "x");
	TRY("call:setpgid", setpgid, 0, 0);
	TRY("call:setsid", setsid, 0);
	TRY("call:setpriority", setpriority, PRIO_PROCESS, parent, 0);
	TRY("call:sched_setaffinity", sched_setaffinity, parent, 0, NULL);
	TRY("call:kcmp", kcmp, parent, parent, 0, 0, 0);
	TRY("call:timer_create", timer_create, 0, NULL, NULL);
}

/* The descriptor of the parent stays open: the worker that notifies may open it in its first stage,
 * and must not use it in its second one. */
static void try_pidfds(void)
{
	siginfo_t info = {.si_signo = SIGHUP, .si_code = SI_QUEUE};
	int fd = (int)syscall(SYS_pidfd_open, parent, 0);

	write_result("pidfd:open the parent", fd);
	if (fd >= 0)
		parent_pidfd = fd;
	TRY("pidfd:the signal to the parent", pidfd_send_signal, parent_pidfd, SIGHUP, NULL, 0);
	TRY("pidfd:another signal", pidfd_send_signal, parent_pidfd, 0, NULL, 0);
	TRY("pidfd:with a siginfo", pidfd_send_signal, parent_pidfd, SIGHUP, &info, 0);
	TRY("pidfd:with flags", pidfd_send_signal, parent_pidfd, SIGHUP, NULL, 1);
}

static void try_itself(void)
{
	struct rlimit more = {1024, 1024};
	unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	uintptr_t here = (uintptr_t)&results & ~(uintptr_t)(page - 1);

	TRY("call:PR_SET_DUMPABLE", prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	TRY("call:PR_SET_PTRACER", prctl, PR_SET_PTRACER, -1, 0, 0, 0);
	TRY("call:PR_SET_PDEATHSIG", prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
	TRY("call:PR_SET_NAME", prctl, PR_SET_NAME, "innocent", 0, 0, 0);
	TRY("call:prlimit64", prlimit64, 0, RLIMIT_NOFILE, &more, NULL);
	TRY("call:mmap executable", mmap, NULL, page, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	TRY("call:mmap", mmap, NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
	TRY("call:mprotect executable", mprotect, here, page, PROT_READ | PROT_EXEC);
	TRY("call:memfd_create", memfd_create, "x", 0);
	TRY("call:setuid", setuid, getuid());
	TRY("call:setgid", setgid, getgid());
	TRY("call:setresuid", setresuid, -1, -1, -1);
	TRY("call:setgroups", setgroups, 0, NULL);
	TRY("call:capset", capset, NULL, NULL);
	TRY("call:personality", personality, 0xffffffff);
	TRY("call:umask", umask, 022);
	TRY("call:dup", dup, STDERR_FILENO);
	TRY("call:seccomp", seccomp, 99, 0, NULL);
}

static void try_kernel(void)
{
	TRY("call:mount", mount, NULL, NULL, NULL, 0, NULL);
	TRY("call:umount2", umount2, NULL, 0x8000);
	TRY("call:pivot_root", pivot_root, NULL, NULL);
	TRY("call:open_tree", open_tree, -1, NULL, 0);
	TRY("call:move_mount", move_mount, -1, NULL, -1, NULL, 0);
	TRY("call:fsopen", fsopen, NULL, 0);
	TRY("call:unshare", unshare, CLONE_NEWUSER);
	TRY("call:setns", setns, -1, 0);
	TRY("call:bpf", bpf, 0, NULL, 0);
	TRY("call:perf_event_open", perf_event_open, NULL, 0, -1, -1, 0);
	TRY("call:io_uring_setup", io_uring_setup, 1, NULL);
	TRY("call:io_setup", io_setup, 1, NULL);
	TRY("call:userfaultfd", userfaultfd, 1);
	TRY("call:keyctl", keyctl, 0, -3, 0);
	TRY("call:add_key", add_key, NULL, NULL, NULL, 0, 0);
	TRY("call:request_key", request_key, NULL, NULL, NULL, 0);
	TRY("call:init_module", init_module, NULL, 0, NULL);
	TRY("call:finit_module", finit_module, -1, NULL, 0);
	TRY("call:delete_module", delete_module, NULL, 0);
	TRY("call:kexec_load", kexec_load, 0, 99, NULL, 0);
	TRY("call:reboot", reboot, 0, 0, 0, NULL);
	TRY("call:swapon", swapon, NULL, 0);
	TRY("call:acct", acct, (char *)1);
	TRY("call:sethostname", sethostname, NULL, -1);
	TRY("call:settimeofday", settimeofday, (void *)1, NULL);
	TRY("call:clock_settime", clock_settime, 0, (void *)1);
	TRY("call:syslog", syslog, 99, NULL, 0);
	TRY("call:quotactl", quotactl, 0, NULL, 0, NULL);
	TRY("call:fanotify_init", fanotify_init, 0xffff, 0);
	TRY("call:inotify_init1", inotify_init1, 0);
	TRY("call:shmget", shmget, 0, 4096, 0);
	TRY("call:mq_open", mq_open, "x", 0, 0, NULL);
	TRY("call:landlock_create_ruleset", landlock_create_ruleset, NULL, 0, 1);
#ifdef __x86_64__
	write_result("call:x32", syscall(0x40000000 | SYS_getpid));
	TRY("call:modify_ldt", modify_ldt, 0, NULL, 0);
	TRY("call:iopl", iopl, 0);
	TRY("call:ioperm", ioperm, 0, 1, 0);
#endif
	write_result("call:unknown", syscall(4000));
	write_result("call:unknown, old", syscall(420));
}

static void try_all(const char *stage)
{
	current = stage;
	errno = 0;
	write_result("begin", 0);
	try_files();
	try_modes();
	try_network();
	try_log();
	try_processes();
	try_pidfds();
	try_itself();
	try_kernel();
	write_result("end", 0);
}

/* ---- when ---- */

/* Stay in a stage until the test has looked at the process. No call that waits is allowed in every
 * stage. */
static void hold(void)
{
	for (;;)
		poll(NULL, 0, 1000);
}

static void at(const char *stage)
{
	if (strcmp(wanted_action, "hold") == 0) {
		if (strcmp(wanted_stage, stage) == 0)
			hold();
		return;
	}
	if (strcmp(wanted_action, "attempts") == 0) {
		if (strcmp(wanted_stage, "all") == 0 || strcmp(wanted_stage, stage) == 0)
			try_all(stage);
		return;
	}
	if (strcmp(wanted_stage, stage) == 0 && !sts_hostile_report(wanted_action))
		_exit(97);
}

/* Before the process gives anything up: it may not open this file in later stages. */
static void open_results(void)
{
	char path[600];
	int fd = open(in(path, sizeof(path), out_dir, "attempts"), O_WRONLY | O_CREAT | O_APPEND,
		      0600);

	close(open(in(path, sizeof(path), out_dir, "inside"), O_WRONLY | O_CREAT, 0600));
	results = dup2(fd, RESULTS_FD);
	close(fd);
	if (results < 0)
		_exit(98);
}

/* Read STAGE ACTION [LAYERS] from a file. */
static void read_mode(const char *path)
{
	char text[128] = "";
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		sscanf(text, "%31s %31s %31s", wanted_stage, wanted_action, wanted_without);
	if (fd >= 0)
		close(fd);
}

/* Read the arguments of this process, which a constructor does not get from musl. Returns how many
 * there are. */
static int read_arguments(char **arguments, int max)
{
	static char text[4096];
	int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC), count = 0;
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	close(fd);
	for (ssize_t at = 0; at < len && count < max; at += (ssize_t)strlen(text + at) + 1)
		arguments[count++] = text + at;
	return count;
}

/* The listener has no environment. Its last argument is the output directory, and the other files
 * of HostileRig lie beside that. */
static void prepare_listener(const char *dir)
{
	static char mode[512];
	const char *end = strrchr(dir, '/');
	int len = end ? (int)(end - dir) : 0;

	snprintf(out_dir, sizeof(out_dir), "%s", dir);
	snprintf(victim_dir, sizeof(victim_dir), "%.*s/victim", len, dir);
	snprintf(token_file, sizeof(token_file), "%.*s/sts-token", len, dir);
	snprintf(mode, sizeof(mode), "%.*s/mode", len, dir);
	read_mode(mode);
}

static __attribute__((constructor)) void prepare(void)
{
	const char *without = getenv("HOSTILE_WITHOUT");
	char *arguments[32];
	int count = read_arguments(arguments, 32);
	bool child = count > 1 && strcmp(arguments[1], "worker") == 0;

	copy(out_dir, sizeof(out_dir), "HOSTILE_OUT");
	copy(victim_dir, sizeof(victim_dir), "HOSTILE_VICTIM");
	copy(token_file, sizeof(token_file), "HOSTILE_TOKEN");
	read_mode(getenv("HOSTILE"));
	if (count > 1 && strcmp(arguments[1], "listener") == 0) {
		child = true;
		prepare_listener(arguments[count - 1]);
		without = wanted_without;
	}
	parent = getppid();
	without_seccomp = without && strstr(without, "seccomp");
	without_landlock = without && strstr(without, "landlock");
	if (child && strcmp(wanted_action, "attempts") == 0)
		open_results();
}

void sts_hostile(unsigned stage)
{
	/* Only the worker that makes an exchange has a stage between its filter and its domain. */
	if (stage == STS_SANDBOX_CONFINED && last_seen_stage != STS_SANDBOX_START)
		return;
	last_seen_stage = (int)stage;
	at(stage == STS_SANDBOX_START       ? "start"
	   : stage == STS_SANDBOX_CONFINED  ? "confined"
	   : stage == STS_SANDBOX_CONNECTED ? "connected"
	   : stage == STS_SANDBOX_ANSWERED  ? "answered"
	   : stage == STS_SANDBOX_NOTIFY    ? "notify"
	   : stage == STS_SANDBOX_SIGNAL    ? "signal"
	   : stage == STS_SANDBOX_LISTENER  ? "listener"
					    : "other");
}

int sts_hostile_seccomp_enter(enum sts_sandbox_stage stage, const struct sts_sandbox_target *target)
{
	return without_seccomp ? ENOSYS : sts_seccomp_enter(stage, target);
}

int sts_hostile_landlock_enter(struct sts_landlock *l)
{
	if (!without_landlock)
		return sts_landlock_enter(l);
	if (l->fd >= 0)
		close(l->fd);
	return 0;
}
