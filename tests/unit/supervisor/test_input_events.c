/* SPDX-License-Identifier: Apache-2.0 */
/* When input files are examined, and what follows if their file system does not answer. */
#include "supervisor/inputs.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "failed_exchange.h"
#include "log_lines.h"
#include "process_limits.h"
#include "watches.h"

/* ---- events ---- */

static int watches(void)
{
	return watches_of(sts_inputs_watch_fd());
}

/* Let the events that are there lead to examinations. Returns whether there were any events. */
static bool pump(void)
{
	int bytes = -1;

	CHECK(ioctl(sts_inputs_watch_fd(), FIONREAD, &bytes) == 0);
	sts_inputs_read_events();
	set_examine();
	return bytes > 0;
}

static void test_an_event_leads_to_an_examination(void)
{
	struct sts_member *t;

	CHECK(system("rm -rf w; mkdir w") == 0);
	t = failed_one("w/token");
	set_examine();
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	CHECK_INT(watches(), 1);
	CHECK(!pump());
	set_write("w/other", "of somebody else");
	CHECK(pump());
	CHECK(!set_soon(t));
	CHECK(symlink("other", "w/token") == 0);
	sts_inputs_read_events();
	/* Not at once, since the file may be written in this moment. */
	CHECK(sts_inputs_wake_ms(false) > set_boot_ms);
	sts_inputs_start_due(set_boot_ms, false);
	CHECK_INT(t->look.pid, 0);
	CHECK(sts_inputs_wake_ms(false) <= set_boot_ms + 1000);
	set_examine();
	CHECK(set_soon(t));
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	/* The directory is removed and made anew. */
	set_fail(t, STS_EDENIED);
	set_examine();
	CHECK(system("rm -r w") == 0);
	CHECK(pump());
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	set_examine();
	CHECK(mkdir("w", 0700) == 0);
	CHECK(pump());
	CHECK(!set_soon(t));
	set_write("w/token", "new");
	CHECK(pump());
	CHECK(set_soon(t));
}

static void test_many_events(void)
{
	struct sts_member *t;

	CHECK(system("rm -rf w; mkdir w") == 0);
	t = failed_one("w/token");
	set_examine();
	set_write("w/other", "of somebody else");
	CHECK(sts_inputs_watch_fd() >= 0);
	sts_inputs_read_events();
	/* The events that follow wait for a moment, and wake nobody. */
	set_write("w/token", "new");
	CHECK_INT(sts_inputs_watch_fd(), -1);
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 50);
	sts_inputs_start_due(set_boot_ms + 49, false);
	CHECK_INT(sts_inputs_watch_fd(), -1);
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 50);
	sts_inputs_start_due(set_boot_ms + 50, false);
	CHECK(sts_inputs_watch_fd() >= 0);
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	CHECK(pump());
	CHECK(set_soon(t));
}

static void test_one_examination_in_a_second(void)
{
	struct sts_member *t = failed_one("w/token");

	set_examine();
	sts_inputs_examine(t);
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 1000);
	sts_inputs_start_due(set_boot_ms + 999, false);
	CHECK_INT(t->look.pid, 0);
	sts_inputs_start_due(set_boot_ms + 1000, false);
	CHECK(t->look.pid > 0);
	CHECK(sts_inputs_in_use(t));
	pid_t pid = t->look.pid;
	/* Another one waits for its end. */
	sts_inputs_examine(t);
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 1000 + 10000);
	sts_inputs_start_due(set_boot_ms + 5000, false);
	CHECK_INT(t->look.pid, pid);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	sts_inputs_reaped(pid);
	CHECK(!sts_inputs_in_use(t));
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 2000);
	set_boot_ms += 2000;
	set_examine();
}

static void test_no_examination_beside_a_worker(void)
{
	struct sts_member *t = failed_one("w/token");
	struct sts_child worker;

	set_examine();
	sts_inputs_examine(t);
	t->worker = &worker;
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	set_examine();
	CHECK_INT(t->look.pid, 0);
	t->worker = NULL;
	CHECK(sts_inputs_wake_ms(false) <= set_boot_ms);
	set_examine();
}

static void test_ca_files_are_watched_while_trust_fails(void)
{
	struct sts_member *t = distrustful_one();

	set_succeed(t, 0);
	set_examine();
	CHECK_INT(watches(), 1);
	set_fail(t, STS_ECERT_ISSUER);
	set_examine();
	CHECK_INT(watches(), 3);
	set_write("ca2/b.pem", "changed");
	CHECK(pump());
	CHECK(set_soon(t));
	set_succeed(t, 0);
	set_examine();
	CHECK_INT(watches(), 1);
}

/* Each exchange is examined when there are new plans, and new watches are made. */
static void test_new_plans_are_watched(void)
{
	CHECK(system("rm -rf w x; mkdir w x") == 0);
	failed_one("w/token");
	set_examine();
	TAKE_OVER({.name = "a", .token_file = "w/token", .dir = "out"},
		  {.name = "b", .token_file = "x/token", .dir = "b"});
	set_examine();
	CHECK_INT(watches(), 2);
	TAKE_OVER({.name = "b", .token_file = "x/token", .dir = "b"});
	set_examine();
	CHECK_INT(watches(), 1);
}

/* A child that was started before the new plans has looked at the old file. */
static void test_what_was_seen_before_new_plans(void)
{
	CHECK(system("rm -rf w x; mkdir w x; echo new >x/token") == 0);
	struct sts_member *t = failed_one("w/token");
	set_examine();
	sts_inputs_examine(t);
	set_boot_ms += 1000;
	sts_inputs_start_due(set_boot_ms, false);
	pid_t pid = t->look.pid;
	CHECK(pid > 0);
	TAKE_OVER({.name = "a", .token_file = "x/token", .dir = "out"});
	set_fail(t, STS_EDENIED);
	sts_inputs_start_due(set_boot_ms, false);
	CHECK_INT(t->look.pid, pid);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	sts_inputs_reaped(pid);
	CHECK(!set_soon(t));
	set_examine();
	CHECK(!set_soon(t));
	CHECK(t->subject == sts_file_identity("x/token"));
}

/* The configuration file changes after it was planned from. */
static void test_the_configuration_file(void)
{
	CHECK(system("rm -rf w config; mkdir w config") == 0);
	set_write("config/c.json", "{}");
	set_empty();
	sts_inputs_init("config/c.json");
	TAKE_OVER({.name = "a", .token_file = "w/token", .dir = "out"});
	sts_inputs_config_planned(sts_file_identity("config/c.json"));
	set_fail(set_member("a"), STS_EDENIED);
	/* It is not looked at beside a planning child. */
	sts_inputs_start_due(set_boot_ms + 1000, true);
	CHECK(!sts_inputs_config_in_use());
	set_examine();
	CHECK(!sts_inputs_config_changed());
	CHECK_INT(watches(), 2);
	set_write("config/other", "x");
	CHECK(pump());
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	set_write("config/c.json", "{ }");
	CHECK(pump());
	CHECK(sts_inputs_config_changed());
	CHECK(!sts_inputs_config_changed()); /* told once */
	/* Without an event, the change is seen after the next attempt. */
	set_write("config/c.json", "{  }");
	set_fail(set_member("a"), STS_EDENIED);
	set_examine();
	CHECK(sts_inputs_config_changed());
	/* A planning child that died has not said what it read. */
	sts_inputs_config_planned(STS_IDENTITY_UNKNOWN);
	set_fail(set_member("a"), STS_EDENIED);
	set_examine();
	CHECK(!sts_inputs_config_changed());
	set_empty();
	sts_inputs_init(NULL);
}

/* The kernel has no inotify instance for this process. Changes are found whenever the supervisor
 * looks, and the log says that once. */
static void test_no_inotify(void)
{
	struct sts_member *t = failed_one("token");

	sts_inputs_init(NULL);
	for (int i = 0; i < 2; i++) {
		set_write("token", i ? "not watched" : "not watched at all");
		/* The pipe exists already. A child needs no other descriptor. */
		struct rlimit old = limits_descriptors(limits_free_fd());
		look();
		limits_restore(old);
		CHECK_INT(sts_inputs_watch_fd(), -1);
		CHECK(set_soon(t));
		set_fail(t, STS_EDENIED);
		if (i == 0)
			CHECK(strstr(log_lines_read(), "max_user_instances"));
	}
	CHECK_STR(log_lines_read(), "");
	look();
	CHECK(sts_inputs_watch_fd() >= 0);
}

static void test_fetch_watches_nothing(void)
{
	set_empty();
	sts_inputs_init(NULL);
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "a", .once = true});
	set_fail(set_member("a"), STS_EDENIED);
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	set_examine();
	CHECK_INT(sts_inputs_watch_fd(), -1);
}

/* ---- file systems that do not answer ---- */

/* A process that does not end, in place of one that hangs in the kernel. */
static pid_t stuck_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	if (pid < 0)
		abort(); /* kill(-1, SIGKILL) would end every process of this user */
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	sts_inputs_reaped(pid);
}

static void test_a_worker_does_not_end(void)
{
	static const struct {
		uint8_t reads;
		const char *path;
	} files[] = {
		{STS_READS_SUBJECT, "token"},
		{STS_READS_OUTPUT, "out"},
		{STS_READS_CA, "ca1/a.pem"},
		{STS_READS_CA + 1, "ca2/b.pem"},
		{STS_READS_OTHER, "a file that the options name"},
		{STS_READS_CA + 2, "a file that the options name"},
		{STS_READS_NOTHING, "a file that the options name"},
		{STS_READS_CONFIG, "a file that the options name"},
	};
	struct sts_member *t = distrustful_one();
	struct sts_error e;
	char text[200];

	CHECK(!sts_inputs_hangs(t, &e));
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		pid_t pid = stuck_process();

		sts_inputs_stuck(t, pid, files[i].reads, set_boot_ms - 31999);
		CHECK(sts_inputs_hangs(t, &e) && !sts_inputs_in_use(t));
		CHECK_INT(e.code, STS_EHANGS);
		snprintf(text, sizeof(text), "the file system of %s has not answered for 31 s",
			 files[i].path);
		CHECK_STR(e.msg, text);
		/* No examining child follows. */
		sts_inputs_examine(t);
		CHECK_INT(sts_inputs_wake_ms(false), -1);
		sts_inputs_start_due(set_boot_ms + 60000, false);
		CHECK_INT(t->look.pid, pid);
		CHECK(!set_soon(t));
		end(pid);
		CHECK(!sts_inputs_hangs(t, &e));
		/* An attempt was refused, so the next one is brought forward. */
		CHECK(set_soon(t));
		set_fail(t, STS_ECERT_ISSUER);
		set_examine();
	}
	pid_t pid = stuck_process();
	sts_inputs_stuck(t, pid, STS_READS_SUBJECT, set_boot_ms);
	CHECK(sts_inputs_hangs(t, NULL));
	end(pid);
	CHECK(!set_soon(t)); /* no attempt was refused */
	set_examine();
}

/* An examining child does not end in time. */
static void test_an_examining_child_hangs(void)
{
	struct sts_member *t = failed_one("token");
	struct sts_error e;

	set_examine();
	pid_t pid = stuck_process();
	t->look.pid = pid;
	t->look.path = STS_READS_SUBJECT;
	t->look.started_ms = set_boot_ms;
	CHECK(sts_inputs_in_use(t) && !sts_inputs_hangs(t, &e));
	CHECK_INT(sts_inputs_wake_ms(false), set_boot_ms + 10000);
	set_boot_ms += 9999;
	sts_inputs_start_due(set_boot_ms, false);
	CHECK(sts_inputs_in_use(t));
	set_boot_ms += 1;
	sts_inputs_start_due(set_boot_ms, false);
	CHECK(!sts_inputs_in_use(t) && sts_inputs_hangs(t, &e));
	CHECK_STR(e.msg, "the file system of token has not answered for 10 s");
	CHECK_INT(sts_inputs_wake_ms(false), -1);
	int status = 0;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, SIGKILL);
	sts_inputs_reaped(pid);
	CHECK(set_soon(t));
	/* Only a child of this exchange counts. */
	sts_inputs_stuck(t, 123456789, STS_READS_SUBJECT, set_boot_ms);
	sts_inputs_reaped(123456788);
	CHECK(sts_inputs_hangs(t, NULL));
	sts_inputs_forget(t);
	CHECK(!sts_inputs_hangs(t, NULL) && !sts_inputs_in_use(t));
}

static void test_the_configuration_file_hangs(void)
{
	struct sts_error e;

	set_empty();
	sts_inputs_init("config/c.json");
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "out"});
	set_examine();
	CHECK(!sts_inputs_config_hangs(&e));
	CHECK_INT(sts_inputs_config_stuck(-1, set_boot_ms, &e), STS_EHANGS);
	CHECK(!sts_inputs_config_hangs(&e));
	pid_t pid = stuck_process();
	CHECK_INT(sts_inputs_config_stuck(pid, set_boot_ms, &e), STS_EHANGS);
	CHECK_STR(e.msg,
		  "the file system of the configuration file does not answer: config/c.json");
	(void)sts_inputs_config_changed();
	CHECK(sts_inputs_config_hangs(&e));
	CHECK(!sts_inputs_hangs(set_member("a"), &e));
	set_fail(set_member("a"), STS_EDENIED);
	set_boot_ms += 1000;
	sts_inputs_start_due(set_boot_ms, false);
	CHECK(!sts_inputs_config_in_use());
	pid_t other = set_member("a")->look.pid;
	CHECK(other > 0);
	CHECK_INT(waitpid(other, NULL, 0), other);
	sts_inputs_reaped(other);
	end(pid);
	CHECK(!sts_inputs_config_hangs(&e));
	CHECK(sts_inputs_config_changed());
	set_empty();
	sts_inputs_init(NULL);
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"an event leads to an examination", test_an_event_leads_to_an_examination},
	{"many events do not keep the supervisor awake", test_many_events},
	{"there is one examination in a second", test_one_examination_in_a_second},
	{"there is no examination beside a worker", test_no_examination_beside_a_worker},
	{"CA files are watched while trust fails", test_ca_files_are_watched_while_trust_fails},
	{"new plans are watched", test_new_plans_are_watched},
	{"what was seen before new plans does not count", test_what_was_seen_before_new_plans},
	{"the configuration file is examined", test_the_configuration_file},
	{"without inotify changes are found later", test_no_inotify},
	{"fetch watches nothing", test_fetch_watches_nothing},
	{"a worker does not end", test_a_worker_does_not_end},
	{"an examining child hangs", test_an_examining_child_hangs},
	{"the file system of the configuration hangs", test_the_configuration_file_hangs},
	SET_END,
};

int main(void)
{
	alarm(60);
	if (!log_lines_capture())
		return 1;
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
