/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_input.h"

/* What services write, and what it means. */
static void of_services(void)
{
	static const struct {
		const char *protocol;
		int status;
		const char *body;
		enum sts_err err;
	} rows[] = {
		/* Entra has its own code before the words. */
		{"entra", 400,
		 REFUSAL("invalid_request", "AADSTS70021: No matching federated identity record"),
		 STS_EUNAUTHORIZED},
		{"entra", 401, REFUSAL("invalid_client", "AADSTS700213: No matching federated"),
		 STS_EUNAUTHORIZED},
		{"entra", 400, REFUSAL("invalid_request", "AADSTS501661: Request failed."),
		 STS_EUNAUTHORIZED},
		{"entra", 400, REFUSAL("invalid_request", "AADSTS90033: not available"), STS_EBUSY},
		{"entra", 400, REFUSAL("invalid_scope", "AADSTS70011: The scope is not valid."),
		 STS_EREFUSED},
		{"entra", 400, REFUSAL("invalid_request", "AADSTS700219: x"), STS_EREFUSED},
		{"entra", 400, REFUSAL("invalid_request", "See AADSTS70021: x"), STS_EREFUSED},
		{"entra", 400, REFUSAL("temporarily_unavailable", "AADSTS70021: x"), STS_EBUSY},
		{"client-assertion", 400, REFUSAL("invalid_client", "AADSTS70021: x"),
		 STS_EREFUSED},
		/* The keys of the issuer could not be fetched. */
		{"gcp", 400,
		 REFUSAL("invalid_grant", "Error connecting to the given credential's issuer."),
		 STS_EUNAUTHORIZED},
		{"vault", 400,
		 "{\"errors\":[\"error validating token: fetching keys oidc: get keys failed\"]}",
		 STS_EUNAUTHORIZED},
		{"vault", 400,
		 "{\"errors\":[\"token validator: keyset configuration error: Get\"]}",
		 STS_EUNAUTHORIZED},
		{"aws", 400, "{\"Error\":{\"Code\":\"Invalid\",\"Message\":\"Get x: dial tcp y\"}}",
		 STS_EUNAUTHORIZED},
		{"vault", 412, "{\"errors\":[\"required index state not present\"]}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"PriorRequestNotComplete\"}}", STS_EBUSY},
		{"aws", 403, "{\"Error\":{\"Code\":\"AccessDenied\"}}", STS_EDENIED},
		/* What botocore tries again. */
		{"aws", 400, "{\"Error\":{\"Code\":\"ThrottledException\"}}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"RequestThrottledException\"}}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"TooManyRequestsException\"}}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"LimitExceededException\"}}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"BandwidthLimitExceeded\"}}", STS_EBUSY},
		{"aws", 400, "{\"Error\":{\"Code\":\"RequestTimeoutException\"}}", STS_EBUSY},
		/* A 403 that is not about the trust policy of the role. */
		{"aws", 403, "{\"Error\":{\"Code\":\"IDPRejectedClaim\"}}", STS_EUNAUTHORIZED},
		{"aws", 403, "{\"Error\":{\"Code\":\"RegionDisabledException\"}}", STS_EREFUSED},
		/* google-auth tries again. */
		{"gcp", 400, REFUSAL("internal_failure", "x"), STS_EBUSY},
		{"token-exchange", 400, REFUSAL("invalid_subject_token", "x"), STS_EUNAUTHORIZED},
		{"openai", 400, REFUSAL("invalid_subject_token", "x"), STS_EUNAUTHORIZED},
		{"openai", 400, REFUSAL("invalid_grant", "x"), STS_EREFUSED},
		{"anthropic", 401,
		 "{\"error\":{\"type\":\"authentication_error\",\"message\":\"Authentication "
		 "failed\"}}",
		 STS_EUNAUTHORIZED},
		/* The API server rejected the token or could not be asked. */
		{"vault", 403, "{\"errors\":[\"permission denied\"]}", STS_EUNAUTHORIZED},
		{"vault", 403,
		 "{\"errors\":[\"invalid audience (aud) claim: audience claim does not match\"]}",
		 STS_EUNAUTHORIZED},
		{"vault", 403, "{\"errors\":[\"invalid issuer (iss) claim\"]}", STS_EUNAUTHORIZED},
		{"vault", 403, "{\"errors\":[\"namespace not authorized\"]}", STS_EDENIED},
		{"vault", 403, "{\"errors\":[\"service account name not authorized\"]}",
		 STS_EDENIED},
		/* Another attempt may help after these statuses, but not after 501 and 505. */
		{"token-exchange", 500, "x", STS_EBUSY},
		{"token-exchange", 501, "x", STS_ESTATUS},
		{"token-exchange", 502, "x", STS_EBUSY},
		{"token-exchange", 505, "x", STS_ESTATUS},
		{"token-exchange", 599, "x", STS_EBUSY},
		/* OpenBao knows the path of the URL. Vault writes no words where it does not. */
		{"vault", 404, "{\"errors\":[\"namespace not found\"]}", STS_EREFUSED},
		{"vault", 404, "{\"errors\":[]}", STS_ENOTFOUND},
		{"vault", 404,
		 "{\"errors\":[\"no handler for route \\\"x\\\". route entry not found.\"]}",
		 STS_ENOTFOUND},
		{"octo-sts", 403, "{\"code\":7,\"message\":\"permission denied\"}", STS_EDENIED},
		{"vault", 400, "{\"errors\":[\"role \\\"a\\\" could not be found\"]}",
		 STS_EREFUSED},
		{"token-exchange", 400, "{\"error_code\":\"INVALID\",\"message\":\"no policy\"}",
		 STS_EREFUSED},
		/* Keycloak */
		{"token-exchange", 400, REFUSAL("invalid_client", "Audience not found"),
		 STS_EREFUSED},
		{"token-exchange", 403, REFUSAL("access_denied", "Client not allowed to exchange"),
		 STS_ECLIENT},
		{"token-exchange", 400, REFUSAL("x", "Client not allowed to exchange"),
		 STS_EREFUSED},
		{"token-exchange", 403,
		 REFUSAL("access_denied", "Client is not within the token audience"), STS_ECLIENT},
		{"token-exchange", 400, REFUSAL("invalid_client", "Client disabled"), STS_EREFUSED},
		{"token-exchange", 401, REFUSAL("invalid_client", "Client disabled"), STS_ECLIENT},
		{"token-exchange", 401, REFUSAL("unauthorized_client", "x"), STS_ECLIENT},
		/* Google, where token-exchange is used in place of gcp. */
		{"token-exchange", 401,
		 REFUSAL("unauthorized_client", "The given credential is rejected by the attribute "
						"condition."),
		 STS_EUNAUTHORIZED},
		{"token-exchange", 403, REFUSAL("access_denied", "User not allowed"), STS_EDENIED},
		{"vault", 403, REFUSAL("access_denied", "Client not allowed to exchange"),
		 STS_EDENIED},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare(rows[i].protocol, rows[i].status, sts_slice_of(rows[i].body));
		if (read_prepared() != rows[i].err)
			printf("# %s: %s\n", rows[i].body, error.msg);
		CHECK_INT(read_prepared(), rows[i].err);
	}
}

/* A 401 without a reason may mean that the STS wants a client, where there can be one. */
static void bare(void)
{
	static const struct {
		const char *protocol;
		int status;
		enum sts_err err;
		const char *body, *msg;
	} rows[] = {
		{"token-exchange", 401, STS_EUNAUTHORIZED, "",
		 "unexpected status 401 (does the STS want a client, with --client-auth?)"},
		{"token-exchange", 401, STS_EUNAUTHORIZED, "no", "unexpected status 401: no"},
		{"token-exchange", 403, STS_EDENIED, "", "unexpected status 403"},
		{"vault", 401, STS_EUNAUTHORIZED, "", "unexpected status 401"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare(rows[i].protocol, rows[i].status, sts_slice_of(rows[i].body));
		CHECK_INT(read_prepared(), rows[i].err);
		CHECK(!strstr(error.msg, "client"));
		request.client_auth = STS_CLIENT_NONE;
		CHECK_INT(read_prepared(), rows[i].err);
		CHECK_STR(error.msg, rows[i].msg);
	}
}

/* Okta's names, which Databricks's SDKs read, too. */
static void other_names(void)
{
	CHECK_INT(read_answer("token-exchange", 400,
			      "{\"errorCode\":\"invalid_grant\",\"errorSummary\":\"no policy\"}"),
		  STS_EREFUSED);
	CHECK_STR(error.msg, "unexpected status 400: invalid_grant: no policy");
	CHECK_STR(answer.sts_error, "invalid_grant");
}

/* Codes that are null, numbers or objects stand beside those that count. */
static void beside_others(void)
{
	static const struct {
		const char *body, *code, *msg;
	} rows[] = {
		/* OpenAI */
		{"{\"error\":{\"message\":\"no\",\"type\":\"invalid_request_error\",\"param\":null,"
		 "\"code\":null}}",
		 "invalid_request_error", "unexpected status 400: invalid_request_error: no"},
		{"{\"error\":{\"code\":\"invalid_subject_token\",\"message\":\"no\",\"type\":"
		 "\"invalid_request_error\"}}",
		 "invalid_subject_token", "unexpected status 400: invalid_subject_token: no"},
		/* Databricks */
		{"{\"error_code\":400,\"message\":\"no\"}", "", "unexpected status 400: no"},
		{"{\"error_code\":\"INVALID_PARAMETER_VALUE\",\"message\":\"no\",\"details\":[{"
		 "\"@type\":\"x\",\"reason\":\"y\",\"error\":\"z\"}]}",
		 "INVALID_PARAMETER_VALUE", "unexpected status 400: INVALID_PARAMETER_VALUE: no"},
		/* Entra */
		{"{\"error\":\"invalid_client\",\"error_description\":\"AADSTS700027: no\","
		 "\"error_codes\":[700027],\"timestamp\":\"t\",\"error_uri\":\"u\"}",
		 "invalid_client", "unexpected status 400: invalid_client: AADSTS700027: no"},
		/* Google */
		{"{\"error\":{\"code\":400,\"message\":\"no\",\"status\":\"INVALID_ARGUMENT\","
		 "\"details\":[]}}",
		 "INVALID_ARGUMENT", "unexpected status 400: INVALID_ARGUMENT: no"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		read_answer("openai", 400, rows[i].body);
		CHECK_STR(answer.sts_error, rows[i].code);
		CHECK_STR(error.msg, rows[i].msg);
	}
}

static const struct sts_test tests[] = {
	{"refusals as services write them", of_services},
	{"a bare 401", bare},
	{"errorCode and errorSummary", other_names},
	{"codes beside other values", beside_others},
};

STS_TEST_MAIN(tests)
