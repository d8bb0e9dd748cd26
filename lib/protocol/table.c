/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol/table.h"

#include <string.h>

#include "base/nearest.h"

#define OAUTH      "urn:ietf:params:oauth:"
#define TOKEN_TYPE OAUTH "token-type:"
#define CLOUD      "https://www.googleapis.com/auth/cloud-platform"

#define REQUIRED 0x80 /* in a protocol's list of parameters */
#define MUST     REQUIRED |

/* ---- parameters ---- */

/* Numbers from 1: 0 ends a protocol's list. */
#define PARAM(symbol, ...) P_##symbol,
enum {
	P__NONE,
#include "protocol/protocol_rows.h"
	P__END
};
#undef PARAM
_Static_assert(P__END <= REQUIRED, "a parameter's number leaves a bit for MUST");

#define ENTRY(source, place, kind, flags, min, max, ...) \
	{STS_SOURCE_##source, STS_PLACE_##place, STS_KIND_##kind, flags, min, max},
#define PARAM(symbol, ...) ENTRY(__VA_ARGS__)
static const struct sts_parameter params[] = {
#include "protocol/protocol_rows.h"
};
#undef PARAM
#undef ENTRY

#define TEXTS(source, place, kind, flags, min, max, name, field, value, variable, shape, charset, \
	      help) \
	name "\0" field "\0" value "\0" variable "\0" shape "\0" charset "\0" help "\0"
#define PARAM(symbol, ...) TEXTS(__VA_ARGS__)
static const char parameter_texts[] =
#include "protocol/protocol_rows.h"
	;
#undef PARAM
#undef TEXTS

/* ---- protocols ---- */

#define ROW(body, flags, expiry, ttl, write, name, summary, method, url, variable, ...) \
	LIST(body, flags, expiry, ttl, write, __VA_ARGS__)
#define LIST(body, flags, expiry, ttl, write, ...) \
	NUMBERS(body, flags, expiry, ttl, write, __VA_ARGS__)
#define NUMBERS(body, flags, expiry, ttl, write, base, token, expires, thumbprint, key, secret, \
		...) \
	{STS_BODY_##body, flags, STS_EXPIRY_##expiry, write, ttl, {__VA_ARGS__}},
const struct sts_protocol sts_protocols[] = {
#include "protocol/protocol_rows.h"
};
#undef ROW
#undef LIST
#undef NUMBERS

#define ROW(body, flags, expiry, ttl, write, name, summary, method, url, variable, ...) \
	name "\0" summary "\0" method "\0" url "\0" variable "\0" LIST(__VA_ARGS__)
#define LIST(...) POINTERS(__VA_ARGS__)
#define POINTERS(base, token, expiry, thumbprint, key, secret, ...) \
	base "\0" token "\0" expiry "\0" thumbprint "\0" key "\0" secret "\0"
static const char protocol_texts[] =
#include "protocol/protocol_rows.h"
	;
#undef ROW

#define PROTOCOLS (sizeof(sts_protocols) / sizeof(sts_protocols[0]))

const size_t sts_protocol_count = PROTOCOLS;

/* OAuth 2.0 (RFC 6749 section 5.2) first, then what servers that were not made for it answer. */
const char sts_error_pointers[] = "/error\0/error/status\0/error/code\0/error/type\0/code\0"
				  "/Error/Code\0/ErrorResponse/Error/Code\0";
const char sts_message_pointers[] =
	"/error_description\0/error/message\0/message\0/errors/0\0/detail\0"
	"/Error/Message\0/ErrorResponse/Error/Message\0";

/* ---- look-up ---- */

const char *sts_protocol_text(const struct sts_protocol *protocol, enum sts_protocol_text which)
{
	return sts_text_at(protocol_texts,
			   (size_t)(protocol - sts_protocols) * STS_PROTOCOL__TEXTS + which);
}

const char *sts_parameter_text(const struct sts_parameter *p, enum sts_parameter_text which)
{
	return sts_text_at(parameter_texts, (size_t)(p - params) * STS_PARAMETER__TEXTS + which);
}

const struct sts_protocol *sts_protocol_find(struct sts_slice name)
{
	for (size_t i = 0; i < PROTOCOLS; i++)
		if (sts_slice_eq(name, sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME)))
			return &sts_protocols[i];
	return NULL;
}

const char *sts_protocol_nearest(struct sts_slice name)
{
	const char *names[PROTOCOLS];

	for (size_t i = 0; i < PROTOCOLS; i++)
		names[i] = sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME);
	return sts_nearest(name, names, PROTOCOLS);
}

const struct sts_parameter *sts_protocol_parameter_at(const struct sts_protocol *protocol, size_t i)
{
	uint8_t number = protocol->params[i] & (uint8_t)~REQUIRED;

	return number ? &params[number - 1] : NULL;
}

bool sts_protocol_requires(const struct sts_protocol *protocol, size_t i)
{
	return protocol->params[i] & REQUIRED;
}

static size_t skip_marks(const char *text, size_t len, size_t at)
{
	while (at < len && (text[at] == '-' || text[at] == '_'))
		at++;
	return at;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

bool sts_name_is(struct sts_slice a, const char *z)
{
	size_t len = strlen(z), i = skip_marks(a.data, a.len, 0), j = skip_marks(z, len, 0);

	while (i < a.len && j < len && lower(a.data[i]) == lower(z[j])) {
		i = skip_marks(a.data, a.len, i + 1);
		j = skip_marks(z, len, j + 1);
	}
	return i == a.len && j == len;
}

const struct sts_parameter *sts_protocol_parameter(const struct sts_protocol *protocol,
						   struct sts_slice name)
{
	const struct sts_parameter *p;

	for (size_t i = 0; (p = sts_protocol_parameter_at(protocol, i)); i++) {
		const char *field = sts_parameter_text(p, STS_PARAMETER_FIELD);

		if (sts_name_is(name, sts_parameter_text(p, STS_PARAMETER_NAME)) ||
		    (*field && sts_name_is(name, field)))
			return p;
	}
	return NULL;
}

/* ---- error codes ---- */

/*
 * Every code between spaces, a text for each meaning. The first two stand with status 400 for what
 * is worth another try: a server's own trouble, and a token that AWS could not verify, for which
 * its SDKs try again a few times (so does `fetch`; `run` goes to the slow lane).
 */
static const char codes[] =
	" temporarily_unavailable server_error IDPCommunicationError Throttling"
	" ThrottlingException RequestLimitExceeded \0"
	" InvalidIdentityToken \0"
	/* RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750, RFC 8693 */
	" invalid_request invalid_client invalid_grant invalid_scope"
	" unauthorized_client unsupported_grant_type unsupported_response_type"
	" access_denied invalid_token insufficient_scope invalid_target"
	/* OpenID Connect Core, section 3.1.2.6, at Microsoft Entra */
	" interaction_required login_required consent_required"
	/* AWS STS */
	" AccessDenied ExpiredTokenException IDPRejectedClaim"
	" MalformedPolicyDocument PackedPolicyTooLarge RegionDisabledException ValidationError"
	/* Google APIs: google.rpc.Code */
	" INVALID_ARGUMENT FAILED_PRECONDITION UNAUTHENTICATED PERMISSION_DENIED"
	" NOT_FOUND RESOURCE_EXHAUSTED UNAVAILABLE INTERNAL"
	/* Anthropic */
	" invalid_request_error authentication_error permission_error not_found_error"
	" rate_limit_error api_error overloaded_error ";

#define CODE_WORD_MAX_BYTES 64 /* with a space before and after it */

enum sts_err sts_protocol_code(struct sts_slice code, enum sts_err otherwise, bool *known)
{
	const enum sts_err meanings[] = {STS_EBUSY, STS_EUNAUTHORIZED, otherwise};
	const char *at = codes;
	char word[CODE_WORD_MAX_BYTES];
	struct sts_text text;
	bool is_word;

	sts_text_init(&text, word, sizeof(word));
	sts_text_add_char(&text, ' ');
	sts_text_add_slice(&text, code);
	sts_text_add_char(&text, ' ');
	is_word = code.len > 0 && !memchr(code.data, ' ', code.len) && !text.overflow;
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		bool found = is_word && sts_slice_find(sts_slice_of(at),
						       (struct sts_slice){word, text.len}) >= 0;

		if (known)
			*known = found;
		if (found)
			return meanings[i];
		at += strlen(at) + 1;
	}
	return otherwise;
}
