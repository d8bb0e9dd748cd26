/* SPDX-License-Identifier: Apache-2.0 */
/* tests/e2e/worker/test_doctor_worker.py has what needs a connection. */
#include "worker/find.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base64url.h"
#include "test.h"

static struct sts_findings f;
static char scratch[8192];

/* ---- claims ---- */

/* Read the claims of a token that is made of this JSON. */
static void claims_of(struct sts_found_claims *c, const char *json, const struct sts_request *r)
{
	char token[4096];
	struct sts_text t;

	memset(c, 0, sizeof(*c));
	sts_text_init(&t, token, sizeof(token));
	sts_text_add_str(&t, "e30.");
	base64url_encode(&t, json, strlen(json));
	sts_text_add_str(&t, ".c2ln");
	CHECK(!t.overflow);
	sts_find_claims(c, (struct sts_slice){token, t.len}, scratch, sizeof(scratch), r);
}

static void test_claims(void)
{
	struct sts_found_claims c;

	claims_of(&c,
		  "{\"iss\":\"https://a\",\"sub\":\"s\\u00e9\",\"aud\":\"x\",\"exp\":7,\"nbf\":5}",
		  NULL);
	CHECK(c.is_jwt && c.exp_s == 7 && c.nbf_s == 5 && c.iat_s == 0);
	CHECK_STR(c.iss, "https://a");
	CHECK_STR(c.sub, "s\\xC3\\xA9");
	CHECK_STR(c.aud, "x");
	claims_of(&c, "{\"iss\":7,\"sub\":[\"p\"],\"aud\":[\"x\",7,\"y\"],\"exp\":-7}", NULL);
	CHECK(c.is_jwt && c.exp_s == 0);
	CHECK_STR(c.iss, "");
	CHECK_STR(c.aud, "x, y");
	memset(&c, 0, sizeof(c));
	sts_find_claims(&c, STS_SLICE("opaque"), scratch, sizeof(scratch), NULL);
	CHECK(!c.is_jwt && c.iss[0] == '\0');
	sts_find_claims(&c, (struct sts_slice){NULL, 0}, scratch, sizeof(scratch), NULL);
	CHECK(!c.is_jwt);
}

/* Leave bytes on the stack that are no pointer. */
static __attribute__((noinline)) void use_the_stack(void)
{
	volatile unsigned char bytes[8192];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = 0xa5;
}

/* What was found before is never told of a token that cannot be read, or of a file that is not
 * there. The calls follow each other, so that the second one finds the stack of the first one. */
static void test_nothing_is_left_over(void)
{
	/* {"iss":"https://a","sub":"s","aud":"x"} */
	const struct sts_slice token =
		STS_SLICE("e30.eyJpc3MiOiJodHRwczovL2EiLCJzdWIiOiJzIiwiYXVkIjoieCJ9.c2ln");
	struct sts_found_claims c[2] = {{0}};
	static struct sts_findings files[2];

	sts_find_claims(&c[0], token, scratch, sizeof(scratch), NULL);
	sts_find_claims(&c[1], STS_SLICE("opaque"), scratch, sizeof(scratch), NULL);
	CHECK_STR(c[0].iss, "https://a");
	CHECK(c[1].iss[0] == '\0' && c[1].sub[0] == '\0' && c[1].aud[0] == '\0');
	use_the_stack();
	sts_find_claims(&c[1], STS_SLICE("opaque"), scratch, sizeof(scratch), NULL);
	CHECK(c[1].iss[0] == '\0' && c[1].sub[0] == '\0' && c[1].aud[0] == '\0');

	sts_findings_init(&files[0]);
	sts_findings_init(&files[1]);
	sts_find_subject_file(&files[0], "/dev/null");
	sts_find_subject_file(&files[1], "/none");
	CHECK(files[0].subject_mode != 0 && files[0].subject_changed_s != 0);
	CHECK(files[1].subject_mode == 0 && files[1].subject_changed_s == 0);
}

static void test_long_claims(void)
{
	char json[2048] = "{\"aud\":[";
	struct sts_found_claims c;

	for (int i = 0; i < 60; i++)
		snprintf(json + strlen(json), 32, "%s\"audience-%03d\\n\"", i ? "," : "", i);
	strcat(json, "],\"iss\":\"");
	memset(json + strlen(json), 'i', 500);
	strcat(json, "\"}");
	claims_of(&c, json, NULL);
	CHECK_INT(strlen(c.iss), sizeof(c.iss) - 1);
	CHECK_STR(c.iss + strlen(c.iss) - 4, "i...");
	CHECK_INT(strlen(c.aud), sizeof(c.aud) - 1);
	CHECK(strncmp(c.aud, "audience-000\\x0A, audience-001", 30) == 0);
}

static void test_claims_that_repeat_secrets(void)
{
	struct sts_request r = {.subject = STS_SLICE("opaque-subject-token-of-many-bytes")};
	struct sts_found_claims c;

	claims_of(&c,
		  "{\"iss\":\"https://x/"
		  "subject-token\",\"sub\":\"s\",\"aud\":[\"one\",\"eyJhbGci\"]}",
		  &r);
	CHECK_STR(c.iss, "(left out: it repeats a secret)");
	CHECK_STR(c.sub, "s");
	CHECK_STR(c.aud, "(left out: it repeats a secret)");
	for (size_t i = strlen(c.aud); i < sizeof(c.aud); i++)
		CHECK_INT(c.aud[i], 0);
}

/* ---- the file, the configuration, the answer ---- */

static void test_subject_file(void)
{
	char path[] = "/tmp/sts-find.XXXXXX";
	int fd = mkstemp(path);
	struct stat st;

	sts_findings_init(&f);
	CHECK(fstat(fd, &st) == 0 && fchmod(fd, 0640) == 0);
	sts_find_subject_file(&f, path);
	CHECK_STR(f.subject_path, path);
	CHECK_INT(f.subject_mode, 0640);
	CHECK(f.subject_uid == geteuid() && f.subject_gid == st.st_gid);
	CHECK_INT(f.subject_changed_s, st.st_mtim.tv_sec);
	close(fd);
	unlink(path);
	sts_findings_init(&f);
	sts_find_subject_file(&f, path);
	CHECK_STR(f.subject_path, path);
	CHECK(f.subject_mode == 0 && f.subject_changed_s == 0);
	/* Standard input has no owner that says anything. */
	sts_findings_init(&f);
	sts_find_subject_file(&f, "-");
	CHECK_STR(f.subject_path, "-");
	CHECK(f.subject_mode == 0 && f.subject_changed_s == 0);
	sts_find_subject_file(&f, "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl");
	CHECK_STR(f.subject_path, "(a token)");
	for (size_t i = strlen(f.subject_path); i < sizeof(f.subject_path); i++)
		CHECK_INT(f.subject_path[i], 0);
}

static void test_configuration(void)
{
	static struct sts_fields fields;

	fields.request.protocol = sts_protocol_find(STS_SLICE("token-exchange"));
	CHECK_INT(sts_url_parse(STS_SLICE("https://[::1]:8443/a/b?secret=1"), &fields.url, NULL),
		  STS_OK);
	sts_findings_init(&f);
	sts_find_configuration(&f, &fields);
	CHECK_STR(f.protocol, "token-exchange");
	CHECK_STR(f.url, "https://[::1]:8443/a/b");
	CHECK_STR(f.proxy, "");
	CHECK_INT(sts_url_parse(STS_SLICE("http://proxy:3128"), &fields.proxy.url, NULL), STS_OK);
	fields.proxy.used = true;
	sts_find_configuration(&f, &fields);
	CHECK_STR(f.proxy, "proxy:3128");
}

/* The Date of the answer is this many milliseconds after the time at which it came. */
static void check_clock(int64_t ms, bool same)
{
	static struct sts_connection c;
	struct sts_http_response http = {.body_len = 9};

	sts_findings_init(&f);
	http.head.status = 200;
	http.head.date = STS_SLICE("Mon, 12 Jan 2026 15:52:37 GMT");
	c.received_real_ms = 1768233157 * INT64_C(1000) + 500 - ms;
	sts_find_answer(&f, &c, &http, 0);
	CHECK(f.has_date);
	CHECK_INT(f.clock_ms, ms);
	CHECK_INT(f.passed, same ? 1u << STS_GATE_CLOCK : 0);
	CHECK_INT(f.answer_bytes, 9);
}

/* ---- the way ---- */

static void test_way(void)
{
	static struct sts_fields fields;
	static struct sts_connection c;

	c.fields = &fields;
	sts_findings_init(&f);
	sts_find_way(&f, &c, 1000, false);
	CHECK(f.passed == 0 && f.name_ms == -1 && f.found_by == STS_FOUND_BY_NOTHING);
	c.facts = (struct sts_connect_facts){.found_by = STS_FOUND_BY_DNS,
					     .asked = 3,
					     .name = "sts.example",
					     .has_server = true,
					     .server = {.ip = {10, 96, 0, 10}},
					     .addresses = 2,
					     .found_boot_ms = 1002,
					     .last = {.ipv6 = true, .ip = {0xfd, [15] = 7}},
					     .port = 443};
	sts_find_way(&f, &c, 1000, false);
	CHECK_INT(f.passed, 1u << STS_GATE_NAME);
	CHECK_INT(f.found_by, STS_FOUND_BY_DNS);
	CHECK(f.asked == 3 && f.addresses == 2 && f.name_ms == 2 && f.connect_ms == -1);
	CHECK_STR(f.name, "sts.example");
	CHECK_STR(f.name_server, "10.96.0.10");
	CHECK_STR(f.address, "[fd00::7]:443");
	c.facts.found_boot_ms = sts_clock_boot_ms();
	sts_find_way(&f, &c, c.facts.found_boot_ms, true);
	CHECK_INT(f.passed, 1u << STS_GATE_NAME | 1u << STS_GATE_CONNECT);
	CHECK(f.name_ms == 0 && f.connect_ms >= 0);
	fields.proxy.used = true;
	sts_find_way(&f, &c, 0, true);
	CHECK_INT(f.passed, 1u << STS_GATE_NAME | 1u << STS_GATE_CONNECT | 1u << STS_GATE_PROXY);
	/* No server was asked for a literal address, and it is not a name. */
	sts_findings_init(&f);
	c.facts = (struct sts_connect_facts){.found_by = STS_FOUND_BY_LITERAL};
	sts_find_way(&f, &c, 0, false);
	CHECK(f.name[0] == '\0' && f.name_server[0] == '\0' && f.address[0] == '\0');
}

/* Plain HTTP has no TLS to find. A handshake may end before there is a certificate. */
static void test_no_certificate(void)
{
	static struct sts_connection c;

	sts_findings_init(&f);
	sts_find_tls(&f, &c, 0, true);
	CHECK(f.passed == 0 && f.tls_version == 0 && f.tls_ms == -1);
	c.stream.verifier = &c.verifier;
	c.stream.tls.facts.version = 0x0304;
	sts_find_tls(&f, &c, sts_clock_boot_ms(), false);
	CHECK(f.passed == 0 && f.tls_version == 0x0304 && f.tls_ms == -1);
	CHECK(f.cert_name[0] == '\0' && f.cert_ends_s == 0);
}

static void test_answer(void)
{
	static struct sts_connection c;
	struct sts_http_response http = {.body_len = 1};

	check_clock(0, true);
	check_clock(60000, true);
	check_clock(-60000, true);
	check_clock(61000, false);
	check_clock(-61000, false);
	sts_findings_init(&f);
	sts_find_answer(&f, &c, &http, 0);
	CHECK(f.answer_ms == -1 && f.answer_bytes == 0);
	http.head.status = 500;
	sts_find_answer(&f, &c, &http, 0);
	CHECK(f.answer_ms >= 0 && !f.has_date && f.passed == 0);
}

static const struct sts_test tests[] = {
	{"claims", test_claims},
	{"nothing is left over", test_nothing_is_left_over},
	{"long claims are cut", test_long_claims},
	{"claims that repeat secrets are left out", test_claims_that_repeat_secrets},
	{"the file of the subject token", test_subject_file},
	{"the configuration", test_configuration},
	{"the way to the server", test_way},
	{"a handshake without a certificate", test_no_certificate},
	{"the answer and its Date", test_answer},
};
STS_TEST_MAIN(tests)
