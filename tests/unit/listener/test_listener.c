/* SPDX-License-Identifier: Apache-2.0 */
/* The process of --listen as a child of the test, which stands for the supervisor: what /readyz
 * says of an output directory and of what is published, and that `check` says the same of the
 * files. */
#include "listener_child.h"

#include "base/clock.h"
#include "output/files.h"
#include "output/verdict.h"
#include "sandbox/harden.h"

#include <sys/mount.h>
#include <sys/resource.h>

static char line[STS_VERDICT_LINE_MAX_BYTES + 64];

static int64_t now_s(void)
{
	return sts_clock_real_ms() / 1000;
}

static int ask(void)
{
	return ask_for("/readyz");
}

/* Ask for /metrics. Returns the value of a gauge, or -1 if it is not there. */
static int64_t gauge(const char *name)
{
	char begin[96];
	long long value = -1;

	CHECK_INT(ask_for("/metrics"), 200);
	snprintf(begin, sizeof(begin), "\nsts_sidecar_%s{exchange=\"" NAME "\"} ", name);
	const char *at = strstr(body, begin);
	CHECK(at && sscanf(at + strlen(begin), "%lld", &value) == 1);
	return value;
}

/* Is a time what it should be? A second may have begun meanwhile. */
static bool about(int64_t time_s, int64_t want_s)
{
	return time_s >= want_s - 2 && time_s <= want_s + 10;
}

/* Make `line` what `check` says of the directory, after the name of the exchange. Returns whether
 * it says yes. */
static bool check_says(void)
{
	struct sts_status_now now;
	struct sts_verdict v;
	struct sts_text out;

	sts_status_now(&now);
	sts_verdict_look(&v, OUT, 0, now.real_s);
	sts_text_init(&out, line, sizeof(line));
	sts_text_add_str(&out, v.ok ? "ok\n" NAME ": " : NAME ": ");
	size_t begin = out.len;
	if (v.ok)
		sts_verdict_note(&v, &out, &now);
	else
		sts_verdict_explain(&v, &out, &now);
	if (out.len == begin)
		snprintf(line, sizeof(line), "ok\n");
	else
		sts_text_add_char(&out, '\n');
	return v.ok;
}

/* Does /readyz say what `check` says? A second may pass between the two, so this asks again. */
static void check_agrees(int status)
{
	for (int i = 0; i < 10; i++) {
		bool ok = check_says();

		CHECK_INT(ask(), status);
		CHECK_INT(ok, status == 200);
		if (strcmp(line, body) == 0)
			return;
	}
	CHECK_STR(body, line);
}

/* Publish a status, and write it into the directory as the supervisor does. */
static void put(const struct sts_status *status, int64_t expires_s)
{
	struct sts_status filed = *status;
	char text[STS_STATUS_MAX_BYTES + 1];
	struct sts_text out;

	sts_metrics_publish(metrics->exchange, status, expires_s);
	sts_clock_boot_id(filed.boot_id);
	sts_text_init(&out, text, sizeof(text));
	sts_status_format(&filed, &out);
	tree_put(OUT "/.status", text);
}

static void put_token(int64_t expires_s)
{
	CHECK_INT(tree_write_token(&store, STS_SLICE("a.b.c"), expires_s, (struct sts_slice){0},
				   &error),
		  STS_OK);
}

/* A refusal, 12 s ago; the next attempt is in 40 s. */
static struct sts_status failing(void)
{
	int64_t boot_ms = sts_clock_boot_ms();

	return (struct sts_status){.state = STS_STATE_FAILING,
				   .error = STS_EDENIED,
				   .http_status = 403,
				   .sts_error = "access_denied",
				   .tries = 4,
				   .attempts = 17,
				   .last_attempt_s = now_s() - 12,
				   .next_attempt_s = now_s() + 40,
				   .tried_ms = boot_ms - 12500,
				   .ended_ms = boot_ms - 12000,
				   .next_ms = boot_ms + 40000,
				   .latest_ms = boot_ms + 90000};
}

static void test_as_check(void)
{
	struct sts_status status = {.state = STS_STATE_STARTING};

	fresh(OUT, 0777);
	start((char[]){OUT});
	put(&status, 0);
	check_agrees(503);
	status = failing();
	put(&status, 0);
	check_agrees(503);
	CHECK(strstr(body, "no token in d: try 4 failed 1"));
	put_token(now_s() + 900);
	put(&status, now_s() + 900);
	check_agrees(200);
	put_token(now_s() - 130);
	put(&status, now_s() - 130);
	check_agrees(503);
	CHECK(strstr(body, "the token in d expired 2 min 1"));
	put_token(now_s() + 900);
	put(&status, now_s() + 900);
	tree_put(OUT "/token.json", "");
	check_agrees(503);
	CHECK(strstr(body, "the token in d cannot be used: "));
	CHECK(rename(OUT, "away") == 0);
	check_agrees(503);
	CHECK(strstr(body, NAME ": cannot look into d: no such directory: is this"));
	tree_dir(OUT, 0777);
	check_agrees(503);
	CHECK(strstr(body, NAME ": no token in d: no sidecar has written here yet"));
	sts_store_close(&store);
	tree_clear("away");
	stop();
}

/* Clocks that differ, a clock that was set, and a token that is not valid yet. */
static void test_clocks(void)
{
	struct sts_status status = failing();
	static const char words[] =
		"the node's clock is 11 min ahead of the STS's clock: check the "
		"time synchronisation of both\n";

	fresh(OUT, 0777);
	start((char[]){OUT});
	status.clock_skew_s = -660;
	put(&status, 0);
	check_agrees(503);
	CHECK(strstr(body, "; next in ") && strstr(body, words));
	put_token(now_s() + 900);
	put(&status, now_s() + 900);
	check_agrees(200);
	CHECK(strncmp(body, "ok\n" NAME ": the token in d is valid, but the node's", 45) == 0);
	CHECK(strstr(body, words));
	/* The clock was set right since the last attempt. */
	status.last_attempt_s += 660;
	put(&status, now_s() + 900);
	check_agrees(200);
	CHECK_STR(body, "ok\n");
	/* The clock was set ahead, so that the token looks as if it had expired. */
	status = failing();
	status.last_attempt_s = now_s() - 12 - 7200;
	put_token(now_s() - 3600);
	put(&status, now_s() - 3600);
	check_agrees(503);
	CHECK(strstr(body, "the token in d expired 1 h ago: "));
	CHECK(strstr(body, "; the node's clock was set ahead by 2 h since the last attempt\n"));
	status = failing();
	status.not_before_s = now_s() + 605;
	put_token(now_s() + 900);
	put(&status, now_s() + 900);
	check_agrees(503);
	CHECK(strstr(body, NAME ": the token in d is valid only from 2"));
	CHECK(strstr(body, "Z on, in 10 min "));
	status.not_before_s = now_s();
	put(&status, now_s() + 900);
	check_agrees(200);
	sts_store_close(&store);
	stop();
}

/* The gauges that are found out for each page: they follow the files and the node's clock. */
static void test_gauges(void)
{
	struct sts_status status = failing();

	fresh(OUT, 0777);
	start((char[]){OUT});
	status.clock_skew_s = -660;
	put(&status, 0);
	CHECK_INT(gauge("ready"), 0);
	CHECK_INT(gauge("clock_skew_seconds"), -660);
	CHECK_INT(gauge("next_attempt_timestamp_seconds"), status.next_attempt_s);
	CHECK(strstr(body, "last_error_info{exchange=\"" NAME "\",error=\"denied\"} 1\n"));
	put_token(now_s() + 900);
	put(&status, now_s() + 900);
	CHECK_INT(gauge("ready"), 1);
	CHECK(unlink(OUT "/token.jwt") == 0);
	CHECK_INT(gauge("ready"), 0);
	/* The clock was set right since the last attempt: by 11 min, as it was ahead. */
	status.last_attempt_s += 660;
	status.next_attempt_s += 660;
	put(&status, 0);
	CHECK_INT(gauge("clock_skew_seconds"), 0);
	CHECK(about(gauge("next_attempt_timestamp_seconds"), now_s() + 40));
	/* No attempt is planned. */
	status.next_ms = status.next_attempt_s = 0;
	status.error = STS_OK;
	put(&status, 0);
	CHECK_INT(gauge("next_attempt_timestamp_seconds"), 0);
	CHECK(!strstr(body, "last_error_info{"));
	sts_store_close(&store);
	stop();
}

/* A supervisor that does not write any more. */
static void test_a_supervisor_that_hangs(void)
{
	struct sts_status status = failing();
	/* The machine may have started a minute ago. */
	int64_t since_boot_ms = sts_clock_boot_ms();

	fresh(OUT, 0777);
	start((char[]){OUT});
	status.trying_ms = since_boot_ms > 50 * 60000 ? since_boot_ms - 50 * 60000 : 1;
	status.next_ms = 0;
	put(&status, 0);
	check_agrees(503);
	CHECK(strstr(body, "; the next is under way\n"));
	status.latest_ms = sts_clock_boot_ms() - 1;
	put(&status, 0);
	check_agrees(503);
	CHECK(strstr(body, "; the attempt that was started "));
	CHECK(strstr(body, " ago has not ended: the sidecar seems to be dead"));
	/* The writer stopped in the middle. */
	put(&status, now_s() + 900);
	put_token(now_s() + 900);
	CHECK_INT(ask(), 200);
	metrics->exchange->sequence++;
	metrics->exchange->known[0] = 1;
	CHECK_INT(ask(), 200);
	metrics->exchange->sequence++;
	CHECK_INT(ask(), 503);
	sts_store_close(&store);
	stop();
}

/* What the application writes into `expires` and `.status` says nothing to the listener. */
static void test_files_that_are_forged(void)
{
	struct sts_status status = failing();

	fresh(OUT, 0777);
	start((char[]){OUT});
	put_token(now_s() + 900);
	put(&status, now_s() - 130);
	CHECK_INT(ask(), 503);
	tree_put(OUT "/expires", "2999-01-12T16:11:29Z");
	CHECK(unlink(OUT "/.status") == 0);
	CHECK_INT(ask(), 503);
	CHECK(strstr(body, "the token in d expired 2 min 1") && strstr(body, "try 4 failed 1"));
	put(&status, now_s() + 900);
	CHECK(unlink(OUT "/expires") == 0);
	CHECK_INT(ask(), 200);
	sts_store_close(&store);
	stop();
}

/* Until the supervisor knows the expiry, `expires` counts as it was when the listener started. */
static void test_before_the_first_attempt(void)
{
	struct sts_status status = {.state = STS_STATE_STARTING};

	fresh(OUT, 0777);
	put_token(now_s() + 900);
	start((char[]){OUT});
	put(&status, 0);
	check_agrees(200);
	tree_put(OUT "/expires", "2001-01-12T16:11:29Z");
	CHECK_INT(ask(), 200);
	stop();
	start((char[]){OUT});
	check_agrees(503);
	CHECK(strstr(body, "the token in d expired "));
	put(&status, now_s() + 900);
	CHECK_INT(ask(), 200);
	stop();
	put(&status, 0);
	CHECK(unlink(OUT "/expires") == 0);
	start((char[]){OUT});
	check_agrees(503);
	CHECK(strstr(body, "no expiry that can be read: expires: no such file"));
	sts_store_close(&store);
	stop();
}

/* All that the listener has open, after it has served: its port, standard error and /dev/null, and
 * directories that cannot be read. */
static void test_what_is_open(void)
{
	char path[64], link[256], text[256];
	DIR *fds;
	int directories = 0;

	fresh(OUT, 0777);
	start((char[]){OUT});
	put_token(now_s() + 900);
	put(&(struct sts_status){0}, now_s() + 900);
	CHECK_INT(ask(), 200);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)listener);
	fds = opendir(path);
	CHECK(fds != NULL);
	for (struct dirent *entry; fds && (entry = readdir(fds));) {
		ssize_t len = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);
		const char *flags;

		if (len <= 0 || strncmp(link, tree_root, strlen(tree_root)) != 0)
			continue;
		directories++;
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%.8s", (int)listener, entry->d_name);
		tree_get(path, text, sizeof(text));
		flags = strstr(text, "flags:");
		CHECK(flags && (strtoul(flags + 6, NULL, 8) & O_PATH) == O_PATH);
	}
	if (fds)
		closedir(fds);
	CHECK_INT(directories, 1);
	sts_store_close(&store);
	stop();
}

/* The kernel kills a listener whose supervisor ends. In the moment before, /livez tells it. */
static void test_no_supervisor(void)
{
	struct {
		pid_t listener;
		uint16_t port;
	} told = {0};
	int tells[2], ends[2];

	fresh(OUT, 0777);
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0 && pipe(tells) == 0 && pipe(ends) == 0);
	pid_t supervisor = tree_fork();
	if (supervisor == 0) {
		outlives = true;
		close(ends[1]);
		start((char[]){OUT});
		told.listener = listener;
		told.port = port;
		CHECK(write(tells[1], &told, sizeof(told)) == sizeof(told));
		_exit((int)read(ends[0], &told, 1));
	}
	CHECK(read(tells[0], &told, sizeof(told)) == sizeof(told));
	listener = told.listener;
	port = told.port;
	CHECK_INT(ask_for("/livez"), 200);
	/* Workers come first. */
	CHECK(getpriority(PRIO_PROCESS, (id_t)listener) >= 10);
	CHECK(close(ends[1]) == 0);
	CHECK_INT(tree_wait(supervisor), 0);
	CHECK_INT(ask_for("/livez"), 503);
	stop();
	close(ends[0]);
	close(tells[0]);
	close(tells[1]);
	sts_store_close(&store);
}

static const struct sts_test tests[] = {
	{"/readyz says what check says", test_as_check},
	{"clocks that differ, and a token that is not valid yet", test_clocks},
	{"gauges of /metrics", test_gauges},
	{"a supervisor that hangs", test_a_supervisor_that_hangs},
	{"files that the application has forged", test_files_that_are_forged},
	{"before the first attempt has ended", test_before_the_first_attempt},
	{"no file is open, and no directory can be read", test_what_is_open},
	{"no supervisor", test_no_supervisor},
};

int main(void)
{
	umask(022);
	return tree_main(60, tests, sizeof(tests) / sizeof(tests[0]));
}
