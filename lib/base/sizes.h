/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and bounds of what belongs to a token, and of what an STS says. */
#ifndef STS_BASE_SIZES_H
#define STS_BASE_SIZES_H

#define STS_SUBJECT_ID_BYTES 8  /* the id of a subject token: the first bytes of its SHA-256 */
#define STS_THUMBPRINT_BYTES 32 /* the SHA-256 of the certificate that signs tokens */
#define STS_CODE_MAX_BYTES   48 /* of an error code of an STS, with the NUL */

/* Of what a worker reports of a failure, with the NUL: the message of the error, and what the error
 * is about. */
#define STS_STATUS_TEXT_MAX_BYTES 512

/* The longest lifetime of a token: a hundred years. */
#define STS_EXPIRY_MAX_S (366LL * 24 * 3600 * 100)

/* The longest pause that an STS may ask for. */
#define STS_RETRY_AFTER_MAX_S 300

/* A difference between the STS's clock and the node's up to this one is not known exactly: the
 * clocks count as the same. */
#define STS_CLOCKS_SAME_S 60

/* A larger difference is not believed. If the node's clock were that wrong, neither the server's
 * certificate nor the subject token would have been valid. */
#define STS_CLOCKS_BELIEVED_S (24LL * 3600)

#endif
