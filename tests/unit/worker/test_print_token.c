/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of standard output, and the supervisor that is told before. */
#include "worker/print_token.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/clock.h"
#include "test.h"
#include "wire/job.h"
#include "wire/report.h"

static struct sts_error e;
static int saved_output, saved_report, reader, supervisor;

/* Move a descriptor out of the way of those with a fixed number. */
static int away(int fd)
{
	int moved = fcntl(fd, F_DUPFD_CLOEXEC, 20);

	close(fd);
	return moved;
}

static int take_place(int number, int fd)
{
	int saved = fcntl(number, F_DUPFD_CLOEXEC, 20);

	dup2(fd, number);
	close(fd);
	return saved;
}

static void give_back(int number, int saved)
{
	if (saved >= 0)
		dup2(saved, number);
	else
		close(number);
	close(saved);
}

/* Make a pipe the standard output, and another one that of the report. Nothing is checked until
 * end(), since a check prints. */
static void begin(void)
{
	int out[2], report[2];

	fflush(stdout);
	memset(&e, 0, sizeof(e));
	if (pipe(report) != 0 || pipe(out) != 0)
		abort();
	supervisor = away(report[0]);
	reader = away(out[0]);
	fcntl(reader, F_SETFL, O_NONBLOCK);
	out[1] = away(out[1]);
	saved_report = take_place(STS_INHERITED_FD, away(report[1]));
	saved_output = take_place(STDOUT_FILENO, out[1]);
}

static void end(void)
{
	give_back(STDOUT_FILENO, saved_output);
	give_back(STS_INHERITED_FD, saved_report);
	close(reader);
	close(supervisor);
}

static void test_printed(void)
{
	char byte = 0, text[16] = "";
	enum sts_err ready, err;
	ssize_t told, got;

	begin();
	ready = sts_print_token_ready(&e);
	err = sts_print_token(STS_SLICE("token\n"), INT64_MAX, &e);
	told = read(supervisor, &byte, 1);
	got = read(reader, text, sizeof(text) - 1);
	end();
	CHECK_INT(ready, STS_OK);
	CHECK_INT(err, STS_OK);
	CHECK(told == 1 && byte == STS_REPORT_STAGE_PRINT);
	CHECK_INT(got, 6);
	CHECK_STR(text, "token\n");
}

/* Nothing is printed that the supervisor does not know of: it would try again. */
static void test_the_supervisor_has_ended(void)
{
	char byte;
	enum sts_err err;
	ssize_t got;

	begin();
	close(supervisor);
	err = sts_print_token(STS_SLICE("token\n"), INT64_MAX, &e);
	got = read(reader, &byte, 1);
	end();
	CHECK_INT(err, STS_EBUG);
	CHECK_INT(e.detail, EPIPE);
	CHECK_INT(got, -1);
}

static void test_not_ready(void)
{
	enum sts_err err[2];
	struct sts_error first;

	begin();
	close(reader);
	err[0] = sts_print_token_ready(&e);
	first = e;
	dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDOUT_FILENO);
	err[1] = sts_print_token_ready(&e);
	end();
	CHECK_INT(err[0], STS_ESTDOUT);
	CHECK_INT(first.detail, EPIPE);
	CHECK_STR(first.msg,
		  "standard output: its reader has closed it; nothing was sent to the STS");
	CHECK_INT(err[1], STS_ESTDOUT);
	CHECK_INT(e.detail, EBADF);
	begin();
	close(STDOUT_FILENO);
	err[0] = sts_print_token_ready(&e);
	end();
	CHECK(err[0] == STS_ESTDOUT && e.detail == EBADF);
}

static void test_a_reader_that_stops(void)
{
	static char big[256 * 1024];
	enum sts_err err[3];
	struct sts_error errors[3];
	const char *in;
	int full;

	begin();
	close(reader);
	err[0] = sts_print_token(STS_SLICE("token\n"), INT64_MAX, &e);
	errors[0] = e;
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	dup2(full, STDOUT_FILENO);
	close(full);
	err[1] = sts_print_token(STS_SLICE("token\n"), INT64_MAX, &e);
	end();
	errors[1] = e;
	begin();
	err[2] = sts_print_token((struct sts_slice){big, sizeof(big)}, sts_clock_boot_ms() + 60,
				 &e);
	end();
	errors[2] = e;
	for (int i = 0; i < 3; i++)
		CHECK_INT(err[i], STS_ESTDOUT);
	CHECK_INT(errors[0].detail, EPIPE);
	CHECK_STR(errors[0].msg, "standard output took 0 of 6 bytes: its reader has closed it");
	CHECK_INT(errors[1].detail, ENOSPC);
	CHECK(strncmp(errors[1].msg, "standard output took 0 of 6 bytes: ", 35) == 0);
	CHECK(!strstr(errors[1].msg, "reader"));
	CHECK_INT(errors[2].detail, ETIMEDOUT);
	in = strstr(errors[2].msg, " of 262144 bytes in ");
	CHECK(in && strtol(in + strlen(" of 262144 bytes in "), NULL, 10) >= 50);
	CHECK(strstr(errors[2].msg, " ms: its reader is too slow"));
}

/* A reader that takes a part in a second. */
static void test_a_slow_reader(void)
{
	static char big[256 * 1024];
	enum sts_err err;

	begin();
	err = sts_print_token((struct sts_slice){big, sizeof(big)}, sts_clock_boot_ms() + 1100, &e);
	end();
	CHECK_INT(err, STS_ESTDOUT);
	CHECK(strstr(e.msg, " of 262144 bytes in 1 s: its reader is too slow"));
}

static const struct sts_test tests[] = {
	{"a token is printed", test_printed},
	{"the supervisor has ended", test_the_supervisor_has_ended},
	{"standard output is not ready", test_not_ready},
	{"a reader that stops", test_a_reader_that_stops},
	{"a slow reader", test_a_slow_reader},
};

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
