/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The builder of requests. It makes the bytes of one HTTP request from a protocol of the table and
 * the user's values. The functions are pure: they have no I/O and no clock. Everything that is sent
 * is checked here, before a connection is opened.
 */
#ifndef STS_PROTOCOL_REQUEST_H
#define STS_PROTOCOL_REQUEST_H

#include "net/url.h"
#include "protocol/table.h"

#define STS_REQUEST_QUERY_MAX_BYTES  2048
#define STS_REQUEST_CLIENT_MAX_BYTES 1365 /* client id and secret together */

/* How a client is authenticated. */
enum sts_client_auth {
	STS_CLIENT_NONE,  /* a public client: client_id is a field where it is given */
	STS_CLIENT_BASIC, /* Authorization: Basic (RFC 6749 section 2.3.1) */
	STS_CLIENT_POST,  /* client_id and client_secret are fields */
};

/* A parameter or header that the user gave. */
struct sts_field {
	struct sts_slice name, value;
	/* It was read from a file, or is a header or a parameter that the protocol does not name:
	 * --dry-run masks it, and it does not get into a message. */
	bool secret;
	struct sts_slice variable; /* the environment variable that it is from; empty: none */
};

/* What a request is made of. All memory is the caller's. */
struct sts_request {
	const struct sts_protocol *protocol;
	const char *url_template; /* of the protocol; NULL when the user gave the URL */
	const struct sts_url *url;
	const char *method; /* NULL: the protocol's */
	/* When own_subject is set, the next two members say where the subject token goes. Else the
	 * protocol says it. */
	bool own_subject;
	enum sts_place subject_place;
	const char *subject_field; /* NULL for STS_PLACE_BEARER */
	enum sts_body body;        /* the protocol's, or --body */
	struct sts_slice subject;  /* the subject token, checked by sts_subject_check() */
	/* The names are names of the protocol's parameters, or any names where the protocol has
	 * STS_PROTOCOL_ANY_PARAMETER. A name that appears several times has several values. */
	const struct sts_field *params;
	size_t param_count;
	const struct sts_field *headers; /* --header, --header-file */
	size_t header_count;
	enum sts_client_auth client_auth;
	struct sts_slice client_id, client_secret; /* empty: none */
	const char *agent;                         /* User-Agent */
};

/*
 * Check a request without building it: unknown or missing parameters, values that the service would
 * refuse, header names and values. This runs when the command line is read, so that a mistake ends
 * the program with exit status 64 before anything is sent. r->url may be NULL, and r->subject may
 * be empty.
 * Returns STS_OK or STS_EUSAGE, with the nearest known name where there is one. No message holds a
 * value.
 */
enum sts_err sts_request_check(const struct sts_request *r, struct sts_error *e);

/*
 * Fill in r->url_template with the parameters and their defaults. sts_request_check() has checked
 * the values, and no byte of them must be encoded. Slashes of a value that stand beside a slash of
 * the template are dropped. If a value begins with the path segment that stands before it, that
 * segment is there once: "auth/jwt" is "jwt" after "/v1/auth/".
 *   url  in/out  set up by sts_text_init()
 */
void sts_request_url(const struct sts_request *r, struct sts_text *url);

/* Is this the name of a secret? The value of a secret must come from a file, and not from --param
 * or --header. The names are client_secret, password, client_assertion, actor_token, assertion,
 * subject_token and authorization, whatever their case is, and with or without - and _. */
bool sts_request_name_is_secret(struct sts_slice name);

/*
 * Build the head and the body of a request (RFC 9112).
 *   masked      in      write "***" for the subject token and every secret (--dry-run)
 *   head, body  in/out  set up by sts_text_init(); body stays empty for STS_BODY_NONE; unless
 *                       masked, they hold secrets, which the caller wipes
 * Returns STS_OK or
 *   STS_EUSAGE           as sts_request_check(), or the subject token is empty
 *   STS_ETOOBIG          head or body is too small, or the query is longer than
 *                        STS_REQUEST_QUERY_MAX_BYTES
 *   STS_ESUBJECT_TOOBIG  the subject token is longer than the service accepts
 */
enum sts_err sts_request_build(const struct sts_request *r, bool masked, struct sts_text *head,
			       struct sts_text *body, struct sts_error *e);

/* ---- shared by request.c, request_check.c, and the code that fills in r->params ---- */

/* The next field of r->params with this name, or NULL. *at starts at 0. */
const struct sts_field *sts_request_next(const struct sts_request *r, struct sts_slice name,
					 size_t *at);
/* The first value of a parameter of the protocol: what the user gave, else the default; empty
 * without either. */
struct sts_slice sts_request_value(const struct sts_request *r, const struct sts_parameter *p);
/* How many fields of r->params have this name. */
size_t sts_request_count(const struct sts_request *r, struct sts_slice name);

/*
 * Where does a parameter of the protocol go?
 *   field  out  its name at that place; NULL when own_subject puts the subject token into
 *               STS_PLACE_BEARER
 */
enum sts_place sts_request_place(const struct sts_request *r, const struct sts_parameter *p,
				 const char **field);

/* Where does a field go that the protocol does not name? Into the body, or into the query when the
 * request has no body. */
enum sts_place sts_request_free_place(const struct sts_request *r);

/* Take the first reference token off a JSON pointer (RFC 6901): "a" of "/a/b". Returns an empty
 * slice at the pointer's end. Escapes are not decoded. */
struct sts_slice sts_request_reference_token(struct sts_slice *pointer);

#endif
