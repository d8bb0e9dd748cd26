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
			CHECK(!sts_shares_run(sts_slice_of(error.msg), STS_SLICE(SUBJECT), 8,
					      false));
			CHECK(!sts_shares_run(sts_slice_of(answer.sts_error), STS_SLICE(SUBJECT), 8,
					      false));
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
		STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403: 1 error occurred: * permission denied");
	CHECK_INT(read_answer("custom", 403, "{\"message\":\" \\n\"}"), STS_EDENIED);
	CHECK_STR(error.msg, "unexpected status 403");

	memset(big_body, 'w', sizeof(big_body));
	prepare("token-exchange", 500, (struct sts_slice){big_body, sizeof(big_body)});
	CHECK_INT(read_prepared(), STS_EBUSY);
	CHECK_INT(strlen(error.msg), strlen("unexpected status 500: ") + 120);
	CHECK_STR(error.msg + strlen(error.msg) - 4, "w...");

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

static const struct sts_test tests[] = {
	{"pieces of the subject token are left out", echoes},
	{"pieces of other secrets are left out", other_echoes},
	{"words of the peer are escaped and cut", escaped_and_cut},
};

STS_TEST_MAIN(tests)
