/* SPDX-License-Identifier: Apache-2.0 */
/* What an output directory holds now: for `check`, readiness, adoption at start, and the writer. */
#ifndef STS_OUTPUT_STORED_H
#define STS_OUTPUT_STORED_H

#include "base/text.h"

/*
 * Read `expires`.
 *   expires_s  out  0 after a failure
 * Returns 0 or an errno; ENODATA when it is empty, EILSEQ when it is not RFC 3339.
 */
int sts_stored_expires(int dir_fd, int64_t *expires_s);

struct sts_stored {
	/* 0 when a file that holds a token is there, and each that is there can be used. Else
	 * ENOENT for none, or why one cannot: ENODATA for an empty one, EACCES, ELOOP, EFBIG... */
	int token_errno;
	unsigned files;         /* bits of those that are there, and this UID's */
	int64_t written_ms;     /* when the oldest of them was written (epoch); INT64_MAX: none */
	struct sts_slice token; /* of token.jwt, into the caller's buffer; may be empty */
	int expires_errno;      /* 0, or why, as above */
	int64_t expires_s;
};

/* Read expires, then look at the files that hold a token (the order that the writer keeps its
 * promise for), without opening or trusting them. */
void sts_stored_look(int dir_fd, struct sts_stored *out);

/*
 * The same, and read token.jwt, where there is one.
 *   buf   out  the token, NUL-terminated
 *   size  in   STS_TOKEN_MAX_BYTES + 1 or more: a token of size bytes is EFBIG
 */
void sts_stored_read(int dir_fd, char *buf, size_t size, struct sts_stored *out);

#endif
