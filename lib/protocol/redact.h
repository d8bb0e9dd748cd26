/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a peer's text repeat a secret that was sent to it? Looked for as it was sent, and as error
 * pages and logs of servers wrap it: percent-encoded, in base64 (so also in "Basic ..."), in
 * hexadecimal, and in other letters' case. What a hostile peer takes apart on purpose is not found:
 * it holds the secret anyway.
 */
#ifndef STS_PROTOCOL_REDACT_H
#define STS_PROTOCOL_REDACT_H

#include "base/text.h"
#include "protocol/request.h"

#define STS_REDACT_TEXT_MAX_BYTES 256

/*
 *   text  in  UNTRUSTED; one longer than STS_REDACT_TEXT_MAX_BYTES counts as an echo, unseen
 *   run   in  so many bytes of the secret, side by side, are an echo
 * False for a secret that is shorter than run.
 */
bool sts_redact_repeats(struct sts_slice text, struct sts_slice secret, size_t run);

/*
 * Does text from the peer hold a piece of a secret? The secrets that the request sent are known:
 * eight bytes of one of them side by side count (all bytes of a shorter one; one below four bytes
 * is not looked for). A JWT of any other kind begins with the base64url form of {" and counts as
 * well.
 *   text  in  UNTRUSTED
 */
bool sts_redact_has_secret(const struct sts_request *request, struct sts_slice text);

#endif
