/* SPDX-License-Identifier: Apache-2.0 */
/* The program starts itself as a worker, so that main() also does what workers do. */
#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "argv.h"
#include "base/clock.h"
#include "child_pipe.h"
#include "process_limits.h"
#include "supervisor/spawn.h"
#include "test.h"

static const uint8_t id[STS_SUBJECT_ID_BYTES] = {'S', 'R', 's', 't', 0, 'S', 0x80, 0xff};

static struct sts_error e;

static void put_stage(void)
{
	put("S", 1);
	put(id, sizeof(id));
}

static void finish(int status)
{
	close(in);
	memset(&got, 0xa5, sizeof(got));
	sts_child_finish(&c, status, &got);
	CHECK_INT(c.fd, -1);
	CHECK_INT(c.pid, -1);
	/* The report that is handed out passes the check. */
	CHECK(sts_report_ok(&got, sizeof(got), sts_clock_real_ms() / 1000, sts_clock_boot_ms()));
}

static void kill_it(void)
{
	if (c.pid > 0)
		kill(c.pid, SIGKILL);
	c.killed = true;
}

static void check_made_up(enum sts_err error, int detail, const char *text)
{
	CHECK_INT(got.error, error);
	CHECK_INT(got.detail, detail);
	CHECK_STR(got.text, text);
	CHECK_INT(got.retry_after_s, -1);
	CHECK_INT(got.expires_s, 0);
	CHECK_INT(got.flags, 0);
}

#define NO_REPORT "the worker ended with status 0 and no valid report (before the request was sent)"
#define NO_REPORT_SENT \
	"the worker ended with status 0 and no valid report (after the request was sent)"

static void test_none(void)
{
	memset(&c, 0xa5, sizeof(c));
	sts_child_init(&c);
	CHECK_INT(c.pid, -1);
	CHECK_INT(c.fd, -1);
	CHECK(!c.killed && c.len == 0 && c.stage_len == 0);
	sts_child_read(&c);
	CHECK(sts_child_drop(&c));
	CHECK_INT(c.pid, -1);
}

static void test_a_report(void)
{
	const struct sts_report report = refused;

	set_up_pipe();
	sts_child_read(&c); /* there is nothing yet */
	CHECK(c.fd >= 0);
	put(&report, sizeof(report));
	sts_child_read(&c);
	CHECK(c.fd >= 0); /* there may be more */
	CHECK_INT(c.stage_len, 0);
	close(in);
	in = -1;
	sts_child_read(&c);
	CHECK_INT(c.fd, -1);
	finish(0);
	CHECK(memcmp(&got, &report, sizeof(got)) == 0);
	/* sts_child_finish() reads what nobody has read yet. */
	set_up_pipe();
	put_stage();
	put(&report, sizeof(report));
	finish(0);
	CHECK(memcmp(&got, &report, sizeof(got)) == 0);
	CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
}

static void put_in_pieces(const char *all, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece) {
		put(all + at, len - at < piece ? len - at : piece);
		sts_child_read(&c);
	}
}

static void test_in_pieces(void)
{
	const struct sts_report report = refused;
	char all[STS_REPORT_STAGE_SENT_BYTES + sizeof(report)] = "S";

	memcpy(all + 1, id, sizeof(id));
	memcpy(all + STS_REPORT_STAGE_SENT_BYTES, &report, sizeof(report));
	for (size_t piece = 1; piece <= sizeof(all); piece++) {
		set_up_pipe();
		put_in_pieces(all, sizeof(all), piece);
		CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
		CHECK_INT(c.stage[0], STS_REPORT_STAGE_SENT);
		CHECK(memcmp(c.stage + 1, id, sizeof(id)) == 0);
		finish(0);
		CHECK(memcmp(&got, &report, sizeof(got)) == 0);
		/* An S within the report is not a stage byte. */
		set_up_pipe();
		put_in_pieces((const char *)&report, sizeof(report), piece);
		CHECK_INT(c.stage_len, 0);
		finish(0);
		CHECK(memcmp(&got, &report, sizeof(got)) == 0);
	}
}

static void test_cut_short(void)
{
	const struct sts_report report = refused;

	for (size_t len = 0; len < sizeof(report); len += len < sizeof(report) - 2 ? 7 : 1) {
		set_up_pipe();
		put(&report, len);
		finish(0);
		check_made_up(STS_EWORKER, 0, NO_REPORT);
	}
	for (size_t len = 0; len < sizeof(id); len++) {
		set_up_pipe();
		put("S", 1);
		put(id, len);
		finish(0);
		CHECK_INT(c.stage_len, 1 + len);
		check_made_up(STS_EWORKER, 0, NO_REPORT_SENT);
	}
	set_up_pipe();
	put_stage();
	put(&report, sizeof(report) - 1);
	finish(0);
	check_made_up(STS_EWORKER, 0, NO_REPORT_SENT);
}

static void test_too_long(void)
{
	static char flood[32 * 1024];
	const struct sts_report report = refused;

	set_up_pipe();
	put(&report, sizeof(report));
	put("", 1);
	sts_child_read(&c);
	CHECK_INT(c.fd, -1); /* the rest does not matter */
	finish(0);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
	/* Two reports, the second with a stage byte. */
	set_up_pipe();
	put(&report, sizeof(report));
	put_stage();
	put(&report, sizeof(report));
	finish(0);
	CHECK_INT(c.stage_len, 0);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
	/* The worker writes as much as a pipe takes. */
	set_up_pipe();
	memset(flood, 'S', sizeof(flood));
	put(flood, sizeof(flood));
	sts_child_read(&c);
	CHECK_INT(c.fd, -1);
	CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
	finish(0);
	check_made_up(STS_EWORKER, 0, NO_REPORT_SENT);
}

/* A worker that may have printed a part of the token: whatever follows, a failure is final. */
static void test_prints(void)
{
	const struct sts_report failed = refused;
	struct sts_report ok = {.magic = STS_REPORT_MAGIC,
				.version = STS_REPORT_VERSION,
				.retry_after_s = -1,
				.lifetime_s = 300,
				.expires_s = 1795956247};
	char all[STS_REPORT_STAGE_SENT_BYTES + 1 + sizeof(failed)] = "S";

	memcpy(all + 1, id, sizeof(id));
	all[STS_REPORT_STAGE_SENT_BYTES] = STS_REPORT_STAGE_PRINT;
	memcpy(all + STS_REPORT_STAGE_SENT_BYTES + 1, &failed, sizeof(failed));
	for (size_t piece = 1; piece <= sizeof(all); piece++) {
		set_up_pipe();
		put_in_pieces(all, sizeof(all), piece);
		CHECK(c.prints);
		finish(0);
		CHECK_INT(got.error, STS_ESTDOUT);
		CHECK_INT(got.detail, 0); /* not that of the report, whose error is another */
		CHECK_STR(got.text, failed.text);
	}
	memcpy(all + STS_REPORT_STAGE_SENT_BYTES + 1, &ok, sizeof(ok));
	set_up_pipe();
	put(all, sizeof(all));
	finish(0);
	CHECK(memcmp(&got, &ok, sizeof(got)) == 0);
	/* A success without a token is a failure too. */
	ok.lifetime_s = ok.expires_s = 0;
	memcpy(all + STS_REPORT_STAGE_SENT_BYTES + 1, &ok, sizeof(ok));
	set_up_pipe();
	put(all, sizeof(all));
	finish(0);
	CHECK_INT(got.error, STS_ESTDOUT);
	/* The worker is killed by somebody, or by the supervisor. */
	set_up_pipe();
	put(all, STS_REPORT_STAGE_SENT_BYTES + 1);
	finish(SIGKILL);
	check_made_up(STS_ESTDOUT, 0,
		      "the worker was killed by signal 9 (standard output may have a part of the "
		      "token)");
	set_up_pipe();
	put(all, STS_REPORT_STAGE_SENT_BYTES + 1);
	kill_it();
	finish(0);
	check_made_up(STS_ESTDOUT, 0,
		      "the worker did not end in time (standard output may have a part of the "
		      "token) and was killed");
	/* The byte counts after the stage byte, and once. */
	set_up_pipe();
	put("P", 1);
	put(&failed, sizeof(failed));
	finish(0);
	CHECK(!c.prints);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
}

static void test_not_valid(void)
{
	struct sts_report report = refused;

	report.version++;
	set_up_pipe();
	put(&report, sizeof(report));
	finish(0);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
	/* An error that would end the supervisor. */
	report = refused;
	report.error = STS_EUSAGE;
	set_up_pipe();
	put(&report, sizeof(report));
	finish(0);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
	/* A stage byte that is another one begins a report, which is then too long. */
	report = refused;
	set_up_pipe();
	put("s", 1);
	put(&report, sizeof(report));
	finish(0);
	CHECK_INT(c.stage_len, 0);
	check_made_up(STS_EWORKER, 0, NO_REPORT);
}

/* The statuses of waitpid(): a signal is in the low byte, an exit status in the next one. */
static void test_how_it_ended(void)
{
	const struct sts_report report = refused;

	set_up_pipe();
	finish(SIGSEGV);
	check_made_up(STS_EWORKER, SIGSEGV,
		      "the worker was killed by signal 11 (before the request was sent)");
	set_up_pipe();
	put_stage();
	finish(SIGKILL);
	check_made_up(STS_EWORKER, SIGKILL,
		      "the worker was killed by signal 9 (after the request was sent)");
	set_up_pipe();
	finish(70 << 8);
	check_made_up(STS_EWORKER, 70,
		      "the worker ended with status 70 and no valid report (before the request was "
		      "sent)");
	set_up_pipe();
	finish(STS_SPAWN_EXEC_FAILED << 8);
	check_made_up(STS_EFORK, 0, "the worker could not be executed");
	set_up_pipe();
	finish(STS_SPAWN_EMULATED << 8);
	check_made_up(STS_EFORK, ENOEXEC, "the worker could not be executed");
	set_up_pipe();
	put_stage();
	kill_it();
	CHECK(c.killed);
	finish(0);
	check_made_up(STS_ETIMEOUT, STS_TIMEOUT_HERE,
		      "the worker did not end in time (after the request was sent) and was killed");
	/* A report counts, however the worker ended. */
	set_up_pipe();
	put(&report, sizeof(report));
	finish(SIGKILL);
	CHECK(memcmp(&got, &report, sizeof(got)) == 0);
	set_up_pipe();
	put(&report, sizeof(report));
	kill_it();
	finish(0);
	CHECK(memcmp(&got, &report, sizeof(got)) == 0);
}

/* ---- processes ---- */

static enum sts_err start(const char *role, int snapshot_fd)
{
	const struct sts_job job = {.mode = STS_WORKER_POLL,
				    .timeout_ms = 2500,
				    .name = "api",
				    .used = &id,
				    .used_count = 1};

	return sts_child_start(&c, &job, ARGV("worker-of-the-test", role, "--last"), snapshot_fd,
			       &e);
}

static int wait_for_end(void)
{
	int status = -1;

	CHECK_INT(waitpid(c.pid, &status, 0), c.pid);
	return status;
}

static void test_a_worker_reports(void)
{
	int snapshot[2];
	int64_t before_ms = sts_clock_boot_ms();

	CHECK(pipe2(snapshot, O_CLOEXEC) == 0);
	int high = fcntl(snapshot[0], F_DUPFD_CLOEXEC, 20);
	CHECK_INT(write(snapshot[1], "snap", 4), 4);
	CHECK_INT(start("report", high), STS_OK);
	CHECK(c.pid > 0 && c.fd >= 0);
	CHECK(fcntl(c.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(c.fd, F_GETFL) & O_NONBLOCK);
	CHECK(c.started_boot_ms >= before_ms && c.started_boot_ms <= sts_clock_boot_ms());
	CHECK_INT(c.kill_boot_ms, c.started_boot_ms + 2500 + 1000);
	CHECK(!c.killed);
	int status = wait_for_end();
	CHECK_INT(status, 0);
	in = -1;
	finish(status);
	CHECK_INT(got.error, STS_EDENIED);
	CHECK_STR(got.text, "mode 2 of 2500 ms, api, -, 5352737400538 report --last, snap");
	CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
	close(snapshot[0]);
	close(snapshot[1]);
	close(high);
}

static void test_workers_that_do_not_report(void)
{
	int status;

	in = -1;
	CHECK_INT(start("signal", -1), STS_OK);
	finish(wait_for_end());
	check_made_up(STS_EWORKER, SIGKILL,
		      "the worker was killed by signal 9 (before the request was sent)");
	CHECK_INT(start("exit", -1), STS_OK);
	finish(wait_for_end());
	check_made_up(
		STS_EWORKER, 7,
		"the worker ended with status 7 and no valid report (before the request was sent)");
	/* A worker that hangs is killed, and its end is not waited for. */
	CHECK_INT(start("hang", -1), STS_OK);
	pid_t pid = c.pid;
	kill_it();
	finish(0);
	check_made_up(
		STS_ETIMEOUT, STS_TIMEOUT_HERE,
		"the worker did not end in time (before the request was sent) and was killed");
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, SIGKILL);
}

static void test_drop(void)
{
	int status = SIGKILL;

	CHECK_INT(start("hang", -1), STS_OK);
	pid_t pid = c.pid;
	int fd = c.fd;
	sts_child_drop(&c);
	CHECK_INT(c.pid, -1);
	CHECK_INT(c.fd, -1);
	CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
	/* The worker was reaped already, unless the machine is slow. */
	CHECK(waitpid(pid, &status, 0) == pid || errno == ECHILD);
	CHECK_INT(status, SIGKILL);
}

/* The worker says which files it looks at, until it has sent the request. */
static void test_the_files_it_looks_at(void)
{
	static const char reads[] = {STS_READS_OUTPUT, STS_READS_SUBJECT, STS_READS_LAST};
	const struct sts_report report = refused;

	set_up_pipe();
	sts_child_read(&c);
	CHECK_INT(c.reads, STS_READS_NOTHING);
	put(reads, 2);
	sts_child_read(&c);
	CHECK_INT(c.reads, STS_READS_SUBJECT);
	CHECK_INT(c.len + c.stage_len, 0);
	put(reads + 2, 1);
	put_stage();
	put(&report, sizeof(report));
	finish(0);
	CHECK_INT(c.reads, STS_READS_LAST);
	CHECK_INT(c.stage_len, STS_REPORT_STAGE_SENT_BYTES);
	CHECK(memcmp(&got, &report, sizeof(got)) == 0);
	/* After the request was sent, and with another number, it is not such a byte. */
	set_up_pipe();
	put_stage();
	sts_child_read(&c);
	put(reads, 1);
	put(&report, sizeof(report));
	finish(0);
	CHECK_INT(c.reads, STS_READS_NOTHING);
	CHECK_INT(got.error, STS_EWORKER);
	for (int odd = 0; odd < 2; odd++) {
		set_up_pipe();
		put(odd ? "\x20" : "\0", 1);
		put(&report, sizeof(report));
		finish(0);
		CHECK_INT(got.error, STS_EWORKER);
	}
}

static void test_too_many_arguments(void)
{
	static char x[] = "x";
	char *argv[STS_JOB_ARGUMENTS_MAX - STS_JOB_COMMAND_AT + 2] = {x, NULL};
	const struct sts_job job = {.mode = STS_WORKER_EXCHANGE, .timeout_ms = 1000, .name = "a"};
	int lowest = limits_free_fd();

	for (size_t i = 1; i <= STS_JOB_ARGUMENTS_MAX - STS_JOB_COMMAND_AT; i++)
		argv[i] = x;
	CHECK_INT(sts_child_start(&c, &job, argv, -1, &e), STS_EUSAGE);
	CHECK_STR(e.msg, "more than 247 arguments");
	CHECK_INT(c.pid, -1);
	CHECK_INT(c.fd, -1);
	CHECK_INT(limits_free_fd(), lowest);
}

static void test_it_cannot_be_executed(void)
{
	/* One argument is longer than the kernel takes (128 KiB). */
	static char big[160 * 1024];
	const struct sts_job job = {.mode = STS_WORKER_EXCHANGE, .timeout_ms = 1000, .name = "a"};

	memset(big, 'x', sizeof(big) - 1);
	CHECK_INT(sts_child_start(&c, &job, ARGV("p", "report", big), -1, &e), STS_OK);
	in = -1;
	finish(wait_for_end());
	check_made_up(STS_EFORK, 0, "the worker could not be executed");
}

static void test_no_descriptor(void)
{
	int lowest = limits_free_fd();

	/* A pipe needs two. */
	struct rlimit old = limits_descriptors(lowest + 1);
	CHECK_INT(start("report", -1), STS_EFILES);
	limits_restore(old);
	CHECK_INT(e.code, STS_EFILES);
	CHECK_INT(e.detail, EMFILE);
	CHECK(strstr(e.msg, "no pipe for a worker: ") == e.msg);
	CHECK_INT(c.pid, -1);
	CHECK_INT(c.fd, -1);
	CHECK_INT(limits_free_fd(), lowest);
}

/* Start a worker as a user that may have no more processes. Root may have any number. */
static int start_without_processes(void)
{
	int lowest = limits_free_fd();

	if (!limits_no_processes())
		return 2;
	if (start("report", -1) != STS_EFORK || e.detail != EAGAIN)
		return 3;
	if (strstr(e.msg, "the worker process could not be started: ") != e.msg)
		return 4;
	return c.pid == -1 && c.fd == -1 && limits_free_fd() == lowest ? 0 : 5;
}

static void test_no_process(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(start_without_processes());
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

/* ---- the worker's side ---- */

static int report_job(const struct sts_worker_job *job)
{
	struct sts_report report = refused;
	char snapshot[8] = "";

	if (read(STS_INHERITED_SNAPSHOT_FD, snapshot, sizeof(snapshot) - 1) < 0)
		strcpy(snapshot, "none");
	snprintf(report.text, sizeof(report.text), "mode %d of %d ms, %s, %s, %.13s %s %s, %s",
		 job->mode, (int)job->timeout_ms, job->name, job->digest, job->used, job->command,
		 job->argv[0], snapshot);
	if (write(STS_INHERITED_FD, "S", 1) != 1 ||
	    write(STS_INHERITED_FD, id, sizeof(id)) != (ssize_t)sizeof(id))
		return 1;
	return write(STS_INHERITED_FD, &report, sizeof(report)) != (ssize_t)sizeof(report);
}

static int work(int argc, char **argv)
{
	struct sts_worker_job job;

	alarm(60);
	if (!sts_job_parse(argc, argv, &job) || !sts_job_has_report_pipe())
		return 2;
	if (strcmp(job.command, "signal") == 0)
		raise(SIGKILL);
	while (strcmp(job.command, "hang") == 0)
		pause();
	return strcmp(job.command, "report") == 0 ? report_job(&job) : 7;
}

static const struct sts_test tests[] = {
	{"a child that does not run is left alone", test_none},
	{"a report is read", test_a_report},
	{"a report is read in pieces", test_in_pieces},
	{"a report that is cut short is not valid", test_cut_short},
	{"a report that is too long is not valid", test_too_long},
	{"a failure of a worker that prints is final", test_prints},
	{"a report with a bad field is not valid", test_not_valid},
	{"without a report it is told how the worker ended", test_how_it_ended},
	{"a worker process reports", test_a_worker_reports},
	{"worker processes that do not report", test_workers_that_do_not_report},
	{"a worker is dropped", test_drop},
	{"a worker says which files it looks at", test_the_files_it_looks_at},
	{"too many arguments", test_too_many_arguments},
	{"a worker that cannot be executed", test_it_cannot_be_executed},
	{"no descriptor is left", test_no_descriptor},
	{"no process is left", test_no_process},
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return work(argc, argv);
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
