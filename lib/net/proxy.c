/* SPDX-License-Identifier: Apache-2.0 */
#include "net/proxy.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the proxy's URL --- */

/* Percent-decode user and password. False for what Basic cannot carry (RFC 7617): control
 * characters, and a colon in the user's name. */
static bool add_decoded(struct sts_text *t, struct sts_slice s)
{
	bool user = true;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];
		bool encoded = c == '%';

		if (encoded) {
			int high = s.len - i > 2 ? sts_hex_value(s.data[i + 1]) : -1;
			int low = high < 0 ? -1 : sts_hex_value(s.data[i + 2]);

			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if ((unsigned char)c < 0x20 || c == 0x7f || (user && encoded && c == ':'))
			return false;
		user = user && c != ':';
		sts_text_add_char(t, c);
	}
	if (user)
		sts_text_add_char(t, ':'); /* an empty password */
	return !t->overflow;
}

static bool read_userinfo(struct sts_slice s, struct sts_proxy *proxy)
{
	char plain[STS_PROXY_USERINFO_MAX_BYTES + 1];
	struct sts_text t, out;
	bool ok;

	sts_text_init(&t, plain, sizeof(plain));
	sts_text_init(&out, proxy->credentials, sizeof(proxy->credentials));
	ok = add_decoded(&t, s);
	if (ok)
		sts_base64_encode(&out, plain, t.len);
	sts_wipe(plain, sizeof(plain));
	return ok;
}

enum sts_err sts_proxy_parse(struct sts_slice text, struct sts_proxy *proxy, struct sts_error *e)
{
	ptrdiff_t scheme = sts_slice_find(text, STS_SLICE("://"));
	char url[STS_URL_MAX_BYTES + 2]; /* what is cut is still too long for a URL */
	struct sts_text t;
	struct sts_error inner;
	const char *at;
	size_t end = 0;

	*proxy = (struct sts_proxy){0};
	if (scheme >= 0 &&
	    !sts_slice_eq_nocase((struct sts_slice){text.data, (size_t)scheme}, "http"))
		return sts_fail(e, STS_EUSAGE, 0, "the proxy's URL does not begin with http://");
	if (scheme >= 0)
		text = (struct sts_slice){text.data + scheme + 3, text.len - (size_t)scheme - 3};
	while (end < text.len && !strchr("/?#", text.data[end]))
		end++;
	at = text.len > 0 ? memrchr(text.data, '@', text.len) : NULL;
	if (at) {
		struct sts_slice userinfo = {text.data, (size_t)(at - text.data)};

		/* "user:12/34@host": a password that is not encoded, or host "user" and port 12? */
		if (userinfo.len > end || !read_userinfo(userinfo, proxy))
			return sts_fail(
				e, STS_EUSAGE, 0,
				"the user or password in the proxy's URL is malformed or too long");
		text = (struct sts_slice){at + 1, text.len - userinfo.len - 1};
	}
	sts_text_init(&t, url, sizeof(url));
	sts_text_add_str(&t, "http://");
	sts_text_add_slice(&t, text);
	if (sts_url_parse((struct sts_slice){url, t.len}, &proxy->url, &inner) != STS_OK)
		return sts_fail(e, STS_EUSAGE, 0, "for the proxy, %s", inner.msg);
	proxy->used = true;
	return STS_OK;
}

/* --- NO_PROXY --- */

/* Cut the target's ":PORT" off an entry; with another port it is no address and no domain any more.
 */
static void strip_port(struct sts_slice *entry, const struct sts_url *target)
{
	char port[8];
	struct sts_text t;
	size_t host_len;

	sts_text_init(&t, port, sizeof(port));
	sts_text_addf(&t, ":%u", (unsigned)target->port);
	if (entry->len > t.len) {
		host_len = entry->len - t.len;
		/* The last group of an IPv6 address without brackets is no port. */
		if (memcmp(entry->data + host_len, port, t.len) == 0 &&
		    (entry->data[0] == '[' || !memchr(entry->data, ':', host_len)))
			entry->len = host_len;
	}
	if (entry->len > 2 && entry->data[0] == '[' && entry->data[entry->len - 1] == ']')
		*entry = (struct sts_slice){entry->data + 1, entry->len - 2};
}

static bool matches_domain(struct sts_slice entry, const struct sts_url *target)
{
	size_t host_len = strlen(target->host);
	const char *tail;

	if (sts_slice_starts(entry, "*."))
		entry = (struct sts_slice){entry.data + 1, entry.len - 1};
	if (entry.len == 0 || entry.len > host_len)
		return false;
	tail = target->host + host_len - entry.len;
	return sts_slice_eq_nocase(entry, tail) &&
	       (entry.data[0] == '.' || entry.len == host_len || tail[-1] == '.');
}

static bool same_bits(const uint8_t *a, const uint8_t *b, size_t bits)
{
	size_t bytes = bits / 8;

	return memcmp(a, b, bytes) == 0 &&
	       (bits % 8 == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits % 8) == 0);
}

/* An address is a network of which all bits count. */
static bool matches(struct sts_slice entry, const struct sts_url *target)
{
	ptrdiff_t slash = sts_slice_find(entry, STS_SLICE("/"));
	struct sts_slice host = {entry.data, slash < 0 ? entry.len : (size_t)slash};
	struct sts_address network;
	uint64_t bits;

	if (sts_slice_eq(entry, "*"))
		return true;
	if (slash < 0)
		strip_port(&host, target);
	if (!sts_address_parse(host, &network))
		return slash < 0 && matches_domain(host, target);
	bits = network.ipv6 ? 128 : 32;
	if (slash >= 0 && !sts_parse_u64((struct sts_slice){entry.data + slash + 1,
							    entry.len - (size_t)slash - 1},
					 bits, &bits))
		return false;
	return target->host_kind == (network.ipv6 ? STS_HOST_IPV6 : STS_HOST_IPV4) &&
	       same_bits(network.ip, target->ip, (size_t)bits);
}

bool sts_proxy_exempts(struct sts_slice no_proxy, const struct sts_url *target)
{
	bool exempt = sts_url_is_loopback(target);

	while (no_proxy.len > 0 && !exempt) {
		const char *comma = memchr(no_proxy.data, ',', no_proxy.len);
		size_t len = comma ? (size_t)(comma - no_proxy.data) : no_proxy.len;

		exempt = matches(sts_slice_trim((struct sts_slice){no_proxy.data, len}), target);
		len += comma != NULL;
		no_proxy = (struct sts_slice){no_proxy.data + len, no_proxy.len - len};
	}
	return exempt;
}

/* --- CONNECT --- */

static enum sts_err fail(const struct sts_proxy *proxy, enum sts_err code, int status,
			 const char *what, struct sts_error *e)
{
	if (status)
		return sts_fail(e, code, status, "the proxy %.64s %s (%d)", proxy->url.host, what,
				status);
	return sts_fail(e, code, status, "the proxy %.64s %s", proxy->url.host, what);
}

enum sts_err sts_proxy_feed(const struct sts_proxy *proxy, struct sts_http_response *http, char c,
			    struct sts_error *e)
{
	size_t used;
	enum sts_err err = sts_http_response_feed(http, &c, 1, &used, NULL);
	int status = http->head.status;

	/* A body, and what says how long it is, is nobody's business (RFC 9110 section 9.3.6). */
	if (status == 0)
		return err == STS_EAGAIN ? err
					 : fail(proxy, STS_EPROXY, 0, "answers what is no HTTP", e);
	if (status == 200)
		return STS_OK;
	if (status == 407 || status == 401) /* tinyproxy's word for wrong credentials */
		return fail(proxy, STS_EPROXY_REFUSED, status,
			    proxy->credentials[0] ? "refused the credentials"
						  : "wants credentials, and none are given",
			    e);
	return fail(proxy, status >= 500 ? STS_EPROXY : STS_EPROXY_REFUSED, status,
		    "refused to connect to the STS", e);
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

enum sts_err sts_proxy_tunnel(const struct sts_proxy *proxy, const struct sts_url *target, int fd,
			      int64_t deadline_boot_ms, struct sts_stream *plain,
			      struct sts_error *e)
{
	char buf[STS_PROXY_ANSWER_MAX_BYTES], c;
	struct sts_http_response http;
	struct sts_text request;
	enum sts_err err;
	size_t got;
	bool clean;

	/* Plain, as for loopback. */
	sts_stream_init(plain, fd, true, NULL, NULL, deadline_boot_ms, NULL);
	sts_text_init(&request, buf, sizeof(buf));
	add_request(proxy, target, &request);
	sts_stream_write(plain, buf, request.len, NULL); /* what failed, reading tells */
	sts_wipe(buf, request.len);
	sts_http_response_init(&http, buf, sizeof(buf), NULL, 0);
	do {
		/* Byte by byte: what follows the head is not ours to take. */
		err = sts_stream_read(plain, &c, 1, &got, &clean, NULL);
		if (err != STS_OK)
			return fail(proxy, STS_EPROXY, 0,
				    err == STS_ETIMEOUT ? "did not answer within the time"
							: "closed the connection",
				    e);
		err = sts_proxy_feed(proxy, &http, c, e);
	} while (err == STS_EAGAIN);
	/* In TLS the client speaks first. */
	if (err == STS_OK && recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return fail(proxy, STS_EPROXY, 0, "sent bytes of its own into the tunnel", e);
	return err;
}

enum sts_err sts_proxy_connect(const struct sts_proxy *proxy, const struct sts_net_files *files,
			       int64_t deadline_boot_ms, int *fd, struct sts_error *e)
{
	struct sts_error inner;
	enum sts_err err = sts_net_connect(&proxy->url, NULL, files, deadline_boot_ms, fd, &inner);

	if (err != STS_OK)
		return sts_fail(e, STS_EPROXY, inner.detail, "no way to the proxy: %s", inner.msg);
	return STS_OK;
}
