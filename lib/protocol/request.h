/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one request builder: a protocol of the table and the user's values become the bytes of
 * one HTTP request. Pure: no I/O, no clock. Everything that goes out is checked here, before a
 * connection is opened.
 */
#ifndef STS_PROTOCOL_REQUEST_H
#define STS_PROTOCOL_REQUEST_H

#include "net/url.h"
#include "protocol/table.h"

#define STS_REQUEST_QUERY_MAX_BYTES  2048
#define STS_REQUEST_CLIENT_MAX_BYTES 1365 /* client id and secret together */

enum sts_client_auth {
	STS_CLIENT_NONE,  /* a public client: client_id, where there is one, is a field */
	STS_CLIENT_BASIC, /* Authorization: Basic (RFC 6749 section 2.3.1) */
	STS_CLIENT_POST,  /* client_id and client_secret are fields */
};

struct sts_field {
	struct sts_slice name, value;
	bool secret; /* it came from a file: masked in --dry-run */
};

struct sts_request {
	const struct sts_protocol *protocol;
	const char *url_template; /* the protocol's, when the URL comes from it; else NULL */
	const struct sts_url *url;
	const char *method; /* NULL: the protocol's */
	/* Where the subject token goes, in place of what the protocol says; used when
	 * own_subject. */
	bool own_subject;
	enum sts_place subject_place;
	const char *subject_field; /* NULL for STS_PLACE_BEARER */
	enum sts_body body;        /* the protocol's, or --body */
	struct sts_slice subject;  /* checked by subject.h */
	/* Names as the protocol writes them, or any (STS_PROTOCOL_ANY_PARAMETER); a name that is
	 * there several times has several values. */
	const struct sts_field *params;
	size_t param_count;
	const struct sts_field *headers; /* --header, --header-file */
	size_t header_count;
	enum sts_client_auth client_auth;
	struct sts_slice client_id, client_secret; /* empty: none */
	const char *agent;
};

/*
 * Check without building: unknown or missing parameters, values that the service would refuse,
 * header names and values. Run when the command line is read, so that a mistake is exit 64 before
 * anything is sent. url may be NULL, subject empty.
 * Returns STS_OK or STS_EUSAGE, with the nearest known name where there is one. No message holds a
 * value.
 */
enum sts_err sts_request_check(const struct sts_request *r, struct sts_error *e);

/*
 * Fill in the protocol's URL from parameters and their defaults. Their values are checked by
 * sts_request_check(), and hold nothing that must be encoded; a slash at the end of one is dropped
 * before another.
 */
void sts_request_url(const struct sts_request *r, struct sts_text *url);

/* May this name be given with --param or --header? Names that hold secrets (client_secret,
 * password, client_assertion, actor_token, assertion, subject_token, authorization; any case, `-`
 * and `_` not minded) come from files. */
bool sts_request_name_is_secret(struct sts_slice name);

/*
 * Build head and body.
 *   head, body  in/out  set up by sts_text_init(); body stays empty for STS_BODY_NONE
 *   masked      in      write "***" for the subject token and every secret (--dry-run)
 * Returns STS_OK, STS_EUSAGE (as sts_request_check(), and an empty subject), STS_ETOOBIG when head
 * or body is too small, or the query longer than STS_REQUEST_QUERY_MAX_BYTES, STS_ESUBJECT_TOOBIG
 * when the protocol takes no subject token of this length.
 */
enum sts_err sts_request_build(const struct sts_request *r, bool masked, struct sts_text *head,
			       struct sts_text *body, struct sts_error *e);

/* ---- for request.c and request_check.c ---- */

/* The next field of r->params with this name, or NULL; *at starts at 0. */
const struct sts_field *sts_request_next(const struct sts_request *r, struct sts_slice name,
					 size_t *at);
/* How many there are. */
size_t sts_request_count(const struct sts_request *r, struct sts_slice name);

/* Where a parameter of the protocol goes, and its name there. */
enum sts_place sts_request_place(const struct sts_request *r, const struct sts_parameter *p,
				 const char **field);

/* Where fields go that the protocol does not name: the body, or the query where there is none. */
enum sts_place sts_request_free_place(const struct sts_request *r);

/* The first reference token of a JSON pointer, "a" of "/a/b"; empty past its end. Escapes are kept.
 */
struct sts_slice sts_request_token(struct sts_slice *pointer);

#endif
