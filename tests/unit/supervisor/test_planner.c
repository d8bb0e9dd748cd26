/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/planner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "argv.h"
#include "base/clock.h"
#include "process_limits.h"
#include "test.h"
#include "wire/snapshot.h"

#define URL "https://sts.example/token"

static struct sts_planner p;
static struct sts_plans *plans;
static struct sts_options o;
static struct sts_error e;
static char dir[] = "/tmp/sts-planner-XXXXXX";

static const char config[] = "{\"exchanges\":[{\"name\":\"api\",\"url\":\"" URL
			     "\",\"output-dir\":\"/out\"}]}";

static void read_options(char *const *argv)
{
	char warning[128];

	CHECK_INT(sts_options_read(&o, STS_COMMAND_RUN, argv, ARGV(NULL), NULL, -1, warning,
				   sizeof(warning), &e),
		  STS_OK);
}

/* Wait as the supervisor does, until there is a result. */
static void wait_for_it(void)
{
	while (!sts_planner_read(&p, 0)) {
		struct pollfd ready = {.fd = p.fd, .events = POLLIN};

		poll(&ready, 1, -1);
	}
}

static void reap(pid_t pid)
{
	CHECK_INT(waitpid(pid, NULL, 0), pid);
}

static void check_idle(void)
{
	CHECK_INT(p.pid, -1);
	CHECK_INT(p.fd, -1);
	CHECK_INT(p.snapshot, -1);
	CHECK(p.plans == NULL);
	CHECK(!sts_planner_read(&p, INT64_MAX));
}

static void test_idle(void)
{
	memset(&p, 0, sizeof(p));
	sts_planner_init(&p);
	check_idle();
	sts_planner_drop(&p);
	check_idle();
}

static void test_plans(void)
{
	int snapshot = -1, lowest = limits_free_fd();

	read_options(ARGV("--url", URL, "--output-dir=/out"));
	int64_t before_ms = sts_clock_boot_ms();
	CHECK_INT(sts_planner_start(&p, &o, ARGV("--url", URL, "--output-dir=/out"), false, &e),
		  STS_OK);
	pid_t pid = p.pid;
	CHECK(pid > 0 && p.fd >= 0);
	CHECK(fcntl(p.fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fcntl(p.fd, F_GETFL) & O_NONBLOCK);
	CHECK_INT(p.snapshot, -1);
	CHECK(p.kill_boot_ms > before_ms);
	wait_for_it();
	CHECK_INT(sts_planner_finish(&p, &plans, &snapshot, &e), STS_OK);
	check_idle();
	CHECK_INT(plans->count, 1);
	CHECK_STR(plans->plan[0].name, "default");
	CHECK_STR(sts_plans_text(plans, plans->plan[0].output_dir), "/out");
	CHECK_INT(snapshot, -1);
	sts_plans_free(plans);
	reap(pid);
	CHECK_INT(limits_free_fd(), lowest);
}

/* With a configuration file there is a snapshot, which takes the place of the old one. */
static void test_a_file(void)
{
	char *const *argv = ARGV("--config=config.json");
	char buf[512];
	size_t len;
	int old = open("/dev/null", O_RDONLY | O_CLOEXEC);

	read_options(argv);
	for (int i = 0; i < 2; i++) {
		int snapshot = old;

		CHECK_INT(sts_planner_start(&p, &o, argv, false, &e), STS_OK);
		CHECK(p.snapshot >= 0);
		pid_t pid = p.pid;
		wait_for_it();
		CHECK_INT(sts_planner_finish(&p, &plans, &snapshot, &e), STS_OK);
		check_idle();
		CHECK(snapshot != old);
		CHECK(fcntl(old, F_GETFD) < 0 && errno == EBADF);
		CHECK(sts_snapshot_read(snapshot, buf, sizeof(buf), &len));
		CHECK(len == strlen(config) && memcmp(buf, config, len) == 0);
		CHECK_STR(plans->plan[0].name, "api");
		sts_plans_free(plans);
		reap(pid);
		old = snapshot;
	}
	close(old);
}

/* After a mistake the plans and the snapshot that are in use stay. */
static void test_a_mistake(void)
{
	char *const *argv = ARGV("--config=config.json", "--timeout=1ms");
	int old = open("/dev/null", O_RDONLY | O_CLOEXEC), snapshot = old,
	    lowest = limits_free_fd();
	struct sts_plans *before = (struct sts_plans *)&o;

	plans = before;
	read_options(argv);
	CHECK_INT(sts_planner_start(&p, &o, argv, false, &e), STS_OK);
	pid_t pid = p.pid;
	wait_for_it();
	CHECK_INT(sts_planner_finish(&p, &plans, &snapshot, &e), STS_EUSAGE);
	CHECK_INT(e.code, STS_EUSAGE);
	CHECK_STR(e.msg, "exchange api: --timeout must be between 1s and 1h");
	check_idle();
	CHECK(plans == before);
	CHECK_INT(snapshot, old);
	CHECK(fcntl(old, F_GETFD) >= 0);
	reap(pid);
	CHECK_INT(limits_free_fd(), lowest);
	close(old);
}

/* The test is the child of this planner. What it writes is read from the other end. */
static int play_the_child(void)
{
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	sts_planner_init(&p);
	p.plans = mmap(NULL, sizeof(*p.plans), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	p.fd = fds[0];
	p.kill_boot_ms = 1000;
	return fds[1];
}

static enum sts_err finish(void)
{
	int snapshot = -1;

	plans = NULL;
	return sts_planner_finish(&p, &plans, &snapshot, &e);
}

/* Make the plans that a child would write after it has read the options. */
static size_t good_plans(struct sts_plans *good)
{
	memset(good, 0, sizeof(*good));
	good->count = 1;
	good->bytes = sizeof(struct sts_plan) + 10;
	strcpy(good->plan[0].name, "api");
	return offsetof(struct sts_plans, text) + good->bytes;
}

static void put(int fd, const void *data, size_t len)
{
	CHECK_INT(write(fd, data, len), (ssize_t)len);
}

static void test_in_pieces(void)
{
	static struct sts_plans good;
	size_t len = good_plans(&good);
	int fd = play_the_child();

	CHECK(!sts_planner_read(&p, 999));
	for (size_t at = 0; at < len; at++) {
		put(fd, (const char *)&good + at, 1);
		CHECK(!sts_planner_read(&p, 999));
	}
	close(fd);
	CHECK(sts_planner_read(&p, 999));
	CHECK_INT(finish(), STS_OK);
	CHECK(memcmp(plans, &good, len) == 0);
	sts_plans_free(plans);
}

static void test_the_child_died(void)
{
	static struct sts_plans good;
	const size_t len = good_plans(&good),
		     lengths[] = {0,       1,      sizeof(good.error) - 1, sizeof(good.error),
				  len - 1, len + 1};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		int fd = play_the_child();

		put(fd, &good, lengths[i]);
		close(fd);
		CHECK(sts_planner_read(&p, 0));
		CHECK_INT(finish(), STS_EWORKER);
		CHECK_STR(e.msg, "the process that checks the options died");
		CHECK(plans == NULL);
		check_idle();
	}
}

/* A child that has gone mad sends more than there is room for. */
static void test_too_much(void)
{
	static char much[4096];
	size_t sent = 0, room;
	int fd = play_the_child();
	long page = sysconf(_SC_PAGESIZE);

	/* What is written behind the plans would fail here. */
	room = (sizeof(*p.plans) + (size_t)page - 1) / (size_t)page * (size_t)page;
	munmap(p.plans, sizeof(*p.plans));
	p.plans = mmap(NULL, room + (size_t)page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while (sent < room + (size_t)page && p.fd >= 0) {
		ssize_t put_bytes = write(fd, much, sizeof(much));

		sent += put_bytes > 0 ? (size_t)put_bytes : 0;
		sts_planner_read(&p, 0);
	}
	CHECK(p.len <= sizeof(*p.plans));
	close(fd);
	CHECK(sts_planner_read(&p, 0));
	CHECK_INT(finish(), STS_EWORKER);
}

/* A descriptor that cannot be read is not tried again. */
static void test_unreadable(void)
{
	int fd = play_the_child();

	close(p.fd);
	p.fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(sts_planner_read(&p, 0));
	CHECK_INT(finish(), STS_EWORKER);
	close(fd);
}

/* The time of the child is up. What it has written does not count, even if it looks whole. */
static void test_the_child_hangs(void)
{
	static struct sts_plans good;
	const size_t len = good_plans(&good);

	for (int whole = 0; whole <= 1; whole++) {
		int fd = play_the_child();

		put(fd, &good, whole ? len : 100);
		CHECK(!sts_planner_read(&p, 999));
		CHECK(sts_planner_read(&p, 1000));
		CHECK_INT(finish(), STS_ETIMEOUT);
		CHECK_STR(e.msg, "the process that checks the options did not end in time");
		CHECK(plans == NULL);
		check_idle();
		close(fd);
	}
}

static void test_drop(void)
{
	char *const *argv = ARGV("--config=config.json");
	int lowest = limits_free_fd(), status = -1;

	/* A child that hangs: it is killed. */
	int fd = play_the_child();
	p.pid = fork();
	if (p.pid == 0) {
		alarm(60);
		for (;;)
			pause();
	}
	pid_t pid = p.pid;
	sts_planner_drop(&p);
	check_idle();
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, SIGKILL);
	close(fd);
	/* Nothing is left open. */
	read_options(argv);
	CHECK_INT(sts_planner_start(&p, &o, argv, false, &e), STS_OK);
	pid = p.pid;
	sts_planner_drop(&p);
	check_idle();
	reap(pid);
	CHECK_INT(limits_free_fd(), lowest);
}

/* Without descriptors there is an error, or the plans are made in this process. */
static void test_there_can_be_no_child(void)
{
	char *const *argv = ARGV("--url", URL, "--output-dir=/out");
	int lowest = limits_free_fd();

	read_options(argv);
	struct rlimit old = limits_descriptors(lowest);
	CHECK_INT(sts_planner_start(&p, &o, argv, false, &e), STS_EFILES);
	CHECK_INT(e.detail, EMFILE);
	CHECK(strstr(e.msg, "the options cannot be checked: ") == e.msg);
	check_idle();
	CHECK_INT(sts_planner_start(&p, &o, argv, true, &e), STS_OK);
	limits_restore(old);
	CHECK_INT(p.pid, -1);
	CHECK_INT(p.fd, -1);
	CHECK(sts_planner_read(&p, 0));
	CHECK_INT(finish(), STS_OK);
	CHECK_STR(sts_plans_text(plans, plans->plan[0].output_dir), "/out");
	sts_plans_free(plans);
	CHECK_INT(limits_free_fd(), lowest);
}

/* What ends after one exchange makes its first plans itself, unless there is a file to read. */
static void test_no_child_is_needed(void)
{
	static const struct {
		enum sts_command command;
		bool single_run, file, here, child;
	} rows[] = {
		{STS_COMMAND_FETCH, false, false, true, false},
		{STS_COMMAND_FETCH, false, true, true, true},
		{STS_COMMAND_FETCH, false, false, false, true},
		{STS_COMMAND_RUN, true, false, true, false},
		{STS_COMMAND_RUN, false, false, true, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *const *argv = rows[i].file ? ARGV("--config=config.json")
						 : ARGV("--url", URL, "--output-dir=/out");

		read_options(argv);
		o.command = rows[i].command;
		o.single_run = rows[i].single_run;
		CHECK_INT(sts_planner_start(&p, &o, argv, rows[i].here, &e), STS_OK);
		CHECK_INT(p.pid > 0, rows[i].child);
		CHECK(rows[i].child || sts_planner_read(&p, 0));
		sts_planner_drop(&p);
		while (waitpid(-1, NULL, 0) > 0)
			continue;
	}
}

static void test_begin(void)
{
	sts_test_enter_folder(dir);
	int fd = open("config.json", O_WRONLY | O_CREAT, 0600);
	put(fd, config, strlen(config));
	close(fd);
}

static void test_end(void)
{
	CHECK(unlink("config.json") == 0 && rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_begin},
	{"nothing is planned", test_idle},
	{"a child makes the plans", test_plans},
	{"a configuration file leaves a snapshot", test_a_file},
	{"a mistake leaves everything as it was", test_a_mistake},
	{"plans are read in pieces", test_in_pieces},
	{"the child died", test_the_child_died},
	{"the child sends too much", test_too_much},
	{"the descriptor cannot be read", test_unreadable},
	{"the child hangs", test_the_child_hangs},
	{"planning is given up", test_drop},
	{"there can be no child", test_there_can_be_no_child},
	{"no child is needed", test_no_child_is_needed},
	{"the folder of this test is removed", test_end},
};

int main(void)
{
	alarm(60);
	sts_test_clear_environment();
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
