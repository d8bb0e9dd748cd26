/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one request builder: a row of the protocol table and the user's values become the bytes of one HTTP request. Pure: no
 * I/O, no clock. Everything that goes out is checked here, before a connection is opened.
 */
#ifndef STS_REQUEST_H
#define STS_REQUEST_H

#include "http.h"
#include "protocol.h"
#include "url.h"

enum sts_client_auth { STS_CLIENT_NONE, STS_CLIENT_BASIC, STS_CLIENT_POST };

struct sts_field {
	struct sts_slice name, value;
};

struct sts_request {
	const struct sts_protocol *row;
	const struct sts_url *url;
	enum sts_body body;		/* the row's, or --body */
	struct sts_slice subject;	/* checked by subject.h */
	const struct sts_field *params; /* names of the row's params, or any (any_param); repeated names are repeated values */
	size_t param_count;
	const struct sts_field *headers; /* --header, --header-file */
	size_t header_count;
	enum sts_client_auth client_auth;
	struct sts_slice client_id, client_secret; /* empty: none */
	const char *agent;
};

/*
 * Check without building: unknown or missing parameters, values that the service would refuse, header names and values.
 * Run when the command line is read, so that a mistake is exit 64 before anything is sent. The subject may be empty.
 * Returns STS_OK or STS_EUSAGE with the nearest known name.
 */
enum sts_err sts_request_check(const struct sts_request *r, struct sts_error *e);

/* May this name be given with --param or --header? Names that hold secrets (client_secret, password, client_assertion,
 * actor_token, assertion, subject_token, authorization, any case) come from files. */
bool sts_request_name_is_secret(struct sts_slice name);

/*
 * Build head and body.
 *   head, body  in/out  set up by sts_text_init(); body stays empty for STS_BODY_NONE
 *   masked      in      write "***" for the subject token and every secret (--dry-run)
 * Returns STS_OK, STS_EUSAGE (as sts_request_check()), STS_ETOOBIG when head or body is too small.
 */
enum sts_err sts_request_build(const struct sts_request *r, bool masked, struct sts_text *head, struct sts_text *body,
			       struct sts_error *e);

#endif
