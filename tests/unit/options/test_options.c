/* SPDX-License-Identifier: Apache-2.0 */
#include "options/options.h"

#include <stdint.h>

#include "output/store.h"
#include "test.h"

static struct sts_options o;
static struct sts_error e;
static char warning[256];

/* Literals are const. What main() gets is not. */
static char *const *plain(const char *const *strings)
{
	return (char *const *)(uintptr_t)strings;
}

static enum sts_err read_with(enum sts_command command, const char *const *argv,
			      const char *const *env)
{
	memset(&e, 0, sizeof(e));
	return sts_options_read(&o, command, plain(argv), plain(env), NULL, -1, warning,
				sizeof(warning), &e);
}

static const char *const none[] = {NULL};

static void test_defaults(void)
{
	CHECK_INT(read_with(STS_COMMAND_FETCH, none, none), STS_OK);
	CHECK_STR(o.token_file, "/var/run/secrets/tokens/sts-token");
	CHECK_STR(o.output_dir, "/tokens");
	CHECK_STR(o.protocol, "token-exchange");
	CHECK_INT(o.timeout_ms, 30000);
	CHECK_INT(o.deadline_ms, 60000);
	CHECK_INT(o.default_ttl_ms, 0); /* the default of the protocol */
	CHECK(!sts_options_has_token_file(&o));
	CHECK_INT(o.fraction_permille, 667);
	CHECK(o.mode == STS_MODE_AUTO && o.group == STS_GROUP_AUTO);
	CHECK(o.url == NULL);
	CHECK_STR(warning, "");
}

static void test_precedence(void)
{
	const char *env[] = {"STS_URL=https://env/", "STS_TIMEOUT=7s", "STS_AUDIENCE=a\nb", NULL};
	const char *args[] = {"--url=https://flag/", "--timeout", "9s", NULL};
	const char *lists[] = {"--audience", "c", NULL};

	const char *odd[] = {"STS_HEADER=no colon or equals sign\nX=a", NULL};
	const char *gaps[] = {"STS_AUDIENCE=\na\n\nb\n", NULL};

	CHECK_INT(read_with(STS_COMMAND_RUN, none, odd), STS_EUSAGE);
	CHECK_INT(read_with(STS_COMMAND_RUN, none, gaps), STS_OK);
	CHECK_INT(o.list_count, 2);
	CHECK(sts_slice_eq(o.list[1].value, "b"));
	CHECK_INT(read_with(STS_COMMAND_RUN, none, env), STS_OK);
	CHECK_STR(o.url, "https://env/");
	CHECK_INT(o.timeout_ms, 7000);
	CHECK_INT(o.list_count, 2);
	CHECK_INT(read_with(STS_COMMAND_RUN, args, env), STS_OK);
	CHECK_STR(o.url, "https://flag/");
	CHECK_INT(o.timeout_ms, 9000);
	CHECK_INT(read_with(STS_COMMAND_RUN, lists, env), STS_OK);
	CHECK_INT(o.list_count, 1);
	CHECK(sts_slice_eq(o.list[0].value, "c"));
}

static void test_every_command_line_mistake_is_told(void)
{
	static const struct {
		const char *args[4];
		const char *words;
	} cases[] = {
		{{"--audiance=a"}, "--audience?"},
		{{"--no-such-thing-at-all"}, "unknown option \"--no-such-thing-at-all\""},
		{{"-x"}, "unknown option"},
		{{"--url"}, "--url needs a value"},
		{{"--url="}, "--url"},
		{{"--timeout=soon"}, "--timeout"},
		{{"--timeout=-1"}, "--timeout"},
		{{"--mode=999"}, "--mode"},
		{{"--mode=0777"}, "--mode"},
		{{"--mode=0200"}, "--mode"},
		{{"--mode=380"}, "--mode"}, /* as sums of digits, these would be 0400 and 0460 */
		{{"--mode=5.0"}, "--mode"},
		{{"--group=nobody"}, "--group"},
		{{"--group=4294967295"}, "--group"},
		{{"--body=xml"}, "--body"},
		{{"--refresh-fraction=1.5"}, "--refresh-fraction"},
		{{"--refresh-fraction=0.99"}, "--refresh-fraction"},
		{{"--cacert-only=perhaps"}, "--cacert-only"},
		{{"stray"}, "unexpected argument \"stray\""},
		{{"--", "--url"}, "unexpected argument \"--url\""},
		{{"\x1b[31m"}, "\\x1B"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(read_with(STS_COMMAND_RUN, cases[i].args, none), STS_EUSAGE);
		if (!strstr(e.msg, cases[i].words))
			printf("# \"%s\" has no \"%s\"\n", e.msg, cases[i].words);
		CHECK(strstr(e.msg, cases[i].words) != NULL);
	}
}

static void test_values(void)
{
	const char *args[] = {"--mode=0640",
			      "--group",
			      "2000",
			      "--refresh-fraction=.5",
			      "--max-lifetime=1h30m",
			      "--cacert=/ca",
			      "--cacert-only",
			      "--insecure-http=true",
			      "--body",
			      "json",
			      NULL};

	CHECK_INT(read_with(STS_COMMAND_RUN, args, none), STS_OK);
	CHECK_INT(o.mode, 0640);
	CHECK_INT(o.group, 2000);
	CHECK_INT(o.fraction_permille, 500);
	CHECK_INT(o.max_lifetime_ms, 5400000);
	CHECK_INT(o.list[0].list, STS_LIST_CACERT);
	CHECK(o.cacert_only && o.insecure_http);
	CHECK_INT(o.body, STS_BODY_CHOICE_JSON);
}

static void test_too_many_values(void)
{
	const char *args[STS_OPTIONS_LIST_MAX + 2];

	for (size_t i = 0; i <= STS_OPTIONS_LIST_MAX; i++)
		args[i] = "--scope=s";
	args[STS_OPTIONS_LIST_MAX + 1] = NULL;
	CHECK_INT(read_with(STS_COMMAND_RUN, args, none), STS_EUSAGE);
	args[STS_OPTIONS_LIST_MAX] = NULL;
	CHECK_INT(read_with(STS_COMMAND_RUN, args, none), STS_OK);
}

static void test_options_belong_to_commands(void)
{
	const char *stdout_[] = {"--stdout", NULL}, *dir[] = {"/somewhere", NULL};
	const char *env[] = {"STS_DEADLINE=5s", NULL};

	CHECK_INT(read_with(STS_COMMAND_RUN, stdout_, none), STS_EUSAGE);
	CHECK_INT(read_with(STS_COMMAND_FETCH, stdout_, none), STS_OK);
	CHECK_INT(read_with(STS_COMMAND_CHECK, dir, none), STS_OK);
	CHECK_STR(o.output_dir, "/somewhere");
	CHECK_INT(read_with(STS_COMMAND_INSPECT, dir, none), STS_OK);
	CHECK_STR(o.file, "/somewhere");
	/* A variable of another command is not a mistake, because all commands share one
	 * environment. */
	CHECK_INT(read_with(STS_COMMAND_RUN, none, env), STS_OK);
	CHECK_STR(warning, "");
}

static void test_unknown_variables_warn(void)
{
	const char *env[] = {"STS_AUDIANCE=a", "PATH=/", "STS", NULL};
	const char *bad[] = {"STS_TIMEOUT=never", NULL};
	const char *cases[] = {"STS_url=x", "STS_TOKEN-FILE=x", "STS_=x", "STS_URL", NULL};
	const char *flag_of_exchange[] = {"STS_SINGLE_RUN=true", NULL};
	const char *alias[] = {"STS_CACERT=/ca", NULL};

	CHECK_INT(read_with(STS_COMMAND_RUN, none, env), STS_OK);
	CHECK(strstr(warning, "STS_AUDIANCE") && strstr(warning, "STS_AUDIENCE?"));
	/* A variable has upper case and underscores only. */
	for (size_t i = 0; cases[i]; i++) {
		const char *one[] = {cases[i], NULL};

		CHECK_INT(read_with(STS_COMMAND_RUN, none, one), STS_OK);
		CHECK(!o.url);
		CHECK_STR(o.token_file, "/var/run/secrets/tokens/sts-token");
		CHECK((warning[0] != '\0') == (strchr(cases[i], '=') != NULL));
	}
	CHECK_INT(read_with(STS_COMMAND_RUN, none, flag_of_exchange), STS_OK);
	CHECK_STR(warning, "unknown variable STS_SINGLE_RUN is ignored");
	CHECK_INT(read_with(STS_COMMAND_RUN, none, alias), STS_OK);
	CHECK_STR(warning, "");
	CHECK(o.list_count == 1 && o.list[0].list == STS_LIST_CACERT);
	CHECK_INT(read_with(STS_COMMAND_RUN, none, bad), STS_EUSAGE);
	CHECK(strstr(e.msg, "STS_TIMEOUT") && strstr(e.msg, "not \"never\""));
}

static void test_service_links_are_ignored(void)
{
	const char *env[] = {
		"STS_SERVICE_HOST=10.0.0.1",           "STS_SERVICE_PORT=443",
		"STS_SERVICE_PORT_HTTPS=443",          "STS_PORT=tcp://10.0.0.1:443",
		"STS_PORT_443_TCP=tcp://10.0.0.1:443", "STS_PORT_443_TCP_PROTO=tcp",
		"STS_PORT_443_TCP_PORT=443",           "STS_PORT_443_TCP_ADDR=10.0.0.1",
		"STS_URL_SERVICE_HOST=10.0.0.2",       NULL};

	CHECK_INT(read_with(STS_COMMAND_RUN, none, env), STS_OK);
	CHECK_STR(warning, "");
	CHECK(sts_options_is_service_link("STS_SERVICE_HOST"));
	CHECK(!sts_options_is_service_link("STS_URL"));
}

static void test_exchange_is_its_predecessors_contract(void)
{
	const char *usual[] = {"--cacert-path=/certs/ca.crt", "/token",
			       "https://h/vault/token/user", "/tokens", NULL};
	const char *mixed[] = {"/token",
			       "--single-run",
			       "https://h/",
			       "--minutes-before-refresh",
			       "7",
			       "/tokens",
			       "ignored",
			       "--seconds-between-runs=-3",
			       "--token-global-read=false",
			       "--cacert-path=",
			       NULL};
	const char *year[] = {"--seconds-between-runs=31536000", "/token", "https://h/", "/tokens",
			      NULL};

	CHECK_INT(sts_options_read_exchange(&o, plain(usual), &e), STS_OK);
	CHECK_STR(o.protocol, "openunison");
	CHECK_STR(o.token_file, "/token");
	CHECK_STR(o.url, "https://h/vault/token/user");
	CHECK_STR(o.output_dir, "/tokens");
	CHECK_INT(o.refresh_before_ms, 300000);
	CHECK_INT(o.poll_ms, 30000);
	CHECK_INT(o.longest_wait_ms, 30000);
	CHECK(!o.single_run && o.create_dir && o.mode == STS_MODE_AUTO);
	CHECK_INT(sts_options_read_exchange(&o, plain(mixed), &e), STS_OK);
	CHECK(o.single_run && o.list_count == 0);
	CHECK_INT(o.refresh_before_ms, 420000);
	CHECK_INT(o.poll_ms, 10000);
	CHECK(o.mode == STS_MODE_AUTO);
	/* A year is the longest time. */
	CHECK_INT(sts_options_read_exchange(&o, plain(year), &e), STS_OK);
	CHECK_INT(o.poll_ms, 31536000000);
}

static void test_exchange_mistakes_exit_with_one(void)
{
	static const char *const cases[][6] = {
		{NULL},
		{"/token", "https://h/", NULL},
		{"--single-runn", "/token", "https://h/", "/tokens", NULL},
		{"--seconds-between-runs=soon", "/token", "https://h/", "/tokens", NULL},
		{"--single-run=perhaps", "/token", "https://h/", "/tokens", NULL},
		{"--single-run=", "/token", "https://h/", "/tokens", NULL},
		{"--seconds-between-runs=", "/token", "https://h/", "/tokens", NULL},
		{"--seconds-between-runs=31536001", "/token", "https://h/", "/tokens", NULL},
		{"--cacert=/ca", "/token", "https://h/", "/tokens", NULL},
		{"--timeout=5s", "/token", "https://h/", "/tokens", NULL},
		{"/token", "https://h/", "/tokens", "--cacert-path", NULL},
		{"-s", "/token", "https://h/", "/tokens", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(sts_options_read_exchange(&o, plain(cases[i]), &e), STS_EUSAGE);
		CHECK_INT(e.detail, 1);
		CHECK(e.msg[0] != '\0');
	}
}

static const struct sts_test tests[] = {
	{"defaults", test_defaults},
	{"flag over environment over default", test_precedence},
	{"each mistake on the command line is told", test_every_command_line_mistake_is_told},
	{"values of each kind", test_values},
	{"too many repeated values", test_too_many_values},
	{"each command has its own options", test_options_belong_to_commands},
	{"a variable that is not known is warned about", test_unknown_variables_warn},
	{"service links are ignored", test_service_links_are_ignored},
	{"exchange takes the arguments of its predecessor",
	 test_exchange_is_its_predecessors_contract},
	{"mistakes of exchange exit with 1", test_exchange_mistakes_exit_with_one},
};

STS_TEST_MAIN(tests)
