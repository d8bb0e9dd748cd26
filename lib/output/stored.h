/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of the output directory: which files are there now, and whether they can be used.
 * `check`, the readiness probe, the start of `run`, and the writer (store.h) use it. Nothing in the
 * directory is trusted. */
#ifndef STS_OUTPUT_STORED_H
#define STS_OUTPUT_STORED_H

#include "base/text.h"

/*
 * Read the file `expires`.
 *   expires_s  out  seconds since the epoch; 0 after a failure
 * Returns 0 or an errno; ENODATA when the file is empty, EILSEQ when it is not RFC 3339.
 */
int sts_stored_expires(int dir_fd, int64_t *expires_s);

/* What an output directory holds. A file can be used when it is a regular file that this process
 * may read, and it is neither empty nor too big. */
struct sts_stored {
	/* About the files that hold a token: 0 when there are some and all of them can be used;
	 * ENOENT when there are none; else why one of them cannot be used: ENODATA (it is empty),
	 * EACCES, ELOOP... */
	int token_errno;
	unsigned files; /* STS_WRITE bits of the files with a token that can be used and belong to
			   this UID */
	int64_t written_ms;     /* when the oldest file with a token that can be used was written
			       (epoch); INT64_MAX: there is no such file */
	struct sts_slice token; /* content of token.jwt, in the caller's buffer; may be empty */
	int expires_errno;      /* what sts_stored_expires() returned */
	int64_t expires_s;
};

/* Look at the files that hold a token. No file is opened, so dir_fd may be a descriptor of O_PATH.
 * The members `token`, expires_errno and expires_s are set to zero. */
void sts_stored_look(int dir_fd, struct sts_stored *out);

/*
 * Read `expires`, do the same as sts_stored_look(), and then read token.jwt where there is one.
 * This is the order for readers that sts_store_write_files() explains.
 *   buf   out  the token, NUL-terminated
 *   size  in   STS_TOKEN_MAX_BYTES + 1 or more; a token of `size` bytes or more gives EFBIG
 */
void sts_stored_read(int dir_fd, char *buf, size_t size, struct sts_stored *out);

#endif
