/* SPDX-License-Identifier: Apache-2.0 */
#include "request_input.h"
#include "wiped.h"

#define VERSION_TO_CONNECTION \
	" HTTP/1.1\r\nHost: sts.example:8443\r\nUser-Agent: sts-sidecar/test\r\n" \
	"Accept: application/json\r\nAccept-Encoding: identity\r\nConnection: close\r\n"
#define START(line) line VERSION_TO_CONNECTION
#define FORM        "Content-Type: application/x-www-form-urlencoded\r\n"
#define GRANT       "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
#define ARN         "arn:aws:iam::123456789012:role/x"
#define TYPE        "subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"

static char head_buf[8192], body_buf[8192];
static struct sts_text head, body;
static struct sts_error error;

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
	CHECK(was_wiped("my%20id%3A1:p%40ss%25"));
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

static void other_places(void)
{
	static const struct sts_field params[] = {
		{S("service-account"), S("a@b.gserviceaccount.com")},
		{S("scope"), S(" one  two ")},
		{S("scope"), S("three")},
		{S("lifetime"), S("60s")},
	};
	struct sts_request r = request_of("gcp-impersonate", "https://sts.example:8443/x?y=1");

	r.url_template = sts_protocol_text(r.protocol, STS_PROTOCOL_URL);
	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, "{\"scope\":[\"one\",\"two\",\"three\"],\"lifetime\":\"60s\"}");
	CHECK_STR(head_buf, START("POST /x?y=1") "Authorization: Bearer " SUBJECT
						 "\r\nContent-Type: application/json\r\n"
						 "Content-Length: 48\r\n\r\n");
	CHECK_STR(made_url(&r),
		  "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
		  "a@b.gserviceaccount.com:generateAccessToken");

	r.body = STS_BODY_FORM;
	CHECK_INT(build(&r, false), STS_OK);
	CHECK_STR(body_buf, "scope=%20one%20%20two%20%20three&lifetime=60s");
	r.body = STS_BODY_JSON;
	r.url_template = NULL;
	CHECK_INT(build(&r, false), STS_EUSAGE);
	CHECK(strstr(error.msg, "service-account is a part of the URL"));
}

static void query(void)
{
	static const struct sts_field params[] = {{S("scope"), S("o/r")}, {S("identity"), S("i")}};
	struct sts_request r = request_of("octo-sts", "https://sts.example:8443/x?y=1");

	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf, "GET /x?y=1&scope=o%2Fr&identity=i HTTP/1.1\r\n"));
	/* This URL has no query of its own. */
	CHECK_INT(sts_url_parse(S("https://sts.example/x"), &url, NULL), STS_OK);
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf, "GET /x?scope=o%2Fr&identity=i HTTP/1.1\r\n"));
}

static void header_and_url(void)
{
	static const struct sts_field params[] = {
		{S("address"), S("https://vault.example:8200//")},
		{S("namespace"), S("team/a")},
		{S("role"), S("r")},
		{S("mount"), S("//team/jwt/")},
	};
	struct sts_request r = request_of("vault", "https://sts.example:8443/x");

	r.url_template = sts_protocol_text(r.protocol, STS_PROTOCOL_URL);
	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(head_buf, "\r\nX-Vault-Namespace: team/a\r\n"));
	CHECK_STR(body_buf, "{\"role\":\"r\",\"jwt\":\"***\"}");
	CHECK_STR(made_url(&r), "https://vault.example:8200/v1/auth/team/jwt/login");
}

static void numbered(void)
{
	static const struct sts_field params[] = {
		{S("role-arn"), S("arn:aws:iam::123456789012:role/x")},
		{S("policy-arn"), S("arn:aws:iam::aws:policy/One")},
		{S("policy-arn"), S("arn:aws:iam::aws:policy/Two")},
	};
	struct sts_request r = request_of("aws", "https://sts.example:8443/");

	r.params = params;
	r.param_count = COUNT(params);
	CHECK_INT(build(&r, true), STS_OK);
	CHECK(strstr(body_buf, "&WebIdentityToken=***&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3A"
			       "aws%3Apolicy%2FOne&PolicyArns.member.2.arn=arn%3A"));
}

/* Make a request that has nothing of a protocol. */
static struct sts_request own(const char *method, enum sts_body kind, enum sts_place place,
			      const char *field)
{
	struct sts_request r = request_of("custom", "https://sts.example:8443/x");

	r.method = method;
	r.body = kind;
	r.own_subject = true;
	r.subject_place = place;
	r.subject_field = field;
	return r;
}

static void custom(void)
{
	static const struct sts_field a = {S("a"), S("b")};
	struct sts_request r = own("GET", STS_BODY_NONE, STS_PLACE_QUERY, "tok");

	r.params = &a;
	r.param_count = 1;
	CHECK_INT(build(&r, true), STS_OK);
	CHECK_STR(head_buf, START("GET /x?tok=***&a=b") "\r\n");
	r.method = "PUT";
	r.body = STS_BODY_JSON;
	r.subject_place = STS_PLACE_POINTER;
	r.subject_field = "/in/~1a~0/jwt";
	CHECK_INT(build(&r, true), STS_OK);
	CHECK_STR(body_buf, "{\"in\":{\"/a~\":{\"jwt\":\"***\"}},\"a\":\"b\"}");
	CHECK(strstr(head_buf, "PUT /x HTTP/1.1\r\n"));
	r.subject_place = STS_PLACE_HEADER;
	r.subject_field = "X-Subject";
	CHECK_INT(build(&r, false), STS_OK);
	CHECK(strstr(head_buf, "\r\nX-Subject: " SUBJECT "\r\n"));
	CHECK_STR(body_buf, "{\"a\":\"b\"}");
	r.subject_place = STS_PLACE_BODY;
	r.subject_field = "tok";
	r.body = STS_BODY_FORM;
	CHECK_INT(build(&r, true), STS_OK);
	CHECK_STR(body_buf, "tok=***&a=b");
}

static void custom_refused(void)
{
	static const struct {
		const char *method;
		enum sts_body body;
		enum sts_place place;
		const char *field;
	} rows[] = {
		{"GET", STS_BODY_FORM, STS_PLACE_QUERY, "t"},
		{"POST", STS_BODY_NONE, STS_PLACE_QUERY, "t"},
		{"GET", STS_BODY_NONE, STS_PLACE_BODY, "t"},
		{"POST", STS_BODY_FORM, STS_PLACE_POINTER, "/t"},
		{"POST", STS_BODY_FORM, STS_PLACE_HEADER, "Host"},
		{"POST", STS_BODY_FORM, STS_PLACE_HEADER, "a b"},
		{"POST", STS_BODY_FORM, STS_PLACE_BODY, "a\n"},
		{"POST", STS_BODY_JSON, STS_PLACE_POINTER, "/caf\xc3\xa9"},
		{"POST", STS_BODY_JSON, STS_PLACE_POINTER, "/a/b"}, /* a is a parameter too */
		{"POST", STS_BODY_FORM, STS_PLACE_BODY, "a"},
	};
	static const struct sts_field a = {S("a"), S("b")};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_request r = own(rows[i].method, rows[i].body, rows[i].place,
					   rows[i].field);

		r.params = &a;
		r.param_count = 1;
		CHECK_INT(build(&r, false), STS_EUSAGE);
		CHECK_INT(head.len + body.len, 0);
	}
	/* Both would be in the Authorization header. */
	struct sts_request r = own("POST", STS_BODY_FORM, STS_PLACE_BEARER, NULL);

	r.client_auth = STS_CLIENT_BASIC;
	r.client_id = r.client_secret = S("x");
	CHECK_INT(build(&r, false), STS_EUSAGE);
	CHECK(strstr(error.msg, "both are the Authorization header"));
	r.subject_place = STS_PLACE_HEADER;
	r.subject_field = "AUTHORIZATION";
	CHECK_INT(build(&r, false), STS_EUSAGE);
	r.subject_field = "X-Token";
	CHECK_INT(build(&r, false), STS_OK);

	r = exchange();
	r.method = "PUT";
	CHECK_INT(build(&r, false), STS_EUSAGE);
	CHECK(strstr(error.msg, "takes neither --method nor --subject-in"));
}

struct refusal {
	const char *protocol;
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
		{"aws",
		 {S("roll-arn"), S("ab")},
		 {{NULL}},
		 "roll-arn is none of protocol aws: did you mean role-arn?"},
		{"aws", {S("RoleArn"), S("x")}, {{NULL}}, "RoleArn is none of"},
		{"aws", {S("Action"), S("x")}, {{NULL}}, "Action is filled in"},
		{"gcp", {S("scope"), S("x")}, {{NULL}}, "audience is missing"},
		{"aws", {S("role-arn"), S("arn:a")}, {{NULL}}, "role-arn must have 20 to 2048"},
		{"aws", {S("role-arn"), S(ARN "?")}, {{NULL}}, "role-arn may have letters"},
		{"aws", {S("role-arn"), S("brn" ARN)}, {{NULL}}, "role-arn must look like arn:*"},
		{"aws", {S("role-session-name"), S("a")}, {{NULL}}, "must have 2 to 64 bytes"},
		{"aws", {S("role-session-name"), S("a b")}, {{NULL}}, "may have letters"},
		{"aws", {S("role-session-name"), S("a:b")}, {{NULL}}, "may have letters"},
		{"aws",
		 {S("role-session-name"),
		  S("abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz012")},
		 {{NULL}},
		 "must have 2 to 64 bytes"},
		{"aws", {S("duration-seconds"), S("899")}, {{NULL}}, "from 900 to 43200"},
		{"aws", {S("duration-seconds"), S("43201")}, {{NULL}}, "from 900 to 43200"},
		{"aws", {S("duration-seconds"), S("9x")}, {{NULL}}, "from 900 to 43200"},
		{"aws", {S("duration-seconds"), S("-900")}, {{NULL}}, "from 900 to 43200"},
		{"aws", {S("duration-seconds"), S("0900")}, {{NULL}}, "from 900 to 43200"},
		{"aws", {S("region"), S("eu-central-1")}, {{NULL}}, "region is a part of the URL"},
		{"gcp", {S("audience"), S("https://iam")}, {{NULL}}, "must look like //iam"},
		{"gcp", {S("resource"), S("x")}, {{NULL}}, "resource is none of protocol gcp"},
		{"gcp", {S("scope"), S("x")}, {{NULL}}, "audience is missing"},
		{"entra", {S("scope"), S("User.Read")}, {{NULL}}, "must look like */.default"},
		{"entra", {S("client_id"), S("a/b")}, {{NULL}}, "client_id may have letters"},
		{"anthropic", {S("federation_rule_id"), S("a b")}, {{NULL}}, "may have letters"},
		{"vault", {S("namespace"), S("a\tb\n")}, {{NULL}}, "namespace has a byte"},
		{"vault", {S("role"), S("ab")}, {S("x-vault-namespace"), S("x")}, "may not be set"},
		{"anthropic", {{NULL}}, {S("Anthropic-Beta"), S("x")}, "federation_rule_id is"},
		{"octo-sts", {S("scope"), S("a b")}, {{NULL}}, "scope may have letters"},
		{"octo-sts", {S("scope"), S("")}, {{NULL}}, "scope may have letters"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct sts_request r = request_of(rows[i].protocol,
						  "https://sts.example:8443/token");

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

	/* By itself it is an ordinary parameter. */
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
	r.client_secret.len -= 1; /* together with the id this is the most that is allowed */
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
	CHECK_INT(sts_request_build(&r, false, &head, &body, &error), STS_EREQUEST_TOOBIG);
	sts_text_init(&head, head_buf, sizeof(head_buf));
	sts_text_init(&body, body_buf, 40);
	CHECK_INT(sts_request_build(&r, false, &head, &body, &error), STS_EREQUEST_TOOBIG);

	/* This query does not fit into the request line. */
	r = own("GET", STS_BODY_NONE, STS_PLACE_BEARER, NULL);
	memset(value, 'a', sizeof(value));
	long_param.value = (struct sts_slice){value, sizeof(value)};
	r.params = &long_param;
	r.param_count = 1;
	CHECK_INT(build(&r, false), STS_EREQUEST_TOOBIG);
	long_param.value.len = 1000;
	CHECK_INT(build(&r, false), STS_OK);

	/* The STS is known to refuse these. */
	static const struct sts_field ids[] = {{S("federation_rule_id"), S("fdrl_1")},
					       {S("organization_id"), S("1")}};
	static char token[16 * 1024 + 1], large[20 * 1024];

	r = request_of("anthropic", "https://sts.example/");
	r.params = ids;
	r.param_count = 2;
	memset(token, 'a', sizeof(token));
	r.subject = (struct sts_slice){token, sizeof(token)};
	CHECK_INT(build(&r, false), STS_ESUBJECT_TOOBIG);
	CHECK_STR(error.msg, "the subject token has 16385 bytes, and the STS takes 16384");
	r.subject.len--;
	sts_text_init(&body, large, sizeof(large));
	sts_text_init(&head, head_buf, sizeof(head_buf));
	CHECK_INT(sts_request_build(&r, false, &head, &body, &error), STS_OK);
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
	{"parameters that are sent as headers", headers},
	{"lists, and a URL made of parameters", other_places},
	{"parameters in the query", query},
	{"a header, and a URL with a slash too many", header_and_url},
	{"parameters with numbers in their names", numbered},
	{"custom: what it sends", custom},
	{"custom: what is refused", custom_refused},
	{"refused before anything is sent", refusals},
	{"refused: parameters that are given twice, clients, bodies", more_refusals},
	{"which subject tokens may be sent", subjects},
	{"requests that are too big", too_big},
	{"which parameters are secrets", secret_names},
};

STS_TEST_MAIN(tests)
