/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of DNS that the resolver needs (RFC 1035): a query for addresses (A or AAAA, class
 * IN), and what an answer to it says. The functions are pure.
 */
#ifndef STS_NET_DNS_MESSAGE_H
#define STS_NET_DNS_MESSAGE_H

#include "base/address.h"

#define STS_DNS_QUERY_MAX_BYTES (12 + 255 + 4) /* header, name, type and class */

/* What a name server says to a question. The order counts: every verdict after STS_DNS_NONAME is a
 * failure. */
enum sts_dns_verdict {
	STS_DNS_FOUND, /* there are addresses */
	/* A "no": another candidate may be asked. */
	STS_DNS_NODATA, /* the name exists and has no address of this family */
	STS_DNS_NONAME, /* the name does not exist: NXDOMAIN */
	/* A failure: it is not known whether the name exists. */
	STS_DNS_SERVFAIL,
	STS_DNS_REFUSED,     /* REFUSED, or the server does not resolve names for us */
	STS_DNS_CODE,        /* another response code */
	STS_DNS_MALFORMED,   /* an answer to our question that breaks the rules */
	STS_DNS_TRUNCATED,   /* the answer did not fit into UDP, and TCP failed */
	STS_DNS_SILENT,      /* there was no answer in time */
	STS_DNS_UNREACHABLE, /* the query could not be sent; `err` has the errno */
	/* Only sts_dns_read() returns this. */
	STS_DNS_STRANGER, /* not an answer to this query */
};

struct sts_dns_answer {
	enum sts_dns_verdict verdict;
	size_t count; /* at least 1 with STS_DNS_FOUND, else 0 */
	bool alias;   /* the name is an alias (CNAME), so it exists even after a "no" */
	int err;      /* with STS_DNS_UNREACHABLE: an errno */
	struct sts_address server; /* the server that gave the verdict; with STS_DNS_SILENT, the
				      first server that was silent */
	struct sts_address list[STS_ADDRESSES_MAX];
};

/*
 * Write a query with one question, and recursion desired.
 *   out   out  the message
 *   name  in   absolute, with its trailing dot: "sts.example."
 *   ipv6  in   ask for AAAA, not for A
 *   id    in   random
 * Returns the length of the message. Returns 0 when no query can carry the name: it has an empty
 * label, a label above 63 bytes, or more than 255 bytes in all.
 */
size_t sts_dns_query(uint8_t out[STS_DNS_QUERY_MAX_BYTES], const char *name, bool ipv6,
		     uint16_t id);

/*
 * Read an answer. At most 16 aliases (CNAME) are followed inside of the answer; their records may
 * have any order. Records of other names are passed over. TTLs are ignored, since there is no
 * cache. Reading ends when out->list is full, so what follows in a longer answer may be missing.
 *   data   in   UNTRUSTED
 *   query  in   a message of sts_dns_query()
 *   out    out  all members but err and server
 * Returns out->verdict. Here STS_DNS_TRUNCATED means that the answer has the TC flag.
 */
enum sts_dns_verdict sts_dns_read(const uint8_t *data, size_t len, const uint8_t *query,
				  size_t query_len, struct sts_dns_answer *out);

#endif
