/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocols as data: how a request is made, and how its answer is read. The table is made of
 * protocols.toml, which explains every field; `sts-sidecar protocols NAME` prints a protocol. The
 * only builder of requests (request.h) and the only reader of answers (answer.h) do not know any
 * protocol by its name. To add an STS, add a paragraph to protocols.toml, a folder of test data,
 * and an answer of the mock STS.
 *
 * All texts are in one array, in which a text may be the end of another text. A protocol and its
 * parameters hold offsets into that array and small numbers, but no pointers.
 */
#ifndef STS_PROTOCOL_TABLE_H
#define STS_PROTOCOL_TABLE_H

#include "base/error.h"
#include "base/text.h"
#include "token/expiry.h"

/* The body of a request. */
enum sts_body { STS_BODY_NONE, STS_BODY_FORM, STS_BODY_JSON };

/* Where a value goes in the request. */
enum sts_place {
	STS_PLACE_BEARER,  /* Authorization: Bearer VALUE */
	STS_PLACE_HEADER,  /* a header of the field's name */
	STS_PLACE_BODY,    /* a form or JSON field of the field's name */
	STS_PLACE_QUERY,   /* a query parameter of the field's name */
	STS_PLACE_URL,     /* fills in {NAME} in the protocol's URL */
	STS_PLACE_POINTER, /* in a JSON body; the field's name is a JSON pointer to the place */
};

/* Where a value comes from. */
enum sts_source {
	STS_SOURCE_USER,    /* --param and other options; else the default, STS_PARAMETER_VALUE */
	STS_SOURCE_FIXED,   /* always STS_PARAMETER_VALUE */
	STS_SOURCE_SUBJECT, /* the subject token */
};

/* How a value is sent. Unless the kind says otherwise, a parameter that is given several times is
 * repeated in a form or query, and becomes an array in JSON. */
enum sts_kind {
	STS_KIND_TEXT,
	STS_KIND_NUMBER,   /* digits; without quotes in JSON */
	STS_KIND_LITERAL,  /* a JSON value as it stands, such as true; without quotes in JSON */
	STS_KIND_WORDS,    /* several values are joined by spaces, in a form and in JSON */
	STS_KIND_LIST,     /* joined by spaces in a form; in JSON always an array of the words */
	STS_KIND_SECONDS,  /* digits and an s */
	STS_KIND_NUMBERED, /* # in the field's name becomes the value's number: 1, 2, 3 */
	STS_KIND_HOST,     /* in a URL: an IPv6 address gets brackets */
};

/* Flags of a parameter. */
#define STS_PARAMETER_REPEATS       1
#define STS_PARAMETER_WITH_PREVIOUS 2 /* sent only where the parameter before it is given */
#define STS_PARAMETER_WITHOUT_URL   4 /* if it is required, then only where no URL is given */

/* The texts of a parameter. */
enum sts_parameter_text {
	STS_PARAMETER_NAME,  /* in --param */
	STS_PARAMETER_FIELD, /* in the request; "": the same as the name */
	STS_PARAMETER_VALUE, /* default or fixed value; "": none */
	/* where the value comes from if the user does not give one: environment variables that a
	 * platform sets (the first that is set counts), or a JSON pointer into the claims of the
	 * subject token; "": none */
	STS_PARAMETER_ENV,
	STS_PARAMETER_SHAPE,   /* of a value: one * stands for one byte or more; "": any */
	STS_PARAMETER_CHARSET, /* what a value may have besides letters and digits; "": any */
	STS_PARAMETER_HELP,
	STS_PARAMETER__TEXTS
};

/* One field of a request. */
struct sts_parameter {
	uint8_t source, place, kind, flags;
	uint16_t min, max; /* range of a number, else of the bytes of one value; max 0: no bound */
	uint16_t texts[STS_PARAMETER__TEXTS]; /* for sts_parameter_text() */
};

/* Bits for the files that can be written. A protocol has those of its default of --write. */
enum sts_write {
	STS_WRITE_TOKEN = 1,            /* token.jwt */
	STS_WRITE_EXPIRES = 2,          /* expires */
	STS_WRITE_THUMBPRINT = 4,       /* thumbprint, where the answer has one */
	STS_WRITE_JSON = 8,             /* token.json */
	STS_WRITE_AWS_CREDENTIALS = 16, /* aws-credentials, where the answer has AWS credentials */
	STS_WRITE_AWS_PROCESS = 32,     /* aws-process.json, where the answer has them */
	STS_WRITE_GCP_EXECUTABLE = 64,  /* gcp-executable.json */
};

/* How often a service accepts one subject token. */
enum sts_subject_use {
	STS_USE_AGAIN,   /* any number of times */
	STS_USE_ONCE,    /* once: it is never sent twice */
	STS_USE_UNKNOWN, /* once, if a refusal says so: sts_used_phrases and the codes */
};

/* Flags of a protocol. */
#define STS_PROTOCOL_ANY_PARAMETER 1  /* --param may have names that are not in the table */
#define STS_PROTOCOL_CLIENT_AUTH   2  /* --client-id and the options that go with it are allowed */
#define STS_PROTOCOL_POLL          4  /* the thumbprint of the signing certificate is polled */
#define STS_PROTOCOL_XML           8  /* the answer may be XML, which is converted to JSON */
#define STS_PROTOCOL_OPEN          16 /* --method and --subject-in are allowed */
#define STS_PROTOCOL_FINAL         32 /* some servers accept a subject token once: a 401 is final */
#define STS_PROTOCOL_DIRECT        64 /* the variables of a proxy do not count */

#define STS_PROTOCOL_PARAMETERS_MAX 13
#define STS_KNOWN_CODE_MAX_BYTES    32  /* of an error code of protocols.toml, with the NUL */
#define STS_PROTOCOL_TTL_S          300 /* lifetime of a token where nothing states it */

/* The texts of a protocol. */
enum sts_protocol_text {
	STS_PROTOCOL_NAME,
	STS_PROTOCOL_SUMMARY,
	STS_PROTOCOL_METHOD,
	STS_PROTOCOL_URL, /* with {NAME} for parameters; "": --url is required */
	/* the subject token's path, or the environment variable that has it; "": none */
	STS_PROTOCOL_TOKEN_FILE,
	/* JSON pointers into the answer. BASE starts at the root of the document, and the pointers
	 * after it start where BASE leads. */
	STS_PROTOCOL_BASE,
	STS_PROTOCOL_TOKEN,
	STS_PROTOCOL_EXPIRY,     /* "": none */
	STS_PROTOCOL_THUMBPRINT, /* "": none */
	/* AWS credentials, of which the token is the session token; "": none */
	STS_PROTOCOL_KEY_ID,
	STS_PROTOCOL_SECRET,
	/* the path of the only CA file that is trusted without --cacert-path, or the environment
	 * variables that have one; "": none */
	STS_PROTOCOL_CA,
	/* A parameter of the URL, and words of refusals, with | between them. An answer with these
	 * words does not tell a wrong value of the parameter from any other refusal. "": none */
	STS_PROTOCOL_DOUBT,
	/* Environment variables, with one space between two. If the first of them is "true", the
	 * others do not count, and each of the others has the whole URL. "": none */
	STS_PROTOCOL_URL_FROM,
	/* Environment variables that say where a token goes in a way that this program does not
	 * follow, with one space between two. If one is set, the request is refused. "": none */
	STS_PROTOCOL_REFUSED,
	/* The host names of a cloud, with | between the parts: the service; the parameter with the
	 * region; the region that is always the global endpoint, and those that the legacy mode
	 * makes so; the parts of names that no other region has; the variables of FIPS, of
	 * dual-stack and of the mode; then the partitions, each with what its regions begin with,
	 * its domain, that of its dual-stack hosts ("-": none), and "=" where FIPS changes no name.
	 * "": none */
	STS_PROTOCOL_PARTITIONS,
	STS_PROTOCOL__TEXTS
};

struct sts_protocol {
	uint8_t body;        /* enum sts_body; where it is not NONE, --body may choose the other */
	uint8_t flags;       /* STS_PROTOCOL_* */
	uint8_t expiry_kind; /* enum sts_expiry_kind */
	uint8_t write;       /* enum sts_write bits */
	uint8_t use;         /* enum sts_subject_use */
	uint8_t revoke;      /* for sts_protocol_revocation() */
	uint16_t default_ttl_s;                              /* 0: STS_PROTOCOL_TTL_S */
	uint16_t texts[STS_PROTOCOL__TEXTS];                 /* for sts_protocol_text() */
	uint8_t parameters[STS_PROTOCOL_PARAMETERS_MAX + 1]; /* for sts_protocol_parameter_at() */
};

/* All protocols, in the order in which they are listed. Behind them stand the requests that revoke
 * tokens. */
extern const struct sts_protocol sts_protocols[];
extern const size_t sts_protocol_count;

/* A text of one of sts_protocols; never NULL. STS_PROTOCOL_SUMMARY is valid until the next call,
 * and the other texts have static storage. */
const char *sts_protocol_text(const struct sts_protocol *protocol, enum sts_protocol_text which);
struct sts_slice sts_protocol_slice(const struct sts_protocol *p, enum sts_protocol_text which);

/* The request that revokes a token of this protocol. Its URL is a path, "" if --revoke-url is
 * required. Where it has a parameter `token`, that is the token to revoke, and the subject token
 * authenticates the client; elsewhere the token to revoke is in the place of the subject token. */
const struct sts_protocol *sts_protocol_revocation(const struct sts_protocol *protocol);

/* The protocol with exactly this name, or NULL. */
const struct sts_protocol *sts_protocol_find(struct sts_slice name);

/* The name of a protocol that is most like this one, for "did you mean"; or else of the first
 * protocol whose summary names a server of this name; or NULL. */
const char *sts_protocol_nearest(struct sts_slice name);

/* The i-th parameter of a protocol, in the order in which they are sent; i starts at 0. NULL past
 * the last. */
const struct sts_parameter *sts_protocol_parameter_at(const struct sts_protocol *protocol,
						      size_t i);

/* Is the protocol's i-th parameter required? */
bool sts_protocol_requires(const struct sts_protocol *protocol, size_t i);

/* The parameter of a protocol with this name or field name, or NULL. Case, - and _ do not count:
 * RoleArn, role-arn and role_arn are the same name. */
const struct sts_parameter *sts_protocol_parameter(const struct sts_protocol *protocol,
						   struct sts_slice name);

/* A text of a parameter that one of these functions returned; never NULL. STS_PARAMETER_HELP is
 * valid until the next call, and the other texts have static storage. */
const char *sts_parameter_text(const struct sts_parameter *p, enum sts_parameter_text which);
struct sts_slice sts_parameter_slice(const struct sts_parameter *p, enum sts_parameter_text which);

/* Are the names the same, apart from the case of letters, - and _? */
bool sts_name_is(struct sts_slice a, const char *z);

/* JSON pointers to the error code and to the error message, for all protocols. The texts stand one
 * after the other, and an empty text ends them. The first pointer that leads to a string counts. */
extern const char sts_error_pointers[], sts_message_pointers[];

/* What refusals say of a subject token that was sent before, in the same form. */
extern const char sts_used_phrases[];

/* What refusals say where the keys of the subject token's issuer could not be fetched, in the same
 * form. */
extern const char sts_unfetched_phrases[];

/*
 * What the error code of an answer means.
 *   code       in   UNTRUSTED
 *   otherwise  in   what the answer's HTTP status means; returned where the code does not say more
 *   known      out  is it a code of protocols.toml, which may be shown and stored? May be NULL
 * Returns STS_EBUSY, STS_EUNAUTHORIZED, STS_ESUBJECT_USED, STS_EREFUSED or `otherwise`.
 */
enum sts_err sts_protocol_code(struct sts_slice code, enum sts_err otherwise, bool *known);

#endif
