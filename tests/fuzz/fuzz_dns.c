/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input is a name without its last dot, NUL, a letter ('A', or '6' for AAAA; with a letter of
 * lower case the id and the flags are made to fit), and the answer.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "net/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID 0x5374

static void check_query(const uint8_t *query, size_t len, const char *name)
{
	assert(len == 12 + strlen(name) + 1 + 4 && len <= STS_DNS_QUERY_MAX_BYTES);
	assert(query[0] == ID >> 8 && query[1] == (ID & 0xff) && query[5] == 1);
	assert(query[len - 5] == 0 && query[len - 1] == 1);
}

/* Is an address in the answer as it was given back, with its length in front of it? */
static bool is_in(const struct sts_address *address, const uint8_t *data, size_t len)
{
	uint8_t want[18] = {0, address->ipv6 ? 16 : 4};

	memcpy(want + 2, address->ip, want[1]);
	return memmem(data, len, want, 2u + want[1]) != NULL;
}

static void check_answer(const struct sts_dns_answer *a, const uint8_t *data, size_t len,
			 const uint8_t *query, size_t query_len)
{
	assert(a->count <= STS_ADDRESSES_MAX);
	assert((a->count > 0) == (a->verdict == STS_DNS_FOUND));
	if (a->verdict == STS_DNS_STRANGER)
		return;
	assert(len >= 12 && memcmp(data, query, 2) == 0 && (data[2] & 0xf8) == 0x80);
	assert(a->verdict < STS_DNS_SILENT);
	bool is_answer = a->verdict <= STS_DNS_NONAME;
	assert(!is_answer || (len >= query_len && !(data[2] & 2) && data[4] == 0 && data[5] == 1));
	assert(!is_answer || (data[3] & 15) == (a->verdict == STS_DNS_NONAME ? 3 : 0));
	for (size_t i = 0; i < a->count; i++) {
		assert(a->list[i].ipv6 == (query[query_len - 3] == 28));
		assert(a->list[i].scope == 0);
		assert(is_in(&a->list[i], data, len));
	}
}

/* What was cut off is not guessed: the addresses of a part are the first addresses of the whole. */
static void check_parts(const struct sts_dns_answer *whole, const uint8_t *data, size_t len,
			const uint8_t *query, size_t query_len)
{
	struct sts_dns_answer part;

	for (size_t cut = 0; cut < len; cut += 1 + len / 16) {
		sts_dns_read(data, cut, query, query_len, &part);
		check_answer(&part, data, cut, query, query_len);
		if (part.verdict == STS_DNS_FOUND && whole->verdict == STS_DNS_FOUND)
			assert(memcmp(part.list, whole->list, sizeof(part.list[0])) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size > 0 ? memchr(data, '\0', size) : NULL;
	static struct sts_dns_answer answer;
	uint8_t query[STS_DNS_QUERY_MAX_BYTES], message[4096];
	char name[300] = "";

	if (!nul || nul - data > 256 || nul + 1 == data + size)
		return 0;
	size_t name_len = (size_t)(nul - data), len = size - name_len - 2;
	memcpy(name, data, name_len);
	name[name_len] = '.';
	uint8_t letter = nul[1];
	bool ipv6 = letter == '6' || letter == '7';
	size_t query_len = sts_dns_query(query, name, ipv6, ID);
	if (query_len == 0)
		return 0;
	check_query(query, query_len, name);
	if (len > sizeof(message))
		len = sizeof(message);
	memcpy(message, nul + 2, len);
	if ((letter == 'a' || letter == '7') && len >= query_len) {
		/* The message passes the first checks, so that the rest is reached. */
		uint8_t counts[2] = {message[6], message[7]};
		memcpy(message, query, query_len);
		message[2] |= 0x80;
		message[3] = 0x80 | (counts[0] & 3);
		message[7] = counts[1];
	}
	/* The memory ends with the message, so that sanitizers see a read past its end. */
	memmove(message + sizeof(message) - len, message, len);
	const uint8_t *at = message + sizeof(message) - len;
	memset(&answer, 0, sizeof(answer));
	sts_dns_read(at, len, query, query_len, &answer);
	check_answer(&answer, at, len, query, query_len);
	check_parts(&answer, at, len, query, query_len);
	return 0;
}
