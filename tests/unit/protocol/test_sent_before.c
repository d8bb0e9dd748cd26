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

int main(void)
{
	static const struct sts_test tests[] = {
		{"sent before", sent_before},
		{"a refusal in a success", in_a_success},
	};

	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
