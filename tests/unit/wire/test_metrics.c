/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "listener/metrics_text.h"
#include "test.h"

#define NOW_S 1768233157

static char text[256 * 1024];

/* Make the whole text in pieces of one line. */
static const char *write_out(const struct sts_metrics *m)
{
	struct sts_metrics_cursor at = {0};
	char line[STS_METRICS_LINE_MAX_BYTES];
	struct sts_text all, out;

	sts_text_init(&all, text, sizeof(text));
	for (;;) {
		sts_text_init(&out, line, sizeof(line));
		if (!sts_metrics_next_line(m, &at, &out))
			break;
		CHECK(out.len > 0 && !out.overflow && line[out.len - 1] == '\n');
		sts_text_add(&all, line, out.len);
	}
	CHECK(out.len == 0);
	CHECK(!sts_metrics_next_line(m, &at, &out));
	return text;
}

static bool has(const char *line)
{
	return strstr(text, line) != NULL;
}

static void test_nothing_yet(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"default"}, 1);
	write_out(&m);
	CHECK(has("# HELP sts_sidecar_exchanges_total "));
	CHECK(has("# TYPE sts_sidecar_exchange_duration_seconds histogram\n"));
	CHECK(has("\nsts_sidecar_exchanges_total{exchange=\"default\",result=\"success\"} 0\n"));
	CHECK(has("\nsts_sidecar_consecutive_failures{exchange=\"default\"} 0\n"));
	CHECK(has("\nsts_sidecar_build_info{version=\""));
	/* A time that is not known is not shown as 1970. */
	CHECK(!has("expiry_timestamp_seconds{"));
	CHECK(!has("last_success_timestamp_seconds{"));
}

static void note(struct sts_metrics_exchange *x, enum sts_err err, uint32_t flags, int64_t ms)
{
	const struct sts_report report = {
		.error = (int32_t)err, .flags = flags, .subject_exp_s = NOW_S + 3600};

	sts_metrics_note(x, &report, ms, err == STS_OK ? 0 : 3, NOW_S);
}

static void test_attempts(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a", "b"}, 2);
	note(&m.exchange[0], STS_OK, 0, 50);
	note(&m.exchange[0], STS_OK, 0, 51);
	note(&m.exchange[0], STS_OK, 0, 90001);
	note(&m.exchange[1], STS_EDENIED, 0, 60000);
	write_out(&m);
	CHECK(has("exchanges_total{exchange=\"a\",result=\"success\"} 3\n"));
	CHECK(has("exchanges_total{exchange=\"b\",result=\"success\"} 0\n"));
	CHECK(has("exchanges_total{exchange=\"b\",result=\"denied\"} 1\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"a\",le=\"0.05\"} 1\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"a\",le=\"0.1\"} 2\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"a\",le=\"60\"} 2\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"a\",le=\"+Inf\"} 3\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"b\",le=\"30\"} 0\n"));
	CHECK(has("duration_seconds_bucket{exchange=\"b\",le=\"60\"} 1\n"));
	CHECK(has("duration_seconds_count{exchange=\"a\"} 3\n"));
	CHECK(has("duration_seconds_sum{exchange=\"a\"} 90.102\n"));
	CHECK(has("subject_token_expiry_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	CHECK(has("last_success_timestamp_seconds{exchange=\"a\"} 1768233157\n"));
	CHECK(!has("last_success_timestamp_seconds{exchange=\"b\"}"));
	CHECK(has("consecutive_failures{exchange=\"b\"} 3\n"));
}

/* The next subject token does not say when it expires. A worker that read no subject token says
 * nothing of it. */
static void test_a_subject_without_an_expiry(void)
{
	static struct sts_metrics m;
	struct sts_report report = {.error = STS_EWORKER, .subject_exp_s = -1};

	sts_metrics_set_names(&m, (const char *const[]){"a"}, 1);
	note(&m.exchange[0], STS_OK, 0, 5);
	sts_metrics_note(&m.exchange[0], &report, 5, 1, NOW_S);
	write_out(&m);
	CHECK(has("subject_token_expiry_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	report = (struct sts_report){.subject_exp_s = 0};
	sts_metrics_note(&m.exchange[0], &report, 5, 0, NOW_S);
	write_out(&m);
	CHECK(!has("subject_token_expiry_timestamp_seconds{"));
}

/* A token was there already: no exchange is counted, but a subject token was read. */
static void test_adopted(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a"}, 1);
	note(&m.exchange[0], STS_OK, STS_REPORT_ADOPTED, 5);
	write_out(&m);
	CHECK(has("result=\"success\"} 0\n"));
	CHECK(has("duration_seconds_count{exchange=\"a\"} 0\n"));
	CHECK(has("subject_token_expiry_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	CHECK(!has("last_success_timestamp_seconds{exchange=\"a\"}"));
}

/* All names have their greatest length, and all numbers too. */
static void test_the_longest_lines(void)
{
	static struct sts_metrics m;
	struct sts_metrics_exchange *x = m.exchange;

	sts_metrics_set_names(&m, (const char *const[]){"abcdefghijklmnopqrstuvwxyz01234"}, 1);
	memset((char *)x + offsetof(struct sts_metrics_exchange, gauge), 0xff,
	       sizeof(*x) - offsetof(struct sts_metrics_exchange, gauge));
	x->gauge[STS_GAUGE_EXPIRY] = INT64_MIN;
	m.dropped_lines = UINT32_MAX;
	write_out(&m);
	CHECK(has("exchange=\"abcdefghijklmnopqrstuvwxyz01234\""));
	for (int i = STS_OK + 1; i < STS_ERR__COUNT; i++) {
		char line[128];
		struct sts_text t;

		sts_text_init(&t, line, sizeof(line));
		sts_text_addf(&t, "result=\"%s\"} 4294967295\n",
			      sts_error_info((enum sts_err)i).name);
		CHECK(has(line));
	}
}

static void test_names_that_change(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a", "b", "c"}, 3);
	for (size_t i = 0; i < 3; i++)
		m.exchange[i].results[STS_OK] = (uint32_t)i + 1;
	sts_metrics_set_names(&m, (const char *const[]){"d", "c", "a"}, 3);
	CHECK_INT(m.count, 3);
	CHECK_STR(m.exchange[0].name, "d");
	CHECK_INT(m.exchange[0].results[STS_OK], 0);
	CHECK_STR(m.exchange[1].name, "c");
	CHECK_INT(m.exchange[1].results[STS_OK], 3);
	CHECK_STR(m.exchange[2].name, "a");
	CHECK_INT(m.exchange[2].results[STS_OK], 1);
	sts_metrics_set_names(&m, (const char *const[]){"b"}, 1);
	CHECK_INT(m.count, 1);
	CHECK_INT(m.exchange[0].results[STS_OK], 0);
}

static void test_sixteen(void)
{
	static struct sts_metrics m;
	char names[STS_EXCHANGES_MAX][4];
	const char *list[STS_EXCHANGES_MAX];

	for (size_t i = 0; i < STS_EXCHANGES_MAX; i++) {
		memcpy(names[i], "x-a", 4);
		names[i][2] = (char)('a' + i);
		list[i] = names[i];
	}
	sts_metrics_set_names(&m, list, STS_EXCHANGES_MAX);
	for (size_t i = 0; i < STS_EXCHANGES_MAX; i++)
		note(&m.exchange[i], STS_EBUSY, 0, 1);
	list[0] = "new";
	sts_metrics_set_names(&m, list, STS_EXCHANGES_MAX);
	CHECK_INT(m.count, STS_EXCHANGES_MAX);
	CHECK_STR(m.exchange[0].name, "new");
	CHECK_INT(m.exchange[0].results[STS_EBUSY], 0);
	CHECK_INT(m.exchange[15].results[STS_EBUSY], 1);
	write_out(&m);
	CHECK(has("exchange=\"x-p\",result=\"busy\"} 1\n"));
}

static void test_the_seals(void)
{
	struct sts_error e;
	struct sts_metrics *m;
	const struct sts_metrics *seen;
	int fd;

	CHECK_INT(sts_metrics_make(&m, &fd, &e), STS_OK);
	if (!m)
		return;
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(ftruncate(fd, 1) != 0 && errno == EPERM);
	CHECK(ftruncate(fd, 2 * sizeof(*m)) != 0 && errno == EPERM);
	CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
	CHECK(mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != 0);
	seen = sts_metrics_map(fd);
	CHECK(seen != NULL);
	CHECK(seen && mprotect((void *)(uintptr_t)seen, sizeof(*m), PROT_READ | PROT_WRITE) != 0);
	m->exchange[3].results[STS_EDNS] = 7;
	CHECK_INT(seen ? seen->exchange[3].results[STS_EDNS] : 0, 7);
	m->count = STS_EXCHANGES_MAX + 1;
	CHECK(sts_metrics_map(fd) == NULL);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	CHECK(sts_metrics_map(fd) == NULL);
	CHECK(sts_metrics_map(-1) == NULL);
	close(fd);
}

/* A status in which each number and each text tells which one it is. */
static struct sts_status numbered(uint32_t i)
{
	struct sts_status status = {.state = (enum sts_state)(i % STS_STATE__COUNT),
				    .tries = i,
				    .attempts = i,
				    .last_attempt_s = i,
				    .source_tried_ms = i};

	memset(status.wait_name, 'a' + (int)(i % 26), sizeof(status.wait_name) - 1);
	return status;
}

static void test_publish(void)
{
	static struct sts_metrics m;
	struct sts_metrics_known known;
	struct sts_status status = numbered(7);

	CHECK(sts_metrics_known(m.exchange, &known));
	CHECK(known.expires_s == 0 && known.status.state == STS_STATE_STARTING);
	memset(status.boot_id, 'x', sizeof(status.boot_id));
	sts_metrics_set_names(&m, (const char *const[]){"a", "b"}, 2);
	sts_metrics_publish(m.exchange, &status, NOW_S);
	CHECK(sts_metrics_known(m.exchange, &known));
	memset(status.boot_id, 0, sizeof(status.boot_id));
	CHECK_INT(known.expires_s, NOW_S);
	CHECK(memcmp(&known.status, &status, sizeof(status)) == 0);
	CHECK_INT(m.exchange->gauge[STS_GAUGE_EXPIRY], NOW_S);
	status.clock_skew_s = -660;
	sts_metrics_publish(m.exchange, &status, NOW_S + 900);
	write_out(&m);
	CHECK(has("\nsts_sidecar_token_expiry_timestamp_seconds{exchange=\"a\"} 1768234057\n"));
	CHECK(!has("\nsts_sidecar_token_expiry_timestamp_seconds{exchange=\"b\"}"));
	CHECK(has("\nsts_sidecar_clock_difference_seconds{exchange=\"a\"} -660\n"));
	CHECK(has("\nsts_sidecar_clock_difference_seconds{exchange=\"b\"} 0\n"));
	/* A writer that has stopped in the middle is not waited for. */
	m.exchange->sequence++;
	CHECK(!sts_metrics_known(m.exchange, &known));
	m.exchange->sequence++;
	CHECK(sts_metrics_known(m.exchange, &known));
	CHECK_INT(known.status.clock_skew_s, -660);
}

_Noreturn static void write_for_ever(struct sts_metrics *m)
{
	for (uint32_t i = 1;; i++) {
		struct sts_status status = numbered(i);

		if (i % 1024 == 0 && getppid() == 1)
			_exit(0);
		sts_metrics_publish(&m->exchange[1], &status, i);
		/* A reader meets a writer often, and not always. */
		for (volatile int pause = 0; pause < 1000; pause++)
			;
	}
}

/* One process writes again and again, and another one reads. */
static void test_torn_reads(void)
{
	struct sts_error e;
	struct sts_metrics *m;
	int fd, torn = 0, changes = 0;
	int64_t last = -1;

	CHECK_INT(sts_metrics_make(&m, &fd, &e), STS_OK);
	pid_t writer = fork();
	if (writer == 0)
		write_for_ever(m);
	const struct sts_metrics *seen = sts_metrics_map(fd);
	/* Until there were many changes: with one processor the two take turns. */
	for (int i = 0; seen && i < 5000000 && changes < 1000; i++) {
		struct sts_metrics_known known;
		struct sts_status want;

		if (!sts_metrics_known(&seen->exchange[1], &known))
			continue;
		want = numbered((uint32_t)known.expires_s);
		torn += known.expires_s != 0 && memcmp(&known.status, &want, sizeof(want)) != 0;
		changes += known.expires_s != last;
		last = known.expires_s;
	}
	CHECK_INT(torn, 0);
	CHECK(changes > 1);
	kill(writer, SIGKILL);
	CHECK(waitpid(writer, NULL, 0) == writer);
	close(fd);
}

static const struct sts_test tests[] = {
	{"before the first attempt", test_nothing_yet},
	{"attempts are counted", test_attempts},
	{"a subject token without an expiry", test_a_subject_without_an_expiry},
	{"a token that was taken over", test_adopted},
	{"the longest lines fit", test_the_longest_lines},
	{"exchanges keep their counters in a new plan", test_names_that_change},
	{"sixteen exchanges", test_sixteen},
	{"the memory is sealed", test_the_seals},
	{"what the supervisor knows", test_publish},
	{"no reader sees two halves", test_torn_reads},
};
STS_TEST_MAIN(tests)
