/* SPDX-License-Identifier: Apache-2.0 */
#include "output/outputs.h"

#include <stdlib.h>

#include "json_xml/json.h"
#include "test.h"

#define TIME_S 1768234289 /* 2026-01-12T16:11:29Z */

static char memory[STS_OUTPUTS_MAX_BYTES];
static struct sts_slice files[STS_OUTPUT__COUNT];
static struct sts_error error;

/* The protocols stand here in the order of their table, which a test checks. */
#define gives_token (*sts_protocol_find(STS_SLICE("token-exchange")))
#define gives_aws   (*sts_protocol_find(STS_SLICE("aws")))

static enum sts_err format(const struct sts_answer *answer, unsigned outputs)
{
	struct sts_text text;

	memset(files, 0x55, sizeof(files));
	sts_text_init(&text, memory, sizeof(memory));
	error = (struct sts_error){0};
	return sts_outputs_format(answer, outputs, &text, files, &error);
}

static struct sts_answer aws(const char *key_id, const char *secret, const char *session)
{
	return (struct sts_answer){.token = sts_slice_of(session),
				   .aws_key_id = sts_slice_of(key_id),
				   .aws_secret = sts_slice_of(secret),
				   .expires_s = TIME_S};
}

static bool is(enum sts_output output, const char *want)
{
	if (sts_slice_eq(files[output], want))
		return true;
	printf("# %.*s\n", (int)files[output].len, files[output].data);
	return false;
}

static void test_token(void)
{
	struct sts_answer a = {.token = STS_SLICE("a.b.c"), .expires_s = TIME_S};

	CHECK_INT(format(&a, STS_WRITE_TOKEN | STS_WRITE_EXPIRES | STS_WRITE_THUMBPRINT |
				     STS_WRITE_JSON | STS_WRITE_GCP_EXECUTABLE),
		  STS_OK);
	CHECK(is(STS_OUTPUT_TOKEN, "a.b.c"));
	CHECK(is(STS_OUTPUT_EXPIRES, "")); /* the store writes it */
	CHECK(is(STS_OUTPUT_THUMBPRINT, ""));
	CHECK(is(STS_OUTPUT_JSON, "{\"token\":\"a.b.c\",\"expires\":\"2026-01-12T16:11:29Z\","
				  "\"expires_s\":1768234289}"));
	CHECK(is(STS_OUTPUT_GCP_EXECUTABLE,
		 "{\"version\":1,\"success\":true,"
		 "\"token_type\":\"urn:ietf:params:oauth:token-type:jwt\","
		 "\"id_token\":\"a.b.c\",\"expiration_time\":1768234289}"));
	CHECK(is(STS_OUTPUT_AWS_CREDENTIALS, ""));
	CHECK(is(STS_OUTPUT_AWS_PROCESS, ""));

	a.has_thumbprint = true;
	memset(a.thumbprint, 0xa5, sizeof(a.thumbprint));
	CHECK_INT(format(&a, STS_WRITE_THUMBPRINT), STS_OK);
	CHECK(is(STS_OUTPUT_THUMBPRINT,
		 "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5"));
	CHECK(is(STS_OUTPUT_TOKEN, ""));
}

static void test_aws(void)
{
	struct sts_answer a = aws("ASIAEXAMPLE", "se/cr+et=", "ses_si-on.tok~en");

	CHECK_INT(format(&a, STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS), STS_OK);
	CHECK(is(STS_OUTPUT_AWS_CREDENTIALS, "[default]\n"
					     "aws_access_key_id=ASIAEXAMPLE\n"
					     "aws_secret_access_key=se/cr+et=\n"
					     "aws_session_token=ses_si-on.tok~en\n"));
	CHECK(is(STS_OUTPUT_AWS_PROCESS,
		 "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"se/cr+et=\","
		 "\"SessionToken\":\"ses_si-on.tok~en\",\"Expiration\":\"2026-01-12T16:11:29Z\"}"));
	CHECK(is(STS_OUTPUT_TOKEN, ""));
	CHECK(is(STS_OUTPUT_JSON, ""));
}

/* A token may have any printable byte. It is escaped in JSON and comes back the same. */
static void test_escapes(void)
{
	struct sts_answer a = {.token = STS_SLICE("a\"b\\c/<&'}]$T%s"), .expires_s = TIME_S};
	const struct sts_json *root, *v;
	struct sts_slice s;

	CHECK_INT(format(&a, STS_WRITE_TOKEN | STS_WRITE_JSON | STS_WRITE_GCP_EXECUTABLE), STS_OK);
	CHECK(is(STS_OUTPUT_TOKEN, "a\"b\\c/<&'}]$T%s"));
	CHECK(is(STS_OUTPUT_JSON, "{\"token\":\"a\\\"b\\\\c/<&'}]$T%s\",\"expires\":\""
				  "2026-01-12T16:11:29Z\",\"expires_s\":1768234289}"));
	CHECK_INT(sts_json_parse(files[STS_OUTPUT_GCP_EXECUTABLE], &root, &error), STS_OK);
	CHECK_INT(sts_json_at(root, "/id_token", &v, &error), STS_OK);
	CHECK(sts_json_string(v, &s) && sts_slice_eq(s, "a\"b\\c/<&'}]$T%s"));
	sts_json_close();
}

/* One reader or another would not take these for a value. */
static const char *const hostile[] = {
	"",
	"x\ncredential_process=touch /tmp/run",
	"x\ncredential_process=touch",
	"x\rcredential_process=touch",
	"x\r\n[profile p]",
	"x\n",
	"\nx",
	"x y",
	" x",
	"x ",
	"x\ty",
	"x\vy",
	"x\fy",
	"x\033[2J",
	"x\177",
	"x\302\240y",
	"x\342\200\250y",
	"x\377",
	"x\001",
	"[default]",
	"x]",
	"\"x\"",
	"'x'",
	"x\\",
	"x;comment",
	"#x",
	"x#y",
	"${HOME}",
	"%(x)s",
	"x:y",
	"x,y",
	"{\"a\":1}",
	"<x>",
	"x&y",
	"`id`",
};

static void test_hostile_aws(void)
{
	unsigned both = STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++)
		for (int place = 0; place < 3; place++)
			for (unsigned outputs = 1; outputs < 1u << STS_OUTPUT__COUNT; outputs++) {
				struct sts_answer a = aws(place == 0 ? hostile[i] : "k",
							  place == 1 ? hostile[i] : "s",
							  place == 2 ? hostile[i] : "t");

				if (!(outputs & both))
					continue;
				CHECK_INT(format(&a, outputs), STS_ETOKEN);
				CHECK(hostile[i][0] == '\0' || !strstr(error.msg, hostile[i]));
			}
	struct sts_answer nul = aws("k", "s", "t");
	nul.token = STS_SLICE("t\0t");
	CHECK_INT(format(&nul, both), STS_ETOKEN);
	nul.token = STS_SLICE("t\0");
	CHECK_INT(format(&nul, both), STS_ETOKEN);
	/* The answer of a protocol that gives a token has no credentials. */
	struct sts_answer none = {.token = STS_SLICE("a.b.c"), .expires_s = TIME_S};
	CHECK_INT(format(&none, STS_WRITE_AWS_CREDENTIALS), STS_ETOKEN);
}

static void test_hostile_token(void)
{
	for (size_t i = 0; i < 19; i++) {
		struct sts_answer a = {.token = sts_slice_of(hostile[i]), .expires_s = TIME_S};

		for (unsigned outputs = 0; outputs < 1u << STS_OUTPUT__COUNT; outputs++)
			CHECK_INT(format(&a, outputs), STS_ETOKEN);
	}
}

/* The largest token that is allowed fits whatever its bytes are. With one byte more it is
 * refused. */
static void test_sizes(void)
{
	static char big[STS_TOKEN_MAX_BYTES + 1];
	struct sts_answer a = {.token = {big, STS_TOKEN_MAX_BYTES}, .expires_s = INT64_MAX};

	memset(big, '"', sizeof(big));
	CHECK_INT(format(&a, STS_WRITE_JSON | STS_WRITE_GCP_EXECUTABLE), STS_OK);
	CHECK(files[STS_OUTPUT_JSON].len > 2 * STS_TOKEN_MAX_BYTES);
	a.token.len++;
	CHECK_INT(format(&a, STS_WRITE_JSON), STS_ETOKEN);

	memset(big, 'x', sizeof(big));
	a = aws("k", "s", "");
	a.token = (struct sts_slice){big, STS_TOKEN_MAX_BYTES - 2};
	CHECK_INT(format(&a, STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS), STS_OK);
	a.token.len++;
	CHECK_INT(format(&a, STS_WRITE_AWS_CREDENTIALS), STS_ETOKEN);

	/* If the memory is too small, that is an error of the program, and the file is not cut. */
	struct sts_answer small = {.token = STS_SLICE("a.b.c"), .expires_s = TIME_S};
	char few[8];
	struct sts_text text;
	sts_text_init(&text, few, sizeof(few));
	CHECK_INT(sts_outputs_format(&small, STS_WRITE_JSON, &text, files, &error), STS_EBUG);
}

static void test_choose(void)
{
	const struct {
		const struct sts_protocol *protocol;
		const char *words;
		unsigned want; /* 0: STS_EUSAGE */
	} rows[] = {
		{&gives_token, "token", STS_WRITE_TOKEN},
		{&gives_token, "token,expires", STS_WRITE_TOKEN | STS_WRITE_EXPIRES},
		{&gives_token, "expires", STS_WRITE_EXPIRES},
		{&gives_token, "json,gcp-executable,json",
		 STS_WRITE_JSON | STS_WRITE_GCP_EXECUTABLE},
		{&gives_aws, "aws-credentials,aws-process,expires",
		 STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS | STS_WRITE_EXPIRES},
		{&gives_token, "aws-process", 0},
		{&gives_token, "token,aws-credentials", 0},
		{&gives_aws, "token", 0},
		{&gives_aws, "json", 0},
		{&gives_aws, "gcp-executable", 0},
		{&gives_token, "", 0},
		{&gives_token, ",", 0},
		{&gives_token, "token,", 0},
		{&gives_token, ",token", 0},
		{&gives_token, "token,,json", 0},
		{&gives_token, "token, json", 0},
		{&gives_token, "TOKEN", 0},
		{&gives_token, "thumbprint", 0},
		{&gives_token, "token.jwt", 0},
		{&gives_token, "jso", 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned outputs;
		enum sts_err err = sts_outputs_choose(rows[i].protocol, "write", rows[i].words,
						      &outputs, &error);

		CHECK_INT(err, rows[i].want ? STS_OK : STS_EUSAGE);
		if (rows[i].want)
			CHECK_INT(outputs, rows[i].want);
		else
			CHECK(strncmp(error.msg, "--write: ", 9) == 0);
	}
}

static void test_choose_messages(void)
{
	unsigned outputs;

	CHECK_INT(sts_outputs_choose(&gives_token, "write", "jwt\n", &outputs, &error), STS_EUSAGE);
	CHECK_STR(error.msg, "--write: \"jwt\\x0A\" is none of token, expires, json, "
			     "aws-credentials, aws-process, gcp-executable");
	CHECK_INT(sts_outputs_choose(&gives_aws, "format", "json", &outputs, &error), STS_EUSAGE);
	CHECK(strncmp(error.msg, "--format: protocol aws gives no json; these do: openunison ",
		      58) == 0);
	/* The list has all protocols. */
	const char *last = "";
	for (size_t i = 0; i < sts_protocol_count; i++)
		if (!(sts_protocols[i].write & (STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS)))
			last = sts_protocol_text(&sts_protocols[i], STS_PROTOCOL_NAME);
	CHECK(strlen(error.msg) > strlen(last) &&
	      strcmp(error.msg + strlen(error.msg) - strlen(last), last) == 0);
}

/* Each protocol can give what its default names. */
static void test_defaults(void)
{
	CHECK(!(gives_token.write & STS_WRITE_AWS_CREDENTIALS));
	CHECK(gives_aws.write & STS_WRITE_AWS_CREDENTIALS);
	for (size_t i = 0; i < sts_protocol_count; i++) {
		const struct sts_protocol *protocol = &sts_protocols[i];
		unsigned aws_bits = STS_WRITE_AWS_CREDENTIALS | STS_WRITE_AWS_PROCESS;

		CHECK(protocol->write & STS_WRITE_EXPIRES);
		CHECK(protocol->write & STS_OUTPUTS_TOKEN);
		CHECK(!(protocol->write & STS_WRITE_TOKEN) == !!(protocol->write & aws_bits));
		CHECK(!(protocol->write >> STS_OUTPUT__COUNT));
	}
}

static const struct sts_test tests[] = {
	{"the files of a token", test_token},
	{"files of AWS credentials", test_aws},
	{"which bytes JSON escapes", test_escapes},
	{"hostile AWS credentials", test_hostile_aws},
	{"hostile tokens", test_hostile_token},
	{"how large values may be", test_sizes},
	{"which files may be chosen", test_choose},
	{"what is said of a choice that is refused", test_choose_messages},
	{"the defaults of the protocols", test_defaults},
};

int main(void)
{
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
