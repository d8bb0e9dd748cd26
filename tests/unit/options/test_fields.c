/* SPDX-License-Identifier: Apache-2.0 */
#include "options/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "argv.h"
#include "options/unknown.h"
#include "test.h"

#define URL "https://sts.example/token"

static char dir[] = "/tmp/sts-fields-XXXXXX";
static struct sts_options o;
static struct sts_fields f;
static struct sts_fields_files files;
static struct sts_error e;

static enum sts_err make_for(enum sts_command command, char *const *argv,
			     struct sts_fields_files *memory)
{
	char warning[128];

	memset(&e, 0, sizeof(e));
	files.used = 0;
	CHECK_INT(sts_options_read(&o, command, argv, ARGV(NULL), NULL, -1, warning,
				   sizeof(warning), &e),
		  STS_OK);
	return sts_fields_make(&o, &f, memory, &e);
}

static enum sts_err make(char *const *argv)
{
	return make_for(STS_COMMAND_FETCH, argv, &files);
}

static void check_wrong(char *const *argv, const char *message)
{
	CHECK_INT(make(argv), STS_EUSAGE);
	CHECK_STR(e.msg, message);
	CHECK_INT(e.detail, 0); /* the hint is the usual one */
}

/* Something is wrong with a parameter, so the hint is about the protocol. */
static void check_parameter(char *const *argv, const char *message)
{
	CHECK_INT(make(argv), STS_EUSAGE);
	CHECK_STR(e.msg, message);
	CHECK_INT(e.detail, STS_USAGE_PARAMETER);
}

static void put(const char *name, const char *text, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK_INT(write(fd, text, len), (ssize_t)len);
	close(fd);
}

/* Join names and values, with bars between them and an exclamation mark after a secret. */
static const char *listed(const struct sts_field *field, size_t count)
{
	static char got[2048];
	struct sts_text text;

	sts_text_init(&text, got, sizeof(got));
	for (size_t i = 0; i < count; i++) {
		sts_text_add_str(&text, i ? "|" : "");
		sts_text_add_slice(&text, field[i].name);
		sts_text_add_str(&text, "=");
		sts_text_add_slice(&text, field[i].value);
		sts_text_add_str(&text, field[i].secret ? "!" : "");
	}
	return got;
}

static const char *params(void)
{
	return listed(f.request.params, f.request.param_count);
}

static const char *headers(void)
{
	return listed(f.request.headers, f.request.header_count);
}

static void test_the_usual(void)
{
	CHECK_INT(make(ARGV("--url", URL, "--audience=a", "--resource=https://r", "--scope=s",
			    "--param=p=q=r", "--header=x-h=v", "--audience=b")),
		  STS_OK);
	CHECK_STR(params(), "audience=a|resource=https://r|scope=s|p=q=r!|audience=b");
	CHECK_STR(headers(), "x-h=v!");
	CHECK(f.request.url == &f.url);
	CHECK_STR(f.url.host, "sts.example");
	CHECK(f.url.https && !f.proxy.used);
	CHECK(f.request.url_template == NULL && f.request.method == NULL);
	CHECK(!f.request.own_subject);
	CHECK_INT(f.request.body, STS_BODY_FORM);
	CHECK_INT(f.write, STS_WRITE_TOKEN | STS_WRITE_EXPIRES);
	CHECK_INT(f.format, STS_WRITE_TOKEN);
	CHECK_STR(f.pointer, "");
	CHECK(f.expiry_pointer == NULL);
	CHECK_STR(f.token_file, "/var/run/secrets/tokens/sts-token");
	CHECK(strncmp(f.request.agent, "sts-sidecar/", 12) == 0);
	CHECK_INT(make(ARGV("--url", URL, "--subject-token-type=urn:x",
			    "--requested-token-type=urn:y")),
		  STS_OK);
	CHECK_STR(params(), "subject_token_type=urn:x|requested_token_type=urn:y");
	CHECK_STR(headers(), "");
}

static void test_protocols(void)
{
	check_wrong(ARGV("--protocol=aw", "--url", URL),
		    "unknown protocol \"aw\": did you mean aws?");
	check_wrong(ARGV("--protocol=something", "--url", URL),
		    "unknown protocol \"something\": sts-sidecar protocols lists them");
	/* The text of the file is escaped and cut. */
	CHECK_INT(sts_unknown_protocol("\n0123456789012345678901234567890123456789", &e),
		  STS_EUSAGE);
	CHECK_STR(e.msg, "unknown protocol \"\\x0A012345678901234567890123456789012...\": "
			 "sts-sidecar protocols lists them");
	check_wrong(ARGV("--protocol=token-exchange"),
		    "--url is missing: protocol token-exchange has no endpoint of its own");
	/* The check of the request refuses these. With --url, a look-alike may need neither. */
	check_parameter(ARGV("--protocol=aws"),
			"the parameter region is missing, and protocol aws needs it: "
			"--param region=..., or AWS_REGION");
	check_parameter(ARGV("--protocol=aws", "--param=region=eu-central-1"),
			"the parameter role-arn is missing, and protocol aws needs it: "
			"--param role-arn=..., or AWS_ROLE_ARN");
	CHECK_INT(make(ARGV("--protocol=aws", "--url", URL)), STS_OK);
}

#define ROLE "arn:aws:iam::123456789012:role/r"

/* The variables that a platform injects count if nothing else was given. */
static void test_variables(void)
{
	setenv("AWS_REGION", "eu-central-1", 1);
	setenv("AWS_ROLE_ARN", ROLE, 1);
	setenv("AWS_ROLE_SESSION_NAME", "", 1); /* an empty variable counts as none */
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/aws/token", 1);
	CHECK_INT(make(ARGV("--protocol=aws")), STS_OK);
	CHECK_STR(params(), "region=eu-central-1|role-arn=" ROLE);
	CHECK_STR(f.url.host, "sts.eu-central-1.amazonaws.com");
	CHECK_STR(f.token_file, "/aws/token");
	CHECK_INT(make(ARGV("--protocol=aws", "--param=region=us-east-1", "--token-file=/t")),
		  STS_OK);
	CHECK_STR(params(), "region=us-east-1|role-arn=" ROLE);
	CHECK_STR(f.url.host, "sts.us-east-1.amazonaws.com");
	CHECK_STR(f.token_file, "/t");
	/* If the user gives a URL, a parameter that is only part of the protocol's URL is not
	 * needed. */
	CHECK_INT(make(ARGV("--protocol=aws", "--url", URL)), STS_OK);
	CHECK_STR(params(), "role-arn=" ROLE);
	CHECK_STR(f.url.host, "sts.example");
	/* The name of a parameter becomes the one that the protocol has. */
	CHECK_INT(make(ARGV("--protocol=aws", "--param=Role-ARN=" ROLE "/x")), STS_OK);
	CHECK_STR(params(), "role-arn=" ROLE "/x|region=eu-central-1");
	unsetenv("AWS_WEB_IDENTITY_TOKEN_FILE");
	CHECK_INT(make(ARGV("--protocol=aws")), STS_OK);
	CHECK_STR(f.token_file, "/var/run/secrets/tokens/sts-token");
	/* Only the word that a variable is made for means something. */
	setenv("AWS_USE_FIPS_ENDPOINT", "yes", 1);
	CHECK_INT(make(ARGV("--protocol=aws", "--param=region=us-east-1")), STS_OK);
	CHECK_STR(f.url.host, "sts.us-east-1.amazonaws.com");
	setenv("AWS_USE_FIPS_ENDPOINT", "True", 1);
	CHECK_INT(make(ARGV("--protocol=aws", "--param=region=us-east-1")), STS_OK);
	CHECK_STR(f.url.host, "sts-fips.us-east-1.amazonaws.com");
	unsetenv("AWS_USE_FIPS_ENDPOINT");
	unsetenv("AWS_REGION");
	unsetenv("AWS_ROLE_ARN");
	unsetenv("AWS_ROLE_SESSION_NAME");
}

static void test_values_from_files(void)
{
	put("secret", " s3cret\n", 8);
	put("key", "k", 1);
	put("actor", "actor.token", 11);
	CHECK_INT(make(ARGV("--url", URL, "--param-file=p=secret", "--header-file=x-key=key",
			    "--actor-token-file=actor")),
		  STS_OK);
	CHECK_STR(params(), "p=s3cret!|actor_token=actor.token");
	CHECK_STR(headers(), "x-key=k!");
	CHECK_INT(files.used, 8 + 1 + 11);
	/* Without memory no file is read: the worker finds out that a file is missing. */
	CHECK_INT(make_for(STS_COMMAND_FETCH, ARGV("--url", URL, "--param-file=p=none"), NULL),
		  STS_OK);
	CHECK_STR(params(), "p=file!");
}

static void check_bad_file(char *const *argv, int detail, const char *message)
{
	CHECK_INT(make(argv), STS_EINPUT);
	CHECK_INT(e.detail, detail);
	CHECK_STR(e.msg, message);
}

static void test_files_that_cannot_be_used(void)
{
	char option[1200] = "--param-file=p=";
	size_t at = strlen(option);

	check_bad_file(ARGV("--url", URL, "--param-file=p=none"), ENOENT,
		       "the file of --param-file, none: no such file");
	check_bad_file(ARGV("--url", URL, "--header-file=x=no\nne"), ENOENT,
		       "the file of --header-file, no\\x0Ane: no such file");
	put("empty", " \n", 2);
	check_bad_file(ARGV("--url", URL, "--param-file=p=empty"), 0,
		       "the file of --param-file, empty: it is empty");
	check_bad_file(ARGV("--url", URL, "--actor-token-file=empty"), 0,
		       "the file of --actor-token-file, empty: it is empty");
	/* A path of the greatest length is tried, and a path with one byte more is not. */
	memset(option + at, 'x', 1024);
	option[at + 1023] = '\0';
	CHECK_INT(make(ARGV("--url", URL, option)), STS_EINPUT);
	option[at + 1023] = 'x';
	check_wrong(ARGV("--url", URL, option), "the path in --param-file is too long");
}

/* All files together may have as many bytes as there is memory. */
static void test_big_files(void)
{
	static char big[STS_FIELDS_FILES_BYTES];

	memset(big, 'x', sizeof(big));
	put("big", big, sizeof(big) - 1);
	put("one", "1", 1);
	put("two", "22", 2);
	CHECK_INT(make(ARGV("--url", URL, "--param-file=p=big", "--param-file=q=one")), STS_OK);
	CHECK_INT(files.used, sizeof(big));
	CHECK(f.params[0].value.len == sizeof(big) - 1 && sts_slice_eq(f.params[1].value, "1"));
	CHECK_INT(make(ARGV("--url", URL, "--param-file=p=big", "--param-file=q=two")), STS_EINPUT);
	CHECK_INT(e.detail, EFBIG);
}

static void test_the_client(void)
{
	static const char both[] = "--client-auth needs --client-id and --client-secret-file";

	put("secret", "s3cret", 6);
	CHECK_INT(make(ARGV("--url", URL, "--client-auth=basic", "--client-id=me",
			    "--client-secret-file=secret")),
		  STS_OK);
	CHECK_INT(f.request.client_auth, STS_CLIENT_BASIC);
	CHECK(sts_slice_eq(f.request.client_secret, "s3cret"));
	check_wrong(ARGV("--url", URL, "--client-auth=post", "--client-id=me"), both);
	check_wrong(ARGV("--url", URL, "--client-auth=post", "--client-secret-file=secret"), both);
	check_wrong(ARGV("--url", URL, "--client-id=me", "--client-secret-file=secret"),
		    "--client-secret-file needs --client-auth basic or post");
	CHECK_INT(make(ARGV("--url", URL, "--client-auth=post", "--client-id=me",
			    "--client-secret-file=none")),
		  STS_EINPUT);
	/* In some protocols the client is a parameter. */
	CHECK_INT(make(ARGV("--url", URL, "--client-id=me")), STS_OK);
	CHECK(strstr(params(), "client_id=me") || sts_slice_eq(f.request.client_id, "me"));
	CHECK(!(strstr(params(), "client_id=me") && f.request.client_id.len > 0));
}

static void test_the_token_field(void)
{
	char option[256] = "--token-field=/";
	size_t at = strlen("--token-field=");

	CHECK_INT(make(ARGV("--url", URL, "--token-field=access_token")), STS_OK);
	CHECK_STR(f.pointer, "/access_token");
	CHECK_INT(make(ARGV("--url", URL, "--token-field=id_token")), STS_OK);
	CHECK_STR(f.pointer, "/id_token");
	CHECK_INT(make(ARGV("--url", URL, "--token-field=/a/0")), STS_OK);
	CHECK_STR(f.pointer, "/a/0");
	check_wrong(ARGV("--url", URL, "--token-field=token"),
		    "--token-field \"token\" is none of access_token, id_token, /POINTER");
	memset(option + at + 1, 'x', 127);
	option[at + 127] = '\0';
	CHECK_INT(make(ARGV("--url", URL, option)), STS_OK);
	CHECK_STR(f.pointer, option + at);
	option[at + 127] = 'x';
	check_wrong(ARGV("--url", URL, option), "--token-field is too long");
}

static void test_outputs(void)
{
	CHECK_INT(make(ARGV("--url", URL, "--write=json")), STS_OK);
	CHECK_INT(f.write, STS_WRITE_JSON | STS_WRITE_EXPIRES);
	CHECK_INT(make(ARGV("--url", URL, "--stdout", "--format=json")), STS_OK);
	CHECK_INT(f.format, STS_WRITE_JSON);
	check_wrong(ARGV("--url", URL, "--write=expires"), "--write names no file with a token");
	check_wrong(ARGV("--url", URL, "--format=json"),
		    "--format goes with --stdout; --write says which files");
	check_wrong(ARGV("--url", URL, "--stdout", "--format=token,json"),
		    "--format is one word, and not expires");
	check_wrong(ARGV("--url", URL, "--stdout", "--format=expires"),
		    "--format is one word, and not expires");
	CHECK_INT(make(ARGV("--url", URL, "--write=nothing")), STS_EUSAGE);
	CHECK_INT(make(ARGV("--url", URL, "--stdout", "--format=nothing")), STS_EUSAGE);
	/* One protocol has no JWT, and another one has a thumbprint. */
	CHECK_INT(make(ARGV("--protocol=aws", "--url", URL, "--param=role-arn=" ROLE)), STS_OK);
	CHECK_INT(f.write, STS_WRITE_EXPIRES | STS_WRITE_AWS_CREDENTIALS);
	CHECK_INT(f.format, STS_WRITE_AWS_PROCESS);
	check_wrong(
		ARGV("--protocol=aws", "--url", URL, "--param=role-arn=" ROLE, "--expect-issuer=i"),
		"protocol aws gives no JWT: --expect-audience and --expect-issuer would refuse "
		"every answer");
	CHECK_INT(make(ARGV("--protocol=openunison", "--url", URL, "--write=json")), STS_OK);
	CHECK_INT(f.write, STS_WRITE_JSON | STS_WRITE_EXPIRES | STS_WRITE_THUMBPRINT);
}

#define CUSTOM(...) ARGV("--protocol=custom", "--url", URL, __VA_ARGS__)

static void check_subject(char *const *argv, enum sts_place place, const char *field,
			  enum sts_body body)
{
	CHECK_INT(make(argv), STS_OK);
	CHECK(f.request.own_subject);
	CHECK_INT(f.request.subject_place, place);
	CHECK_STR(f.request.subject_field, field);
	CHECK_INT(f.request.body, body);
}

static void test_custom(void)
{
	static const char places[] = "--subject-in needs bearer, header:NAME, field:NAME, "
				     "query:NAME or pointer:/JSON/POINTER",
			  expiry[] = "--expiry-field needs lifetime:/JSON/POINTER or "
				     "absolute:/JSON/POINTER";

	CHECK_INT(make(CUSTOM("--subject-in=bearer", "--method=PUT")), STS_OK);
	CHECK(!f.request.own_subject);
	CHECK_STR(f.request.method, "PUT");
	check_subject(CUSTOM("--subject-in=header:x-token"), STS_PLACE_HEADER, "x-token",
		      STS_BODY_FORM);
	check_subject(CUSTOM("--subject-in=field:t", "--body=json"), STS_PLACE_BODY, "t",
		      STS_BODY_JSON);
	check_subject(CUSTOM("--subject-in=query:t", "--method=GET"), STS_PLACE_QUERY, "t",
		      STS_BODY_NONE);
	CHECK_STR(f.request.method, "GET");
	check_subject(CUSTOM("--subject-in=pointer:/a/b", "--method=POST"), STS_PLACE_POINTER,
		      "/a/b", STS_BODY_JSON);
	CHECK_STR(f.request.method, "POST");
	check_wrong(CUSTOM("--subject-in=header:"), places);
	check_wrong(CUSTOM("--subject-in=cookie:t"), places);
	check_wrong(CUSTOM("--subject-in=pointer:a"), places);
	check_wrong(CUSTOM("--subject-in=pointer:/"), places);
	CHECK_INT(make(CUSTOM("--expiry-field=lifetime:/a")), STS_OK);
	CHECK_STR(f.expiry_pointer, "/a");
	CHECK_INT(f.expiry_kind, STS_EXPIRY_LIFETIME);
	CHECK_INT(make(CUSTOM("--expiry-field=absolute:/b")), STS_OK);
	CHECK_STR(f.expiry_pointer, "/b");
	CHECK_INT(f.expiry_kind, STS_EXPIRY_ABSOLUTE);
	check_wrong(CUSTOM("--expiry-field=absolute:b"), expiry);
	check_wrong(CUSTOM("--expiry-field=/b"), expiry);
}

static void check_url(char *const *argv, const char *message)
{
	CHECK_INT(make(argv), STS_EURL);
	CHECK_STR(e.msg, message);
}

static void test_urls(void)
{
	static char url[STS_URL_MAX_BYTES + 64] = "--url=https://sts.example/";

	check_url(ARGV("--url=http://sts.example/"),
		  "plain http to \"sts.example\" is refused: use https");
	check_url(ARGV("--url=http://127.0.0.1:1/"),
		  "plain http to \"127.0.0.1\" is refused: use https, or --insecure-http");
	check_url(ARGV("--url=http://sts.example/", "--insecure-http"),
		  "a plain http URL is allowed to loopback only: \"sts.example\" is not");
	CHECK_INT(make(ARGV("--url=http://127.0.0.1:1/", "--insecure-http")), STS_OK);
	CHECK_INT(make(ARGV("--url=ftp://a/")), STS_EURL);
	memset(url + strlen(url), 'x', STS_URL_MAX_BYTES);
	check_url(ARGV(url), "the URL is too long");
	CHECK_INT(make(ARGV("--url", URL, "--connect=10.0.0.1:8443")), STS_OK);
	check_wrong(ARGV("--url", URL, "--connect=host:8443"),
		    "--connect needs ADDR:PORT with an IP address: 10.0.0.1:8443 or [::1]:8443");
}

static const char *proxy(void)
{
	return f.proxy.used ? f.proxy.url.host : "";
}

static void make_revocation(char *const *argv)
{
	CHECK_INT(make_for(STS_COMMAND_RUN, argv, &files), STS_OK);
	CHECK(sts_fields_can_revoke(&o, &f));
	CHECK_INT(sts_fields_revoke(&o, &f, STS_SLICE("TOKEN"), &e), STS_OK);
}

static void test_proxies(void)
{
	setenv("HTTPS_PROXY", "http://upper:3128", 1);
	setenv("https_proxy", "http://lower:3128", 1);
	CHECK_INT(make(ARGV("--url", URL)), STS_OK);
	CHECK_STR(proxy(), "upper");
	setenv("HTTPS_PROXY", "", 1);
	CHECK_INT(make(ARGV("--url", URL)), STS_OK);
	CHECK_STR(proxy(), "lower");
	/* The command line counts more than the variables, also more than NO_PROXY. */
	CHECK_INT(make(ARGV("--url", URL, "--proxy=none")), STS_OK);
	CHECK_STR(proxy(), "");
	CHECK_INT(make(ARGV("--url", URL, "--connect=10.0.0.1:1")), STS_OK);
	CHECK_STR(proxy(), "");
	setenv("NO_PROXY", "example", 1);
	CHECK_INT(make(ARGV("--url", URL)), STS_OK);
	CHECK_STR(proxy(), "");
	CHECK_INT(make(ARGV("--url", URL, "--proxy=http://flag:1")), STS_OK);
	CHECK_STR(proxy(), "flag");
	unsetenv("NO_PROXY");
	setenv("no_proxy", "sts.example", 1);
	CHECK_INT(make(ARGV("--url", URL)), STS_OK);
	CHECK_STR(proxy(), "");
	unsetenv("no_proxy");
	check_wrong(ARGV("--url", URL, "--proxy=http://flag:1", "--connect=10.0.0.1:1"),
		    "--connect and --proxy exclude each other");
	CHECK_INT(make(ARGV("--url", URL, "--proxy=socks5://p")), STS_EUSAGE);
	setenv("https_proxy", "socks5://p", 1);
	CHECK_INT(make(ARGV("--url", URL)), STS_EUSAGE);
	/* `exchange` reads no variables. */
	CHECK_INT(sts_options_read_exchange(&o, ARGV("/t", URL, "/out"), &e), STS_OK);
	CHECK_INT(sts_fields_make(&o, &f, &files, &e), STS_OK);
	CHECK_STR(proxy(), "");
	/* A URL for revocations may need no proxy. */
	setenv("https_proxy", "http://lower:3128", 1);
	setenv("no_proxy", "other.example", 1);
	make_revocation(ARGV("--url", URL, "--revoke-url=https://sts.example/revoke"));
	CHECK_STR(proxy(), "lower");
	make_revocation(ARGV("--url", URL, "--revoke-url=https://other.example/revoke"));
	CHECK_STR(proxy(), "");
	unsetenv("no_proxy");
	unsetenv("HTTPS_PROXY");
	unsetenv("https_proxy");
}

static void test_the_client_certificate(void)
{
	static const char together[] = "--client-cert and --client-key go together";

	check_wrong(ARGV("--url", URL, "--client-cert=c"), together);
	check_wrong(ARGV("--url", URL, "--client-key=k"), together);
	CHECK_INT(make(ARGV("--url", URL, "--client-cert=c", "--client-key=k")), STS_OK);
}

/* There are as many values as the options take, and two more that have places of their own. */
static void test_the_most_values(void)
{
	static char text[STS_OPTIONS_LIST_MAX][32];
	const char *argv[STS_OPTIONS_LIST_MAX + 5] = {"--url", URL, "--subject-token-type=t",
						      "--actor-token-file=actor"};

	for (int i = 0; i < STS_OPTIONS_LIST_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "--param=name-%d=v", i);
		argv[4 + i] = text[i];
	}
	CHECK_INT(make((char *const *)(uintptr_t)argv), STS_OK);
	CHECK_INT(f.request.param_count, STS_OPTIONS_LIST_MAX + 2);
}

static void test_begin(void)
{
	sts_test_enter_folder(dir);
}

static void test_end(void)
{
	CHECK(system("rm -f secret key actor empty big one two") == 0);
	CHECK(rmdir(dir) == 0);
}

/* Claims of the subject token take the place of parameters that are not given. */
static void test_claims(void)
{
	static char scratch[1024];
	const struct sts_slice token =
		STS_SLICE(/* the claim "kubernetes.io" of the Pod p-0 */
			  "e30."
			  "eyJrdWJlcm5ldGVzLmlvIjp7Im5hbWVzcGFjZSI6Im5zIiwicG9kIjp7Im5hbWUiOiJwLTAi"
			  "LCJ1aWQiOiJ1"
			  "LTEifSwic2VydmljZWFjY291bnQiOnsibmFtZSI6InNhIn19fQ.c2ln");

	CHECK_INT(make(ARGV("--protocol=kubernetes", "--audience=a")), STS_OK);
	CHECK_STR(params(),
		  "audience=a|namespace=CLAIM|service-account=CLAIM|pod=CLAIM|pod-uid=CLAIM");
	CHECK_INT(sts_fields_claims(&o, &f, &files, token, scratch, sizeof(scratch), &e), STS_OK);
	CHECK_STR(params(), "audience=a|namespace=ns|service-account=sa|pod=p-0|pod-uid=u-1");
	CHECK(sts_slice_eq(f.url.target, "/api/v1/namespaces/ns/serviceaccounts/sa/token"));
	CHECK_INT(make(ARGV("--protocol=kubernetes", "--audience=a", "--param=pod=CLAIM",
			    "--param=namespace=x")),
		  STS_OK);
	CHECK_INT(sts_fields_claims(&o, &f, &files, token, scratch, sizeof(scratch), &e), STS_OK);
	CHECK_STR(params(), "audience=a|pod=CLAIM|namespace=x|service-account=sa");
	/* There is no room for the values, and the token is not a JWT. */
	CHECK_INT(make(ARGV("--protocol=kubernetes", "--audience=a")), STS_OK);
	files.used = sizeof(files.data) - 1;
	CHECK_INT(sts_fields_claims(&o, &f, &files, token, scratch, sizeof(scratch), &e),
		  STS_EUSAGE);
	CHECK_INT(make(ARGV("--protocol=kubernetes", "--audience=a")), STS_OK);
	CHECK_INT(sts_fields_claims(&o, &f, &files, STS_SLICE("opaque"), scratch, sizeof(scratch),
				    &e),
		  STS_EUSAGE);
}

static void test_revocation(void)
{
	make_revocation(ARGV("--protocol=vault", "--param=address=https://vault.example:8200",
			     "--param=role=app", "--param=namespace=team"));
	CHECK(sts_slice_eq(f.url.target, "/v1/auth/token/revoke-self"));
	CHECK(sts_slice_eq(f.url.authority, "vault.example:8200"));
	CHECK_STR(params(), "namespace=team");
	CHECK(sts_slice_eq(f.request.subject, "TOKEN"));
	make_revocation(ARGV("--url", URL, "--audience=a", "--client-id=c", "--body=json",
			     "--revoke-url=https://other.example/revoke"));
	CHECK(sts_slice_eq(f.url.authority, "other.example"));
	CHECK(f.request.body == STS_BODY_FORM && sts_slice_eq(f.request.client_id, "c"));
	CHECK_STR(params(), "");
	make_revocation(ARGV("--protocol=client-assertion", "--url", URL, "--client-id=c",
			     "--scope=s", "--revoke-url=https://sts.example/revoke"));
	CHECK_STR(params(), "client_id=c|token=TOKEN!");
	CHECK_INT(f.request.subject.len, 0);
	make_revocation(ARGV("--protocol=custom", "--url", URL, "--method=PUT",
			     "--subject-in=query:t", "--revoke-url=https://sts.example/revoke"));
	CHECK(!f.request.method && !f.request.own_subject);
	CHECK_INT(make_for(STS_COMMAND_RUN, ARGV("--url", URL), &files), STS_OK);
	CHECK(!sts_fields_can_revoke(&o, &f));
	CHECK_INT(make_for(STS_COMMAND_RUN,
			   ARGV("--protocol=vault", "--param=address=https://v", "--write=json"),
			   &files),
		  STS_OK);
	CHECK(!sts_fields_can_revoke(&o, &f));
	CHECK_INT(make_for(STS_COMMAND_RUN, ARGV("--url", URL, "--revoke-url=http://a.example"),
			   &files),
		  STS_OK);
	CHECK_INT(sts_fields_revoke(&o, &f, STS_SLICE("TOKEN"), &e), STS_EURL);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_begin},
	{"the most common options", test_the_usual},
	{"what a protocol needs", test_protocols},
	{"variables of platforms", test_variables},
	{"values from files", test_values_from_files},
	{"files that cannot be used", test_files_that_cannot_be_used},
	{"big files", test_big_files},
	{"the client's id and secret", test_the_client},
	{"the field of the token", test_the_token_field},
	{"which files are written", test_outputs},
	{"the protocol custom", test_custom},
	{"the URL of the STS", test_urls},
	{"the proxy", test_proxies},
	{"the client's certificate", test_the_client_certificate},
	{"claims of the subject token", test_claims},
	{"the request that revokes a token", test_revocation},
	{"the most values", test_the_most_values},
	{"the folder of this test is removed", test_end},
};

int main(void)
{
	alarm(60);
	sts_test_clear_environment();
	setenv("PATH", "/usr/bin:/bin", 1);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
