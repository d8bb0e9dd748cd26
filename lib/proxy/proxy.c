/* SPDX-License-Identifier: Apache-2.0 */
#include "proxy/proxy.h"

#include <string.h>

#include "base/address.h"
#include "base/base64.h"

/* --- the proxy's URL --- */

/* Add user and password, percent-decoded. Returns false when there is something that the Basic
 * scheme cannot carry (RFC 7617 section 2): a control character, or a colon in the user's name. */
static bool add_decoded(struct sts_text *t, struct sts_slice s)
{
	bool user = true; /* still in the user's name */

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
		sts_text_add_char(t, ':'); /* without a password, an empty one is sent */
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
	char url[STS_URL_MAX_BYTES + 2]; /* one byte more than a URL may have, and the NUL: a text
					    that is cut here is still refused as too long */
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

		/* "user:12/34@host" is an error, since it could mean two things: the password 12/34
		 * that is not encoded, or the host "user" with port 12 and a path. */
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

/* Cut the port of the target and the brackets of an IPv6 address off an entry. An entry with
 * another port stays as it is: with the port at its end it matches neither an address nor a domain.
 */
static void strip_port(struct sts_slice *entry, const struct sts_url *target)
{
	char port[sizeof(":65535")];
	struct sts_text t;
	size_t host_len;

	sts_text_init(&t, port, sizeof(port));
	sts_text_addf(&t, ":%u", (unsigned)target->port);
	if (entry->len > t.len) {
		host_len = entry->len - t.len;
		/* The last group of an IPv6 address without brackets is not a port. */
		if (memcmp(entry->data + host_len, port, t.len) == 0 &&
		    (entry->data[0] == '[' || !memchr(entry->data, ':', host_len)))
			entry->len = host_len;
	}
	if (entry->len > 2 && entry->data[0] == '[' && entry->data[entry->len - 1] == ']')
		*entry = (struct sts_slice){entry->data + 1, entry->len - 2};
}

/* Is the host of the target in the domain of an entry: "a.example", ".a.example", "*.a.example"? */
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

/* Are the first `bits` bits of two addresses the same? */
static bool same_bits(const uint8_t *a, const uint8_t *b, size_t bits)
{
	size_t bytes = bits / 8;

	return memcmp(a, b, bytes) == 0 &&
	       (bits % 8 == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits % 8) == 0);
}

/* Does an entry match the target? An address is a network of which all bits count. */
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
