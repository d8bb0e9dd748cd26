/* SPDX-License-Identifier: Apache-2.0 */
/* The listener where the kernel or the network fails. The linker puts the functions of this file in
 * the place of system calls. */
#include "listener_child.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "sandbox/sandbox.h"

/* What system calls of the listener return, in memory that is shared with it. */
static struct {
	int accept_errno, accept_failures, accepts; /* so many more calls fail */
	int poll_errno, send_errno, recv_errno;     /* of the next call; 0: it succeeds */
	bool no_ipv6, no_landlock;
	enum sts_err returned; /* by sts_listener_run() */
	struct sts_error error;
} * planted;

/* Returns whether the next call fails, with errno. */
static bool fails(int *err)
{
	errno = *err;
	*err = 0;
	return errno != 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
/* It reads more arguments than some callers give. */
__attribute__((no_sanitize("address"))) long __wrap_syscall(long number, ...)
{
	long arg[6];

	STS_TEST_ARGUMENTS(arg, number);
	if (number == SYS_accept4) {
		planted->accepts++;
		if (planted->accept_failures > 0) {
			planted->accept_failures--;
			errno = planted->accept_errno;
			return -1;
		}
	}
	return __real_syscall(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	errno = EAFNOSUPPORT;
	return planted->no_ipv6 && domain == AF_INET6 ? -1 : __real_socket(domain, type, protocol);
}

int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return fails(&planted->poll_errno) ? -1 : __real_poll(fds, count, timeout_ms);
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
	return fails(&planted->send_errno) ? -1 : __real_send(fd, data, len, flags);
}

ssize_t __real_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *data, size_t size, int flags)
{
	return fails(&planted->recv_errno) ? -1 : __real_recv(fd, data, size, flags);
}

enum sts_err __real_sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e);
enum sts_err __wrap_sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e);
enum sts_err __wrap_sts_sandbox_confine(struct sts_landlock *l, bool require, struct sts_error *e)
{
	return planted->no_landlock && require ? sts_fail(e, STS_ESANDBOX, 0, "no Landlock")
					       : __real_sts_sandbox_confine(l, require, e);
}

static void on_end(enum sts_err err, const struct sts_error *e)
{
	planted->returned = err;
	planted->error = *e;
}

/* Descriptors or memory run out: the connection waits in the queue, and the listener does not try
 * again and again. A client that is gone delays nobody. */
static void test_accept_fails(void)
{
	int64_t began_ms;
	int fd;

	fresh(OUT, 0777);
	start((char[]){OUT});
	CHECK_INT(ask_for("/livez"), 200);
	planted->accept_errno = EMFILE;
	planted->accept_failures = 1000000;
	planted->accepts = 0;
	fd = send_request("/livez");
	usleep(400000);
	CHECK_INT(planted->accepts, 1);
	planted->accept_failures = 0;
	CHECK_INT(read_answer(fd), 200);
	CHECK_INT(planted->accepts, 2);
	static const int gone[] = {ECONNABORTED, EINTR, EAGAIN};
	for (size_t i = 0; i < 3; i++) {
		planted->accept_errno = gone[i];
		planted->accept_failures = 4;
		began_ms = sts_clock_boot_ms();
		CHECK_INT(ask_for("/livez"), 200);
		CHECK(sts_clock_boot_ms() - began_ms < 3000);
		CHECK_INT(planted->accept_failures, 0);
	}
	sts_store_close(&store);
	stop();
}

/* A client that reads slowly gets the whole answer. Half an answer ends with a reset. The others
 * are served. */
static void test_connections_that_fail(void)
{
	static const char livez[] = "ok\n";

	fresh(OUT, 0777);
	start((char[]){OUT});
	planted->send_errno = EAGAIN;
	CHECK_INT(ask_for("/livez"), 200);
	CHECK_STR(body, livez);
	planted->recv_errno = EINTR;
	CHECK_INT(ask_for("/livez"), 200);
	planted->send_errno = EPIPE;
	int fd = send_request("/livez");
	CHECK(read(fd, body, sizeof(body)) < 0 && errno == ECONNRESET);
	close(fd);
	planted->recv_errno = ECONNRESET;
	CHECK_INT(ask_for("/livez"), 0);
	CHECK_INT(ask_for("/livez"), 200);
	sts_store_close(&store);
	stop();
}

/* Returns what the listener logs, once it has. */
static const char *logged(void)
{
	static char text[1024];

	for (int i = 0; i < 1000; i++) {
		tree_get(log_path, text, sizeof(text));
		if (strchr(text, '\n'))
			return text;
		usleep(10000);
	}
	return "";
}

/* A node without IPv6: [::] means all addresses of IPv4. No other address is replaced. */
static void test_no_ipv6(void)
{
	fresh(OUT, 0777);
	log_path = "log";
	planted->no_ipv6 = true;
	host = "[::]";
	start((char[]){OUT});
	CHECK_INT(ask_for("/livez"), 200);
	CHECK(strstr(logged(), "\"msg\":\"listening\",\"listen\":\"[::]:"));
	stop();
	host = "[::1]";
	launch((char[]){OUT});
	CHECK(strstr(logged(), "the port cannot be opened: trying again"));
	CHECK(strstr(logged(), "\"listen\":\"[::1]:"));
	CHECK(connect_to() < 0);
	stop();
	planted->no_ipv6 = false;
	host = "127.0.0.1";
	log_path = "/dev/null";
	sts_store_close(&store);
}

/* What ends the listener, and what does not. */
static void test_the_end(void)
{
	fresh(OUT, 0777);
	start((char[]){OUT});
	planted->poll_errno = EINTR;
	CHECK_INT(ask_for("/livez"), 200);
	CHECK_INT(ask_for("/livez"), 200);
	CHECK_INT(planted->poll_errno, 0);
	planted->poll_errno = ENOMEM;
	close(connect_to()); /* ends the call that waits */
	CHECK_INT(tree_wait(listener), 1);
	CHECK_INT(planted->returned, STS_EBUG);
	CHECK_INT(planted->error.detail, ENOMEM);
	CHECK(strncmp(planted->error.msg, "poll: ", 6) == 0);
	/* Without a layer that is required, it does not listen at all. */
	planted->no_landlock = require_sandbox = true;
	launch((char[]){OUT});
	CHECK_INT(tree_wait(listener), 1);
	CHECK_INT(planted->returned, STS_ESANDBOX);
	CHECK(connect_to() < 0);
	planted->no_landlock = require_sandbox = false;
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"accept(2) fails", test_accept_fails},
	{"connections that fail", test_connections_that_fail},
	{"a node without IPv6", test_no_ipv6},
	{"what ends the listener", test_the_end},
};

int main(void)
{
	umask(022);
	planted = mmap(NULL, sizeof(*planted), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (planted == MAP_FAILED)
		return 1;
	listener_ended = on_end;
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
