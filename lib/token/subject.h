/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subject token: the bytes of a file without leading and trailing ASCII white space, checked
 * before anything is sent. No byte of it gets into the message of an error.
 */
#ifndef STS_TOKEN_SUBJECT_H
#define STS_TOKEN_SUBJECT_H

#include "base/error.h"
#include "base/sizes.h"
#include "base/text.h"

#define STS_SUBJECT_MAX_BYTES (64 * 1024)

struct sts_subject {
	struct sts_slice token;           /* into the caller's buffer */
	int64_t exp_s;                    /* exp of the JWT; -1 when there is none, or not a JWT */
	int64_t nbf_s, iat_s;             /* the same for nbf and iat */
	uint8_t id[STS_SUBJECT_ID_BYTES]; /* of sts_subject_identify(); 0 before */
	size_t read_bytes;                /* how much of the buffer a read may have written to */
};

/*
 * Read and check the subject token.
 *   path     in   a file, or "-" for standard input. Symbolic links are followed, since the kubelet
 *                 replaces the link ..data; after ENOENT the file is tried once more after 50 ms
 *   now_s    in   seconds since the epoch, by the node's clock; or by the STS's clock, where it is
 *                 known that the node's clock is ahead of it
 *   buf      in   memory for the token, STS_SUBJECT_MAX_BYTES + 1 or more
 *   scratch  in   memory for decoding the token, 3/4 of that
 *   subject  out  after an error the times are right where they could be read, else -1
 * Returns STS_OK (also for an opaque token, which is not a JWT) or
 *   STS_ESUBJECT_MISSING
 *   STS_ESUBJECT_UNREADABLE  the message names mode, owner and our UID
 *   STS_ESUBJECT_MALFORMED   empty, or a byte outside [A-Za-z0-9._~+/=-]: the message says where
 *   STS_ESUBJECT_TOOBIG
 *   STS_ESUBJECT_EXPIRED     exp is at or before now_s: the message says since when, and that the
 *                            node's clock may be ahead if the file was written after that
 */
enum sts_err sts_subject_read(const char *path, int64_t now_s, char *buf, size_t buf_size,
			      char *scratch, size_t scratch_size, struct sts_subject *subject,
			      struct sts_error *e);

/* Check bytes that are in memory already, in the same way. */
enum sts_err sts_subject_check(struct sts_slice bytes, int64_t now_s, char *scratch,
			       size_t scratch_size, struct sts_subject *subject,
			       struct sts_error *e);

/*
 * Set the id, which stands for the token and an STS: what was sent to one STS may still be sent to
 * another one. The id gets into .status, which others may read and write. It is the start of a
 * SHA-256 over both, so only somebody who has the token can make its id for any STS.
 *   sts_id  in  stands for the STS
 */
void sts_subject_identify(struct sts_subject *subject, uint64_t sts_id);

/* May a subject token have all of these bytes, [A-Za-z0-9._~+/=-]? True for an empty slice. */
bool sts_subject_bytes_ok(struct sts_slice token);

#endif
