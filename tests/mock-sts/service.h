/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token service as data: what its request must have, its errors, and functions for what a table
 * cannot say. service.c checks a request against the table, verifies the subject token, and
 * answers.
 */
#ifndef MOCK_SERVICE_H
#define MOCK_SERVICE_H

#include "config.h"
#include "issue.h"

/* The reasons for which a request can be refused. */
enum mock_wrong {
	MOCK_RIGHT,
	MOCK_WRONG_METHOD,
	MOCK_WRONG_BODY, /* unreadable, or of a type that is not taken */
	MOCK_WRONG_GRANT,
	MOCK_WRONG_FIELD, /* missing, twice, malformed, unknown */
	MOCK_WRONG_CLIENT,
	MOCK_WRONG_TOKEN,
	MOCK_WRONG_EXPIRED,
	MOCK_WRONG_REPLAY,
	MOCK_WRONG_DENIED, /* good, but not allowed */
	MOCK_WRONG_ROLE,   /* not among --role */
	MOCK_WRONG_TARGET,
	MOCK_WRONG_SCOPE,
	MOCK_WRONG__COUNT
};

/* How one of them is told. A status of 0 means: as MOCK_WRONG_FIELD. */
struct mock_refusal {
	int status;
	const char *code;
	/* The message. NULL: what is wrong; ending in a colon: what is wrong follows. */
	const char *text;
};

enum {
	MOCK_FIELD_MUST = 1,     /* be there */
	MOCK_FIELD_NOT = 2,      /* be there: must not */
	MOCK_FIELD_REPEATS = 4,  /* may be there more than once; in JSON it is then an array */
	MOCK_FIELD_LIST = 8,     /* is an array */
	MOCK_FIELD_LITERAL = 16, /* is not a string in JSON */
	MOCK_FIELD_HEADER = 32,
	MOCK_FIELD_SUBJECT = 64, /* is the subject token */
	MOCK_FIELD_ROLE = 128    /* is one of --role */
};

struct mock_field {
	const char *name; /* of a member of an inner object: outer/inner; # stands for a number */
	const char
		*pattern; /* of its value: a * for any text first, last, or both; NULL: not empty */
	unsigned flags;
	enum mock_wrong wrong; /* where the value is another; MOCK_RIGHT: MOCK_WRONG_FIELD */
};

enum { MOCK_FORM = 1, MOCK_JSON = 2, MOCK_QUERY = 4 };

struct mock_service {
	const char *method;
	unsigned bodies;                 /* places in which the fields may be */
	bool closed;                     /* a field that is not in the table is wrong */
	const struct mock_field *fields; /* up to one without a name */
	const struct mock_refusal *refusals;
	void (*refuse)(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message);
	/* Verify ctx->token; NULL: as a JWT. */
	enum mock_wrong (*verify)(struct mock_ctx *ctx, struct mock_subject *subject);
	/* What else may be wrong, once the subject is verified; NULL: nothing. */
	enum mock_wrong (*check)(struct mock_ctx *ctx, const struct mock_subject *subject);
	void (*answer)(struct mock_ctx *ctx, const struct mock_subject *subject);
};

/* wrong  in  of the body, from mock_form_read(); NULL: nothing */
void mock_service_run(struct mock_ctx *ctx, const struct mock_service *service, const char *wrong);
/* Say what is wrong: it becomes the message of the refusal. */
enum mock_wrong mock_service_wrong(struct mock_ctx *ctx, enum mock_wrong wrong, const char *detail);
/* Is it among --role, or is there none? */
bool mock_service_role_ok(const struct mock_ctx *ctx, struct sts_slice name);
bool mock_service_fits(struct sts_slice value, const char *pattern);

/* refuse.c: error bodies of several services */
void mock_refuse_oauth(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message);
void mock_refuse_entra(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message);
void mock_refuse_anthropic(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			   const char *message);
void mock_refuse_aws(struct mock_ctx *ctx, const struct mock_refusal *refusal, const char *message);
void mock_refuse_google(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			const char *message);
void mock_refuse_vault(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		       const char *message);
void mock_refuse_kubernetes(struct mock_ctx *ctx, const struct mock_refusal *refusal,
			    const char *message);
void mock_refuse_grpc(struct mock_ctx *ctx, const struct mock_refusal *refusal,
		      const char *message);
/* Start an answer of AWS: JSON if Accept asks for it, else XML. */
void mock_aws_open(struct mock_ctx *ctx, struct mock_json *j, int status);
/* Write a member with a random UUID. */
void mock_json_uuid(struct mock_json *j, const char *name);

/* service_oauth.c */
extern const struct mock_service mock_jwt_bearer, mock_client_assertion, mock_openai;
extern const struct mock_service mock_anthropic, mock_entra;
/* service_aws.c */
extern const struct mock_service mock_aws;
/* service_google.c */
extern const struct mock_service mock_gcp, mock_gcp_snake, mock_gcp_impersonate, mock_gcp_id_token;
/* service_other.c */
extern const struct mock_service mock_vault, mock_octo_sts, mock_custom_bearer, mock_custom_header;
extern const struct mock_service mock_token_request, mock_custom_query, mock_custom_field,
	mock_custom_pointer;

#endif
