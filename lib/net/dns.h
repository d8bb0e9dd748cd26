/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stub resolver: one question about addresses (A or AAAA, class IN) to the name servers of
 * resolv.conf, by UDP, and by TCP where the answer does not fit (RFC 1035, RFC 7766). Ours, since
 * libc's cannot be interrupted at a deadline, waits seconds on SERVFAIL, allocates, and is 15 kB of
 * the binary. It asks one absolute name and knows no search list: net/connect.c does.
 *
 * Answers are UNTRUSTED. One counts only when it comes from the server's address and port, has our
 * random id, and repeats our question; anything else is passed over. Nothing here makes a name
 * server's word true: that is TLS's business.
 */
#ifndef STS_NET_DNS_H
#define STS_NET_DNS_H

#include "net/dns_message.h"
#include "net/resolv.h"

#define STS_DNS_ANSWER_MAX_BYTES 4096
#define STS_DNS_PORT             53

struct sts_dns {
	const struct sts_resolv *resolv;
	uint16_t port; /* STS_DNS_PORT; tests have their own */
	size_t first;  /* the server to ask first: the last one that answered. Begin with 0. */
};

/*
 * Ask the name servers in turn, one second apart, `attempts` rounds; every server that was asked
 * may still answer until `timeout` seconds after the last try. So a dead server costs one second,
 * once: the next question begins with the one that answered. All at once would be faster by that
 * second, but then the quickest "no" would win, which need not be that of the server that the
 * administrator put first. A server that fails or refuses is out, and the next is asked at once.
 *   dns       in/out
 *   name      in   as for sts_dns_query()
 *   deadline  in   BOOTTIME ms
 *   out       out  all of it
 * Returns out->verdict; STS_DNS_STRANGER never. A name without a wire form is STS_DNS_NONAME.
 */
enum sts_dns_verdict sts_dns_ask(struct sts_dns *dns, const char *name, bool ipv6,
				 int64_t deadline_boot_ms, struct sts_dns_answer *out);

#endif
