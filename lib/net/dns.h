/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stub resolver: one question about addresses (A or AAAA, class IN) to the name servers of
 * resolv.conf, by UDP, and by TCP where the answer does not fit (RFC 1035, RFC 7766). Ours, since
 * libc's cannot be interrupted at a deadline, waits seconds on SERVFAIL, allocates, and is 15 kB of
 * the binary. It asks one absolute name and knows no search list: that is net.c's.
 *
 * Answers are UNTRUSTED. One counts only when it comes from the server's address and port, has our
 * random id, and repeats our question; anything else is passed over. Nothing here makes a name
 * server's word true: that is TLS's business.
 */
#ifndef STS_NET_DNS_H
#define STS_NET_DNS_H

#include "net/search.h"

#define STS_DNS_QUERY_MAX_BYTES  (12 + 255 + 4)
#define STS_DNS_ANSWER_MAX_BYTES 4096
#define STS_DNS_PORT             53

enum sts_dns_verdict {
	STS_DNS_FOUND,
	/* "no", which another name may follow */
	STS_DNS_NODATA, /* the name exists and has no such address */
	STS_DNS_NONAME, /* NXDOMAIN */
	/* no answer to the question */
	STS_DNS_SERVFAIL,
	STS_DNS_REFUSED,     /* or it does not resolve for us */
	STS_DNS_CODE,        /* another RCODE */
	STS_DNS_MALFORMED,   /* it answers our question, and makes no sense */
	STS_DNS_TRUNCATED,   /* by UDP, and TCP failed */
	STS_DNS_SILENT,      /* nothing came in time */
	STS_DNS_UNREACHABLE, /* err says why */
	/* of sts_dns_read() alone */
	STS_DNS_STRANGER, /* not the answer to this query */
	STS_DNS__COUNT
};

struct sts_dns_answer {
	enum sts_dns_verdict verdict;
	struct sts_address list[STS_ADDRESSES_MAX]; /* more are left out */
	size_t count;                               /* not 0 with STS_DNS_FOUND, else 0 */
	bool alias;                /* the name is an alias (CNAME): it exists, even with a "no" */
	int err;                   /* errno with STS_DNS_UNREACHABLE */
	struct sts_address server; /* whose verdict it is; the first that is silent */
};

/*
 * Write a query: RD, one question.
 *   name  in  absolute, with its trailing dot: "sts.example."
 * Returns its length, or 0 when the name has no wire form: an empty label or one above 63 bytes, or
 * more than 255 bytes in all.
 */
size_t sts_dns_query(uint8_t out[STS_DNS_QUERY_MAX_BYTES], const char *name, bool ipv6,
		     uint16_t id);

/*
 * Read an answer. Aliases are followed inside of it, in any order, at most 16; records of other
 * names are passed over; TTLs mean nothing to a process that lives for one connection. Reading ends
 * when the list is full, so that the start of a longer answer may do.
 *   data   in   UNTRUSTED
 *   query  in   of sts_dns_query()
 *   out    out  all but err and server
 * Returns out->verdict, as the server's word: STS_DNS_TRUNCATED is its TC flag.
 */
enum sts_dns_verdict sts_dns_read(const uint8_t *data, size_t len, const uint8_t *query,
				  size_t query_len, struct sts_dns_answer *out);

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
