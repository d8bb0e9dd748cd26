/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the host of a URL to a connected TCP socket, within a deadline. The hosts file is read
 * first, then name servers are asked for the names of the search list, for one address family at a
 * time. Every address is tried in turn with a share of the time that is left. docs/names.md
 * explains the order and its reasons.
 *
 * The search list gives several candidates for a name. The name servers are asked for one candidate
 * after the other, until a candidate has an address. The search ends there, whether or not a
 * connection is made. After a "no" (NXDOMAIN, or no data) the next candidate is asked for, and
 * after a failure (SERVFAIL, silence) as well. There is one exception: a failure for a candidate in
 * one of the cluster's domains ends the search with STS_EDNS. The name server then cannot say
 * whether the Service exists, and the owner of a public name of the same spelling must not get the
 * token.
 */
#ifndef STS_NET_CONNECT_H
#define STS_NET_CONNECT_H

#include "base/address.h"
#include "net/url.h"

/* Paths of the files that are read. Tests have their own. */
struct sts_connect_files {
	const char *hosts;  /* "/etc/hosts" */
	const char *resolv; /* "/etc/resolv.conf" */
};

/* Where the addresses of the host came from. */
enum sts_found_by {
	STS_FOUND_BY_NOTHING, /* the name was not resolved */
	STS_FOUND_BY_LITERAL, /* the URL has the address itself */
	STS_FOUND_BY_OPTION,  /* --connect */
	STS_FOUND_BY_HOSTS,   /* the hosts file, or the name is that of loopback */
	STS_FOUND_BY_DNS,
	STS_FOUND_BY__COUNT
};

/* What sts_connect() has found out so far, also while it runs. All zeros: nothing yet. */
struct sts_connect_facts {
	enum sts_found_by found_by;
	int asked; /* how many candidates the name servers were asked for */
	bool has_server;
	uint16_t port;
	struct sts_address server;     /* the name server that answered or failed last */
	int64_t asked_boot_ms;         /* when a name server was first asked; 0: none was */
	int addresses;                 /* that were found */
	int64_t found_boot_ms;         /* when the first address was tried; 0: there was none */
	int tried;                     /* how many addresses were tried */
	struct sts_address first;      /* the address that was tried first */
	struct sts_address last;       /* the address that was tried last */
	int64_t last_boot_ms;          /* when that began */
	char name[STS_HOST_MAX_BYTES]; /* the last candidate, without its trailing dot */
};

/* Add the address that was tried last, and its port. */
void sts_connect_add_last(struct sts_text *t, const struct sts_connect_facts *facts);

/*
 * Add why there is no connection: "sts.example: no answer from 10.0.0.1:443 in 5 s; the name
 * resolved in 2 ms". The time goes on until this call. It is async-signal-safe.
 *   host  in  of the URL
 *   err   in  the errno of the address that was tried last; ETIMEDOUT: it has not answered
 */
void sts_connect_add_failure(struct sts_text *t, const char *host,
			     const struct sts_connect_facts *facts, int err);

/*
 * Resolve and connect. net/hosts.h says how the hosts file is read, and which names need no entry
 * in it. A missing resolv.conf counts as an empty one. A resolv.conf that cannot be read, or has
 * more than STS_RESOLV_MAX_BYTES, is STS_EDNS: without its search list a wrong name might be asked
 * for. So is one that names name servers of which none can be used; the message has the line.
 *   url         in   parsed; its host or IP literal, and its port, are used
 *   connect_to  in   the value of --connect, ADDRESS:PORT, which is connected to in place of the
 *                    URL's host; NULL without the option
 *   deadline    in   BOOTTIME ms
 *   facts       out  not NULL; cleared first
 *   e           out  not NULL. While this runs, e->code is STS_EDNS until the first address is
 *                    tried, and that of a failed connection from then on. So a signal handler
 *                    knows whether the name was resolved
 *   fd          out  connected, non-blocking, close-on-exec, with TCP_NODELAY; the caller closes
 *                    it; -1 after a failure
 * Returns STS_OK; STS_EHOST when there is no such name, with the candidates in the message;
 * STS_EDNS when the name could not be resolved; STS_ECONNECT or STS_ECONNECT_TIME, with the last
 * and the first address and their number in the message; STS_EUSAGE when connect_to is malformed.
 */
enum sts_err sts_connect(const struct sts_url *url, const char *connect_to,
			 const struct sts_connect_files *files, int64_t deadline_boot_ms, int *fd,
			 struct sts_connect_facts *facts, struct sts_error *e);

/* Is the peer of this socket really on loopback? A hosts file or --connect can lead the name of
 * loopback to another address. */
bool sts_connect_to_loopback(int fd);

#endif
