/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_input.h"

/* Refusals of a subject token that was sent before, as the servers write them. */
static void sent_before(void)
{
	static const struct {
		const char *protocol;
		int status;
		const char *body;
		enum sts_err learnt, otherwise;
	} rows[] = {
		/* Keycloak 26.7: AbstractBaseJWTValidator */
		{"jwt-bearer", 400, REFUSAL("invalid_grant", "Token reuse detected"),
		 STS_ESUBJECT_USED, STS_EREFUSED},
		{"client-assertion", 400,
		 REFUSAL("invalid_client",
			 "Client authentication with signed JWT failed: Token reuse detected"),
		 STS_ESUBJECT_USED, STS_EREFUSED},
		/* fosite: errors.go, and with its hint */
		{"jwt-bearer", 400, REFUSAL("jti_known", "The jti was already used."),
		 STS_ESUBJECT_USED, STS_EREFUSED},
		{"client-assertion", 400,
		 REFUSAL("jti_known", "The jti was already used. Claim 'jti' from "
				      "'client_assertion' MUST only be used once."),
		 STS_ESUBJECT_USED, STS_EREFUSED},
		{"jwt-bearer", 400, "{\"error\":\"jti_known\"}", STS_ESUBJECT_USED, STS_EREFUSED},
		{"custom", 409, "{\"message\":\"assertion has already been used\"}",
		 STS_ESUBJECT_USED, STS_EREFUSED},
		{"token-exchange", 401, REFUSAL("invalid_token", "JTI replay detected"),
		 STS_ESUBJECT_USED, STS_EUNAUTHORIZED},
		/* Anthropic does not say it. */
		{"anthropic", 401,
		 "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\","
		 "\"message\":\"Authentication failed\"}}",
		 STS_EUNAUTHORIZED, STS_EUNAUTHORIZED},
		/* This is about the client's credentials, not about the subject token. */
		{"token-exchange", 401, REFUSAL("invalid_client", "Token reuse detected"),
		 STS_ECLIENT, STS_ECLIENT},
		{"jwt-bearer", 503, REFUSAL("x", "Token reuse detected"), STS_EBUSY, STS_EBUSY},
		{"jwt-bearer", 400, REFUSAL("invalid_grant", "The token was reused"), STS_EREFUSED,
		 STS_EREFUSED},
		{"jwt-bearer", 400, REFUSAL("invalid_grant", "Token REUSE Detected"),
		 STS_ESUBJECT_USED, STS_EREFUSED},
		/* Whole words count. */
		{"jwt-bearer", 400, REFUSAL("invalid_grant", "Token 7reuse detected"), STS_EREFUSED,
		 STS_EREFUSED},
		{"jwt-bearer", 400, REFUSAL("invalid_grant", "Token reuse detected7"), STS_EREFUSED,
		 STS_EREFUSED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare(rows[i].protocol, rows[i].status, sts_slice_of(rows[i].body));
		input.subject_use = STS_USE_UNKNOWN;
		CHECK_INT(read_prepared(), rows[i].learnt);
		CHECK(strstr(error.msg, "unexpected status"));
		input.subject_use = STS_USE_ONCE;
		CHECK_INT(read_prepared(), rows[i].learnt);
		input.subject_use = STS_USE_AGAIN;
		CHECK_INT(read_prepared(), rows[i].otherwise);
	}
}

/* A refusal in a 200. */
static void in_a_success(void)
{
	prepare("jwt-bearer", 200, STS_SLICE("{\"error\":\"jti_known\"}"));
	input.subject_use = STS_USE_UNKNOWN;
	CHECK_INT(read_prepared(), STS_ESUBJECT_USED);
	input.subject_use = STS_USE_AGAIN;
	CHECK_INT(read_prepared(), STS_EREFUSED);
}

/* A token that was sent is no new one, wherever the STS has it from. */
static void what_was_sent_comes_back(void)
{
	static const struct {
		const char *protocol, *token;
		int64_t exp_s; /* of the subject token; -1: it is opaque */
		enum sts_err err;
	} rows[] = {
		{"token-exchange", SUBJECT, -1, STS_ETOKEN},
		{"token-exchange", SUBJECT, NOW + 60, STS_ETOKEN},
		{"jwt-bearer", SUBJECT, NOW + 60, STS_ETOKEN},
		{"token-exchange", "the-actor-token", NOW + 60, STS_ETOKEN},
		{"token-exchange", "of-a-file", NOW + 60, STS_ETOKEN},
		{"token-exchange", SUBJECT "z", NOW + 60, STS_OK},
		{"token-exchange", "t" SUBJECT, NOW + 60, STS_OK},
		{"token-exchange", "Z" OPAQUE, NOW + 60, STS_OK},
		/* Some servers answer with the parameters, too. */
		{"token-exchange", "some-audience", NOW + 60, STS_ETOKEN},
		/* The user's own request may renew an opaque token. */
		{"custom", SUBJECT, NOW + 60, STS_ETOKEN},
		{"custom", SUBJECT, -1, STS_OK},
	};
	static const struct sts_field params[] = {
		{.name = STS_SLICE("audience"), .value = STS_SLICE("some-audience")},
		{.name = STS_SLICE("actor_token"), .value = STS_SLICE("the-actor-token")},
		{.name = STS_SLICE("x"), .value = STS_SLICE("of-a-file"), .secret = true},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sts_subject subject = {.token = STS_SLICE(SUBJECT),
						    .exp_s = rows[i].exp_s};
		char body[200];

		snprintf(body, sizeof(body), "{\"access_token\":\"%s\"}", rows[i].token);
		prepare(rows[i].protocol, 200, sts_slice_of(body));
		input.subject = &subject;
		request.params = params;
		request.param_count = COUNT(params);
		CHECK_INT(read_prepared(), rows[i].err);
		if (rows[i].err != STS_OK)
			CHECK_STR(error.msg,
				  "the answer's access_token is what was sent, unchanged");
		sts_json_close();
	}
}

int main(void)
{
	static const struct sts_test tests[] = {
		{"sent before", sent_before},
		{"a refusal in a success", in_a_success},
		{"a token that was sent comes back", what_was_sent_comes_back},
	};

	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
