/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject token: the file's bytes with leading and trailing ASCII white space removed, checked
 * before anything is sent. No message holds a byte of it.
 */
#ifndef STS_TOKEN_SUBJECT_H
#define STS_TOKEN_SUBJECT_H

#include "base/error.h"
#include "base/text.h"

#define STS_SUBJECT_MAX_BYTES (64 * 1024)
#define STS_SUBJECT_ID_BYTES  8

struct sts_subject {
	struct sts_slice token;           /* into the caller's buffer */
	int64_t exp_s;                    /* of the JWT, -1 when it is none or has none */
	uint8_t id[STS_SUBJECT_ID_BYTES]; /* of its SHA-256: tells one token from the next */
};

/*
 * Read the subject token from a file (links are followed: the kubelet swaps ..data; ENOENT is tried
 * once more after 50 ms), or from standard input when path is "-".
 *   buf      in   memory for the token, STS_SUBJECT_MAX_BYTES + 1 or more
 *   scratch  in   memory for decoding it, 3/4 of that
 *   subject  out  after an error exp_s is right where it could be read, else -1
 * Returns STS_OK or STS_ESUBJECT_*: missing, unreadable (the message names mode, owner and our
 * UID), malformed (empty, or a byte outside [A-Za-z0-9._~+/=-]: the message says where), too big,
 * expired (exp is at or before now_s: the message says since when). What is no JWT is an opaque
 * token, and legal.
 */
enum sts_err sts_subject_read(const char *path, int64_t now_s, char *buf, size_t buf_size,
			      char *scratch, size_t scratch_size, struct sts_subject *subject,
			      struct sts_error *e);

/* The same checks on bytes that are in memory already. */
enum sts_err sts_subject_check(struct sts_slice bytes, int64_t now_s, char *scratch,
			       size_t scratch_size, struct sts_subject *subject,
			       struct sts_error *e);

/* Are all bytes of those that a subject token may have, [A-Za-z0-9._~+/=-]? True for none. */
bool sts_subject_bytes_ok(struct sts_slice token);

#endif
