/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocols as data: one row per STS protocol (docs: `sts-sidecar protocols NAME`). A row says
 * how the request is made and how the answer is read; the one builder (request.h) and the one
 * reader (answer.h) know no row by name. Adding an STS is adding a row here, a line of
 * documentation and a folder of test data.
 */
#ifndef STS_PROTOCOL_H
#define STS_PROTOCOL_H

#include "error.h"
#include "text.h"

enum sts_body { STS_BODY_NONE, STS_BODY_FORM, STS_BODY_JSON };

/* Where a value goes in the request. */
enum sts_place {
	STS_PLACE_BEARER, /* Authorization: Bearer VALUE */
	STS_PLACE_HEADER, /* a header of the field's name */
	STS_PLACE_BODY,   /* a form or JSON field of the field's name */
	STS_PLACE_QUERY,  /* a query parameter of the field's name */
	STS_PLACE_URL,    /* fills {NAME} in url_template, before there is a request */
};

/* How a parameter's text goes over the wire. A name given several times (`repeats`) repeats in a
 * form or query, and is an array in JSON. */
enum sts_param_kind {
	STS_PARAM_STRING,
	STS_PARAM_NUMBER, /* digits; bare in JSON */
	STS_PARAM_WORDS,  /* given several times: joined by spaces, in a form and in JSON */
	STS_PARAM_LIST,   /* the same, but always an array in JSON, of the words */
};

/* A named parameter that the user may, or must, give. Arrays end with name == NULL. */
struct sts_param {
	const char *name;  /* as the user says it (--audience, --param NAME=...): "audience" */
	const char *field; /* as it goes over the wire; NULL: the same as name */
	enum sts_place place;
	enum sts_param_kind kind;
	bool required, repeats;
	const char *with;     /* goes only where this parameter is given, or NULL */
	const char *fallback; /* default value, or NULL */
	const char *env;      /* an environment name that a platform's webhook injects, or NULL */
	uint32_t min_bytes, max_bytes; /* of one value; 0: no bound of its own */
	const char *charset; /* bytes allowed besides letters and digits; NULL: any printable */
	const char *help;
};

/* A field that every request of the row carries. Arrays end with name == NULL. */
struct sts_fixed {
	const char *name, *value;
	enum sts_place place; /* HEADER, BODY or QUERY */
};

enum sts_expiry_kind {
	STS_EXPIRY_ABSOLUTE, /* RFC 3339 text, or seconds since the epoch (also in a string) */
	STS_EXPIRY_LIFETIME, /* seconds from when the request was sent (also in a string) */
};

/* Where an expiry stands in the answer. Arrays end with pointer == NULL. */
struct sts_expiry_field {
	const char *pointer;
	enum sts_expiry_kind kind;
};

/* A row's own error code and what it means there; outranks the HTTP status. Ends with NULL. */
struct sts_error_code {
	const char *code;
	enum sts_err err;
};

/* What can be written; a row has the bits of its default of --write. */
enum sts_write {
	STS_WRITE_TOKEN = 1,            /* token.jwt */
	STS_WRITE_EXPIRES = 2,          /* expires */
	STS_WRITE_THUMBPRINT = 4,       /* thumbprint, where the answer has one */
	STS_WRITE_JSON = 8,             /* token.json */
	STS_WRITE_AWS_CREDENTIALS = 16, /* aws-credentials; only where the answer has them */
	STS_WRITE_AWS_PROCESS = 32,     /* aws-process.json; the same */
	STS_WRITE_GCP_EXECUTABLE = 64,  /* gcp-executable.json */
};

struct sts_protocol {
	const char *name, *summary, *reference;
	const char *url_template; /* NULL: --url is required */
	const char *method;
	enum sts_body body; /* STS_BODY_NONE: never one; else --body may choose the other */
	enum sts_place subject_place;
	const char *subject_field;      /* name where subject_place is not BEARER */
	const struct sts_fixed *fixed;  /* or NULL */
	const struct sts_param *params; /* or NULL */
	bool any_param;                 /* --param with names that are not in params is allowed */
	bool client_auth; /* --client-id, --client-secret-file, --client-auth make sense */
	/* the answer */
	const char *token_pointer;
	const struct sts_expiry_field *expiry; /* or NULL */
	const char *thumbprint_pointer;        /* or NULL */
	const char *const *error_pointers;     /* code; ends with NULL; the first string counts */
	const char *const *message_pointers;   /* text; the same */
	const struct sts_error_code *codes;    /* or NULL */
	uint32_t default_ttl_s;                /* 0: the program's, STS_PROTOCOL_TTL_S */
	unsigned write;                        /* sts_write bits */
	bool subject_single_use;
	bool sig_cert_poll; /* a thumbprint of the signing certificate is served beside it */
};

#define STS_PROTOCOL_TTL_S 300

/* All rows, in the order in which they are listed. */
extern const struct sts_protocol sts_protocols[];
extern const size_t sts_protocol_count;

/* The row of a name (exact), or NULL. */
const struct sts_protocol *sts_protocol_find(struct sts_slice name);

/* The nearest name of a row, for "did you mean", or NULL. */
const char *sts_protocol_nearest(struct sts_slice name);

/* A row's parameter of a name (exact), or NULL. */
const struct sts_param *sts_protocol_param(const struct sts_protocol *row, struct sts_slice name);

#endif
