/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/inputs.h"

#include <errno.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "process_limits.h"
#include "set_of_exchanges.h"
#include "watches.h"

static struct sts_events ev = {.signal_fd = -1, .timer_fd = -1, .clock_fd = -1, .watch_fd = -1};

/* Set the time of the last change of a file, and nothing else of it. */
static void set_time(const char *path, time_t s, long ns)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = s, .tv_nsec = ns}};

	CHECK(utimensat(AT_FDCWD, path, times, 0) == 0);
}

/* Let a symbolic link lead somewhere else, as the kubelet does it. */
static void swap_link(const char *target, const char *link)
{
	CHECK(symlink(target, "swap") == 0 && rename("swap", link) == 0);
}

/* ---- identities ---- */

static void test_nothing_has_identity_0(void)
{
	set_write("file", "x");
	CHECK(symlink("loop", "loop") == 0 && symlink("nowhere", "dangling") == 0);
	CHECK(sts_file_identity("none") == 0);
	CHECK(sts_file_identity("") == 0);
	CHECK(sts_file_identity("none/file") == 0);
	CHECK(sts_file_identity("file/below") == 0);
	CHECK(sts_file_identity("loop") == 0);
	CHECK(sts_file_identity("dangling") == 0);
	CHECK(sts_file_identity("file") != 0);
	CHECK(sts_file_identity(".") != 0);
	CHECK(unlink("loop") == 0 && unlink("dangling") == 0);
}

static void test_what_changes_an_identity(void)
{
	uint64_t first;

	set_write("file", "one");
	set_time("file", 1000, 5);
	first = sts_file_identity("file");
	/* The time changes, in seconds and in nanoseconds. */
	set_time("file", 1001, 5);
	CHECK(sts_file_identity("file") != first);
	set_time("file", 1000, 6);
	CHECK(sts_file_identity("file") != first);
	set_time("file", 5, 1000);
	CHECK(sts_file_identity("file") != first);
	/* The size changes, and the time does not. */
	set_write("file", "four");
	set_time("file", 1000, 5);
	CHECK(sts_file_identity("file") != first);
	set_write("file", "two");
	set_time("file", 1000, 5);
	CHECK(sts_file_identity("file") == first);
	/* Another file has the same size and time. */
	set_write("other", "one");
	set_time("other", 1000, 5);
	CHECK(sts_file_identity("other") != first);
	CHECK(rename("other", "file") == 0);
	CHECK(sts_file_identity("file") != first);
}

static void test_what_does_not_change_an_identity(void)
{
	char byte;
	uint64_t first;

	set_write("file", "one");
	first = sts_file_identity("file");
	int fd = open("file", O_RDONLY);
	CHECK_INT(read(fd, &byte, 1), 1);
	close(fd);
	CHECK(sts_file_identity("file") == first);
	CHECK(chmod("file", 0640) == 0);
	CHECK(sts_file_identity("file") == first);
	CHECK(link("file", "second") == 0);
	CHECK(sts_file_identity("second") == first);
	CHECK(rename("second", "third") == 0);
	CHECK(sts_file_identity("./third") == first);
	CHECK(unlink("third") == 0);
}

static void test_the_identity_is_that_of_the_file_behind_a_link(void)
{
	uint64_t first;

	CHECK(mkdir("v1", 0700) == 0 && mkdir("v2", 0700) == 0);
	set_write("v1/token", "one");
	set_write("v2/token", "two");
	swap_link("v1", "data");
	first = sts_file_identity("data/token");
	CHECK(first == sts_file_identity("v1/token"));
	swap_link("v2", "data");
	CHECK(sts_file_identity("data/token") == sts_file_identity("v2/token"));
	CHECK(sts_file_identity("data/token") != first);
	swap_link("v1", "data");
	CHECK(sts_file_identity("data/token") == first);
}

/* ---- the subject token ---- */

/* Make a set of one exchange that has failed, so that another subject token may help. */
static struct sts_member *failed_one(const char *token_file)
{
	set_empty();
	TAKE_OVER({.name = "a", .token_file = token_file, .dir = "out"});
	set_fail(set_member("a"), STS_EDENIED);
	CHECK(!set_soon(set_member("a")));
	return set_member("a");
}

static void test_the_token_file_is_swapped(void)
{
	struct sts_member *t;

	swap_link("v1", "data");
	t = failed_one("data/token");
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	swap_link("v2", "data");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
	/* The change is told once. */
	set_fail(t, STS_EDENIED);
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	swap_link("v1", "data");
	sts_inputs_check_subject(t);
	CHECK(set_soon(t));
}

static void test_the_token_file_appears_and_vanishes(void)
{
	struct sts_member *t = failed_one("token");

	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	set_write("token", "one");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	CHECK(rename("token", "away") == 0);
	sts_inputs_files_changed();
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	CHECK(rename("away", "token") == 0);
	sts_inputs_files_changed();
	CHECK(set_soon(t));
	CHECK(unlink("token") == 0);
}

static void test_the_token_file_is_written_in_place(void)
{
	struct sts_member *t;

	set_write("token", "one");
	set_time("token", 1000, 0);
	t = failed_one("token");
	set_write("token", "two");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
}

/* A new subject token is noted also where it brings nothing forward. */
static void test_a_change_that_cannot_help(void)
{
	struct sts_member *t = failed_one("token");
	int64_t wait_ms;

	set_succeed(t, 0);
	wait_ms = set_wait_ms(t);
	CHECK(wait_ms > STS_EXCHANGE_SPREAD_MS);
	set_write("token", "other");
	sts_inputs_files_changed();
	CHECK_INT(set_wait_ms(t), wait_ms);
	CHECK(t->subject == sts_file_identity("token"));
	set_succeed(t, STS_REPORT_CAPPED);
	set_boot_ms += 60000;
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	set_write("token", "and another");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
}

static void test_a_change_during_an_attempt(void)
{
	struct sts_member *t = failed_one("token");

	set_start(t);
	set_write("token", "during the attempt");
	sts_inputs_files_changed();
	sts_inputs_check_subject(t);
	CHECK_INT(set_wait_ms(t), -1);
	set_finish(t, (struct sts_report){.error = STS_EDENIED});
	CHECK(!set_soon(t));
	sts_inputs_attempted(t);
	CHECK(set_soon(t));
	/* A change before the attempt is not news after it, and no change is not news either. */
	set_write("token", "before");
	set_fail(t, STS_EDENIED);
	sts_inputs_attempted(t);
	CHECK(!set_soon(t));
}

/* A worker that makes no attempt does not read the subject token. */
static void test_a_change_during_a_poll(void)
{
	struct sts_member *t = failed_one("token");
	struct sts_moment m = sts_now();

	t->x.beside = STS_BESIDE_POLL_PLANNED;
	sts_exchange_started(&t->x, STS_WORKER_POLL, &m);
	set_write("token", "during the poll");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
}

static void test_each_exchange_has_its_own_files(void)
{
	struct sts_member *a, *b;

	set_write("ta", "one");
	set_write("tb", "one");
	set_empty();
	TAKE_OVER({.name = "a", .token_file = "ta", .dir = "a"},
		  {.name = "b", .token_file = "tb", .dir = "b"});
	a = set_member("a");
	b = set_member("b");
	set_fail(a, STS_EDENIED);
	set_fail(b, STS_EDENIED);
	set_write("tb", "changed");
	sts_inputs_check_subject(a);
	CHECK(!set_soon(a) && !set_soon(b));
	sts_inputs_files_changed();
	CHECK(!set_soon(a) && set_soon(b));
	set_fail(b, STS_EDENIED);
	set_write("ta", "changed");
	set_write("tb", "changed again");
	sts_inputs_check_subject(a);
	CHECK(set_soon(a) && !set_soon(b));
	sts_inputs_check_subject(b);
	CHECK(set_soon(b));
}

/* ---- CA files ---- */

#define CAS \
	{ \
		"ca1/a.pem", "ca2/b.pem" \
	}

static struct sts_member *distrustful_one(void)
{
	set_empty();
	set_write("token", "one");
	set_write("ca1/a.pem", "a");
	set_write("ca2/b.pem", "b");
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "out", .cas = CAS});
	struct sts_member *t = set_member("a");
	set_fail(t, STS_ECERT_ISSUER);
	sts_inputs_attempted(t);
	CHECK(!set_soon(t));
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	return t;
}

static void test_a_ca_file_changes(void)
{
	struct sts_member *t;

	CHECK(mkdir("ca1", 0700) == 0 && mkdir("ca2", 0700) == 0);
	for (int which = 0; which < 2; which++) {
		t = distrustful_one();
		set_write(which ? "ca2/b.pem" : "ca1/a.pem", "changed");
		sts_inputs_files_changed();
		CHECK(set_soon(t));
		/* The change is told once. */
		set_fail(t, STS_ECERT_ISSUER);
		sts_inputs_files_changed();
		CHECK(!set_soon(t));
		CHECK(unlink(which ? "ca2/b.pem" : "ca1/a.pem") == 0);
		sts_inputs_files_changed();
		CHECK(set_soon(t));
	}
}

/* Two CA files that take each other's place are a change. */
static void test_ca_files_change_places(void)
{
	struct sts_member *t = distrustful_one();

	CHECK(rename("ca1/a.pem", "ca1/c.pem") == 0 && rename("ca2/b.pem", "ca1/a.pem") == 0 &&
	      rename("ca1/c.pem", "ca2/b.pem") == 0);
	sts_inputs_files_changed();
	CHECK(set_soon(t));
}

static void test_a_ca_file_changes_while_trust_does_not_fail(void)
{
	struct sts_member *t = distrustful_one();
	uint64_t seen = t->trust;

	set_fail(t, STS_EDENIED);
	set_write("ca1/a.pem", "changed");
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	CHECK(t->trust == seen);
	/* Trust fails again: what has changed before that is not news. */
	set_fail(t, STS_ECERT_ISSUER);
	sts_inputs_attempted(t);
	sts_inputs_files_changed();
	CHECK(!set_soon(t));
	seen = t->trust;
	set_write("ca1/a.pem", "changed again");
	sts_inputs_files_changed();
	CHECK(set_soon(t));
	CHECK(t->trust != seen);
}

static void test_a_ca_file_changes_during_an_attempt(void)
{
	struct sts_member *t = distrustful_one();

	sts_inputs_watch_again();
	sts_inputs_watch(&ev, NULL);
	set_start(t);
	set_write("ca2/b.pem", "changed");
	sts_inputs_files_changed();
	CHECK_INT(set_wait_ms(t), -1);
	set_finish(t, (struct sts_report){.error = STS_ECERT_ISSUER});
	CHECK(!set_soon(t));
	sts_inputs_attempted(t);
	CHECK(set_soon(t));
	/* A change before the attempt is not news after it. */
	set_write("ca2/b.pem", "before the attempt");
	set_fail(t, STS_ECERT_ISSUER);
	sts_inputs_attempted(t);
	CHECK(!set_soon(t));
}

/* Trust did not fail before this attempt, so nothing watches the CA files yet. */
static void test_a_ca_file_changes_during_the_first_attempt_that_distrusts(void)
{
	struct sts_member *t = distrustful_one();

	set_succeed(t, 0);
	sts_inputs_watch(&ev, NULL);
	set_start(t);
	set_write("ca2/b.pem", "changed");
	set_finish(t, (struct sts_report){.error = STS_ECERT_ISSUER});
	CHECK(!set_soon(t));
	sts_inputs_attempted(t);
	CHECK(set_soon(t));
	/* The change is told once. */
	set_fail(t, STS_ECERT_ISSUER);
	sts_inputs_attempted(t);
	CHECK(!set_soon(t));
}

/* ---- what is watched ---- */

static int pending(void)
{
	int bytes = -1;

	CHECK(ioctl(ev.watch_fd, FIONREAD, &bytes) == 0);
	return bytes;
}

static void test_the_directories_of_the_files_are_watched(void)
{
	CHECK(mkdir("config", 0700) == 0);
	set_empty();
	TAKE_OVER({.name = "a", .token_file = "v1/token", .dir = "a", .cas = CAS},
		  {.name = "b", .token_file = "v2/token", .dir = "b"},
		  {.name = "c", .token_file = "v2/token2", .dir = "c"});
	sts_inputs_watch(&ev, NULL);
	CHECK_INT(watches_of(ev.watch_fd), 2);
	/* Nothing has changed: the events that wait to be read are not lost. */
	set_write("v1/token", "changed");
	CHECK(pending() > 0);
	sts_inputs_watch(&ev, "config/config.json");
	CHECK(pending() > 0);
	CHECK_INT(watches_of(ev.watch_fd), 2);
	sts_inputs_watch_again();
	sts_inputs_watch(&ev, "config/config.json");
	CHECK_INT(watches_of(ev.watch_fd), 3);
	CHECK_INT(pending(), 0);
	set_write("config/config.json", "{}");
	CHECK(pending() > 0);
	/* It was done once: the next call leaves the watches alone. */
	sts_inputs_watch(&ev, "config/config.json");
	CHECK(pending() > 0);
}

static void test_ca_files_are_watched_while_trust_fails(void)
{
	struct sts_member *t = distrustful_one();

	set_succeed(t, 0);
	sts_inputs_watch(&ev, NULL);
	CHECK_INT(watches_of(ev.watch_fd), 1);
	set_fail(t, STS_ECERT_ISSUER);
	sts_inputs_attempted(t);
	sts_inputs_watch(&ev, NULL);
	CHECK_INT(watches_of(ev.watch_fd), 3);
	set_write("ca2/b.pem", "changed");
	CHECK(pending() > 0);
	sts_inputs_watch(&ev, NULL);
	CHECK(pending() > 0);
	set_succeed(t, 0);
	sts_inputs_watch(&ev, NULL);
	CHECK_INT(watches_of(ev.watch_fd), 1);
}

static void test_a_change_before_it_was_watched(void)
{
	struct sts_member *t = distrustful_one();

	set_write("ca1/a.pem", "changed");
	sts_inputs_watch(&ev, NULL);
	CHECK(set_soon(t));
	t = failed_one("token");
	set_write("token", "changed");
	sts_inputs_watch(&ev, NULL);
	CHECK(set_soon(t));
	/* A call that does not watch anew does not look either. */
	set_fail(t, STS_EDENIED);
	set_write("token", "changed again");
	sts_inputs_watch(&ev, NULL);
	CHECK(!set_soon(t));
}

static void test_a_directory_that_is_not_there(void)
{
	struct sts_member *t = failed_one("none/token");

	sts_inputs_watch(&ev, "none/config.json");
	CHECK(ev.watch_fd >= 0);
	CHECK_INT(watches_of(ev.watch_fd), 0);
	CHECK(!set_soon(t));
}

/* The kernel has no inotify instance for this process. Changes are found whenever the supervisor
 * looks. */
static void test_no_inotify(void)
{
	struct sts_member *t = failed_one("token");

	sts_events_unwatch(&ev);
	set_write("token", "not watched yet");
	struct rlimit old = limits_descriptors(limits_free_fd());
	sts_inputs_watch(&ev, "config/config.json");
	limits_restore(old);
	CHECK_INT(ev.watch_fd, -1);
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	set_write("token", "not watched at all");
	sts_inputs_attempted(t);
	CHECK(set_soon(t));
	sts_inputs_watch_again();
	sts_inputs_watch(&ev, "config/config.json");
	CHECK_INT(watches_of(ev.watch_fd), 2);
}

/* `fetch` does not live long enough to be told of a change. */
static void test_fetch_watches_nothing(void)
{
	struct sts_member *t;
	uint64_t before;

	set_empty();
	sts_events_unwatch(&ev);
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "out", .once = true});
	t = set_member("a");
	sts_inputs_watch(&ev, "config/config.json");
	CHECK_INT(ev.watch_fd, -1);
	set_fail(t, STS_ECERT_ISSUER);
	before = sts_file_identity("token");
	set_write("token", "changed");
	sts_inputs_attempted(t);
	CHECK(t->subject == before);
	sts_inputs_watch(&ev, "config/config.json");
	CHECK_INT(ev.watch_fd, -1);
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"where no file can be seen, the identity is 0", test_nothing_has_identity_0},
	{"what changes an identity", test_what_changes_an_identity},
	{"what does not change an identity", test_what_does_not_change_an_identity},
	{"the identity is that of the file behind a link",
	 test_the_identity_is_that_of_the_file_behind_a_link},
	{"the token file is swapped", test_the_token_file_is_swapped},
	{"the token file appears and vanishes", test_the_token_file_appears_and_vanishes},
	{"the token file is written in place", test_the_token_file_is_written_in_place},
	{"a change that cannot help is only noted", test_a_change_that_cannot_help},
	{"a change during an attempt counts after it", test_a_change_during_an_attempt},
	{"a change during a poll counts at once", test_a_change_during_a_poll},
	{"each exchange has its own files", test_each_exchange_has_its_own_files},
	{"a CA file changes", test_a_ca_file_changes},
	{"two CA files change places", test_ca_files_change_places},
	{"a CA file changes while trust does not fail",
	 test_a_ca_file_changes_while_trust_does_not_fail},
	{"a CA file changes during an attempt", test_a_ca_file_changes_during_an_attempt},
	{"a CA file changes during the first attempt that fails for want of trust",
	 test_a_ca_file_changes_during_the_first_attempt_that_distrusts},
	{"the directories of the files are watched", test_the_directories_of_the_files_are_watched},
	{"CA files are watched while trust fails", test_ca_files_are_watched_while_trust_fails},
	{"a change before it was watched is found", test_a_change_before_it_was_watched},
	{"a directory that is not there is not watched", test_a_directory_that_is_not_there},
	{"without inotify changes are found later", test_no_inotify},
	{"fetch watches nothing", test_fetch_watches_nothing},
	SET_END,
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
