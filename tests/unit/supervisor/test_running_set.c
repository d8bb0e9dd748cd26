/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/running_set.h"

#include <errno.h>
#include <stdio.h> /* rename */
#include <sys/file.h>
#include <sys/syscall.h>

#include "log_lines.h"
#include "set_of_exchanges.h"
#include "supervisor/sent_tokens.h"

static struct sts_error e;

/* The last step of writing a file, which a test can let fail. */
static int rename_errno;

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (rename_errno == 0)
		return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
	errno = rename_errno;
	return -1;
}

/* A full disk, for the directory. */
static int mkdir_errno;

int mkdir(const char *path, mode_t mode)
{
	if (mkdir_errno == 0)
		return (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
	errno = mkdir_errno;
	return -1;
}

/* A file system that cannot lock. */
static int flock_errno;

int flock(int fd, int operation)
{
	if (flock_errno == 0)
		return (int)syscall(SYS_flock, fd, operation);
	errno = flock_errno;
	return -1;
}

/* ---- the output directory ---- */

static struct sts_member *one(const char *path)
{
	set_empty();
	TAKE_OVER({.name = "a", .token_file = "token", .dir = path, .mode = 0640});
	return set_member("a");
}

static void test_the_directory_is_opened_and_locked(void)
{
	set_fresh_dir("a");
	struct sts_member *t = one("a");

	CHECK_INT(t->store.dir_fd, -1);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK(t->store.dir_fd >= 0);
	CHECK_STR(t->store.dir, "a");
	CHECK_INT(t->store.mode, 0640);
	CHECK(set_is_locked("a"));
	set_check_status("a", STS_STATE_STARTING);
	/* Once it is done, nothing is done again. */
	int fd = t->store.dir_fd;
	CHECK(unlink("a/.status") == 0);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK_INT(t->store.dir_fd, fd);
	CHECK(access("a/.status", F_OK) != 0);
}

static void put_temporary(void)
{
	int fd = open("a/.token.jwt.new", O_WRONLY | O_CREAT, 0600);

	CHECK(write(fd, "a.b.c", 5) == 5);
	close(fd);
}

/* What a killed worker has left is removed once the directory is locked, and when the exchange is
 * removed with its worker. Without a lock it may be another sidecar's, and stays. */
static void test_what_a_killed_worker_has_left(void)
{
	set_fresh_dir("a");
	struct sts_member *t = one("a");
	struct sts_child worker;

	put_temporary();
	int other = open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(flock(other, LOCK_EX) == 0);
	CHECK_INT(sts_member_own(t, &e), STS_ELOCKED);
	CHECK_INT(access("a/.token.jwt.new", F_OK), 0);
	close(other);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK(access("a/.token.jwt.new", F_OK) != 0);
	put_temporary();
	sts_child_init(&worker);
	t->worker = &worker;
	sts_member_remove(t);
	CHECK(access("a/.token.jwt.new", F_OK) != 0);

	put_temporary();
	flock_errno = EBADF;
	t = one("a");
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	sts_member_sweep(t);
	CHECK_INT(access("a/.token.jwt.new", F_OK), 0);
	flock_errno = 0;
	CHECK(unlink("a/.token.jwt.new") == 0);
}

static void test_there_is_no_output_directory(void)
{
	set_empty();
	TAKE_OVER({.name = "a", .dir = "none", .to_stdout = true});
	struct sts_member *t = set_member("a");
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK_INT(t->store.dir_fd, -1);
	/* The status has changed, and there is nowhere to write it. */
	set_fail(t, STS_EDENIED);
	sts_running_write_status();
	CHECK(access("none", F_OK) != 0);
	sts_member_remove(t);
	CHECK_INT(set_count(), 0);
}

static void test_the_directory_is_made_if_that_is_asked_for(void)
{
	CHECK(rmdir("made") != 0 && errno == ENOENT);
	CHECK_INT(sts_member_own(one("made"), &e), STS_EOUTPUT);
	CHECK_INT(e.code, STS_EOUTPUT);
	CHECK_INT(e.detail, ENOENT);
	CHECK_INT(set_member("a")->store.dir_fd, -1);
	set_empty();
	TAKE_OVER({.name = "a", .dir = "made", .create_dir = true});
	CHECK_INT(sts_member_own(set_member("a"), &e), STS_OK);
	set_check_status("made", STS_STATE_STARTING);
}

/* A status file can be written later, and a directory that is not there cannot. */
static void test_the_directory_cannot_be_made_on_a_full_disk(void)
{
	static const int full[] = {ENOSPC, EDQUOT};

	for (size_t i = 0; i < 2; i++) {
		set_empty();
		TAKE_OVER({.name = "a", .dir = "unmade", .create_dir = true});
		mkdir_errno = full[i];
		CHECK_INT(sts_member_own(set_member("a"), &e), STS_EOUTPUT);
		mkdir_errno = 0;
		CHECK_INT(e.code, STS_EOUTPUT);
		CHECK_INT(e.detail, full[i]);
		CHECK_INT(set_member("a")->store.dir_fd, -1);
	}
}

static void test_another_process_has_the_lock(void)
{
	set_fresh_dir("a");
	struct sts_member *t = one("a");
	int fd = open("a", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(flock(fd, LOCK_EX | LOCK_NB) == 0);
	CHECK_INT(sts_member_own(t, &e), STS_ELOCKED);
	CHECK_INT(e.code, STS_ELOCKED);
	CHECK_INT(t->store.dir_fd, -1);
	CHECK(access("a/.status", F_OK) != 0);
	close(fd);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
}

static void test_the_sandbox_was_closed_without_it(void)
{
	set_fresh_dir("a");
	struct sts_member *t = one("a");

	set_sandbox_is_closed = true;
	CHECK_INT(sts_member_own(t, &e), STS_EOUTPUT);
	CHECK_STR(e.msg, "a: the sandbox was closed without it: start this program again");
	CHECK_INT(t->store.dir_fd, -1);
	set_sandbox_is_closed = false;
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	/* A directory that is open already is not asked for again. */
	set_sandbox_is_closed = true;
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	set_sandbox_is_closed = false;
}

/* Somebody removes the directory and makes another one of the same name. */
static void test_the_directory_is_removed(void)
{
	set_fresh_dir("a");
	struct sts_member *t = one("a");

	CHECK_INT(sts_member_own(t, &e), STS_OK);
	uint32_t opened = sts_running_opened();
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK(unlink("a/.status") == 0 && rmdir("a") == 0);
	CHECK_INT(sts_member_own(t, &e), STS_EOUTPUT);
	CHECK_INT(t->store.dir_fd, -1);
	CHECK_INT(sts_running_opened(), opened);
	CHECK(mkdir("a", 0700) == 0);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK_INT(sts_running_opened(), opened + 1);
	CHECK(set_is_locked("a"));
	set_check_status("a", STS_STATE_STARTING);
}

/* A former process has left what it has learnt of the STS, and which subject token it has sent. */
static void test_what_was_learnt_is_kept(void)
{
	struct sts_status left = {.state = STS_STATE_OK,
				  .once_for = sts_exchange_once_for(7),
				  .sent = 0x8877665544332211},
			  now;

	/* The same requests, others, a plan that says how it is, a process whose attempts have
	 * failed since it did not have the directory, and a process that has learnt something
	 * itself. */
	for (int i = 0; i < 5; i++) {
		char buf[STS_STATUS_MAX_BYTES];
		struct sts_text text;
		size_t sent;

		sts_text_init(&text, buf, sizeof(buf));
		sts_status_format(&left, &text);
		set_fresh_dir("a");
		set_write("a/.status", buf);
		set_empty();
		sts_sent_clear();
		TAKE_OVER({.name = "a", .token_file = "t", .dir = "a", .request_id = 7});
		struct sts_plan *plan = &sts_members_plans()->plan[0];
		plan->subject_use = i == 2 ? STS_USE_AGAIN : STS_USE_UNKNOWN;
		plan->request_id = i == 1 ? 9 : 7;
		set_member("a")->x.status.attempts = i >= 3;
		set_member("a")->x.status.again_for = i == 4;
		CHECK_INT(sts_member_own(set_member("a"), &e), STS_OK);
		CHECK_INT(sts_exchange_sends_once(&set_member("a")->x), i == 0 || i == 3);
		/* With other requests, too: later plans may bring these back. */
		CHECK(memcmp(sts_sent_all(&sent), &left.sent, sizeof(left.sent)) == 0 || i == 4);
		CHECK_INT(sent, i < 4);
		CHECK(set_read_status("a", &now));
		CHECK(now.once_for == (i == 4 ? 0 : left.once_for));
		CHECK(now.sent == (i == 4 ? 0 : left.sent) && now.again_for == (i == 4));
	}
	sts_sent_clear();
}

/* Somebody renames the directory and makes another one of the same name. */
static void test_the_directory_is_replaced(void)
{
	set_fresh_dir("a");
	CHECK(system("rm -rf moved moved-2") == 0);
	struct sts_member *t = one("a");

	CHECK_INT(sts_member_own(t, &e), STS_OK);
	uint32_t count = sts_running_opened();
	CHECK(rename("a", "moved") == 0);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK(set_is_locked("moved"));
	CHECK(mkdir("a", 0700) == 0);
	CHECK_INT(sts_member_own(t, &e), STS_OK);
	CHECK_INT(sts_running_opened(), count + 1);
	CHECK(set_is_locked("a"));
	CHECK(!set_is_locked("moved"));
	set_check_status("a", STS_STATE_STARTING);
	CHECK(rename("a", "moved-2") == 0 && mkdir("a", 0700) == 0);
	set_sandbox_is_closed = true;
	CHECK_INT(sts_member_own(t, &e), STS_EOUTPUT);
	CHECK_STR(e.msg, "a: the sandbox was closed without it: start this program again");
	set_sandbox_is_closed = false;
	CHECK(!set_is_locked("moved-2"));
}

static void test_the_first_status_file_cannot_be_written(void)
{
	static const int full[] = {ENOSPC, EDQUOT};

	set_fresh_dir("a");
	struct sts_member *t = one("a");
	rename_errno = EIO;
	CHECK_INT(sts_member_own(t, &e), STS_EOUTPUT);
	CHECK_INT(e.detail, EIO);
	CHECK_INT(t->store.dir_fd, -1);
	CHECK(!set_is_locked("a"));
	/* A disk that is full may have room later. */
	for (size_t i = 0; i < 2; i++) {
		t = one("a");
		rename_errno = full[i];
		CHECK_INT(sts_member_own(t, &e), STS_OK);
		CHECK(t->store.dir_fd >= 0);
		CHECK(set_is_locked("a"));
	}
	rename_errno = 0;
}

/* ---- the status files ---- */

static void test_a_status_is_written_when_it_changes(void)
{
	set_fresh_dir("a");
	set_fresh_dir("b");
	set_empty();
	TAKE_OVER({.name = "a", .dir = "a"}, {.name = "b", .dir = "b"});
	CHECK_INT(sts_member_own(set_member("a"), &e), STS_OK);
	CHECK_INT(sts_member_own(set_member("b"), &e), STS_OK);
	set_fail(set_member("b"), STS_EDENIED);
	set_check_status("b", STS_STATE_STARTING);
	sts_running_write_status();
	set_check_status("a", STS_STATE_STARTING);
	set_check_status("b", STS_STATE_FAILING);
	/* Nothing has changed since. */
	CHECK(unlink("a/.status") == 0 && unlink("b/.status") == 0);
	sts_running_write_status();
	CHECK(access("a/.status", F_OK) != 0 && access("b/.status", F_OK) != 0);
	set_succeed(set_member("a"), 0);
	set_succeed(set_member("b"), 0);
	sts_running_write_status();
	set_check_status("a", STS_STATE_OK);
	set_check_status("b", STS_STATE_OK);
}

static void test_a_status_that_cannot_be_written_is_left_out(void)
{
	struct sts_member *t = set_member("a");

	set_fail(t, STS_EDENIED);
	rename_errno = EIO;
	sts_running_write_status();
	rename_errno = 0;
	set_check_status("a", STS_STATE_OK);
	CHECK(t->store.dir_fd >= 0);
	/* The next change is written. */
	sts_running_write_status();
	set_check_status("a", STS_STATE_OK);
	set_fail(t, STS_EDENIED);
	sts_running_write_status();
	set_check_status("a", STS_STATE_FAILING);
}

/* ---- an attempt has ended ---- */

static void test_after_an_attempt(void)
{
	static const struct sts_report report;

	set_write("token", "one");
	set_empty();
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "a"},
		  {.name = "b", .token_file = "a/token.jwt", .dir = "b", .after = 1});
	struct sts_member *a = set_member("a"), *b = set_member("b");
	CHECK_INT(set_wait_ms(b), -1);
	set_start(a);
	set_write("token", "another");
	set_finish(a, (struct sts_report){.error = STS_EDENIED});
	CHECK(!set_soon(a));
	sts_member_attempted(a, &report);
	set_examine();
	/* Its own subject token changed in the meantime, and the other exchange still waits. */
	CHECK(set_soon(a));
	CHECK_INT(set_wait_ms(b), -1);
	set_succeed(a, 0);
	CHECK_INT(set_wait_ms(b), -1);
	sts_member_attempted(a, &report);
	CHECK_INT(set_wait_ms(b), 0);
	/* The subject token of the other exchange is examined then. */
	set_fail(b, STS_EDENIED);
	set_examine();
	CHECK(!set_soon(b));
	set_write("a/token.jwt", "new");
	sts_member_attempted(a, &report);
	set_examine();
	CHECK(set_soon(b));
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"the output directory is opened and locked", test_the_directory_is_opened_and_locked},
	{"what a killed worker has left", test_what_a_killed_worker_has_left},
	{"there is no output directory", test_there_is_no_output_directory},
	{"the directory is made if that is asked for",
	 test_the_directory_is_made_if_that_is_asked_for},
	{"the directory cannot be made on a full disk",
	 test_the_directory_cannot_be_made_on_a_full_disk},
	{"another process has the lock", test_another_process_has_the_lock},
	{"the sandbox was closed without the directory", test_the_sandbox_was_closed_without_it},
	{"the directory is removed", test_the_directory_is_removed},
	{"the directory is replaced", test_the_directory_is_replaced},
	{"what was learnt is kept", test_what_was_learnt_is_kept},
	{"the first status file cannot be written", test_the_first_status_file_cannot_be_written},
	{"a status is written when it changes", test_a_status_is_written_when_it_changes},
	{"a status that cannot be written is left out",
	 test_a_status_that_cannot_be_written_is_left_out},
	{"after an attempt", test_after_an_attempt},
	SET_END,
};

int main(void)
{
	alarm(60);
	if (!log_lines_capture())
		return 1;
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
