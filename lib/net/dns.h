/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stub resolver. It asks the name servers of resolv.conf one question about addresses (A or AAAA,
 * class IN), by UDP, and by TCP where the answer does not fit (RFC 1035, RFC 7766). It asks for one
 * absolute name and knows no search list; net/connect.c goes through the search list. The resolver
 * of libc is not used: it cannot be interrupted at a deadline, waits seconds on SERVFAIL,
 * allocates, and has 15 kB of code.
 *
 * Answers are UNTRUSTED. An answer counts only when it comes from the server's address and port,
 * has our random id, and repeats our question. Anything else is ignored. Whether an address belongs
 * to the host is proved later, by TLS.
 */
#ifndef STS_NET_DNS_H
#define STS_NET_DNS_H

#include "net/dns_message.h"
#include "net/resolv.h"

#define STS_DNS_ANSWER_MAX_BYTES 4096
#define STS_DNS_PORT             53

struct sts_dns {
	const struct sts_resolv *resolv; /* the caller's */
	uint16_t port;                   /* STS_DNS_PORT; tests have their own */
	size_t first; /* index of the server to ask first, which is the server that answered the
			 last question; the caller starts with 0 */
};

/*
 * Ask the name servers in turn, one second apart, in `attempts` rounds. Every server that was asked
 * may still answer until `timeout` seconds after the last query. When a server fails or refuses,
 * the next server is asked at once. The next question begins with the server that answered this
 * question, so a dead server costs one second once. To ask all servers at the same time would save
 * that second, but then the fastest "no" would count, and not the answer of the first server.
 *   dns       in/out  `first` is updated
 *   name      in      as for sts_dns_query()
 *   ipv6      in      ask for AAAA, not for A
 *   deadline  in      BOOTTIME ms
 *   out       out     all members
 * Returns out->verdict, which is never STS_DNS_STRANGER. A name that no query can carry is
 * STS_DNS_NONAME.
 */
enum sts_dns_verdict sts_dns_ask(struct sts_dns *dns, const char *name, bool ipv6,
				 int64_t deadline_boot_ms, struct sts_dns_answer *out);

#endif
