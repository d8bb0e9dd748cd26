/* SPDX-License-Identifier: Apache-2.0 */
/* sts_running_take_over(): what becomes of the exchanges when there are new plans. */
#include <string.h>

#include "supervisor/running_set.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "log_lines.h"
#include "set_of_exchanges.h"
#include "supervisor/sent_tokens.h"

static struct sts_error e;
static const uint8_t id[STS_SUBJECT_ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8},
		     other_id[STS_SUBJECT_ID_BYTES] = {8, 7, 6, 5, 4, 3, 2, 1};

/* Plans that were freed are zero: each of ours has a count and texts. */
static bool is_freed(const struct sts_plans *plans)
{
	return plans->count == 0 && plans->bytes == 0 && plans->text[0] == '\0' &&
	       memcmp(plans->text, plans->text + 1, sizeof(plans->text) - 1) == 0;
}

/* Check that a worker of an exchange is due. Returns what it is to do. */
static enum sts_worker_mode due(const struct sts_member *t)
{
	enum sts_worker_mode mode = STS_WORKER__COUNT;

	CHECK(sts_exchange_due(&t->x, set_boot_ms, &mode));
	return mode;
}

static void test_the_first_plans(void)
{
	set_empty();
	log_lines_read();
	TAKE_OVER({.name = "b", .token_file = "tb", .dir = "b"},
		  {.name = "a", .token_file = "ta", .dir = "a"});
	CHECK_INT(set_count(), 2);
	CHECK_STR(sts_member_of(0)->x.plan->name, "b");
	CHECK_STR(sts_member_of(1)->x.plan->name, "a");
	for (STS_EACH_MEMBER(t)) {
		CHECK_INT(set_wait_ms(t), 0);
		CHECK_INT(due(t), STS_WORKER_ADOPT);
		CHECK_INT(t->store.dir_fd, -1);
		CHECK(t->worker == NULL);
	}
	CHECK_STR(log_lines_read(), "");
}

#define KEPT(...) \
	{ \
		.name = "a", .token_file = "token", .dir = "a", .mode = 0600, __VA_ARGS__ \
	}

/* Make a set of one exchange that has a token for an hour, and open its directory. */
static struct sts_member *with_a_token(void)
{
	set_fresh_dir("a");
	set_empty();
	TAKE_OVER(KEPT(.request_id = 1));
	CHECK_INT(sts_member_own(set_member("a"), &e), STS_OK);
	set_succeed(set_member("a"), 0);
	return set_member("a");
}

static void test_an_exchange_is_kept(void)
{
	struct sts_member *t = with_a_token();
	const struct sts_store store = t->store;
	struct sts_plans *before = sts_members_plans();
	int64_t wait_ms = set_wait_ms(t);

	log_lines_read();
	TAKE_OVER({.name = "first", .dir = "first"}, KEPT(.request_id = 1));
	CHECK(is_freed(before));
	CHECK(set_member("a") == t && sts_member_of(1) == t);
	CHECK(t->x.plan == &sts_members_plans()->plan[1]);
	CHECK_INT(set_wait_ms(t), wait_ms);
	CHECK_INT(t->store.dir_fd, store.dir_fd);
	CHECK_INT(t->store.mode, store.mode);
	/* The name of the directory is a text of the new plans. */
	CHECK(t->store.dir == sts_members_text(t->x.plan->output_dir));
	CHECK_STR(t->store.dir, "a");
	CHECK(set_is_locked("a"));
	CHECK_STR(log_lines_read(), "");
	CHECK_INT(set_count(), 2);
	CHECK_INT(set_wait_ms(set_member("first")), 0);
}

static void test_the_options_of_an_exchange_change(void)
{
	struct sts_member *t = with_a_token();
	int fd = t->store.dir_fd;

	CHECK(!set_soon(t));
	TAKE_OVER(KEPT(.request_id = 2));
	CHECK(set_member("a") == t);
	CHECK(set_soon(t));
	CHECK_INT(t->store.dir_fd, fd);
}

/* An exchange with another name, directory, mode or group is a new exchange. */
static void test_what_makes_another_exchange(void)
{
	const struct set_row kept = KEPT(.request_id = 1);
	struct set_row rows[4] = {kept, kept, kept, kept};

	rows[0].name = "b";
	rows[1].dir = "b";
	rows[2].mode = 0640;
	rows[3].own_group = true;
	set_fresh_dir("b");
	for (size_t i = 0; i < 4; i++) {
		with_a_token();
		log_lines_read();
		sts_running_take_over(set_plans(&rows[i], 1));
		CHECK_STR(log_lines_message(), "\"msg\":\"removed from the configuration\","
					       "\"exchange\":\"a\"}\n");
		CHECK_INT(set_count(), 1);
		struct sts_member *t = set_member(rows[i].name);
		CHECK_INT(set_wait_ms(t), 0);
		/* The directory of the old one is let go of, and the new one takes its own at
		 * once, which may be the same. */
		CHECK(t->store.dir_fd >= 0);
		CHECK(set_is_locked(rows[i].dir));
		set_check_status(rows[i].dir, STS_STATE_STARTING);
		if (strcmp(rows[i].dir, "a") == 0)
			continue;
		CHECK(!set_is_locked("a"));
		set_check_status("a", STS_STATE_STOPPED);
	}
}

static void test_an_exchange_is_removed(void)
{
	set_fresh_dir("a");
	set_fresh_dir("b");
	set_empty();
	TAKE_OVER({.name = "a", .dir = "a"}, {.name = "b", .dir = "b"});
	CHECK_INT(sts_member_own(set_member("a"), &e), STS_OK);
	CHECK_INT(sts_member_own(set_member("b"), &e), STS_OK);
	set_write("a/token.jwt", "a token");
	log_lines_read();
	TAKE_OVER({.name = "b", .dir = "b"});
	CHECK_STR(log_lines_message(),
		  "\"msg\":\"removed from the configuration\",\"exchange\":\"a\"}\n");
	CHECK_INT(set_count(), 1);
	CHECK(!set_is_locked("a") && set_is_locked("b"));
	set_check_status("a", STS_STATE_STOPPED);
	set_check_status("b", STS_STATE_STARTING);
	/* The files stay. */
	CHECK(access("a/token.jwt", F_OK) == 0);
}

static void test_exchanges_change_their_order(void)
{
	struct sts_member *a, *b;

	set_empty();
	TAKE_OVER({.name = "a", .dir = "a"}, {.name = "b", .dir = "b"});
	a = set_member("a");
	b = set_member("b");
	set_succeed(a, 0);
	TAKE_OVER({.name = "b", .dir = "b"}, {.name = "a", .dir = "a"});
	CHECK(sts_member_of(0) == b && sts_member_of(1) == a);
	CHECK_STR(a->x.plan->name, "a");
	CHECK(!set_soon(a) && set_soon(b));
}

/* Fill the set with exchanges whose names start with a letter. */
static void fill(char letter, bool single_use)
{
	static char names[STS_EXCHANGES_MAX][8], files[STS_EXCHANGES_MAX][8];
	struct set_row rows[STS_EXCHANGES_MAX];

	for (int i = 0; i < STS_EXCHANGES_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "%c%d", letter, i);
		snprintf(files[i], sizeof(files[i]), "t%d", i);
		rows[i] = (struct set_row){.name = names[i],
					   .token_file = files[i],
					   .dir = names[i],
					   .single_use = single_use};
	}
	sts_running_take_over(set_plans(rows, STS_EXCHANGES_MAX));
}

static void test_a_full_set_is_replaced(void)
{
	set_empty();
	fill('a', false);
	CHECK_INT(set_count(), STS_EXCHANGES_MAX);
	CHECK(set_member("a0") && set_member("a15"));
	fill('b', false);
	CHECK_INT(set_count(), STS_EXCHANGES_MAX);
	CHECK(!set_member("a0") && !set_member("a15"));
	for (uint32_t i = 0; i < STS_EXCHANGES_MAX; i++)
		CHECK(sts_member_of(i)->x.plan == &sts_members_plans()->plan[i]);
}

static void test_an_exchange_waits_for_another(void)
{
	set_empty();
	log_lines_read();
	TAKE_OVER({.name = "b", .token_file = "a/token.jwt", .dir = "b", .after = 2},
		  {.name = "a", .token_file = "token", .dir = "a"});
	CHECK_STR(log_lines_message(), "\"msg\":\"waiting for exchange a\",\"exchange\":\"b\"}\n");
	CHECK_INT(set_wait_ms(set_member("b")), -1);
	CHECK_INT(set_wait_ms(set_member("a")), 0);
	/* It does not wait if there is a token already. */
	set_succeed(set_member("a"), 0);
	TAKE_OVER({.name = "a", .token_file = "token", .dir = "a"},
		  {.name = "c", .token_file = "a/token.jwt", .dir = "c", .after = 1});
	CHECK_INT(set_wait_ms(set_member("c")), 0);
	/* It does not wait either if a new file lets it read something else. */
	set_empty();
	TAKE_OVER({.name = "a", .dir = "a"}, {.name = "b", .dir = "b", .after = 1});
	CHECK_INT(set_wait_ms(set_member("b")), -1);
	TAKE_OVER({.name = "a", .dir = "a"}, {.name = "b", .dir = "b"});
	CHECK_INT(set_wait_ms(set_member("b")), 0);
}

/* ---- what lies in the directory at first ---- */

static void test_the_directory_of_another_exchange(void)
{
	static const struct {
		const char *name, *dir;
		enum sts_worker_mode mode;
	} rows[] = {
		{"b", "/d/a", STS_WORKER_EXCHANGE},
		{"b", "/d//a/", STS_WORKER_EXCHANGE},
		{"b", "/d/last", STS_WORKER_EXCHANGE},
		{"a", "/d/last", STS_WORKER_EXCHANGE},
		{"b", "/d/a/below", STS_WORKER_ADOPT},
		{"b", "/d", STS_WORKER_ADOPT},
		{"b", "/d/another", STS_WORKER_ADOPT},
		{"a", "/d/another", STS_WORKER_ADOPT},
		{"last", "/d/another", STS_WORKER_ADOPT},
		{"last", "/d/a", STS_WORKER_EXCHANGE},
		/* The same exchange, which is another one for its mode alone. */
		{"a", "/d/a", STS_WORKER_ADOPT},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_empty();
		TAKE_OVER({.name = "a", .dir = "/d/a"}, {.name = "last", .dir = "/d/last"});
		TAKE_OVER({.name = rows[i].name, .dir = rows[i].dir, .mode = 0640});
		CHECK_INT(due(set_member(rows[i].name)), rows[i].mode);
	}
}

/* ---- subject tokens that may be sent once ---- */

static bool remembers(const uint8_t *sent)
{
	size_t count;
	const uint8_t(*all)[STS_SUBJECT_ID_BYTES] = sts_sent_all(&count);

	for (size_t i = 0; i < count; i++)
		if (memcmp(all[i], sent, STS_SUBJECT_ID_BYTES) == 0)
			return true;
	return false;
}

/* An attempt that sends its subject token and fails. */
static void send_once(struct sts_member *t, const uint8_t *sent)
{
	struct sts_child worker = {.stage_len = STS_REPORT_STAGE_SENT_BYTES};

	memcpy(worker.stage + 1, sent, STS_SUBJECT_ID_BYTES);
	set_start(t);
	sts_member_sent(t, &worker);
	set_finish(t, (struct sts_report){.error = STS_EDENIED});
}

#define ONCE(name_, file) \
	{ \
		.name = name_, .token_file = file, .dir = name_, .single_use = true \
	}

/* It is remembered whatever becomes of the exchanges and of their files. */
static void test_a_token_that_was_sent_is_remembered(void)
{
	static const uint8_t not_sent[STS_SUBJECT_ID_BYTES] = {9};

	set_empty();
	sts_sent_clear();
	TAKE_OVER(ONCE("a", "t1"), ONCE("b", "t2"),
		  {.name = "many", .token_file = "t3", .dir = "many"});
	send_once(set_member("a"), id);
	send_once(set_member("b"), other_id);
	/* An exchange that may send its subject token again leaves nothing to remember. */
	send_once(set_member("many"), not_sent);
	CHECK(remembers(id) && remembers(other_id) && !remembers(not_sent));
	TAKE_OVER(ONCE("a", "t2"), ONCE("b", "t1"));
	CHECK(remembers(id) && remembers(other_id));
	TAKE_OVER(ONCE("c", "t4"));
	CHECK(remembers(id) && remembers(other_id));
	TAKE_OVER(ONCE("a", "t1"));
	CHECK(remembers(id) && remembers(other_id));
}

static void test_every_exchange_of_a_full_set_has_sent_its_token(void)
{
	uint8_t sent[STS_SUBJECT_ID_BYTES] = {0};

	set_empty();
	fill('a', true);
	for (uint8_t i = 0; i < STS_EXCHANGES_MAX; i++) {
		sent[0] = i;
		send_once(sts_member_of(i), sent);
	}
	fill('b', true);
	for (uint8_t i = 0; i < STS_EXCHANGES_MAX; i++) {
		sent[0] = i;
		CHECK(remembers(sent));
	}
}

/* ---- an exchange is removed while its worker runs ---- */

static struct sts_child worker;

/* Give a member a worker that has written these bytes, and hangs. Returns the writing end of its
 * pipe, so that the pipe has no end before the caller closes it. */
static int give_a_worker(struct sts_member *t, const void *said, size_t len)
{
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC | O_NONBLOCK) == 0);
	sts_child_init(&worker);
	worker.fd = fds[0];
	CHECK_INT(write(fds[1], said, len), (ssize_t)len);
	fflush(stdout);
	worker.pid = fork();
	if (worker.pid == 0) {
		alarm(60);
		for (;;)
			pause();
	}
	t->worker = &worker;
	set_start(t);
	return fds[1];
}

static void check_that_it_is_killed(pid_t pid)
{
	int status = SIGKILL;

	CHECK(pid > 0);
	/* It was reaped already, unless the machine is slow. */
	CHECK(waitpid(pid, &status, 0) == pid || errno == ECHILD);
	CHECK_INT(status, SIGKILL);
}

static void test_the_worker_of_a_removed_exchange(void)
{
	uint8_t said[1 + sizeof(id)] = "S";

	memcpy(said + 1, id, sizeof(id));
	for (int sent = 0; sent <= 1; sent++) {
		set_fresh_dir("a");
		set_empty();
		sts_sent_clear();
		TAKE_OVER(ONCE("a", "t1"));
		struct sts_member *t = set_member("a");
		CHECK_INT(sts_member_own(t, &e), STS_OK);
		int writing_end = give_a_worker(t, said, sent ? sizeof(said) : 0);
		pid_t pid = worker.pid;
		int fd = worker.fd;
		TAKE_OVER(ONCE("b", "t1"));
		check_that_it_is_killed(pid);
		CHECK_INT(worker.pid, -1);
		CHECK_INT(worker.fd, -1);
		CHECK(fcntl(fd, F_GETFD) < 0 && errno == EBADF);
		set_check_status("a", STS_STATE_STOPPED);
		CHECK(!set_is_locked("a"));
		CHECK(set_member("b")->worker == NULL);
		/* What it said last counts. */
		CHECK_INT(remembers(id), sent);
		close(writing_end);
	}
}

static void test_a_worker_of_an_exchange_that_is_kept(void)
{
	set_empty();
	TAKE_OVER(KEPT(.request_id = 1));
	int writing_end = give_a_worker(set_member("a"), "", 0);
	pid_t pid = worker.pid;
	TAKE_OVER(KEPT(.request_id = 2));
	CHECK(set_member("a")->worker == &worker);
	CHECK_INT(worker.pid, pid);
	CHECK(kill(pid, 0) == 0);
	CHECK(sts_exchange_busy(&set_member("a")->x));
	sts_member_remove(set_member("a"));
	check_that_it_is_killed(pid);
	CHECK_INT(set_count(), 0);
	close(writing_end);
}

static const struct sts_test tests[] = {
	SET_BEGIN,
	{"the first plans", test_the_first_plans},
	{"an exchange is kept", test_an_exchange_is_kept},
	{"the options of an exchange change", test_the_options_of_an_exchange_change},
	{"what makes another exchange", test_what_makes_another_exchange},
	{"an exchange is removed", test_an_exchange_is_removed},
	{"exchanges change their order", test_exchanges_change_their_order},
	{"a full set is replaced", test_a_full_set_is_replaced},
	{"an exchange waits for another", test_an_exchange_waits_for_another},
	{"the directory of another exchange is not adopted",
	 test_the_directory_of_another_exchange},
	{"a token that was sent is remembered", test_a_token_that_was_sent_is_remembered},
	{"every exchange of a full set has sent its token",
	 test_every_exchange_of_a_full_set_has_sent_its_token},
	{"the worker of a removed exchange is killed", test_the_worker_of_a_removed_exchange},
	{"the worker of an exchange that is kept runs on",
	 test_a_worker_of_an_exchange_that_is_kept},
	SET_END,
};

int main(void)
{
	alarm(60);
	if (!log_lines_capture())
		return 1;
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
