/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/gates.h"

#include <errno.h>

#include "doctor/facts.h"
#include "doctor/json.h"
#include "doctor/screen.h"
#include "made_up_case.h"
#include "test.h"

static struct sts_case c;
static struct sts_diagnosis d;
static char memory[8192];
static const struct sts_screen plain;

static const char *screen(void)
{
	struct sts_text out;

	sts_diagnosis_init(&d);
	sts_gates_judge(&c, &d);
	CHECK(!d.lines.overflow);
	sts_text_init(&out, memory, sizeof(memory));
	sts_screen_gates(&plain, &d, &out);
	return memory;
}

/* Is a line of the screen like this, besides its end? */
static bool says(const char *words)
{
	return strstr(screen(), words) != NULL;
}

static void test_healthy(void)
{
	make_up_case(&c);
	screen();
	/* The UID of the test is not always the same. */
	char *uid = strstr(memory, "read as");

	CHECK(uid);
	CHECK(strstr(memory,
		     " configuration ok   the command line of PID 1 (run), and the variables here\n"
		     " subject  ok   /var/run/secrets/tokens/sts-token   824 B, mode 0440, owner\n"
		     "               0:2000, read as UID "));
	CHECK_STR(
		strchr(uid, '\n') + 1,
		"          ok   sub system:serviceaccount:shop:cart   aud https://sts.example.com\n"
		"               expires in 52 min, written 8 min ago\n"
		" output   ok   /tokens   tmpfs, 996 KiB free, mode 02777, owner 0:2000\n"
		"          ok   token.jwt, expires   mode 0640: their owner and group 2000 can\n"
		"               read them\n"
		" clock    ok   0 s off the Date of the STS\n"
		" name     ok   sts.example.com   by DNS: 10.96.0.10 in 2 ms, names asked: 3,\n"
		"               addresses: 1\n"
		" connect  ok   10.4.0.17:443 in 1 ms, no proxy\n"
		" tls      ok   1.3, x25519, 9 ms; \"sts.example.com\" by \"Corp CA 3\", ends in\n"
		"               61 d; CA from /certs/ca.crt\n"
		" answer   ok   200 in 84 ms: JWT, iss https://sts.example.com, aud\n"
		"               https://vault.example, valid for 15 min\n"
		"          ok   this token was not written, and was revoked\n"
		" sidecar  ok   PID 1, last success 4 min ago, next attempt in 6 min, attempts:\n"
		"               17; sandbox no-new-privs, seccomp\n");
	CHECK_INT(d.absent, 1 << STS_GATE_PROXY);
}

static void test_no_connection(void)
{
	make_up_case(&c);
	make_up_failure(&c, STS_ECONNECT_TIME, ETIMEDOUT, "10.4.0.17:443: no answer in 5 s",
			STS_GATE_CONNECT);
	CHECK(says(" connect  FAIL 10.4.0.17:443: no answer in 5 s                "));
	CHECK(says(" [connect_timeout]\n               The connection attempt was not answered. "));
	CHECK(says("Allow   ports: [{protocol: TCP, port: 443}]"));
	CHECK(says("\n clock, tls, answer  - not tried\n sidecar "));
	CHECK_INT(d.marks[STS_GATE_NAME], STS_MARK_OK);
	CHECK_INT(d.marks[STS_GATE_CONNECT], STS_MARK_FAIL);
	CHECK_INT(d.errors[STS_GATE_CONNECT], STS_ECONNECT_TIME);
}

static void test_unresolved(void)
{
	static const struct {
		int detail;
		const char *text;
		bool allow;
	} rows[] = {
		{0, "sts.dev: name server 10.96.0.10: no answer", true},
		{STS_DNS_ANSWERED, "sts.dev: name server 10.96.0.10: it failed (SERVFAIL)", false},
		{EISDIR, "/etc/resolv.conf: it is a directory", false},
		{0, "sts.dev: name server 127.0.0.1 (/etc/resolv.conf names none): no answer",
		 false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_up_case(&c);
		make_up_failure(&c, STS_EDNS, rows[i].detail, rows[i].text, STS_GATE_NAME);
		CHECK_INT(says("Allow   ports: [{protocol: UDP, port: 53}"), rows[i].allow);
	}
}

static void test_no_name(void)
{
	make_up_case(&c);
	make_up_failure(&c, STS_EDNS, 0, "10.96.0.10 did not answer", STS_GATE_NAME);
	c.findings.found_by = STS_FOUND_BY_NOTHING;
	CHECK(says("{protocol: UDP, port: 53}"));
	CHECK(says(" clock, connect, tls, answer  - not tried\n"));
}

static void test_earlier_failure(void)
{
	make_up_case(&c);
	c.findings.passed &= ~(1U << STS_GATE_ANSWER | 1U << STS_GATE_SUBJECT);
	c.findings.earlier_error = STS_ESUBJECT_MISSING;
	strcpy(c.findings.earlier_text, "there is no subject token at /x: no such file");
	c.findings.subject_bytes = 0;
	c.findings.has_date = 0;
	c.findings.use = STS_USE_NOT_SENT;
	CHECK(says(" subject  FAIL there is no subject token at /x: no such file "));
	CHECK(says(" tls      ok "));
	CHECK(says(" clock, answer  - not tried\n"));
}

static void test_refusal(void)
{
	make_up_case(&c);
	make_up_failure(&c, STS_EDENIED, 0, "unexpected status 403", STS_GATE_ANSWER);
	c.report.http_status = 403;
	CHECK(says("               403 in 84 ms"));
	CHECK(!says("valid for 0 s"));
}

static void test_no_expiry(void)
{
	make_up_case(&c);
	c.findings.subject.exp_s = -1;
	CHECK(says(" aud https://sts.example.com\n               written 8 min ago\n"));
}

static void test_subject(void)
{
	make_up_case(&c);
	c.findings.subject.is_jwt = 0;
	memset(&c.findings.subject, 0, sizeof(c.findings.subject));
	CHECK(says("warn it is not a JWT"));
	make_up_case(&c);
	c.findings.subject.exp_s = NOW_S + 47;
	CHECK(says("expires in 47 s"));
	CHECK(says("warn it was not renewed"));
	c.findings.subject.exp_s = NOW_S + 60; /* more than a tenth of its 9 min is left */
	CHECK(!says("warn it was not renewed"));
	c.findings.subject.exp_s = NOW_S - 60;
	CHECK(says("expired 1 min ago"));
	CHECK(!says("warn it was not renewed"));
}

static void test_output(void)
{
	make_up_case(&c);
	c.site.free_kib = 60;
	CHECK(says("warn the file system is nearly full: 60 KiB free, 100000 inodes free"));
	c.site.free_kib = 1000;
	c.site.free_inodes = 3;
	CHECK(says("nearly full: 1000 KiB free, 3 inodes free"));
	make_up_case(&c);
	c.site.is_alone = true;
	CHECK(says("read them\n          warn their owner and group 2000 can read the files: if"));
	make_up_case(&c);
	c.site.is_open = false;
	c.site.is_made_later = true;
	c.site.file_system[0] = c.site.readers[0] = '\0';
	CHECK(says(" output   ok   /tokens   is missing: the sidecar makes it\n"));
	make_up_case(&c);
	sts_fail(&c.site.error, STS_EOUTPUT, EACCES, "/tokens: no");
	c.site.readers[0] = '\0';
	CHECK(says(" output   FAIL /tokens: no"));
	CHECK(!says("can read them"));
	make_up_case(&c);
	c.prints = true;
	CHECK(!says(" output ") && !says(" sidecar "));
}

static void test_clock(void)
{
	make_up_case(&c);
	c.findings.clock_ms = 61999;
	CHECK(says("warn the node's clock is 1 min 1 s behind"));
	c.findings.clock_ms = -61000;
	CHECK(says("1 min 1 s off"));
	CHECK(says("warn the node's clock is 1 min 1 s ahead"));
	c.findings.clock_ms = 60000;
	CHECK(!says("warn"));
}

/* Without a Date among the findings, that of the report counts. */
static void test_clock_of_the_report(void)
{
	make_up_case(&c);
	c.findings.has_date = 0;
	c.findings.passed &= ~(1U << STS_GATE_CLOCK);
	c.report.flags |= STS_REPORT_DATED;
	c.report.clock_skew_s = 660;
	CHECK(says("warn the node's clock is 11 min behind"));
	c.report.flags &= ~STS_REPORT_DATED;
	c.findings.has_date = 0;
	CHECK(!says("the node's clock is"));
}

static void test_server(void)
{
	make_up_case(&c);
	c.findings.name_ms = 200;
	CHECK(says("warn ndots"));
	c.findings.asked = 1;
	CHECK(!says("ndots"));
	c.findings.first_end_s = NOW_S + 7 * 86400 - 1;
	CHECK(says("warn \"sts.example.com\" ends in 6 d 23 h, and was not renewed"));
	make_up_case(&c);
	make_up_failure(&c, STS_ECERT_EXPIRED, 0, "it has expired", STS_GATE_TLS);
	c.findings.tls_ms = -1;
	c.findings.cert_ends_s = NOW_S - 3600;
	CHECK(says("certificate \"sts.example.com\" by \"Corp CA 3\", ended 1 h ago\n"));
	make_up_case(&c);
	strcpy(c.findings.proxy, "proxy:3128");
	CHECK(says(" proxy    ok   proxy:3128\n"));
	CHECK(says("through the proxy"));
	CHECK_INT(d.absent, 0);
	make_up_case(&c);
	strcpy(c.findings.url, "http://localhost/");
	c.findings.tls_version = 0;
	CHECK(says(" tls      -    none: the URL is http\n"));
	c.findings.found_by = STS_FOUND_BY_LITERAL;
	c.findings.name[0] = c.findings.name_server[0] = '\0';
	CHECK(says(" name     ok   by the URL\n"));
}

static void test_answer(void)
{
	make_up_case(&c);
	memset(&c.findings.token, 0, sizeof(c.findings.token));
	CHECK(says("warn no JWT came back"));
	c.site.writes_token = false;
	CHECK(!says("no JWT"));
	c.report.flags = STS_REPORT_ASSUMED;
	CHECK(says("warn nothing says when the token expires"));
	c.report.not_before_s = NOW_S + 90;
	CHECK(says("warn the returned token is valid only in 1 min 30 s"));
	c.findings.use = STS_USE_NOT_REVOKED;
	CHECK(says("warn this token was not written, but revoking it failed"));
	make_up_case(&c);
	c.findings.passed &= ~(1U << STS_GATE_ANSWER);
	c.findings.use = STS_USE_SPARED;
	c.findings.has_date = 0;
	c.sending = STS_SENDING_SPARED;
	CHECK(says(" answer   -    nothing was sent: the STS may take"));
	CHECK(says("\n clock  - not tried\n"));
	c.sending = STS_SENDING_NOT;
	CHECK(says(" answer   -    nothing was sent: --no-send is given\n"));
	/* The sidecar's last request says what nobody asks now. */
	c.site.verdict.status.state = STS_STATE_FAILING;
	c.site.verdict.status.error = STS_EDENIED;
	strcpy(c.site.verdict.status.text, "unexpected status 403: access_denied");
	CHECK(says(" answer   FAIL unexpected status 403: access_denied "));
	CHECK(says(" nothing was sent: --no-send is given\n"));
	c.site.verdict.status.error = STS_ECONNECT; /* this gate has been passed now */
	CHECK(!says("FAIL"));
	c.site.verdict.status.error = STS_EDENIED;
	c.sending = STS_SENDING;
	CHECK(!says("FAIL"));
}

static void test_sidecar(void)
{
	make_up_case(&c);
	c.site.is_ours = false;
	c.site.no_new_privs = -1;
	CHECK(says("warn no sidecar that can be seen here keeps /tokens"));
	strcpy(c.site.verdict.status.boot_id, "b");
	CHECK(says(" sidecar  ok   in another container, or gone, last success 4 min ago"));
	c.site.verdict.ok = false;
	strcpy(c.site.verdict.problem, "no token in /tokens");
	CHECK(says("warn no token in /tokens"));
	CHECK_INT(d.marks[STS_GATE_SIDECAR], STS_MARK_WARN);
}

static void test_configuration(void)
{
	make_up_case(&c);
	c.is_configured = false;
	sts_diagnosis_init(&d);
	sts_gates_fail(&d, STS_GATE_CONFIGURATION, STS_EUSAGE, 0, "--url is missing");
	sts_gates_judge(&c, &d);
	CHECK_INT(d.marks[STS_GATE_CONFIGURATION], STS_MARK_FAIL);
	for (int gate = STS_GATE_CONFIGURATION + 1; gate < STS_GATE__COUNT; gate++)
		CHECK_INT(d.marks[gate], STS_MARK_NONE);
	make_up_case(&c);
	c.is_same_container = false;
	CHECK(says("warn PID 1 is in another container"));
	make_up_case(&c);
	c.source_pid = 0;
	c.origin = STS_ORIGIN_VARIABLES;
	CHECK(says(" configuration ok   the variables here, since"));
}

/* Every line fits when every text is as long as it may be. */
static void test_longest(void)
{
	make_up_case(&c);
#define FILL(text) \
	(memset(c.findings.text, 'x', sizeof(c.findings.text) - 1), \
	 c.findings.text[sizeof(c.findings.text) - 1] = '\0')
	FILL(subject_path);
	FILL(subject.iss);
	FILL(subject.sub);
	FILL(subject.aud);
	FILL(protocol);
	FILL(url);
	FILL(name);
	FILL(name_server);
	FILL(proxy);
	FILL(address);
	FILL(cert_name);
	FILL(cert_issuer);
	FILL(cert_hosts);
	FILL(first_end_name);
	FILL(anchor_name);
	FILL(anchor_file);
	FILL(token.iss);
	FILL(token.sub);
	FILL(token.aud);
	memset(c.site.path, 'x', sizeof(c.site.path) - 1);
	c.findings.earlier_error = STS_ESUBJECT_EXPIRED;
	FILL(earlier_text);
	c.report.error = STS_EWORKER;
	memset(c.report.text, 'x', sizeof(c.report.text) - 1);
	c.site.verdict.ok = false;
	memset(c.site.verdict.problem, 'x', sizeof(c.site.verdict.problem) - 1);
	CHECK(says("xxx"));
}

static void test_facts(void)
{
	struct sts_text out;

	make_up_case(&c);
	screen();
	sts_text_init(&out, memory, sizeof(memory));
	sts_facts_json(&c, STS_GATE_TLS, &out);
	CHECK_STR(memory,
		  "\"version\":\"1.3\",\"group\":\"x25519\",\"ms\":9,\"certificates\":2,"
		  "\"subject\":\"\\\"sts.example.com\\\"\",\"issuer\":\"\\\"Corp CA 3\\\"\","
		  "\"anchor\":\"\\\"Corp CA 3\\\"\",\"file\":\"/certs/ca.crt\","
		  "\"ends\":\"2026-03-14T16:11:29Z\","
		  "\"first_end_subject\":\"\\\"sts.example.com\\\"\","
		  "\"first_end\":\"2026-03-14T16:11:29Z\"");
	sts_text_init(&out, memory, sizeof(memory));
	sts_facts_json(&c, STS_GATE_CLOCK, &out);
	CHECK_STR(memory, "\"skew_ms\":-300");
	sts_text_init(&out, memory, sizeof(memory));
	sts_facts_json(&c, STS_GATE_OUTPUT, &out);
	CHECK(strstr(memory, "\"mode\":\"02777\",\"uid\":0,\"gid\":2000,"));
	sts_text_init(&out, memory, sizeof(memory));
	sts_facts_json(&c, STS_GATE_PROXY, &out);
	CHECK_STR(memory, "");
}

static bool json_says(const char *words)
{
	struct sts_text out;

	sts_diagnosis_init(&d);
	sts_gates_judge(&c, &d);
	sts_text_init(&out, memory, sizeof(memory));
	sts_doctor_json(&c, &d, "a", &out);
	CHECK(!out.overflow);
	return strstr(memory, words) != NULL;
}

static void test_json(void)
{
	make_up_case(&c);
	make_up_failure(&c, STS_ECONNECT, ECONNREFUSED, "10.4.0.17:443: refused", STS_GATE_CONNECT);
	CHECK(json_says("{\"name\":\"a\",\"gates\":[{\"gate\":\"configuration\",\"result\":\"ok\","
			"\"facts\":{\"source\":\"owner\",\"container\":\"same\",\"pid\":1,"));
	CHECK(json_says("},{\"gate\":\"connect\",\"result\":\"fail\",\"facts\":{\"address\":"
			"\"10.4.0.17:443\",\"ms\":1},\"error\":\"connect\",\"message\":"
			"\"10.4.0.17:443: refused\",\"hint\":\"The connection failed. "));
	CHECK(json_says("},{\"gate\":\"tls\",\"result\":\"skip\",\"facts\":{}},"));
	CHECK(json_says("{\"gate\":\"clock\",\"result\":\"skip\",\"facts\":{}},"));
	make_up_case(&c);
	c.site.is_alone = true;
	CHECK(json_says("can read the files: if"));
	CHECK(json_says("\"result\":\"warn\""));
	CHECK(!json_says("hint"));
	c.is_configured = false;
	CHECK(!json_says("findings"));
}

static void test_templates(void)
{
	struct sts_text out;

	make_up_case(&c);
	screen();
	CHECK(sts_facts_known(&c, STS_GATE_TLS, "{version} [{-by} {proxy}] x"));
	CHECK(!sts_facts_known(&c, STS_GATE_TLS, "{version} [{-by}] {proxy}"));
	sts_text_init(&out, memory, sizeof(memory));
	sts_facts_fill(&c, STS_GATE_NAME, "{ms}[ a {proxy}][ b {asked}] {proxy} c", &out);
	CHECK_STR(memory, "2 b 3 - c");
}

static const struct sts_test tests[] = {
	{"a healthy exchange", test_healthy},
	{"no connection", test_no_connection},
	{"a name that is not resolved: the rule of a NetworkPolicy", test_unresolved},
	{"a refusal has no lifetime", test_refusal},
	{"a subject token without an expiry", test_no_expiry},
	{"no name", test_no_name},
	{"a failure at the subject token, after which the server was looked at",
	 test_earlier_failure},
	{"the subject token", test_subject},
	{"the output directory", test_output},
	{"the clock", test_clock},
	{"the clock, by the report", test_clock_of_the_report},
	{"name, proxy and TLS", test_server},
	{"the answer", test_answer},
	{"the sidecar", test_sidecar},
	{"the configuration", test_configuration},
	{"the longest lines", test_longest},
	{"facts as JSON", test_facts},
	{"a diagnosis as JSON", test_json},
	{"templates", test_templates},
};
STS_TEST_MAIN(tests)
