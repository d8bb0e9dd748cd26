/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/adopt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/timefmt.h"
#include "protocol/answer.h"
#include "protocol/table.h"
#include "test.h"
#include "token/expiry.h"

#define AGE_S  20 /* of the files */
#define LEFT_S 900

static char dir[] = "/tmp/sts-adopt-XXXXXX";
static char buf[STS_TOKEN_MAX_BYTES + 1], scratch[STS_TOKEN_MAX_BYTES + 1];
static struct sts_options o;
static struct sts_report report;
static int64_t now_s; /* when the test began; the files are AGE_S older */

static void put(const char *name, const char *text)
{
	const struct timespec at[2] = {{.tv_sec = (time_t)(now_s - AGE_S)},
				       {.tv_sec = (time_t)(now_s - AGE_S)}};
	int fd;

	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(futimens(fd, at) == 0);
	close(fd);
}

static void set_time(const char *name, int64_t at_s)
{
	const struct timespec at[2] = {{.tv_sec = (time_t)at_s}, {.tv_sec = (time_t)at_s}};

	CHECK(utimensat(AT_FDCWD, name, at, 0) == 0);
}

static void put_token(const char *claims)
{
	char token[512];
	struct sts_text text;

	sts_text_init(&text, token, sizeof(token));
	sts_text_add_str(&text, "e30."); /* {} */
	sts_base64_encode(&text, claims, strlen(claims));
	for (size_t i = 0; i < text.len; i++)
		token[i] = token[i] == '+' ? '-' : token[i] == '/' ? '_' : token[i];
	text.len -= (3 - strlen(claims) % 3) % 3; /* without padding */
	sts_text_add_str(&text, ".c2ln");
	put("token.jwt", token);
}

static void put_token_until(int64_t exp_s)
{
	char claims[128];

	snprintf(claims, sizeof(claims),
		 "{\"exp\":%lld,\"aud\":[\"x\",\"api\"],\"iss\":\"https://i\"}", (long long)exp_s);
	put_token(claims);
}

static void put_expires(int64_t at_s)
{
	char text[STS_RFC3339_BYTES];

	sts_rfc3339_format(at_s, text);
	put("expires", text);
}

/* Write a token that is AGE_S old and has LEFT_S left into an empty directory. */
static void set_up(void)
{
	CHECK(system("rm -rf ./*") == 0);
	now_s = sts_clock_real_ms() / 1000;
	o = (struct sts_options){.command = STS_COMMAND_RUN, .fraction_permille = 667};
	put_token_until(now_s + LEFT_S);
	put_expires(now_s + LEFT_S);
}

static bool adopt(unsigned write)
{
	const struct sts_store store = {.dir_fd = open(".", O_RDONLY | O_DIRECTORY)};
	bool adopted;

	report = (struct sts_report){.retry_after_s = -1};
	adopted = sts_adopt(&store, &o, write, buf, sizeof(buf), scratch, sizeof(scratch), &report);
	close(store.dir_fd);
	return adopted;
}

static bool is_empty(void)
{
	static const struct sts_report none = {.retry_after_s = -1};

	return memcmp(&report, &none, sizeof(report)) == 0;
}

/* Check that the token is not adopted and not known to be valid. */
static void check_refused(unsigned write)
{
	CHECK(!adopt(write));
	CHECK(is_empty());
}

#define TOKEN STS_WRITE_TOKEN | STS_WRITE_EXPIRES
#define JSON  STS_WRITE_JSON | STS_WRITE_EXPIRES

static void test_a_token(void)
{
	int64_t boot_ms, real_ms;

	set_up();
	boot_ms = sts_clock_boot_ms();
	real_ms = sts_clock_real_ms();
	CHECK(adopt(TOKEN));
	CHECK_INT(report.flags, STS_REPORT_ADOPTED);
	CHECK_INT(report.error, STS_OK);
	CHECK_INT(report.expires_s, now_s + LEFT_S);
	CHECK_INT(report.lifetime_s, AGE_S + LEFT_S);
	/* The life counts from when the files were written. */
	int64_t from_ms = (now_s - AGE_S) * 1000;
	CHECK(report.sent_boot_ms >= boot_ms - (sts_clock_real_ms() - from_ms));
	CHECK(report.sent_boot_ms <= sts_clock_boot_ms() - (real_ms - from_ms));
}

static void test_what_is_missing(void)
{
	static const char *const names[] = {"token.jwt", "expires"};

	for (size_t i = 0; i < 2; i++) {
		set_up();
		CHECK(unlink(names[i]) == 0);
		check_refused(TOKEN);
		put(names[i], "");
		check_refused(TOKEN);
		CHECK(unlink(names[i]) == 0 && mkdir(names[i], 0700) == 0);
		check_refused(TOKEN);
		/* A link to a file that could be adopted is not followed. */
		set_up();
		CHECK(rename(names[i], "other") == 0 && symlink("other", names[i]) == 0);
		check_refused(TOKEN);
	}
	set_up();
	put("expires", "tomorrow");
	check_refused(TOKEN);
	/* Each file that --write names must be there. */
	set_up();
	check_refused(TOKEN | STS_WRITE_JSON);
	put("token.json", "{}");
	CHECK(adopt(TOKEN | STS_WRITE_JSON));
	check_refused(TOKEN | STS_WRITE_JSON | STS_WRITE_AWS_PROCESS);
}

static void test_another_owner(void)
{
	if (geteuid() != 0) {
		sts_test_skipped = "only root can give files away";
		return;
	}
	set_up();
	put("token.json", "{}");
	CHECK(adopt(TOKEN | STS_WRITE_JSON));
	CHECK(chown("token.json", 1234, (gid_t)-1) == 0);
	check_refused(TOKEN | STS_WRITE_JSON);
	CHECK(adopt(TOKEN)); /* it is not asked for */
	CHECK(chown("token.jwt", 1234, (gid_t)-1) == 0);
	check_refused(TOKEN);
}

static void test_expired(void)
{
	set_up();
	put_expires(now_s);
	check_refused(TOKEN);
	put_expires(now_s - 1);
	check_refused(TOKEN);
	/* Where the exp has not passed, the earlier of both ends counts. */
	set_up();
	put_token_until(now_s + 300);
	CHECK(adopt(TOKEN));
	CHECK_INT(report.expires_s, now_s + 300);
	CHECK_INT(report.lifetime_s, AGE_S + 300);
	put_token_until(now_s + 2 * LEFT_S);
	CHECK(adopt(TOKEN));
	CHECK_INT(report.expires_s, now_s + LEFT_S);
}

/* It is known how long the token is valid, but it is not adopted. */
static void check_due(void)
{
	CHECK(!adopt(TOKEN));
	CHECK_INT(report.flags, STS_REPORT_ADOPTED);
	CHECK(report.expires_s > now_s);
	CHECK_INT(report.lifetime_s, report.expires_s - (now_s - AGE_S));
	CHECK_INT(report.sent_boot_ms, 0);
}

/* The exp has passed by the node's clock, which may be ahead: `expires` says how long the token is
 * valid, as it does for `check`, but the token is not adopted. */
static void test_an_exp_that_has_passed(void)
{
	set_up();
	for (int64_t ago_s = 1; ago_s < 100000; ago_s *= 10) {
		put_token_until(now_s - ago_s);
		check_due();
		CHECK_INT(report.expires_s, now_s + LEFT_S);
	}
	put_expires(now_s);
	check_refused(TOKEN);
}

/* The clock was set back since the files were written: the token may have ended. */
static void test_from_the_future(void)
{
	const int64_t back_s = 365 * 24 * 3600;

	set_up();
	set_time("token.jwt", now_s + 50);
	set_time("expires", now_s + 50);
	CHECK(adopt(TOKEN));
	set_up();
	put_token_until(now_s + back_s + LEFT_S);
	put_expires(now_s + back_s + LEFT_S);
	set_time("token.jwt", now_s + back_s);
	set_time("expires", now_s + back_s);
	CHECK(!adopt(TOKEN));
	CHECK_INT(report.flags, STS_REPORT_ADOPTED);
	CHECK(report.lifetime_s >= LEFT_S - 1 && report.lifetime_s <= LEFT_S);
	CHECK(report.expires_s >= now_s + LEFT_S && report.expires_s <= now_s + LEFT_S + 30);
	/* That is wrong, too. */
	set_time("token.jwt", now_s + 2 * back_s);
	set_time("expires", now_s + 2 * back_s);
	check_refused(TOKEN);
}

static void test_due(void)
{
	set_up();
	o.fraction_permille = 10; /* 9 s after it was written */
	check_due();
	o.fraction_permille = 500;
	CHECK(adopt(TOKEN));
	/* --refresh-before, which is at most half of the life. */
	o.fraction_permille = 10;
	o.refresh_before_ms = 100 * 1000;
	CHECK(adopt(TOKEN));
	o.refresh_before_ms = 2 * LEFT_S * 1000;
	CHECK(adopt(TOKEN));
	put_expires(now_s + AGE_S - 1);
	check_due();
	o.refresh_before_ms = 1000;
	CHECK(adopt(TOKEN));
	/* The command `exchange` has no such bound. */
	set_up();
	o.command = STS_COMMAND_EXCHANGE;
	o.refresh_before_ms = 100 * 1000;
	CHECK(adopt(TOKEN));
	o.refresh_before_ms = 2 * LEFT_S * 1000;
	check_due();
}

static void test_expectations(void)
{
	set_up();
	o.expect_audience = "api";
	CHECK(adopt(TOKEN));
	o.expect_audience = "x";
	CHECK(adopt(TOKEN));
	o.expect_audience = "ap";
	check_refused(TOKEN);
	o.expect_audience = NULL;
	o.expect_issuer = "https://i";
	CHECK(adopt(TOKEN));
	o.expect_issuer = "https://i/";
	check_refused(TOKEN);
	o.expect_issuer = "https://i";
	o.expect_audience = "other";
	check_refused(TOKEN);
	/* This token has neither. */
	set_up();
	put_token("{}");
	CHECK(adopt(TOKEN));
	o.expect_audience = "api";
	check_refused(TOKEN);
	o.expect_audience = NULL;
	o.expect_issuer = "https://i";
	check_refused(TOKEN);
}

static void test_the_longest_lifetime(void)
{
	set_up();
	o.max_lifetime_ms = (AGE_S + LEFT_S) * 1000;
	CHECK(adopt(TOKEN));
	o.max_lifetime_ms--;
	check_refused(TOKEN);
	/* What the token says counts, even if `expires` is earlier. */
	o.max_lifetime_ms++;
	put_expires(now_s + 300);
	CHECK(adopt(TOKEN));
	put_token_until(now_s + LEFT_S + 1);
	check_refused(TOKEN);
	/* If the token does not say it, `expires` counts. */
	put_token("{}");
	CHECK(adopt(TOKEN));
	put_expires(now_s + LEFT_S + 1);
	check_refused(TOKEN);
	/* A hundred years, which no token of ours has. */
	set_up();
	put_token("{}");
	put_expires(now_s - AGE_S + STS_EXPIRY_MAX_S);
	CHECK(adopt(TOKEN));
	put_expires(now_s - AGE_S + STS_EXPIRY_MAX_S + 1);
	check_refused(TOKEN);
}

static void test_what_is_not_a_jwt(void)
{
	set_up();
	put("token.jwt", "opaque");
	check_refused(TOKEN);
	put_token("[]");
	check_refused(TOKEN);
	put_token("{\"exp\":\"soon\"}");
	check_refused(TOKEN);
	put_token("{\"exp\":99999999999,\"exp\":99999999999}");
	check_refused(TOKEN);
	/* Claims that only lenient libraries read are not good enough for a comparison. */
	put_token("{\"exp\":99999999999,\"aud\":\"api\",\"n\":\"\\ud83d\"}");
	CHECK(adopt(TOKEN));
	o.expect_audience = "api";
	check_refused(TOKEN);
	o.expect_audience = NULL;
	/* If token.jwt is not asked for, it does not matter. */
	put("token.jwt", "opaque");
	put("token.json", "{}");
	CHECK(adopt(JSON));
	CHECK_INT(report.expires_s, now_s + LEFT_S);
	CHECK(unlink("token.jwt") == 0);
	CHECK(adopt(JSON));
	CHECK_INT(report.lifetime_s, AGE_S + LEFT_S);
}

static void test_the_thumbprint(void)
{
	static const char hex[] =
		"000102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f";
	char text[80];

	set_up();
	put("thumbprint", hex);
	CHECK(adopt(TOKEN));
	CHECK_INT(report.flags, STS_REPORT_ADOPTED | STS_REPORT_THUMBPRINT);
	for (int i = 0; i < STS_THUMBPRINT_BYTES; i++)
		CHECK_INT(report.thumbprint[i], i);
	/* A thumbprint that cannot be read costs only a request. */
	for (int i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "%s%s", hex + (i == 0), i == 1 ? "0" : "");
		text[5] = i == 2 ? 'g' : text[5];
		put("thumbprint", text);
		CHECK(adopt(TOKEN));
		CHECK_INT(report.flags, STS_REPORT_ADOPTED);
	}
	put("other", hex);
	CHECK(unlink("thumbprint") == 0 && symlink("other", "thumbprint") == 0);
	CHECK(adopt(TOKEN));
	CHECK_INT(report.flags, STS_REPORT_ADOPTED);
}

/* These times of the files cannot be right. */
static void test_times_of_the_files(void)
{
	set_up();
	set_time("token.jwt", now_s + 50);
	int64_t boot_ms = sts_clock_boot_ms();
	CHECK(adopt(TOKEN));
	CHECK(report.lifetime_s <= LEFT_S); /* from now on */
	CHECK(report.sent_boot_ms >= boot_ms && report.sent_boot_ms <= sts_clock_boot_ms());
	/* A time before the machine was started counts as the start. */
	set_up();
	set_time("token.jwt", 1000);
	o.fraction_permille = 1000;
	CHECK(adopt(TOKEN));
	CHECK_INT(report.sent_boot_ms, 1);
	CHECK(report.lifetime_s >= boot_ms / 1000 + LEFT_S - 1);
	/* The oldest of the files that hold a token counts. */
	set_up();
	put("token.json", "{}");
	set_time("token.jwt", now_s);
	CHECK(adopt(TOKEN | STS_WRITE_JSON));
	CHECK_INT(report.lifetime_s, AGE_S + LEFT_S);
}

static void test_begin(void)
{
	sts_test_enter_folder(dir);
}

static void test_end(void)
{
	CHECK(system("rm -rf ./*") == 0);
	CHECK(rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_begin},
	{"a token is adopted", test_a_token},
	{"a file that is missing", test_what_is_missing},
	{"files of another owner", test_another_owner},
	{"a token that has expired", test_expired},
	{"an exp that has passed", test_an_exp_that_has_passed},
	{"files from the future", test_from_the_future},
	{"a token that is due", test_due},
	{"another audience, another issuer", test_expectations},
	{"the longest lifetime", test_the_longest_lifetime},
	{"what is not a JWT", test_what_is_not_a_jwt},
	{"the thumbprint is read", test_the_thumbprint},
	{"times of files that cannot be right", test_times_of_the_files},
	{"the folder of this test is removed", test_end},
};

int main(void)
{
	alarm(60);
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
