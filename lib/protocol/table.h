/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocols as data, made of protocols.toml (`sts-sidecar protocols NAME` prints one): how the
 * request is made and how the answer is read. The one builder (request.h) and the one reader
 * (answer.h) know no protocol by name. Adding an STS is adding a paragraph of that file, a folder
 * of test data, and an answer of the mock STS.
 *
 * Texts are kept in one array, in which one may be the end of another; a protocol and its
 * parameters have offsets into it and small numbers, and no pointers.
 */
#ifndef STS_PROTOCOL_TABLE_H
#define STS_PROTOCOL_TABLE_H

#include "base/error.h"
#include "base/text.h"
#include "token/expiry.h"

enum sts_body { STS_BODY_NONE, STS_BODY_FORM, STS_BODY_JSON };

/* Where a value goes in the request. */
enum sts_place {
	STS_PLACE_BEARER,  /* Authorization: Bearer VALUE */
	STS_PLACE_HEADER,  /* a header of the field's name */
	STS_PLACE_BODY,    /* a form or JSON field of the field's name */
	STS_PLACE_QUERY,   /* a query parameter of the field's name */
	STS_PLACE_URL,     /* fills {NAME} in the protocol's URL, before there is a request */
	STS_PLACE_POINTER, /* in a JSON body, where the field's name, a JSON pointer, leads */
};

/* Where a value comes from. */
enum sts_source {
	STS_SOURCE_USER,    /* --param and the like; else STS_PARAMETER_VALUE, its default */
	STS_SOURCE_FIXED,   /* always STS_PARAMETER_VALUE */
	STS_SOURCE_SUBJECT, /* the subject token */
};

/* How a value goes over the wire. A name given several times repeats in a form or query, and is an
 * array in JSON, but for what is said here. */
enum sts_kind {
	STS_KIND_TEXT,
	STS_KIND_NUMBER,   /* digits; bare in JSON */
	STS_KIND_LITERAL,  /* bare in JSON: true */
	STS_KIND_WORDS,    /* given several times: joined by spaces, in a form and in JSON */
	STS_KIND_LIST,     /* the same, but always an array in JSON, of the words */
	STS_KIND_SECONDS,  /* digits and an s */
	STS_KIND_NUMBERED, /* # in the field's name becomes 1, 2, 3 */
};

/* Flags of a parameter. */
#define STS_PARAMETER_REPEATS       1
#define STS_PARAMETER_WITH_PREVIOUS 2 /* only where the parameter before it in the table is given */

enum sts_parameter_text {
	STS_PARAMETER_NAME,  /* as the user says it */
	STS_PARAMETER_FIELD, /* as it goes over the wire; "": the same */
	STS_PARAMETER_VALUE, /* default or fixed value; "": none */
	STS_PARAMETER_ENV,   /* variable that a platform's webhook injects; "": none */
	STS_PARAMETER_SHAPE, /* what a value looks like: one * stands for anything; "": no matter */
	STS_PARAMETER_CHARSET, /* what is allowed besides letters and digits; "": any printable */
	STS_PARAMETER_HELP,
	STS_PARAMETER__TEXTS
};

/* One field of a request. */
struct sts_parameter {
	uint8_t source, place, kind, flags;
	uint16_t min, max; /* a number's range, else bytes of one value; max 0: no bound */
	uint16_t texts[STS_PARAMETER__TEXTS]; /* for sts_parameter_text() */
};

/* What can be written; a protocol has the bits of its default of --write. */
enum sts_write {
	STS_WRITE_TOKEN = 1,            /* token.jwt */
	STS_WRITE_EXPIRES = 2,          /* expires */
	STS_WRITE_THUMBPRINT = 4,       /* thumbprint, where the answer has one */
	STS_WRITE_JSON = 8,             /* token.json */
	STS_WRITE_AWS_CREDENTIALS = 16, /* aws-credentials; only where the answer has them */
	STS_WRITE_AWS_PROCESS = 32,     /* aws-process.json; the same */
	STS_WRITE_GCP_EXECUTABLE = 64,  /* gcp-executable.json */
};

/* Flags of a protocol. */
#define STS_PROTOCOL_ANY_PARAMETER 1  /* --param with names that are not in its list is allowed */
#define STS_PROTOCOL_CLIENT_AUTH   2  /* --client-id and what goes with it make sense */
#define STS_PROTOCOL_SINGLE_USE    4  /* a subject token is taken once */
#define STS_PROTOCOL_POLL          8  /* a thumbprint of the signing certificate is there */
#define STS_PROTOCOL_XML           16 /* look-alikes answer XML, read as the JSON it means */
#define STS_PROTOCOL_OPEN          32 /* --method and --subject-in make sense */
#define STS_PROTOCOL_FINAL         64 /* some take a subject token once: no retry after 401 */

#define STS_PROTOCOL_PARAMETERS_MAX 12
#define STS_PROTOCOL_TTL_S          300 /* a token's life when nothing tells it */

enum sts_protocol_text {
	STS_PROTOCOL_NAME,
	STS_PROTOCOL_SUMMARY,
	STS_PROTOCOL_METHOD,
	STS_PROTOCOL_URL,        /* with {NAME} for parameters; "": --url is required */
	STS_PROTOCOL_TOKEN_FILE, /* variable with the subject token's path; "": none */
	/* JSON pointers into the answer, all but the first from where the first leads */
	STS_PROTOCOL_BASE,
	STS_PROTOCOL_TOKEN,
	STS_PROTOCOL_EXPIRY,     /* "": none */
	STS_PROTOCOL_THUMBPRINT, /* "": none */
	/* AWS credentials, of which the token is the session token; "": none */
	STS_PROTOCOL_KEY_ID,
	STS_PROTOCOL_SECRET,
	STS_PROTOCOL__TEXTS
};

struct sts_protocol {
	uint8_t body;        /* enum sts_body; NONE: never one; else --body may choose the other */
	uint8_t flags;       /* STS_PROTOCOL_* */
	uint8_t expiry_kind; /* enum sts_expiry_kind */
	uint8_t write;       /* enum sts_write bits */
	uint16_t default_ttl_s;                              /* 0: STS_PROTOCOL_TTL_S */
	uint16_t texts[STS_PROTOCOL__TEXTS];                 /* for sts_protocol_text() */
	uint8_t parameters[STS_PROTOCOL_PARAMETERS_MAX + 1]; /* for sts_protocol_parameter_at() */
};

/* All protocols, in the order in which they are listed. */
extern const struct sts_protocol sts_protocols[];
extern const size_t sts_protocol_count;

/* A text of one of sts_protocols; never NULL. */
const char *sts_protocol_text(const struct sts_protocol *protocol, enum sts_protocol_text which);

/* The protocol of a name (exact), or NULL. */
const struct sts_protocol *sts_protocol_find(struct sts_slice name);

/* The nearest name of a protocol, for "did you mean", or NULL. */
const char *sts_protocol_nearest(struct sts_slice name);

/* A protocol's parameters in the order in which they go out, i from 0; NULL past the last. */
const struct sts_parameter *sts_protocol_parameter_at(const struct sts_protocol *protocol,
						      size_t i);

/* Must the protocol's i-th parameter have a value? */
bool sts_protocol_requires(const struct sts_protocol *protocol, size_t i);

/* A protocol's parameter by its name or field's name, or NULL. Case, - and _ are not minded:
 * RoleArn, role-arn and role_arn are one. */
const struct sts_parameter *sts_protocol_parameter(const struct sts_protocol *protocol,
						   struct sts_slice name);

/* A text of a parameter that one of these functions gave; never NULL. */
const char *sts_parameter_text(const struct sts_parameter *p, enum sts_parameter_text which);

/* Is it the same name, but for case, - and _? */
bool sts_name_is(struct sts_slice a, const char *z);

/* Where errors stand, as JSON pointers, for all protocols: texts one after the other, the last is
 * empty. The first that leads to a string counts. */
extern const char sts_error_pointers[], sts_message_pointers[];

/*
 * What an error code of a peer means, whatever its HTTP status.
 *   otherwise  in   what the status says
 *   known      out  is it a code of the field, which may be shown and stored? Or NULL
 */
enum sts_err sts_protocol_code(struct sts_slice code, enum sts_err otherwise, bool *known);

#endif
