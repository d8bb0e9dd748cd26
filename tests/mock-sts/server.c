/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "endpoints.h"
#include "reqlog.h"

#define REQUESTS_PER_CONNECTION_MAX 1000

static struct mock_ctx ctx; /* of the one connection that a child serves */

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	mock_usage("--listen: \"%s\" is no address", text);
}

int mock_server_bind(const char *address, int64_t *port)
{
	struct sockaddr_storage storage;
	socklen_t len = address_of(address, (uint16_t)*port, &storage);
	int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

	if (*port < 0 || *port > 65535)
		mock_usage("--port: out of range");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&storage, len) < 0 || listen(fd, 256) < 0)
		mock_die("cannot listen on %s port %d: %s", address, (int)*port, strerror(errno));
	getsockname(fd, (struct sockaddr *)&storage, &len);
	*port = ntohs(storage.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&storage)->sin6_port
						    : ((struct sockaddr_in *)&storage)->sin_port);
	return fd;
}

static void count_answer(struct mock_state *state, int status)
{
	static const enum mock_counter by_class[] = {MOCK_ANSWERS_2XX, MOCK_ANSWERS_3XX,
						     MOCK_ANSWERS_4XX, MOCK_ANSWERS_5XX};

	if (status >= 200 && status < 600)
		mock_state_count(state, by_class[status / 100 - 2]);
}

/* Serve one request. Returns false if the connection must end. */
static bool one_request(struct mock_ctx *x, bool control, int log_fd)
{
	static const struct mock_fault no_fault;

	if (!mock_request_read(&x->request, &x->conn) && !x->request.wrong)
		return false;
	mock_route(x, control);
	bool answer = !x->request.wrong || x->request.wrong_status > 0;
	if (answer)
		mock_reply_send(&x->reply, &x->conn, &x->request, control ? &no_fault : &x->fault,
				mock_ctx_now_ms(x));
	if (!control && strncmp(x->request.path ? x->request.path : "", "/control/", 9) != 0) {
		count_answer(x->state, x->reply.status);
		mock_log_request(log_fd, x);
	}
	return answer && x->reply.keep_alive;
}

static void serve(struct mock_ctx *x, int fd, const struct mock_identity *identity, bool control,
		  int log_fd)
{
	bool taken = false;

	if (!control) {
		mock_state_lock(x->state);
		taken = mock_slots_take(&x->state->faults, NULL, NULL, &x->early);
		mock_state_unlock(x->state);
	}
	if (taken)
		mock_state_count(x->state, MOCK_FAULTS);
	if (!mock_conn_open(&x->conn, fd, identity, &x->early)) {
		mock_state_count(x->state, MOCK_HANDSHAKE_FAILURES);
		mock_log_connection(log_fd, x, taken ? "fault" : "handshake");
		return;
	}
	if (!control)
		mock_state_count(x->state, MOCK_HANDSHAKES);
	mock_sleep_ms(mock_fault_int(&x->early, "delay_request_ms", 0));
	mock_request_init(&x->request);
	x->reply.end = MOCK_END_NOTIFY;
	for (int i = 0; i < REQUESTS_PER_CONNECTION_MAX; i++)
		if (!one_request(x, control, log_fd))
			break;
	mock_conn_end(&x->conn, x->reply.end);
}

static void end_with_parent(int signal_number)
{
	pid_t parent = getppid();

	prctl(PR_SET_PDEATHSIG, signal_number);
	if (getppid() != parent)
		_exit(0);
}

struct listener {
	const struct mock_config *config;
	struct mock_state *state;
	const struct mock_identity *identity;
	int log_fd;
	int fds[2];
	size_t children;
	uint64_t connections;
};

static void child(struct listener *l, int fd, bool control)
{
	sigset_t none;
	int on = 1;

	end_with_parent(SIGKILL);
	/* Else the port would not be free while this child lives. */
	close(l->fds[0]);
	close(l->fds[1]);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	ctx.config = l->config;
	ctx.state = l->state;
	ctx.connection = l->connections;
	ctx.began_ms = mock_now_ms();
	serve(&ctx, fd, control ? NULL : l->identity, control, l->log_fd);
	_exit(0);
}

static void accept_one(struct listener *l, int listen_fd, bool control)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	l->connections++;
	if (!control)
		mock_state_count(l->state, MOCK_CONNECTIONS);
	pid_t pid = fork();
	if (pid == 0)
		child(l, fd, control);
	if (pid > 0)
		l->children++;
	close(fd);
}

/* Reap a child, or find out that it is time to end. */
static bool told_to_stop(struct listener *l, int signal_fd)
{
	struct signalfd_siginfo info;
	bool stop = false;

	while (read(signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			stop = true;
	/* As PID 1 of a container this process gets children that were not counted. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		l->children -= l->children > 0;
	return stop;
}

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Watch standard input if it is a pipe or a socket: it closes when the process that started this
 * one ends. */
static int open_leash(const struct mock_config *config)
{
	struct stat st;

	if (!config->exit_with_parent)
		return -1;
	end_with_parent(SIGTERM);
	return fstat(0, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? 0 : -1;
}

void mock_server_run(const struct mock_config *config, struct mock_state *state,
		     const struct mock_identity *identity, int fd, int control_fd)
{
	struct listener l = {.config = config,
			     .state = state,
			     .identity = identity,
			     .log_fd = -1,
			     .fds = {fd, control_fd}};
	enum { MAIN, CONTROL, SIGNALS, LEASH, FDS };
	struct pollfd fds[FDS] = {{fd, POLLIN, 0},
				  {control_fd, POLLIN, 0},
				  {open_signals(), POLLIN, 0},
				  {open_leash(config), POLLIN, 0}};
	char junk[256];

	if (config->log)
		l.log_fd = open(config->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (config->log && l.log_fd < 0)
		mock_die("cannot write %s: %s", config->log, strerror(errno));
	for (;;) {
		fds[MAIN].fd = l.children < MOCK_CHILDREN_MAX ? fd : -1;
		if (poll(fds, FDS, -1) < 0 && errno != EINTR)
			mock_die("poll: %s", strerror(errno));
		if (fds[SIGNALS].revents && told_to_stop(&l, fds[SIGNALS].fd))
			return;
		if (fds[LEASH].revents && read(0, junk, sizeof(junk)) <= 0)
			return;
		if (fds[MAIN].revents)
			accept_one(&l, fd, false);
		if (fds[CONTROL].revents)
			accept_one(&l, control_fd, true);
	}
}
