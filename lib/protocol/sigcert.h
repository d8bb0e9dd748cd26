/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sig-cert poll of OpenUnison: GET PATH/sig-cert is answered with {"thumbprint":"HEX"}, the
 * thumbprint of the signing certificate. If it differs from the thumbprint in the output directory,
 * the supervisor starts an exchange at once.
 */
#ifndef STS_PROTOCOL_SIGCERT_H
#define STS_PROTOCOL_SIGCERT_H

#include "base/sizes.h"
#include "http_messages/response.h"
#include "net/url.h"

/* Make the URL of the poll: the exchange URL with /sig-cert in place of /token/user at its end.
 * Returns false if the exchange URL does not end in /token/user, since such a server has no
 * endpoint for the poll. */
bool sts_sigcert_url(const char *exchange_url, struct sts_url *url);

/*
 * Read the answer.
 *   body        in   UNTRUSTED
 *   thumbprint  out  STS_THUMBPRINT_BYTES, if it is found
 *   found       out  false after 404, a redirect, or a 2xx without a thumbprint string: the server
 *                    has no endpoint for the poll
 * Returns STS_OK, or STS_EBUSY after any other status: the poll is tried again after its interval.
 */
enum sts_err sts_sigcert_read(const struct sts_http_head *head, struct sts_slice body,
			      uint8_t *thumbprint, bool *found, struct sts_error *e);

#endif
