/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of DNS that the resolver needs (RFC 1035): a query for addresses (A or AAAA, class
 * IN), and what an answer to it says. Pure functions; answers are UNTRUSTED.
 */
#ifndef STS_NET_DNS_MESSAGE_H
#define STS_NET_DNS_MESSAGE_H

#include "net/address.h"

#define STS_DNS_QUERY_MAX_BYTES (12 + 255 + 4)

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

#endif
