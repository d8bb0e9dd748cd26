/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "test.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define S(literal) STS_SLICE(literal)
#define SUBJECT    "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
#define VERSION_TO_CONNECTION \
	" HTTP/1.1\r\nHost: sts.example:8443\r\nUser-Agent: sts-sidecar/test\r\n" \
	"Accept: application/json\r\nConnection: close\r\n"
#define START(line) line VERSION_TO_CONNECTION
#define FORM        "Content-Type: application/x-www-form-urlencoded\r\n"
#define GRANT       "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
#define TYPE        "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"

static char head_buf[8192], body_buf[8192];
static struct sts_text head, body;
static struct sts_url url;
static struct sts_error error;

static struct sts_request request_of(const char *protocol, const char *text)
{
	CHECK_INT(sts_url_parse(sts_slice_of(text), &url, NULL), STS_OK);
	struct sts_request r = {.row = sts_protocol_find(sts_slice_of(protocol)),
				.url = &url,
				.subject = S(SUBJECT),
				.agent = "sts-sidecar/test"};

	r.body = r.row->body;
	return r;
}

static struct sts_request exchange(void)
{
	return request_of("token-exchange", "https://sts.example:8443/token");
}

static enum sts_err build(const struct sts_request *r, bool masked)
{
	memset(&error, 0, sizeof(error));
	sts_text_init(&head, head_buf, sizeof(head_buf));
	sts_text_init(&body, body_buf, sizeof(body_buf));
	return sts_request_build(r, masked, &head, &body, &error);
}

static void openunison(void)
{
	struct sts_request r = request_of("openunison",
					  "https://sts.example:8443/vault/token/user");

	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(head_buf,
		  START("GET /vault/token/user") "Authorization: Bearer " SUBJECT "\r\n\r\n");
	CHECK_STR(body_buf, "");
	CHECK_INT(build(&r, true), STS_OK);
	CHECK_STR(head_buf, START("GET /vault/token/user") "Authorization: Bearer ***\r\n\r\n");
}

static void form(void)
{
	struct sts_request r = exchange();

	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, GRANT "&subject_token=" SUBJECT "&" TYPE);
	CHECK_STR(head_buf, START("POST /token") FORM "Content-Length: 178\r\n\r\n");
	CHECK_INT(body.len, 178);
}

static void form_params(void)
{
	static const struct sts_field params[] = {
		{S("scope"), S("a:read")},
		{S("audience"), S("one&two=2")},
		{S("connector_id"), S("k8s")},
		{S("resource"), S("https://a.example/")},
		{S("audience"), S("three")},
		{S("scope"), S("b c")},
		{S("connector_id"), S("")},
		{S("subject_token_type"), S("urn:x")},
		{S("actor_token"), S("act.or"), true},
		{S("requested_token_type"), S("urn:y")},
	};
	struct sts_request r = exchange();

	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, GRANT
		  "&subject_token=" SUBJECT "&subject_token_type=urn%3Ax&audience=one%26two%3D2"
		  "&audience=three&resource=https%3A%2F%2Fa.example%2F&scope=a%3Aread%20b%20c"
		  "&requested_token_type=urn%3Ay&actor_token=act.or"
		  "&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
		  "&connector_id=k8s&connector_id=");
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(body_buf, "&subject_token=***&"));
	CHECK(strstr(body_buf, "&actor_token=***&"));
	CHECK(!strstr(body_buf, "act.or") && !strstr(body_buf, SUBJECT));
}

static void json(void)
{
	static const struct sts_field params[] = {
		{S("audience"), S("a\"b\\")}, {S("audience"), S("c")},
		{S("resource"), S("r")},      {S("scope"), S("x y")},
		{S("scope"), S("z")},         {S("identity_provider_id"), S("line\nend")},
	};
	struct sts_request r = exchange();

	r.body = STS_BODY_JSON;
	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf,
		  "{\"grant_type\":\"urn:ietf:params:oauth:grant-type:token-exchange\",\"subject_"
		  "token\":\"" SUBJECT
		  "\",\"subject_token_type\":\"urn:ietf:params:oauth:token-type:jwt\","
		  "\"audience\":[\"a\\\"b\\\\\",\"c\"],\"resource\":\"r\",\"scope\":\"x y z\","
		  "\"identity_provider_id\":\"line\\nend\"}");
	CHECK(strstr(head_buf, "Content-Type: application/json\r\nContent-Length: 264\r\n\r\n"));
	CHECK_INT(body.len, 264);
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(body_buf, "\"subject_token\":\"***\""));
}

static void client_auth(void)
{
	struct sts_request r = exchange();

	r.client_id = S("my id:1");
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(body_buf, "&client_id=my%20id%3A1"));
	CHECK(!strstr(head_buf, "Authorization"));

	r.client_secret = S("p@ss%");
	r.client_auth = STS_CLIENT_POST;
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(body_buf, "&client_id=my%20id%3A1&client_secret=p%40ss%25"));
	CHECK(!strstr(head_buf, "Authorization"));
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(body_buf, "&client_secret=***"));

	/* base64("my%20id%3A1:p%40ss%25") */
	r.client_auth = STS_CLIENT_BASIC;
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf, "\r\nAuthorization: Basic bXklMjBpZCUzQTE6cCU0MHNzJTI1\r\n"));
	CHECK(!strstr(body_buf, "client_"));
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(head_buf, "\r\nAuthorization: Basic ***\r\n"));
}

static void headers(void)
{
	static const struct sts_field fields[] = {
		{S("X-Vault-Namespace"), S("team a")},
		{S("Authorization"), S("Bearer from-a-file"), true}};
	struct sts_request r = exchange();

	r.headers = fields;
	r.header_count = COUNT(fields);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf,
		     "\r\nX-Vault-Namespace: team a\r\nAuthorization: Bearer from-a-file\r\n"));
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(head_buf, "\r\nX-Vault-Namespace: team a\r\nAuthorization: ***\r\n"));
}

/* A row with all that no row of today has. */
static const struct sts_fixed made_up_fixed[] = {{"x-beta", "one,two", STS_PLACE_HEADER},
						 {"Version", "2011-06-15", STS_PLACE_QUERY},
						 {NULL}};
static const struct sts_param made_up_params[] = {
	{.name = "role",
	 .field = "RoleArn",
	 .place = STS_PLACE_QUERY,
	 .required = true,
	 .min_bytes = 2,
	 .max_bytes = 8,
	 .charset = ":/-"},
	{.name = "seconds", .place = STS_PLACE_BODY, .kind = STS_PARAM_NUMBER},
	{.name = "scopes", .place = STS_PLACE_BODY, .kind = STS_PARAM_LIST, .repeats = true},
	{.name = "namespace", .field = "X-Namespace", .place = STS_PLACE_HEADER},
	{.name = "dir", .place = STS_PLACE_QUERY, .fallback = "a b"},
	{NULL},
};
static const struct sts_protocol made_up = {
	.name = "made-up",
	.method = "POST",
	.body = STS_BODY_JSON,
	.subject_place = STS_PLACE_HEADER,
	.subject_field = "X-Subject",
	.fixed = made_up_fixed,
	.params = made_up_params,
	.token_pointer = "/t",
};

static void other_places(void)
{
	static const struct sts_field params[] = {
		{S("role"), S("a:b/c")},        {S("seconds"), S("900")},
		{S("scopes"), S(" one  two ")}, {S("scopes"), S("three")},
		{S("namespace"), S("ns")},
	};
	static const char want[] =
		"POST /x?y=1&Version=2011-06-15&RoleArn=a%3Ab%2Fc&dir=a%20b" VERSION_TO_CONNECTION
		"x-beta: one,two\r\n"
		"X-Subject: " SUBJECT "\r\nX-Namespace: ns\r\n"
		"Content-Type: application/json\r\nContent-Length: 46\r\n\r\n";
	struct sts_request r = request_of("token-exchange", "https://sts.example:8443/x?y=1");

	r.row = &made_up;
	r.body = STS_BODY_JSON;
	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, "{\"seconds\":900,\"scopes\":[\"one\",\"two\",\"three\"]}");
	CHECK_STR(head_buf, want);

	r.body = STS_BODY_FORM;
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, "seconds=900&scopes=%20one%20%20two%20%20three");
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(head_buf, "X-Subject: ***\r\n"));

	/* Without a query of its own. */
	CHECK_INT(sts_url_parse(S("https://sts.example/x"), &url, NULL), STS_OK);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf, "POST /x?Version=2011-06-15&RoleArn="));
}

struct refusal {
	const char *protocol; /* NULL: made_up */
	struct sts_field param, header;
	const char *says;
};

static void refusals(void)
{
	static const struct refusal rows[] = {
		{"openunison",
		 {S("audience"), S("x")},
		 {{NULL}},
		 "audience is none of protocol openunison, which takes none"},
		{"token-exchange", {S("grant_type"), S("x")}, {{NULL}}, "grant_type is filled in"},
		{"token-exchange",
		 {S("subject_token"), S("x")},
		 {{NULL}},
		 "subject_token is filled in"},
		{"token-exchange",
		 {S("actor_token_type"), S("x")},
		 {{NULL}},
		 "actor_token_type goes with"},
		{"token-exchange", {S(""), S("x")}, {{NULL}}, "is no name"},
		{"token-exchange", {S("a\nb"), S("x")}, {{NULL}}, "a\\x0Ab is no name"},
		{"token-exchange", {S("foo"), S("a\0b")}, {{NULL}}, "foo has a byte in its value"},
		{"token-exchange",
		 {S("foo"), S("caf\xc3\xa9")},
		 {{NULL}},
		 "foo has a byte in its value"},
		{"token-exchange",
		 {S("audience"), S("a\x7f")},
		 {{NULL}},
		 "audience has a byte in its value"},
		{"token-exchange", {S("scope"), S("  ")}, {{NULL}}, "scope has no word"},
		{"token-exchange", {{NULL}}, {S("Host"), S("x")}, "header Host may not be set"},
		{"token-exchange", {{NULL}}, {S("content-length"), S("1")}, "may not be set"},
		{"token-exchange",
		 {{NULL}},
		 {S("Transfer-Encoding"), S("chunked")},
		 "may not be set"},
		{"token-exchange", {{NULL}}, {S("User-Agent"), S("x")}, "may not be set"},
		{"token-exchange", {{NULL}}, {S("content-type"), S("x")}, "may not be set"},
		{"token-exchange", {{NULL}}, {S("a b"), S("x")}, "may not be set"},
		{"token-exchange", {{NULL}}, {S("X-A"), S("x\r\nX-B: y")}, "header X-A has a byte"},
		{"token-exchange", {{NULL}}, {S("X-A"), S("x\n")}, "header X-A has a byte"},
		{"openunison", {{NULL}}, {S("authorization"), S("x")}, "may not be set"},
		{NULL,
		 {S("rolle"), S("ab")},
		 {{NULL}},
		 "rolle is none of protocol made-up: did you mean role?"},
		{NULL, {S("RoleArn"), S("ab")}, {{NULL}}, "RoleArn is filled in"},
		{NULL, {S("seconds"), S("900")}, {{NULL}}, "role is missing"},
		{NULL, {S("role"), S("a")}, {{NULL}}, "role has too short"},
		{NULL, {S("role"), S("abcdefghi")}, {{NULL}}, "role has too long"},
		{NULL, {S("role"), S("a b")}, {{NULL}}, "role has a character"},
		{NULL, {S("seconds"), S("9x")}, {{NULL}}, "seconds needs a whole number"},
		{NULL, {S("seconds"), S("-1")}, {{NULL}}, "seconds needs a whole number"},
		{NULL, {S("seconds"), S("007")}, {{NULL}}, "seconds needs a whole number"},
		{NULL, {S("namespace"), S("a\tb\n")}, {{NULL}}, "namespace has a byte"},
		{NULL, {S("role"), S("ab")}, {S("x-namespace"), S("x")}, "may not be set"},
		{NULL, {S("role"), S("ab")}, {S("X-BETA"), S("x")}, "may not be set"},
		{NULL, {S("role"), S("ab")}, {S("x-subject"), S("x")}, "may not be set"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_request r = request_of(rows[i].protocol ? rows[i].protocol
								   : "token-exchange",
						  "https://sts.example:8443/token");

		if (!rows[i].protocol) {
			r.row = &made_up;
			r.body = STS_BODY_JSON;
		}
		r.params = &rows[i].param;
		r.param_count = rows[i].param.name.data != NULL;
		r.headers = &rows[i].header;
		r.header_count = rows[i].header.name.data != NULL;
		CHECK_INT(sts_request_check(&r, NULL), STS_EUSAGE);
		CHECK_INT(build(&r, false), STS_EUSAGE);
		CHECK_INT(error.code, STS_EUSAGE);
		if (!strstr(error.msg, rows[i].says))
			printf("# \"%s\" is not in \"%s\"\n", rows[i].says, error.msg);
		CHECK(strstr(error.msg, rows[i].says));
		CHECK_INT(head.len + body.len, 0);
	}
}

static void more_refusals(void)
{
	static const struct sts_field twice[] = {{S("requested_token_type"), S("a")},
						 {S("requested_token_type"), S("b")}};
	static const struct sts_field id = {S("client_id"), S("a")};
	static const struct sts_field secret = {S("client_secret"), S("a"), true};
	static char big[STS_REQUEST_CLIENT_MAX_BYTES + 1];
	struct sts_request r = exchange();

	r.params = twice;
	r.param_count = 2;
	CHECK_INT(build(&r, false), STS_EUSAGE);
	CHECK(strstr(error.msg, "more than once"));

	/* By itself it is a parameter like any other. */
	r = exchange();
	r.params = &id;
	r.param_count = 1;
	CHECK_INT(build(&r, false), STS_OK);
	r.client_id = S("b");
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.params = &secret;
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(body_buf, "client_secret=***"));

	r = exchange();
	r.client_secret = S("x");
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.client_auth = STS_CLIENT_BASIC;
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.client_id = S("a\n");
	CHECK_INT(build(&r, false), STS_EUSAGE);
	memset(big, '%', sizeof(big));
	r.client_id = S("a");
	r.client_secret = (struct sts_slice){big, sizeof(big)};
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.client_secret.len -= 1;
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.client_secret.len -= 1; /* with the id, the most that is allowed */
	CHECK_INT(build(&r, false), STS_OK);

	r = request_of("openunison", "https://sts.example/x");
	r.client_id = S("a");
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r = request_of("openunison", "https://sts.example/x");
	r.body = STS_BODY_JSON;
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r = exchange();
	r.body = STS_BODY_NONE;
	CHECK_INT(build(&r, false), STS_EUSAGE);
}

static void subjects(void)
{
	static const char *const bad[] = {"a b", "a\r\nX: y", "a\"", "a%41", "\xc3\xa9", "a,b"};
	struct sts_request r = exchange();

	for (size_t i = 0; i < COUNT(bad); i++) {
		r.subject = sts_slice_of(bad[i]);
		CHECK_INT(build(&r, false), STS_EUSAGE);
	}
	r.subject = (struct sts_slice){NULL, 0};
	CHECK_INT(sts_request_check(&r, NULL), STS_OK);
	CHECK_INT(build(&r, false), STS_EUSAGE);
}

static void too_big(void)
{
	struct sts_field long_param = {S("x"), {body_buf, 0}};
	static char value[STS_URL_MAX_BYTES + STS_REQUEST_QUERY_MAX_BYTES];
	struct sts_request r = exchange();

	sts_text_init(&head, head_buf, 40);
	sts_text_init(&body, body_buf, sizeof(body_buf));
	CHECK_INT(sts_request_build(&r, false, &head, &body, &error), STS_ETOOBIG);
	sts_text_init(&head, head_buf, sizeof(head_buf));
	sts_text_init(&body, body_buf, 40);
	CHECK_INT(sts_request_build(&r, false, &head, &body, &error), STS_ETOOBIG);

	/* A query that does not fit its line. */
	struct sts_protocol row = made_up;
	struct sts_param params[] = {{.name = "x", .place = STS_PLACE_QUERY}, {NULL}};

	row.params = params;
	memset(value, 'a', sizeof(value));
	long_param.value = (struct sts_slice){value, sizeof(value)};
	r.row = &row;
	r.body = STS_BODY_JSON;
	r.params = &long_param;
	r.param_count = 1;
	CHECK_INT(build(&r, false), STS_ETOOBIG);
	long_param.value.len = 1000;
	CHECK_INT(build(&r, false), STS_OK);
}

static void secret_names(void)
{
	static const char *const secret[] = {"client_secret", "clientSecret",  "CLIENT-SECRET",
					     "password",      "Password",      "client_assertion",
					     "actor_token",   "actorToken",    "assertion",
					     "subject_token", "Authorization", "authorization"};
	static const char *const open[] = {
		"client_id",    "audience", "actor_token_type",
		"secret_santa", "",         "a_name_that_is_longer_than_any_secret_name"};

	for (size_t i = 0; i < COUNT(secret); i++)
		CHECK(sts_request_name_is_secret(sts_slice_of(secret[i])));
	for (size_t i = 0; i < COUNT(open); i++)
		CHECK(!sts_request_name_is_secret(sts_slice_of(open[i])));
}

static const struct sts_test tests[] = {
	{"openunison: GET with a bearer", openunison},
	{"token-exchange: a form", form},
	{"token-exchange: every parameter", form_params},
	{"a JSON body", json},
	{"client authentication", client_auth},
	{"headers", headers},
	{"query, header, number, list", other_places},
	{"refused before anything is sent", refusals},
	{"refused: given twice, client, body", more_refusals},
	{"subject tokens", subjects},
	{"too big", too_big},
	{"names of secrets", secret_names},
};

STS_TEST_MAIN(tests)
