/* SPDX-License-Identifier: Apache-2.0 */
/* What `doctor` learns from its worker. A child of this process stands for the worker: the linker
 * puts the functions of this file in the place of those that start and end it. */
#include "doctor/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "made_up_case.h"
#include "supervisor/child.h"
#include "supervisor/spawn.h"
#include "test.h"

/* What the worker does. */
static struct {
	int start_errno;
	bool hangs, does_not_end;
	int64_t time_ms;
	struct sts_findings findings;
	size_t findings_len;
	struct sts_report report;
} worker;

static struct sts_case c;

enum sts_err __wrap_sts_child_start(struct sts_child *child, const struct sts_job *job,
				    char *const *argv, int snapshot_fd, struct sts_error *e);
enum sts_err __wrap_sts_child_start(struct sts_child *child, const struct sts_job *job,
				    char *const *argv, int snapshot_fd, struct sts_error *e)
{
	int fds[2];

	CHECK(job->mode == STS_WORKER_LOOK && strcmp(argv[0], "program") == 0 && snapshot_fd == -1);
	if (worker.start_errno)
		return sts_fail(e, STS_EFORK, worker.start_errno, "no worker");
	CHECK(pipe(fds) == 0);
	sts_child_init(child);
	fflush(stdout);
	child->pid = fork();
	if (child->pid == 0) {
		ssize_t ignored = write(fds[1], &worker.findings, worker.findings_len);

		ignored = write(fds[1], &worker.report, worker.hangs ? 0 : sizeof(worker.report));
		(void)ignored;
		while (worker.hangs)
			pause();
		_exit(0);
	}
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	child->fd = fds[0];
	child->started_boot_ms = 77;
	child->kill_boot_ms = sts_clock_boot_ms() + worker.time_ms;
	return STS_OK;
}

bool __real_sts_spawn_end(pid_t pid);
bool __wrap_sts_spawn_end(pid_t pid);
bool __wrap_sts_spawn_end(pid_t pid)
{
	return __real_sts_spawn_end(pid) && !worker.does_not_end;
}

/* Make a worker that succeeds. */
static void begin(void)
{
	memset(&worker, 0, sizeof(worker));
	worker.time_ms = 20000;
	make_up_findings(&worker.findings);
	worker.findings_len = sizeof(worker.findings);
	worker.report = (struct sts_report){.magic = STS_REPORT_MAGIC,
					    .version = STS_REPORT_VERSION,
					    .stage = STS_STAGE_DONE,
					    .retry_after_s = -1,
					    .subject_exp_s = -1};
}

static void run(void)
{
	static char program[] = "program", *argv[] = {program, NULL};
	struct sts_job job = {.mode = STS_WORKER_LOOK};

	make_up_case(&c);
	sts_probe_run(&c, &job, argv);
}

static bool has_no_findings(void)
{
	struct sts_findings none;

	sts_findings_init(&none);
	return memcmp(&none, &c.findings, sizeof(none)) == 0;
}

static void test_a_worker_that_ends(void)
{
	begin();
	run();
	CHECK_INT(c.report.error, STS_OK);
	CHECK(!c.is_stuck && c.started_boot_ms == 77);
	CHECK(memcmp(&c.findings, &worker.findings, sizeof(c.findings)) == 0);
}

/* A hostile server may have taken the worker over. */
static void test_findings_that_are_not_believed(void)
{
	begin();
	worker.findings.certificates = 2000000;
	run();
	CHECK(has_no_findings());
	begin();
	worker.findings_len = 0;
	run();
	CHECK(has_no_findings());
	begin();
	worker.report.magic++;
	run();
	CHECK_INT(c.report.error, STS_EWORKER);
}

static void test_a_worker_that_cannot_start(void)
{
	begin();
	worker.start_errno = EAGAIN;
	run();
	CHECK_INT(c.report.error, STS_EFORK);
	CHECK_INT(c.report.detail, EAGAIN);
	CHECK(strstr(c.report.text, "no worker") && has_no_findings() && !c.is_stuck);
}

static void test_a_worker_that_hangs(void)
{
	for (int i = 0; i < 2; i++) {
		begin();
		worker.hangs = true;
		worker.does_not_end = i;
		worker.time_ms = 50;
		run();
		CHECK_INT(c.report.error, STS_ETIMEOUT);
		CHECK_INT(c.is_stuck, i);
		CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	}
}

static const struct sts_test tests[] = {
	{"a worker that ends", test_a_worker_that_ends},
	{"findings that are not believed", test_findings_that_are_not_believed},
	{"a worker that cannot start", test_a_worker_that_cannot_start},
	{"a worker that hangs", test_a_worker_that_hangs},
};
STS_TEST_MAIN(tests)
