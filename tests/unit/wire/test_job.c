/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/job.h"

#include <fcntl.h>
#include <unistd.h>

#include "argv.h"
#include "test.h"

static const uint8_t digest[STS_SUBJECT_ID_BYTES] = {0, 1, 2, 0x7f, 0x80, 0xab, 0xfe, 0xff};
static const uint8_t used[STS_SUBJECT_ID_BYTES] = {0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88};

static struct sts_job_words words;
static char *list[STS_JOB_ARGUMENTS_MAX];

static const struct sts_job usual = {
	.mode = STS_WORKER_ADOPT, .timeout_ms = 30000, .name = "api", .digest = digest};

static void test_the_list(void)
{
	char *const *argv = ARGV("sts-sidecar", "run", "--url", "https://a", "");
	const char *const want[] = {"sts-sidecar",      "worker", "adopt", "30000", "api",
				    "0001027F80ABFEFF", "-",      "0",     "run",   "--url",
				    "https://a",        ""};

	CHECK(sts_job_arguments(&usual, argv, &words, list));
	CHECK_INT(argv_length(list), sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
		CHECK_STR(list[i], want[i]);
}

static void test_ids(void)
{
	char *const *argv = ARGV("p", "run");
	struct sts_job job = usual;

	job.used = &used;
	job.used_count = 1;
	CHECK(sts_job_arguments(&job, argv, &words, list));
	CHECK_STR(list[5], "0001027F80ABFEFF");
	CHECK_STR(list[6], "FFEEDDCCBBAA9988");
	job.digest = NULL;
	CHECK(sts_job_arguments(&job, argv, &words, list));
	CHECK_STR(list[5], "-");
	CHECK_STR(list[6], "FFEEDDCCBBAA9988");
}

/* The command line has as many arguments as fit, and then one more. */
static void test_length(void)
{
	static char x[] = "x";
	char *argv[STS_JOB_ARGUMENTS_MAX + 1] = {x};
	const size_t most = STS_JOB_ARGUMENTS_MAX - 1 - STS_JOB_COMMAND_AT;

	for (size_t i = 1; i <= most; i++)
		argv[i] = x;
	CHECK(sts_job_arguments(&usual, argv, &words, list));
	CHECK_INT(argv_length(list), STS_JOB_ARGUMENTS_MAX - 1);
	argv[most + 1] = x;
	CHECK(!sts_job_arguments(&usual, argv, &words, list));
}

/* The worker reads what the supervisor has written. */
static void test_there_and_back(void)
{
	char *const *argv = ARGV("p", "fetch", "--url", "u");

	for (int mode = 0; mode < STS_WORKER__COUNT; mode++) {
		const struct sts_job job = {.mode = (enum sts_worker_mode)mode,
					    .timeout_ms = 24 * 3600 * 1000 - mode,
					    .name = "hub",
					    .used = &used,
					    .used_count = 1,
					    .ahead_s = 60 + mode};
		struct sts_worker_job got;

		CHECK(sts_job_arguments(&job, argv, &words, list));
		CHECK(sts_job_parse((int)argv_length(list), list, &got));
		CHECK_INT(got.mode, mode);
		CHECK_INT(got.timeout_ms, job.timeout_ms);
		CHECK_INT(got.ahead_s, job.ahead_s);
		CHECK_STR(got.name, "hub");
		CHECK_STR(got.digest, "-");
		CHECK_STR(got.used, "FFEEDDCCBBAA9988");
		CHECK_STR(got.command, "fetch");
		CHECK(got.argv == list + STS_JOB_COMMAND_AT + 1);
		CHECK_STR(got.argv[0], "--url");
		CHECK_INT(argv_length(got.argv), 2);
	}
}

static bool parses_ahead(const char *mode, const char *timeout, const char *ahead)
{
	char *const *argv = ARGV("p", "worker", mode, timeout, "n", "-", "-", ahead, "run");
	struct sts_worker_job job;

	return sts_job_parse((int)argv_length(argv), argv, &job);
}

static bool parses(const char *mode, const char *timeout)
{
	return parses_ahead(mode, timeout, "0");
}

static void test_what_is_not_a_job(void)
{
	char *const *argv = ARGV("p", "worker", "exchange", "1000", "n", "-", "-", "0", "run");
	struct sts_worker_job job;

	CHECK(sts_job_parse(STS_JOB_COMMAND_AT + 1, argv, &job));
	CHECK(job.argv[0] == NULL);
	for (int argc = 1; argc <= STS_JOB_COMMAND_AT; argc++)
		CHECK(!sts_job_parse(argc, argv, &job));

	CHECK(parses("poll", "1"));
	CHECK(!parses("", "1"));
	CHECK(!parses("Poll", "1"));
	CHECK(!parses("polls", "1"));
	CHECK(!parses("pol", "1"));

	CHECK(parses("poll", "86400000"));
	CHECK(!parses("poll", "86400001"));
	CHECK(!parses("poll", "99999999999999999999"));
	CHECK(!parses("poll", "-1"));
	CHECK(!parses("poll", "+1"));
	CHECK(!parses("poll", " 1"));
	CHECK(!parses("poll", "1s"));
	CHECK(!parses("poll", ""));

	CHECK(parses_ahead("poll", "1", "86400"));
	CHECK(!parses_ahead("poll", "1", "86401"));
	CHECK(!parses_ahead("poll", "1", "-1"));
	CHECK(!parses_ahead("poll", "1", ""));
}

static void test_the_report_pipe(void)
{
	int fds[2], file = open("/dev/null", O_WRONLY);

	CHECK(file >= 0 && pipe(fds) == 0);
	/* These descriptors have other numbers than the one that is looked at. */
	file = fcntl(file, F_DUPFD, 10);
	fds[1] = fcntl(fds[1], F_DUPFD, 10);
	close(STS_INHERITED_FD);
	CHECK(!sts_job_has_report_pipe());
	CHECK_INT(dup2(file, STS_INHERITED_FD), STS_INHERITED_FD);
	CHECK(!sts_job_has_report_pipe());
	CHECK_INT(dup2(fds[1], STS_INHERITED_FD), STS_INHERITED_FD);
	CHECK(sts_job_has_report_pipe());
	close(STS_INHERITED_FD);
	close(file);
	close(fds[1]);
}

/* Several tokens that were sent, as many as may be remembered, none, and texts that are not ids. */
static void test_used_tokens(void)
{
	static uint8_t many[STS_USED_MAX][STS_SUBJECT_ID_BYTES];
	static const char *const odd[] = {"", "-", "FFEEDDCCBBAA998", "XFEEDDCCBBAA9988"};
	struct sts_job job = {.mode = STS_WORKER_EXCHANGE, .timeout_ms = 1, .name = "a"};
	static char program[] = "sts-sidecar", command[] = "run";
	struct sts_worker_job got = {0};
	char *argv[] = {program, command, NULL};

	for (size_t i = 0; i < STS_USED_MAX; i++)
		many[i][0] = (uint8_t)(i + 1);
	for (size_t count = 0; count <= STS_USED_MAX; count++) {
		job.used = many;
		job.used_count = count;
		CHECK(sts_job_arguments(&job, argv, &words, list));
		CHECK(sts_job_parse(STS_JOB_COMMAND_AT + 1, list, &got));
		for (size_t i = 0; i < STS_USED_MAX; i++)
			CHECK_INT(sts_job_has_used(&got, many[i]), i < count);
		CHECK(!sts_job_has_used(&got, used));
	}
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		got.used = got.digest = odd[i];
		CHECK(!sts_job_has_used(&got, used) && !sts_job_has_digest(&got, used));
	}
	got.used = got.digest = "FFEEDDCCBBAA9988";
	CHECK(sts_job_has_used(&got, used) && sts_job_has_digest(&got, used));
}

static const struct sts_test tests[] = {
	{"the argument list", test_the_list},
	{"the digest and the id of the token that was used", test_ids},
	{"tokens that were sent", test_used_tokens},
	{"the longest argument list", test_length},
	{"each mode is written and read back", test_there_and_back},
	{"what is not a job", test_what_is_not_a_job},
	{"the pipe for the report", test_the_report_pipe},
};
STS_TEST_MAIN(tests)
