/* SPDX-License-Identifier: Apache-2.0 */
/* What an STS was shown when it failed or refused: for the message of the error. */
#ifndef STS_WORKER_SHOWN_H
#define STS_WORKER_SHOWN_H

#include "base/text.h"
#include "json_xml/json.h"
#include "net/connect.h"
#include "options/fields.h"
#include "protocol/request.h"
#include "token/subject.h"

/* Add a URL without its query, which may hold a secret. */
void sts_shown_add_url(struct sts_text *t, const struct sts_url *url);

/*
 * Add a claim that is a string, or the strings of an array with ", " between them.
 *   name  in  what stands before the claim
 *   max   in  bytes at most of each string, escaped
 * Returns false, and adds nothing, if there is no claim at this pointer.
 */
bool sts_shown_add_claim(struct sts_text *t, const struct sts_json *claims, const char *pointer,
			 const char *name, size_t max);

/*
 * Add "; request: POST https://sts.example.com/token". The query is left out, since it may hold a
 * secret. The URL is cut after 100 bytes.
 */
void sts_shown_add_request(struct sts_text *t, const struct sts_request *request);

/* Add "; file: /var/run/secrets/tokens/sts-token" if the message does not name the file yet.
 *   path  in  of the file that the error is about; NULL: it is about none */
void sts_shown_add_file(struct sts_text *t, const char *path);

/*
 * Add "; server: sts.example.com:443 at 10.4.0.17:443", or "through the proxy HOST:PORT" in place
 * of the address.
 *   facts  in  of a connection that was made, if there is no proxy
 */
void sts_shown_add_server(struct sts_text *t, const struct sts_fields *fields,
			  const struct sts_connect_facts *facts);

/*
 * Add "; subject token: iss https://kubernetes.default.svc.cluster.local, sub
 * system:serviceaccount:shop:cart, aud https://sts.example.com, 52 min left". These claims are no
 * secrets. Each is escaped, and cut after 100 bytes. Of an opaque token, it adds that it is not a
 * JWT.
 *   scratch  in  memory for decoding the token, 3/4 of its length
 *   now_s    in  the node's clock, seconds since the epoch
 * Closes the document of json.h.
 */
void sts_shown_add_subject(struct sts_text *t, const struct sts_subject *subject, char *scratch,
			   size_t size, int64_t now_s);

#endif
