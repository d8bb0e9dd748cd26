/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol.h"

#define TOKEN_TYPE_JWT "urn:ietf:params:oauth:token-type:jwt"

/*
 * Where errors stand. OAuth 2.0 (RFC 6749 section 5.2) first, then what servers that were not made
 * for it answer.
 */
static const char *const error_pointers[] = {"/error", "/error/status", "/error/code", "/code",
					     NULL};
static const char *const message_pointers[] = {"/error_description", "/error/message", "/message",
					       NULL};

static const struct sts_expiry_field openunison_expiry[] = {
	{"/token/expires", STS_EXPIRY_ABSOLUTE},
	{NULL},
};

static const struct sts_fixed token_exchange_fixed[] = {
	{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange", STS_PLACE_BODY},
	{NULL},
};

static const struct sts_param token_exchange_params[] = {
	{
		.name = "subject_token_type",
		.place = STS_PLACE_BODY,
		.fallback = TOKEN_TYPE_JWT,
		.help = "what the subject token is; some servers want ...:id_token or "
			"...:access_token",
	},
	{
		.name = "audience",
		.place = STS_PLACE_BODY,
		.repeats = true,
		.help = "logical name of the service that the token is for",
	},
	{
		.name = "resource",
		.place = STS_PLACE_BODY,
		.repeats = true,
		.help = "URI of the service that the token is for",
	},
	{
		.name = "scope",
		.place = STS_PLACE_BODY,
		.kind = STS_PARAM_WORDS,
		.repeats = true,
		.help = "what the token shall be good for",
	},
	{
		.name = "requested_token_type",
		.place = STS_PLACE_BODY,
		.help = "kind of token wanted; the server's choice where it is not given",
	},
	{
		.name = "actor_token",
		.place = STS_PLACE_BODY,
		.help = "token of the party that acts for the subject; from a file only",
	},
	{
		.name = "actor_token_type",
		.place = STS_PLACE_BODY,
		.with = "actor_token",
		.fallback = TOKEN_TYPE_JWT,
		.help = "what the actor token is",
	},
	{NULL},
};

static const struct sts_expiry_field token_exchange_expiry[] = {
	{"/expires_in", STS_EXPIRY_LIFETIME},
	{NULL},
};

static const struct sts_error_code oauth_codes[] = {
	{"temporarily_unavailable", STS_EBUSY},
	{"server_error", STS_EBUSY},
	{NULL},
};

const struct sts_protocol sts_protocols[] = {
	{
		.name = "openunison",
		.summary = "OpenUnison's STS: GET with the subject token as Bearer",
		.reference = "https://openunison.github.io/",
		.method = "GET",
		.subject_place = STS_PLACE_BEARER,
		.token_pointer = "/token/jwt",
		.expiry = openunison_expiry,
		.thumbprint_pointer = "/token/thumbprint",
		.error_pointers = error_pointers,
		.message_pointers = message_pointers,
		.write = STS_WRITE_TOKEN | STS_WRITE_EXPIRES | STS_WRITE_THUMBPRINT,
		.sig_cert_poll = true,
	},
	{
		.name = "token-exchange",
		.summary = "OAuth 2.0 Token Exchange (Keycloak, authentik, Databricks, Dex, "
			   "OpenAI, ...)",
		.reference = "RFC 8693",
		.method = "POST",
		.body = STS_BODY_FORM,
		.subject_place = STS_PLACE_BODY,
		.subject_field = "subject_token",
		.fixed = token_exchange_fixed,
		.params = token_exchange_params,
		.any_param = true,
		.client_auth = true,
		.token_pointer = "/access_token",
		.expiry = token_exchange_expiry,
		.error_pointers = error_pointers,
		.message_pointers = message_pointers,
		.codes = oauth_codes,
		.write = STS_WRITE_TOKEN | STS_WRITE_EXPIRES,
	},
};

const size_t sts_protocol_count = sizeof(sts_protocols) / sizeof(sts_protocols[0]);

const struct sts_protocol *sts_protocol_find(struct sts_slice name)
{
	for (size_t i = 0; i < sts_protocol_count; i++)
		if (sts_slice_eq(name, sts_protocols[i].name))
			return &sts_protocols[i];
	return NULL;
}

const char *sts_protocol_nearest(struct sts_slice name)
{
	const char *names[sizeof(sts_protocols) / sizeof(sts_protocols[0])];

	for (size_t i = 0; i < sts_protocol_count; i++)
		names[i] = sts_protocols[i].name;
	return sts_nearest(name, names, sts_protocol_count);
}

const struct sts_param *sts_protocol_param(const struct sts_protocol *row, struct sts_slice name)
{
	for (const struct sts_param *p = row->params; p && p->name; p++)
		if (sts_slice_eq(name, p->name))
			return p;
	return NULL;
}
