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
/* The begin of a line of the histogram. */
#define SECONDS(of, exchange, result) \
	"duration_seconds_" of "{exchange=\"" exchange "\",result=\"" result "\""
#define NAME "abcdefghijklmnopqrstuvwxyz01234"

static char text[256 * 1024];
static struct sts_metrics_seen seen[STS_EXCHANGES_MAX];

/* Make the whole text in pieces of one line. */
static const char *write_out(const struct sts_metrics *m)
{
	struct sts_metrics_cursor at = {0};
	char line[STS_METRICS_LINE_MAX_BYTES];
	struct sts_text all, out;

	sts_text_init(&all, text, sizeof(text));
	for (;;) {
		sts_text_init(&out, line, sizeof(line));
		if (!sts_metrics_next_line(m, seen, &at, &out))
			break;
		CHECK(out.len > 0 && !out.overflow && line[out.len - 1] == '\n');
		sts_text_add(&all, line, out.len);
	}
	CHECK(out.len == 0);
	CHECK(!sts_metrics_next_line(m, seen, &at, &out));
	return text;
}

static bool has(const char *line)
{
	return strstr(text, line) != NULL;
}

static size_t count(const char *words)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, words)); at++)
		n++;
	return n;
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
	/* All series are there from the start, so that an increase is seen. */
	for (int i = 0; i < STS_RESULT__COUNT; i++) {
		char line[128];

		snprintf(line, sizeof(line),
			 "\nsts_sidecar_exchanges_total{exchange=\"default\",result=\"%s\"} 0\n",
			 sts_result_name((enum sts_result)i));
		CHECK(has(line));
	}
	CHECK_INT(count("{exchange=\"default\""), 8 + STS_RESULT__COUNT + 2 * 13);
	CHECK_INT(count("{exchange=\"default\"} 0\n"), 8);
	CHECK_INT(count("exchange_duration_seconds_bucket{"), 22);
	CHECK(has(
		"exchange_duration_seconds_sum{exchange=\"default\",result=\"failure\"} 0.000\n"));
	CHECK(!has("last_error_info{"));
	CHECK(has("\nprocess_start_time_seconds 0.000\n"));
}

static void test_no_histogram(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"default"}, 1);
	m.no_histogram = 1;
	write_out(&m);
	CHECK(!has("duration") && !has("histogram"));
	CHECK_INT(count("{exchange=\"default\""), 8 + STS_RESULT__COUNT);
	CHECK(has("\nsts_sidecar_config_last_reload_successful "));
}

/* What the listener has found out, and what the whole process has. */
static void test_seen(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a", "b"}, 2);
	seen[0] = (struct sts_metrics_seen){true, STS_OK, NOW_S + 60, -660};
	seen[1] = (struct sts_metrics_seen){false, STS_ECONNECT_TIME, 0, 0};
	m.started_ms = NOW_S * INT64_C(1000) + 7;
	write_out(&m);
	CHECK(has("\nsts_sidecar_ready{exchange=\"a\"} 1\n"));
	CHECK(has("\nsts_sidecar_ready{exchange=\"b\"} 0\n"));
	CHECK(has("\nsts_sidecar_next_attempt_timestamp_seconds{exchange=\"a\"} 1768233217\n"));
	CHECK(has("\nsts_sidecar_next_attempt_timestamp_seconds{exchange=\"b\"} 0\n"));
	CHECK(has("\nsts_sidecar_clock_skew_seconds{exchange=\"a\"} -660\n"));
	CHECK(has("\nsts_sidecar_clock_skew_seconds{exchange=\"b\"} 0\n"));
	CHECK_INT(count("last_error_info{"), 1);
	CHECK(has("\nsts_sidecar_last_error_info{exchange=\"b\",error=\"connect_timeout\"} 1\n"));
	CHECK(has("\n# TYPE process_start_time_seconds gauge\n"
		  "process_start_time_seconds 1768233157.007\n"));
	memset(seen, 0, sizeof(seen));
}

static void test_reloads(void)
{
	static struct sts_metrics m;

	sts_metrics_note_reload(&m, true, NOW_S);
	write_out(&m);
	CHECK(has("\nsts_sidecar_config_last_reload_successful 1\n"));
	CHECK(has("\nsts_sidecar_config_last_reload_success_timestamp_seconds 1768233157\n"));
	sts_metrics_note_reload(&m, false, NOW_S + 60);
	write_out(&m);
	CHECK(has("\nsts_sidecar_config_last_reload_successful 0\n"));
	CHECK(has("\nsts_sidecar_config_last_reload_success_timestamp_seconds 1768233157\n"));
	sts_metrics_note_reload(&m, true, NOW_S + 120);
	write_out(&m);
	CHECK(has("\nsts_sidecar_config_last_reload_successful 1\n"));
	CHECK(has("\nsts_sidecar_config_last_reload_success_timestamp_seconds 1768233277\n"));
}

/* Each error counts as one of the few results, and none but a success counts as a success. */
static void test_results(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a"}, 1);
	for (int i = 1; i < STS_ERR__COUNT; i++) {
		struct sts_report report = {.error = i, .subject_exp_s = -1};

		sts_metrics_note(m.exchange, &report, 5, (uint32_t)i, NOW_S);
	}
	uint32_t sum = 0;
	for (int i = 0; i < STS_RESULT__COUNT; i++)
		sum += m.exchange->results[i];
	CHECK_INT(sum, STS_ERR__COUNT - 1);
	CHECK_INT(m.exchange->results[STS_RESULT_SUCCESS], 0);
	CHECK_INT(sts_error_info(STS_EDNS).result, STS_RESULT_NETWORK);
	CHECK_INT(sts_error_info(STS_ECONNECT_TIME).result, STS_RESULT_NETWORK);
	CHECK_INT(sts_error_info(STS_ECERT_EXPIRED).result, STS_RESULT_TLS);
	CHECK_INT(sts_error_info(STS_ETIMEOUT).result, STS_RESULT_UNAVAILABLE);
	CHECK_INT(sts_error_info(STS_ESUBJECT_MISSING).result, STS_RESULT_SUBJECT);
	CHECK_INT(sts_error_info(STS_EWORKER).result, STS_RESULT_INTERNAL);
}

static void note(struct sts_metrics_exchange *x, enum sts_err err, uint32_t flags, int64_t ms)
{
	const struct sts_report report = {.error = (int32_t)err,
					  .flags = flags,
					  .lifetime_s = err == STS_OK ? 900 : 0,
					  .subject_exp_s = NOW_S + 3600};

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
	CHECK(has("exchanges_total{exchange=\"b\",result=\"network\"} 0\n"));
	CHECK(has(SECONDS("bucket", "a", "success") ",le=\"0.05\"} 1\n"));
	CHECK(has(SECONDS("bucket", "a", "success") ",le=\"0.1\"} 2\n"));
	CHECK(has(SECONDS("bucket", "a", "success") ",le=\"60\"} 2\n"));
	CHECK(has(SECONDS("bucket", "a", "success") ",le=\"+Inf\"} 3\n"));
	CHECK(has(SECONDS("bucket", "a", "failure") ",le=\"+Inf\"} 0\n"));
	CHECK(has(SECONDS("bucket", "b", "success") ",le=\"+Inf\"} 0\n"));
	CHECK(has(SECONDS("bucket", "b", "failure") ",le=\"30\"} 0\n"));
	CHECK(has(SECONDS("bucket", "b", "failure") ",le=\"60\"} 1\n"));
	CHECK(has(SECONDS("count", "a", "success") "} 3\n"));
	CHECK(has(SECONDS("sum", "a", "success") "} 90.102\n"));
	CHECK(has(SECONDS("sum", "a", "failure") "} 0.000\n"));
	CHECK(has(SECONDS("sum", "b", "failure") "} 60.000\n"));
	CHECK(has("token_lifetime_seconds{exchange=\"a\"} 900\n"));
	CHECK(has("token_lifetime_seconds{exchange=\"b\"} 0\n"));
	CHECK(has("subject_token_expiration_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	CHECK(has("last_success_timestamp_seconds{exchange=\"a\"} 1768233157\n"));
	CHECK(has("last_success_timestamp_seconds{exchange=\"b\"} 0\n"));
	CHECK(has("consecutive_failures{exchange=\"b\"} 3\n"));
	/* A failure says nothing of the token that is there. */
	note(&m.exchange[0], STS_EBUSY, 0, 5);
	write_out(&m);
	CHECK(has("token_lifetime_seconds{exchange=\"a\"} 900\n"));
	CHECK(has("exchanges_total{exchange=\"a\",result=\"unavailable\"} 1\n"));
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
	CHECK(has("subject_token_expiration_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	report = (struct sts_report){.subject_exp_s = 0};
	sts_metrics_note(&m.exchange[0], &report, 5, 0, NOW_S);
	write_out(&m);
	CHECK(has("subject_token_expiration_timestamp_seconds{exchange=\"a\"} 0\n"));
}

/* A token was there already: no exchange is counted, but a subject token was read. */
static void test_adopted(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a"}, 1);
	note(&m.exchange[0], STS_OK, STS_REPORT_ADOPTED, 5);
	write_out(&m);
	CHECK(has("result=\"success\"} 0\n"));
	CHECK_INT(count("duration_seconds_count{exchange=\"a\""), 2);
	CHECK(has(SECONDS("count", "a", "success") "} 0\n"));
	CHECK(has("token_lifetime_seconds{exchange=\"a\"} 900\n"));
	CHECK(has("subject_token_expiration_timestamp_seconds{exchange=\"a\"} 1768236757\n"));
	CHECK(has("last_success_timestamp_seconds{exchange=\"a\"} 0\n"));
}

/* All names have their greatest length, and all numbers too. */
static void test_the_longest_lines(void)
{
	static struct sts_metrics m;
	struct sts_metrics_exchange *x = m.exchange;

	sts_metrics_set_names(&m, (const char *const[]){NAME}, 1);
	memset((char *)x + offsetof(struct sts_metrics_exchange, gauge), 0xff,
	       sizeof(*x) - offsetof(struct sts_metrics_exchange, gauge));
	x->gauge[STS_GAUGE_EXPIRATION] = INT64_MIN;
	m.dropped_lines = UINT32_MAX;
	m.reloaded_s = m.started_ms = INT64_MAX;
	for (int i = STS_OK + 1; i < STS_ERR__COUNT; i++) {
		char line[128];

		seen[0] = (struct sts_metrics_seen){true, (enum sts_err)i, INT64_MIN, INT64_MIN};
		write_out(&m);
		snprintf(line, sizeof(line), "{exchange=\"%s\",error=\"%s\"} 1\n", NAME,
			 sts_error_info((enum sts_err)i).name);
		CHECK(has(line));
	}
	for (int i = 0; i < STS_RESULT__COUNT; i++) {
		char line[128];

		snprintf(line, sizeof(line), "result=\"%s\"} 4294967295\n",
			 sts_result_name((enum sts_result)i));
		CHECK(has(line));
	}
	memset(seen, 0, sizeof(seen));
}

static void test_names_that_change(void)
{
	static struct sts_metrics m;

	sts_metrics_set_names(&m, (const char *const[]){"a", "b", "c"}, 3);
	for (size_t i = 0; i < 3; i++)
		m.exchange[i].results[STS_RESULT_SUCCESS] = (uint32_t)i + 1;
	sts_metrics_set_names(&m, (const char *const[]){"d", "c", "a"}, 3);
	CHECK_INT(m.count, 3);
	CHECK_STR(m.exchange[0].name, "d");
	CHECK_INT(m.exchange[0].results[STS_RESULT_SUCCESS], 0);
	CHECK_STR(m.exchange[1].name, "c");
	CHECK_INT(m.exchange[1].results[STS_RESULT_SUCCESS], 3);
	CHECK_STR(m.exchange[2].name, "a");
	CHECK_INT(m.exchange[2].results[STS_RESULT_SUCCESS], 1);
	sts_metrics_set_names(&m, (const char *const[]){"b"}, 1);
	CHECK_INT(m.count, 1);
	CHECK_INT(m.exchange[0].results[STS_RESULT_SUCCESS], 0);
	/* What had gone and comes back begins anew. */
	m.exchange[0].results[STS_RESULT_SUCCESS] = 5;
	sts_metrics_set_names(&m, (const char *const[]){"b", "x", "a"}, 3);
	CHECK_INT(m.count, 3);
	for (size_t i = 0; i < 3; i++)
		CHECK_INT(m.exchange[i].results[STS_RESULT_SUCCESS], i == 0 ? 5 : 0);
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
	CHECK_INT(m.exchange[0].results[STS_RESULT_UNAVAILABLE], 0);
	CHECK_INT(m.exchange[15].results[STS_RESULT_UNAVAILABLE], 1);
	write_out(&m);
	CHECK(has("exchange=\"x-p\",result=\"unavailable\"} 1\n"));
}

static void test_the_seals(void)
{
	struct sts_error e;
	struct sts_metrics *m;
	const struct sts_metrics *mapped;
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
	m->exchange[3].results[STS_RESULT_TLS] = 7;
	mapped = sts_metrics_map(fd);
	CHECK(mapped == m);
	CHECK(mprotect(m, sizeof(*m), PROT_READ | PROT_WRITE) != 0);
	CHECK_INT(mapped ? mapped->exchange[3].results[STS_RESULT_TLS] : 0, 7);
	close(fd);
	CHECK_INT(sts_metrics_make(&m, &fd, &e), STS_OK);
	CHECK_INT(m ? m->exchange[3].results[STS_RESULT_TLS] : 7, 0);
	if (m)
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
	CHECK_INT(m.exchange->gauge[STS_GAUGE_EXPIRATION], NOW_S);
	status.clock_skew_s = -660;
	sts_metrics_publish(m.exchange, &status, NOW_S + 900);
	write_out(&m);
	CHECK(has("\nsts_sidecar_token_expiration_timestamp_seconds{exchange=\"a\"} 1768234057\n"));
	CHECK(has("\nsts_sidecar_token_expiration_timestamp_seconds{exchange=\"b\"} 0\n"));
	/* A writer that has stopped in the middle is not waited for. */
	m.exchange->sequence++;
	CHECK(!sts_metrics_known(m.exchange, &known));
	m.exchange->sequence++;
	CHECK(sts_metrics_known(m.exchange, &known));
	CHECK_INT(known.status.clock_skew_s, -660);
	/* There is no token any more. */
	m.exchange->gauge[STS_GAUGE_LIFETIME] = 900;
	sts_metrics_publish(m.exchange, &status, NOW_S);
	CHECK_INT(m.exchange->gauge[STS_GAUGE_LIFETIME], 900);
	sts_metrics_publish(m.exchange, &status, 0);
	CHECK_INT(m.exchange->gauge[STS_GAUGE_LIFETIME], 0);
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
	const struct sts_metrics *mapped = sts_metrics_map(fd);
	/* Until there were many changes: with one processor the two take turns. */
	for (int i = 0; mapped && i < 5000000 && changes < 1000; i++) {
		struct sts_metrics_known known;
		struct sts_status want;

		if (!sts_metrics_known(&mapped->exchange[1], &known))
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
	{"without the histogram", test_no_histogram},
	{"what the listener has seen", test_seen},
	{"the options are read again", test_reloads},
	{"attempts are counted", test_attempts},
	{"each error has a result", test_results},
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
