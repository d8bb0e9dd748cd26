/* SPDX-License-Identifier: Apache-2.0 */
#include "options/config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/options.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct sts_config c;
static struct sts_options o;
static struct sts_error e;
static char big[STS_CONFIG_MAX_BYTES + 2];

static enum sts_err parse(const char *text)
{
	memset(&e, 0, sizeof(e));
	c.path = "f";
	return sts_config_parse(&c, sts_slice_of(text), &e);
}

/* Read the options of an exchange, without flags and environment. */
static void read_exchange(int i)
{
	static char *none[] = {NULL};
	char warning[128];

	CHECK_INT(sts_options_read(&o, STS_COMMAND_RUN, none, none, &c, i, warning, sizeof(warning),
				   &e),
		  STS_OK);
}

/* Join the values of a list, with bars between them. */
static void check_list(enum sts_list list, const char *want)
{
	char got[256];
	struct sts_text text;

	sts_text_init(&text, got, sizeof(got));
	for (size_t i = 0; i < o.list_count; i++) {
		if (o.list[i].list != list)
			continue;
		sts_text_add_str(&text, text.len ? "|" : "");
		sts_text_add_slice(&text, o.list[i].value);
	}
	CHECK_STR(got, want);
}

/* Write a file of one exchange that has these members besides its name. */
#define ONE(members) "{\"exchanges\":[{\"name\":\"a\"," members "}]}"

/* Each row is a text and the beginning of the message about it. */
static const struct {
	const char *text, *message;
} bad[] = {
	{"", "f:1:1: nothing"},
	{" \n", "f:1:1: nothing"},
	{"<html>", "f:1:1: a web page"},
	{"{", "f:1:2: not usable JSON: "},
	{"{\n  \"a\" 1}", "f:2:7: not usable JSON: a key without a colon"},
	{"\xef\xbb\xbf{\"a\":01}", "f:1:10: not usable JSON: no comma"},
	{"\n\n [1,]", "f:3:5: not usable JSON"},
	{"{} x", "f:1:4: not usable JSON: text after its end"},
	{"{\"url\":'x'}", "f:1:8: not usable JSON: no JSON value"},
	{"{\"url\":\"\\u0000\"}", "f:1:15: not usable JSON: a NUL"},
	{"// no\n{}", "f:1:1: not usable JSON: no JSON value"},
	{"{\"url\":\"a\nb\"}", "f:1:10: not usable JSON: a control character"},
	{"[]", "f:1:1: the whole must be an object"},
	{" 1", "f:1:2: the whole must be an object"},
	{"{}", "f:1:1: no \"exchanges\""},
	{"{\"url\":\"x\"}", "f:1:1: no \"exchanges\""},
	{"{\"exchanges\":{}}", "f:1:14: \"exchanges\" must be an array"},
	{"{\"exchanges\":[]}", "f:1:14: \"exchanges\" must be an array"},
	{"{\"exchanges\":null}", "f:1:14: \"exchanges\" must be an array"},
	{"{\"exchanges\":[1]}", "f:1:15: an exchange must be an object"},
	{"{\"exchanges\":[\n{}]}", "f:2:1: an exchange without a \"name\""},
	{"{\"exchanges\":[{\"url\":\"x\"}]}", "f:1:15: an exchange without a \"name\""},
	{"{\"exchanges\":[{\"name\":1}]}", "f:1:23: \"1\" is no name"},
	{"{\"exchanges\":[{\"name\":\"\"}]}", "f:1:23: \"\" is no name"},
	{"{\"exchanges\":[{\"name\":\"A\"}]}", "f:1:23: \"A\" is no name"},
	{"{\"exchanges\":[{\"name\":\"-a\"}]}", "f:1:23: \"-a\" is no name"},
	{"{\"exchanges\":[{\"name\":\"a-\"}]}", "f:1:23: \"a-\" is no name"},
	{"{\"exchanges\":[{\"name\":\"a.b\"}]}", "f:1:23: \"a.b\" is no name"},
	{"{\"exchanges\":[{\"name\":\"\\u001b[m\"}]}", "f:1:23: \"\\x1B[m\" is no name"},
	{"{\"exchanges\":[{\"name\":\"12345678901234567890123456789012\"}]}",
	 "f:1:23: \"12345678901234567890123456789012\" is no name"},
	{"{\"exchanges\":[{\"name\":[]}]}", "f:1:23: \"[\" is no name"},
	{"{\"exchanges\":[{\"name\":\"a\"},\n{\"name\":\"a\"}]}",
	 "f:2:9: \"a\" is the name of another exchange"},
	{"{\"exchanges\":[{\"name\":\"a\"},\n {\"name\":\"b\"}]}",
	 "f:2:2: the output-dir of another exchange"},
	{"{\"exchanges\":[{\"name\":\"a\",\"output-dir\":\"/t/a\"},\n"
	 "{\"name\":\"b\",\"output-dir\":\"/t//./a/\"}]}",
	 "f:2:26: the output-dir of another exchange"},
	{"{\"output-dir\":\"/t\",\"exchanges\":[{\"name\":\"a\"},{\"name\":\"b\"}]}",
	 "f:1:15: the output-dir of another exchange"},
	{"{\"exchanges\":[{\"name\":\"a\"}],\"exchanges\":[{\"name\":\"a\"}]}",
	 "f:1:29: \"exchanges\" stands here twice"},
	{"{\"url\":\"x\",\n \"url\":\"x\"}", "f:2:2: \"url\" stands here twice"},
	{"{\"url\":\"x\",\"\\u0075rl\":\"x\"}", "f:1:12: \"url\" stands here twice"},
	{ONE("\"url\":\"x\",\"url\":\"x\""), "f:1:37: \"url\" stands here twice"},
	{ONE("\"name\":\"b\""), "f:1:27: \"name\" stands here twice"},
	{ONE("\"param\":{\"k\":\"1\",\"k\":\"2\"}"), "f:1:44: \"k\" stands here twice"},
	{"{\"exchange\":[]}", "f:1:2: \"exchange\" is no option: did you mean \"exchanges\""},
	{"{\"name\":\"a\"}", "f:1:2: \"name\" is no option"},
	{"{\"x\\ny\":\"a\"}", "f:1:2: \"x\\x0Ay\" is no option"},
	{"{\"\":1}", "f:1:2: \"\" is no option"},
	{"{\"log-levle\":\"info\"}",
	 "f:1:2: \"log-levle\" is no option: did you mean \"log-level\""},
	{ONE("\"token_file\":\"x\""),
	 "f:1:27: \"token_file\" is no option: did you mean \"token-file\""},
	{ONE("\"nam\":\"x\""), "f:1:27: \"nam\" is no option: did you mean \"name\""},
	{ONE("\"exchanges\":[]"), "f:1:27: \"exchanges\" is no option"},
	{ONE("\"URL\":\"x\""), "f:1:27: \"URL\" is no option"},
	{ONE("\"--url\":\"x\""), "f:1:27: \"--url\" is no option"},
	{ONE("\"min-ttl\":\"1s\""), "f:1:27: \"min-ttl\" is no option"},
	{ONE("\"log-levle\":\"info\""), "f:1:27: \"log-levle\" is no option"},
	{ONE("\"log-level\":\"info\""), "f:1:27: \"log-level\" is of the whole process"},
	{ONE("\"log-format\":\"json\""), "f:1:27: \"log-format\" is of the whole process"},
	{ONE("\"stdout\":false"), "f:1:27: \"stdout\" is for the command line alone"},
	{ONE("\"force\":true"), "f:1:27: \"force\" is for the command line alone"},
	{"{\"dry-run\":true}", "f:1:2: \"dry-run\" is for the command line alone"},
	{"{\"config\":\"g\"}", "f:1:2: \"config\" is for the command line alone"},
	{"{\"url\":1}", "f:1:8: \"url\" must be a string"},
	{"{\"url\":null}", "f:1:8: \"url\" must be a string"},
	{"{\"url\":[\"x\"]}", "f:1:8: \"url\" must be a string"},
	{"{\"url\":{}}", "f:1:8: \"url\" must be a string"},
	{"{\"timeout\":true}", "f:1:12: \"timeout\" must be a string or a plain number"},
	{"{\"timeout\":[30]}", "f:1:12: \"timeout\" must be a string or a plain number"},
	{"{\"cacert-only\":1}", "f:1:16: \"cacert-only\" must be true or false"},
	{"{\"body\":1}", "f:1:9: \"body\" must be a string"},
	{"{\"scope\":1}", "f:1:10: \"scope\" must be a string or an array of strings"},
	{"{\"scope\":{\"a\":\"b\"}}", "f:1:10: \"scope\" must be a string or an array of strings"},
	{"{\"scope\":[\"a\",\n 1]}", "f:2:2: \"scope\" must be a string or an array of strings"},
	{"{\"scope\":[[\"a\"]]}", "f:1:11: \"scope\" must be a string or an array of strings"},
	{"{\"param\":7}", "f:1:10: \"param\" must be an object or array of strings"},
	{"{\"param\":{\"a\":1}}", "f:1:15: \"param\" must be an object or array of strings"},
	{"{\"param\":{\"a\":{}}}", "f:1:15: \"param\" must be an object or array of strings"},
	{"{\"param\":{\"a=b\":\"c\"}}", "f:1:11: \"a=b\" is no name"},
	{ONE("\"url\":\"\""),
	 "f:1:33: the value of url is not valid: it takes a text that is not empty"},
	{ONE("\"timeout\":\"soon\""),
	 "f:1:37: the value of timeout is not valid: it takes a duration"},
	{ONE("\"timeout\":-1"), "f:1:37: the value of timeout is not valid: it takes a duration"},
	{ONE("\"timeout\":1e3"), "f:1:37: the value of timeout is not valid: it takes a duration"},
	{ONE("\"mode\":999"),
	 "f:1:34: the value of mode is not valid: it takes auto, or octal digits"},
	{ONE("\"group\":-5"),
	 "f:1:35: the value of group is not valid: it takes a number, the GID"},
	{ONE("\"refresh-fraction\":2"),
	 "f:1:46: the value of refresh-fraction is not valid: it takes a fraction"},
	{ONE("\"body\":\"xml\""),
	 "f:1:34: the value of body is not valid: it takes protocol|form|json"},
	{ONE("\"cacert-only\":\"perhaps\""),
	 "f:1:41: the value of cacert-only is not valid: it takes true or false"},
	{ONE("\"scope\":[\"a\",\"\"]"), "f:1:40: scope is empty, or given too often"},
	{ONE("\"param\":[\"a\"]"), "f:1:36: param needs the form NAME=VALUE"},
	{ONE("\"param\":\"=x\""), "f:1:35: param needs the form NAME=VALUE"},
	{ONE("\"param\":{\"client_secret\":\"x\"}"),
	 "f:1:52: param client_secret holds a secret, which others could read: use param-file"},
	{ONE("\"header\":[\"Authorization=x\"]"),
	 "f:1:37: header Authorization holds a secret, which others could read: use header-file"},
	/* The top level is read for each exchange, and the mistake is told with its place there. */
	{"{\"timeout\":\"x\",\n\"exchanges\":[{\"name\":\"a\"}]}",
	 "f:1:12: the value of timeout is not"},
};

static void test_every_mistake_is_told_where_it_is(void)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		CHECK_INT(parse(bad[i].text), STS_EUSAGE);
		CHECK_INT(e.code, STS_EUSAGE);
		CHECK_INT(e.detail, 0);
		if (strncmp(e.msg, bad[i].message, strlen(bad[i].message)) != 0)
			printf("# %s\n# \"%s\", not \"%s\"\n", bad[i].text, e.msg, bad[i].message);
		CHECK(strncmp(e.msg, bad[i].message, strlen(bad[i].message)) == 0);
	}
}

static void test_values_of_every_kind(void)
{
	CHECK_INT(parse("\xef\xbb\xbf{\"log-level\":\"debug\",\"cacert\":\"/ca\",\"exchanges\":[{"
			"\"url\":\"https://h/"
			"\\u00e9\\\"]}\",\"timeout\":7,\"deadline\":\"1m\",\"mode\":640,"
			"\"group\":2000,\"refresh-fraction\":0.5,\"cacert-only\":true,"
			"\"insecure-http\":\"t\",\"body\":\"json\",\"scope\":[\"a\",\"b,c\"],"
			"\"audience\":\"x\\ny\",\"param\":{\"k\":\"v=w\",\"e\":\"\"},\"header\":["
			"\"A=b\"],"
			"\"param-file\":{\"client_secret\":\"/s\"},\"notify-signal\":\"USR2\","
			"\"name\":\"0-9\"}]}"),
		  STS_OK);
	CHECK_STR(e.msg, "");
	CHECK_INT(sts_config_count(&c), 1);
	CHECK_STR(sts_config_name(&c, 0), "0-9");
	read_exchange(0);
	CHECK_STR(o.url, "https://h/\xc3\xa9\"]}");
	CHECK_INT(o.timeout_ms, 7000);
	CHECK_INT(o.deadline_ms, 60000);
	CHECK_INT(o.mode, 0640);
	CHECK_INT(o.group, 2000);
	CHECK_INT(o.fraction_permille, 500);
	CHECK_INT(o.log_level, 3);
	CHECK_INT(o.notify_signal, 2);
	CHECK(o.cacert_only && o.insecure_http);
	CHECK_INT(o.body, STS_BODY_CHOICE_JSON);
	check_list(STS_LIST_CACERT, "/ca");
	check_list(STS_LIST_SCOPE, "a|b,c");
	check_list(STS_LIST_AUDIENCE, "x\ny");
	check_list(STS_LIST_PARAM, "k=v=w|e=");
	check_list(STS_LIST_HEADER, "A=b");
	check_list(STS_LIST_PARAM_FILE, "client_secret=/s");
}

static void test_layers(void)
{
	static char url_flag[] = "--url=flag", scope_flag[] = "--scope=flag";
	static char url_env[] = "STS_URL=env", protocol_env[] = "STS_PROTOCOL=env",
		    scope_env[] = "STS_SCOPE=env1\nenv2";
	static char *flags[] = {url_flag, scope_flag, NULL}, *none[] = {NULL};
	static char *env[] = {url_env, protocol_env, scope_env, NULL};
	char warning[128];

	CHECK_INT(
		parse("{\"url\":\"top\",\"protocol\":\"top\",\"token-file\":\"top\",\"client-id\":"
		      "\"top\",\"scope\":[\"top\",\"top\"],\"resource\":\"top\",\"exchanges\":[{"
		      "\"name\":"
		      "\"a\",\"url\":\"a\",\"protocol\":\"a\",\"token-file\":\"a\",\"scope\":\"a\"}"
		      ","
		      "{\"name\":\"b\",\"output-dir\":\"/b\"}]}"),
		STS_OK);
	read_exchange(0);
	CHECK_STR(o.url, "a");
	CHECK_STR(o.client_id, "top");
	CHECK_STR(o.output_dir, "/tokens");
	CHECK(o.create_dir);
	check_list(STS_LIST_SCOPE, "a");
	check_list(STS_LIST_RESOURCE, "top");
	read_exchange(1);
	CHECK_STR(o.url, "top");
	CHECK_STR(o.output_dir, "/b");
	check_list(STS_LIST_SCOPE, "top|top");
	CHECK_INT(sts_options_read(&o, STS_COMMAND_FETCH, none, env, &c, 0, warning,
				   sizeof(warning), &e),
		  STS_OK);
	CHECK_STR(o.url, "env");
	CHECK_STR(o.protocol, "env");
	CHECK_STR(o.token_file, "a");
	check_list(STS_LIST_SCOPE, "env1|env2");
	CHECK_INT(sts_options_read(&o, STS_COMMAND_FETCH, flags, env, &c, 0, warning,
				   sizeof(warning), &e),
		  STS_OK);
	CHECK_STR(o.url, "flag");
	CHECK_STR(o.protocol, "env");
	CHECK_STR(o.client_id, "top");
	CHECK_INT(o.timeout_ms, 30000);
	check_list(STS_LIST_SCOPE, "flag");
	check_list(STS_LIST_RESOURCE, "top");
	/* Without an exchange the file does not count. */
	CHECK_INT(sts_options_read(&o, STS_COMMAND_RUN, none, none, &c, -1, warning,
				   sizeof(warning), &e),
		  STS_OK);
	CHECK(o.url == NULL && o.list_count == 0);
}

static void test_one_directory_for_all(void)
{
	static char dir_flag[] = "--output-dir=/x", dir_env[] = "STS_OUTPUT_DIR=/x";
	static char *none[] = {NULL}, *flags[] = {dir_flag, NULL}, *env[] = {dir_env, NULL};
	static const char two[] = "{\"exchanges\":[{\"name\":\"a\"},"
				  "{\"name\":\"b\",\"output-dir\":\"/b\"}]}";
	char warning[128];

	for (int i = 0; i < 2; i++) {
		enum sts_err want = i == 0 ? STS_OK : STS_EUSAGE;

		CHECK_INT(parse(i == 0 ? "{\"exchanges\":[{\"name\":\"a\"}]}" : two), STS_OK);
		CHECK_INT(sts_options_read(&o, STS_COMMAND_RUN, flags, none, &c, 0, warning,
					   sizeof(warning), &e),
			  want);
		CHECK_INT(sts_options_read(&o, STS_COMMAND_RUN, none, env, &c, 0, warning,
					   sizeof(warning), &e),
			  want);
	}
	CHECK(strstr(e.msg, "--output-dir") != NULL);
}

static void test_bounds(void)
{
	struct sts_text text;

	for (int count = 16; count <= 17; count++) {
		sts_text_init(&text, big, sizeof(big));
		sts_text_add_str(&text, "{\"exchanges\":[");
		for (int i = 0; i < count; i++)
			sts_text_addf(&text, "%s{\"name\":\"e%d\",\"output-dir\":\"/t/%d\"}",
				      i ? ",\n" : "", i, i);
		sts_text_add_str(&text, "]}");
		CHECK_INT(parse(big), count == 16 ? STS_OK : STS_EUSAGE);
	}
	CHECK(strncmp(e.msg, "f:17:1: over 16 exchanges", 25) == 0);
	CHECK_INT(sts_config_find(&c, "e3"), 3);
	CHECK_INT(sts_config_find(&c, "e17"), -1);
	CHECK_INT(sts_config_find(&c, ""), -1);
	/* The lists of the top level and of the exchange together have as much room as flags
	 * have. */
	for (int count = 47; count <= 48; count++) {
		sts_text_init(&text, big, sizeof(big));
		sts_text_add_str(&text, "{\"scope\":[");
		for (int i = 0; i < count; i++)
			sts_text_addf(&text, "%s\"s\"", i ? "," : "");
		sts_text_add_str(&text, "],\n");
		sts_text_add_str(&text, &ONE("\"audience\":\"x\"")[1]);
		CHECK_INT(parse(big), count == 47 ? STS_OK : STS_EUSAGE);
	}
	CHECK(strncmp(e.msg, "f:2:37: audience is empty, or given too often", 45) == 0);
	/* The file has as many values as it may have. */
	sts_text_init(&text, big, sizeof(big));
	sts_text_add_str(&text, "{\"scope\":[");
	for (int i = 0; i <= STS_CONFIG_VALUES_MAX; i++)
		sts_text_addf(&text, "%s\"s\"", i ? "," : "");
	sts_text_add_str(&text, "]}");
	CHECK_INT(parse(big), STS_EUSAGE);
	CHECK(strncmp(e.msg, "f:1:6155: one value too many", 28) == 0);
}

/* ---- files ---- */

static char dir[] = "/tmp/sts-config-XXXXXX";

static void write_file(const char *name, size_t size, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	memset(big, ' ', sizeof(big));
	memcpy(big, text, strlen(text));
	CHECK_INT(write(fd, big, size), (ssize_t)size);
	close(fd);
}

static void test_files(void)
{
	static const char one[] = "{\"exchanges\":[{\"name\":\"a\"}]}";
	static const uint8_t zeros[STS_CONFIG_DIGEST_BYTES],
		/* the start of: printf '{"exchanges":[{"name":"a"}]}' | sha256sum */
		sum[STS_CONFIG_DIGEST_BYTES] = {0x78, 0x21, 0x63, 0x58, 0x98, 0x28, 0x5e, 0x41};

	if (!mkdtemp(dir) || chdir(dir) != 0) {
		CHECK(!"no directory");
		return;
	}
	/* A ConfigMap is mounted as links. */
	CHECK(mkdir("..data", 0700) == 0 && symlink("..data/f", "f") == 0);
	write_file("..data/f", strlen(one), one);
	CHECK_INT(sts_config_read(&c, "f", &e), STS_OK);
	CHECK(memcmp(c.digest, sum, sizeof(sum)) == 0);
	/* A file with a mistake has a digest too, which tells whether the file has changed. */
	write_file("f", 1, "{");
	CHECK_INT(sts_config_read(&c, "f", &e), STS_EUSAGE);
	CHECK(strncmp(e.msg, "f:1:2: ", 7) == 0);
	CHECK(memcmp(c.digest, sum, sizeof(sum)) != 0);
	CHECK(memcmp(c.digest, zeros, sizeof(zeros)) != 0);
	write_file("f", STS_CONFIG_MAX_BYTES, one);
	CHECK_INT(sts_config_read(&c, "f", &e), STS_OK);
	write_file("f", STS_CONFIG_MAX_BYTES + 1, one);
	CHECK_INT(sts_config_read(&c, "f", &e), STS_EUSAGE);
	CHECK_STR(e.msg, "the configuration file f: too big");
	CHECK(memcmp(c.digest, zeros, sizeof(zeros)) == 0);
	CHECK_INT(mkfifo("fifo", 0600), 0);
	alarm(5);
	CHECK_INT(sts_config_read(&c, "fifo", &e), STS_EUSAGE);
	CHECK_STR(e.msg, "the configuration file fifo: not a regular file");
	alarm(0);
	CHECK_INT(sts_config_read(&c, "..data", &e), STS_EUSAGE);
	CHECK_INT(sts_config_read(&c, "no\nsuch", &e), STS_EUSAGE);
	CHECK_STR(e.msg, "the configuration file no\\x0Asuch: no such file");
	CHECK(unlink("fifo") == 0 && unlink("f") == 0 && unlink("..data/f") == 0 &&
	      rmdir("..data") == 0 && rmdir(dir) == 0);
}

static void test_paths(void)
{
	static const struct {
		const char *dir, *path, *rest;
	} cases[] = {
		{"/t/a", "/t/a", ""},
		{"/t/a/", "/t/a", ""},
		{"/t/a", "/t//./a/.", ""},
		{"/t/a", "/t/a/token.jwt", "token.jwt"},
		{"/t/a", "/t/a/./b/token.jwt", "b/token.jwt"},
		{"/t/a", "/t/ab", NULL},
		{"/t/a", "/t", NULL},
		{"/t/a", "/t/.a", NULL},
		{"/t/a", "t/a", NULL},
		{"t/a", "./t/a", ""},
		{"/", "/t", "t"},
		{"/t", "/t/..", ".."},
		{"/t/b", "/t/a/../b", NULL},
		{"/t/.b", "/t/.b", ""},
		{"/t/..", "/t/..", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *rest = sts_path_beneath(cases[i].dir, cases[i].path);

		CHECK((rest != NULL) == (cases[i].rest != NULL));
		if (rest && cases[i].rest)
			CHECK_STR(rest, cases[i].rest);
	}
}

static const struct sts_test tests[] = {
	{"values of each kind", test_values_of_every_kind},
	{"flag over environment over exchange over top level over default", test_layers},
	{"several exchanges cannot share one directory", test_one_directory_for_all},
	{"bounds of numbers, texts and lists", test_bounds},
	{"which files are read", test_files},
	{"how long a path may be", test_paths},
	{"each mistake is told with its place", test_every_mistake_is_told_where_it_is},
};

STS_TEST_MAIN(tests)
