/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the fields of a request from the options: the URL, the proxy, the protocol, the parameters,
 * the headers, and the values that come from files. Secrets come from files only, and never from an
 * argument.
 */
#ifndef STS_OPTIONS_FIELDS_H
#define STS_OPTIONS_FIELDS_H

#include "options/options.h"
#include "options/platform.h"
#include "protocol/request.h"
#include "proxy/proxy.h"

#define STS_FIELDS_MAX         (STS_OPTIONS_LIST_MAX + STS_PROTOCOL_PARAMETERS_MAX + 4)
#define STS_FIELDS_FILES_BYTES (128 * 1024)

struct sts_fields {
	unsigned write;             /* bits of the files to write, from --write or the protocol */
	unsigned format;            /* the bit of the file that --stdout prints */
	const char *expiry_pointer; /* from --expiry-field; NULL: the pointer of the protocol */
	enum sts_expiry_kind expiry_kind;
	enum sts_subject_use subject_use; /* from --subject-use or the protocol */
	/* from --token-file, from the protocol or its environment variable, or the default */
	const char *token_file;
	/* the URL from a variable of the protocol; NULL: none */
	const char *url_from;
	const char *ca; /* the CA file of the protocol; NULL: none, or --cacert-path is given */
	struct sts_request request;                /* complete except for the subject token */
	char url_variable[STS_VARIABLE_MAX_BYTES]; /* the name of that variable */
	/* --token-field as a JSON pointer (RFC 6901); "": the pointer of the protocol */
	char pointer[128];
	struct sts_url url;
	struct sts_proxy proxy;
	/* The last members: those behind the counts of `request` are not set, so that their pages
	 * need not be touched. */
	struct sts_field params[STS_FIELDS_MAX], headers[STS_OPTIONS_LIST_MAX];
};

/* Memory for the values that are read from files. Only the worker and `fetch --dry-run` have it. */
struct sts_fields_files {
	size_t used;
	char data[STS_FIELDS_FILES_BYTES];
};

/*
 * Fill in the fields, and check them.
 *   o       in      kept: the fields point into it and into the environment
 *   fields  out     complete only after STS_OK; must not be copied, since it points into itself
 *   files   in/out  kept. NULL for a check without reading files: each value from a file is then a
 *                   placeholder
 * Returns STS_OK, STS_EUSAGE or STS_EURL, or STS_EINPUT if a file of --param-file or a similar
 * option cannot be read or is empty.
 */
enum sts_err sts_fields_make(const struct sts_options *o, struct sts_fields *fields,
			     struct sts_fields_files *files, struct sts_error *e);

/*
 * Fill in the parameters that are claims of the subject token, and make the URL with them. Without
 * this call they have a placeholder. Does nothing if there are none.
 *   fields, files  in/out  of sts_fields_make()
 *   subject        in      the subject token
 *   scratch, size  in      memory for the claims: as much as the subject token has, or more
 * Returns STS_OK, or what sts_fields_make() returns: STS_EUSAGE also if the token is not a JWT or
 * does not have a claim that the protocol needs.
 */
enum sts_err sts_fields_claims(const struct sts_options *o, struct sts_fields *fields,
			       struct sts_fields_files *files, struct sts_slice subject,
			       char *scratch, size_t size, struct sts_error *e);

/* Does a parameter still have the placeholder for a claim of the subject token? */
bool sts_fields_want_claims(const struct sts_fields *fields);

/*
 * Turn the fields into those of the request that revokes a token.
 *   fields  in/out  of sts_fields_make()
 *   token   in      the token to revoke; kept. request.subject is this token if the subject token
 *                   is not needed, else it is empty, and the caller reads the subject token
 * Returns STS_OK, or STS_EUSAGE or STS_EURL as sts_fields_make() does; STS_EUSAGE also if nothing
 * says where the token is revoked.
 */
enum sts_err sts_fields_revoke(const struct sts_options *o, struct sts_fields *fields,
			       struct sts_slice token, struct sts_error *e);

/*
 * Make the fields of a GET that needs no token: only URL, proxy and agent are set.
 *   url  in  UNTRUSTED; https, or http to loopback with --insecure-http
 * Returns STS_OK, STS_EURL or STS_EUSAGE.
 */
enum sts_err sts_fields_get(const struct sts_options *o, struct sts_fields *fields,
			    struct sts_slice url, struct sts_error *e);

/* Can a token of this exchange be revoked? It must be in token.jwt, and a URL must be known. */
bool sts_fields_can_revoke(const struct sts_options *o, const struct sts_fields *fields);

/*
 * Get the next path of a CA file or directory of an exchange: those of --cacert-path, or that of
 * the protocol.
 *   at  in/out  0 before the first call
 * Returns false after the last.
 */
bool sts_fields_next_ca(const struct sts_options *o, const struct sts_fields *fields, size_t *at,
			struct sts_slice *path);

#endif
