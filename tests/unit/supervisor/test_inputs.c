/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/inputs.h"

#include "failed_exchange.h"

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

/* Examine the files of one exchange. */
static void look_at(struct sts_member *t)
{
	sts_inputs_examine(t);
	set_examine();
}

/* ---- the subject token ---- */

static void test_the_token_file_is_swapped(void)
{
	struct sts_member *t;

	CHECK(mkdir("v1", 0700) == 0 && mkdir("v2", 0700) == 0);
	set_write("v1/token", "one");
	set_write("v2/token", "two");
	swap_link("v1", "data");
	t = failed_one("data/token");
	look();
	CHECK(!set_soon(t));
	swap_link("v2", "data");
	look();
	CHECK(set_soon(t));
	/* The change is reported once. */
	set_fail(t, STS_EDENIED);
	look();
	CHECK(!set_soon(t));
	swap_link("v1", "data");
	look_at(t);
	CHECK(set_soon(t));
}

static void test_the_token_file_appears_and_vanishes(void)
{
	struct sts_member *t = failed_one("token");

	look();
	CHECK(!set_soon(t));
	set_write("token", "one");
	look();
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	CHECK(rename("token", "away") == 0);
	look();
	CHECK(set_soon(t));
	set_fail(t, STS_EDENIED);
	look();
	CHECK(!set_soon(t));
	CHECK(rename("away", "token") == 0);
	look();
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
	look();
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
	look();
	CHECK_INT(set_wait_ms(t), wait_ms - 1000);
	CHECK(t->subject == sts_file_identity("token"));
	set_succeed(t, STS_REPORT_CAPPED);
	set_boot_ms += 60000;
	look();
	CHECK(!set_soon(t));
	set_write("token", "and another");
	look();
	CHECK(set_soon(t));
}

static void test_a_change_during_an_attempt(void)
{
	struct sts_member *t = failed_one("token");

	set_start(t);
	set_write("token", "during the attempt");
	CHECK_INT(set_wait_ms(t), -1);
	set_finish(t, (struct sts_report){.error = STS_EDENIED});
	CHECK(!set_soon(t));
	/* An examination follows each attempt. */
	set_examine();
	CHECK(set_soon(t));
	/* A change before the attempt is not news after it, and no change is not news either. */
	set_write("token", "before");
	set_fail(t, STS_EDENIED);
	set_examine();
	CHECK(!set_soon(t));
}

/* A worker that died before it read anything does not say what was there. */
static void test_an_attempt_that_read_nothing(void)
{
	struct sts_member *t = failed_one("token");

	set_start(t);
	set_read_subject = STS_IDENTITY_UNKNOWN;
	set_write("token", "changed");
	set_finish(t, (struct sts_report){.error = STS_EFORK});
	set_examine();
	CHECK(set_soon(t));
	/* Nothing is known of the files of a new exchange: what is seen first is no change. */
	set_empty();
	TAKE_OVER({.name = "b", .token_file = "token", .dir = "out"});
	t = set_member("b");
	set_start(t);
	set_read_subject = set_read_cas = STS_IDENTITY_UNKNOWN;
	set_finish(t, (struct sts_report){.error = STS_EDENIED});
	set_examine();
	CHECK(!set_soon(t));
	set_write("token", "changed again");
	look();
	CHECK(set_soon(t));
}

/* A worker that makes no attempt does not read the subject token. */
static void test_a_change_during_a_poll(void)
{
	struct sts_member *t = failed_one("token");
	struct sts_moment m = sts_now();

	t->x.beside = STS_BESIDE_POLL_PLANNED;
	sts_exchange_started(&t->x, STS_WORKER_POLL, &m);
	set_write("token", "during the poll");
	look();
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
	set_examine();
	set_write("tb", "changed");
	look_at(a);
	CHECK(!set_soon(a) && !set_soon(b));
	look();
	CHECK(!set_soon(a) && set_soon(b));
	set_fail(b, STS_EDENIED);
	set_examine();
	set_write("ta", "changed");
	set_write("tb", "changed again");
	look_at(a);
	CHECK(set_soon(a) && !set_soon(b));
	look_at(b);
	CHECK(set_soon(b));
}

/* ---- CA files ---- */

static void test_a_ca_file_changes(void)
{
	struct sts_member *t;

	for (int which = 0; which < 2; which++) {
		t = distrustful_one();
		set_write(which ? "ca2/b.pem" : "ca1/a.pem", "changed");
		look();
		CHECK(set_soon(t));
		/* The change is reported once. */
		set_fail(t, STS_ECERT_ISSUER);
		look();
		CHECK(!set_soon(t));
		CHECK(unlink(which ? "ca2/b.pem" : "ca1/a.pem") == 0);
		look();
		CHECK(set_soon(t));
	}
}

/* Two CA files that take each other's place are a change. */
static void test_ca_files_change_places(void)
{
	struct sts_member *t = distrustful_one();

	CHECK(rename("ca1/a.pem", "ca1/c.pem") == 0 && rename("ca2/b.pem", "ca1/a.pem") == 0 &&
	      rename("ca1/c.pem", "ca2/b.pem") == 0);
	look();
	CHECK(set_soon(t));
}

static void test_a_ca_file_changes_while_trust_does_not_fail(void)
{
	struct sts_member *t = distrustful_one();
	uint64_t seen;

	set_fail(t, STS_EDENIED);
	seen = t->trust;
	set_write("ca1/a.pem", "changed");
	look();
	CHECK(!set_soon(t));
	CHECK(t->trust == seen);
	/* Trust fails again: what has changed before that is not news. */
	set_fail(t, STS_ECERT_ISSUER);
	look();
	CHECK(!set_soon(t));
	seen = t->trust;
	set_write("ca1/a.pem", "changed again");
	look();
	CHECK(set_soon(t));
	CHECK(t->trust != seen);
}

static void test_a_ca_file_changes_during_an_attempt(void)
{
	struct sts_member *t = distrustful_one();

	set_start(t);
	set_write("ca2/b.pem", "changed");
	CHECK_INT(set_wait_ms(t), -1);
	set_finish(t, (struct sts_report){.error = STS_ECERT_ISSUER});
	CHECK(!set_soon(t));
	set_examine();
	CHECK(set_soon(t));
	/* A change before the attempt is not news after it. */
	set_write("ca2/b.pem", "before the attempt");
	set_fail(t, STS_ECERT_ISSUER);
	set_examine();
	CHECK(!set_soon(t));
}

/* Trust did not fail before this attempt, so nothing watches the CA files yet. */
static void test_a_ca_file_changes_during_the_first_attempt_that_distrusts(void)
{
	struct sts_member *t = distrustful_one();

	set_succeed(t, 0);
	set_examine();
	set_start(t);
	set_write("ca2/b.pem", "changed");
	set_finish(t, (struct sts_report){.error = STS_ECERT_ISSUER});
	CHECK(!set_soon(t));
	set_examine();
	CHECK(set_soon(t));
	/* The change is reported once. */
	set_fail(t, STS_ECERT_ISSUER);
	set_examine();
	CHECK(!set_soon(t));
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"the token file is swapped", test_the_token_file_is_swapped},
	{"the token file appears and vanishes", test_the_token_file_appears_and_vanishes},
	{"the token file is written in place", test_the_token_file_is_written_in_place},
	{"a change that cannot help is only noted", test_a_change_that_cannot_help},
	{"a change during an attempt counts after it", test_a_change_during_an_attempt},
	{"an attempt that read nothing says nothing", test_an_attempt_that_read_nothing},
	{"a change during a poll counts", test_a_change_during_a_poll},
	{"each exchange has its own files", test_each_exchange_has_its_own_files},
	{"a CA file changes", test_a_ca_file_changes},
	{"two CA files change places", test_ca_files_change_places},
	{"a CA file changes while trust does not fail",
	 test_a_ca_file_changes_while_trust_does_not_fail},
	{"a CA file changes during an attempt", test_a_ca_file_changes_during_an_attempt},
	{"a CA file changes during the first attempt that fails for want of trust",
	 test_a_ca_file_changes_during_the_first_attempt_that_distrusts},
	SET_END,
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
