/* SPDX-License-Identifier: Apache-2.0 */
#include "base/address.h"

#include <arpa/inet.h>
#include <string.h>

#define GROUPS 8 /* of 16 bits, in an IPv6 address */

static void add_ipv4(struct sts_text *t, const uint8_t *ip)
{
	sts_text_addf(t, "%d.%d.%d.%d", ip[0], ip[1], ip[2], ip[3]);
}

/*
 * Find the run of zero groups that is written as "::": the longest one, and the first of equally
 * long ones (RFC 5952 section 4.2).
 *   start  out  its first group; unchanged when there is no run
 * Returns its length in groups, at least 2; 0 when there is no run.
 */
static size_t longest_zeros(const unsigned *group, size_t *start)
{
	size_t best = 0;

	for (size_t i = 0; i < GROUPS; i++) {
		size_t len = 0;

		while (i + len < GROUPS && group[i + len] == 0)
			len++;
		if (len > best && len > 1) {
			best = len;
			*start = i;
		}
		i += len;
	}
	return best;
}

static void add_ipv6(struct sts_text *t, const uint8_t *ip)
{
	unsigned group[GROUPS];
	size_t start = GROUPS, zeros;

	for (size_t i = 0; i < GROUPS; i++)
		group[i] = (unsigned)ip[2 * i] << 8 | ip[2 * i + 1];
	zeros = longest_zeros(group, &start);
	for (size_t i = 0; i < GROUPS; i++) {
		if (i == start) {
			sts_text_add_str(t, "::");
			i += zeros - 1;
			continue;
		}
		if (i > 0 && i != start + zeros)
			sts_text_add_char(t, ':');
		/* Only in an IPv4-mapped address, ::ffff:0:0/96, are the last 32 bits dotted. */
		if (i == 6 && start == 0 && zeros == 5 && group[5] == 0xffff) {
			add_ipv4(t, ip + 12);
			return;
		}
		sts_text_addf(t, "%x", group[i]);
	}
}

void sts_address_add(struct sts_text *t, const uint8_t *ip, size_t len)
{
	if (len == 4)
		add_ipv4(t, ip);
	else if (len == 16)
		add_ipv6(t, ip);
	else
		sts_text_add_char(t, '?');
}

bool sts_address_parse(struct sts_slice text, struct sts_address *out)
{
	char z[INET6_ADDRSTRLEN];
	const char *percent = text.len > 0 ? memchr(text.data, '%', text.len) : NULL;
	size_t len = percent ? (size_t)(percent - text.data) : text.len;
	uint64_t scope = 0;

	*out = (struct sts_address){0};
	if (len == 0 || len >= sizeof(z) || memchr(text.data, '\0', len))
		return false;
	memcpy(z, text.data, len);
	z[len] = '\0';
	out->ipv6 = memchr(z, ':', len) != NULL;
	if (percent) {
		struct sts_slice zone = {percent + 1, text.len - len - 1};
		if (!out->ipv6 || !sts_parse_u64(zone, UINT32_MAX, &scope))
			return false;
	}
	out->scope = (uint32_t)scope;
	return inet_pton(out->ipv6 ? AF_INET6 : AF_INET, z, out->ip) == 1;
}

socklen_t sts_address_to_sockaddr(const struct sts_address *address, uint16_t port,
				  union sts_sockaddr *out)
{
	memset(out, 0, sizeof(*out));
	if (address->ipv6) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		out->v6.sin6_scope_id = address->scope;
		memcpy(&out->v6.sin6_addr, address->ip, 16);
		return sizeof(out->v6);
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_port = htons(port);
	memcpy(&out->v4.sin_addr, address->ip, 4);
	return sizeof(out->v4);
}

bool sts_address_parse_endpoint(struct sts_slice text, struct sts_address *address, uint16_t *port)
{
	const char *colon = text.len > 0 ? memrchr(text.data, ':', text.len) : NULL;
	uint64_t value;

	if (!colon)
		return false;
	struct sts_slice host = {text.data, (size_t)(colon - text.data)};
	struct sts_slice digits = {colon + 1, text.len - host.len - 1};
	bool brackets = host.len >= 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
	if (brackets)
		host = (struct sts_slice){host.data + 1, host.len - 2};
	if (!sts_address_parse(host, address) || address->ipv6 != brackets)
		return false;
	if (!sts_parse_u64(digits, UINT16_MAX, &value) || value == 0)
		return false;
	*port = (uint16_t)value;
	return true;
}
