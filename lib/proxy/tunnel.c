/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/tunnel.h"

#include <sys/socket.h>

#include "base/packed.h"

static enum sts_err fail(const struct sts_proxy *proxy, enum sts_err code, int status,
			 const char *what, struct sts_error *e)
{
	return sts_fail(e, code, status,
			status ? "the proxy %.64s:%u %s (%d)" : "the proxy %.64s:%u %s",
			proxy->url.host, (unsigned)proxy->url.port, sts_words(what), status);
}

void sts_tunnel_start(struct sts_http_response *http, char *buf, size_t size)
{
	sts_http_response_init(http, buf, size, NULL, 0);
	sts_http_response_head_only(http);
}

enum sts_err sts_tunnel_feed(const struct sts_proxy *proxy, const struct sts_url *target,
			     struct sts_http_response *http, char c, struct sts_error *e)
{
	size_t used;
	enum sts_err err = sts_http_response_feed(http, &c, 1, &used, NULL);
	int status = http->head.status;

	if (status == 0 && err == STS_EAGAIN)
		return err;
	_Static_assert(STS_TUNNEL_ANSWER_MAX_BYTES == 8 * 1024, "the message states this bound");
	if (status == 0)
		return fail(proxy, STS_EPROXY, 0,
			    err == STS_ETOOBIG ? STS_PACKED("answers with a head of over 8 KiB")
					       : STS_PACKED("does not answer in HTTP"),
			    e);
	if (status < 300)
		return STS_OK;
	if (status == 407 || status == 401) /* tinyproxy responds 401 to wrong credentials */
		return fail(proxy, STS_EPROXY_REFUSED, status,
			    proxy->credentials[0]
				    ? STS_PACKED("refused the credentials")
				    : STS_PACKED("wants credentials, and none are given"),
			    e);
	return sts_fail(e, status >= 500 ? STS_EPROXY : STS_EPROXY_REFUSED, status,
			"the proxy %.64s:%u did not connect to %.64s:%u (%d)", proxy->url.host,
			(unsigned)proxy->url.port, target->host, (unsigned)target->port, status);
}

static void add_request(const struct sts_proxy *proxy, const struct sts_url *target,
			struct sts_text *t)
{
	char host[STS_HOST_MAX_BYTES + 8];
	struct sts_text h;

	sts_text_init(&h, host, sizeof(host));
	sts_url_add_endpoint(&h, target);
	sts_text_addf(t, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sts-sidecar\r\n", host,
		      host);
	if (proxy->credentials[0])
		sts_text_addf(t, "Proxy-Authorization: Basic %s\r\n", proxy->credentials);
	sts_text_add_str(t, "\r\n");
}

enum sts_err sts_tunnel_open(const struct sts_proxy *proxy, const struct sts_url *target, int fd,
			     int64_t deadline_boot_ms, struct sts_stream *plain,
			     struct sts_error *e)
{
	char buf[STS_TUNNEL_ANSWER_MAX_BYTES], c;
	struct sts_http_response http;
	struct sts_text request;
	enum sts_err err;
	size_t got;
	bool clean;

	/* The connection to the proxy is plain TCP. */
	sts_stream_init(plain, fd, true, NULL, NULL, deadline_boot_ms, NULL);
	sts_text_init(&request, buf, sizeof(buf));
	add_request(proxy, target, &request);
	sts_stream_write(plain, buf, request.len, NULL); /* after a failure, the read fails too */
	sts_wipe(buf, request.len);
	sts_tunnel_start(&http, buf, sizeof(buf));
	do {
		/* Bytes are read one by one, since those behind the head belong to TLS. */
		err = sts_stream_read(plain, &c, 1, &got, &clean, NULL);
		if (err != STS_OK)
			return fail(
				proxy, STS_EPROXY, 0,
				err == STS_ETIMEOUT
					? STS_PACKED("did not answer within the time")
					: STS_PACKED("closed the connection: does it want TLS?"),
				e);
		err = sts_tunnel_feed(proxy, target, &http, c, e);
	} while (err == STS_EAGAIN);
	/* In TLS the client speaks first, so there can be no byte of the target yet. */
	if (err == STS_OK && recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return fail(proxy, STS_EPROXY, 0,
			    STS_PACKED("sent bytes of its own into the tunnel"), e);
	return err;
}

enum sts_err sts_tunnel_connect(const struct sts_proxy *proxy,
				const struct sts_connect_files *files, int64_t deadline_boot_ms,
				int *fd, struct sts_connect_facts *facts, struct sts_error *e)
{
	struct sts_error inner;
	enum sts_err err = sts_connect(&proxy->url, NULL, files, deadline_boot_ms, fd, facts,
				       &inner);

	if (err != STS_OK)
		return sts_fail(e, STS_EPROXY, inner.detail, "no way to the proxy: %s", inner.msg);
	return STS_OK;
}
