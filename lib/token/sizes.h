/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of what belongs to a token and is passed between processes. */
#ifndef STS_TOKEN_SIZES_H
#define STS_TOKEN_SIZES_H

#define STS_SUBJECT_ID_BYTES 8  /* the id of a subject token: the first bytes of its SHA-256 */
#define STS_THUMBPRINT_BYTES 32 /* the SHA-256 of the certificate that signs tokens */
#define STS_CODE_MAX_BYTES   48 /* of an error code of an STS, with the NUL */

#endif
