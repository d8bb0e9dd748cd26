/* SPDX-License-Identifier: Apache-2.0 */
#include "tls/loopback.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define TIMEOUT_S 10
#define DRAIN_S   2

int loopback_connect(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0 ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) != 0 ||
	    connect(sock, (struct sockaddr *)&to, sizeof(to)) != 0)
		return -1;
	return sock;
}

int loopback_write(void *context, const uint8_t *data, size_t len)
{
	ssize_t n = send(*(int *)context, data, len, MSG_NOSIGNAL);

	return n > 0 ? (int)n : (int)len;
}

void loopback_close(int sock)
{
	struct timeval limit = {.tv_sec = DRAIN_S};
	char rest[4096];

	shutdown(sock, SHUT_WR);
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (recv(sock, rest, sizeof(rest), 0) > 0)
		;
	close(sock);
}
