/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker of `doctor` notes of each gate, while it goes through them. Every text is escaped
 * and cut to its array. A text from a certificate or from the token that came back is left out if
 * it repeats a piece of a secret that was sent: it was chosen by somebody who may have seen that
 * secret.
 */
#ifndef STS_WORKER_FIND_H
#define STS_WORKER_FIND_H

#include "options/fields.h"
#include "wire/findings.h"
#include "worker/connection.h"

/* Note the protocol, the URL without its query, and the proxy.
 *   fields  in  of sts_fields_make(); again after sts_fields_claims(), which may make the URL */
void sts_find_configuration(struct sts_findings *f, const struct sts_fields *fields);

/* Note the file of the subject token: its path, mode, owner and time. Does nothing for standard
 * input but note the path. */
void sts_find_subject_file(struct sts_findings *f, const char *path);

/*
 * Note the claims of a token, if it is a JWT. Closes the open document of json.h.
 *   token    in  UNTRUSTED; may lie in the document that is open
 *   scratch  in  memory, as for sts_jwt_open()
 *   request  in  the secrets that a text may not repeat; NULL: the token is the subject token
 */
void sts_find_claims(struct sts_found_claims *claims, struct sts_slice token, char *scratch,
		     size_t size, const struct sts_request *request);

/*
 * Note how the name was resolved, and what was connected to. It is async-signal-safe.
 *   began_boot_ms  in  when sts_connection_open() began
 *   connected      in  it has succeeded
 */
void sts_find_way(struct sts_findings *f, const struct sts_connection *c, int64_t began_boot_ms,
		  bool connected);

/*
 * Note the TLS handshake and the certificates. Does nothing for a plain stream.
 *   began_boot_ms  in  when sts_connection_handshake() began
 *   done           in  it has succeeded
 */
void sts_find_tls(struct sts_findings *f, const struct sts_connection *c, int64_t began_boot_ms,
		  bool done);

/* Note the answer, as far as it was read: its size, its time, and what its Date says of the clocks.
 *   sent_boot_ms  in  when the request was sent */
void sts_find_answer(struct sts_findings *f, const struct sts_connection *c,
		     const struct sts_http_response *http, int64_t sent_boot_ms);

#endif
