/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says of the URL of a request, and what that URL is from. Both are in the first
 * log line of an exchange. */
#ifndef STS_OPTIONS_ENDPOINT_H
#define STS_OPTIONS_ENDPOINT_H

#include "net/url.h"
#include "options/options.h"
#include "protocol/request.h"

#define STS_ENDPOINT_TEXT_BYTES 128 /* a longer URL is cut, and ends with "..." */

/* Add the URL without its query, which may have secrets in it. */
void sts_endpoint_add(struct sts_text *t, const struct sts_url *url);

/*
 * Add what the URL is from, if not from the configuration file: "--url", "the arguments" (of
 * exchange), "the variable AWS_ENDPOINT_URL_STS", "the parameter region", or "protocol gcp" if the
 * URL is the protocol's own.
 *   r         in  the parameters; the URL itself may be missing or wrong
 *   variable  in  the variable of the protocol that has the whole URL; "": none
 */
void sts_endpoint_add_source(struct sts_text *t, const struct sts_options *o,
			     const struct sts_request *r, const char *variable);

/* Returns a number that stands for the STS: a hash of the host and the port of the URL. The path
 * does not count, since the realms of a server may share what it remembers of subject tokens. */
uint64_t sts_endpoint_sts_id(const struct sts_url *url);

#endif
