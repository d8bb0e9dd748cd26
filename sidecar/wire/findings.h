/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker of `doctor` found out on its way to a token: the figures of each gate that it came
 * through, also when it failed later. It writes them to its pipe just before its report, at its
 * end and at its deadline. They are UNTRUSTED as the report is, since a hostile answer may have
 * taken the worker over: `doctor` checks size, magic number, version and every field.
 *
 * Every text is one line of printable ASCII with a NUL at its end. The worker has escaped and cut
 * what comes from the subject token, a certificate or the peer. "" stands for a text that is not
 * known. No text has a token, a signature or a secret.
 */
#ifndef STS_WIRE_FINDINGS_H
#define STS_WIRE_FINDINGS_H

#include "base/error.h"
#include "net/connect.h"
#include "wire/report.h"

#define STS_FINDINGS_MAGIC      0x73747366u /* "stsf" */
#define STS_FINDINGS_VERSION    1
#define STS_FINDINGS_TEXT_BYTES 192 /* of a long text, with the NUL */
#define STS_FINDINGS_NAME_BYTES 96  /* of the name of a certificate, with the NUL */

/* How the exchange of `doctor` ended for the subject token and the token that came back. A worker
 * of STS_WORKER_DOCTOR reports STS_USE_NOT_REVOKED if the token can be revoked: the command then
 * starts one of STS_WORKER_UNDO, and STS_OK of that one means STS_USE_REVOKED. */
enum sts_exchange_use {
	STS_USE_NOT_SENT,    /* --no-send, or a gate before the answer failed */
	STS_USE_SPARED,      /* the subject token may be sent once, and was not spent */
	STS_USE_SENT,        /* a token came back; the protocol cannot revoke it */
	STS_USE_REVOKED,     /* a token came back, and was revoked */
	STS_USE_NOT_REVOKED, /* a token came back, and revoking it failed */
	STS_USE_FAILED,      /* the request was sent, and no token that can be used came back */
	STS_USE__COUNT
};

/* The claims of a JWT that `doctor` shows. The times are seconds since the epoch; 0: none. */
struct sts_found_claims {
	int32_t is_jwt; /* 0 or 1 */
	int64_t iat_s, nbf_s, exp_s;
	char iss[STS_FINDINGS_TEXT_BYTES], sub[STS_FINDINGS_TEXT_BYTES];
	char aud[STS_FINDINGS_TEXT_BYTES]; /* several audiences have ", " between them */
};

struct sts_findings {
	uint32_t magic, version;
	uint32_t passed; /* bits of 1 << enum sts_gate: the gates that were passed */
	/* An error at the subject token or at the output directory that did not end the worker, so
	 * that the gates behind it were looked at, without a request. 0: none. The error of the
	 * report comes on top of it. */
	int32_t earlier_error, earlier_detail;
	char earlier_text[STS_ERROR_TEXT_MAX_BYTES];
	/* subject: the file that was read, and its owner */
	int32_t subject_bytes; /* of the token; 0: it was not read */
	uint32_t subject_mode, subject_uid, subject_gid;
	int64_t subject_changed_s; /* when the file was written, since the epoch; 0: unknown */
	char subject_path[STS_FINDINGS_TEXT_BYTES];
	struct sts_found_claims subject;
	/* configuration: what is asked, with the defaults and what variables of platforms say */
	char protocol[32], url[STS_FINDINGS_TEXT_BYTES]; /* the URL without its query */
	/* clock: the STS's Date minus the node's clock, in ms, within 500 ms. The gate is passed
	 * if they differ by at most a minute. */
	int32_t has_date; /* 0 or 1 */
	int64_t clock_ms;
	/* name: of the server, or of its proxy if there is one */
	int32_t found_by; /* enum sts_found_by (net/connect.h) */
	int32_t asked;    /* how many names of the search list were asked for */
	int32_t name_ms;  /* until the first address was tried; -1: not resolved */
	char name[STS_FINDINGS_TEXT_BYTES]; /* the last of these names: the one with the addresses,
					       if any has some; "": no name server was asked */
	char name_server[64];               /* that answered, or failed, last */
	/* proxy and connection */
	char proxy[STS_FINDINGS_TEXT_BYTES]; /* HOST:PORT; "" for none */
	int32_t addresses;                   /* of the name */
	int32_t connect_ms; /* to the address, and through the proxy; -1: not connected */
	char address[64];   /* ADDRESS:PORT that was tried last */
	/* tls: what was agreed on is in the report. The certificate of the server is known as soon
	 * as it can be read, also if it is refused. */
	int32_t tls_version;  /* 0x0303 or 0x0304; 0: the server has not chosen */
	int32_t tls_ms;       /* -1: the handshake was not finished */
	int32_t certificates; /* of the path that was verified, the anchor not counted; 0: none */
	int64_t cert_ends_s;  /* when the server's certificate ends; 0: it is not known */
	int64_t first_end_s;  /* the earliest end in the path, with its anchor; 0: no path */
	char cert_name[STS_FINDINGS_NAME_BYTES];   /* its subject, in quotation marks */
	char cert_issuer[STS_FINDINGS_NAME_BYTES]; /* its issuer, in quotation marks */
	char cert_hosts[STS_FINDINGS_TEXT_BYTES]; /* what it is for: "DNS:a.example, IP:10.0.0.1" */
	char first_end_name[STS_FINDINGS_NAME_BYTES]; /* the certificate with the earliest end */
	char anchor_name[STS_FINDINGS_NAME_BYTES];    /* the subject of the trust anchor */
	char anchor_file[STS_FINDINGS_TEXT_BYTES];    /* the CA file or directory that has it */
	/* answer: the rest is in the report */
	int32_t answer_ms;    /* from the request to the whole answer; -1: none */
	int32_t answer_bytes; /* of its body */
	int32_t use;          /* enum sts_exchange_use */
	struct sts_found_claims token;
};

/* Set all texts to "", all times that are durations to -1, and all else to zero. */
void sts_findings_init(struct sts_findings *f);

/*
 * Are these findings that may be printed? Every number must be in range, and every text must end
 * within its array and be printable ASCII.
 *   findings  in  UNTRUSTED
 *   len       in  the number of bytes that were read from the pipe
 */
bool sts_findings_ok(const struct sts_findings *findings, uint64_t len);

#endif
