/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxies. The first byte says what the input is: the URL of a proxy; HOST, a newline and NO_PROXY,
 * which is compared with a second reader below; an answer to CONNECT.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"
#include "proxy/proxy.h"
#include "proxy/tunnel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_proxy proxy;

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void fuzz_url(struct sts_slice text)
{
	uint8_t plain[STS_PROXY_USERINFO_MAX_BYTES + 3];
	struct sts_error error;
	size_t len;
	enum sts_err err = sts_proxy_parse(text, &proxy, &error);

	must(err == (proxy.used ? STS_OK : STS_EUSAGE));
	if (err != STS_OK)
		return;
	must(!proxy.url.https && proxy.url.host[0] && proxy.url.port > 0 &&
	     !strchr(proxy.url.host, '@'));
	len = strlen(proxy.credentials);
	must(len < sizeof(proxy.credentials) && len % 4 == 0);
	for (size_t i = 0; i < len;
	     i++) /* these digits become those of base64url, which can be decoded */
		proxy.credentials[i] = proxy.credentials[i] == '+'   ? '-'
				       : proxy.credentials[i] == '/' ? '_'
								     : proxy.credentials[i];
	while (len > 0 && proxy.credentials[len - 1] == '=')
		len--;
	must(sts_base64url_decode((struct sts_slice){proxy.credentials, len}, plain, sizeof(plain),
				  &len));
	must(len == 0 || memchr(plain, ':', len));
	for (size_t i = 0; i < len; i++)
		must(plain[i] >= 0x20 && plain[i] != 0x7f);
}

/* --- NO_PROXY, read in another way: with copies, strtok_r and inet_pton --- */

static bool same_network(int family, const char *network, const char *host, unsigned long bits)
{
	uint8_t a[16], b[16];

	if (inet_pton(family, network, a) != 1 || inet_pton(family, host, b) != 1)
		return false;
	for (unsigned long i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool any_network(const char *network, const char *host, const char *digits)
{
	unsigned long bits = digits ? strtoul(digits, NULL, 10) : 0;

	if (digits &&
	    (!*digits || strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 18))
		return false;
	return (!(digits && bits > 32) &&
		same_network(AF_INET, network, host, digits ? bits : 32)) ||
	       (!(digits && bits > 128) &&
		same_network(AF_INET6, network, host, digits ? bits : 128));
}

static bool is_address(const char *text)
{
	uint8_t ip[16];

	return inet_pton(AF_INET, text, ip) == 1 || inet_pton(AF_INET6, text, ip) == 1;
}

static bool entry_matches(char *entry, const struct sts_url *target)
{
	size_t host_len = strlen(target->host), len;
	char *slash = strchr(entry, '/'), *colon = strrchr(entry, ':'), port[8];

	if (strcmp(entry, "*") == 0)
		return true;
	if (slash) {
		*slash = '\0';
		return any_network(entry, target->host, slash + 1);
	}
	snprintf(port, sizeof(port), "%u", target->port);
	if (colon && colon > entry && strcmp(colon + 1, port) == 0 &&
	    (entry[0] == '[' || strchr(entry, ':') == colon))
		*colon = '\0';
	len = strlen(entry);
	if (len > 2 && entry[0] == '[' && entry[len - 1] == ']') {
		entry[len - 1] = '\0';
		entry++;
	}
	if (is_address(entry))
		return any_network(entry, target->host, NULL);
	if (strncmp(entry, "*.", 2) == 0)
		entry++;
	len = strlen(entry);
	if (len == 0 || len > host_len || strcasecmp(entry, target->host + host_len - len) != 0)
		return false;
	return entry[0] == '.' || len == host_len || target->host[host_len - len - 1] == '.';
}

static bool exempts(const char *text, const struct sts_url *target)
{
	char copy[1024], *next = copy;

	strcpy(copy, text);
	while (next) {
		char *entry = strsep(&next, ",");
		size_t len;

		entry += strspn(entry, " \t\n\v\f\r");
		for (len = strlen(entry); len > 0 && strchr(" \t\n\v\f\r", entry[len - 1]); len--)
			entry[len - 1] = '\0';
		if (entry_matches(entry, target))
			return true;
	}
	return false;
}

static void fuzz_no_proxy(struct sts_slice text)
{
	const char *newline = text.len ? memchr(text.data, '\n', text.len) : NULL;
	char url[300], no_proxy[1000];
	struct sts_url target;
	size_t host_len, len;

	if (!newline)
		return;
	host_len = (size_t)(newline - text.data);
	len = text.len - host_len - 1;
	/* The program takes an address with the number of a zone, and inet_pton() does not. */
	if (host_len > 200 || len >= sizeof(no_proxy) || memchr(newline + 1, '\0', len) ||
	    memchr(newline + 1, '%', len))
		return;
	snprintf(url, sizeof(url), "https://%.*s/", (int)host_len, text.data);
	if (sts_url_parse(sts_slice_of(url), &target, NULL) != STS_OK)
		return;
	memcpy(no_proxy, newline + 1, len);
	no_proxy[len] = '\0';
	bool want = sts_url_is_loopback(&target) || exempts(no_proxy, &target);
	must(sts_proxy_exempts((struct sts_slice){newline + 1, len}, &target) == want);
}

static void fuzz_answer(struct sts_slice answer)
{
	char *head = malloc(STS_TUNNEL_ANSWER_MAX_BYTES);
	enum sts_err err = STS_EAGAIN;
	struct sts_http_response http;
	struct sts_error error;
	struct sts_url target;

	must(sts_url_parse(STS_SLICE("https://sts.example"), &target, NULL) == STS_OK);
	must(sts_proxy_parse(STS_SLICE("http://u:p@proxy.example"), &proxy, NULL) == STS_OK);
	sts_tunnel_start(&http, head, STS_TUNNEL_ANSWER_MAX_BYTES);
	for (size_t i = 0; i < answer.len && err == STS_EAGAIN; i++)
		err = sts_tunnel_feed(&proxy, &target, &http, answer.data[i], &error);
	must(err == STS_EAGAIN || err == STS_OK || err == STS_EPROXY || err == STS_EPROXY_REFUSED);
	must((err == STS_OK) == (http.head.status >= 200 && http.head.status < 300));
	must(http.body_len == 0);
	free(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const fuzz[])(struct sts_slice text) = {fuzz_url, fuzz_no_proxy, fuzz_answer};

	if (size > 0)
		fuzz[data[0] % 3](
			(struct sts_slice){size > 1 ? (const char *)data + 1 : NULL, size - 1});
	return 0;
}
