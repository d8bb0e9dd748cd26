/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: one code for each thing that can go wrong, and one table that gives each code its name,
 * what it means, what to do next, whether it is worth retrying, and the exit status. Help texts,
 * the README and the log quote this table; nothing else decides an exit status.
 *
 * A message never holds a token. Text from a peer goes into it only through sts_text_add_escaped().
 */
#ifndef STS_BASE_ERROR_H
#define STS_BASE_ERROR_H

#include <stdbool.h>

/* Exit statuses of the program; see `sts-sidecar --help`. */
enum sts_exit {
	STS_EXIT_OK = 0,
	STS_EXIT_NO = 1,
	STS_EXIT_USAGE = 64,
	STS_EXIT_ANSWER = 65,
	STS_EXIT_SUBJECT = 66,
	STS_EXIT_NETWORK = 69,
	STS_EXIT_BUG = 70,
	STS_EXIT_SANDBOX = 71,
	STS_EXIT_OUTPUT = 73,
	STS_EXIT_TRANSIENT = 75,
	STS_EXIT_DENIED = 77,
};

/* What the schedule does after a failure of this kind (protocols.md, "worth retrying"). */
enum sts_retry {
	STS_RETRY_NEVER, /* our own command line is wrong: nothing changes by itself */
	STS_RETRY_SOON,  /* transient: exponential back-off */
	STS_RETRY_SLOW,  /* somebody must fix a policy, a file or a certificate */
};

enum sts_err {
	STS_OK,
	STS_EAGAIN, /* a parser wants more input; never leaves lib/ */

	/* the command line, the configuration */
	STS_EUSAGE,
	STS_EURL,

	/* the subject token */
	STS_ESUBJECT_MISSING,
	STS_ESUBJECT_UNREADABLE,
	STS_ESUBJECT_MALFORMED, /* empty, a byte that no token has, CR LF inside */
	STS_ESUBJECT_TOOBIG,
	STS_ESUBJECT_EXPIRED,
	STS_ESUBJECT_AUDIENCE,
	STS_ESUBJECT_USED, /* it was sent already, and may be sent once */
	STS_EINPUT,        /* a file of --param-file and the like */

	/* names and connections */
	STS_EHOST,          /* the name does not exist */
	STS_EDNS,           /* no name server answered, or it failed */
	STS_ECONNECT,       /* refused, unreachable; detail is errno */
	STS_ECONNECT_TIME,  /* no answer to the connection attempt */
	STS_EPROXY,         /* no way to the proxy, or it failed; detail is errno or its status */
	STS_EPROXY_REFUSED, /* the proxy refused; detail is its status */

	/* TLS and trust */
	STS_ETLS,         /* handshake or record failure; detail is BearSSL's error or alert */
	STS_ETLS_VERSION, /* alert 70: the server requires TLS 1.3 */
	STS_ETLS_REFUSED, /* alert 40: no common suite, or Extended Master Secret required */
	STS_ETLS_CLOSED,  /* the peer closed, or reset, during the handshake */
	STS_ECLIENT_CERT, /* ours cannot be read, or the server wants one, or another: detail is
			     its alert */
	STS_ECA_FILE,     /* a CA file cannot be read, or no usable trust anchor in it */
	STS_ECERT_ISSUER, /* no chain to a trust anchor */
	STS_ECERT_EXPIRED,
	STS_ECERT_NOTYET,
	STS_ECERT_NAME,
	STS_ECERT_PURPOSE, /* extended key usage */
	STS_ECERT_CA, /* a CA certificate served as the server's own; an issuer that is no CA */
	STS_ECERT_CONSTRAINT, /* name constraints */
	STS_ECERT_ALGORITHM,  /* Ed25519, RSA-PSS, RSA too small or too large, SHA-1 */
	STS_ECERT_SIGNATURE,
	STS_ECERT_MALFORMED,
	STS_ECERT_LIMIT, /* too many certificates or bytes */

	/* the answer */
	STS_EHTTP,      /* malformed HTTP */
	STS_ETRUNCATED, /* the answer was cut short */
	STS_ETOOBIG,    /* past a bound */
	STS_EREDIRECT,
	STS_EEMPTY, /* 2xx with no body */
	STS_EHTML,
	STS_EJSON,         /* not JSON, or JSON that we refuse */
	STS_EANSWER,       /* JSON, but a field is missing or of the wrong type */
	STS_ETOKEN,        /* a returned value that must not be written */
	STS_ELIFETIME,     /* zero, negative, or already expired */
	STS_EEXPECT,       /* does not match --expect-*, --max-lifetime */
	STS_EBUSY,         /* 408, 425, 429, 5xx, or a row's transient code; detail is the status */
	STS_EUNAUTHORIZED, /* 401 */
	STS_ECLIENT,       /* it knows no such client, or not by this secret */
	STS_EREFUSED,      /* any other 4xx with an error code, or with the STS's own words */
	STS_EDENIED,       /* 403 */
	STS_ENOTFOUND,     /* 404 without an error code */
	STS_ESTATUS,       /* any other status; detail is the status */

	/* the output */
	STS_EOUTPUT, /* cannot be written; detail is errno */
	STS_ELOCKED, /* another process owns the directory */

	/* time, and ourselves */
	STS_ETIMEOUT, /* the attempt's deadline passed after the connection stood */
	STS_ESTOPPED, /* told to stop before it was done */
	STS_EFORK,    /* the worker could not be started; detail is errno */
	STS_ESANDBOX, /* a layer that --require-sandbox asks for does not hold */
	STS_EWORKER,  /* the worker ended without a report; detail is the signal or status */
	STS_EBUG,

	STS_ERR__COUNT
};

#define STS_ERROR_TEXT_MAX_BYTES 192

/* The detail of STS_EUSAGE where a protocol's parameter is wrong: `protocols NAME` tells more than --help. 1 is the exit status of `exchange`. */
#define STS_USAGE_PARAMETER 2

/* One failure: what happened and to what, in one line without a final period. */
struct sts_error {
	enum sts_err code;
	int detail; /* errno, HTTP status, TLS error: as the code says; else 0 */
	char msg[STS_ERROR_TEXT_MAX_BYTES];
};

struct sts_error_info {
	const char *name;    /* stable, for logs and .status: "cert_expired" */
	const char *meaning; /* one clause: "the server's certificate has expired" */
	const char *hint;    /* what to do next, one clause */
	enum sts_retry retry;
	bool fetch_retries; /* `fetch` tries again until its deadline */
	enum sts_exit exit_status;
};

/*
 * Look up the table's row of a code.
 *   code   in   any value; one out of range gives the row of STS_EBUG
 * The texts have static storage.
 */
struct sts_error_info sts_error_info(enum sts_err code);

/*
 * Fill *e and return code, so that a failing function can end with `return sts_fail(...)`.
 *   e       out  may be NULL: then only the code is returned
 *   detail  in   see struct sts_error
 *   fmt     in   printf format, ours, never a peer's; the text is cut at the buffer's end
 */
enum sts_err sts_fail(struct sts_error *e, enum sts_err code, int detail, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
