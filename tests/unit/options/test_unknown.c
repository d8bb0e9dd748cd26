/* SPDX-License-Identifier: Apache-2.0 */
#include "options/unknown.h"

#include "options/options.h"
#include "test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define NEVER \
	": there is none, on purpose: certificates are always verified; name the CA with " \
	"--cacert-path"

static void test_messages(void)
{
	static const struct {
		unsigned command;
		const char *word, *message;
	} rows[] = {
		/* Nearly right, or the beginning of one or more names. */
		{STS_COMMAND_FETCH, "--ulr", "unknown option \"--ulr\": did you mean --url?"},
		{STS_COMMAND_FETCH, "--token-fi",
		 "unknown option \"--token-fi\": did you mean --token-file or --token-field?"},
		{STS_COMMAND_FETCH, "--token-fiel",
		 "unknown option \"--token-fiel\": did you mean --token-file or --token-field?"},
		{STS_COMMAND_FETCH, "--cacert-p",
		 "unknown option \"--cacert-p\": did you mean "
		 "--cacert-path?"},
		{STS_COMMAND_FETCH, "--expect",
		 "unknown option \"--expect\": did you mean --expect-audience or "
		 "--expect-issuer?"},
		{STS_COMMAND_FETCH, "--s",
		 "unknown option \"--s\": did you mean --scope or --subject-token-type or "
		 "--subject-in?"},
		{STS_COMMAND_CHECK, "--zzz", "unknown option \"--zzz\""},
		{STS_COMMAND_PROTOCOLS, "-z", "unknown option \"-z\""},
		{STS_COMMAND_FETCH, "--=x", "unknown option \"--\""},
		/* One dash, and a value. */
		{STS_COMMAND_FETCH, "-url", "unknown option \"-url\": did you mean --url?"},
		{STS_COMMAND_FETCH, "-url=https://a/",
		 "unknown option \"-url\": did you mean "
		 "--url?"},
		{STS_COMMAND_FETCH, "-u", "unknown option \"-u\": did you mean --url?"},
		{STS_COMMAND_EXCHANGE, "-single-run",
		 "unknown option \"-single-run\": did you mean --single-run?"},
		/* Options of other commands. */
		{STS_COMMAND_CHECK, "--deadline", "--deadline is an option of fetch, not of check"},
		{STS_COMMAND_RUN, "--deadline=5s", "--deadline is an option of fetch, not of run"},
		{STS_COMMAND_INSPECT, "--cacert",
		 "--cacert is an option of run, fetch and verify, not of inspect"},
		{STS_COMMAND_FETCH, "-single-run",
		 "--single-run is an option of exchange, not of fetch"},
		{STS_COMMAND_HELP, "--url", "--url is an option of run and fetch, not of help"},
		/* Options of other programs, if this command has what stands for them. */
		{STS_COMMAND_FETCH, "-k", "unknown option \"-k\"" NEVER},
		{STS_COMMAND_RUN, "--insecure", "unknown option \"--insecure\"" NEVER},
		{STS_COMMAND_RUN, "--tls-skip-verify=true",
		 "unknown option \"--tls-skip-verify\"" NEVER},
		{STS_COMMAND_EXCHANGE, "--skip-verify", "unknown option \"--skip-verify\"" NEVER},
		{STS_COMMAND_CHECK, "-k", "unknown option \"-k\""},
		{STS_COMMAND_FETCH, "-v", "unknown option \"-v\": did you mean --log-level debug?"},
		{STS_COMMAND_RUN, "--debug",
		 "unknown option \"--debug\": did you mean --log-level debug?"},
		{STS_COMMAND_INSPECT, "-o", "unknown option \"-o\": did you mean --json?"},
		{STS_COMMAND_CHECK, "--output=json",
		 "unknown option \"--output\": did you mean --json?"},
		{STS_COMMAND_FETCH, "-o", "unknown option \"-o\": did you mean --output-dir?"},
		{STS_COMMAND_FETCH, "--token=abc",
		 "unknown option \"--token\": others can read arguments: write the token into a "
		 "file "
		 "for --token-file"},
	};
	struct sts_error e;

	for (size_t i = 0; i < COUNT(rows); i++) {
		CHECK_INT(sts_unknown_option(rows[i].word, rows[i].command, &e), STS_EUSAGE);
		CHECK_STR(e.msg, rows[i].message);
	}
}

/* Text from the command line is escaped and cut, and the value of an option is not shown. */
static void test_untrusted_words(void)
{
	char word[4096] = "--";
	struct sts_error e;

	memset(word + 2, 'x', sizeof(word) - 3);
	CHECK_INT(sts_unknown_option(word, STS_COMMAND_RUN, &e), STS_EUSAGE);
	CHECK_INT(strlen(e.msg), strlen("unknown option \"\"") + 40);
	CHECK_INT(sts_unknown_option("--a\x1b[2Jb=secret", STS_COMMAND_RUN, &e), STS_EUSAGE);
	CHECK_STR(e.msg, "unknown option \"--a\\x1B[2Jb\"");
}

static const struct sts_test tests[] = {
	{"what is said about an option that a command does not have", test_messages},
	{"words that are long or not printable", test_untrusted_words},
};

STS_TEST_MAIN(tests)
