/* SPDX-License-Identifier: Apache-2.0 */
/* The program starts itself: main() with arguments is the process of --listen. */
#include "supervisor/listener_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "log_lines.h"
#include "process_limits.h"
#include "test.h"
#include "wire/job.h"
#include "wire/listener_job.h"

#define SAY_FD 30 /* inherited by the process of the test, which says there what it is */

static struct sts_listener_process h;
static int said; /* where it is read what the process of the test says */
static const char *const names[] = {"a", "b"}, *const dirs[] = {"/d/a", "/d/b"};

static const char *hear(void)
{
	static char text[256];
	ssize_t got = read(said, text, sizeof(text) - 1);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void test_none(void)
{
	memset(&h, 0, sizeof(h));
	sts_listener_process_init(&h);
	CHECK_INT(h.pid, -1);
	CHECK_INT(h.fd, -1);
	CHECK_INT(h.next_ms, -1);
	CHECK(h.metrics == NULL);
	/* Without --listen nothing is made. */
	sts_listener_process_plan(&h, false, names, 2);
	CHECK_INT(h.fd, -1);
	CHECK_INT(h.next_ms, -1);
	CHECK(h.metrics == NULL);
	sts_listener_process_stop(&h);
	CHECK_INT(h.pid, -1);
}

static void plan(void)
{
	int64_t before_ms = sts_clock_boot_ms();

	sts_listener_process_plan(&h, true, names, 2);
	CHECK(h.next_ms >= before_ms && h.next_ms <= sts_clock_boot_ms());
	CHECK_INT(h.pid, -1);
}

static void test_a_plan(void)
{
	plan();
	CHECK(h.fd >= 0 && h.metrics);
	CHECK_INT(h.metrics->count, 2);
	CHECK_STR(h.metrics->exchange[0].name, "a");
	CHECK_STR(h.metrics->exchange[1].name, "b");
	/* With another plan the same memory is used. */
	struct sts_metrics *metrics = h.metrics;
	int fd = h.fd;
	metrics->exchange[1].results[STS_RESULT_SUCCESS] = 7;
	sts_listener_process_plan(&h, true, names + 1, 1);
	CHECK(h.metrics == metrics);
	CHECK_INT(h.fd, fd);
	CHECK_INT(metrics->count, 1);
	CHECK_STR(metrics->exchange[0].name, "b");
	CHECK_INT(metrics->exchange[0].results[STS_RESULT_SUCCESS], 7);
	/* With a plan without --listen the counters stay. */
	sts_listener_process_plan(&h, false, names, 2);
	CHECK_INT(h.next_ms, -1);
	CHECK_INT(metrics->count, 2);
	CHECK_INT(metrics->exchange[1].results[STS_RESULT_SUCCESS], 7);
	CHECK_STR(log_lines_message(), "");
}

static void check_ended(pid_t pid)
{
	int status = SIGKILL;

	/* The process was reaped already, unless the machine is slow. */
	CHECK(waitpid(pid, &status, 0) == pid || errno == ECHILD);
	CHECK_INT(status, SIGKILL);
}

static void test_the_process(void)
{
	sts_log_setup(STS_LEVEL_WARN, STS_LOG_FORMAT_JSON);
	plan();
	int64_t before_ms = sts_clock_boot_ms();
	sts_listener_process_start(&h, "listener-of-the-test", ":8080", true, dirs);
	CHECK(h.pid > 0);
	CHECK_INT(h.next_ms, -1);
	CHECK(h.started_ms >= before_ms && h.started_ms <= sts_clock_boot_ms());
	CHECK_STR(hear(), "listener-of-the-test at :8080, level 1, format 1, sandbox 1, for /d/a "
			  "and /d/b, 2 exchanges, no environment");
	/* A new plan ends the process. */
	pid_t pid = h.pid;
	plan();
	check_ended(pid);
	sts_listener_process_start(&h, "p", ":1", false, dirs);
	CHECK(strstr(hear(), "p at :1, level 1, format 1, sandbox 0, "));
	pid = h.pid;
	sts_listener_process_stop(&h);
	CHECK_INT(h.pid, -1);
	CHECK_INT(h.next_ms, -1);
	check_ended(pid);
	CHECK_STR(log_lines_message(), "");
}

/* The process ended: the next start is `wait_s` later. */
static void check_again(int status, int wait_s, const char *want)
{
	int64_t before_ms = sts_clock_boot_ms();

	h.pid = 1;
	sts_listener_process_ended(&h, status);
	CHECK_INT(h.pid, -1);
	CHECK(h.next_ms >= before_ms + wait_s * 1000LL);
	CHECK(h.next_ms <= sts_clock_boot_ms() + wait_s * 1000LL);
	CHECK_STR(log_lines_message(), want);
}

static void test_it_ends(void)
{
	sts_listener_process_init(&h);
	plan();
	h.started_ms = sts_clock_boot_ms();
	check_again(71 << 8, 1,
		    "\"msg\":\"the process of --listen ended\",\"status\":71,\"retry_in_s\":1}\n");
	check_again(0, 2,
		    "\"msg\":\"the process of --listen ended\",\"status\":0,\"retry_in_s\":2}\n");
	check_again(SIGSEGV, 4,
		    "\"msg\":\"the process of --listen was killed\",\"signal\":11,\"retry_in_s\":4}"
		    "\n");
	for (int wait_s = 8; wait_s < 60; wait_s *= 2) {
		h.pid = 1;
		h.started_ms = sts_clock_boot_ms();
		sts_listener_process_ended(&h, 0);
		log_lines_message();
		CHECK_INT(h.wait_ms, wait_s * 1000);
	}
	for (int i = 0; i < 2; i++) {
		h.started_ms = sts_clock_boot_ms();
		check_again(0, 60,
			    "\"msg\":\"the process of --listen ended\",\"status\":0,"
			    "\"retry_in_s\":60}\n");
	}
	/* The process has lived for longer than the longest wait. */
	h.started_ms = sts_clock_boot_ms() - 60001;
	check_again(0, 1,
		    "\"msg\":\"the process of --listen ended\",\"status\":0,\"retry_in_s\":1}\n");
	/* With a new plan the process starts at once, and earlier waits are forgotten. */
	plan();
	h.started_ms = sts_clock_boot_ms();
	check_again(0, 1,
		    "\"msg\":\"the process of --listen ended\",\"status\":0,\"retry_in_s\":1}\n");
}

/* Start the process as a user that may have no more processes. Root may have any number. */
static int start_without_processes(void)
{
	char want[128];

	if (!limits_no_processes())
		return 2;
	sts_listener_process_start(&h, "p", ":1", false, dirs);
	snprintf(want, sizeof(want),
		 "\"msg\":\"the process of --listen could not be started\",\"reason\":\"%s\","
		 "\"retry_in_s\":1}\n",
		 sts_errno_words(EAGAIN));
	return h.pid == -1 && h.next_ms > 0 && strcmp(log_lines_message(), want) == 0 ? 0 : 3;
}

static void test_no_process(void)
{
	int status;

	plan();
	pid_t pid = fork();
	if (pid == 0)
		_exit(start_without_processes());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

static void test_no_memory(void)
{
	sts_listener_process_init(&h);
	struct rlimit old = limits_descriptors(limits_free_fd());
	sts_listener_process_plan(&h, true, names, 2);
	limits_restore(old);
	CHECK(strstr(log_lines_message(), "\"msg\":\"no memory for the metrics: "));
	CHECK_INT(h.next_ms, -1);
	CHECK(h.metrics == NULL);
	plan(); /* the next plan tries again */
	CHECK(h.metrics);
}

/* ---- the process ---- */

static int listen_and_say(int argc, char **argv)
{
	const struct sts_metrics *metrics = sts_metrics_map(STS_INHERITED_FD);
	struct sts_listener_job job;
	char text[256];

	alarm(60);
	if (!metrics || !sts_listener_job_parse(argc, argv, metrics->count, &job))
		return 1;
	sts_test_forget_counting();
	int len = snprintf(text, sizeof(text),
			   "%s at %s, level %d, format %d, sandbox %d, for %s and %s, %d "
			   "exchanges, %s environment",
			   argv[0], job.where, job.level, job.format, job.require_sandbox,
			   argv[STS_LISTENER_DIRECTORIES_AT], argv[STS_LISTENER_DIRECTORIES_AT + 1],
			   (int)metrics->count, *environ ? "an" : "no");
	if (write(SAY_FD, text, (size_t)len) != len)
		return 1;
	for (;;)
		pause();
}

static const struct sts_test tests[] = {
	{"there is no process", test_none},
	{"a plan makes the memory", test_a_plan},
	{"the process gets its job", test_the_process},
	{"the process starts again after it ended", test_it_ends},
	{"no process is left", test_no_process},
	{"no memory", test_no_memory},
};

int main(int argc, char **argv)
{
	int say[2];

	if (argc > 1)
		return listen_and_say(argc, argv);
	alarm(60);
	if (pipe2(say, O_CLOEXEC) != 0 || dup2(say[1], SAY_FD) < 0 || !log_lines_capture())
		return 1;
	said = say[0];
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
