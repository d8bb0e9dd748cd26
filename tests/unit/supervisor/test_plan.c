/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "argv.h"
#include "output/store.h"
#include "supervisor/members.h"
#include "test.h"
#include "wire/snapshot.h"

#define URL    "https://sts.example/token"
#define TWENTY "aaaaaaaaaaaaaaaaaaaa"
/* What looks like a token. */
#define A_TOKEN "eyJ" TWENTY "." TWENTY "." TWENTY

/* The rest of the place shows what is written past the end of the plans. */
static union sts_plans_room place;
#define plans       place.plans
#define PLANS_BYTES sizeof(plans)
static struct sts_options o;
static char dir[] = "/tmp/sts-plan-XXXXXX";

static enum sts_err make(enum sts_command command, char *const *argv)
{
	struct sts_error e;
	char warning[128];

	memset(&place, 0x5a, sizeof(place));
	memset(&plans, 0, PLANS_BYTES);
	CHECK_INT(sts_options_read(&o, command, argv, ARGV(NULL), NULL, -1, warning,
				   sizeof(warning), &e),
		  STS_OK);
	enum sts_err err = sts_plans_make(&plans, &o, argv, -1);
	CHECK_INT(place.pages[PLANS_BYTES], 0x5a);
	return err;
}

static void write_config(const char *text)
{
	int fd = open("config.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static enum sts_err configure(const char *text)
{
	write_config(text);
	return make(STS_COMMAND_RUN, ARGV("--config", "config.json"));
}

static void check_refused(const char *text, const char *message)
{
	CHECK_INT(configure(text), STS_EUSAGE);
	CHECK_INT(plans.error.code, STS_EUSAGE);
	CHECK_STR(plans.error.msg, message);
}

static void check_wrong(enum sts_command command, char *const *argv, const char *message)
{
	CHECK_INT(make(command, argv), STS_EUSAGE);
	CHECK_STR(plans.error.msg, message);
}

/* An exchange of a configuration file, with its token file and its directory. */
#define EXCHANGE(name, from, to) \
	"{\"name\":\"" name "\",\"url\":\"" URL "\",\"token-file\":\"" from \
	"\",\"output-dir\":\"" to "\"}"
#define FILE_OF(exchanges) "{\"exchanges\":[" exchanges "]}"

static const char *text(uint16_t at)
{
	return sts_plans_text(&plans, at);
}

static void test_one(void)
{
	const struct sts_plan *p = &plans.plan[0];

	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--timeout=7s", "--refresh-before=90s",
					     "--token-file=/in/token", "--output-dir=/out",
					     "--mode=0640", "--cacert-path=/ca/a:/ca/b",
					     "--cacert-path=/ca/c", "--proxy=http://proxy:3128")),
		  STS_OK);
	CHECK_INT(plans.count, 1);
	CHECK_STR(p->name, "default");
	CHECK_INT(p->timeout_ms, 7000);
	CHECK_INT(p->deadline_ms, 0);
	CHECK_INT(p->poll_ms, 0);
	CHECK_INT(p->rules.refresh_before_ms, 90000);
	CHECK_INT(p->rules.fraction_permille, 667);
	CHECK_INT(p->mode, 0640);
	CHECK(p->group == STS_GROUP_AUTO);
	CHECK_STR(text(p->token_file), "/in/token");
	CHECK_STR(text(p->output_dir), "/out");
	CHECK_STR(text(p->route), "proxy:3128");
	const char *ca = text(p->cas);
	CHECK_STR(ca, "/ca/a:/ca/b");
	CHECK_STR(ca + strlen(ca) + 1, "/ca/c");
	CHECK_STR(ca + strlen(ca) + 7, "");
	CHECK_INT(p->depends_on, -1);
	CHECK(p->adopt && !p->once && !p->one_attempt && !p->to_stdout && !p->notifies);
	CHECK(p->subject_use == STS_USE_UNKNOWN && !p->configured);
	CHECK_INT(plans.listen, 0);
	CHECK(!plans.require_sandbox);
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL)), STS_OK);
	CHECK_STR(text(p->route), "");
	CHECK_STR(text(p->cas), "");
}

/* The URL of the STS, without its query, and what it is from. */
static void test_route(void)
{
	static const char wide[] = "https://sts.example/" TWENTY TWENTY TWENTY TWENTY TWENTY TWENTY;
	static const struct {
		const char *arguments[4];
		const char *url, *from;
	} rows[] = {
		{{"--url", "https://STS.example:443/t?key=secret"},
		 "https://sts.example/t",
		 "--url"},
		{{"--protocol=vault", "--param=address=https://[::1]:8200", "--param=role=r"},
		 "https://[::1]:8200/v1/auth/jwt/login",
		 "the parameter address"},
		{{"--protocol=gcp", "--audience=//iam.googleapis.com/p"},
		 "https://sts.googleapis.com/v1/token",
		 "protocol gcp"},
		{{"--url", "https://sts.example/" A_TOKEN "/t"},
		 "https://sts.example/(a token)/t",
		 "--url"},
	};
	const char *route;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(make(STS_COMMAND_FETCH, (char *const *)rows[i].arguments), STS_OK);
		route = text(plans.plan[0].route);
		CHECK_STR(sts_text_at(route, 1), rows[i].url);
		CHECK_STR(sts_text_at(route, 2), rows[i].from);
	}
	CHECK_INT(make(STS_COMMAND_FETCH, ARGV("--url", wide)), STS_OK);
	route = text(plans.plan[0].route);
	CHECK_INT(strlen(sts_text_at(route, 1)), 127);
	CHECK_STR(sts_text_at(route, 1) + 120, "aaaa...");
	CHECK_INT(configure(FILE_OF(EXCHANGE("a", "/in", "/d"))), STS_OK);
	CHECK_STR(sts_text_at(text(plans.plan[0].route), 2), "the configuration file");
}

static void test_fetch(void)
{
	const struct sts_plan *p = &plans.plan[0];

	CHECK_INT(make(STS_COMMAND_FETCH, ARGV("--url", URL, "--deadline=20s", "--stdout",
					       "--force", "--token-file=-")),
		  STS_OK);
	CHECK_INT(p->deadline_ms, 20000);
	CHECK(p->once && !p->adopt && p->one_attempt && p->to_stdout);
	CHECK_INT(make(STS_COMMAND_FETCH, ARGV("--url", URL)), STS_OK);
	CHECK_INT(p->deadline_ms, 60000);
	CHECK(p->once && !p->adopt && !p->one_attempt && !p->to_stdout);
}

/* The protocol says this of an exchange. */
static void test_protocols(void)
{
	const struct sts_plan *p = &plans.plan[0];

	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--protocol=openunison")), STS_OK);
	CHECK_INT(p->poll_ms, 30000);
	CHECK_INT(p->subject_use, STS_USE_AGAIN);
	CHECK_INT(make(STS_COMMAND_RUN,
		       ARGV("--protocol=anthropic", "--param=federation_rule_id=fdrl_1",
			    "--param=organization_id=00000000-0000-0000-0000-000000000000",
			    "--param=service_account_id=svac_1")),
		  STS_OK);
	CHECK_INT(p->poll_ms, 0);
	CHECK_INT(p->subject_use, STS_USE_ONCE);
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--subject-use=once")), STS_OK);
	CHECK_INT(p->subject_use, STS_USE_ONCE);
	CHECK_INT(make(STS_COMMAND_RUN,
		       ARGV("--url", URL, "--subject-use=unknown", "--protocol=openunison")),
		  STS_OK);
	CHECK_INT(p->subject_use, STS_USE_UNKNOWN);
}

static void test_limits(void)
{
	static const char timeout[] = "--timeout must be between 1s and 1h";

	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--timeout=999ms"), timeout);
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--timeout=1s")), STS_OK);
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--timeout=1h")), STS_OK);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--timeout=3601s"), timeout);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--default-ttl=9s"),
		    "--default-ttl must be at least 10s");
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--default-ttl=10s")), STS_OK);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--poll-interval=0"),
		    "--poll-interval must be between 1s and 1h");
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--poll-interval=3601s"),
		    "--poll-interval must be between 1s and 1h");
	/* A protocol without a poll has none. */
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--poll-interval=1s")), STS_OK);
	CHECK_INT(plans.plan[0].poll_ms, 0);
	CHECK_INT(make(STS_COMMAND_RUN,
		       ARGV("--protocol=openunison", "--url", URL, "--poll-interval=2m")),
		  STS_OK);
	CHECK_INT(plans.plan[0].poll_ms, 120000);
	check_wrong(STS_COMMAND_FETCH, ARGV("--url", URL, "--deadline=999ms"),
		    "--deadline must be at least 1s");
	CHECK_INT(make(STS_COMMAND_FETCH, ARGV("--url", URL, "--deadline=1s")), STS_OK);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--token-file=-"),
		    "the subject token can come from standard input for fetch only: name a file");
	/* These are refused while the fields are read. */
	check_wrong(STS_COMMAND_RUN, ARGV("--timeout=9s"),
		    "--url is missing: protocol token-exchange has no endpoint of its own");
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url=http://sts.example/")), STS_EURL);
}

static void test_the_whole_process(void)
{
	static const char listen[] =
		"--listen needs ADDR:PORT with an IP address, or :PORT: 127.0.0.1:8080, "
		"[::1]:8080, :8080";

	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--listen=:8080", "--require-sandbox",
					     "--log-level=debug", "--log-format=text")),
		  STS_OK);
	CHECK_STR(text(plans.listen), ":8080");
	CHECK(plans.require_sandbox);
	CHECK_INT(plans.log_level, STS_LEVEL_DEBUG);
	CHECK_INT(plans.log_format, STS_LOG_FORMAT_TEXT);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--listen=localhost:8080"), listen);
	check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--listen=8080"), listen);
}

static void test_a_chain(void)
{
	CHECK_INT(configure(FILE_OF(EXCHANGE("last", "/b//token.jwt", "/c") "," EXCHANGE(
			  "first", "/in", "/a") "," EXCHANGE("mid", "/a/./token.jwt", "/b/"))),
		  STS_OK);
	CHECK_INT(plans.count, 3);
	CHECK_STR(plans.plan[0].name, "last");
	CHECK_INT(plans.plan[0].depends_on, 2);
	CHECK_INT(plans.plan[1].depends_on, -1);
	CHECK_INT(plans.plan[2].depends_on, 1);
	for (int i = 0; i < 3; i++)
		CHECK(plans.plan[i].configured);
	/* Another file of the directory is not its token. */
	CHECK_INT(configure(FILE_OF(
			  EXCHANGE("a", "/in", "/a") "," EXCHANGE("b", "/a/expires", "/b"))),
		  STS_OK);
	CHECK_INT(plans.plan[1].depends_on, -1);
	CHECK_INT(configure(FILE_OF(
			  EXCHANGE("a", "/in", "/a") "," EXCHANGE("b", "/a/c/token.jwt", "/b"))),
		  STS_OK);
	CHECK_INT(plans.plan[1].depends_on, -1);
}

static void test_cycles(void)
{
	check_refused(FILE_OF(EXCHANGE("a", "/a/token.jwt", "/a")),
		      "exchanges wait for each other: a <- a");
	check_refused(FILE_OF(EXCHANGE("a", "/b/token.jwt", "/a") "," EXCHANGE("b", "/a/token.jwt",
									       "/b")),
		      "exchanges wait for each other: a <- b <- a");
	/* An exchange that leads into a cycle is not part of it. */
	check_refused(FILE_OF(EXCHANGE("x", "/a/token.jwt", "/x") "," EXCHANGE(
			      "a", "/c/token.jwt",
			      "/a") "," EXCHANGE("b", "/a/token.jwt",
						 "/b") "," EXCHANGE("c", "/b/token.jwt", "/c")),
		      "exchanges wait for each other: a <- c <- b <- a");
}

/* All sixteen exchanges are in one chain, or in one circle. The message about the circle is cut. */
static void test_the_longest_chain(void)
{
	for (int circle = 0; circle <= 1; circle++) {
		char all[4096] = "{\"exchanges\":[", one[256];

		for (int i = 0; i < STS_EXCHANGES_MAX; i++) {
			int from = i ? i - 1 : STS_EXCHANGES_MAX - 1;

			snprintf(one, sizeof(one),
				 "%s{\"name\":\"exchange-number-%d\",\"url\":\"" URL
				 "\",\"token-file\":\"/d%d/%s\",\"output-dir\":\"/d%d\"}",
				 i ? "," : "", i, from, i || circle ? "token.jwt" : "in", i);
			strcat(all, one);
		}
		strcat(all, "]}");
		CHECK_INT(configure(all), circle ? STS_EUSAGE : STS_OK);
		if (circle)
			CHECK(strstr(plans.error.msg, "wait for each other: exchange-number-0 <- "
						      "exchange-number-15 <- "));
		for (int i = 0; i < STS_EXCHANGES_MAX && !circle; i++)
			CHECK_INT(plans.plan[i].depends_on, i - 1);
	}
}

static void test_what_cannot_stand_together(void)
{
	check_refused(FILE_OF(EXCHANGE("a", "/in", "/d") "," EXCHANGE("b", "/in", "/d/")),
		      "config.json:1:177: the output-dir of another exchange: give each its own");
	CHECK_INT(configure(FILE_OF(EXCHANGE("a", "/in", "/d") "," EXCHANGE("b", "/in", "/e"))),
		  STS_OK);
	write_config(FILE_OF(EXCHANGE("a", "/in", "/d") "," EXCHANGE("b", "/in", "/e")));
	check_wrong(STS_COMMAND_FETCH, ARGV("--config", "config.json", "--stdout", "--force"),
		    "only one exchange can print its token (--stdout)");
	write_config(FILE_OF(EXCHANGE("a", "/in", "/d")));
	CHECK_INT(make(STS_COMMAND_FETCH, ARGV("--config", "config.json", "--stdout", "--force")),
		  STS_OK);
}

#define ONCE(name, from, to) ONCE_AT("api.anthropic.com", name, from, to)
#define ONCE_AT(host, name, from, to) \
	"{\"name\":\"" name "\",\"protocol\":\"anthropic\",\"token-file\":\"" from \
	"\",\"url\":\"https://" host "/t\",\"output-dir\":\"" to \
	"\",\"param\":[\"federation_rule_id=fdrl_1\"," \
	"\"organization_id=00000000-0000-0000-0000-000000000000\"," \
	"\"service_account_id=svac_1\"]}"

static void test_subject_tokens_that_are_sent_once(void)
{
	check_refused(FILE_OF(ONCE("a", "/in/t", "/d") "," ONCE("b", "/in//t", "/e")),
		      "exchanges a and b have one subject token, which may be sent once: give each "
		      "its own");
	CHECK_INT(configure(FILE_OF(ONCE("a", "/in/t", "/d") "," ONCE("b", "/in/u", "/e"))),
		  STS_OK);
	CHECK_INT(configure(FILE_OF(ONCE("a", "/in/t", "/d") "," EXCHANGE("b", "/in/t", "/e"))),
		  STS_OK);
	/* Another STS has not seen the token; another port is another STS. */
	CHECK_INT(configure(FILE_OF(
			  ONCE("a", "/in/t", "/d") "," ONCE_AT("sts.example", "b", "/in/t", "/e"))),
		  STS_OK);
	CHECK_INT(configure(FILE_OF(ONCE("a", "/in/t", "/d") "," ONCE_AT("api.anthropic.com:444",
									 "b", "/in/t", "/e"))),
		  STS_OK);
}

/* The message says which exchange it is about. */
static void test_whose_mistake(void)
{
	check_refused(FILE_OF(EXCHANGE("a", "/in", "/d") ",{\"name\":\"b\",\"url\":\"" URL
							 "\",\"output-dir\":\"/e\","
							 "\"timeout\":\"0s\"}"),
		      "exchange b: --timeout must be between 1s and 1h");
	check_refused(FILE_OF("{\"name\":\"b\"}"),
		      "exchange b: --url is missing: protocol token-exchange has no endpoint of "
		      "its own");
	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--config", "none.json")), STS_EUSAGE);
	CHECK(strstr(plans.error.msg, "none.json"));
}

/* Other requests or files of an exchange have another id. Options of all exchanges count for each
 * exchange. */
static void test_the_id_of_the_request(void)
{
	static const char both[] =
		FILE_OF(EXCHANGE("a", "/in", "/a") "," EXCHANGE("b", "/in", "/b"));
	uint64_t a, b;

	CHECK_INT(configure(both), STS_OK);
	a = plans.plan[0].request_id;
	b = plans.plan[1].request_id;
	CHECK(a != b);
	CHECK_INT(configure(both), STS_OK);
	CHECK(plans.plan[0].request_id == a && plans.plan[1].request_id == b);
	CHECK_INT(configure(FILE_OF(EXCHANGE("b", "/in", "/b") "," EXCHANGE("a", "/other", "/a"))),
		  STS_OK);
	CHECK(plans.plan[0].request_id == b && plans.plan[1].request_id != a);
	CHECK_INT(configure("{\"max-lifetime\":\"9h\",\"exchanges\":[" EXCHANGE(
			  "a", "/in", "/a") "," EXCHANGE("b", "/in", "/b") "]}"),
		  STS_OK);
	CHECK(plans.plan[0].request_id != a && plans.plan[1].request_id != b);
	/* It does not matter where an option stands, or whether a default is written down. */
	CHECK_INT(configure("{\"exchanges\":[{\"output-dir\":\"/a\",\"url\":\"" URL
			    "\",\"token-file\":\"/in\",\"name\":\"a\"},{\"name\":\"b\",\"url\":"
			    "\"" URL "\",\"protocol\":\"token-exchange\",\"output-dir\":\"/b\"}],"
			    "\"token-file\":\"/in\"}"),
		  STS_OK);
	CHECK(plans.plan[0].request_id == a && plans.plan[1].request_id == b);
	/* The order of the values of one option does. */
	CHECK_INT(configure("{\"audience\":[\"x\",\"y\"],\"exchanges\":[" EXCHANGE("a", "/in",
										   "/a") "]}"),
		  STS_OK);
	a = plans.plan[0].request_id;
	CHECK_INT(configure("{\"audience\":[\"y\",\"x\"],\"exchanges\":[" EXCHANGE("a", "/in",
										   "/a") "]}"),
		  STS_OK);
	CHECK(plans.plan[0].request_id != a);
	CHECK_INT(
		configure("{\"audience\":[\"xy\"],\"exchanges\":[" EXCHANGE("a", "/in", "/a") "]}"),
		STS_OK);
	CHECK(plans.plan[0].request_id != a);
	CHECK_INT(configure(both), STS_OK);
	a = plans.plan[0].request_id;
	/* What changes no request and no file does not count. */
	CHECK_INT(configure("{\"timeout\":\"9s\",\"refresh-before\":\"2m\",\"refresh-fraction\":"
			    "\"0.5\","
			    "\"log-level\":\"debug\",\"log-format\":\"json\",\"listen\":\":8080\","
			    "\"notify-pid-file\":\"/pid\",\"notify-signal\":\"USR1\","
			    "\"require-sandbox\":true,\"exchanges\":[" EXCHANGE(
				    "a", "/in", "/a") "," EXCHANGE("b", "/in", "/b") "]}"),
		  STS_OK);
	CHECK(plans.plan[0].request_id == a && plans.plan[1].request_id == b);
	CHECK_INT(plans.plan[0].timeout_ms, 9000);
}

static void test_the_digest_and_the_snapshot(void)
{
	static const char config[] = FILE_OF(EXCHANGE("a", "/in", "/a")),
			  wrong[] = FILE_OF("{\"name\":\"a\",\"urll\":\"x\"}");
	static const uint8_t none[STS_CONFIG_DIGEST_BYTES];
	uint8_t first[STS_CONFIG_DIGEST_BYTES];
	int snapshot = sts_snapshot_make();
	char buf[1024];
	size_t len;

	CHECK_INT(configure(config), STS_OK);
	memcpy(first, plans.digest, sizeof(first));
	CHECK(memcmp(first, none, sizeof(none)) != 0);
	CHECK_INT(sts_plans_make(&plans, &o, ARGV("--config", "config.json"), snapshot), STS_OK);
	CHECK(memcmp(first, plans.digest, sizeof(first)) == 0);
	CHECK(sts_snapshot_read(snapshot, buf, sizeof(buf), &len));
	CHECK(len == strlen(config) && memcmp(buf, config, len) == 0);
	close(snapshot);
	/* The digest of a file with a mistake is known, and there is no snapshot of it. */
	snapshot = sts_snapshot_make();
	CHECK_INT(configure(wrong), STS_EUSAGE);
	CHECK(memcmp(plans.digest, none, sizeof(none)) != 0);
	CHECK(memcmp(plans.digest, first, sizeof(first)) != 0);
	CHECK_INT(sts_plans_make(&plans, &o, ARGV("--config", "config.json"), snapshot),
		  STS_EUSAGE);
	CHECK(!sts_snapshot_read(snapshot, buf, sizeof(buf), &len));
	close(snapshot);
}

/* The path of a CA file takes all the memory that is left for texts, and then one byte more. */
static void test_texts_that_are_too_long(void)
{
	static char path[STS_PLANS_MAX_BYTES + 1];
	size_t room;

	CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL)), STS_OK);
	room = sizeof(plans.text) - plans.bytes;
	memset(path, '/', sizeof(path));
	for (size_t len = room - 1; len <= room + 1; len++) {
		path[len] = '\0';
		if (len == room - 1) {
			CHECK_INT(make(STS_COMMAND_RUN, ARGV("--url", URL, "--cacert-path", path)),
				  STS_OK);
			CHECK_INT(plans.bytes, sizeof(plans.text));
			CHECK_STR(text(plans.plan[0].cas), path);
		} else
			check_wrong(STS_COMMAND_RUN, ARGV("--url", URL, "--cacert-path", path),
				    "the paths in the options are too long");
		path[len] = '/';
	}
	/* The texts that follow the one that did not fit do not fit either. */
	path[room] = '\0';
	check_wrong(STS_COMMAND_RUN,
		    ARGV("--url", URL, "--cacert-path", path, "--cacert-path", "/a", "--listen=:1"),
		    "the paths in the options are too long");
}

/* README: another exchange costs less than 1 KiB of memory. It costs its member of the running set,
 * its plan, and its texts. */
static void test_what_an_exchange_costs(void)
{
	static const char one[] = FILE_OF(EXCHANGE("a", "/in", "/a"));
	char longest[128] = "/", config[1024];
	uint32_t bytes;

	/* Longer than the paths of a Pod are. */
	memset(longest + 1, 'p', 95);
	snprintf(config, sizeof(config),
		 "{\"exchanges\":[" EXCHANGE("a", "/in", "/a") ",{\"name\":\"b\",\"url\":\"" URL
							       "\",\"token-file\":\"%s/in\","
							       "\"output-dir\":\"%s/out\"}]}",
		 longest, longest);
	CHECK_INT(configure(one), STS_OK);
	bytes = plans.bytes;
	CHECK_INT(configure(config), STS_OK);
	CHECK(plans.bytes - bytes > 2 * strlen(longest));
	CHECK(plans.bytes - bytes + sizeof(struct sts_member) < 1536);
	CHECK(sizeof(struct sts_plan) < 256); /* HACKING: without the texts */
}

static void test_nothing_to_free(void)
{
	sts_plans_free(NULL);
}

static size_t page_bytes;

/* In place of the C library's: a kernel with pages of this size. It gives whole pages back. The
 * runtime of the build that counts lines calls it before the tests begin. */
int madvise(void *at, size_t len, int advice)
{
	if (page_bytes == 0)
		return 0;
	CHECK_INT(advice, MADV_DONTNEED);
	if ((uintptr_t)at % page_bytes != 0) {
		errno = EINVAL;
		return -1;
	}
	memset(at, 0, (len + page_bytes - 1) / page_bytes * page_bytes);
	return 0;
}

static bool is_filled(const char *at, const char *end, char with)
{
	while (at < end && *at == with)
		at++;
	return at == end;
}

/* The plans become zeros, and what is beside their room stays, also where pages are larger. What
 * is on the page where they begin stays, too. */
static void test_pages_are_given_back(void)
{
	enum { ROOMS = 24 };
	static _Alignas(65536) union sts_plans_room rooms[ROOMS];
	char *begin = rooms[0].pages, *end = (char *)(rooms + ROOMS);

	for (page_bytes = 4096; page_bytes <= 65536; page_bytes *= 4)
		for (size_t i = 2; i < 2 * (ROOMS - 4); i++) {
			char *at = (char *)(rooms + i / 2) - (i % 2 ? 1024 : 0);

			memset(rooms, 0x5a, sizeof(rooms));
			sts_plans_free((void *)at);
			CHECK(is_filled(begin, at, 0x5a));
			CHECK(is_filled(at, at + sizeof(plans), 0));
			CHECK(is_filled(rooms[i / 2 + 1].pages, end, 0x5a));
		}
}

static void test_begin(void)
{
	sts_test_enter_folder(dir);
}

static void test_end(void)
{
	CHECK(unlink("config.json") == 0 && rmdir(dir) == 0);
}

static const struct sts_test tests[] = {
	{"the folder of this test is made", test_begin},
	{"the plan of one exchange", test_one},
	{"the URL of the STS, and what it is from", test_route},
	{"the plan of fetch", test_fetch},
	{"what the protocol says of an exchange", test_protocols},
	{"limits of times", test_limits},
	{"options of the whole process", test_the_whole_process},
	{"a chain of exchanges", test_a_chain},
	{"a circle of exchanges is refused", test_cycles},
	{"the longest chain, and the longest circle", test_the_longest_chain},
	{"exchanges that cannot stand together", test_what_cannot_stand_together},
	{"subject tokens that are sent once", test_subject_tokens_that_are_sent_once},
	{"the message says which exchange has the mistake", test_whose_mistake},
	{"the id of the request", test_the_id_of_the_request},
	{"the digest and the snapshot", test_the_digest_and_the_snapshot},
	{"texts that are too long", test_texts_that_are_too_long},
	{"what an exchange costs", test_what_an_exchange_costs},
	{"plans that are NULL are freed", test_nothing_to_free},
	{"the pages of plans are given back", test_pages_are_given_back},
	{"the folder of this test is removed", test_end},
};

int main(void)
{
	alarm(60);
	sts_test_clear_environment();
	return sts_test_main(tests, sizeof(tests) / sizeof(tests[0]));
}
