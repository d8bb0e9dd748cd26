/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A URL, or a Location header. A URL that is taken is sent as printable ASCII. If it is put
 * together from its parts and read again, it is the same URL. The target of a Location that is
 * shown is short, printable and without userinfo.
 */
#include <stdlib.h>
#include <string.h>

#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
	if (!ok)
		abort();
}

static void require_plain(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		require(data[i] > 0x20 && data[i] < 0x7f);
}

static bool same_slice(struct sts_slice a, struct sts_slice b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static void check_parts(const struct sts_url *url)
{
	size_t len = strlen(url->host);

	require(len > 0 && len < STS_HOST_MAX_BYTES && url->port != 0);
	require_plain(url->host, len);
	for (size_t i = 0; i < len; i++)
		require(url->host[i] < 'A' || url->host[i] > 'Z');
	require(url->host[len - 1] != '.' && !strpbrk(url->host, "[]@%/?#"));
	require((strchr(url->host, ':') != NULL) == (url->host_kind == STS_HOST_IPV6));
	require(url->target.len > 0 && url->target.data[0] == '/');
	require_plain(url->target.data, url->target.len);
	require_plain(url->authority.data, url->authority.len);
	require(!memchr(url->authority.data, '@', url->authority.len) &&
		!memchr(url->target.data, '#', url->target.len));
}

static void check_again(const struct sts_url *url)
{
	static char text[2 * STS_URL_MAX_BYTES];
	static struct sts_url again;
	struct sts_text t;

	sts_text_init(&t, text, sizeof(text));
	sts_text_add_str(&t, url->https ? "https://" : "http://");
	sts_text_add_slice(&t, url->authority);
	sts_text_add_slice(&t, url->target);
	require(!t.overflow);
	if (t.len > STS_URL_MAX_BYTES)
		return;
	require(sts_url_parse((struct sts_slice){text, t.len}, &again, NULL) == STS_OK);
	require(again.https == url->https && again.port == url->port &&
		again.host_kind == url->host_kind);
	require(strcmp(again.host, url->host) == 0 &&
		memcmp(again.ip, url->ip, sizeof(url->ip)) == 0);
	require(same_slice(again.authority, url->authority) &&
		same_slice(again.target, url->target));
	require(sts_url_is_loopback(&again) == sts_url_is_loopback(url));
}

static void check_target(struct sts_slice location)
{
	char buf[192];
	const char *host, *path;
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	sts_url_add_target(&t, location);
	require(!t.overflow && t.len > 0 && t.len <= 140);
	for (size_t i = 0; i < t.len; i++)
		require(buf[i] >= 0x20 && buf[i] < 0x7f && buf[i] != '?' && buf[i] != '#');
	host = strstr(buf, "//");
	path = host ? host + 2 + strcspn(host + 2, "/\\") : buf;
	require(!memchr(buf, '@', (size_t)(path - buf)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sts_url url;
	struct sts_slice text = {(const char *)data, size};
	struct sts_error e = {0};
	enum sts_err err = sts_url_parse(text, &url, &e);

	if (err == STS_OK) {
		check_parts(&url);
		check_again(&url);
	} else {
		require(err == STS_EURL && e.code == STS_EURL && e.msg[0] != '\0');
	}
	check_target(text);
	return 0;
}
