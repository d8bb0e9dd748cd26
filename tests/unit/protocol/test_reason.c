/* SPDX-License-Identifier: Apache-2.0 */
#include "answer_input.h"

#include "base/shared_run.h"

static char big_body[160 * 1024];

/* Neither a piece of the subject token nor a JWT gets into a message or into sts_error. */
static void echoes(void)
{
	static const char *const bodies[] = {
		("{\"error\":\"access_denied\",\"error_description\":\"bad token " SUBJECT "!\"}"),
		("{\"error\":\"" SUBJECT "\",\"error_description\":\"no\"}"),
		("{\"error\":\"" SUBJECT "\"}"),
		"{\"error\":\"-0123456\",\"error_description\":\"x\"}",
		"{\"error\":\"a\",\"error_description\":\"-0123456\"}",
		"{\"error\":\"a\",\"error_description\":\"eyJhbGciOiJub25lIn0.e30.\"}",
		"{\"error\":\"eyJhbGciOiJub25lIn0.e30\"}",
		SUBJECT,
		("token " SUBJECT " is bad"),
		("{\"message\":\"" SUBJECT),
	};

	for (size_t i = 0; i < COUNT(bodies); i++)
		for (int status = 200; status < 600; status += 50) {
			CHECK(read_answer("token-exchange", status, bodies[i]) != STS_OK);
			CHECK(!sts_shares_run(sts_slice_of(error.msg), STS_SLICE(SUBJECT), 8));
			CHECK(!sts_shares_run(sts_slice_of(answer.sts_error), STS_SLICE(SUBJECT),
					      8));
			CHECK(!strstr(error.msg, "eyJ") && !strstr(answer.sts_error, "eyJ"));
			CHECK(strncmp(error.msg, "unexpected status ", 18) == 0 ||
			      (status >= 200 && status < 300));
		}
	CHECK_INT(read_answer("token-exchange", 403, bodies[0]), STS_EDENIED);
	CHECK_STR(error.msg,
		  "unexpected status 403: access_denied: (its words repeat a secret, and "
		  "are left out)");
	CHECK_STR(answer.sts_error, "access_denied");

	/* Seven bytes may be there by chance. A token that is shorter than that is left out as
	 * well. */
	CHECK_INT(read_answer("token-exchange", 403, "{\"error\":\"a\",\"message\":\"-012345\"}"),
		  STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403: a: -012345");
	prepare("token-exchange", 403, STS_SLICE("{\"message\":\"your pin 1234 is wrong\"}"));
	request.subject = STS_SLICE("1234");
	CHECK_INT(read_prepared(), STS_EDENIED);
	CHECK(!strstr(error.msg, "1234"));
	prepare("token-exchange", 403, STS_SLICE("{\"message\":\"fine\"}"));
	request.subject = (struct sts_slice){NULL, 0};
	CHECK_INT(read_prepared(), STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403: fine");
}

/* No piece of another secret that was sent gets into them either. */
static void other_echoes(void)
{
	static const struct sts_field params[] = {
		{STS_SLICE("actor_token"), STS_SLICE("actor-s3cret")},
		{STS_SLICE("a"), STS_SLICE("param-s3cret"), true},
		{STS_SLICE("b"), STS_SLICE("not-a-secret")},
		{STS_SLICE("c"), STS_SLICE("no"), true}};
	static const struct sts_field headers[] = {
		{STS_SLICE("X"), STS_SLICE("header-s3cret"), true}};
	static const char *const words[] = {"actor-s3cret", "param-s3cret", "header-s3cret",
					    "client-s3cret"};

	for (size_t i = 0; i < COUNT(words); i++) {
		char body[128];

		snprintf(body, sizeof(body), "{\"error\":\"%s\",\"message\":\"it is %s\"}",
			 words[i], words[i]);
		prepare("token-exchange", 400, sts_slice_of(body));
		CHECK_INT(read_prepared(), STS_EREFUSED);
		CHECK(strstr(error.msg, "s3cret"));
		prepare("token-exchange", 400, sts_slice_of(body));
		request.params = params;
		request.param_count = COUNT(params);
		request.headers = headers;
		request.header_count = COUNT(headers);
		request.client_secret = STS_SLICE("client-s3cret");
		CHECK_INT(read_prepared(), STS_ESTATUS);
		CHECK(!strstr(error.msg, "s3cret") && answer.sts_error[0] == '\0');
	}
	prepare("token-exchange", 400, STS_SLICE("{\"message\":\"no, it is not-a-secret\"}"));
	request.params = params;
	request.param_count = COUNT(params);
	CHECK_INT(read_prepared(), STS_EREFUSED);
	CHECK_STR(error.msg, "unexpected status 400: no, it is not-a-secret");
}

/* Secrets whose bytes are changed before they would be printed, and values in the URL's query. */
static void changed_echoes(void)
{
	static const struct sts_field params[] = {
		{STS_SLICE("a"), STS_SLICE("ab\\cd\\ef\\gh"), true},
		{STS_SLICE("b"), STS_SLICE("a  b  c  d  e"), true}};
	static const char *const words[] = {"ab\\\\cd\\\\ef\\\\gh", "a  b  c  d  e", "key-in-url",
					    "key%2Din%2Durl",       "k&y=in url",    "bare-in-url"};
	static struct sts_url url;

	CHECK_INT(sts_url_parse(STS_SLICE("https://a.example/k?key=key-in-url&b=k%26y%3Din%20url&"
					  "bare-in-url&v=1&"),
				&url, NULL),
		  STS_OK);
	for (size_t i = 0; i < COUNT(words); i++) {
		char body[128];

		snprintf(body, sizeof(body), "{\"message\":\"it is %s\"}", words[i]);
		prepare("token-exchange", 400, sts_slice_of(body));
		CHECK_INT(read_prepared(), STS_EREFUSED);
		CHECK(strstr(error.msg, "it is"));
		prepare("token-exchange", 400, sts_slice_of(body));
		request.params = params;
		request.param_count = COUNT(params);
		request.url = &url;
		CHECK_INT(read_prepared(), STS_EREFUSED);
		CHECK_STR(error.msg, "unexpected status 400: (its words repeat a secret, and are "
				     "left out)");
	}
	prepare("token-exchange", 400, STS_SLICE("{\"message\":\"v=1 at /k of a.example\"}"));
	request.url = &url;
	CHECK_INT(read_prepared(), STS_EREFUSED);
	CHECK_STR(error.msg, "unexpected status 400: v=1 at /k of a.example");
}

#define TEN "abcdefghij"

/* Some refusals do not say whether a parameter of the URL is wrong: the message asks. */
static void doubtful_parameter(void)
{
	static const struct sts_field params[] = {{STS_SLICE("mount"), STS_SLICE("auth/team")}};
	static const struct sts_field workspace[] = {
		{STS_SLICE("workspace_id"), STS_SLICE("default")}};
	static const struct {
		int status;
		const char *words, *tail;
	} rows[] = {
		{403, "permission denied", " (is mount=auth/team right?)"},
		{400, "missing client token", " (is mount=auth/team right?)"},
		{404, "permission denied", ""},
		{400, "role \\\"app\\\" could not be found", ""},
		{503, "permission denied", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sts_text text;

		sts_text_init(&text, big_body, sizeof(big_body));
		sts_text_addf(&text, "{\"errors\":[\"%s\"]}", rows[i].words);
		prepare("vault", rows[i].status, (struct sts_slice){text.data, text.len});
		request.url_template = sts_protocol_text(input.protocol, STS_PROTOCOL_URL);
		request.params = params;
		request.param_count = 1;
		read_prepared();
		size_t tail = strlen(rows[i].tail), len = strlen(error.msg);
		CHECK(len > tail && (tail || !strchr(error.msg, '=')));
		CHECK_STR(error.msg + len - tail, rows[i].tail);
	}
	prepare("vault", 403, STS_SLICE("{\"errors\":[\"permission denied\"]}"));
	request.url_template = sts_protocol_text(input.protocol, STS_PROTOCOL_URL);
	read_prepared();
	CHECK_STR(error.msg, "unexpected status 403: permission denied (is mount=jwt right?)");
	/* A long value is cut. */
	static const struct sts_field long_mount = {STS_SLICE("mount"),
						    STS_SLICE(TEN TEN TEN TEN TEN TEN "x")};
	request.params = &long_mount;
	request.param_count = 1;
	read_prepared();
	CHECK_STR(error.msg,
		  "unexpected status 403: permission denied (is mount=" TEN TEN TEN TEN TEN TEN
		  " right?)");
	/* The user gave the whole URL. */
	request.url_template = NULL;
	read_prepared();
	CHECK_STR(error.msg, "unexpected status 403: permission denied");
	/* A parameter of the body is asked about also where the user gave the URL. */
	prepare("anthropic", 401,
		STS_SLICE("{\"error\":{\"type\":\"authentication_error\",\"message\":"
			  "\"Authentication failed\"}}"));
	CHECK_INT(read_prepared(), STS_EUNAUTHORIZED);
	CHECK_STR(error.msg, "unexpected status 401: authentication_error: Authentication failed "
			     "(or is workspace_id missing?)");
	request.params = workspace;
	request.param_count = 1;
	CHECK_INT(read_prepared(), STS_EUNAUTHORIZED);
	CHECK(strstr(error.msg, " (is workspace_id=default right?)"));
}

static void escaped_and_cut(void)
{
	CHECK_INT(
		read_answer("token-exchange", 403,
			    "{\"error\":\"a b\",\"message\":\"\\u001b[31m%s%n\\r\\nlevel=info\"}"),
		STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403: \\x1B[31m%s%n level=info");
	CHECK_INT(
		read_answer("vault", 403,
			    "{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}"),
		STS_EUNAUTHORIZED);
	CHECK_STR(error.msg, "unexpected status 403: 1 error occurred: * permission denied");
	CHECK_INT(read_answer("custom", 403, "\xc2\xa0[\"no words\"]"), STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403");
	CHECK_INT(read_answer("custom", 403, "{\"message\":\" \\n\"}"), STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403");

	memset(big_body, 'w', sizeof(big_body));
	prepare("token-exchange", 500, (struct sts_slice){big_body, sizeof(big_body)});
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_INT(strlen(error.msg), strlen("unexpected status 500: ") + 160);
	CHECK(strstr(error.msg, "www...www"));

	CHECK_INT(read_answer("token-exchange", 400, "{\"error\":\" a.b\\n\"}"), STS_EREFUSED);
	CHECK_STR(answer.sts_error, "a.b");

	/* A code has the greatest length, and then one byte more. */
	CHECK_INT(read_answer("token-exchange", 400,
			      "{\"error\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"),
		  STS_EREFUSED);
	CHECK_INT(strlen(answer.sts_error), STS_CODE_MAX_BYTES - 1);
	CHECK_INT(read_answer("token-exchange", 400,
			      "{\"error\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}"),
		  STS_ESTATUS);
	CHECK_STR(answer.sts_error, "");
}

/* A row of the tables below: the status is 400, and the protocol is token-exchange. */
struct row {
	struct sts_slice body;
	const char *msg; /* behind "unexpected status 400" */
};

static void check_row(const struct row *row)
{
	size_t skipped = strlen("unexpected status 400");

	read_prepared();
	CHECK_STR(error.msg + skipped, row->msg);
	/* What stands first is the code, unless it is more than a word. */
	struct sts_slice rest = sts_slice_of(row->msg[0] ? row->msg + 2 : ""),
			 code = sts_slice_cut(&rest, ':');

	if (!sts_slice_has_only(code, "_.-") || sts_slice_eq(code, "XML"))
		code.len = 0;
	CHECK(sts_slice_eq(code, answer.sts_error));
}

#define GRANT "\"error\":\"invalid_grant\""

/* Broken JSON keeps what can be read of it. */
static void broken_json(void)
{
	static const struct row rows[] = {
		{STS_SLICE("{" GRANT ",\"error_description\":\"caf\xe9 is not known\"}"),
		 ": invalid_grant: caf\\xE9 is not known"},
		{STS_SLICE("{\"error_description\":\"a\tb\n c\"," GRANT "}"),
		 ": invalid_grant: a b c"},
		{STS_SLICE("{" GRANT ",\"error_description\":\"half \\ud83d of it\"}"),
		 ": invalid_grant: half \\xEF\\xBF\\xBD of it"},
		{STS_SLICE("{" GRANT ",\"error_description\":\"\\udc00 \\u00e9\\u0041 \\u20AC\",}"),
		 ": invalid_grant: \\xEF\\xBF\\xBD \\xC3\\xA9A \\xE2\\x82\\xAC"},
		{STS_SLICE("{" GRANT ",}"), ": invalid_grant"},
		{STS_SLICE("{,,\"x\":[1,],\"error\":\"invalid_grant\" \"message\":\"no comma\"}"),
		 ": invalid_grant: no comma"},
		{STS_SLICE("\xff\xfe {\"x\":\"\0\"," GRANT "}"), ": invalid_grant"},
		{STS_SLICE("{\"x\":NaN,\"y\":'it',\"z\":+.5," GRANT "}"), ": invalid_grant"},
		{STS_SLICE("{" GRANT ",\"error_description\":\"the \"aud\" is bad\"}"),
		 ": invalid_grant: the"},
		{STS_SLICE("{\"x\":\"\\u00zz\\q\\\"\",\"e\\u0072ror\":\"invalid\\u005fgrant\"}}]"),
		 ": invalid_grant"},
		{STS_SLICE("{" GRANT "} {\"message\":\"two documents\"}"),
		 ": invalid_grant: two documents"},
		/* The places of the table: nested ones, and elements of arrays. */
		{STS_SLICE("{\"error\":{\"code\":\"quota\",\"message\":\"no more\",},}"),
		 ": quota: no more"},
		{STS_SLICE("{\"error\":{\"code\":7,\"x\":{\"status\":\"inner\"},\"status\":"
			   "\"OUTER\"},}"),
		 ": OUTER"},
		{STS_SLICE("{\"errors\":[ \"first one\",\"second\"],}"), ": first one"},
		{STS_SLICE("{\"errors\":[[\"inner\"],\"second\"],}"), ""},
		{STS_SLICE("{\"errors\":[null,\"second\"],}"), ""},
		{STS_SLICE("{\"x\":{\"error\":\"inner\"},\"y\":[\"error\",\"code\"],}"), ""},
		{STS_SLICE("[{\"error\":\"inner\"},]"), ""},
		{STS_SLICE("{\"errorx\":\"longer\",\"erro\":\"shorter\",\"Error\":\"other\",}"),
		 ""},
		{STS_SLICE("{\"error\":{\"error\":\"deeper\"},}"), ""},
		/* A code twice. */
		{STS_SLICE("{" GRANT "," GRANT "}"), ": invalid_grant"},
		{STS_SLICE("{" GRANT ",\"error\":null,}"), ": invalid_grant"},
		{STS_SLICE("{" GRANT ",\"error\":\"server_error\",\"code\":\"x\"}"), ""},
		{STS_SLICE("{" GRANT ",\"error\":5,\"message\":\"two of them\"}"), ": two of them"},
		{STS_SLICE("{\"error\":{\"code\":\"x\"}," GRANT "}"), ""},
		{STS_SLICE("{\"message\":\"one of them\",\"message\":\"another\"}"),
		 ": one of them"},
		/* The text ends too early. */
		{STS_SLICE("{\"error\":\"invalid_gr"), ""},
		{STS_SLICE("{\"error\":\"invalid_grant\\"), ""},
		{STS_SLICE("{\"error\":\"invalid_grant\""), ": invalid_grant"},
		{STS_SLICE("{" GRANT ",\"error_description\":\"the subj"),
		 ": invalid_grant: the subj"},
		{STS_SLICE("{" GRANT ",\"error_desc"), ": invalid_grant"},
		/* What is no code is words, as in a sound document. */
		{STS_SLICE("{\"error\":\"Not \xe9\",}"), ": Not \\xE9"},
		{STS_SLICE("{\"error\":\"in\xe9valid\",}"), ": in\\xE9valid"},
		{STS_SLICE("{\"error\":\"" SUBJECT "\",}"),
		 ": (its words repeat a secret, and are left out)"},
		{STS_SLICE("{" GRANT ",\"error_description\":\"\xe9" SUBJECT "\"}"),
		 ": invalid_grant: (its words repeat a secret, and are left out)"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare("token-exchange", 400, rows[i].body);
		check_row(&rows[i]);
	}
	CHECK_INT(read_answer("token-exchange", 400, "{\"error\":\"server_error\",}"), STS_EBUSY);
	CHECK_INT(read_answer("token-exchange", 400, "{" GRANT ",}"), STS_EREFUSED);
	CHECK_INT(read_answer("token-exchange", 400, "{\"message\":\"a\tb\"}"), STS_EREFUSED);
	/* A 2xx stays strict. */
	CHECK_INT(read_answer("token-exchange", 200, "{\"error\":\"access_denied\",}"), STS_EJSON);
	CHECK_STR(answer.sts_error, "");
}

/* Nesting may be of any depth, and brackets need not match. */
static void large_json(void)
{
	static const char start[] = "{\"x\":[", end[] = ",\"error\":\"invalid_grant\"}";
	const size_t half = 70000, begin = sizeof(start) - 1;

	memset(big_body, '[', sizeof(big_body));
	prepare("token-exchange", 400, (struct sts_slice){big_body, sizeof(big_body)});
	CHECK_INT(read_prepared(), STS_ESTATUS);

	memcpy(big_body, start, begin);
	memset(big_body + begin, '[', half);
	memset(big_body + begin + half, '}', half + 1);
	memcpy(big_body + begin + 2 * half + 1, end, sizeof(end));
	prepare("token-exchange", 400, sts_slice_of(big_body));
	CHECK_INT(read_prepared(), STS_EREFUSED);
	CHECK_STR(answer.sts_error, "invalid_grant");
}

/* AWS's XML is read up to the place where it is broken. */
static void broken_xml(void)
{
#define AWS "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>"
	static const struct row rows[] = {
		{STS_SLICE(AWS "caf\xe9</Message></Error></ErrorResponse>"),
		 ": AccessDenied: caf\\xC3\\xA9"},
		{STS_SLICE(AWS "no & yes</Message></Error></ErrorResponse>"), ": AccessDenied: no"},
		{STS_SLICE("\xef\xbb\xbf" AWS "no\0</Message></Error></ErrorResponse>"),
		 ": AccessDenied: no\\x00"},
		{STS_SLICE(AWS "<![CDATA[no]]></Message></Error></ErrorResponse>"),
		 ": AccessDenied: no"},
		{STS_SLICE("<a:ErrorResponse xmlns:a='b'><a:Error><a:Code>AccessDenied</a:Code>"),
		 ": AccessDenied"},
		{STS_SLICE(AWS "not allo"), ": AccessDenied"},
		{STS_SLICE("<ErrorResponse><Error><Code>Acc"), ": XML"},
		{STS_SLICE("<ErrorResponse><Error><Code>Access&nbsp;Denied</Code>"), ": XML"},
		{STS_SLICE("<html><Error><Code>AccessDenied</Code></Error></html>"),
		 ": a web page"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare("aws", 400, rows[i].body);
		check_row(&rows[i]);
	}
}

/* A web page is named by its title, and is not taken for the STS's words. */
static void pages(void)
{
	static const struct row rows[] = {
		{STS_SLICE("<!DOCTYPE html><html><head><TITLE lang=x>\n Attention  Required! "
			   "</TITLE>"),
		 ": a web page \"Attention Required!\""},
		{STS_SLICE("<html><title>Sign in</html>"), ": a web page \"Sign in\""},
		{STS_SLICE("<html><title></title>"), ": a web page"},
		{STS_SLICE("<html><title"), ": a web page"},
		{STS_SLICE("<html><p>title>x</p><titl"), ": a web page"},
		{STS_SLICE("<html><title>" SUBJECT "</title>"),
		 ": a web page \"(its words repeat a secret, and are left out)\""},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (int status = 400; status <= 404; status++) {
			prepare("token-exchange", status, rows[i].body);
			CHECK_INT(read_prepared(), status == 404 ? STS_ENOTFOUND : STS_EHTML);
			CHECK_STR(error.msg + strlen("unexpected status 400"), rows[i].msg);
			CHECK_STR(answer.sts_error, "");
		}
}

/* Of words that are too long, a long sentence before others goes first, and then the middle. */
static void long_words(void)
{
#define FIXED \
	"The provided authorization grant (e.g., authorization code, resource owner credentials) " \
	"or refresh token is invalid, expired, revoked, does not match the redirection URI."
	static const struct row rows[] = {
		{STS_SLICE("{\"message\":\"" FIXED " The audience is wrong.\"}"),
		 ": The audience is wrong."},
		{STS_SLICE("{\"message\":\"" FIXED "\"}"),
		 ": The provided authorization grant (e.g., authorization code, resource owner "
		 "crede...fresh token is invalid, expired, revoked, does not match the "
		 "redirection URI."},
		{STS_SLICE("{\"message\":\"No. " FIXED "\"}"),
		 ": No. The provided authorization grant (e.g., authorization code, resource owner "
		 "c...fresh token is invalid, expired, revoked, does not match the redirection "
		 "URI."},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare("token-exchange", 400, rows[i].body);
		CHECK_INT(read_prepared(), STS_EREFUSED);
		CHECK(strlen(error.msg) <= strlen("unexpected status 400: ") + 160);
		CHECK_STR(error.msg + strlen("unexpected status 400"), rows[i].msg);
	}
}

/* Headers and the request explain some statuses. */
static void explained_statuses(void)
{
	prepare("token-exchange", 405, STS_SLICE(""));
	head.allow = STS_SLICE("GET, HEAD");
	CHECK_INT(read_prepared(), STS_ESTATUS);
	CHECK_STR(error.msg, "unexpected status 405; it allows GET, HEAD");
	prepare("token-exchange", 429, STS_SLICE("slow"));
	head.retry_after = STS_SLICE("86400");
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_STR(error.msg, "unexpected status 429: slow; Retry-After: 86400");
	prepare("token-exchange", 415, STS_SLICE(""));
	request.body = STS_BODY_FORM;
	CHECK_INT(read_prepared(), STS_ESTATUS);
	CHECK_STR(error.msg, "unexpected status 415; the request's body was a form");
	prepare("token-exchange", 200,
		STS_SLICE("{\"issuer\":\"https://a.example\",\"token_endpoint\":"
			  "\"https://a.example/t\"}"));
	CHECK_INT(read_prepared(), STS_EANSWER);
	CHECK_INT(error.detail, STS_ANSWER_DISCOVERY);
	CHECK_STR(error.msg,
		  "the answer (status 200) has no access_token: it is a discovery document, "
		  "with the token_endpoint https://a.example/t");
	prepare("token-exchange", 200, STS_SLICE("welcome"));
	head.content_type = STS_SLICE("text/plain");
	CHECK_INT(read_prepared(), STS_EJSON);
	CHECK_STR(error.msg, "the answer (status 200) is not usable JSON: no JSON value at "
			     "byte 0; Content-Type: text/plain");
}

/* WWW-Authenticate says what the body does not say. */
static void challenges(void)
{
#define BEARER \
	"Bearer realm=\"a, b\", error=\"invalid_token\", error_description=\"no \\\"aud\\\"\""
	static const struct {
		const char *header, *second, *body, *msg;
	} rows[] = {
		{BEARER, "", "", ": invalid_token: no \"aud\""},
		{BEARER, "", "bad", ": invalid_token: bad"},
		{BEARER, "", "{\"error\":\"a.b\"}", ": a.b: no \"aud\""},
		{BEARER, "", "{\"error\":\"a.b\",\"message\":\"c d\"}", ": a.b: c d"},
		{BEARER, "", "{\"error\":\"Not Found\"}", ": invalid_token: Not Found"},
		{BEARER, "", "<html>", ": invalid_token: no \"aud\""},
		{"bearer ERROR = invalid_token ,Error_Description=\tno", "", "",
		 ": invalid_token: no"},
		{"Basic realm=\"x\", DPoP error=\"use_dpop_nonce\", algs=\"ES256\"", "", "",
		 ": use_dpop_nonce"},
		{"Negotiate YII=, Bearer", BEARER, "", ": invalid_token: no \"aud\""},
		{"Bearer error_description=\"only words\"", BEARER, "", ": only words"},
		{"Bearer error=\"first.one\", DPoP error=\"second\", error_description=\"x\"", "",
		 "", ": first.one"},
		{"Bearer error=\"aa\", error=\"bb\"", "", "",
		 "; WWW-Authenticate: Bearer error=\"aa\", error=\"bb\""},
		{"Bearer error=\"aa\", error=aa", "", "", ": aa"},
		{"Bearer realm=\"error=\\\"x\\\", error=y\"", "", "",
		 "; WWW-Authenticate: Bearer realm=\"error=\\\\\"x\\\\\", error=y\""},
		{"Bearer xerror=\"aa\", errors=\"bb\"", "", "",
		 "; WWW-Authenticate: Bearer xerror=\"aa\", errors=\"bb\""},
		{"Bearer error=\"not a code\"", "", "", ": not a code"},
		{"Bearer error=\"\", error_description=\"\xe9\\\"", "", "", ": \\xE9\""},
		{"Bearer error=\"" SUBJECT "\"", "", "",
		 ": (its words repeat a secret, and are left out)"},
		{"Bearer error=\"aa\", error_description=\"it is " SUBJECT "\"", "", "",
		 ": aa: (its words repeat a secret, and are left out)"},
		{",,= \"x\" == , error=aa", "", "", ": aa"},
		{"=", "\"", "", "; WWW-Authenticate: ="},
		{"Bearer error=", "", "", "; WWW-Authenticate: Bearer error="},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		prepare("token-exchange", 401, sts_slice_of(rows[i].body));
		head.challenge = head.challenges[0] = sts_slice_of(rows[i].header);
		head.challenges[1] = sts_slice_of(rows[i].second);
		CHECK_INT(read_prepared(), STS_EUNAUTHORIZED);
		CHECK_STR(error.msg + strlen("unexpected status 401"), rows[i].msg);
	}
	prepare("token-exchange", 403, STS_SLICE(""));
	head.challenges[0] = STS_SLICE("Bearer error=temporarily_unavailable");
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_STR(answer.sts_error, "temporarily_unavailable");
	prepare("token-exchange", 200, STS_SLICE("{}"));
	head.challenges[0] = STS_SLICE("Bearer error=access_denied");
	CHECK_INT(read_prepared(), STS_EANSWER);
	CHECK_STR(answer.sts_error, "");
}

static const struct sts_test tests[] = {
	{"pieces of the subject token are left out", echoes},
	{"pieces of other secrets are left out", other_echoes},
	{"secrets that a message would change, and those in the URL", changed_echoes},
	{"words of the peer are escaped and cut", escaped_and_cut},
	{"a parameter that may be wrong", doubtful_parameter},
	{"broken JSON keeps its reason", broken_json},
	{"deep and long JSON", large_json},
	{"broken XML keeps its reason", broken_xml},
	{"web pages", pages},
	{"long words", long_words},
	{"what explains a status", explained_statuses},
	{"WWW-Authenticate", challenges},
};

STS_TEST_MAIN(tests)
