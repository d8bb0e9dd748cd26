/* SPDX-License-Identifier: Apache-2.0 */
/* The process of --listen as a child of the test, which stands for the supervisor, and a client. */
#ifndef STS_TEST_LISTENER_CHILD_H
#define STS_TEST_LISTENER_CHILD_H

#include "listener/listener.h"

#include "../output/opened_store.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define NAME "default"
#define OUT  "d"

static struct sts_metrics *metrics;
static int metrics_fd;
static pid_t listener;
static uint16_t port;
static char body[16384];
/* Where the listener listens and logs, whether it requires its sandbox, and what it calls at its
 * end. */
static const char *host = "127.0.0.1", *log_path = "/dev/null";
static bool require_sandbox;
static void (*listener_ended)(enum sts_err err, const struct sts_error *e);
static bool outlives; /* the listener does not end with the process that starts it */

/* Returns a connection to the listener, or -1. */
static inline int connect_to(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Find a port that nobody has. */
static inline uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&at, &len) == 0);
	close(fd);
	return ntohs(at.sin_port);
}

/* Make the process of the listener, for one exchange with this directory. */
static inline void launch(char *dir)
{
	struct sts_error e;
	enum sts_err err;

	if (!metrics) {
		CHECK_INT(sts_metrics_make(&metrics, &metrics_fd, &e), STS_OK);
		sts_metrics_set_names(metrics, (const char *const[]){NAME}, 1);
	}
	unlink("log");
	port = free_port();
	listener = tree_fork();
	if (listener == 0) {
		char where[32];

		if (outlives)
			prctl(PR_SET_PDEATHSIG, 0);
		const struct sts_metrics *seen = sts_metrics_map(metrics_fd);

		snprintf(where, sizeof(where), "%s:%u", host, (unsigned)port);
		/* What the test has open is not the listener's. */
		for (int i = 3; i < 64; i++)
			close(i);
		if (!freopen(log_path, "w", stderr))
			_exit(1);
		err = sts_listener_run(where, seen, (char *const[]){dir, NULL}, require_sandbox,
				       &e);
		if (listener_ended)
			listener_ended(err, &e);
		_exit(1);
	}
}

/* Start the listener, and wait until it listens. */
static inline void start(char *dir)
{
	int fd = -1;

	launch(dir);
	for (int i = 0; i < 1000 && (fd = connect_to()) < 0; i++)
		usleep(10000);
	CHECK(fd >= 0);
	close(fd);
}

static inline void stop(void)
{
	kill(listener, SIGKILL);
	CHECK_INT(tree_wait(listener), 1000 + SIGKILL);
}

/* Send a request. Returns the connection. */
static inline int send_request(const char *path)
{
	char request[64];
	int fd = connect_to();

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	CHECK(fd >= 0 && write(fd, request, strlen(request)) == (ssize_t)strlen(request));
	return fd;
}

/* Read the answer, keep its body, and close the connection. Returns the status; 0: there is no
 * answer. */
static inline int read_answer(int fd)
{
	char answer[sizeof(body)];
	size_t len = 0;
	ssize_t n;
	int status = 0;

	while ((n = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	answer[len] = '\0';
	if (sscanf(answer, "HTTP/1.1 %d", &status) != 1)
		return 0;
	const char *end = strstr(answer, "\r\n\r\n");
	snprintf(body, sizeof(body), "%s", end ? end + 4 : "");
	return status;
}

/* Ask for a page, and keep the body. Returns the status. */
static inline int ask_for(const char *path)
{
	return read_answer(send_request(path));
}

#endif
