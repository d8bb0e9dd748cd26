/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/timefmt.h"
#include "json_xml/json.h"
#include "log_lines.h"
#include "test.h"

static const char *line; /* what was written last */
static struct sts_log l;

static const char *written(void)
{
	line = log_lines_read();
	return line;
}

static const struct sts_json *parse(const char *text)
{
	const struct sts_json *root = NULL;
	struct sts_error e;

	if (sts_json_parse(sts_slice_of(text), &root, &e) != STS_OK)
		root = NULL;
	return root;
}

/* Is this one whole JSON object on one line? */
static bool is_one_object(const char *text)
{
	const struct sts_json *root = parse(text);
	size_t len = strlen(text);

	return root && sts_json_kind(root) == STS_JSON_OBJECT && len <= STS_LOG_LINE_MAX_BYTES &&
	       strchr(text, '\n') == text + len - 1;
}

static void check_string(const char *pointer, const char *want, size_t len)
{
	const struct sts_json *value = NULL;
	struct sts_slice got = {0};
	struct sts_error e;

	CHECK_INT(sts_json_at(parse(line), pointer, &value, &e), STS_OK);
	CHECK(sts_json_string(value, &got));
	CHECK_INT(got.len, len);
	CHECK(got.len == len && memcmp(got.data, want, len) == 0);
}

/* Make a line without its time. */
static const char *without_time(const char *before, const char *after)
{
	static char text[STS_LOG_LINE_MAX_BYTES];
	const char *from = strstr(line, before), *to = from ? strstr(from, after) : NULL;

	snprintf(text, sizeof(text), "%.*s%s", from ? (int)(from - line) : 0, line, to ? to : line);
	return text;
}

static void test_json(void)
{
	int64_t before_ms = sts_clock_real_ms();
	const struct sts_json *value;
	struct sts_error e;
	double ts = 0;

	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	CHECK_INT(sts_log_level(), STS_LEVEL_INFO);
	CHECK_INT(sts_log_format(), STS_LOG_FORMAT_JSON);
	sts_log_start(&l, STS_LEVEL_WARN, "the message");
	sts_log_str(&l, "exchange", "api");
	sts_log_int(&l, "least", INT64_MIN);
	sts_log_int(&l, "zero", 0);
	sts_log_time(&l, "expires", 1768233157);
	CHECK_STR(written(), "");
	sts_log_end(&l);
	CHECK(is_one_object(written()));
	CHECK_STR(without_time(",\"ts\":", ",\"msg\""),
		  "{\"level\":\"warn\",\"msg\":\"the message\",\"exchange\":\"api\","
		  "\"least\":-9223372036854775808,\"zero\":0,"
		  "\"expires\":\"2026-01-12T15:52:37Z\"}\n");
	CHECK_INT(sts_json_at(parse(line), "/ts", &value, &e), STS_OK);
	CHECK(sts_json_number(value, &ts));
	CHECK(ts * 1000 > (double)before_ms - 2 && ts * 1000 < (double)sts_clock_real_ms() + 2);
}

static void test_text(void)
{
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_TEXT);
	CHECK_INT(sts_log_format(), STS_LOG_FORMAT_TEXT);
	sts_log_start(&l, STS_LEVEL_ERROR, "the message");
	sts_log_str(&l, "exchange", "api");
	sts_log_int(&l, "n", -1);
	sts_log_end(&l);
	int64_t at_s = 0;
	struct sts_slice when = {written(), STS_RFC3339_BYTES - 1};
	CHECK(sts_rfc3339_parse(when, &at_s));
	CHECK(at_s >= sts_clock_real_ms() / 1000 - 60);
	CHECK_STR(line + STS_RFC3339_BYTES - 1, " error: the message exchange=\"api\" n=-1\n");
}

/* Each byte stands in the message and in a field, in both formats. */
static void test_escapes(void)
{
	char all[256], key[8];

	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	sts_log_start(&l, STS_LEVEL_INFO, all);
	sts_log_end(&l);
	CHECK(is_one_object(written()));
	for (const char *c = line; *c && *c != '\n'; c++)
		CHECK(*c >= ' ' && *c < 0x7f);
	for (int i = 1; i < 256; i++) {
		const char one[] = {'a', (char)i, 'z', '\0'};
		const char two[] = {'a', (char)(0xc0 | i >> 6), (char)(0x80 | (i & 0x3f)), 'z'};

		sts_log_start(&l, STS_LEVEL_INFO, "m");
		snprintf(key, sizeof(key), "k%d", i);
		sts_log_str(&l, key, one);
		sts_log_end(&l);
		CHECK(is_one_object(written()));
		/* A byte that is not UTF-8 is shown as the character that has its number. */
		snprintf(key, sizeof(key), "/k%d", i);
		check_string(key, i < 128 ? one : two, i < 128 ? 3 : 4);
	}
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_TEXT);
	sts_log_start(&l, STS_LEVEL_INFO, all);
	sts_log_str(&l, "k", "\r\n\x1b[31m\xc3\xa9\\");
	sts_log_end(&l);
	written();
	for (const char *c = line; *c && c[1]; c++)
		CHECK(*c >= ' ' && *c < 0x7f);
	CHECK(strstr(line, " k=\"\\x0D\\x0A\\x1B[31m\\xC3\\xA9\\\\\"\n"));
	CHECK_STR(line + strlen(line) - 1, "\n");
}

static void test_long_values(void)
{
	static char value[1000], dear[1000];

	memset(value, 'x', sizeof(value) - 1);
	value[0] = 1;
	memset(dear, 1, sizeof(dear) - 1); /* six bytes each */
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	sts_log_start(&l, STS_LEVEL_INFO, dear);
	sts_log_str(&l, "k", value);
	sts_log_int(&l, "n", 7);
	sts_log_end(&l);
	CHECK(is_one_object(written()));
	check_string("/msg", dear, 256);
	check_string("/k", value, 256);
	CHECK(strstr(line, ",\"n\":7}\n"));
	value[0] = 'x';
	memset(dear, '"', sizeof(dear) - 1); /* two bytes each */
	sts_log_start(&l, STS_LEVEL_INFO, dear);
	sts_log_str(&l, "k", value);
	sts_log_int(&l, "n", 7);
	sts_log_end(&l);
	CHECK(is_one_object(written()));
	check_string("/msg", dear, 512);
	check_string("/k", value, 512);
	CHECK(strstr(line, ",\"n\":7}\n"));
}

/* A line that has room for only some of its fields is still whole, and so is each of its fields. */
static void test_full_lines(void)
{
	static char value[257];
	bool all_fit = false, some_do_not = false;

	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	for (size_t len = 0; len < sizeof(value); len++) {
		memset(value, 'x', len);
		value[len] = '\0';
		sts_log_start(&l, STS_LEVEL_INFO, "m");
		for (int i = 0; i < 8; i++)
			sts_log_str(&l, (const char[]){(char)('a' + i), '\0'}, value);
		sts_log_int(&l, "int", 1234567890123);
		sts_log_str(&l, "text", "last");
		sts_log_end(&l);
		CHECK(is_one_object(written()));
		check_string("/a", value, len);
		all_fit = all_fit || (strstr(line, ",\"h\":") && strstr(line, "\"last\"}\n"));
		some_do_not = some_do_not || !strstr(line, ",\"h\":");
	}
	CHECK(all_fit);
	CHECK(some_do_not);
	/* A small field finds room after a big field that did not. */
	CHECK(strstr(line, "\"int\":1234567890123,\"text\":\"last\"}\n"));
	sts_log_start(&l, STS_LEVEL_INFO, "m");
	for (int i = 0; i < 1000; i++)
		sts_log_int(&l, "k", i);
	sts_log_end(&l);
	CHECK(strlen(written()) <= STS_LOG_LINE_MAX_BYTES);
	CHECK(strlen(line) > STS_LOG_LINE_MAX_BYTES - 20);
	CHECK(strcmp(line + strlen(line) - 2, "}\n") == 0);
}

static void test_levels(void)
{
	for (int set = STS_LEVEL_ERROR; set <= STS_LEVEL_DEBUG; set++) {
		sts_log_setup((enum sts_level)set, STS_LOG_FORMAT_JSON);
		CHECK_INT(sts_log_level(), set);
		for (int level = STS_LEVEL_ERROR; level <= STS_LEVEL_DEBUG; level++) {
			sts_log_start(&l, (enum sts_level)level, "m");
			sts_log_end(&l);
			CHECK_INT(written()[0] != '\0', level <= set);
		}
	}
	CHECK(strstr(line, "{\"level\":\"debug\","));
	CHECK_INT(sts_log_dropped(), 0);
}

static void say(const char *msg)
{
	sts_log_start(&l, STS_LEVEL_INFO, msg);
	sts_log_end(&l);
}

/* If nobody reads, lines are dropped at once. The first line after that says how many. */
static void test_a_blocked_pipe(void)
{
	static char page[4096];

	CHECK(log_lines_capture());
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	CHECK(fcntl(log_lines_fds[1], F_SETFL, O_NONBLOCK) == 0);
	while (write(log_lines_fds[1], page, sizeof(page)) > 0)
		continue;
	CHECK_INT(errno, EAGAIN);
	CHECK(fcntl(log_lines_fds[1], F_SETFL, 0) == 0); /* from here on a write would wait */
	for (int i = 0; i < 3; i++)
		say("lost");
	CHECK_INT(sts_log_dropped(), 3);
	sts_log_start(&l, STS_LEVEL_DEBUG, "not wanted");
	sts_log_end(&l);
	CHECK_INT(sts_log_dropped(), 3);
	CHECK(fcntl(log_lines_fds[0], F_SETFL, O_NONBLOCK) == 0);
	while (read(log_lines_fds[0], page, sizeof(page)) > 0)
		continue;
	say("again");
	CHECK(is_one_object(written()));
	CHECK_STR(without_time(",\"ts\":", ",\"msg\""),
		  "{\"level\":\"info\",\"msg\":\"again\",\"dropped_lines\":3}\n");
	say("next");
	CHECK(is_one_object(written()));
	CHECK(!strstr(line, "dropped"));
	CHECK_INT(sts_log_dropped(), 3);
}

static void test_no_standard_error(void)
{
	int fds[2];

	close(STDERR_FILENO);
	say("lost");
	CHECK_INT(sts_log_dropped(), 4);
	CHECK_INT(open("/dev/null", O_WRONLY), STDERR_FILENO);
	/* Nobody will ever read this pipe. */
	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	signal(SIGPIPE, SIG_IGN);
	dup2(fds[1], STDERR_FILENO);
	close(fds[0]);
	close(fds[1]);
	say("lost");
	CHECK_INT(sts_log_dropped(), 5);
	CHECK(log_lines_capture());
	say("again");
	CHECK(strstr(written(), "\"dropped_lines\":2}\n"));
}

static void test_auto(void)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);
	const char *name;

	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_AUTO);
	CHECK_INT(sts_log_format(), STS_LOG_FORMAT_JSON);
	if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0 ||
	    !(name = ptsname(terminal))) {
		sts_test_skipped = "there are no terminals";
		return;
	}
	int side = open(name, O_RDWR | O_NOCTTY);
	CHECK_INT(dup2(side, STDERR_FILENO), STDERR_FILENO);
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_AUTO);
	CHECK_INT(sts_log_format(), STS_LOG_FORMAT_TEXT);
	sts_log_setup(STS_LEVEL_INFO, STS_LOG_FORMAT_JSON);
	CHECK_INT(sts_log_format(), STS_LOG_FORMAT_JSON);
	CHECK_INT(dup2(log_lines_fds[1], STDERR_FILENO), STDERR_FILENO);
	close(side);
	close(terminal);
}

/* Before sts_log_setup() the level is info, and a pipe gets JSON. This is the first test, so that
 * nothing was set yet. */
static void test_before_the_setup(void)
{
	CHECK(log_lines_capture());
	say("early");
	CHECK(is_one_object(written()));
	sts_log_start(&l, STS_LEVEL_DEBUG, "not wanted");
	sts_log_end(&l);
	CHECK_STR(written(), "");
}

static const struct sts_test tests[] = {
	{"before the setup", test_before_the_setup},
	{"lines in JSON", test_json},
	{"lines in text", test_text},
	{"bytes that are escaped", test_escapes},
	{"values that are cut", test_long_values},
	{"lines that have no room left", test_full_lines},
	{"which levels are logged", test_levels},
	{"a blocked pipe", test_a_blocked_pipe},
	{"standard error is closed", test_no_standard_error},
	{"the format is chosen automatically", test_auto},
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
