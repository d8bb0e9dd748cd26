/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is a name, NUL, and a text, which is read as resolv.conf and as a hosts file. Without a
 * NUL the whole input is the text, and the name is fixed.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "net/hosts.h"
#include "net/search.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct sts_slice part, struct sts_slice whole)
{
	return part.len == 0 ||
	       (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static void check_resolv(const struct sts_resolv *r, struct sts_slice text)
{
	assert(r->ndots >= 0 && r->ndots <= 15);
	assert(r->search_count <= STS_SEARCH_MAX);
	assert(r->server_count <= STS_SERVERS_MAX);
	assert(r->server_count > 0 || r->refused_why);
	assert(!r->is_default || (r->server_count == 1 && !r->refused_why));
	assert(r->timeout_s >= 1 && r->timeout_s <= 30 && r->attempts >= 1 && r->attempts <= 5);
	for (size_t i = 0; i < r->search_count; i++) {
		struct sts_slice s = r->search[i];
		assert(is_inside(s, text));
		if (s.len == 0)
			continue;
		assert(s.data[0] != '.' && s.data[s.len - 1] != '.');
		assert(!memchr(s.data, '\n', s.len) && !memchr(s.data, ' ', s.len));
		assert(!memchr(s.data, '\0', s.len));
	}
}

/* Each candidate is the name with or without a domain, and a dot. The absolute name comes once. */
static void check_candidates(const struct sts_resolv *r, struct sts_slice name, bool absolute)
{
	char out[STS_HOST_MAX_BYTES + 1];
	size_t n = 0, plain = 0;
	bool skip;

	for (; sts_search_candidate(r, name, absolute, n, out, &skip); n++) {
		if (skip)
			continue;
		size_t len = strnlen(out, sizeof(out));
		assert(len < sizeof(out) && len > name.len && out[len - 1] == '.');
		assert(memcmp(out, name.data, name.len) == 0 && out[name.len] == '.');
		if (len == name.len + 1)
			plain++;
	}
	assert(n == (absolute ? 1 : r->search_count + 1));
	assert(absolute || name.len > 253 || plain >= 1);
}

static void check_hosts(struct sts_slice text, struct sts_slice name)
{
	struct sts_address all[STS_ADDRESSES_MAX], half[STS_ADDRESSES_MAX];
	size_t count = sts_hosts_find(text, name, all, STS_ADDRESSES_MAX);

	assert(count <= STS_ADDRESSES_MAX);
	assert(sts_hosts_find(text, name, half, 0) == 0);
	if (count > 0)
		assert(sts_hosts_find(text, name, half, 1) == 1);
	for (size_t i = 0; i < count; i++)
		assert(all[i].ipv6 || all[i].scope == 0);

	/* A text in pieces that end at the end of a line has the same addresses. */
	const char *end = text.len > 0 ? memchr(text.data + text.len / 2, '\n', text.len / 2)
				       : NULL;
	if (!end)
		return;
	struct sts_slice a = {text.data, (size_t)(end + 1 - text.data)};
	struct sts_slice b = {end + 1, text.len - a.len};
	size_t first = sts_hosts_find(a, name, half, STS_ADDRESSES_MAX);
	size_t both = first + sts_hosts_find(b, name, half + first, STS_ADDRESSES_MAX - first);
	assert(both == count);
	for (size_t i = 0; i < count; i++)
		assert(memcmp(all[i].ip, half[i].ip, 16) == 0 && all[i].scope == half[i].scope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_slice text = {(const char *)data, size}, name = STS_SLICE("sts.dev");
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	struct sts_resolv resolv;
	struct sts_address address;

	if (nul && nul > data && nul - data < STS_HOST_MAX_BYTES) {
		name = (struct sts_slice){(const char *)data, (size_t)(nul - data)};
		text = (struct sts_slice){(const char *)nul + 1, size - name.len - 1};
	}
	sts_resolv_parse(text, &resolv);
	check_resolv(&resolv, text);
	check_candidates(&resolv, name, false);
	check_candidates(&resolv, name, true);
	check_hosts(text, name);
	if (sts_address_parse(text, &address))
		assert(text.len >= 2 && !memchr(text.data, '\n', text.len));
	return 0;
}
