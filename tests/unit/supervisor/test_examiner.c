/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/examiner.h"

#include "process_limits.h"
#include "set_of_exchanges.h"
#include "watches.h"

/* Run one child to its end. Returns how many messages it has written; the last one is in m. */
static int run(const struct sts_examiner_job *job, struct sts_examined *m)
{
	pid_t pid = sts_examiner_start(job);
	int status = -1, count = 0;

	CHECK(pid > 0);
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
	while (sts_examiner_read(m)) {
		CHECK_INT(m->pid, pid);
		CHECK_INT(m->place, job->place);
		CHECK_INT(m->path, m->done ? count : count + 1);
		count++;
	}
	return count;
}

static void test_before_the_first_child(void)
{
	struct sts_examined m;

	CHECK_INT(sts_examiner_fd(), -1);
	CHECK(!sts_examiner_read(&m));
}

static void test_one_file(void)
{
	struct sts_examined m;
	struct sts_examiner_job job = {
		.place = 7, .watch_fd = sts_watches_make(), .file = "token", .cas = ""};

	CHECK_INT(run(&job, &m), 1);
	CHECK(m.done);
	CHECK_INT(m.identity, STS_IDENTITY_MISSING);
	CHECK_INT(m.cas_identity, STS_IDENTITY_UNKNOWN);
	CHECK_INT(m.watches.names.count, 1);
	CHECK_INT(m.watches.error, 0);
	/* The watch of the child belongs to the descriptor of this process. */
	CHECK_INT(watches_of(job.watch_fd), 1);
	set_write("token", "x");
	CHECK_INT(run(&job, &m), 1);
	CHECK(m.identity == sts_file_identity("token"));
	close(job.watch_fd);
	job.watch_fd = -1;
	CHECK_INT(run(&job, &m), 1);
	CHECK(m.identity == sts_file_identity("token"));
	CHECK_INT(m.watches.names.count, 0);
}

static void test_ca_files(void)
{
	struct sts_examined m;
	const struct sts_examiner_job job = {
		.place = 0, .watch_fd = sts_watches_make(), .file = "token", .cas = "a\0b\0"};

	CHECK_INT(run(&job, &m), 3);
	CHECK(m.cas_identity ==
	      sts_files_identity(sts_files_identity(STS_IDENTITY_UNKNOWN, "a"), "b"));
	CHECK_INT(m.watches.names.count, 3);
	close(job.watch_fd);
}

static void test_no_descriptor(void)
{
	struct sts_examined m;
	const struct sts_examiner_job job = {.watch_fd = -1, .file = "token", .cas = ""};

	/* The pipe is there already, so that a child needs no descriptor. */
	struct rlimit old = limits_descriptors(limits_free_fd());
	CHECK_INT(run(&job, &m), 1);
	limits_restore(old);
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"before the first child there is nothing to read", test_before_the_first_child},
	{"a child looks at one file", test_one_file},
	{"a child looks at CA files", test_ca_files},
	{"a child needs no new descriptor", test_no_descriptor},
	SET_END,
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
