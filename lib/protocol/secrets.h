/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for secrets in text from a peer. This module only says whether the text repeats a
 * secret that was sent to the peer; the caller then leaves the whole text out of its message. A
 * secret is looked for as it was sent, and in the encodings that error pages and logs of servers
 * use: percent-encoding, base64 (as in "Basic ..."), hexadecimal, and letters in the other case. A
 * hostile peer can disguise a secret so that it is not found, but that peer holds the secret
 * anyway.
 */
#ifndef STS_PROTOCOL_SECRETS_H
#define STS_PROTOCOL_SECRETS_H

#include "base/shared_run.h"
#include "base/text.h"
#include "protocol/request.h"
#include "token/subject.h"

#define STS_SECRETS_TEXT_MAX_BYTES STS_SHARED_RUN_TEXT_MAX_BYTES

/*
 * Does text repeat a piece of one secret?
 *   text  in  UNTRUSTED; the result is true for any text over STS_SECRETS_TEXT_MAX_BYTES
 *   run   in  how many bytes in a row make a piece
 * Returns false when the secret is shorter than run, or run is 0.
 */
bool sts_secrets_repeats(struct sts_slice text, struct sts_slice secret, size_t run);

/*
 * Does text hold a piece of any secret of the request? The values in the query of a URL that the
 * user gave count as secrets. Eight bytes of a secret in a row are a piece; of a shorter secret,
 * all bytes are. A secret below four bytes is not looked for. The result is true also for text that
 * holds "eyJ", with which every JWT begins: it is the base64url form of {".
 *   text  in  UNTRUSTED
 */
bool sts_secrets_found(const struct sts_request *request, struct sts_slice text);

/*
 * Is the token of an answer a value that was sent: the subject token, or a parameter of the user's,
 * such as the actor token? The comparison takes the same time wherever the bytes differ.
 *   subject  in  may be NULL; where the protocol has STS_PROTOCOL_OPEN, an opaque one may come back
 *   token    in  UNTRUSTED
 */
bool sts_secrets_returned(const struct sts_request *request, const struct sts_subject *subject,
			  struct sts_slice token);

#endif
