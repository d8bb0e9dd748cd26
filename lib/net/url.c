/* SPDX-License-Identifier: Apache-2.0 */
#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/ascii.h"
#include "base/packed.h"
#include "net/hosts.h"

#define PORT_HTTP        80
#define PORT_HTTPS       443
#define PORT_MAX_DIGITS  5
#define ORIGIN_MAX_BYTES 100
#define PATH_MAX_BYTES   40

_Static_assert(STS_URL_MAX_BYTES == 2048 && STS_LABEL_MAX_BYTES == 63 && STS_HOST_MAX_BYTES == 254,
	       "the messages below state these bounds: 2048, 63 and 253 bytes");

/*
 * A step of the parser takes its part off the front of a slice. It returns NULL, or what is wrong,
 * as a packed clause that continues "the URL ".
 */

static bool is_hex(char c)
{
	return sts_hex_value(c) >= 0;
}

static bool is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c);
}

static struct sts_slice take(struct sts_slice *s, size_t len)
{
	struct sts_slice front = {s->data, len};

	if (len > 0) {
		s->data += len;
		s->len -= len;
	}
	return front;
}

/* How many bytes stand before the first of `stops`? */
static size_t span_until(struct sts_slice s, const char *stops)
{
	size_t len = 0;

	while (len < s.len && !is_one_of(s.data[len], stops))
		len++;
	return len;
}

/* Does this byte stand between the brackets of an IPv6 address? */
static bool in_brackets(struct sts_slice s, size_t at)
{
	const char *opening = memrchr(s.data, '[', at);
	struct sts_slice before = {s.data, opening ? (size_t)(opening - s.data) : 0};

	return before.len > 1 && before.data[before.len - 1] == '/' &&
	       before.data[before.len - 2] == '/' &&
	       span_until((struct sts_slice){opening, at - before.len}, "]/?") == at - before.len;
}

static const char *check_bytes(struct sts_slice s)
{
	if (s.len == 0)
		return STS_PACKED("is empty");
	if (s.len > STS_URL_MAX_BYTES)
		return STS_PACKED("is longer than 2048 bytes");
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (sts_is_space(s.data[i]))
			return STS_PACKED("has white space in it");
		if (c < 0x20 || c > 0x7e)
			return STS_PACKED(
				"has a control character or a byte that is no ASCII in it");
		if (c == '#')
			return STS_PACKED("has a fragment (#), which an STS never sees");
		if (is_one_of(s.data[i], "\"<>\\^`{|}"))
			return STS_PACKED("has a character in it that must be percent-encoded");
		/* A zone means something on this host alone, so no URL of a server has one. */
		if (c == '%' && in_brackets(s, i))
			return STS_PACKED(
				"has a zone in its IPv6 address: give the URL a name, and the "
				"address to --connect");
		if (c == '%' && !(s.len - i > 2 && is_hex(s.data[i + 1]) && is_hex(s.data[i + 2])))
			return STS_PACKED(
				"has a % in it that two hexadecimal digits do not follow");
	}
	return NULL;
}

static const char *take_scheme(struct sts_slice *s, struct sts_url *url)
{
	static const struct {
		const char *text;
		bool https;
		uint16_t port;
	} schemes[] = {{"https://", true, PORT_HTTPS}, {"http://", false, PORT_HTTP}};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t len = strlen(schemes[i].text);

		if (s->len < len ||
		    !sts_slice_eq_nocase((struct sts_slice){s->data, len}, schemes[i].text))
			continue;
		take(s, len);
		url->https = schemes[i].https;
		url->port = schemes[i].port;
		return NULL;
	}
	return STS_PACKED("does not begin with https://");
}

static const char *check_label(struct sts_slice label)
{
	if (label.len == 0)
		return STS_PACKED("has an empty label in its host name");
	if (label.len > STS_LABEL_MAX_BYTES)
		return STS_PACKED("has a label of over 63 bytes in its host name");
	if (label.data[0] == '-' || label.data[label.len - 1] == '-')
		return STS_PACKED("has a hyphen at the end of a label of its host name");
	return sts_slice_has_only(label, "-_")
		       ? NULL
		       : STS_PACKED("has a character in its host name that no name has");
}

/* Is the label a number ("1", "0x7f"), which old resolvers take for a part of an IPv4 address? */
static bool looks_numeric(struct sts_slice label)
{
	bool hex = sts_slice_starts(label, "0x") || sts_slice_starts(label, "0X");

	for (size_t i = hex ? 2 : 0; i < label.len; i++)
		if (hex ? !is_hex(label.data[i]) : !sts_is_digit(label.data[i]))
			return false;
	return true;
}

static const char *check_name(struct sts_slice name)
{
	struct sts_slice label = {0};

	if (name.len >= STS_HOST_MAX_BYTES)
		return STS_PACKED("has a host name of over 253 bytes");
	for (;;) {
		const char *why;

		label = take(&name, span_until(name, "."));
		why = check_label(label);
		if (why)
			return why;
		if (name.len == 0)
			break;
		take(&name, 1);
	}
	return looks_numeric(label)
		       ? STS_PACKED("has a host that is neither a name nor an IPv4 address of "
				    "four decimal parts")
		       : NULL;
}

/* Keep the host in lower case. The caller has checked its length. */
static void copy_host(struct sts_url *url, struct sts_slice host)
{
	for (size_t i = 0; i < host.len; i++)
		url->host[i] = sts_lower(host.data[i]);
	url->host[host.len] = '\0';
}

static const char *take_ipv6(struct sts_slice *s, struct sts_url *url)
{
	struct sts_slice host;

	take(s, 1);
	host = take(s, span_until(*s, "]"));
	if (s->len == 0)
		return STS_PACKED("has a [ without a ]");
	take(s, 1);
	if (host.len >= INET6_ADDRSTRLEN)
		return STS_PACKED("has a malformed IPv6 address");
	copy_host(url, host);
	url->host_kind = STS_HOST_IPV6;
	return inet_pton(AF_INET6, url->host, url->ip) == 1
		       ? NULL
		       : STS_PACKED("has a malformed IPv6 address");
}

static const char *take_host(struct sts_slice *s, struct sts_url *url)
{
	struct sts_slice host;

	if (s->len > 0 && s->data[0] == '[')
		return take_ipv6(s, url);
	host = take(s, span_until(*s, ":"));
	if (host.len > 0 && host.data[host.len - 1] == '.') {
		url->absolute_name = true;
		host.len--;
	}
	if (host.len == 0)
		return STS_PACKED("has no host");
	if (host.len < STS_HOST_MAX_BYTES) {
		copy_host(url, host);
		if (inet_pton(AF_INET, url->host, url->ip) == 1) {
			url->host_kind = STS_HOST_IPV4;
			return url->absolute_name
				       ? STS_PACKED("has an IPv4 address with a dot behind it")
				       : NULL;
		}
	}
	return check_name(host);
}

static const char *take_port(struct sts_slice *s, struct sts_url *url)
{
	uint64_t port;

	if (s->len == 0)
		return NULL;
	if (s->data[0] != ':')
		return STS_PACKED("has something between host and port");
	take(s, 1);
	if (!sts_parse_u64(*s, UINT16_MAX, &port) || port == 0 || s->len > PORT_MAX_DIGITS)
		return STS_PACKED("has a port that is no number from 1 to 65535");
	url->port = (uint16_t)port;
	return NULL;
}

static const char *check_target(struct sts_slice target)
{
	/* Brackets are allowed in a host only (RFC 3986 section 3.2.2). */
	return span_until(target, "[]") < target.len
		       ? STS_PACKED("has a character in it that must be percent-encoded")
		       : NULL;
}

/* Write authority and target as a request has them. A URL that was checked fits into buf. */
static void compose(struct sts_url *url, struct sts_slice target)
{
	struct sts_text t;
	size_t authority_len;

	sts_text_init(&t, url->buf, sizeof(url->buf));
	sts_text_addf(&t, url->host_kind == STS_HOST_IPV6 ? "[%s]" : "%s", url->host);
	if (url->port != (url->https ? PORT_HTTPS : PORT_HTTP))
		sts_text_addf(&t, ":%u", url->port);
	authority_len = t.len;
	if (target.len == 0 || target.data[0] != '/')
		sts_text_add_char(&t, '/');
	sts_text_add_slice(&t, target);
	url->authority = (struct sts_slice){url->buf, authority_len};
	url->target = (struct sts_slice){url->buf + authority_len, t.len - authority_len};
}

static const char *parse(struct sts_slice text, struct sts_url *url)
{
	const char *why = check_bytes(text);
	struct sts_slice authority;

	if (!why)
		why = take_scheme(&text, url);
	if (why)
		return why;
	authority = take(&text, span_until(text, "/?"));
	if (memchr(authority.data, '@', authority.len))
		return STS_PACKED("has a user name or password in it");
	why = take_host(&authority, url);
	if (!why)
		why = take_port(&authority, url);
	if (!why)
		why = check_target(text);
	if (!why)
		compose(url, text);
	return why;
}

enum sts_err sts_url_parse(struct sts_slice text, struct sts_url *url, struct sts_error *e)
{
	const char *why;

	*url = (struct sts_url){0};
	why = parse(text, url);
	if (!why)
		return STS_OK;
	/* It has no scheme. An @ may have a password before it, and a ? a secret behind it. */
	if (url->port == 0 && !check_bytes(text) && !memchr(text.data, '@', text.len))
		return sts_fail(e, STS_EURL, 0, "the URL \"%s\" %s",
				sts_shown((struct sts_slice){text.data, span_until(text, "?")}, 80),
				sts_words(why));
	return sts_fail(e, STS_EURL, 0, "the URL %s", sts_words(why));
}

bool sts_url_is_loopback(const struct sts_url *url)
{
	static const uint8_t ipv6_loopback[16] = {[15] = 1};

	switch (url->host_kind) {
	case STS_HOST_IPV4:
		return url->ip[0] == 127; /* RFC 1122 section 3.2.1.3 */
	case STS_HOST_IPV6:
		return memcmp(url->ip, ipv6_loopback, sizeof(ipv6_loopback)) == 0;
	default:
		return sts_hosts_is_localhost(sts_slice_of(url->host));
	}
}

void sts_url_add_endpoint(struct sts_text *t, const struct sts_url *url)
{
	sts_text_addf(t, url->host_kind == STS_HOST_IPV6 ? "[%s]:%u" : "%s:%u", url->host,
		      (unsigned)url->port);
}

/* The length of "scheme:" at the start (RFC 3986 section 3.1); 0 when there is no scheme. */
static size_t scheme_bytes(struct sts_slice s)
{
	size_t len = span_until(s, ":/?#");

	if (len == 0 || len == s.len || s.data[len] != ':' || !sts_is_letter(s.data[0]))
		return 0;
	return sts_slice_has_only((struct sts_slice){s.data, len}, "+-.") ? len + 1 : 0;
}

/* The length of what stands before a text; all of it if the text is not there. */
static size_t before(struct sts_slice s, const char *text)
{
	ptrdiff_t at = sts_slice_find(s, sts_slice_of(text));

	return at < 0 ? s.len : (size_t)at;
}

void sts_url_add_target(struct sts_text *t, struct sts_slice location)
{
	struct sts_slice scheme = take(&location, scheme_bytes(location)), host = {0}, user;
	size_t start = t->len;
	bool same_host = false;

	if (sts_slice_starts(location, "//")) {
		scheme.data = scheme.len ? scheme.data : location.data;
		scheme.len += 2;
		take(&location, 2);
		host = take(&location, span_until(location, "/?#\\"));
	} else {
		same_host = scheme.len == 0;
		/* What follows "mailto:" is not a path. */
		location.len = same_host ? location.len : 0;
	}
	/* Leave out the userinfo, which ends with the last @. */
	for (user = host; user.len > 0 && user.data[user.len - 1] != '@'; user.len--)
		;
	take(&host, user.len);
	location.len = span_until(location, "?#");
	/* After a malformed scheme, or one that is cut, a userinfo may follow "//". */
	location.len = before(location, "//");
	sts_text_add_escaped(t, scheme, ORIGIN_MAX_BYTES / 2);
	sts_text_add_escaped(t, host, ORIGIN_MAX_BYTES - (t->len - start));
	sts_text_add_escaped(t, location, same_host ? ORIGIN_MAX_BYTES : PATH_MAX_BYTES);
	if (same_host)
		sts_text_addf(t, location.len > 0 ? " at the same host" : "the same host");
}
