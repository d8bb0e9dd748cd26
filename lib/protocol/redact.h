/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does text from a peer repeat a secret that was sent to it? The secret is looked for as it was
 * sent, and in the encodings that error pages and logs of servers use: percent-encoding, base64
 * (which "Basic ..." is), hexadecimal, and letters in the other case. A hostile peer can disguise a
 * secret so that it is not found, but that peer holds the secret anyway.
 */
#ifndef STS_PROTOCOL_REDACT_H
#define STS_PROTOCOL_REDACT_H

#include "base/text.h"
#include "protocol/request.h"

#define STS_REDACT_TEXT_MAX_BYTES 256

/*
 * Does text repeat a piece of one secret?
 *   text  in  UNTRUSTED; the answer is true for any text over STS_REDACT_TEXT_MAX_BYTES
 *   run   in  the bytes that a piece must have
 * Returns false when the secret is shorter than run, or run is 0.
 */
bool sts_redact_repeats(struct sts_slice text, struct sts_slice secret, size_t run);

/*
 * Does text hold a piece of any secret? It looks for the secrets of the request: eight bytes of one
 * of them in a row count as a piece, and all bytes of a shorter secret. A secret below four bytes
 * is not looked for. Any other JWT counts too; it begins with "eyJ", the base64url form of {".
 *   text  in  UNTRUSTED
 */
bool sts_redact_has_secret(const struct sts_request *request, struct sts_slice text);

#endif
