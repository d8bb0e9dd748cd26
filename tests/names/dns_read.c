/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sts_dns_read() for test_messages.py. Standard input has, again and again, two lengths of 4 bytes
 * each (big endian), a query and an answer. Standard output has one line for each answer: the
 * number of the verdict, "alias" or "-", and the addresses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/address.h"
#include "net/dns_message.h"

static bool take(uint8_t *data, size_t len)
{
	return fread(data, 1, len, stdin) == len;
}

static size_t length(const uint8_t p[4])
{
	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static void print(const struct sts_dns_answer *answer)
{
	char buf[STS_ADDRESSES_MAX * 48];
	struct sts_text t;

	sts_text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < answer->count; i++) {
		sts_text_add_char(&t, ' ');
		sts_address_add(&t, answer->list[i].ip, answer->list[i].ipv6 ? 16 : 4);
	}
	printf("%d %s%s\n", (int)answer->verdict, answer->alias ? "alias" : "-", buf);
}

int main(void)
{
	uint8_t sizes[8];

	while (take(sizes, sizeof(sizes))) {
		size_t query_len = length(sizes), len = length(sizes + 4);
		uint8_t *query = malloc(query_len + 1), *data = malloc(len + 1);
		struct sts_dns_answer answer;
		if (!query || !data || !take(query, query_len) || !take(data, len))
			return 1;
		sts_dns_read(data, len, query, query_len, &answer);
		print(&answer);
		free(query);
		free(data);
	}
	return 0;
}
