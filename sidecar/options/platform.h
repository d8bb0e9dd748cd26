/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment variables of platforms and of a service's own SDKs that say where the subject
 * token goes or who is trusted (docs/protocols.md). Which variables a protocol has, and what they
 * do, is in protocols.toml. A variable that is set but empty counts as not set. `exchange` reads no
 * variables.
 */
#ifndef STS_OPTIONS_PLATFORM_H
#define STS_OPTIONS_PLATFORM_H

#include "options/options.h"
#include "protocol/request.h"

#define STS_VARIABLE_MAX_BYTES 48 /* the name of a variable, with its NUL */

/*
 * Get the value of the first variable of a list that is set.
 *   names  in   with one space between two
 *   name   out  its name; "" where none is set
 * Returns the value, or NULL.
 */
const char *sts_platform_variable(const struct sts_options *o, struct sts_slice names,
				  char name[STS_VARIABLE_MAX_BYTES]);

/*
 * Get the URL from a variable of the protocol, where --url is not given.
 *   url   out  the URL, not yet checked; NULL: there is none
 *   name  out  the variable that has it
 * Returns STS_OK, or STS_EUSAGE where a variable of the protocol cannot be followed; the message
 * names it.
 */
enum sts_err sts_platform_url(const struct sts_options *o, const struct sts_protocol *protocol,
			      const char **url, char name[STS_VARIABLE_MAX_BYTES],
			      struct sts_error *e);

/*
 * Put the host name of the service into a URL that was made of the protocol's template, where the
 * protocol has partitions.
 *   url  in/out  "https://HOST/"
 * Returns STS_OK, or STS_EUSAGE where the variables ask for a host that there is not. The detail is
 * STS_USAGE_PARAMETER where no such host is in the region, which the message names.
 */
enum sts_err sts_platform_host(const struct sts_options *o, const struct sts_request *r,
			       struct sts_text *url, struct sts_error *e);

#endif
