/* SPDX-License-Identifier: Apache-2.0 */
/* That output was lost is remembered for the whole process, so that each case runs in a process of
 * its own. */
#include "log/print.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/errno_words.h"
#include "test.h"

static char said[1024]; /* on standard error */

/* Run a case with this standard output. Returns its result. */
static int run(int (*body)(void), int output)
{
	int fds[2], status = -1;
	size_t len = 0;
	ssize_t got;

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		alarm(60);
		signal(SIGPIPE, SIG_IGN);
		dup2(output, STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		_exit(body());
	}
	close(fds[1]);
	while ((got = read(fds[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(fds[0]);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int print_and_succeed(void)
{
	sts_print(STDOUT_FILENO, STS_SLICE("result\n"));
	return sts_printed(STS_EXIT_OK);
}

static int print_and_fail(void)
{
	sts_print(STDOUT_FILENO, STS_SLICE("result\n"));
	return sts_printed(STS_EXIT_NO);
}

static void test_printed(void)
{
	char text[32] = "";
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	CHECK_INT(run(print_and_succeed, fds[1]), STS_EXIT_OK);
	CHECK_STR(said, "");
	CHECK_INT(read(fds[0], text, sizeof(text) - 1), 7);
	CHECK_STR(text, "result\n");
	CHECK_INT(run(print_and_fail, fds[1]), STS_EXIT_NO);
	CHECK_STR(said, "");
	close(fds[0]);
	close(fds[1]);
}

static const char *complaint(int err)
{
	static char text[256];

	snprintf(text, sizeof(text),
		 "sts-sidecar: cannot write to standard output: %s; look at where it goes\n",
		 sts_errno_words(err));
	return text;
}

static int fail_then_go_on(void)
{
	int full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);

	dup2(full, STDOUT_FILENO);
	sts_print(STDOUT_FILENO, STS_SLICE("lost"));
	dup2(null, STDOUT_FILENO);
	sts_print(STDOUT_FILENO, STS_SLICE("not lost"));
	return sts_printed(STS_EXIT_OK);
}

static int print_in_time(void)
{
	sts_print_until(sts_clock_boot_ms() + 20);
	return print_and_succeed();
}

static void test_not_read(void)
{
	char filling[4096] = "";
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	CHECK_INT(fcntl(fds[1], F_SETPIPE_SZ, sizeof(filling)), sizeof(filling));
	CHECK_INT(write(fds[1], filling, sizeof(filling)), sizeof(filling));
	CHECK_INT(run(print_in_time, fds[1]), STS_EXIT_OUTPUT);
	CHECK_STR(said, complaint(ETIMEDOUT));
	close(fds[0]);
	close(fds[1]);
}

static void test_not_printed(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fds[2];

	CHECK(full >= 0);
	CHECK_INT(run(print_and_succeed, full), STS_EXIT_OUTPUT);
	CHECK_STR(said, complaint(ENOSPC));
	/* Another failure keeps its own exit status. */
	CHECK_INT(run(print_and_fail, full), STS_EXIT_NO);
	CHECK_STR(said, "");
	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	close(fds[0]);
	CHECK_INT(run(print_and_succeed, fds[1]), STS_EXIT_OUTPUT);
	CHECK_STR(said, complaint(EPIPE));
	close(fds[1]);
	/* After output was lost, no later output makes up for it. */
	CHECK_INT(run(fail_then_go_on, full), STS_EXIT_OUTPUT);
	CHECK_STR(said, complaint(ENOSPC));
	close(full);
}

static int lose_an_error(void)
{
	int full = open("/dev/full", O_WRONLY);

	sts_print(full, STS_SLICE("lost"));
	return sts_printed(STS_EXIT_OK);
}

static int print_nothing(void)
{
	sts_print(STDOUT_FILENO, (struct sts_slice){NULL, 0});
	return sts_printed(STS_EXIT_OK);
}

/* Only standard output counts, and only if something is printed. */
static void test_other_descriptors(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	CHECK_INT(run(lose_an_error, full), STS_EXIT_OK);
	CHECK_STR(said, "");
	CHECK_INT(run(print_nothing, full), STS_EXIT_OK);
	CHECK_STR(said, "");
	close(full);
}

static char big[256 * 1024];

static int print_much(void)
{
	sts_print(STDOUT_FILENO, (struct sts_slice){big, sizeof(big)});
	return sts_printed(STS_EXIT_OK);
}

/* Somebody has made standard output non-blocking, and its reader is slow. */
static void test_a_slow_reader(void)
{
	static char buf[8192];
	size_t total = 0;
	ssize_t got;
	int fds[2];

	memset(big, 'x', sizeof(big));
	CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	CHECK(fcntl(fds[1], F_SETPIPE_SZ, 4096) > 0);
	CHECK(fcntl(fds[0], F_SETFL, 0) == 0);
	fflush(stdout);
	pid_t reader = fork();
	if (reader == 0) {
		alarm(60);
		close(fds[1]);
		while ((got = read(fds[0], buf, sizeof(buf))) > 0)
			total += (size_t)got;
		_exit(total != sizeof(big));
	}
	close(fds[0]);
	CHECK_INT(run(print_much, fds[1]), STS_EXIT_OK);
	CHECK_STR(said, "");
	close(fds[1]);
	int status = -1;
	CHECK_INT(waitpid(reader, &status, 0), reader);
	CHECK_INT(status, 0);
}

static struct sts_error error;

static int complain(void)
{
	return sts_complain(&error);
}

static int complain_with(void)
{
	return sts_complain_with(&error, "another hint");
}

static void check_complaint(enum sts_err code, int detail, const char *msg, const char *hint)
{
	char want[1024];

	sts_fail(&error, code, detail, "%s", msg);
	snprintf(want, sizeof(want), "sts-sidecar: %s; %s\n", msg, hint);
	CHECK_INT(run(complain, STDERR_FILENO), sts_error_info(code).exit_status);
	CHECK_STR(said, want);
}

/* The longest message and each hint fit on one line. */
static void test_complaints(void)
{
	char longest[STS_ERROR_TEXT_MAX_BYTES];

	memset(longest, 'm', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (int code = 0; code < STS_ERR__COUNT; code++)
		check_complaint((enum sts_err)code, 0, longest,
				sts_error_hint((enum sts_err)code, 0));
	check_complaint(STS_EUSAGE, 1, "bad", sts_error_hint(STS_EUSAGE, 0));
	check_complaint(STS_EUSAGE, STS_USAGE_PARAMETER, "bad", "see sts-sidecar protocols NAME");
	/* The number means something else for another error. */
	check_complaint(STS_EURL, STS_USAGE_PARAMETER, "bad", sts_error_hint(STS_EURL, 0));
	CHECK_INT(run(complain_with, STDERR_FILENO), sts_error_info(STS_EURL).exit_status);
	CHECK_STR(said, "sts-sidecar: bad; another hint\n");
}

static const struct sts_test tests[] = {
	{"a result is printed", test_printed},
	{"a result that cannot be printed", test_not_printed},
	{"a reader that does not read", test_not_read},
	{"other descriptors", test_other_descriptors},
	{"a slow reader", test_a_slow_reader},
	{"errors are printed with their hints", test_complaints},
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
