/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"
#include "test.h"
#include "wire/findings.h"

static struct sts_findings good(void)
{
	struct sts_findings f;

	sts_findings_init(&f);
	f.passed = 1U << STS_GATE_SUBJECT | 1U << STS_GATE_SIDECAR;
	f.subject_bytes = 824;
	f.subject.is_jwt = 1;
	f.subject.exp_s = 1768233157;
	strcpy(f.subject.sub, "system:serviceaccount:shop:cart");
	strcpy(f.url, "https://sts.example.com/token");
	f.found_by = STS_FOUND_BY_DNS;
	f.name_ms = 2;
	f.clock_ms = -300;
	f.has_date = 1;
	return f;
}

static bool ok(const struct sts_findings *f)
{
	return sts_findings_ok(f, sizeof(*f));
}

static void test_good(void)
{
	struct sts_findings f = good();

	sts_findings_init(&f);
	CHECK(ok(&f));
	CHECK(f.name_ms == -1 && f.connect_ms == -1 && f.tls_ms == -1 && f.answer_ms == -1);
	CHECK(f.passed == 0 && f.subject_bytes == 0 && f.url[0] == '\0');
	f = good();
	CHECK(ok(&f));
	CHECK(!sts_findings_ok(&f, sizeof(f) - 1));
	CHECK(!sts_findings_ok(&f, sizeof(f) + 1));
	f.magic++;
	CHECK(!ok(&f));
	f = good();
	f.version++;
	CHECK(!ok(&f));
}

/* One integer field: the least and the greatest value pass, and the next ones do not. */
#define RANGE(field, min, max) \
	do { \
		struct sts_findings f_ = good(); \
		f_.field = (min); \
		CHECK(ok(&f_)); \
		f_.field = (max); \
		CHECK(ok(&f_)); \
		f_.field = (min)-1; \
		CHECK(!ok(&f_)); \
		f_.field = (max) + 1; \
		CHECK(!ok(&f_)); \
	} while (0)

#define TIME(field) RANGE(field, 0, STS_EPOCH_MAX_S)

static void test_ranges(void)
{
	struct sts_findings f = good();

	RANGE(earlier_error, 0, STS_ERR__COUNT - 1);
	RANGE(earlier_detail, 0, 65535);
	RANGE(subject_bytes, 0, 1 << 20);
	RANGE(has_date, 0, 1);
	RANGE(found_by, 0, STS_FOUND_BY__COUNT - 1);
	RANGE(asked, 0, 1 << 20);
	RANGE(name_ms, -1, 86400000);
	RANGE(addresses, 0, 1 << 20);
	RANGE(connect_ms, -1, 86400000);
	RANGE(tls_ms, -1, 86400000);
	RANGE(certificates, 0, 1 << 20);
	RANGE(answer_ms, -1, 86400000);
	RANGE(answer_bytes, 0, 1 << 20);
	RANGE(use, 0, STS_USE__COUNT - 1);
	RANGE(subject.is_jwt, 0, 1);
	RANGE(token.is_jwt, 0, 1);
	RANGE(tls_version, 0, 65535);
	TIME(subject_changed_s);
	TIME(subject.iat_s);
	TIME(subject.nbf_s);
	TIME(subject.exp_s);
	TIME(cert_ends_s);
	TIME(first_end_s);
	TIME(token.iat_s);
	TIME(token.nbf_s);
	TIME(token.exp_s);
	RANGE(clock_ms, -STS_EPOCH_MAX_S * 1000, STS_EPOCH_MAX_S * 1000);
	f.clock_ms = INT64_MIN;
	CHECK(!ok(&f));
	f = good();
	f.passed = (1U << STS_GATE__COUNT) - 1;
	CHECK(ok(&f));
	f.passed = 1U << STS_GATE__COUNT;
	CHECK(!ok(&f));
}

/* One text: a byte that is not printable, and a text without an end. */
#define TEXT(field) \
	do { \
		struct sts_findings f_ = good(); \
		strcpy(f_.field, "a\x1b"); \
		CHECK(!ok(&f_)); \
		memset(f_.field, 'a', sizeof(f_.field)); \
		CHECK(!ok(&f_)); \
		f_.field[sizeof(f_.field) - 1] = '\0'; \
		CHECK(ok(&f_)); \
	} while (0)

static void test_texts(void)
{
	TEXT(earlier_text);
	TEXT(subject_path);
	TEXT(protocol);
	TEXT(url);
	TEXT(name);
	TEXT(name_server);
	TEXT(proxy);
	TEXT(address);
	TEXT(cert_name);
	TEXT(cert_issuer);
	TEXT(cert_hosts);
	TEXT(first_end_name);
	TEXT(anchor_name);
	TEXT(anchor_file);
	TEXT(subject.iss);
	TEXT(subject.sub);
	TEXT(subject.aud);
	TEXT(token.iss);
	TEXT(token.sub);
	TEXT(token.aud);
}

/* They cross a pipe in one write, so that no reader sees half of them. */
static void test_size(void)
{
	CHECK(sizeof(struct sts_findings) <= 4096);
}

static const struct sts_test tests[] = {
	{"findings that are right", test_good},
	{"every number within its range", test_ranges},
	{"texts that are refused", test_texts},
	{"findings fit into one write to a pipe", test_size},
};
STS_TEST_MAIN(tests)
